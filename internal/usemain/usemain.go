// Package usemain is the program codexlock-use: the commands run, open and copy. It reads
// flags, calls internal/use and internal/launch, and prints what went wrong.
package usemain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/buildinfo"
	"github.com/codexlock/codexlock/internal/escape"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/launch"
	"github.com/codexlock/codexlock/internal/use"
	"github.com/codexlock/codexlock/internal/useflags"
)

// The exit codes where a command is executed, as those of env and timeout.
const (
	codeFailed   = 125 // nothing was verified, or nothing could be executed
	codeDenied   = 126
	codeNotFound = 127
)

// A World is everything that the program takes from its process.
type World struct {
	Args    []string // the program's name first
	Environ []string
	Dir     string
	Self    string // our own executable
	Stdin   *os.File
	Stdout  *os.File
	Stderr  *os.File
	Now     func() time.Time
}

// Main runs a command and returns the exit code. After a run it may not return.
func Main(w World) int {
	p := &program{World: w}
	if len(w.Args) < 2 {
		return p.help()
	}
	switch w.Args[1] {
	case launch.ChildArgument: // the watcher reads its memory, and prints the error
		_ = launch.Child(w.Args[2:], w.Environ)
		return codeFailed
	case launch.SiblingArgument: // and that of this one
		p.print(launch.Sibling(w.Args[2:], w.Environ))
		return codeDenied
	}
	guard()
	switch w.Args[1] {
	case "-h", "--help", "help":
		return p.help()
	case "version", "--version":
		_, _ = io.WriteString(w.Stdout, buildinfo.Text("", ""))
		return 0
	}
	c, ok := useflags.Find(w.Args[1])
	if !ok {
		p.print(exit.Usagef("codexlock-use has no command %q, want run, open or copy", w.Args[1]))
		return exit.Usage
	}
	a, err := parse(c, w.Args[2:])
	p.executes = c.Name == "run" || c.Name == "open" && a.command != nil
	switch {
	case errors.Is(err, errHelp):
		_, _ = io.WriteString(w.Stdout, describe(c))
		return 0
	case err == nil:
		var code int
		if code, err = p.run(c, a); err == nil {
			return code
		}
	}
	p.print(err)
	return p.code(err)
}

// A program is one run of a command.
type program struct {
	World
	executes bool // the exit codes are those of a program that executes another one
}

func (p *program) help() int {
	fmt.Fprintf(p.Stdout, "codexlock-use verifies an artifact at the moment of its use. It is the part of codexlock\nthat runs, opens and copies.\n\nCommands:\n")
	for _, c := range useflags.Commands {
		fmt.Fprintf(p.Stdout, "  codexlock %-36s %s\n", c.Use, c.Short)
	}
	fmt.Fprintf(p.Stdout, "\nSee codexlock-use run --help.\n")
	return 0
}

func (p *program) run(c useflags.Command, a arguments) (code int, err error) {
	ctx, stop := context.Background(), func() {}
	if c.Name == "copy" { // the others leave nothing behind
		ctx, stop = signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	}
	defer stop()
	o, err := p.options(c, a)
	if err != nil {
		return 0, err
	}
	v, err := use.Open(ctx, o)
	if err != nil {
		return 0, named(a.paths[0], err)
	}
	defer v.Close()
	var paths []artifact.Path
	for _, name := range a.paths {
		path, err := v.Path(name)
		if err != nil {
			return 0, err
		}
		paths = append(paths, path)
	}
	if a.on("gate") {
		if err := p.gate(v, paths, a); err != nil {
			return 0, err
		}
	}
	if c.Name == "copy" {
		return 0, v.Copy(ctx, paths, a.dest, use.CopyOptions{Parents: a.on("parents"), Companions: a.on("companions")})
	}
	return p.use(ctx, c, a, v, paths[0])
}

// use holds one artifact, and prints or executes it.
func (p *program) use(ctx context.Context, c useflags.Command, a arguments, v *use.Verifier, path artifact.Path) (int, error) {
	kind := use.OpenKind
	if c.Name == "run" {
		kind = use.Run
	}
	hold, err := holdOf(a.value("hold"), kind, p.executes)
	if err != nil {
		return 0, err
	}
	h, err := v.Verify(ctx, path, kind, hold)
	if err != nil {
		return 0, named(path.String(), err)
	}
	if !p.executes {
		defer h.Close()
		_, err := io.Copy(p.Stdout, h.Reader())
		return 0, err
	}
	l := &launch.Command{
		Verifier: v, Held: h, Name: a.paths[0], Args: a.command, As: a.value("as"), Hold: hold,
		Environ: p.Environ, KeepEnv: a.values["keep-env"], Stdin: p.Stdin, Stdout: p.Stdout, Stderr: p.Stderr, Self: p.Self, Warn: p.print,
	}
	if kind == use.Run {
		return l.Run(ctx)
	}
	return l.Open(ctx)
}

// named puts the name of an artifact before an error that does not begin with it.
func named(name string, err error) error {
	var denied *use.Denial
	var missing *use.NotFoundError
	if errors.As(err, &denied) || errors.As(err, &missing) || strings.HasPrefix(err.Error(), name+":") {
		return err
	}
	return fmt.Errorf("%s: %w", name, err)
}

// code is the exit code of a run that ended with an error.
func (p *program) code(err error) int {
	var denied *use.Denial
	var missing *use.NotFoundError
	isDenied, isMissing := errors.As(err, &denied), errors.As(err, &missing)
	switch {
	case p.executes && isDenied:
		return codeDenied
	case p.executes && isMissing:
		return codeNotFound
	case p.executes:
		return codeFailed
	case isDenied:
		return exit.Denied
	case exit.IsUsage(err):
		return exit.Usage
	}
	return exit.Unknown
}

// print prints an error in one line, and the next step in another.
func (p *program) print(err error) {
	if several, ok := err.(interface{ Unwrap() []error }); ok && errors.Unwrap(err) == nil {
		for _, err := range several.Unwrap() {
			p.print(err)
		}
		return
	}
	fmt.Fprintf(p.Stderr, "codexlock: %s\n", escape.Terminal(strings.ReplaceAll(err.Error(), "\n", "; ")))
	if hint := exit.Hint(err); hint != "" {
		fmt.Fprintf(p.Stderr, "codexlock: hint: %s\n", escape.Terminal(hint))
	}
}
