package evalcache

import (
	"reflect"
	"strconv"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
)

// A Fact is one value that a rule can read: a field of the type, or of a struct below it. The
// elements of a list are no facts of their own: a list is read as a whole.
type Fact struct {
	id        int
	Path      string // the keys from the input down, with dots; "" is the input itself
	Parent    *Fact
	Index     []int // of the field in the parent's struct
	OmitEmpty bool  // absent if it is empty
	object    bool  // a struct, perhaps behind pointers
	direct    bool  // its kind says what it becomes in JSON; it has no method that does
	convert   converter
	fields    map[string]*Fact // of an object, by key
}

// A Shape is what can be asked about the values of one Go type: every fact, and the value
// itself as the first.
type Shape struct {
	root     *Fact
	all      []*Fact // by id
	byPath   map[string]*Fact
	terms    func() map[string]*ast.Term // of frequent texts; terms never change
	readings sync.Pool
}

// NewShape returns the shape of a struct type without cycles. frequent returns texts that many
// values have: their terms are made once, before the first conversion.
func NewShape(t reflect.Type, frequent func() []string) *Shape {
	s := &Shape{byPath: map[string]*Fact{}, terms: sync.OnceValue(func() map[string]*ast.Term {
		terms := map[string]*ast.Term{}
		for _, text := range frequent() {
			terms[text] = ast.StringTerm(text)
		}
		return terms
	})}
	s.root = s.add(&Fact{object: true, direct: true}, t)
	s.readings.New = func() any {
		r := &Reading{shape: s, objects: make([]readObject, len(s.all))}
		for i := range r.answers {
			r.answers[i] = make([]readAnswer, len(s.all))
		}
		return r
	}
	return s
}

// Value converts the value that a pointer points to, which is of the shape's type.
func (s *Shape) Value(in any) (ast.Value, error) {
	t, err := s.root.convert(reflect.ValueOf(in).Elem())
	if err != nil {
		return nil, err
	}
	return t.Value, nil
}

// add numbers a fact and the fields below it.
func (s *Shape) add(f *Fact, typ reflect.Type) *Fact {
	f.id = len(s.all)
	s.all = append(s.all, f)
	s.byPath[f.Path] = f
	f.convert = s.converterOf(typ)
	if !f.object {
		return f
	}
	f.fields = map[string]*Fact{}
	for _, of := range s.fieldsOf(typ) {
		below := typ.FieldByIndex(of.index).Type
		for below.Kind() == reflect.Pointer && isDirect(below) {
			below = below.Elem()
		}
		child := &Fact{
			Path: of.name, Parent: f, Index: of.index, OmitEmpty: of.omitEmpty,
			direct: isDirect(below), object: isDirect(below) && below.Kind() == reflect.Struct,
		}
		if f.Path != "" {
			child.Path = f.Path + "." + of.name
		}
		f.fields[of.name] = s.add(child, below)
	}
	return f
}

// isDirect reports whether a type's kind says what its values become in JSON.
func isDirect(t reflect.Type) bool {
	return !t.Implements(jsonMarshaler) && !t.Implements(textMarshaler)
}

// A Question is one read of the facts: of one value, or of an object with all that
// is in it. Without whole, an object's answer is only that it is there.
type Question struct {
	Fact  *Fact
	Whole bool
}

// An Answer is what is at a place, in a form that can be compared. Values that
// rules could tell apart have different answers: a kind for each type, so that "1"
// is not 1, and for lists and whole objects a text that no other value has.
type Answer struct {
	Kind byte
	Text string
}

// The kinds of answers.
const (
	KindAbsent = '-'
	KindObject = 'o'
	KindString = 's'
	KindNumber = 'n'
	KindBool   = 'b'
	KindNull   = 'z'
	KindWhole  = 'w'
	KindError  = 'e' // it cannot be converted: the evaluation fails too
)

// A Reading asks the facts about one subject. It keeps every answer, because
// rules ask for the same facts, and it may be used for another subject then.
type Reading struct {
	shape   *Shape
	turn    uint32
	objects []readObject // by id of the fact
	answers [2][]readAnswer
	scratch []byte
	asked   []Question // each once, in order
}

type readObject struct {
	turn  uint32
	value reflect.Value
}

type readAnswer struct {
	turn   uint32
	answer Answer
}

// Read begins to read the value that a pointer points to, which is of the shape's type, until
// Close.
func (s *Shape) Read(in any) *Reading {
	r := s.readings.Get().(*Reading)
	if r.turn++; r.turn == 0 { // an answer of 2^32 readings ago could be taken for one of this
		clear(r.objects)
		clear(r.answers[0])
		clear(r.answers[1])
		r.turn = 1
	}
	r.objects[0] = readObject{r.turn, reflect.ValueOf(in).Elem()}
	r.asked = r.asked[:0]
	return r
}

