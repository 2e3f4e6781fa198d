// Package host is the process that codexlock runs in: its arguments, streams, environment,
// clock, randomness, working directory and memory. It is the only package that asks the
// process for them; every other one is given a World, so that a test makes its own.
package host

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/codexlock/codexlock/internal/escape"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/supervisor"
)

// A World is everything that a command takes from outside itself.
type World struct {
	Args     []string // the program's name first
	Stdin    io.Reader
	Stdout   io.Writer
	Stderr   io.Writer
	Env      func(name string) (value string, ok bool)
	Dir      string // the working directory, absolute
	Now      func() time.Time
	Random   io.Reader
	Names    func() []string                                  // the environment's variables, by name
	Sleep    func(ctx context.Context, d time.Duration) error // nil: for real
	TestWall time.Duration                                    // how long a test may run; 0: as long as the sandbox lets it
	Ending   func(code int) int                               // called with the exit code, at the very end; may be nil
	After    string                                           // how an earlier process of this run ended without a result; "": there was none
	Self     string                                           // our own executable; "": it is not to be started once more
}

// Once asked to end, a program ignores the same signal for a moment, since a terminal
// sends it to the supervisor too, which hands it on; and it ends after a while though
// something in it does not listen.
const (
	signalPause    = 250 * time.Millisecond
	signalPatience = 10 * time.Second
)

// Here returns the process's own world, and a context that ends when the process is
// asked to, by whatever signal. A second signal ends it at once.
func Here() (context.Context, World) {
	ctx, stop := signal.NotifyContext(context.Background(), supervisor.Signals...)
	context.AfterFunc(ctx, func() {
		time.Sleep(signalPause)
		stop()
		time.Sleep(signalPatience)
		fmt.Fprintln(os.Stderr, "codexlock: ended by a signal: nothing was verified")
		os.Exit(supervisor.Code(exit.Unknown))
	})
	dir, err := os.Getwd()
	if err != nil {
		dir = "."
	}
	self, err := os.Executable()
	if err != nil {
		self = ""
	}
	return ctx, World{
		Self: self, Stdin: os.Stdin,
		Args: os.Args, Stdout: os.Stdout, Stderr: os.Stderr, Env: os.LookupEnv,
		Dir: dir, Now: time.Now, Random: rand.Reader, Names: names,
		Ending: supervisor.Code, After: supervisor.After(),
	}
}

// names are the variables of the environment.
func names() []string {
	var names []string
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		names = append(names, name)
	}
	return names
}

// Path returns a path of the command line, absolute or seen from the working directory.
func (w World) Path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(w.Dir, name)
}

// Warn prints what is wrong and changes no verdict.
func (w World) Warn(err error) { w.Note("warning: " + err.Error()) }

// Note prints what is worth knowing and is not wrong.
func (w World) Note(text string) {
	fmt.Fprintf(w.Stderr, "codexlock: %s\n", escape.Terminal(text))
}

// Fail prints what went wrong and the next step, and returns the exit code. It prints
// nothing of a success, nor of a denied result, which was printed already.
func (w World) Fail(err error) int {
	code := exit.Code(err)
	if code == exit.Trusted || code == exit.Denied {
		return code
	}
	w.Note(err.Error())
	if hint := exit.HintOn(err, w.CI()); hint != "" {
		w.Note("hint: " + hint)
	}
	return code
}

// CI returns the system that runs the program as a job.
func (w World) CI() exit.CI {
	if w.Env == nil {
		return exit.NoCI
	}
	if value, _ := w.Env("GITHUB_ACTIONS"); value == "true" {
		return exit.GitHub
	}
	if value, _ := w.Env("GITLAB_CI"); value == "true" {
		return exit.GitLab
	}
	return exit.NoCI
}

// End is deferred by a main function, with its exit code. It turns a panic into the exit
// code of a run that verified nothing, and tells the supervisor with which code the
// program ends.
func (w World) End(code *int) {
	if p := recover(); p != nil {
		fmt.Fprintf(w.Stderr, "codexlock: internal error: %v\n%s", p, debug.Stack())
		*code = exit.Unknown
	}
	if w.Ending != nil {
		w.Ending(*code)
	}
}
