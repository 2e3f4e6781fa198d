package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) {
	if code, entered := Enter(os.Args); entered {
		os.Exit(code)
	}
	switch name := os.Getenv("PROBE"); name {
	case "":
		os.Exit(runTests(m))
	case "victim":
		_, _ = io.Copy(io.Discard, os.Stdin)
	default:
		os.Exit(tryProbe(name))
	}
}

// runTests gives the tests a folder for temporary files of their own, which whoever
// a script runs as can come through.
func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "sandbox-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	if err := errors.Join(os.Chmod(dir, 0o755), os.Setenv("TMPDIR", dir)); err != nil {
		panic(err)
	}
	return m.Run()
}

// available skips where this machine has no sandbox. CI has one.
func available(t *testing.T) {
	t.Helper()
	r, err := Run(t.Context(), Job{Files: []File{script("true")}, Script: "x.test"})
	if err != nil {
		t.Fatal(err)
	}
	if r.State == Unavailable {
		t.Skipf("this machine has no sandbox: %s", r.Detail)
	}
}

func text(path, content string) File {
	return File{Path: path, Fill: func(w io.Writer) error { _, err := w.Write([]byte(content)); return err }}
}

func script(body string) File {
	f := text("x.test", "#!/usr/bin/env bash\nset -euo pipefail\n"+body+"\n")
	f.Executable = true
	return f
}

