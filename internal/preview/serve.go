package preview

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"

	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/ruleset"
	"github.com/codexlock/codexlock/policies"
)

// Serve runs the process: it reads a question, sets the limits, and writes the answer. Its
// error is the writer's.
func Serve(ctx context.Context, in io.Reader, out io.Writer) error {
	a, err := answer(ctx, bufio.NewReaderSize(in, 1<<20))
	if err != nil {
		a = Answer{Problem: clipped(err.Error())}
	}
	w := bufio.NewWriter(out)
	if err := json.NewEncoder(w).Encode(a); err != nil {
		return err
	}
	return w.Flush()
}

func answer(ctx context.Context, in io.Reader) (Answer, error) {
	d := json.NewDecoder(in)
	var q question
	if err := d.Decode(&q); err != nil {
		return Answer{}, fmt.Errorf("read the question: %w", err)
	}
	if err := limit(cpu(q.Artifacts)); err != nil {
		return Answer{}, fmt.Errorf("the process cannot be limited: %w", err)
	}
	// The process is short-lived: collecting garbage rarely saves time.
	debug.SetGCPercent(400)
	debug.SetMemoryLimit(maxHeap)
	if q.Forms != nil {
		found, err := checkSchemas(q.Forms)
		return Answer{Forms: found}, err
	}
	if q.Load != nil {
		fault, err := load(ctx, q.Load)
		return Answer{Fault: fault}, err
	}
	embedded, err := ruleset.Embedded(policies.FS)
	if err != nil {
		return Answer{}, err
	}
	sources := append([]ruleset.Source{embedded}, q.Sources...)
	engine, err := policy.New(ctx, sources)
	if err != nil {
		return Answer{}, fmt.Errorf("the edited policies do not compile: %w", err)
	}
	decided, err := engine.Decide(ctx, &stream{d: d, n: q.Artifacts}, q.Options)
	if err != nil {
		return Answer{}, fmt.Errorf("the edited policies do not answer: %w", err)
	}
	for i := range decided.Findings { // text of the change, which the preview does not print
		f := &decided.Findings[i]
		f.Message, f.Fix, f.Suppression = "", "", nil
	}
	return Answer{Rules: engine.RuleTexts(sources), Decision: decided}, nil
}

// A stream is a change whose facts are read from the input one at a time, by one worker
// and in order.
type stream struct {
	d       *json.Decoder
	n, next int
}

// Len returns the number of artifacts.
func (s *stream) Len() int { return s.n }

// Repository returns the facts of the change, the first document.
func (s *stream) Repository(context.Context) (facts.Measurement, error) { return s.document() }

// Artifact returns the facts of the next artifact; calls must be in order.
func (s *stream) Artifact(_ context.Context, i int) (facts.Measurement, error) {
	if i != s.next {
		return facts.Measurement{}, fmt.Errorf("artifact %d is asked for, and %d comes next", i, s.next)
	}
	s.next++
	return s.document()
}

func (s *stream) document() (facts.Measurement, error) {
	var m facts.Measurement
	err := s.d.Decode(&m.Input)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return m, fmt.Errorf("read the facts: %w", err)
	}
	return m, nil
}
