package supervisor_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/supervisor"
)

// TestMain is the supervised program, where a test started it under another name.
func TestMain(m *testing.M) {
	how, ok := os.LookupEnv("SUPERVISOR_TEST")
	if !ok {
		os.Exit(m.Run())
	}
	os.Exit(end(how))
}

// end ends the program in one of the ways in which programs end.
func end(how string) int {
	switch how {
	case "overflow":
		debug.SetMaxStack(1 << 16)
		return deeper(1)
	case "maps":
		shared := map[int]int{}
		for range 8 {
			go func() {
				for i := 0; ; i++ {
					shared[i%64]++
				}
			}()
		}
		select {}
	case "panic":
		panic("on purpose")
	case "exit without a word":
		return 0
	case "says another":
		supervisor.Code(0)
		return 2
	case "killed":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	case "writes":
		for {
			os.Stdout.WriteString("line\n")
		}
	case "waits":
		os.Stdout.WriteString("ready\n")
		select {}
	case "descriptor":
		_, _ = os.NewFile(7, "seven").WriteString("seven")
		return supervisor.Code(0)
	case "environment":
		for _, v := range os.Environ() {
			if strings.Contains(v, "CODEXLOCK_SUPERVISOR") {
				return supervisor.Code(9)
			}
		}
		return supervisor.Code(0)
	}
	return supervisor.Code(map[string]int{"0": 0, "1": 1, "2": 2, "3": 3, "127": 127}[how])
}

// deeper overflows the stack: deeper and deepest call each other.
func deeper(n int) int { return deepest(n+1) + n }

var deepest = func(n int) int { return n }

func init() { deepest = deeper }

// program is the test's binary under a name that is supervised.
func program(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	from, err := os.Open(self)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	name := filepath.Join(t.TempDir(), "program")
	to, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(to, from)
	if err := errors.Join(err, to.Close()); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestExitCodes(t *testing.T) {
	name := program(t)
	for how, want := range map[string]int{
		"0": 0, "1": 1, "2": 2, "3": 3, "127": 127, "environment": 0,
		"overflow": 3, "maps": 3, "panic": 3, "exit without a word": 3, "says another": 3, "killed": 3,
	} {
		cmd := exec.Command(name)
		cmd.Env = append(os.Environ(), "SUPERVISOR_TEST="+how)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		_ = cmd.Run()
		if got := cmd.ProcessState.ExitCode(); got != want {
			t.Errorf("%s: exit code %d, want %d\n%.500s", how, got, want, stderr.String())
		}
		_, odd := map[string]bool{"overflow": true, "maps": true, "panic": true, "exit without a word": true, "says another": true, "killed": true}[how]
		if said := strings.Contains(stderr.String(), "ended without a result"); said != odd {
			t.Errorf("%s: stderr is %.500s", how, stderr.String())
		}
	}
}

// TestClosedOutput: a reader that stops early, such as head, has a message that says so. The
// verdict may be lost with the rest, so that the code is 3.
func TestClosedOutput(t *testing.T) {
	cmd := exec.Command(program(t))
	cmd.Env = append(os.Environ(), "SUPERVISOR_TEST=writes")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	const want = "codexlock: the output was closed before all of it was written, so it is incomplete\n"
	if got := cmd.ProcessState.ExitCode(); got != 3 || stderr.String() != want {
		t.Errorf("exit code %d, want 3; stderr %q, want %q", got, stderr.String(), want)
	}
}

// TestSignals: each that ends a program ends the worker, and the code is 3.
func TestSignals(t *testing.T) {
	name := program(t)
	for _, s := range append(supervisor.Signals, syscall.SIGKILL) {
		cmd := exec.Command(name)
		cmd.Env = append(os.Environ(), "SUPERVISOR_TEST=waits")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(out, make([]byte, len("ready\n"))); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		select {
		case <-ended:
		case <-time.After(time.Minute):
			t.Fatalf("%s: it did not end", s)
		}
		want := 3
		if s == syscall.SIGKILL { // nobody is left to say so, and no shell takes it for 2
			want = -1
		}
		if got := cmd.ProcessState.ExitCode(); got != want {
			t.Errorf("%s: exit code %d, want %d", s, got, want)
		}
	}
}

// TestDescriptorsAreInherited: what the caller opened is the worker's too, as
// >(command) of a shell needs it.
func TestDescriptorsAreInherited(t *testing.T) {
	cmd := exec.Command("bash", "-c", `"$0" 7>&1`, program(t))
	cmd.Env = append(os.Environ(), "SUPERVISOR_TEST=descriptor")
	if out, err := cmd.Output(); err != nil || string(out) != "seven" {
		t.Errorf("got %q, %v", out, err)
	}
}

// TestTheVariableIsNotBelieved: a caller's own value starts a supervisor as usual.
func TestTheVariableIsNotBelieved(t *testing.T) {
	name := program(t)
	for _, value := range []string{"", "1:9", "x", "1:2:killed", "0:-1"} {
		cmd := exec.Command(name)
		cmd.Env = append(os.Environ(), "SUPERVISOR_TEST=exit without a word", "CODEXLOCK_SUPERVISOR="+value)
		_ = cmd.Run()
		if got := cmd.ProcessState.ExitCode(); got != 3 {
			t.Errorf("%q: exit code %d, want 3", value, got)
		}
	}
}
