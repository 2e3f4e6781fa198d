package shellcheck

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/script/shelltext"
)

const head = "#!/usr/bin/env bash\nset -euo pipefail\n"

func TestShellCheck(t *testing.T) {
	if _, err := exec.LookPath("shellcheck"); err != nil {
		t.Fatal("shellcheck is not installed; test/setup.sh installs it")
	}
	scripts := map[artifact.Digest][]byte{}
	add := func(text string) artifact.Digest {
		d := artifact.HashBytes([]byte(text))
		scripts[d] = []byte(text)
		return d
	}
	clean := add(head + "printf '%s\\n' \"$1\"\n")
	bad := add(head + "echo $1\n")
	bare := add("echo \"$1\"\n")
	sourced := add(head + ". ./lib.sh\n")
	for i := range perProcess {
		add(fmt.Sprintf("%secho %d\n", head, i))
	}
	before := Processes()
	got, err := Check(t.Context(), scripts)
	if err != nil {
		t.Fatal(err)
	}
	if n := Processes() - before; n != 3 { // two with a first line, one without
		t.Errorf("%d processes for %d scripts", n, len(scripts))
	}
	if len(got) != len(scripts) || got[clean].State != "passed" || got[bare].State != "passed" || got[sourced].State != "passed" {
		t.Errorf("%+v, %+v, %+v", got[clean], got[bare], got[sourced])
	}
	if f := got[bad]; f.State != "found" || len(f.Findings) != 1 || f.Findings[0].Code != "SC2086" || f.Findings[0].Line != 3 || f.Findings[0].Column != 6 {
		t.Errorf("%+v", f)
	}
	if _, err := Check(t.Context(), nil); err != nil || Processes()-before != 3 {
		t.Errorf("no scripts: %v, %d processes", err, Processes()-before)
	}
}

