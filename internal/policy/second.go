package policy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/ruleset"
)

// Complete measures what is left of an artifact once the rules have said whether a renewed
// record counts and whether the artifact is attested. Decide does so itself; this is for
// who looks at facts. The errors are those of Decide. A deadline of 0 is DefaultDeadline.
func (e *Engine) Complete(ctx context.Context, m facts.Measurement, deadline time.Duration) (facts.Measurement, error) {
	if m.Complete() {
		return m, nil
	}
	if deadline <= 0 {
		deadline = DefaultDeadline
	}
	r := &run{engine: e, options: Options{Deadline: deadline}, failed: make(chan error, 1)}
	err := r.all(ctx, 1, func(ctx context.Context) {
		s := newStopwatch(deadline, e.grace)
		defer context.AfterFunc(ctx, func() { s.stop(false) })()
		if _, err := r.record(ctx, &m, s); err != nil {
			r.fail(1, err)
			return
		}
		if m.Second == nil {
			return
		}
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

// recordAreas are the areas of the rules about records. A renewed record counts only where
// they find nothing in it that they do not find in the record in the tree: it may make an
// artifact pass, and never fail.
var recordAreas = []string{"vaulttime", "trust", "chain"}

// isAboutRecords reports whether a rule belongs to one of the areas about records.
func isAboutRecords(code string) bool {
	area, _, _ := strings.Cut(code, ".")
	return slices.Contains(recordAreas, area)
}

// record decides which record an artifact is measured by: the renewed one, or the one in the
// tree. It returns what the rules answer, if it asked them.
func (r *run) record(ctx context.Context, m *facts.Measurement, s *stopwatch) (answers []*ast.Term, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("measure %s: panicked: %v", m.Input.Artifact.Path, p)
		}
	}()
	if m.Instead == nil {
		return nil, nil
	}
	inTree := m.Instead
	m.Instead = nil
	q := r.engine.artifact
	if answers, err = r.answers(ctx, q, m.Input.Artifact.Path, m, s); err != nil {
		return nil, err
	}
	found, err := q.aboutRecords(answers)
	if err != nil || len(found) == 0 {
		return answers, err
	}
	other, err := inTree()
	if err != nil {
		return nil, err
	}
	otherAnswers, err := r.answers(ctx, q, m.Input.Artifact.Path, &other, s)
	if err != nil {
		return nil, err
	}
	otherFound, err := q.aboutRecords(otherAnswers)
	for _, f := range found {
		if !slices.Contains(otherFound, f) {
			*m, answers = other, otherAnswers
			break
		}
	}
	return answers, err
}

// aboutRecords is what the rules about records found.
func (q *query) aboutRecords(answers []*ast.Term) (all []ruleset.Member, err error) {
	for at, answer := range answers {
		if !isAboutRecords(q.slots[at].Rule.Code) {
			continue
		}
		found, err := ruleset.Members(q.slots[at], answer)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// attested reports whether no rule denies an artifact for not being attested as it is.
// Exceptions, baselines and dates from when on a rule denies change nothing of that.
func (r *run) attested(ctx context.Context, m *facts.Measurement, s *stopwatch) (bool, error) {
	q := r.engine.artifact
	answers, err := r.record(ctx, m, s)
	if err == nil && answers == nil {
		answers, err = r.answers(ctx, q, m.Input.Artifact.Path, m, s)
	}
	if err != nil {
		return false, err
	}
	for at, answer := range answers {
		if slot := q.slots[at]; slot.Severity != decision.Deny || !slot.Rule.Kind.Unattested() {
			continue
		}
		all, err := ruleset.Members(q.slots[at], answer)
		if err != nil || len(all) > 0 {
			return false, err
		}
	}
	return true, nil
}