// run is what comes of a script of these lines.
func run(t *testing.T, body string, more ...File) Result {
	t.Helper()
	r, err := Run(t.Context(), Job{Files: append(more, script(body)), Script: "x.test", Env: []string{"MORE=more"}, Wall: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// runProgram runs this test's own program.
func runProgram(t *testing.T, env ...string) Result {
	t.Helper()
	program := File{Path: "program", Executable: true, Fill: func(w io.Writer) error {
		f, err := os.Open(self)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(w, f)
		return err
	}}
	r, err := Run(t.Context(), Job{Files: []File{program}, Script: "program", Env: env, Wall: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWhatAScriptMayDo(t *testing.T) {
	available(t)
	for name, body := range map[string]string{
		"its files are there, from its folder": `[ "$(cat data/a.txt)" = a ] && [ "$0" = ./x.test ]`,
		"the usual programs":                   `printf b | sha256sum | cut -c 1-64 | grep -q 3e23 && printf x | openssl dgst -sha256 -hmac k | awk '{ print $NF }' | grep -q . && date -u +%s`,
		"temporary files, pipes, fifos":        `f=$(mktemp) && echo 1 > "$f" && mkfifo "$HOME/q.$$" && touch "$f" && cp "$f" "$f.copy" && mv "$f.copy" "$f" && cat < <(echo ok) && rm "$f"`,
		"standard error by name":               `echo told > /dev/stderr; echo told > /dev/null; head -c 8 /dev/urandom > /dev/null`,
		"children that it ends itself":         `sleep 60 & kill $!; wait $! || true`,
		"what it is given":                     `[ "$MORE" = more ] && [ "$LANG" = C.UTF-8 ] && [ "$TZ" = UTC ] && [ "$HOME" = "$TMPDIR" ]`,
		"nothing else is in the environment":   `[ "$(env | cut -d = -f 1 | grep -v -E '^(PATH|HOME|TMPDIR|LANG|TZ|MORE|PWD|SHLVL|_|OLDPWD)$' | wc -l)" = 0 ]`,
		"it may leave what it makes once":      `mkdir -p "$HOME/made"`,
	} {
		t.Run(name, func(t *testing.T) {
			if r := run(t, body, text("data/a.txt", "a")); r.State != Passed {
				t.Errorf("%+v, want passed", r)
			}
		})
	}
}

func TestHowARunEnds(t *testing.T) {
	available(t)
	for name, c := range map[string]struct {
		body   string
		state  State
		detail string
	}{
		"another code":            {`echo first; echo why >&2; exit 7`, Failed, "ended with 7: why"},
		"killed":                  {`kill -SEGV $$`, Failed, "was killed (segmentation fault)"},
		"not twice":               {`mkdir "$HOME/once"`, Differs, "the first run passed, and the second ended with 1: mkdir: cannot create directory"},
		"writes where it may not": {`echo x > new`, Failed, "Permission denied"},
		"network":                 {`exec 3<>/dev/tcp/127.0.0.1/80`, Failed, "Operation not permitted"},
		"prints without an end":   {`yes`, Failed, "printed more than 1048576 bytes"},
		"one large file":          {`head -c 100000000 /dev/zero > "$HOME/large"`, Failed, "ended with 153"},
		"many files":              {`for i in $(seq 99); do head -c 60000000 /dev/zero > "$HOME/$i"; done`, Failed, "wrote more than 256 MiB"},
		"much memory":             {`dd if=/dev/zero of=/dev/null bs=1500M count=1`, Failed, "memory exhausted"},
		"memory in many processes": {`for i in $(seq 20); do dd if=/dev/zero bs=90M count=1 | sleep 50 & done; wait`,
			Failed, "used more than 1024 MiB of memory"},
		"does not end":       {`trap '' TERM INT HUP; while :; do sleep 0.1; done`, Timeout, "it did not end within 1s"},
		"leaves the session": {`setsid sleep 1000 >/dev/null 2>&1 & exit 0`, Passed, ""},
		"fork bomb":          {`b() { b | b & }; b; sleep 0.5; exit 3`, Failed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			wall := time.Minute // a loaded machine is slow; a run that is stopped ends before
			if c.state == Timeout {
				wall = time.Second
			}
			r, err := Run(t.Context(), Job{Files: []File{script(c.body)}, Script: "x.test", Wall: wall})
			if err != nil {
				t.Fatal(err)
			}
			if r.State != c.state || !strings.Contains(r.Detail, c.detail) {
				t.Errorf("%+v, want %s and %q", r, c.state, c.detail)
			}
			nothingLeft(t)
		})
	}
}

// nothingLeft finds what outlives a sandbox: its folders and, where it has users
// of its own, their processes.
func nothingLeft(t *testing.T) {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(os.TempDir(), "codexlock-sandbox-*"))
	if err != nil || len(dirs) > 0 {
		t.Errorf("%v is left, %v", dirs, err)
	}
	pids, _, err := descendants()
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range pids {
		name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if strings.Contains(string(name), "sleep") || strings.Contains(string(name), "x.test") {
			t.Errorf("process %d is left: %q", pid, name)
		}
	}
	procs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil || len(procs) == 0 {
		t.Fatal("no processes", err)
	}
	for _, p := range procs {
		var stat unix.Stat_t
		if os.Geteuid() == 0 && unix.Stat(p, &stat) == nil && stat.Uid >= 0x7c00_0000 && !others(p) {
			t.Errorf("%s runs as %d", p, stat.Uid)
		}
	}
}

// others reports whether a process is of another sandbox that runs meanwhile.
func others(proc string) bool {
	pid := 0
	for name := filepath.Base(proc); name != "" && name != "0" && name != "1"; {
		if _, err := fmt.Sscan(name, &pid); err != nil || pid == os.Getpid() {
			return false
		}
		parent, _, ok := stat(pid)
		if !ok {
			return true // it has ended
		}
		name = fmt.Sprint(parent)
	}
	return true
}

func TestTreeIsOnlyRead(t *testing.T) {
	available(t)
	for _, body := range []string{
		`echo more >> a.txt`, `rm a.txt`, `mv a.txt b.txt`, `chmod u+w a.txt`, `touch a.txt`, `ln a.txt b.txt`, `mkdir d`,
	} {
		if r := run(t, body, text("a.txt", "a")); r.State != Failed {
			t.Errorf("%s: %+v, want failed", body, r)
		}
	}
}

func TestAPathThatLeavesTheTree(t *testing.T) {
	for _, name := range []string{"../x.test", "/x.test", "a/../../x"} {
		_, err := Run(t.Context(), Job{Files: []File{text(name, "")}, Script: name})
		if err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestCancelled(t *testing.T) {
	available(t)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, cancel)
	start := time.Now()
	_, err := Run(ctx, Job{Files: []File{script("sleep 1000")}, Script: "x.test"})
	if err == nil || time.Since(start) > 10*time.Second {
		t.Errorf("%v after %s, want the context's error at once", err, time.Since(start))
	}
	nothingLeft(t)
}

func TestWhatCannotBeStarted(t *testing.T) {
	available(t)
	f := text("x.test", "#!/nowhere/interpreter\n")
	f.Executable = true
	r, err := Run(t.Context(), Job{Files: []File{f}, Script: "x.test"})
	if err != nil || r.State != Failed || !strings.HasPrefix(r.Detail, "cannot be started: no such file") {
		t.Errorf("%+v, %v, want that it cannot be started", r, err)
	}
}

// TestWithoutALayerNothingRuns: what makes a layer impossible makes a run impossible.
func TestWithoutALayerNothingRuns(t *testing.T) {
	available(t)
	if os.Geteuid() != 0 {
		t.Skip("only root can take layers away")
	}
	// Root without the right to become somebody else.
	out := asChild(t, "TestChildRuns", nil, func(cmd *exec.Cmd) {
		program, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		if cmd.Path, err = exec.LookPath("setpriv"); err != nil {
			t.Skip("setpriv (util-linux) is not installed")
		}
		cmd.Args = append([]string{"setpriv", "--bounding-set=-setuid,-setgid", "--inh-caps=-setuid,-setgid", program}, cmd.Args[1:]...)
	})
	if !strings.Contains(out, "unavailable: user: operation not permitted") {
		t.Errorf("without setuid: %s, want unavailable", out)
	}
}

// TestAsAnOrdinaryUser does all of it once more without root's rights.
func TestAsAnOrdinaryUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("it is one already")
	}
	dir, err := os.MkdirTemp("", "o")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chown(dir, 23456, 23456); err != nil {
		t.Fatal(err)
	}
	out := asChild(t, "TestNoProbeEscapes|TestWhatAScriptMayDo|TestHowARunEnds|TestTreeIsOnlyRead", []string{"TMPDIR=" + dir}, func(cmd *exec.Cmd) {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 23456, Gid: 23456}}
	})
	if !strings.HasSuffix(strings.TrimSpace(out), "PASS") {
		t.Errorf("as an ordinary user:\n%s", out)
	}
}

// TestChildRuns is what asChild runs.
func TestChildRuns(t *testing.T) {
	if os.Getenv("CHILD") == "" {
		t.Skip("it is run by others")
	}
	r := run(t, "true")
	fmt.Printf("%s: %s\n", r.State, r.Detail)
}

// asChild runs tests of this file in a process of their own.
func asChild(t *testing.T, tests string, env []string, change func(*exec.Cmd)) string {
	t.Helper()
	cmd := exec.Command(self, "-test.run", "^("+tests+")$")
	cmd.Dir = "/"
	cmd.Env = append([]string{"CHILD=1", "PATH=" + os.Getenv("PATH"), "HOME=/"}, env...)
	change(cmd)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Sprintf("%v\n%s", err, out)
	}
	return string(out)
}
