//go:build linux

package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs the program next to codexlock, both as a release builds them.
func TestScripts(t *testing.T) {
	name, err := program()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-o", filepath.Join(filepath.Dir(name), "codexlock"), "../codexlock")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", filepath.Dir(name)+":/usr/bin:/bin")
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("KEY", "a-key-of-this-specification-0123456789abcdef")
			config := "[user]\n\tname = Tester\n\temail = tester@localhost\n[init]\n\tdefaultBranch = main\n"
			return os.WriteFile(filepath.Join(env.WorkDir, ".gitconfig"), []byte(config), 0o644)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": func(ts *testscript.TestScript, _ bool, args []string) {
				code := "0"
				if err := ts.Exec(args[1], args[2:]...); err != nil {
					code = strings.TrimPrefix(err.Error(), "exit status ")
				}
				if code != args[0] {
					ts.Fatalf("%s ended with %s, want exit code %s", strings.Join(args[1:], " "), code, args[0])
				}
			},
		},
	})
}
