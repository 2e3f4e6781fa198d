package schemas

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
)

// Fill sets the struct that into points to from the document, by the names in its
// json tags. Fields without a json tag, and those whose key is absent, are not
// changed. It supports strings, booleans, integers, [Number], [Raw],
// [encoding.TextUnmarshaler], [Shorthand], structs (embedded ones too), and pointers, slices,
// and maps with string keys of these; `any` gets what encoding/json would give,
// numbers as json.Number. A value that its field cannot hold is a problem with a
// position. Any other type of field is an error of the program (it panics).
func (d *Document) Fill(into any) error {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		panic(fmt.Sprintf("schemas: cannot fill %T, want a pointer", into))
	}
	f := filler{d: d}
	planOf(v.Type().Elem())(&f, 0, v.Elem())
	if len(f.Problems) > 0 {
		return &Error{Kind: d.kind, Problems: f.InOrder()}
	}
	return nil
}

type filler struct {
	d       *Document
	scratch []byte // lent to UnmarshalText
	ProblemList
}

func (f *filler) problem(i int, format string, args ...any) {
	if !f.Full() {
		f.Problems = append(f.Problems, f.d.problem(i, format, args...))
	}
}

func (f *filler) unfit(i int, want string) {
	f.problem(i, "%s is %s, want %s", f.d.name(i), f.d.shown(i), want)
}

// A plan sets a value of one Go type from a token.
type plan func(f *filler, i int, v reflect.Value)

// plans are made once for each type. A type that contains itself finds its own
// plan here, through the indirection in planOf.
var plans sync.Map // reflect.Type -> plan

func planOf(t reflect.Type) plan {
	if p, ok := plans.Load(t); ok {
		return p.(plan)
	}
	p, _ := plans.LoadOrStore(t, newPlan(t))
	return p.(plan)
}

var (
	typeNumber          = reflect.TypeFor[Number]()
	typeRaw             = reflect.TypeFor[Raw]()
	typeTextUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	typeShorthand       = reflect.TypeFor[Shorthand]()
)

// A Shorthand is a struct that a document may also write as a plain text or as null. SetShort
// sets it from a string or nil, and reports whether that value is allowed.
type Shorthand interface{ SetShort(value any) bool }

func newPlan(t reflect.Type) plan {
	switch {
	case t == typeNumber:
		return fillNumber
	case t == typeRaw:
		return fillRaw
	case t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(typeTextUnmarshaler):
		return fillText
	case t.Kind() == reflect.Struct && reflect.PointerTo(t).Implements(typeShorthand):
		return shorthandPlan(t)
	}
	switch t.Kind() {
	case reflect.String:
		return fillString
	case reflect.Bool:
		return fillBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return fillInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return fillUint
	case reflect.Struct:
		return structPlan(t)
	case reflect.Pointer:
		return pointerPlan(t.Elem())
	case reflect.Slice:
		return slicePlan(t)
	case reflect.Map:
		if t.Key().Kind() == reflect.String {
			return mapPlan(t)
		}
	case reflect.Interface:
		if t.NumMethod() == 0 {
			return fillAny
		}
	}
	panic(fmt.Sprintf("schemas: cannot fill a value of type %s", t))
}

func fillNumber(f *filler, i int, v reflect.Value) {
	if f.d.tokens[i].kind != tokenNumber {
		f.unfit(i, "a number")
		return
	}
	v.SetString(f.d.raw(i))
}

func fillRaw(f *filler, i int, v reflect.Value) { v.SetString(f.d.raw(i)) }

func fillText(f *filler, i int, v reflect.Value) {
	if f.d.tokens[i].kind != tokenString {
		f.unfit(i, "a text")
		return
	}
	f.scratch = append(f.scratch[:0], f.d.string(i)...)
	if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText(f.scratch); err != nil {
		f.problem(i, "%s: %v", f.d.name(i), err)
	}
}

func fillString(f *filler, i int, v reflect.Value) {
	if f.d.tokens[i].kind != tokenString {
		f.unfit(i, "a text")
		return
	}
	v.SetString(f.d.string(i))
}

func fillBool(f *filler, i int, v reflect.Value) {
	switch f.d.tokens[i].kind {
	case tokenTrue:
		v.SetBool(true)
	case tokenFalse:
		v.SetBool(false)
	default:
		f.unfit(i, "true or false")
	}
}

func fillInt(f *filler, i int, v reflect.Value) {
	if f.d.tokens[i].kind == tokenNumber {
		n, err := strconv.ParseInt(f.d.raw(i), 10, 64)
		if err == nil && !v.OverflowInt(n) {
			v.SetInt(n)
			return
		}
	}
	f.unfit(i, "a whole number that fits")
}

