package policy_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/open-policy-agent/opa/v1/ast"
	"pgregory.net/rapid"
)

// asJSON is the long way that the converter saves.
func asJSON(t testing.TB, in facts.Input) ast.Value {
	t.Helper()
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	value, err := ast.InterfaceToValue(v)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestFactsAreConvertedAsJSONWouldBe(t *testing.T) {
	inputs := []facts.Input{{}, validInput("a.bin"), validRepository(3), validInput("not UTF-8: \xff\xfe <&>\u2028")}
	for _, in := range inputs {
		got, err := policy.FactsValue(in)
		if err != nil {
			t.Fatal(err)
		}
		if want := asJSON(t, in); got.Compare(want) != 0 {
			t.Errorf("got %v\nwant %v", got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		var in facts.Input
		fill(t, reflect.ValueOf(&in).Elem())
		got, err := policy.FactsValue(in)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		want, err := ast.ValueFromReader(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if got.Compare(want) != 0 || got.Hash() != want.Hash() {
			t.Fatalf("got %v\nwant %v", got, want)
		}
	})
}

// fill draws a value for everything that a fact may hold, nothing among it.
func fill(t *rapid.T, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	case reflect.Pointer:
		if rapid.Bool().Draw(t, "there") {
			v.Set(reflect.New(v.Type().Elem()))
			fill(t, v.Elem())
		}
	case reflect.Slice:
		if n := rapid.IntRange(-1, 2).Draw(t, "length"); n >= 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				fill(t, v.Index(i))
			}
		}
	case reflect.String:
		v.SetString(rapid.OneOf(rapid.String(), rapid.Just("\xff"), rapid.Just("")).Draw(t, "text"))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.Int, reflect.Int64:
		v.SetInt(rapid.Int64().Draw(t, "number"))
	default:
		t.Fatalf("facts hold a %s: teach the converter's test about it", v.Type())
	}
}
