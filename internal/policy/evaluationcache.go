package policy

import (
	"sync"
	"sync/atomic"

	"github.com/open-policy-agent/opa/v1/ast"
)

// An evaluationCache caches the answers of rules by all facts that they read. Most artifacts of
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
type evaluationCache struct {
	mu     sync.RWMutex
	rules  []*cacheTree // one a rule of the query, in its order
	whole  cacheTree
	leaves int
	bytes  int // of the answers' text
	misses int // subjects that some rule had to be evaluated about
}

// A cacheTree is a tree of questions; its leaves have the answers of the rules.
type cacheTree struct {
	slots    int // how many answers there are at a leaf
	root     *cacheNode
	untraced map[*fact]bool // what traces hand out as it is; never changed in place
	tried    int            // number of added leaves
	useful   atomic.Int64   // number of leaves that were used
	misses   int
}

// A cacheNode is one question, with the next node for each answer. A leaf has the answers of
// rules instead of a question.
type cacheNode struct {
	question question
	first    answer // the answer that was met first, and where it leads
	then     *cacheNode
	others   map[answer]*cacheNode
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

func newEvaluationCache(rules []*rule) *evaluationCache {
	c := &evaluationCache{rules: make([]*cacheTree, len(rules))}
	for i, r := range rules {
		c.rules[i] = &cacheTree{slots: len(r.sets)}
		c.whole.slots += len(r.sets)
	}
	return c
}

// find is what the rules answer about a subject, by slot, and the rules of which
// that is not known. Their slots are nil.
func (c *evaluationCache) find(r *reading) (answers []*ast.Term, missing []int) {
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

// trace is how to trace an evaluation of a rule that had to be evaluated; nil where
// that is not worthwhile. The more rules had to be, the later it begins: a change
// of a few artifacts ends before.
func (c *evaluationCache) trace(rule, missing int) *trace {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t := c.rules[rule]; c.misses*maxVain >= missing && c.worthwhile(t) {
		return newTrace(t.untraced)
	}
	return nil
}

// worthwhile reports whether what a tree does not know should be added to it.
func (c *evaluationCache) worthwhile(t *cacheTree) bool {
	t.misses++
	return c.leaves < maxLeaves && c.bytes < maxCacheBytes &&
		(t.tried-int(t.useful.Load()) < maxVain || t.misses%retryEach == 0)
}

// keep adds a rule's traced evaluation.
func (c *evaluationCache) keep(rule int, r *reading, t *trace, answers []*ast.Term) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.holds(r) {
		c.add(c.rules[rule], r, t.asked, answers)
	} else {
		c.rules[rule].tried++
	}
}

// stopTracing makes what a failed trace saw as a whole untraced in the next ones of
// the rule. What was kept was asked otherwise, and is dropped.
func (c *evaluationCache) stopTracing(rule int, t *trace) {
	c.mu.Lock()
	defer c.mu.Unlock()
	tree := c.rules[rule]
	tree.tried++
	untraced := map[*fact]bool{}
	for f := range tree.untraced {
		untraced[f] = true
	}
	for _, f := range t.wholes {
		untraced[f] = true
	}
	if len(untraced) > len(tree.untraced) {
		tree.untraced, tree.root = untraced, nil
	}
}

func (c *evaluationCache) add(t *cacheTree, r *reading, asked []question, answers []*ast.Term) {
	t.tried++
	c.leaves++
	c.bytes += t.add(r, asked, answers)
}

// find follows the tree to the answers that hold of a subject; nil where it is of
// a sort that is not known.
func (t *cacheTree) find(r *reading) []*ast.Term {
	at := t.root
	for at != nil && at.answers == nil {
		at = at.to(r.ask(at.question))
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
func (t *cacheTree) add(r *reading, asked []question, answers []*ast.Term) (bytes int) {
	if t.root == nil {
		t.root = newCacheNode(asked)
	}
	at := t.root
	for i, q := range asked {
		if at.answers != nil || at.question != q {
			return bytes
		}
		a := r.ask(q)
		next := at.to(a)
		if next == nil {
			next = newCacheNode(asked[i+1:])
			at.lead(a, next)
			bytes += len(a.text)
		}
		at = next
	}
	if at.question.fact == nil && at.answers == nil {
		at.answers = answers
	}
	return bytes
}

// newCacheNode is the node of the first of several questions, or a leaf.
func newCacheNode(asked []question) *cacheNode {
	if len(asked) == 0 {
		return &cacheNode{}
	}
	return &cacheNode{question: asked[0]}
}

func (n *cacheNode) to(a answer) *cacheNode {
	if a == n.first {
		return n.then
	}
	return n.others[a]
}

func (n *cacheNode) lead(a answer, to *cacheNode) {
	switch {
	case n.then == nil:
		n.first, n.then = a, to
	case n.others == nil:
		n.others = map[answer]*cacheNode{a: to}
	default:
		n.others[a] = to
	}
}
