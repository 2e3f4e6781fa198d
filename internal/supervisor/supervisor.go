// Package supervisor runs the program in a second process, so that a crash cannot be mistaken
// for one of its exit codes. The Go runtime
// ends with 2 on a fatal error (a stack that overflows, no memory, no thread, a map
// written twice at once), which no code in the process can change, and 2 is usage.
//
// The package does its work while it is initialised, before the packages with the rules,
// which cost the most to start: see docs/decisions/0046-exit-codes.md.
package supervisor

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/codexlock/codexlock/internal/handover"
)

// exitUnknown is the exit code of a run that verified nothing: see internal/cli.
const exitUnknown = 3

// variable names, in the worker's environment, the process that started it and the
// descriptor that takes its exit code: PID:FD, or PID:FD:SIGNAL where an earlier
// worker ended without one.
const variable = "CODEXLOCK_SUPERVISOR"

// grace is how long a worker that was sent a signal may take to end: longer than the
// ten seconds that it gives itself.
const grace = 15 * time.Second

// Signals are those that end a program unless it asks for them. The worker is sent
// each that its supervisor gets.
var Signals = []os.Signal{
	syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGABRT, syscall.SIGUSR1, syscall.SIGUSR2,
	syscall.SIGSEGV, syscall.SIGBUS, syscall.SIGFPE, syscall.SIGILL, syscall.SIGTRAP, syscall.SIGSYS,
}

// worker is what this process was told by its supervisor.
var worker struct {
	result int    // the descriptor for the exit code; 0: there is no supervisor
	after  string // how an earlier worker ended; "": there was none
}

func init() {
	if enlisted() || internal(os.Args) || isAlone(os.Args) && !isAction() {
		return
	}
	handover.Run(os.Args, os.Environ())
	self, err := os.Executable()
	if err != nil {
		return // then this process does the work itself
	}
	os.Exit(supervise(self))
}

// isAlone reports whether a command needs no worker, because it reads nothing but its
// arguments: version, which internal/buildinfo/answer answers, and help. A flag before --help
// could take that for its value, so there must be none.
func isAlone(args []string) bool {
	if len(args) < 2 {
		return false
	}
	last := len(args) - 1
	named := !slices.ContainsFunc(args[1:last], func(arg string) bool { return strings.HasPrefix(arg, "-") })
	return last == 1 && args[1] == "version" || named && slices.Contains([]string{"help", "--help", "-h"}, args[last])
}

// ownProcesses are the first arguments of the processes that the program starts of
// itself: the sandbox's two, and the preview of edited rules.
var ownProcesses = []string{"sandbox-supervise", "sandbox-confine", "judge-preview"}

// internal reports whether a program is not to be supervised: a test's binary, and
// the processes that the program itself starts, whose end it watches.
func internal(args []string) bool {
	return len(args) == 0 || strings.HasSuffix(filepath.Base(args[0]), ".test") || len(args) > 1 && slices.Contains(ownProcesses, args[1])
}

// enlisted reports whether this process is a supervisor's worker, and notes what it
// was told.
func enlisted() bool {
	told, ok := os.LookupEnv(variable)
	if !ok {
		return false
	}
	_ = os.Unsetenv(variable) // it is of no other process
	pid, rest, _ := strings.Cut(told, ":")
	number, after, _ := strings.Cut(rest, ":")
	fd, err := strconv.Atoi(number)
	if err != nil || fd <= 2 || pid != strconv.Itoa(os.Getppid()) {
		return false
	}
	syscall.CloseOnExec(fd)
	worker.result, worker.after = fd, after
	return true
}

// Code gives the supervisor the exit code that the program is about to end with, and
// returns it.
func Code(code int) int {
	if worker.result != 0 {
		_, _ = syscall.Write(worker.result, []byte(strconv.Itoa(code))) // what is lost counts as no code
	}
	return code
}

// After says how an earlier process of this run ended, "" where there was none: the
// action then closes what that one had begun.
func After() string { return worker.after }

// supervise runs the worker and returns its exit code.
func supervise(self string) int {
	closeMemory()
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, Signals...)
	code, ended, err := work(self, "", signals)
	if err != nil {
		fmt.Fprintf(os.Stderr, "codexlock: start a process of its own: %v\n", err)
		return exitUnknown
	}
	if ended == "" {
		return code
	}
	if strings.Contains(ended, syscall.SIGPIPE.String()) && !isAction() {
		fmt.Fprintln(os.Stderr, "codexlock: the output was closed before all of it was written, so it is incomplete")
		return exitUnknown
	}
	fmt.Fprintf(os.Stderr, "codexlock: ended without a result (%s): nothing was verified\n", ended)
	if isAction() {
		_, _, _ = work(self, ended, signals) // it says itself what it could not do
	}
	return exitUnknown
}

// isAction reports whether the program has something to close after a crash.
func isAction() bool {
	return slices.Contains([]string{"action", "codexlock-action"}, filepath.Base(os.Args[0]))
}

// work starts a worker and waits for it. ended says how it ended where it did not
// say with which code.
func work(self, after string, signals <-chan os.Signal) (code int, ended string, err error) {
	var pipe [2]int
	if err := syscall.Pipe(pipe[:]); err != nil {
		return 0, "", err
	}
	defer syscall.Close(pipe[0])
	syscall.CloseOnExec(pipe[0])
	if err := syscall.SetNonblock(pipe[0], true); err != nil {
		return 0, "", errors.Join(err, syscall.Close(pipe[1]))
	}
	told := fmt.Sprintf("%s=%d:%d", variable, os.Getpid(), pipe[1])
	if after != "" {
		told += ":" + after
	}
	p, err := os.StartProcess(self, os.Args, &os.ProcAttr{
		Env: append(os.Environ(), told), Files: []*os.File{os.Stdin, os.Stdout, os.Stderr}, Sys: attributes(),
	})
	if err := errors.Join(err, syscall.Close(pipe[1])); err != nil {
		return 0, "", err
	}
	done := make(chan struct{})
	go func() {
		var late <-chan time.Time
		for {
			select {
			case s := <-signals:
				_ = p.Signal(s) // it may have ended meanwhile
				if late == nil {
					late = time.After(grace)
				}
			case <-late:
				_ = p.Kill() // a runtime that crashes can hang while it does
			case <-done:
				return
			}
		}
	}()
	state, err := p.Wait()
	close(done)
	if err != nil {
		return 0, "", err
	}
	return result(pipe[0], state)
}

// result is the code that a worker ended with, where it is the one that it said.
func result(fd int, state *os.ProcessState) (code int, ended string, err error) {
	said := make([]byte, 16)
	n, err := syscall.Read(fd, said)
	if err != nil || n < 0 {
		n = 0
	}
	if code := state.ExitCode(); code >= 0 && string(said[:n]) == strconv.Itoa(code) {
		return code, "", nil
	}
	return 0, state.String(), nil
}
