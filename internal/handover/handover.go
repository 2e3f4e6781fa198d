// Package handover becomes codexlock-use, the small program next to this one, where the
// command line asks for run, open or copy. internal/supervisor calls it before anything else
// starts: no second process stands between the caller and what is executed.
package handover

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"

	"github.com/codexlock/codexlock/internal/useflags"
)

// Program is the name of the small program.
const Program = "codexlock-use"

// The exit codes without the small program: those of run and of open with a command, and
// those of the others (internal/exit).
const (
	codeFailed  = 125
	codeUnknown = 3
)

// Run becomes the small program where args, the program's name first, ask for one of its
// commands. It returns where they do not, or where they ask for help, which this program has.
func Run(args, environ []string) {
	if len(args) < 2 || slices.Contains(args[2:], "--help") && !slices.Contains(args, "--") {
		return
	}
	if _, ok := useflags.Find(args[1]); !ok {
		return
	}
	name := Program
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	self, err := os.Executable()
	if err == nil {
		name = filepath.Join(filepath.Dir(self), name)
		err = syscall.Exec(name, append([]string{name}, args[1:]...), environ)
	}
	fmt.Fprintf(os.Stderr, "codexlock: %s is the work of %s, which cannot be executed: %v\ncodexlock: hint: install it next to codexlock, from the same release\n", args[1], name, err)
	if args[1] == "run" || args[1] == "open" && slices.Contains(args, "--") {
		os.Exit(codeFailed)
	}
	os.Exit(codeUnknown)
}
