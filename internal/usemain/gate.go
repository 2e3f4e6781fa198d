package usemain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/keys/env"
	"github.com/codexlock/codexlock/internal/launch"
	"github.com/codexlock/codexlock/internal/use"
)

// gate has codexlock evaluate all rules about the artifacts.
func (p *program) gate(v *use.Verifier, paths []artifact.Path, a arguments) error {
	args := []string{"verify"}
	if base := a.value("base"); base != "" {
		args = append(args, "--base", base)
	}
	if file := v.TrustFile(); file != "" {
		args = append(args, "--config", file)
	}
	args = append(args, "--")
	for _, path := range paths {
		args = append(args, path.String())
	}
	code, err := p.codexlock("--gate", v.Root(), args, nil, p.Stderr)
	switch {
	case err != nil:
		return err
	case code == 0:
		return nil
	case code == 1:
		return &use.Denial{Path: paths[0].String(), Rule: "gate", Message: "codexlock verify denies it, as printed above"}
	}
	return errors.New("codexlock verify could not verify it, as printed above")
}

// sibling asks codexlock for what at-use answers.
func (p *program) sibling(_ context.Context, stdin []byte, args ...string) ([]byte, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	answer := make(chan []byte, 1)
	go func() {
		data, _ := io.ReadAll(r)
		answer <- data
	}()
	code, err := p.codexlock(whatNeeds(args), p.Dir, append([]string{"at-use"}, args...), stdin, w)
	w.Close()
	data := <-answer
	if err == nil && code != 0 {
		err = fmt.Errorf("codexlock at-use %s ended with %d, as printed above", args[0], code)
	}
	return data, err
}

// whatNeeds names what codexlock is asked for.
func whatNeeds(question []string) string {
	switch question[0] {
	case "configuration":
		if question[len(question)-1] == "HEAD" {
			return "the configuration of HEAD"
		}
		return "--base"
	case "log":
		return "--log"
	case "record":
		return "a record in the ref"
	}
	return "the comparison with a commit"
}

// codexlock executes the codexlock next to this program, never one that a PATH leads to, and
// returns its exit code. need is what needs it.
func (p *program) codexlock(need, dir string, args []string, stdin []byte, stdout *os.File) (int, error) {
	name := filepath.Join(filepath.Dir(p.Self), "codexlock")
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	var environ []string
	for _, pair := range p.Environ {
		switch name, _, _ := strings.Cut(pair, "="); {
		case name == "PATH" && runtime.GOOS != "windows":
			// Its Git is the system's, not one that a folder of the caller's PATH has.
			environ = append(environ, "PATH="+strings.Join(launch.SystemPath, ":"))
		case !strings.HasPrefix(name, "CODEXLOCK_") || name == env.ListVariable:
			environ = append(environ, pair)
		}
	}
	r, w, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	child, err := os.StartProcess(name, append([]string{"codexlock"}, args...), &os.ProcAttr{Dir: dir, Env: environ, Files: []*os.File{r, stdout, p.Stderr}})
	r.Close()
	if err != nil {
		w.Close()
		var system *fs.PathError
		if errors.As(err, &system) {
			err = system.Err
		}
		return 0, &use.HintedError{Err: fmt.Errorf("%s needs the program codexlock next to codexlock-use, and %s cannot be executed: %w", need, name, err), Next: "install both from the same release; or name whom to trust by --trust FILE, which needs none"}
	}
	_, writeErr := w.Write(stdin)
	err = errors.Join(writeErr, w.Close())
	state, waitErr := child.Wait()
	if waitErr != nil {
		return 0, errors.Join(waitErr, err)
	}
	if err != nil && state.Success() { // a child that fails need not have read it
		return 0, err
	}
	return state.ExitCode(), nil
}
