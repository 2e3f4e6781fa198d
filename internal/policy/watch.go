package policy

import "github.com/open-policy-agent/opa/v1/ast"

// A question is what an evaluation asks its input. Objects are numbered as they
// are met; the input itself is 0.
type question struct {
	object int
	key    string // of the object; "" where all of it is asked for
	all    bool
	plain  bool // what is at the key is taken as it is, an object too
}

// An answer is what the input has there, in a form that can be compared: values
// of different kinds never agree, so that "1" is not 1.
type answer struct {
	kind byte
	text string
}

// The kinds of answers.
const (
	nothing  = 'x' // nothing is there
	anObject = 'o' // an object, of which more is asked
	aString  = 's'
	aNumber  = 'n'
	anything = 'v' // any other value; its text is Rego's
)

// put asks a question, of the objects that were met so far, and meets another one.
func (q question) put(objects *[]ast.Object) (answer, *ast.Term) {
	o := (*objects)[q.object]
	if q.all {
		return answer{anything, o.String()}, nil
	}
	t := o.Get(ast.InternedTerm(q.key))
	if t == nil {
		return answer{kind: nothing}, nil
	}
	switch v := t.Value.(type) {
	case ast.String:
		return answer{aString, string(v)}, t
	case ast.Number:
		return answer{aNumber, string(v)}, t
	case ast.Object:
		if !q.plain {
			*objects = append(*objects, v)
			return answer{kind: anObject}, t
		}
	}
	return answer{anything, t.Value.String()}, t
}

// A watch notes all that an evaluation asks its input, in order, and what it was
// told: an evaluation that is told the same comes to the same.
type watch struct {
	opaque  map[string]bool // paths of objects that are handed out as they are
	asked   []question
	told    []answer
	known   map[question]*ast.Term
	objects []ast.Object
	met     []string // paths of objects that were seen as a whole
}

func newWatch(opaque map[string]bool) *watch {
	return &watch{opaque: opaque, known: map[question]*ast.Term{}}
}

// over is an input that is watched.
func (w *watch) over(input ast.Object) *watchedObject {
	w.objects = append(w.objects, input)
	return &watchedObject{Object: input, watch: w}
}

// ask puts a question once, and remembers what came of it.
func (w *watch) ask(q question, path string) *ast.Term {
	if t, ok := w.known[q]; ok {
		return t
	}
	a, t := q.put(&w.objects)
	if a.kind == anObject {
		at := len(w.objects) - 1
		t = ast.NewTerm(&watchedObject{Object: w.objects[at], watch: w, number: at, path: path})
	}
	w.asked, w.told = append(w.asked, q), append(w.told, a)
	w.known[q] = t
	return t
}

// A watchedObject is an object of the input. Whatever is no question for one key
// of it is one for all of it, and then what it holds is not watched further. OPA
// compares some objects by their own representation, which this is not: there an
// evaluation ends, and the object is opaque in the next one.
type watchedObject struct {
	ast.Object // the object itself; every method of it is below
	watch      *watch
	number     int
	path       string
}

// Get answers the question for one key.
func (o *watchedObject) Get(k *ast.Term) *ast.Term {
	key, ok := k.Value.(ast.String)
	if !ok || key == "" {
		return o.all().Get(k)
	}
	path := o.path + "/" + string(key)
	return o.watch.ask(question{object: o.number, key: string(key), plain: o.watch.opaque[path]}, path)
}

// Find asks for one key after another.
func (o *watchedObject) Find(path ast.Ref) (ast.Value, error) {
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
func (o *watchedObject) all() ast.Object {
	o.watch.ask(question{object: o.number, all: true}, o.path)
	o.watch.met = append(o.watch.met, o.path)
	return o.Object
}

func (o *watchedObject) Compare(other ast.Value) int { return o.all().Compare(other) }
func (o *watchedObject) Hash() int                   { return o.all().Hash() }
func (o *watchedObject) String() string              { return o.all().String() }
func (o *watchedObject) StringLength() int           { return o.all().StringLength() }
func (o *watchedObject) IsGround() bool              { return o.Object.IsGround() } // facts hold no variable
func (o *watchedObject) Len() int                    { return o.all().Len() }
func (o *watchedObject) Copy() ast.Object            { return o.all().Copy() }
func (o *watchedObject) Keys() []*ast.Term           { return o.all().Keys() }
func (o *watchedObject) Insert(k, v *ast.Term)       { panic("an evaluation changes its input") }

func (o *watchedObject) KeysIterator() ast.ObjectKeysIterator          { return o.all().KeysIterator() }
func (o *watchedObject) Foreach(f func(*ast.Term, *ast.Term))          { o.all().Foreach(f) }
func (o *watchedObject) Iter(f func(*ast.Term, *ast.Term) error) error { return o.all().Iter(f) }
func (o *watchedObject) Until(f func(*ast.Term, *ast.Term) bool) bool  { return o.all().Until(f) }
func (o *watchedObject) Diff(other ast.Object) ast.Object              { return o.all().Diff(other) }
func (o *watchedObject) Intersect(other ast.Object) [][3]*ast.Term     { return o.all().Intersect(other) }
func (o *watchedObject) Filter(filter ast.Object) (ast.Object, error)  { return o.all().Filter(filter) }
func (o *watchedObject) Merge(other ast.Object) (ast.Object, bool)     { return o.all().Merge(other) }

func (o *watchedObject) Map(f func(*ast.Term, *ast.Term) (*ast.Term, *ast.Term, error)) (ast.Object, error) {
	return o.all().Map(f)
}

func (o *watchedObject) MergeWith(other ast.Object, resolve func(v1, v2 *ast.Term) (*ast.Term, bool)) (ast.Object, bool) {
	return o.all().MergeWith(other, resolve)
}
