package evalcache

import (
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// A Trace is every question that one evaluation asked its input, in order: an
// evaluation that gets the same answers comes to the same result.
type Trace struct {
	Asked    []Question
	Untraced map[*Fact]bool // objects that are handed out as they are
	Wholes   []*Fact        // objects that were read as a whole

	shape   *Shape
	seen    []Answer // what the evaluation saw; of a whole value only that it was one
	known   map[Question]*ast.Term
	unknown bool // it read the input as a whole, or what the facts have no place for
}

// NewTrace returns an empty trace of a value of a shape; untraced are the objects that it
// hands out as they are.
func NewTrace(shape *Shape, untraced map[*Fact]bool) *Trace {
	return &Trace{shape: shape, Untraced: untraced, known: map[Question]*ast.Term{}}
}

// Over returns an input whose reads are noted.
func (t *Trace) Over(input ast.Object) ast.Object {
	return &tracedObject{Object: input, trace: t, fact: t.shape.root}
}

// Holds reports whether the facts themselves answer every question as the
// evaluation saw it. Where they do not, nothing may be concluded from the facts.
func (t *Trace) Holds(r *Reading) bool {
	if t.unknown {
		return false
	}
	for i, q := range t.Asked {
		if got, saw := r.Ask(q), t.seen[i]; got.Kind != saw.Kind || saw.Kind != KindWhole && got.Text != saw.Text {
			return false
		}
	}
	return true
}

// note notes a question that is asked for the first time.
func (t *Trace) note(q Question, saw Answer, term *ast.Term) *ast.Term {
	t.Asked, t.seen = append(t.Asked, q), append(t.seen, saw)
	t.known[q] = term
	return term
}

// Enabled makes a trace a tracer of OPA's.
func (t *Trace) Enabled() bool { return true }

// Config asks OPA for no variables.
func (t *Trace) Config() topdown.TraceConfig { return topdown.TraceConfig{} }

// TraceEvent notes what a built-in is given before it is called. OPA compares
// objects by their own representation, and takes a traced one for unequal without
// a look at it: so an object that a built-in is given is read as a whole, but for
// those that use its methods or only look at its type.
func (t *Trace) TraceEvent(e topdown.Event) {
	expr, ok := e.Node.(*ast.Expr)
	if e.Op != topdown.EvalOp || !ok || !expr.IsCall() {
		return
	}
	operator := expr.Operator()
	if operator.HasPrefix(ast.DefaultRootRef) || usesMethods[operator.String()] {
		return
	}
	for _, operand := range expr.Operands() {
		t.give(e.Plug(operand).Value)
	}
}

// usesMethods are the built-ins that read an object by its methods only, or look at
// its type. Unification is one: it compares two objects key by key.
var usesMethods = map[string]bool{
	ast.Equality.Name: true, ast.ObjectGet.Name: true, ast.IsArray.Name: true, ast.IsObject.Name: true, ast.IsString.Name: true,
	ast.IsNumber.Name: true, ast.IsBoolean.Name: true, ast.IsSet.Name: true, ast.IsNull.Name: true,
}

// give notes a value that a built-in is given, with all that is in it.
func (t *Trace) give(v ast.Value) {
	switch v := v.(type) {
	case *tracedObject:
		v.all()
	case ast.Ref:
		t.unknown = t.unknown || !t.scalar(v)
	case *ast.Array:
		v.Foreach(func(e *ast.Term) { t.give(e.Value) })
	case ast.Set:
		v.Foreach(func(e *ast.Term) { t.give(e.Value) })
	case ast.Object:
		v.Foreach(func(key, e *ast.Term) {
			t.give(key.Value)
			t.give(e.Value)
		})
	}
}

// scalar reports whether a reference leads to a fact that is no object.
func (t *Trace) scalar(ref ast.Ref) bool {
	f := t.shape.root
	for i, part := range ref {
		if i == 0 {
			if !part.Equal(ast.InputRootDocument) {
				return false
			}
			continue
		}
		name, ok := part.Value.(ast.String)
		if !ok || f.fields[string(name)] == nil {
			return false
		}
		f = f.fields[string(name)]
	}
	return !f.object
}

// A tracedObject is an object of the input. What is no question for one key of it
// is one for all of it, and then what it holds is not traced further. OPA compares
// some objects by their own representation, which this is not: there an evaluation
// fails, and the object is untraced in the next one.
type tracedObject struct {
	ast.Object // the object itself; every method of it is below
	trace      *Trace
	fact       *Fact
}

// Get answers the question for one key.
func (o *tracedObject) Get(k *ast.Term) *ast.Term {
	key, ok := k.Value.(ast.String)
	if !ok {
		return o.all().Get(k)
	}
	f := o.fact.fields[string(key)]
	if f == nil {
		term := o.Object.Get(k)
		o.trace.unknown = o.trace.unknown || term != nil // no field of this name: it is absent in all facts
		return term
	}
	q := Question{Fact: f}
	if term, ok := o.trace.known[q]; ok {
		return term
	}
	term := o.Object.Get(k)
	if term == nil {
		return o.trace.note(q, Answer{Kind: KindAbsent}, nil)
	}
	switch v := term.Value.(type) {
	case ast.String:
		return o.trace.note(q, Answer{KindString, string(v)}, term)
	case ast.Number:
		return o.trace.note(q, Answer{KindNumber, string(v)}, term)
	case ast.Boolean:
		return o.trace.note(q, Answer{KindBool, v.String()}, term)
	case ast.Null:
		return o.trace.note(q, Answer{Kind: KindNull}, term)
	case ast.Object:
		if o.trace.Untraced[f] || !f.object {
			o.trace.note(Question{f, true}, Answer{Kind: KindWhole}, term)
			o.trace.known[q] = term
			return term
		}
		return o.trace.note(q, Answer{Kind: KindObject}, ast.NewTerm(&tracedObject{Object: v, trace: o.trace, fact: f}))
	}
	return o.trace.note(q, Answer{Kind: KindWhole}, term)
}

// Find asks for one key after another.
func (o *tracedObject) Find(path ast.Ref) (ast.Value, error) {
	if len(path) == 0 {
		return o, nil
	}
	t := o.Get(path[0])
	if t == nil {
		return o.Object.Find(path) // which says in its own words that it is not there
	}
	return t.Value.Find(path[1:])
}

// all is the object itself, once it is noted that all of it is seen.
func (o *tracedObject) all() ast.Object {
	q := Question{o.fact, true}
	if _, ok := o.trace.known[q]; !ok {
		o.trace.note(q, Answer{Kind: KindWhole}, nil)
		o.trace.Wholes = append(o.trace.Wholes, o.fact)
		o.trace.unknown = o.trace.unknown || o.fact.Parent == nil
	}
	return o.Object
}

func (o *tracedObject) Compare(other ast.Value) int { return o.all().Compare(other) }
func (o *tracedObject) Hash() int                   { return o.all().Hash() }
func (o *tracedObject) String() string              { return o.all().String() }
func (o *tracedObject) StringLength() int           { return o.all().StringLength() }
func (o *tracedObject) IsGround() bool              { return o.Object.IsGround() } // facts hold no variable
func (o *tracedObject) Len() int                    { return o.all().Len() }
func (o *tracedObject) Copy() ast.Object            { return o.all().Copy() }
func (o *tracedObject) Keys() []*ast.Term           { return o.all().Keys() }
func (o *tracedObject) Insert(k, v *ast.Term)       { panic("an evaluation changes its input") }

func (o *tracedObject) KeysIterator() ast.ObjectKeysIterator          { return o.all().KeysIterator() }
func (o *tracedObject) Foreach(f func(*ast.Term, *ast.Term))          { o.all().Foreach(f) }
func (o *tracedObject) Iter(f func(*ast.Term, *ast.Term) error) error { return o.all().Iter(f) }
func (o *tracedObject) Until(f func(*ast.Term, *ast.Term) bool) bool  { return o.all().Until(f) }
func (o *tracedObject) Diff(other ast.Object) ast.Object              { return o.all().Diff(other) }
func (o *tracedObject) Intersect(other ast.Object) [][3]*ast.Term     { return o.all().Intersect(other) }
func (o *tracedObject) Filter(filter ast.Object) (ast.Object, error)  { return o.all().Filter(filter) }
func (o *tracedObject) Merge(other ast.Object) (ast.Object, bool)     { return o.all().Merge(other) }

func (o *tracedObject) Map(f func(*ast.Term, *ast.Term) (*ast.Term, *ast.Term, error)) (ast.Object, error) {
	return o.all().Map(f)
}

func (o *tracedObject) MergeWith(other ast.Object, resolve func(v1, v2 *ast.Term) (*ast.Term, bool)) (ast.Object, bool) {
	return o.all().MergeWith(other, resolve)
}
