package cli

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/codexlock/codexlock/internal/report"
)

// Here is the process's own world, and a context that ends when the process is
// asked to. A second signal ends it at once.
func Here() (context.Context, World) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
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
