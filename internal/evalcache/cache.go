// Package evalcache caches evaluations by what they read. A value of a Go type is the input of
// Rego rules; a question is one read of it. An evaluation is traced, and its answers are found
// again for every value that answers the same questions alike.
package evalcache

import (
	"sync"
	"sync/atomic"

	"github.com/open-policy-agent/opa/v1/ast"
)

// A Cache caches the answers of rules by all facts that they read. Most artifacts of
// a change are equal in the facts that a rule reads, and differ in names, digests and times
// that no rule reads without a finding.
//
// An evaluation is a function of the facts that it reads: rules have no clock, no randomness
// and no network, and every read of the input is traced. So a subject with the same answer
// to every question of an earlier evaluation, in its order, would have the same evaluation.
// That is checked for each subject, not assumed.
//
// Each rule has its own tree, so that a subject with a finding is evaluated only by the rule
// that finds it. The questions of all rules for subjects without an evaluation form another
// tree, which is followed first and reads each fact once.
type Cache struct {
	shape  *Shape
	mu     sync.RWMutex
	rules  []*tree // one a rule of the query, in its order
	whole  tree
	leaves int
	bytes  int // of the answers' text
	misses int // subjects that some rule had to be evaluated about
}

// A tree is a tree of questions; its leaves have the answers of the rules.
type tree struct {
	slots    int // how many answers there are at a leaf
	root     *node
	untraced map[*Fact]bool // what traces hand out as it is; never changed in place
	tried    int            // number of added leaves
	useful   atomic.Int64   // number of leaves that were used
	misses   int
}

// A node is one question, with the next node for each answer. A leaf has the answers of
// rules instead of a question.
type node struct {
	question Question
	first    Answer // the answer that was met first, and where it leads
	then     *node
	others   map[Answer]*node
	answers  []*ast.Term
	used     atomic.Bool
}

// Limits on what is kept, of all rules of a query together. Subjects of more sorts
// than this have little in common.
const (
	maxLeaves     = 4096
	maxCacheBytes = 8 << 20
)

// After this many cached answers without use, only one of so many misses is cached.
const (
	maxVain   = 16
	retryEach = 64
)

// New returns an empty cache of questions to values of a shape. slots has an entry for each
// rule: how many answers an evaluation of it has.
func New(shape *Shape, slots []int) *Cache {
	c := &Cache{shape: shape, rules: make([]*tree, len(slots))}
	for i, n := range slots {
		c.rules[i] = &tree{slots: n}
		c.whole.slots += n
	}
	return c
}

// Len is the number of cached evaluations.
func (c *Cache) Len() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.leaves
}

// Find returns what the rules answer about a subject, by slot, and the rules of which
// that is not known. Their slots are nil.
func (c *Cache) Find(r *Reading) (answers []*ast.Term, missing []int) {
	c.mu.RLock()
	if answers = c.whole.find(r); answers != nil {
		c.mu.RUnlock()
		return answers, nil
	}
	answers = make([]*ast.Term, 0, c.whole.slots)
	for i, t := range c.rules {
		known := t.find(r)
		if known == nil {
			missing = append(missing, i)
			known = make([]*ast.Term, t.slots)
		}
		answers = append(answers, known...)
	}
	c.mu.RUnlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(missing) > 0 {
		c.misses++
	} else if c.worthwhile(&c.whole) {
		c.add(&c.whole, r, r.asked, answers)
	}
	return answers, missing
}

// Trace returns how to trace an evaluation of a rule that had to be evaluated; nil where
// that is not worthwhile. The more rules had to be, the later it begins: a change
// of a few artifacts ends before.
func (c *Cache) Trace(rule, missing int) *Trace {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t := c.rules[rule]; c.misses*maxVain >= missing && c.worthwhile(t) {
		return NewTrace(c.shape, t.untraced)
	}
	return nil
}

// worthwhile reports whether what a tree does not know should be added to it.
func (c *Cache) worthwhile(t *tree) bool {
	t.misses++
	return c.leaves < maxLeaves && c.bytes < maxCacheBytes &&
		(t.tried-int(t.useful.Load()) < maxVain || t.misses%retryEach == 0)
}

// Keep adds a rule's traced evaluation.
func (c *Cache) Keep(rule int, r *Reading, t *Trace, answers []*ast.Term) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.Holds(r) {
		c.add(c.rules[rule], r, t.Asked, answers)
	} else {
		c.rules[rule].tried++
	}
}

// StopTracing makes what a failed trace saw as a whole untraced in the next ones of
// the rule. What was kept was asked otherwise, and is dropped.
func (c *Cache) StopTracing(rule int, t *Trace) {
	c.mu.Lock()
	defer c.mu.Unlock()
	of := c.rules[rule]
	of.tried++
	untraced := map[*Fact]bool{}
	for f := range of.untraced {
		untraced[f] = true
	}
	for _, f := range t.Wholes {
		untraced[f] = true
	}
	if len(untraced) > len(of.untraced) {
		of.untraced, of.root = untraced, nil
	}
}

func (c *Cache) add(t *tree, r *Reading, asked []Question, answers []*ast.Term) {
	t.tried++
	c.leaves++
	c.bytes += t.add(r, asked, answers)
}

// find follows the tree to the answers that hold of a subject; nil where it is of
// a sort that is not known.
func (t *tree) find(r *Reading) []*ast.Term {
	at := t.root
	for at != nil && at.answers == nil {
		at = at.to(r.Ask(at.question))
	}
	if at == nil {
		return nil
	}
	if !at.used.Load() && at.used.CompareAndSwap(false, true) {
		t.useful.Add(1)
	}
	return at.answers
}

// add puts answers where a subject's facts lead to, and returns how many bytes of
// text that takes. It adds nothing where the tree asks other questions.
func (t *tree) add(r *Reading, asked []Question, answers []*ast.Term) (bytes int) {
	if t.root == nil {
		t.root = newNode(asked)
	}
	at := t.root
	for i, q := range asked {
		if at.answers != nil || at.question != q {
			return bytes
		}
		a := r.Ask(q)
		next := at.to(a)
		if next == nil {
			next = newNode(asked[i+1:])
			at.lead(a, next)
			bytes += len(a.Text)
		}
		at = next
	}
	if at.question.Fact == nil && at.answers == nil {
		at.answers = answers
	}
	return bytes
}

// newNode is the node of the first of several questions, or a leaf.
func newNode(asked []Question) *node {
	if len(asked) == 0 {
		return &node{}
	}
	return &node{question: asked[0]}
}

func (n *node) to(a Answer) *node {
	if a == n.first {
		return n.then
	}
	return n.others[a]
}

func (n *node) lead(a Answer, to *node) {
	switch {
	case n.then == nil:
		n.first, n.then = a, to
	case n.others == nil:
		n.others = map[Answer]*node{a: to}
	default:
		n.others[a] = to
	}
}
