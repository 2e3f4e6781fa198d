// Package preview evaluates the rules of a change, on facts that the gate measured, in a
// separate process: nothing of the change is trusted, and a rule can be written to never
// end or to take all memory. The process has no environment, so no key; no files and no
// network; and little time and memory. Its answer is data, not a verdict.
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

	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/ruleset"
	"github.com/codexlock/codexlock/internal/schemas"
)

// Command is the argument with which the program is started for a preview.
const Command = "judge-preview"

// The limits of the process. Tests show that they end an endless rule, and one that takes
// all memory.
const (
	MaxTime   = 40 * time.Second // of the whole preview, measuring included
	minCPU    = 10               // seconds of CPU time, at least
	maxCPU    = 30               // and at most
	perSecond = 400              // artifacts for each further second: 2.5 ms each; all rules take 1 to 2 ms
	maxMemory = 1 << 30          // bytes of writable memory; Go reserves more addresses than that at its start
	maxHeap   = 768 << 20        // soft limit of Go's heap
	maxAnswer = 64 << 20         // bytes of its answer
	deadline  = 2 * time.Second  // of one evaluation
)

// maxProblem is the longest error message of the edited rules that is repeated.
const maxProblem = 600

// A Program is this program, which can be started as another process.
type Program struct {
	Path string // of the executable; "": it cannot be started
	Name string // its name when called: one executable can be several programs
}

// A Question is an edited gate to evaluate.
type Question struct {
	Sources []ruleset.Source // of the owner; the process has the embedded ones
	Options policy.Options
}

// An Answer is the decision of an edited gate.
type Answer struct {
	Problem  string            `json:"problem,omitempty"`
	Rules    map[string]string `json:"rules,omitempty"` // as policy.Engine.RuleTexts has them
	Decision decision.Decision `json:"decision"`

	Fault *LoadError `json:"fault,omitempty"` // for Load: why the gate cannot be loaded

	Forms map[schemas.Kind][][]schemas.Problem `json:"forms,omitempty"` // for CheckSchemas: of each document
}

// A problem is the reason why there is no preview, for the report.
type problem struct{ words string }

func (p *problem) Error() string { return p.words }

// Ask starts the process and sends it the question and all facts of the change. An error
// is the reason why there is no preview; it is not an error of the gate.
func (p Program) Ask(ctx context.Context, q Question, change facts.Change) (Answer, error) {
	q.Options.Workers, q.Options.Deadline = 1, deadline // one worker, so that it reads in order
	q.Options.Suppressions.Measured = true
	return p.run(ctx, func(w io.Writer) error { return feed(ctx, w, q, change) })
}

// run starts the process, sends the input, and reads the answer.
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

// read parses the answer. Errors of sending matter only if the answer has no reason.
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

// endedBy describes why the process ended without an answer.
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

// A measureError is a tree that could not be measured with the edited configuration.
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

// measure returns the facts of the i-th artifact, or of the whole change for -1.
func measure(ctx context.Context, change facts.Change, i int) (facts.Measurement, error) {
	if i < 0 {
		return change.Repository(ctx)
	}
	return change.Artifact(ctx, i)
}

// cpu returns the limit of CPU time, in seconds, for a number of artifacts.
func cpu(artifacts int) uint64 { return uint64(min(minCPU+artifacts/perSecond, maxCPU)) }

// question is the encoding of a Question.
type question struct {
	Question
	Artifacts int
	Forms     *SchemaCheck // if set, the only question: validate these
	Load      *Gate        // if set, the only question: load it
}

// limited is a writer that keeps only the first bytes.
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
