package policy

import (
	"reflect"
	"strconv"
	"sync"

	"github.com/codexlock/codexlock/internal/facts"
)

// A fact is one place in [facts.Input] that a rule can read: a field of it or of a
// struct below it. What is in a list has no place of its own: a list is read whole.
type fact struct {
	id        int
	name      string // the key
	path      string // the keys from the input down, with dots; "" is the input itself
	parent    *fact
	index     []int // of the field in the parent's struct
	omitEmpty bool
	object    bool // a struct, perhaps behind pointers
	direct    bool // its kind says what it becomes in JSON; it has no method that does
	convert   converter
	fields    map[string]*fact // of an object, by key
}

// A factTree is every fact, and the input itself as the first.
type factTree struct {
	root   *fact
	all    []*fact // by id
	byPath map[string]*fact
}

// inputFacts is the tree of facts.Input.
var inputFacts = sync.OnceValue(func() *factTree {
	t := &factTree{byPath: map[string]*fact{}}
	t.root = t.add(&fact{object: true, direct: true}, reflect.TypeFor[facts.Input]())
	return t
})

// add numbers a fact and the fields below it.
func (t *factTree) add(f *fact, typ reflect.Type) *fact {
	f.id = len(t.all)
	t.all = append(t.all, f)
	t.byPath[f.path] = f
	f.convert = converterOf(typ)
	if !f.object {
		return f
	}
	f.fields = map[string]*fact{}
	for _, of := range fieldsOf(typ) {
		below := typ.FieldByIndex(of.index).Type
		for below.Kind() == reflect.Pointer && isDirect(below) {
			below = below.Elem()
		}
		child := &fact{
			name: of.name, path: of.name, parent: f, index: of.index, omitEmpty: of.omitEmpty,
			direct: isDirect(below), object: isDirect(below) && below.Kind() == reflect.Struct,
		}
		if f.path != "" {
			child.path = f.path + "." + of.name
		}
		f.fields[of.name] = t.add(child, below)
	}
	return f
}

// isDirect reports whether a type's kind says what its values become in JSON.
func isDirect(t reflect.Type) bool {
	return !t.Implements(jsonMarshaler) && !t.Implements(textMarshaler)
}

// A question is one read of the facts: of one value, or of an object with all that
// is in it. Without whole, an object's answer is only that it is there.
type question struct {
	fact  *fact
	whole bool
}

// An answer is what is at a place, in a form that can be compared. Values that
// rules could tell apart have different answers: a kind for each type, so that "1"
// is not 1, and for lists and whole objects a text that no other value has.
type answer struct {
	kind byte
	text string
}

// The kinds of answers.
const (
	kindAbsent = '-'
	kindObject = 'o'
	kindString = 's'
	kindNumber = 'n'
	kindBool   = 'b'
	kindNull   = 'z'
	kindWhole  = 'w'
	kindError  = 'e' // it cannot be converted: the evaluation fails too
)

// A reading asks the facts about one subject. It keeps every answer, because
// rules ask for the same facts, and it may be used for another subject then.
type reading struct {
	tree    *factTree
	turn    uint32
	objects []readObject // by id of the fact
	answers [2][]readAnswer
	scratch []byte
	asked   []question // each once, in order
}

type readObject struct {
	turn  uint32
	value reflect.Value
}

type readAnswer struct {
	turn   uint32
	answer answer
}

var readings = sync.Pool{New: func() any {
	t := inputFacts()
	r := &reading{tree: t, objects: make([]readObject, len(t.all))}
	for i := range r.answers {
		r.answers[i] = make([]readAnswer, len(t.all))
	}
	return r
}}

// newReading reads an input. It is given back with close.
func newReading(in *facts.Input) *reading {
	r := readings.Get().(*reading)
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

// close ends a reading: nothing of the subject is kept alive by it.
func (r *reading) close() {
	clear(r.objects)
	readings.Put(r)
}

// ask is what the facts answer to a question.
func (r *reading) ask(q question) answer {
	kept := &r.answers[0][q.fact.id]
	if q.whole {
		kept = &r.answers[1][q.fact.id]
	}
	if kept.turn != r.turn {
		*kept = readAnswer{r.turn, r.answer(q)}
		r.asked = append(r.asked, q)
	}
	return kept.answer
}

// object is the struct of a fact that is one; it is not valid where it is absent.
func (r *reading) object(f *fact) reflect.Value {
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
func (r *reading) value(f *fact) (v reflect.Value, ok bool) {
	if f.parent == nil {
		return r.objects[0].value, true
	}
	in := r.object(f.parent)
	if !in.IsValid() {
		return v, false
	}
	v = in.Field(f.index[0])
	for _, at := range f.index[1:] {
		v = v.Field(at)
	}
	if f.omitEmpty && isEmpty(v) {
		return v, false
	}
	for f.direct && v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	return v, true
}

func (r *reading) answer(q question) answer {
	v, ok := r.value(q.fact)
	switch {
	case !ok:
		return answer{kind: kindAbsent}
	case v.Kind() == reflect.Pointer && v.IsNil():
		return answer{kind: kindNull}
	case !q.fact.direct:
		return r.converted(q.fact, v)
	}
	switch v.Kind() {
	case reflect.String:
		return answer{kindString, valid(v.String())}
	case reflect.Bool:
		return answer{kindBool, strconv.FormatBool(v.Bool())}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return answer{kindNumber, strconv.FormatInt(v.Int(), 10)}
	case reflect.Struct:
		if !q.whole {
			return answer{kind: kindObject}
		}
	case reflect.Slice:
		if v.IsNil() {
			return answer{kind: kindNull}
		}
		if v.Len() == 0 {
			return answer{kindWhole, "0["}
		}
	}
	text, ok := appendWhole(r.scratch[:0], v)
	r.scratch = text
	if !ok {
		return r.converted(q.fact, v)
	}
	return answer{kindWhole, string(text)}
}

// converted is the answer of a value that says itself what it becomes.
func (r *reading) converted(f *fact, v reflect.Value) answer {
	t, err := f.convert(v)
	if err != nil {
		return answer{kindError, err.Error()}
	}
	return answer{kindWhole, "rego " + t.Value.String()}
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
