package policy

import (
	"context"
	"fmt"
	"time"

	"github.com/codexlock/codexlock/internal/facts"
)

// Complete measures what is left of an artifact once the rules have said whether it is
// attested. Decide does so itself; this is for who looks at facts. The errors are those
// of Decide. A deadline of 0 is DefaultDeadline.
func (e *Engine) Complete(ctx context.Context, m facts.Measurement, deadline time.Duration) (facts.Measurement, error) {
	if m.Second == nil {
		return m, nil
	}
	if deadline <= 0 {
		deadline = DefaultDeadline
	}
	r := &run{engine: e, options: Options{Deadline: deadline}, failed: make(chan error, 1)}
	err := r.all(ctx, 1, func(ctx context.Context) {
		s := newStopwatch(deadline, e.grace)
		defer context.AfterFunc(ctx, func() { s.stop(false) })()
		in, err := r.second(ctx, &m, s)
		if err != nil {
			r.fail(1, err)
			return
		}
		m.Input, m.Second = in, nil
	})
	return m, err
}

// second runs the second phase of measuring an artifact. A panic there is an error.
func (r *run) second(ctx context.Context, m *facts.Measurement, s *stopwatch) (in facts.Input, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("measure %s: panicked: %v", m.Input.Artifact.Path, p)
		}
	}()
	judge := func(ctx context.Context, m *facts.Measurement) (bool, error) { return r.attested(ctx, m, s) }
	attested, err := judge(ctx, m)
	if err != nil {
		return facts.Input{}, err
	}
	return m.Second(ctx, attested, judge)
}

// attested reports whether no rule denies an artifact for not being attested as it is.
// Exceptions, baselines and dates from when on a rule denies change nothing of that.
func (r *run) attested(ctx context.Context, m *facts.Measurement, s *stopwatch) (bool, error) {
	q := r.engine.artifact
	answers, err := r.answers(ctx, q, m.Input.Artifact.Path, m, s)
	if err != nil {
		return false, err
	}
	for at, answer := range answers {
		if slot := q.slots[at]; slot.severity != Deny || !slot.rule.Kind.Unattested() {
			continue
		}
		all, err := shape(q.slots[at], answer)
		if err != nil || len(all) > 0 {
			return false, err
		}
	}
	return true, nil
}
