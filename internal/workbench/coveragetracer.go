package workbench

import (
	"cmp"
	"encoding/binary"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// maxFacts is the number of facts of one evaluation that are recorded: a rule that walks
// over a large document reads all of it.
const maxFacts = 4096

// A coverageTracer traces one evaluation: the rule bodies that were tried, the result of
// each expression, and the facts that were read. It keeps counts, not
// events, so that an endless evaluation cannot fill the memory.
type coverageTracer struct {
	input ast.Value
	tries map[place]*try
	order []*try
	at    map[uint64]*try // the body that a query evaluates, by the query's id
	facts map[string][]string
	exits func(*ast.Rule) // called for every body that held; may be nil
}

// A place is the position of a rule or an expression.
type place struct {
	file     string
	row, col int
}

func placeOf(l *ast.Location) place {
	if l == nil {
		return place{}
	}
	return place{l.File, l.Row, l.Col}
}

// A try is one body of a rule with its result.
type try struct {
	rule    *ast.Rule
	depth   int
	held    int
	steps   map[place]*step
	ordered []*step
}

// A step is one expression of a body; the compiler may have split it into several.
type step struct {
	at     *ast.Location
	tried  map[*ast.Expr]int
	failed int
	got    []ast.Ref // the facts in it
}

// times is the number of evaluations of the expression.
func (s *step) times() int {
	most := 0
	for _, n := range s.tried {
		most = max(most, n)
	}
	return most
}

func newCoverageTracer(input ast.Value) *coverageTracer {
	return &coverageTracer{input: input, tries: map[place]*try{}, at: map[uint64]*try{}, facts: map[string][]string{}}
}

func (*coverageTracer) Enabled() bool               { return true }
func (*coverageTracer) Config() topdown.TraceConfig { return topdown.TraceConfig{} }

func (w *coverageTracer) TraceEvent(e topdown.Event) {
	switch node := e.Node.(type) {
	case *ast.Rule:
		w.enter(e, node)
	case ast.Body:
		if above := w.at[e.ParentID]; e.Op == topdown.EnterOp && above != nil {
			w.at[e.QueryID] = &try{depth: above.depth} // a comprehension, a not or an every, not part of the body
		}
	case *ast.Expr:
		if e.Op == topdown.EvalOp {
			w.read(&e, node)
		}
		if t := w.at[e.QueryID]; t != nil && t.rule != nil {
			t.step(e.Op, node)
		}
	}
}

func (w *coverageTracer) enter(e topdown.Event, r *ast.Rule) {
	if r.Location == nil {
		return
	}
	switch e.Op {
	case topdown.EnterOp:
		t := w.tries[placeOf(r.Location)]
		if t == nil {
			t = &try{rule: r, steps: map[place]*step{}}
			if above := w.at[e.ParentID]; above != nil {
				t.depth = above.depth + 1
			}
			w.tries[placeOf(r.Location)] = t
			w.order = append(w.order, t)
		}
		w.at[e.QueryID] = t
	case topdown.ExitOp:
		if t := w.at[e.QueryID]; t != nil {
			t.held++
		}
		if w.exits != nil {
			w.exits(r)
		}
	}
}

func (t *try) step(op topdown.Op, x *ast.Expr) {
	if x.Location == nil || op != topdown.EvalOp && op != topdown.FailOp {
		return
	}
	s := t.steps[placeOf(x.Location)]
	if s == nil {
		s = &step{at: x.Location, tried: map[*ast.Expr]int{}}
		t.steps[placeOf(x.Location)] = s
		t.ordered = append(t.ordered, s)
	}
	if op == topdown.FailOp {
		s.failed++
		return
	}
	s.tried[x]++
	s.got = append(s.got, inputRefs(x)...)
}

// inputRefs returns the facts that an expression names.
func inputRefs(x *ast.Expr) []ast.Ref {
	var refs []ast.Ref
	ast.WalkRefs(x, func(r ast.Ref) bool {
		if len(r) > 1 && r.HasPrefix(ast.InputRootRef) {
			refs = append(refs, r)
		}
		return false
	})
	return refs
}

// read records the facts that an expression reads: by name, or with object.get from
// input.
func (w *coverageTracer) read(e *topdown.Event, x *ast.Expr) {
	for _, r := range inputRefs(x) {
		plugged := make([]*ast.Term, 0, len(r))
		for _, t := range r[1:] {
			plugged = append(plugged, e.Plug(t))
		}
		w.note(plugged)
	}
	if !x.IsCall() || x.Operator().String() != ast.ObjectGet.Name || len(x.Operands()) < 2 {
		return
	}
	from := e.Plug(x.Operand(0))
	whole := from.Value.Compare(ast.InputRootRef) == 0 || from.Value.Compare(w.input) == 0
	if !whole {
		return
	}
	path := []*ast.Term{e.Plug(x.Operand(1))}
	if array, ok := path[0].Value.(*ast.Array); ok {
		path = path[:0]
		array.Foreach(func(t *ast.Term) { path = append(path, t) })
	}
	w.note(path)
}

// note records a fact by the known part of its path.
func (w *coverageTracer) note(path []*ast.Term) {
	var names []string
	for _, t := range path {
		name, ok := "", true
		switch v := t.Value.(type) {
		case ast.String:
			name = string(v)
		case ast.Number:
			name = v.String()
		default:
			ok = false
		}
		if !ok {
			break
		}
		names = append(names, name)
	}
	if len(names) > 0 && len(w.facts) < maxFacts {
		w.facts[strings.Join(names, "\x00")] = names
	}
}

// reads returns the paths of the facts that were read, sorted, without those that are
// parents of another one.
func (w *coverageTracer) reads() [][]string {
	paths := make([][]string, 0, len(w.facts))
	for _, p := range w.facts {
		paths = append(paths, p)
	}
	slices.SortFunc(paths, slices.Compare)
	return paths
}

// way hashes which bodies and expressions held and which failed: evaluations with the same
// hash took the same path through the rule.
func (w *coverageTracer) way() uint64 {
	var sum uint64 // a sum of hashes, independent of the order of maps
	for at, t := range w.tries {
		sum += at.hash(t.held > 0, false)
		for at, s := range t.steps {
			sum += at.hash(s.failed > 0, s.times() > s.failed)
		}
	}
	return sum
}

// hash is FNV-1a over a place and its results.
func (p place) hash(marks ...bool) uint64 {
	h := fnv.New64a()
	h.Write([]byte(p.file))
	for _, m := range marks {
		p.row *= 2
		if m {
			p.row++
		}
	}
	var n [16]byte
	binary.LittleEndian.PutUint64(n[:8], uint64(p.row))
	binary.LittleEndian.PutUint64(n[8:], uint64(p.col))
	h.Write(n[:])
	return h.Sum64()
}

// own returns a body's steps by position, without those that build the rule's answer.
// Expressions that the compiler split are joined again.
func (t *try) own() []*step {
	steps := slices.DeleteFunc(slices.Clone(t.ordered), func(s *step) bool {
		return t.rule.Head.Location != nil && inside(s.at, t.rule.Head.Location)
	})
	slices.SortStableFunc(steps, func(a, b *step) int {
		return cmp.Or(cmp.Compare(a.at.Offset, b.at.Offset), cmp.Compare(len(b.at.Text), len(a.at.Text)))
	})
	var kept []*step
	for _, s := range steps {
		n := len(kept)
		if n == 0 || s.at.Offset >= kept[n-1].at.Offset+max(len(kept[n-1].at.Text), len(t.text(kept[n-1]))) {
			kept = append(kept, s)
			continue
		}
		outer := kept[n-1]
		outer.failed += s.failed
		outer.got = append(outer.got, s.got...)
		for x, times := range s.tried {
			outer.tried[x] += times
		}
	}
	return kept
}

func inside(a, b *ast.Location) bool {
	return a.File == b.File && a.Offset >= b.Offset && a.Offset+len(a.Text) <= b.Offset+len(b.Text)
}

// text returns the source text of an expression: the rest of its first line, because the
// parser's position may be that of its first operand only.
func (t *try) text(s *step) string {
	rule := t.rule.Location
	if from := s.at.Offset - rule.Offset; s.at.File == rule.File && from >= 0 && from < len(rule.Text) {
		line, _, _ := strings.Cut(string(rule.Text[from:]), "\n")
		if strings.HasSuffix(line, "[") || strings.HasSuffix(line, "{") || strings.HasSuffix(line, "(") {
			line += " …"
		}
		return line
	}
	return string(s.at.Text)
}