// Close ends a reading: nothing of the subject is kept alive by it.
func (r *Reading) Close() {
	clear(r.objects)
	r.shape.readings.Put(r)
}

// Ask returns what the facts answer to a question.
func (r *Reading) Ask(q Question) Answer {
	kept := &r.answers[0][q.Fact.id]
	if q.Whole {
		kept = &r.answers[1][q.Fact.id]
	}
	if kept.turn != r.turn {
		*kept = readAnswer{r.turn, r.answer(q)}
		r.asked = append(r.asked, q)
	}
	return kept.answer
}

// object is the struct of a fact that is one; it is not valid where it is absent.
func (r *Reading) object(f *Fact) reflect.Value {
	kept := &r.objects[f.id]
	if kept.turn != r.turn {
		v, ok := r.value(f)
		if !ok || v.Kind() == reflect.Pointer {
			v = reflect.Value{}
		}
		*kept = readObject{r.turn, v}
	}
	return kept.value
}

// value is what is at a place, behind its pointers; ok is false where encoding/json
// would leave it out.
func (r *Reading) value(f *Fact) (v reflect.Value, ok bool) {
	if f.Parent == nil {
		return r.objects[0].value, true
	}
	in := r.object(f.Parent)
	if !in.IsValid() {
		return v, false
	}
	v = in.Field(f.Index[0])
	for _, at := range f.Index[1:] {
		v = v.Field(at)
	}
	if f.OmitEmpty && isEmpty(v) {
		return v, false
	}
	for f.direct && v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	return v, true
}

func (r *Reading) answer(q Question) Answer {
	v, ok := r.value(q.Fact)
	switch {
	case !ok:
		return Answer{Kind: KindAbsent}
	case v.Kind() == reflect.Pointer && v.IsNil():
		return Answer{Kind: KindNull}
	case !q.Fact.direct:
		return r.converted(q.Fact, v)
	}
	switch v.Kind() {
	case reflect.String:
		return Answer{KindString, valid(v.String())}
	case reflect.Bool:
		return Answer{KindBool, strconv.FormatBool(v.Bool())}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return Answer{KindNumber, strconv.FormatInt(v.Int(), 10)}
	case reflect.Struct:
		if !q.Whole {
			return Answer{Kind: KindObject}
		}
	case reflect.Slice:
		if v.IsNil() {
			return Answer{Kind: KindNull}
		}
		if v.Len() == 0 {
			return Answer{KindWhole, "0["}
		}
	}
	text, ok := appendWhole(r.scratch[:0], v)
	r.scratch = text
	if !ok {
		return r.converted(q.Fact, v)
	}
	return Answer{KindWhole, string(text)}
}

// converted is the answer of a value that says itself what it becomes.
func (r *Reading) converted(f *Fact, v reflect.Value) Answer {
	t, err := f.convert(v)
	if err != nil {
		return Answer{KindError, err.Error()}
	}
	return Answer{KindWhole, "rego " + t.Value.String()}
}

// appendWhole writes a value with all that is in it, so that different values of
// one type are different texts: every text says first how long it is, and every
// list. ok is false where a value says itself what it becomes.
func appendWhole(out []byte, v reflect.Value) (text []byte, ok bool) {
	if !isDirect(v.Type()) {
		return out, false
	}
	switch v.Kind() {
	case reflect.String:
		s := v.String()
		out = append(strconv.AppendInt(out, int64(len(s)), 10), ':')
		return append(out, s...), true
	case reflect.Bool:
		return append(strconv.AppendBool(out, v.Bool()), ';'), true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return append(strconv.AppendInt(out, v.Int(), 10), ';'), true
	case reflect.Pointer:
		if v.IsNil() {
			return append(out, '-'), true
		}
		return appendWhole(append(out, '*'), v.Elem())
	case reflect.Slice:
		if v.IsNil() {
			return append(out, '-'), true
		}
		out, ok = append(strconv.AppendInt(out, int64(v.Len()), 10), '['), true
		for i := 0; ok && i < v.Len(); i++ {
			out, ok = appendWhole(out, v.Index(i))
		}
		return out, ok
	case reflect.Struct:
		out, ok = append(out, '{'), true
		for i := 0; ok && i < v.NumField(); i++ {
			out, ok = appendWhole(out, v.Field(i))
		}
		return out, ok
	}
	return out, false
}
