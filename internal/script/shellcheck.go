package script

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
)

// A ShellCheck is what the program of that name says of a script (ZT-10.1).
type ShellCheck struct {
	// State is passed; found (see Findings); unavailable (it is not installed);
	// ours (the script is one that codexlock writes, which its own tests check);
	// absent (the script was not asked about, for it cannot be parsed).
	State    string    `json:"state"`
	Findings []Comment `json:"findings"`
}

// A Comment is one of ShellCheck's findings.
type Comment struct {
	Code    string `json:"code"`  // SC2086
	Level   string `json:"level"` // error, warning, info, style
	Message string `json:"message"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
}

const (
	perProcess  = 100             // how many scripts one process is given
	maxTime     = 2 * time.Minute // for one process: it takes some 20 ms a script
	maxComments = 20              // of one script; one is enough for a finding
	maxOutput   = 64 << 20
)

// processes counts how often ShellCheck was started.
var processes atomic.Int64

// Processes is how often this program has started ShellCheck.
func Processes() int64 { return processes.Load() }

// Check asks ShellCheck about scripts, many in one process. The scripts are
// written to a folder of their own, so that nothing beside them is read. Where
// the program is not installed, that is what is said of each; where it fails,
// nothing is known, and that is an error.
func Check(ctx context.Context, scripts map[artifact.Digest][]byte) (map[artifact.Digest]ShellCheck, error) {
	results := make(map[artifact.Digest]ShellCheck, len(scripts))
	if len(scripts) == 0 {
		return results, nil
	}
	program, err := exec.LookPath("shellcheck")
	if errors.Is(err, exec.ErrNotFound) {
		for d := range scripts {
			results[d] = ShellCheck{State: "unavailable", Findings: []Comment{}}
		}
		return results, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find shellcheck: %w", err)
	}
	dir, err := os.MkdirTemp("", "codexlock-shellcheck-")
	if err != nil {
		return nil, fmt.Errorf("run shellcheck: %w", err)
	}
	defer os.RemoveAll(dir)
	batch := checker{program: program, dir: dir, results: results}
	for _, hasShebang := range []bool{true, false} {
		var names []string
		for d, text := range scripts {
			if bytes.HasPrefix(text, []byte("#!")) != hasShebang {
				continue
			}
			if err := os.WriteFile(filepath.Join(dir, d.String()), text, 0o600); err != nil {
				return nil, fmt.Errorf("run shellcheck: %w", err)
			}
			results[d] = ShellCheck{State: "passed", Findings: []Comment{}}
			names = append(names, d.String())
		}
		for len(names) > 0 {
			n := min(perProcess, len(names))
			if err := batch.run(ctx, names[:n], hasShebang); err != nil {
				return nil, fmt.Errorf("run shellcheck: %w", err)
			}
			names = names[n:]
		}
	}
	return results, nil
}

type checker struct {
	program, dir string
	results      map[artifact.Digest]ShellCheck
}

// run starts one process. It sees no configuration and no environment of anybody's;
// that a script reads another file is not a fault of its own (SC1090, SC1091).
func (c checker) run(ctx context.Context, names []string, hasShebang bool) error {
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	args := []string{"--norc", "--format=json1", "--exclude=SC1090,SC1091"}
	if !hasShebang {
		args = append(args, "--shell=bash", "--exclude=SC2148") // script.shebang tells of that
	}
	cmd := exec.CommandContext(ctx, c.program, append(append(args, "--"), names...)...)
	cmd.Dir, cmd.Env = c.dir, []string{"LC_ALL=C.UTF-8"}
	cmd.WaitDelay = time.Second
	var complaint bytes.Buffer
	cmd.Stderr = &limited{&complaint, 4 << 10}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	processes.Add(1)
	if err := cmd.Start(); err != nil {
		return err
	}
	text, readErr := io.ReadAll(io.LimitReader(out, maxOutput+1))
	if len(text) > maxOutput {
		cancel()
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil && len(text) <= maxOutput:
		return fmt.Errorf("no end after %s", maxTime)
	case readErr != nil:
		return readErr
	case len(text) > maxOutput:
		return fmt.Errorf("printed more than %d bytes", maxOutput)
	case err != nil && !(errors.As(err, &exit) && exit.ExitCode() == 1): // 1: there are comments
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(complaint.String()))
	}
	return c.read(text)
}

// read takes json1 apart.
func (c checker) read(text []byte) error {
	var answer struct {
		Comments []struct {
			File    string `json:"file"`
			Line    int    `json:"line"`
			Column  int    `json:"column"`
			Level   string `json:"level"`
			Code    int    `json:"code"`
			Message string `json:"message"`
		} `json:"comments"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return fmt.Errorf("read its answer: %w", err)
	}
	for _, one := range answer.Comments {
		var d artifact.Digest
		if err := d.UnmarshalText([]byte(one.File)); err != nil {
			return fmt.Errorf("it speaks of the file %q: %w", one.File, err)
		}
		result, asked := c.results[d]
		if !asked {
			return fmt.Errorf("it speaks of %s, which it was not asked about", one.File)
		}
		result.State = "found"
		if len(result.Findings) < maxComments {
			result.Findings = append(result.Findings, Comment{
				Code: fmt.Sprintf("SC%d", one.Code), Level: one.Level, Message: one.Message, Line: max(one.Line, 1), Column: max(one.Column, 1),
			})
		}
		c.results[d] = result
	}
	return nil
}

// limited keeps the beginning of what is written.
type limited struct {
	buf  *bytes.Buffer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	n := min(len(p), l.left)
	l.buf.Write(p[:n])
	l.left -= n
	return len(p), nil
}
