package evalcache

import (
	"cmp"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/ast"
)

// A converter makes the same value as encoding/json and OPA's parser would make of a Go value,
// without the text in between.
type converter func(reflect.Value) (*ast.Term, error)

var (
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
)

var (
	nullTerm  = ast.NullTerm()
	trueTerm  = ast.BooleanTerm(true)
	falseTerm = ast.BooleanTerm(false)
)

// converterOf settles once for a type what is to be done with its values. The
// types of facts hold no cycle.
func (s *Shape) converterOf(t reflect.Type) converter {
	if t.Implements(jsonMarshaler) || t.Implements(textMarshaler) {
		return throughJSON
	}
	switch t.Kind() {
	case reflect.Bool:
		return func(v reflect.Value) (*ast.Term, error) {
			if v.Bool() {
				return trueTerm, nil
			}
			return falseTerm, nil
		}
	case reflect.String:
		return func(v reflect.Value) (*ast.Term, error) {
			text := v.String()
			if t, ok := s.terms()[text]; ok {
				return t, nil
			}
			return ast.NewTerm(ast.String(valid(text))), nil
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return func(v reflect.Value) (*ast.Term, error) {
			return ast.NewTerm(ast.Number(strconv.FormatInt(v.Int(), 10))), nil
		}
	case reflect.Pointer:
		elem := s.converterOf(t.Elem())
		return func(v reflect.Value) (*ast.Term, error) {
			if v.IsNil() {
				return nullTerm, nil
			}
			return elem(v.Elem())
		}
	case reflect.Slice:
		if t.Elem().Kind() != reflect.Uint8 {
			return sliceConverter(s.converterOf(t.Elem()))
		}
	case reflect.Struct:
		return s.structConverter(t)
	}
	return throughJSON
}

// valid is a string as encoding/json writes it: what is not UTF-8 is U+FFFD,
// byte by byte.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string([]rune(s))
}

// throughJSON converts through JSON text, for types with their own MarshalJSON.
func throughJSON(v reflect.Value) (*ast.Term, error) {
	text, err := json.Marshal(v.Interface())
	if err != nil {
		return nil, fmt.Errorf("convert a fact: %w", err)
	}
	value, err := ast.ValueFromReader(strings.NewReader(string(text)))
	if err != nil {
		return nil, fmt.Errorf("convert a fact: %w", err)
	}
	return ast.NewTerm(value), nil
}

func sliceConverter(elem converter) converter {
	return func(v reflect.Value) (*ast.Term, error) {
		if v.IsNil() {
			return nullTerm, nil
		}
		terms := make([]*ast.Term, v.Len())
		for i := range terms {
			var err error
			if terms[i], err = elem(v.Index(i)); err != nil {
				return nil, err
			}
		}
		return ast.ArrayTerm(terms...), nil
	}
}

// A field is one of a struct's, its embedded structs' among them.
type field struct {
	name      string
	index     []int
	omitEmpty bool
	key       *ast.Term
	convert   converter
}

func (s *Shape) structConverter(t reflect.Type) converter {
	fields := s.fieldsOf(t)
	return func(v reflect.Value) (*ast.Term, error) {
		pairs := make([][2]*ast.Term, 0, len(fields))
		for i := range fields {
			f := &fields[i]
			value := v.Field(f.index[0])
			for _, at := range f.index[1:] {
				value = value.Field(at)
			}
			if f.omitEmpty && isEmpty(value) {
				continue
			}
			term, err := f.convert(value)
			if err != nil {
				return nil, err
			}
			pairs = append(pairs, [2]*ast.Term{f.key, term})
		}
		return ast.NewTerm(ast.NewObject(pairs...)), nil
	}
}

// fieldsOf lists the fields that encoding/json would write: of two with one
// name the shallower, and neither where both are as deep.
func (s *Shape) fieldsOf(t reflect.Type) []field {
	byName := map[string][]field{}
	for _, sf := range reflect.VisibleFields(t) {
		tag, hasTag := sf.Tag.Lookup("json")
		name, options, _ := strings.Cut(tag, ",")
		flattened := sf.Anonymous && name == "" && sf.Type.Kind() == reflect.Struct
		if !sf.IsExported() || flattened || hasTag && tag == "-" || !reached(t, sf.Index) {
			continue
		}
		if name == "" {
			name = sf.Name
		}
		byName[name] = append(byName[name], field{
			name: name, index: sf.Index, omitEmpty: slices.Contains(strings.Split(options, ","), "omitempty"),
			key: ast.StringTerm(name), convert: s.converterOf(sf.Type),
		})
	}
	var fields []field
	for _, same := range byName {
		slices.SortStableFunc(same, func(a, b field) int { return cmp.Compare(len(a.index), len(b.index)) })
		if len(same) == 1 || len(same[0].index) < len(same[1].index) {
			fields = append(fields, same[0])
		}
	}
	slices.SortFunc(fields, func(a, b field) int { return strings.Compare(a.name, b.name) })
	return fields
}

// reached reports whether encoding/json comes to a promoted field: not through
// an embedded struct that has a name of its own.
func reached(t reflect.Type, index []int) bool {
	for _, i := range index[:len(index)-1] {
		sf := t.Field(i)
		if tag := sf.Tag.Get("json"); tag != "" || sf.Type.Kind() != reflect.Struct {
			return false
		}
		t = sf.Type
	}
	return true
}

// isEmpty is what omitempty means by empty.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map, reflect.String, reflect.Array:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}
