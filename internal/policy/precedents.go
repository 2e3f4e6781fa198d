package policy

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Precedents are what the rules answered, by all that they asked to come to it.
// Most artifacts of a change are alike in what a rule asks, and differ in names,
// digests and times that none looks at where there is nothing to report.
//
// An evaluation is a function of what it reads: rules have no clock, no chance and
// no network, and every way into the input is watched. So an artifact that has the
// same answer to every question that an earlier evaluation asked, in its order,
// would have the same evaluation. That is proved for each, not assumed.
type precedents struct {
	mu     sync.RWMutex
	opaque map[string]bool // what every watch hands out as it is; never changed in place
	root   *node
	kept   int
	hits   int
	misses int
}

// A node is one question, and where each answer to it leads; the last one has
// what the rules answered.
type node struct {
	question question
	next     map[answer]*node
	answers  []*ast.Term
}

// Limits on what is kept. Artifacts of more sorts than this have little in
// common; where most are of a sort of their own, watching costs more than it saves.
const (
	maxPrecedents = 512
	minWatched    = 32
)

// find looks for the answers that hold of an input; without any, it says whether
// an evaluation of it is worth watching.
func (p *precedents) find(input ast.Object) (answers []*ast.Term, worthwhile bool) {
	p.mu.RLock()
	objects := append(make([]ast.Object, 0, 16), input)
	at := p.root
	for at != nil && at.answers == nil {
		a, _ := at.question.put(&objects)
		at = at.next[a]
	}
	p.mu.RUnlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	if at != nil {
		p.hits++
		return at.answers, false
	}
	p.misses++
	return nil, p.kept < maxPrecedents && (p.misses <= minWatched || p.hits > p.misses)
}

// watch is a new one for the next evaluation.
func (p *precedents) watch() *watch {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return newWatch(p.opaque)
}

// add remembers what was asked, what was told, and what the rules answered then.
func (p *precedents) add(w *watch, answers []*ast.Term) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.root == nil {
		p.root = newNode(w.asked)
	}
	at := p.root
	for i, q := range w.asked {
		if at.answers != nil || at.question != q {
			return // watched with other objects opaque
		}
		child := at.next[w.told[i]]
		if child == nil {
			child = newNode(w.asked[i+1:])
			at.next[w.told[i]] = child
		}
		at = child
	}
	if at.answers == nil && at.next == nil {
		at.answers = answers
		p.kept++
	}
}

// newNode is the node of the first of several questions, or a last one.
func newNode(asked []question) *node {
	if len(asked) == 0 {
		return &node{}
	}
	return &node{question: asked[0], next: map[answer]*node{}}
}

// conceal makes what a watch saw as a whole opaque to the next ones. What was
// kept was asked otherwise, and is dropped.
func (p *precedents) conceal(w *watch) {
	p.mu.Lock()
	defer p.mu.Unlock()
	opaque := maps.Clone(p.opaque)
	if opaque == nil {
		opaque = map[string]bool{}
	}
	for _, path := range w.met {
		opaque[path] = true
	}
	if len(opaque) > len(p.opaque) {
		p.opaque, p.root, p.kept = opaque, nil, 0
	}
}

// ask asks a query about one input, or finds that the answers are known.
func (e *Engine) ask(ctx context.Context, q *query, input ast.Value, s *stopwatch, stuck func()) ([]*ast.Term, error) {
	object, ok := input.(ast.Object)
	if q.precedents == nil || !ok {
		return e.evaluate(ctx, q, input, s, stuck)
	}
	known, worthwhile := q.precedents.find(object)
	if known != nil {
		return known, nil
	}
	answers, err := e.evaluate(ctx, q, input, s, stuck)
	if err != nil || !worthwhile || len(answers) == 0 {
		return answers, err
	}
	// Once more, watched. It proves nothing where it comes to something else.
	w := q.precedents.watch()
	again, err := e.evaluate(ctx, q, w.over(object), s, stuck)
	switch {
	case err != nil:
		q.precedents.conceal(w)
	case slices.EqualFunc(again, answers, (*ast.Term).Equal):
		q.precedents.add(w, answers)
	}
	return answers, nil
}