// TestShellCheckFailsClosed: one that is not there says so, and one that does not
// answer as it should is an error.
func TestShellCheckFailsClosed(t *testing.T) {
	scripts := map[artifact.Digest][]byte{artifact.HashBytes([]byte("x")): []byte(head)}
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	got, err := Check(t.Context(), scripts)
	if err != nil || got[artifact.HashBytes([]byte("x"))].State != "unavailable" {
		t.Errorf("not installed: %+v, %v", got, err)
	}
	for name, text := range map[string]string{
		"a crash":         "kill -SEGV $$",
		"an exit code":    "exit 2",
		"no answer":       "exit 0",
		"no JSON":         "echo nonsense; exit 1",
		"another file":    `echo '{"comments":[{"file":"x","line":1,"column":1,"level":"error","code":1,"message":"m"}]}'; exit 1`,
		"an unknown file": fmt.Sprintf(`echo '{"comments":[{"file":"%064d","line":1,"column":1,"level":"error","code":1,"message":"m"}]}'; exit 1`, 0),
	} {
		file := filepath.Join(dir, "shellcheck")
		if err := os.WriteFile(file, []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		if got, err := Check(t.Context(), scripts); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// heavy is a script of some 96 KB on which ShellCheck 0.9.0 needs gigabytes.
func heavy() []byte {
	var b strings.Builder
	b.WriteString(head)
	for i := range 1200 {
		fmt.Fprintf(&b, "f%[1]d() { v%[1]d=$1; f%[2]d \"$v%[1]d\"; if [ \"$v%[1]d\" ]; then f%[3]d x; else f%[4]d y; fi; }\n", i, i+1, i/2, i/3)
	}
	b.WriteString("f1200() { :; }\nf0 a\n")
	return []byte(b.String())
}

// TestShellCheckIsBounded: a script that is too much for ShellCheck is the only one
// without a result. This test counts: the process is ended by its limits.
func TestShellCheckIsBounded(t *testing.T) {
	if !limited {
		t.Skip("no process can be limited here")
	}
	large, clean, bad := heavy(), []byte(head+"echo 1\n"), []byte(head+"echo $1\n")
	var c Checker
	got, err := c.Check(t.Context(), []Source{Text(large), Text(bad), Text(clean)})
	if err != nil {
		t.Fatal(err)
	}
	if r := got[artifact.HashBytes(large)]; r.State != "exceeded" && r.State != "found" || r.State == "exceeded" && r.Problem == "" { // found: without the extended analysis
		t.Errorf("%+v", r)
	}
	if got[artifact.HashBytes(clean)].State != "passed" || got[artifact.HashBytes(bad)].State != "found" {
		t.Errorf("%+v", got)
	}
	if c.used > c.allowed+2*time.Second {
		t.Errorf("used %s, allowed are %s", c.used, c.allowed)
	}
}

// fakeShellCheck puts a shell script in the place of ShellCheck.
func fakeShellCheck(t *testing.T, text string) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	if err := os.WriteFile(filepath.Join(dir, "shellcheck"), []byte("#!/usr/bin/env bash\n"+text+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}

// TestWhatShellCheckExceeds are the ways in which it can need too much; each leaves
// the other script of the same process with its result.
func TestWhatShellCheckExceeds(t *testing.T) {
	if !limited {
		t.Skip("no process can be limited here")
	}
	answer := `printf '{"comments":[]}'`
	for want, text := range map[string]string{
		"of memory":   `echo "shellcheck: internal error: Unable to commit 1048576 bytes of memory" >&2; kill -ABRT $$`,
		"of CPU time": `while :; do :; done`,
		"prints more": `printf '{"comments":['; set -- [0-9a-f]*; exec yes '{"file":"'"$1"'","line":1,"column":1,"level":"error","code":1,"message":"m"},'`,
	} {
		fakeShellCheck(t, "if cat [0-9a-f]* | grep -q heavy; then "+text+"; else "+answer+"; fi")
		clean, large := []byte(head+"echo 1\n"), []byte(head+"echo heavy\n")
		c := Checker{used: time.Second, allowed: 5 * time.Second}
		got, err := c.Check(t.Context(), []Source{Text(clean), Text(large)})
		if err != nil {
			t.Errorf("%s: %v", want, err)
			continue
		}
		if r := got[artifact.HashBytes(large)]; r.State != "exceeded" || !strings.Contains(r.Problem, want) {
			t.Errorf("%s: %+v", want, r)
		}
		if r := got[artifact.HashBytes(clean)]; r.State != "passed" {
			t.Errorf("%s: %+v", want, r)
		}
	}
}

// TestShellCheckHasABudget: what a run may use in all is used up, and nothing is
// started any more.
func TestShellCheckHasABudget(t *testing.T) {
	fakeShellCheck(t, "exit 2")
	c := Checker{used: time.Hour}
	before := Processes()
	got, err := c.Check(t.Context(), []Source{Text([]byte(head + "echo 1\n"))})
	if err != nil || Processes() != before {
		t.Fatalf("%v, %d processes", err, Processes()-before)
	}
	for _, r := range got {
		if r.State != "exceeded" || !strings.Contains(r.Problem, "used up") {
			t.Errorf("%+v", r)
		}
	}
	many := make([]Source, 10)
	for i := range many {
		many[i] = Source{Size: shelltext.MaxBytes}
	}
	if u := usual(many) + slack; u > 40*time.Second {
		t.Errorf("ten scripts of the largest size are given %s", u)
	}
}

// TestLargeScriptsHaveThePlainAnalysis: where the installed version can.
func TestLargeScriptsHaveThePlainAnalysis(t *testing.T) {
	large := []byte(head + strings.Repeat("echo 1\n", largeBytes/7))
	for version, want := range map[string]bool{
		"0.9.0": false, "0.10.0": true, "0.11.0": true, "1.0.0": true, "nonsense": false,
	} {
		log := filepath.Join(t.TempDir(), "log")
		fakeShellCheck(t, "echo \"$*\" >> "+log+`; if [ "$1" = --version ]; then echo 'version: `+version+`'; else printf '{"comments":[]}'; fi`)
		if _, err := new(Checker).Check(t.Context(), []Source{Text(large), Text([]byte(head))}); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), "--extended-analysis=false"); n != map[bool]int{true: 1}[want] {
			t.Errorf("%s: %s", version, text)
		}
	}
}
