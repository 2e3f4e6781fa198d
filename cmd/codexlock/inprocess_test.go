package main

import (
	"context"
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/codexlock/codexlock/internal/cli"
	"github.com/codexlock/codexlock/internal/host"
)

// here runs codexlock in this process, in the script's folder and environment, and returns
// its exit code. A process of its own is two, since the supervisor starts it once more, and
// both have to load all that a test binary holds: most of what a small repository costs.
// What depends on a process, such as signals and standard input, is run by exec.
func here(ts *testscript.TestScript, args ...string) int {
	env := func(name string) (string, bool) {
		value := ts.Getenv(name)
		return value, value != ""
	}
	return cli.Main(context.Background(), host.World{
		Args: append([]string{"codexlock"}, args...), Dir: ts.MkAbs("."), Self: program(ts),
		Stdin: strings.NewReader(""), Stdout: ts.Stdout(), Stderr: ts.Stderr(),
		Env: env, Names: func() []string { return nil }, Now: time.Now, Random: rand.Reader,
		TestWall: testWall(ts.Getenv("TEST_WALL")),
	})
}

// ofProcess are the lines of a script after which a command needs a process of its own:
// programs are looked for in the process's PATH and temporary files are made in its
// TMPDIR, and a script cannot be asked whether a variable is empty or not set.
var ofProcess = regexp.MustCompile(`(?m)^env (PATH=|TMPDIR=|\w+=$)`)

// processOnly reports whether a command of a script has to be a process. The program
// answers version before anything else starts.
func processOnly(ts *testscript.TestScript, args []string) bool {
	text, err := os.ReadFile(filepath.Join("testdata", ts.Name()+".txtar"))
	if err != nil { // a script of another folder
		return true
	}
	return len(args) == 0 || args[0] == "version" || ofProcess.Match(text)
}

// program is the codexlock that exec would start.
func program(ts *testscript.TestScript) string {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if file, err := exec.LookPath(filepath.Join(dir, "codexlock")); err == nil {
			return file
		}
	}
	ts.Fatalf("no codexlock in PATH")
	return ""
}
