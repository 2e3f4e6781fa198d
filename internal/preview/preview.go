// Package preview asks rules that a change brings about facts that were measured
// already, in a process of its own: nothing of the change is believed, and a rule
// can be written to never end or to take all memory there is. The process has no
// environment, so no key; no file and no network; and little time and memory.
// What it answers is data, and no verdict.
package preview

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/schemas"
)

// Command is the argument with which the program is started for a preview.
const Command = "judge-preview"

// What the process may use up. An endless rule, and one that takes all memory,
// are seen to end by these in the tests.
const (
	MaxTime   = 40 * time.Second // of the whole preview, measuring included
	minCPU    = 10               // seconds of CPU time that it has in any case
	maxCPU    = 30               // and at most
	perSecond = 400              // artifacts for which it has another: 2.5 ms each, where all rules take 1 to 2
	maxMemory = 1 << 30          // bytes that can be written to; Go reserves more addresses than that at its start
	maxHeap   = 768 << 20        // what Go tries to stay below
	maxAnswer = 64 << 20         // bytes of its answer
	deadline  = 2 * time.Second  // of one evaluation
)

// maxProblem bounds what is repeated of an error that the edited rules make.
const maxProblem = 600

// A Program is ourselves, as a process that can be started once more.
type Program struct {
	Path string // of the executable; "": it cannot be started
	Name string // as what it was called: one executable may be several programs
}

// A Question is what an edited gate is.
type Question struct {
	Sources []policy.Source // the owner's; the embedded ones are the process's own
	Options policy.Options
}

// An Answer is what it decides.
type Answer struct {
	Problem  string            `json:"problem,omitempty"`
	Rules    map[string]string `json:"rules,omitempty"` // as policy.RuleTexts has them
	Decision policy.Decision   `json:"decision"`

	Fault *Fault `json:"fault,omitempty"` // where a gate was to be loaded, and cannot be

	Forms map[schemas.Kind][][]schemas.Problem `json:"forms,omitempty"` // of each document, where it was asked that
}

// A problem is a preview that there is none of, in words for the report.
type problem struct{ words string }

func (p *problem) Error() string { return p.words }

// Ask starts the process and gives it the question and everything that was
// measured. An error says why there is no preview; it is no error of the gate.
func (p Program) Ask(ctx context.Context, q Question, change facts.Change) (Answer, error) {
	q.Options.Workers, q.Options.Deadline = 1, deadline // one, so that it reads in order
	q.Options.Measured = true
	return p.run(ctx, func(w io.Writer) error { return feed(ctx, w, q, change) })
}

// run starts the process, feeds it, and reads what it answers.
func (p Program) run(ctx context.Context, feed func(io.Writer) error) (Answer, error) {
	if p.Path == "" {
		return Answer{}, &problem{"this program cannot start itself once more"}
	}
	cmd := exec.CommandContext(ctx, p.Path, Command)
	cmd.Args[0], cmd.Dir, cmd.Env = p.Name, "/", []string{}
	cmd.WaitDelay = time.Second
	out, complaint := &limited{most: maxAnswer}, &limited{most: 4 << 10}
	cmd.Stdout, cmd.Stderr = out, complaint
	in, err := cmd.StdinPipe()
	if err != nil {
		return Answer{}, err
	}
	if err := cmd.Start(); err != nil {
		return Answer{}, fmt.Errorf("start the process: %w", err)
	}
	fed := feed(in)
	err = in.Close()
	ended := cmd.Wait()
	var measured *measureError
	switch {
	case ctx.Err() != nil:
		return Answer{}, &problem{fmt.Sprintf("it did not end within %s", MaxTime)}
	case errors.As(fed, &measured):
		return Answer{}, measured
	case ended != nil:
		return Answer{}, &problem{endedBy(cmd, complaint.String(), ended)}
	case out.over:
		return Answer{}, &problem{fmt.Sprintf("it answers with more than %d bytes", maxAnswer)}
	}
	return read(out.Bytes(), fed, err)
}

// read takes the answer apart. What the process did not take in matters only
// where it did not say why.
func read(text []byte, faults ...error) (Answer, error) {
	var a Answer
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&a); err != nil {
		return Answer{}, errors.Join(append(faults, fmt.Errorf("read its answer: %w", err))...)
	}
	if a.Problem != "" {
		return Answer{}, &problem{a.Problem}
	}
	return a, errors.Join(faults...)
}

// endedBy says why the process is gone without an answer.
func endedBy(cmd *exec.Cmd, complaint string, ended error) string {
	used := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	switch {
	case used >= (minCPU-2)*time.Second: // the kernel counts a little differently
		return fmt.Sprintf("it used up its %s of CPU time", used.Round(time.Second))
	case strings.Contains(complaint, "out of memory") || strings.Contains(complaint, "cannot allocate memory"):
		return fmt.Sprintf("it used up its %d MiB of memory", maxMemory>>20)
	}
	first, _, _ := strings.Cut(complaint, "\n")
	return fmt.Sprintf("it ended without an answer: %v: %s", ended, first)
}

// A measureError is a tree that could not be measured as the edited gate asks.
type measureError struct{ err error }

func (e *measureError) Error() string { return e.err.Error() }
func (e *measureError) Unwrap() error { return e.err }

// feed writes the question, then the facts, one document a line.
func feed(ctx context.Context, w io.Writer, q Question, change facts.Change) error {
	e := json.NewEncoder(w)
	if err := e.Encode(question{Question: q, Artifacts: change.Len()}); err != nil {
		return err
	}
	for i := -1; i < change.Len(); i++ {
		m, err := measure(ctx, change, i)
		if err != nil {
			return &measureError{err}
		}
		if err := e.Encode(&m.Input); err != nil {
			return err
		}
	}
	return nil
}

// measure is the i-th artifact, and before all of them the change as a whole.
func measure(ctx context.Context, change facts.Change, i int) (facts.Measurement, error) {
	if i < 0 {
		return change.Repository(ctx)
	}
	return change.Artifact(ctx, i)
}

// cpu is how many seconds of CPU time a tree of so many artifacts is judged in.
func cpu(artifacts int) uint64 { return uint64(min(minCPU+artifacts/perSecond, maxCPU)) }

// question is a Question as it is sent.
type question struct {
	Question
	Artifacts int
	Forms     *Forms // it is these that are asked about, and nothing else
	Load      *Gate  // it is to be loaded, and nothing else
}

// limited keeps the beginning of what is written.
type limited struct {
	bytes.Buffer
	most int
	over bool
}

func (l *limited) Write(p []byte) (int, error) {
	keep := min(len(p), l.most-l.Len())
	l.over = l.over || keep < len(p)
	l.Buffer.Write(p[:keep])
	return len(p), nil
}
