// Package self_test runs what our own workflow self.yml runs, on a change of a rule.
package self_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestOwnGate: a change that edits, adds and removes rules is denied, attested and passed.
func TestOwnGate(t *testing.T) {
	if testing.Short() {
		t.Skip("it links the program and attests every rule")
	}
	program, clone := filepath.Join(t.TempDir(), "codexlock"), filepath.Join(t.TempDir(), "clone")
	run := func(dir string, env []string, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if err := exec.Command("git", "-C", root, "rev-parse", "HEAD").Run(); err != nil {
		t.Skip("no Git work tree: ", err) // such as the source of a release
	}
	run(root, nil, "go", "build", "-o", program, "./cmd/codexlock")
	// What is in the work tree is the base, committed or not.
	run(root, nil, "bash", "-euo", "pipefail", "-c", `git init -q "$1" && git ls-files -z --cached --others --exclude-standard -- policies schemas .gitattributes | tar --null --ignore-failed-read -T - -cf - | tar -C "$1" -xf -`, "bash", clone)
	run(clone, []string{"GIT_CONFIG_GLOBAL=" + os.DevNull}, "bash", "-euc", `
		commit() { git add -A && git -c user.name=t -c user.email=t@localhost commit -q -m "$1"; }
		commit base
		echo '# more' >> policies/lock/drift/drift.rego
		mkdir -p policies/acme/none
		printf 'package acme.none\n\ndeny contains "it has no name" if input.artifact.path == ""\n' > policies/acme/none/none.rego
		git rm -q policies/lock/drift/drift_test.rego
		commit change`)
	out := run(clone, []string{"CODEXLOCK=" + program, "GITHUB_EVENT_NAME=pull_request", "GITHUB_ACTIONS=true"}, filepath.Join(root, "test/self/run.sh"), "HEAD^", "HEAD")
	for _, want := range []string{"] policies/lock/drift/drift.rego verified", "] policies/acme/none/none.rego verified", "our rules and schemas pass their own gate"} {
		if !strings.Contains(out, want) {
			t.Errorf("the output has no %q:\n%s", want, out)
		}
	}
}
