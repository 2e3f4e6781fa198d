package shellcheck

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/lazyregexp"
)

// maxWall is how long one process may take by the clock, where its CPU time is
// limited too: a busy machine is no fault of the script.
const maxWall = 2 * time.Minute

// A process is one run of ShellCheck. It sees no configuration and no environment of
// anybody's; that a script reads another file is not its fault (SC1090, SC1091).
type process struct {
	program, dir string
	cpu          time.Duration // that it may use
	used         time.Duration // that it used
}

// run starts the process and reads what it prints into results. problem says of what
// it needs more than it is given; nothing in results counts then.
func (p *process) run(ctx context.Context, args []string, results map[artifact.Digest]facts.ShellCheck) (problem string, err error) {
	wall := maxWall
	if !limited {
		wall = p.cpu
	}
	within, cancel := context.WithTimeout(ctx, wall)
	defer cancel()
	cmd := exec.CommandContext(within, p.program, args...)
	cmd.Dir, cmd.Env = p.dir, []string{"LC_ALL=C.UTF-8"}
	cmd.WaitDelay = time.Second
	complaint := &beginning{left: 4 << 10}
	cmd.Stderr = complaint
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	if err := limit(cmd.Process.Pid, p.cpu, maxMemory); err != nil {
		cancel()
		return "", errors.Join(fmt.Errorf("limit its memory and time: %w", err), cmd.Wait())
	}
	output := &io.LimitedReader{R: out, N: maxOutput + 1}
	readErr := read(output, results)
	if readErr == nil {
		_, readErr = io.Copy(io.Discard, output)
	}
	tooMuch := output.N == 0
	if tooMuch {
		cancel()
	} else if readErr != nil {
		io.Copy(io.Discard, output) // what it complains of explains more
	}
	err = cmd.Wait()
	p.used = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	var exit *exec.ExitError
	switch ended := err != nil && !(errors.As(err, &exit) && exit.ExitCode() == 1); { // 1: there are comments
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case tooMuch:
		return fmt.Sprintf("ShellCheck prints more than %d MiB", maxOutput>>20), nil
	case within.Err() != nil:
		return fmt.Sprintf("ShellCheck did not end within %s", wall.Round(time.Second)), nil
	case ended && outOfTime(cmd.ProcessState):
		return fmt.Sprintf("ShellCheck needs more than %s of CPU time", p.seconds()), nil
	case ended && complaint.isOf("memory", "heap", "stack overflow"):
		return fmt.Sprintf("ShellCheck needs more than %d MiB of memory", maxMemory>>20), nil
	case ended:
		return "", fmt.Errorf("%w: %s", err, strings.TrimSpace(complaint.buf.String()))
	}
	return "", readErr
}

// seconds is the CPU time that it may use in whole seconds, as the kernel counts it.
func (p *process) seconds() time.Duration {
	return max((p.cpu + time.Second - 1).Truncate(time.Second), time.Second)
}

// read takes json1 apart, one comment at a time: there can be many, and each repeats
// how it can be fixed.
func read(out io.Reader, results map[artifact.Digest]facts.ShellCheck) error {
	d := json.NewDecoder(out)
	for _, want := range []json.Token{json.Delim('{'), "comments", json.Delim('[')} {
		if got, err := d.Token(); err != nil || got != want {
			return fmt.Errorf("read its answer: got %v, want %v (%v)", got, want, err)
		}
	}
	for d.More() {
		var one struct {
			File    string `json:"file"`
			Line    int    `json:"line"`
			Column  int    `json:"column"`
			Level   string `json:"level"`
			Code    int    `json:"code"`
			Message string `json:"message"`
		}
		if err := d.Decode(&one); err != nil {
			return fmt.Errorf("read its answer: %w", err)
		}
		var digest artifact.Digest
		if err := digest.UnmarshalText([]byte(one.File)); err != nil {
			return fmt.Errorf("it speaks of the file %q: %w", one.File, err)
		}
		result, asked := results[digest]
		if !asked {
			return fmt.Errorf("it speaks of %s, which it was not asked about", one.File)
		}
		result.State = "found"
		if len(result.Findings) < maxComments {
			result.Findings = append(result.Findings, facts.ShellCheckComment{
				Code: fmt.Sprintf("SC%d", one.Code), Level: one.Level, Message: one.Message, Line: max(one.Line, 1), Column: max(one.Column, 1),
			})
		}
		results[digest] = result
	}
	for _, want := range []json.Token{json.Delim(']'), json.Delim('}')} {
		if got, err := d.Token(); err != nil || got != want {
			return fmt.Errorf("read its answer: got %v, want %v (%v)", got, want, err)
		}
	}
	return nil
}

// plainAnalysis is the flag that switches off the analysis of the data flow, which
// needs most of the time and memory for a large script; "" before version 0.10.0,
// which has none.
func (c *Checker) plainAnalysis(ctx context.Context, program string) string {
	c.extended.Do(func() {
		ctx, cancel := context.WithTimeout(ctx, maxCPU)
		defer cancel()
		cmd := exec.CommandContext(ctx, program, "--version")
		cmd.Env, cmd.WaitDelay = []string{"LC_ALL=C.UTF-8"}, time.Second
		text := &beginning{left: 4 << 10}
		cmd.Stdout = text
		if cmd.Run() != nil {
			return // then checking fails too, and says why
		}
		v := version.FindSubmatch(text.buf.Bytes())
		if v == nil {
			return
		}
		major, _ := strconv.Atoi(string(v[1])) // digits, as the pattern says
		minor, _ := strconv.Atoi(string(v[2]))
		if major > 0 || minor >= 10 {
			c.flag = "--extended-analysis=false"
		}
	})
	return c.flag
}

// version is a line of what shellcheck --version prints.
var version = lazyregexp.New(`(?m)^version: (\d{1,4})\.(\d{1,4})\b`)

// beginning keeps the beginning of what is written.
type beginning struct {
	buf  bytes.Buffer
	left int
}

func (b *beginning) Write(p []byte) (int, error) {
	n := min(len(p), b.left)
	b.buf.Write(p[:n])
	b.left -= n
	return len(p), nil
}

// isOf reports whether any of the words stands in what was written.
func (b *beginning) isOf(words ...string) bool {
	text := strings.ToLower(b.buf.String())
	for _, w := range words {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}
