package policy

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/ruleset"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// DefaultDeadline is the time limit of one evaluation: all rules for one artifact, which
// usually take less than a thousandth of it.
const DefaultDeadline = 10 * time.Second

// grace is the time after the deadline in which an evaluation must stop. Otherwise it is
// abandoned: some built-ins cannot be cancelled.
const grace = 2 * time.Second

// errDeadline is an evaluation that took too long.
var errDeadline = errors.New("did not end within its deadline")

// A stopwatch limits one worker's evaluations: it cancels an evaluation at its deadline, and
// calls stuck if that has no effect.
type stopwatch struct {
	deadline time.Duration
	grace    time.Duration
	cancel   topdown.Cancel

	mu      sync.Mutex
	stuck   func() // what to do where an evaluation does not heed the cancel
	running bool
	expired bool
	gave    bool // the grace has begun
	timer   *time.Timer
	last    *time.Timer
}

func newStopwatch(deadline, grace time.Duration) *stopwatch {
	s := &stopwatch{deadline: deadline, grace: grace, cancel: topdown.NewCancel()}
	s.timer = time.AfterFunc(deadline, func() { s.stop(true) })
	s.timer.Stop()
	return s
}

func (s *stopwatch) begin(stuck func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running, s.stuck = true, stuck
	s.timer.Reset(s.deadline)
}

func (s *stopwatch) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = false
	s.timer.Stop()
	if s.last != nil {
		s.last.Stop()
	}
}

// stop ends the running evaluation and every later one.
func (s *stopwatch) stop(expired bool) {
	s.cancel.Cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.running || s.gave {
		return
	}
	s.expired, s.gave = expired, true
	s.last = time.AfterFunc(s.grace, func() {
		s.mu.Lock()
		stuck, running := s.stuck, s.running
		s.mu.Unlock()
		if running {
			stuck()
		}
	})
}

func (s *stopwatch) hasExpired() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.expired
}

// evaluate evaluates a query for one input. A panic is an error, so that no rule can end the
// program.
func (e *Engine) evaluate(ctx context.Context, q *query, input ast.Value, s *stopwatch, stuck func(), more ...rego.EvalOption) (answers []*ast.Term, err error) {
	if len(q.slots) == 0 {
		return nil, nil
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("evaluation panicked: %v", p)
		}
	}()
	if err := e.prepare(ctx, q); err != nil {
		return nil, err
	}
	q.counted.Add(1)
	s.begin(stuck)
	defer s.end()
	options := append([]rego.EvalOption{rego.EvalParsedInput(input), rego.EvalExternalCancel(s.cancel)}, more...)
	results, err := q.prepared.Eval(ctx, options...)
	if err != nil {
		if s.hasExpired() {
			return nil, errDeadline
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, err
	}
	return answersOf(q, results)
}

// answersOf splits a query's array of answers.
func answersOf(q *query, results rego.ResultSet) ([]*ast.Term, error) {
	if len(results) != 1 || len(results[0].Expressions) != 1 {
		return nil, errNoAnswer
	}
	term, ok := results[0].Expressions[0].Value.(*ast.Term)
	if !ok {
		return nil, errNoAnswer
	}
	array, ok := term.Value.(*ast.Array)
	if !ok || array.Len() != len(q.slots) {
		return nil, errNoAnswer
	}
	answers := make([]*ast.Term, 0, len(q.slots))
	array.Foreach(func(t *ast.Term) { answers = append(answers, t) })
	return answers, nil
}

// errNoAnswer is a rule that is undefined.
var errNoAnswer = errors.New("gave no answer")

// blame finds the rule of a failed evaluation by evaluating the rules one by one. It compiles
// nothing before that.
func (e *Engine) blame(ctx context.Context, q *query, in *facts.Input, subject string, cause error, deadline time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.Is(cause, errDeadline) {
		// The culprit alone used up the whole deadline, or nearly; all
		// the others together need a small part of a tenth.
		deadline /= 10
	}
	for _, r := range q.rules {
		if err := e.alone(ctx, r, in, deadline); err != nil {
			return ruleError(r, subject, err)
		}
	}
	return &ruleset.Error{
		Message: fmt.Sprintf("evaluate the rules about %q: %v; each rule alone ends well", subject, cause),
		Next:    "ask for less in one rule, or use fewer rules", Cause: cause,
	}
}

// alone evaluates one rule, and waits no longer than deadline and grace. It converts the
// input again, because an abandoned evaluation may still use the other one.
func (e *Engine) alone(ctx context.Context, r *ruleset.Rule, in *facts.Input, deadline time.Duration) error {
	q := newQuery([]*ruleset.Rule{r}, &e.partial)
	input, err := factsValue(in)
	if err != nil {
		return err
	}
	s := newStopwatch(deadline, e.grace)
	defer context.AfterFunc(ctx, func() { s.stop(false) })()
	done := make(chan error, 2)
	go func() {
		_, err := e.evaluate(ctx, q, input, s, func() { done <- errDeadline })
		done <- err
	}()
	return <-done
}

// ruleError returns the error of a rule for a subject, with OPA's position or that of the
// rule.
func ruleError(r *ruleset.Rule, subject string, err error) error {
	fault := ruleset.ErrorAt(r.At(), "make the rule answer whatever its input is", "rule %s about %q: %v", r.Code, subject, err)
	fault.Cause = err
	var told *topdown.Error
	switch {
	case errors.Is(err, errDeadline):
		fault.Next = "bound what the rule walks over; it must end for every input"
	case errors.As(err, &told):
		fault.Message = fmt.Sprintf("rule %s about %q: %s: %s", r.Code, subject, told.Code, told.Message)
		if told.Location != nil && told.Location.File != "" {
			fault.File, fault.Line, fault.Column = told.Location.File, told.Location.Row, told.Location.Col
		}
	}
	return fault
}
