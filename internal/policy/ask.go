package policy

import (
	"context"
	"slices"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/codexlock/codexlock/internal/evalcache"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/ruleset"
)

// ask answers a query for one subject: from its cache, and otherwise with OPA.
func (e *Engine) ask(ctx context.Context, q *query, in *facts.Input, s *stopwatch, stuck func()) ([]*ast.Term, error) {
	if q.cache == nil {
		input, err := factsValue(in)
		if err != nil {
			return nil, err
		}
		return e.evaluate(ctx, q, input, s, stuck)
	}
	r := inputShape().Read(in)
	defer r.Close()
	answers, missing := q.cache.Find(r)
	if len(missing) == 0 {
		return answers, nil
	}
	input, err := factsValue(in)
	if err != nil {
		return nil, err
	}
	part := q.part(e, missing)
	found, err := e.evaluate(ctx, part, input, s, stuck)
	if err != nil {
		return nil, err
	}
	part.fill(q, answers, found)
	if object, ok := input.(ast.Object); ok && q.repeats {
		for _, rule := range missing {
			e.learn(ctx, q, lesson{rule, len(missing), r, object, answers}, s, stuck)
		}
	}
	return answers, nil
}

// WithoutCache has every rule evaluated about every subject: nothing is known in advance,
// and nothing is kept. Tests hold the answers of the caches to those.
func (e *Engine) WithoutCache() {
	e.artifact.cache, e.repository.cache, e.exceptions.cache = nil, nil, nil
}

// A lesson is a rule that had to be evaluated for a subject.
type lesson struct {
	rule    int // of the query's rules
	missing int // how many of them had to be
	facts   *evalcache.Reading
	input   ast.Object
	answers []*ast.Term // of all rules
}

// learn evaluates a rule again, traced, and caches its answer for similar subjects. If that
// fails or gives another answer, nothing is cached. It has its own stopwatch, so that its
// timeout does not end the run.
func (e *Engine) learn(ctx context.Context, q *query, l lesson, s *stopwatch, stuck func()) {
	t := q.cache.Trace(l.rule, l.missing)
	if t == nil {
		return
	}
	own := newStopwatch(s.deadline, s.grace)
	defer context.AfterFunc(ctx, func() { own.stop(false) })()
	one := q.part(e, []int{l.rule})
	again, err := e.evaluate(ctx, one, t.Over(l.input), own, stuck, rego.EvalQueryTracer(t))
	if err != nil {
		q.cache.StopTracing(l.rule, t)
		return
	}
	var before []*ast.Term
	for i := range q.slots {
		if q.slots[i].Rule == q.rules[l.rule] {
			before = append(before, l.answers[i])
		}
	}
	if len(one.slots) == len(before) && slices.EqualFunc(again, before, (*ast.Term).Equal) {
		q.cache.Keep(l.rule, l.facts, t, before)
	}
}

// maxParts is the number of subsets of rules for which a query is prepared.
const maxParts = 256

// queryParts are the queries for subsets of a query's rules.
type queryParts struct {
	mu sync.Mutex
	of map[string]*query
}

// part returns a query for some of the rules, or the query itself if there are too many
// subsets.
func (q *query) part(e *Engine, rules []int) *query {
	if len(rules) == len(q.rules) {
		return q
	}
	key := make([]byte, 0, 2*len(rules))
	for _, i := range rules {
		key = append(key, byte(i>>8), byte(i))
	}
	q.parts.mu.Lock()
	defer q.parts.mu.Unlock()
	if part, ok := q.parts.of[string(key)]; ok {
		return part
	}
	if len(q.parts.of) >= maxParts && len(rules) > 1 {
		return q
	}
	some := make([]*ruleset.Rule, len(rules))
	for i, at := range rules {
		some[i] = q.rules[at]
	}
	part := newQuery(some, &e.partial)
	if q.parts.of == nil {
		q.parts.of = map[string]*query{}
	}
	q.parts.of[string(key)] = part
	return part
}

// fill puts what a part of a query found into the places of the query that have no
// answer yet. Both have their rules in the same order.
func (part *query) fill(q *query, answers, found []*ast.Term) {
	at := 0
	for i := range answers {
		if at == len(part.slots) || part.slots[at] != q.slots[i] {
			continue
		}
		if answers[i] == nil {
			answers[i] = found[at]
		}
		at++
	}
}
