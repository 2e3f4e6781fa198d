package cli

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/supervisor"
)

// Once asked to end, a program ignores the same signal for a moment, since a terminal
// sends it to the supervisor too, which hands it on; and it ends after a while though
// something in it does not listen.
const (
	signalPause    = 250 * time.Millisecond
	signalPatience = 10 * time.Second
)

// Here is the process's own world, and a context that ends when the process is
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

// warn tells what is wrong and changes no verdict.
func (w World) warn(err error) {
	fmt.Fprintf(w.Stderr, "codexlock: warning: %s\n", report.Terminal(err.Error()))
}

// note prints what is worth knowing and is not wrong.
func (w World) note(text string) {
	fmt.Fprintf(w.Stderr, "codexlock: %s\n", report.Terminal(text))
}

// ended tells the supervisor with which code the program ends.
func (w World) ended(code *int) {
	if w.Ending != nil {
		w.Ending(*code)
	}
}