func fillUint(f *filler, i int, v reflect.Value) {
	if f.d.tokens[i].kind == tokenNumber {
		n, err := strconv.ParseUint(f.d.raw(i), 10, 64)
		if err == nil && !v.OverflowUint(n) {
			v.SetUint(n)
			return
		}
	}
	f.unfit(i, "a whole number from 0 that fits")
}

func fillAny(f *filler, i int, v reflect.Value) {
	if x := f.d.any(i); x != nil {
		v.Set(reflect.ValueOf(x))
		return
	}
	v.SetZero()
}

func shorthandPlan(t reflect.Type) plan {
	long := structPlan(t)
	return func(f *filler, i int, v reflect.Value) {
		kind := f.d.tokens[i].kind
		if (kind == tokenString || kind == tokenNull) && v.Addr().Interface().(Shorthand).SetShort(f.d.any(i)) {
			return
		}
		long(f, i, v)
	}
}

func pointerPlan(elem reflect.Type) plan {
	shorthand := reflect.PointerTo(elem).Implements(typeShorthand)
	return func(f *filler, i int, v reflect.Value) {
		if f.d.tokens[i].kind == tokenNull && !shorthand {
			v.SetZero()
			return
		}
		p := reflect.New(elem)
		planOf(elem)(f, i, p.Elem())
		v.Set(p)
	}
}

func slicePlan(t reflect.Type) plan {
	elem := t.Elem()
	return func(f *filler, i int, v reflect.Value) {
		list := f.d.tokens[i]
		if list.kind != tokenArray {
			f.unfit(i, "a list")
			return
		}
		fill := planOf(elem)
		s := reflect.MakeSlice(t, int(list.count), int(list.count))
		for e, n := i+1, 0; e < int(list.next); e, n = int(f.d.tokens[e].next), n+1 {
			fill(f, e, s.Index(n))
		}
		v.Set(s)
	}
}

func mapPlan(t reflect.Type) plan {
	elem := t.Elem()
	return func(f *filler, i int, v reflect.Value) {
		object := f.d.tokens[i]
		if object.kind != tokenObject {
			f.unfit(i, "an object")
			return
		}
		fill := planOf(elem)
		m := reflect.MakeMapWithSize(t, int(object.count))
		for k := i + 1; k < int(object.next); k = int(f.d.tokens[k+1].next) {
			e := reflect.New(elem).Elem()
			fill(f, k+1, e)
			m.SetMapIndex(reflect.ValueOf(f.d.string(k)).Convert(t.Key()), e)
		}
		v.Set(m)
	}
}

// A field is where a key's value goes.
type field struct {
	key   string
	index []int
	fill  func() plan // made at first use: a type may contain itself
}

func structPlan(t reflect.Type) plan {
	fields := fieldsOf(t, nil)
	return func(f *filler, i int, v reflect.Value) {
		object := f.d.tokens[i]
		if object.kind != tokenObject {
			f.unfit(i, "an object")
			return
		}
		next := 0 // keys mostly stand in the order of the fields
		for k := i + 1; k < int(object.next); k = int(f.d.tokens[k+1].next) {
			key := f.d.string(k)
			for n := range fields {
				at := next + n
				if at >= len(fields) {
					at -= len(fields)
				}
				if fields[at].key == key {
					fields[at].fill()(f, k+1, v.FieldByIndex(fields[at].index))
					next = at + 1
					break
				}
			}
		}
	}
}

func fieldsOf(t reflect.Type, under []int) []field {
	var fields []field
	for n := range t.NumField() {
		sf := t.Field(n)
		index := append(append([]int(nil), under...), n)
		key, _, _ := strings.Cut(sf.Tag.Get("json"), ",")
		switch {
		case sf.Anonymous && key == "" && sf.Type.Kind() == reflect.Struct:
			fields = append(fields, fieldsOf(sf.Type, index)...)
		case sf.IsExported() && key != "" && key != "-":
			fields = append(fields, field{key, index, sync.OnceValue(func() plan { return planOf(sf.Type) })})
		}
	}
	return fields
}

// Any returns the document's value as encoding/json would decode it, numbers as
// json.Number.
func (d *Document) Any() any { return d.any(0) }

func (d *Document) any(i int) any {
	t := d.tokens[i]
	switch t.kind {
	case tokenFalse:
		return false
	case tokenTrue:
		return true
	case tokenNumber:
		return json.Number(d.raw(i))
	case tokenString:
		return d.string(i)
	case tokenArray:
		list := make([]any, 0, t.count)
		for e := i + 1; e < int(t.next); e = int(d.tokens[e].next) {
			list = append(list, d.any(e))
		}
		return list
	case tokenObject:
		object := make(map[string]any, t.count)
		for k := i + 1; k < int(t.next); k = int(d.tokens[k+1].next) {
			object[d.string(k)] = d.any(k + 1)
		}
		return object
	}
	return nil
}
