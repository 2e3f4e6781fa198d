package schemas

import (
	"encoding/json"
	"errors"
	"testing"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

func seeds(f *testing.F) {
	n := 0
	for _, kind := range allKinds {
		for _, text := range samples()[kind] {
			f.Add([]byte(text))
			n++
		}
	}
	for _, text := range []string{
		"", "null", "[", `{"a":{"a":[[],{}]}}`, `"\ud83d\ude00\ud800"`, `{"sha256":1,"\u0073ha256":2}`, "[1e400,-0,1.5]", "\ufeff{}", "\xff",
		`{"artifacts":[{"drift_tolerance":1e-400}]}`, "{\"é\":\r\n\"\u2028\"}", `{"SHA256":""}`,
	} {
		f.Add([]byte(text))
		n++
	}
	if n < 20 {
		f.Fatalf("%d seeds", n)
	}
}

// What Parse takes, encoding/json takes too and reads the same, and each value is
// found where its pointer says.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Parse(Ledger, data)
		if err != nil {
			wantPosition(t, data, err)
			return
		}
		if !json.Valid(data) || !utf8.Valid(data) {
			t.Fatalf("%q: accepted", data)
		}
		sameAsStandard(t, d)
		for i, v := range d.tokens {
			pointer := d.pointer(i)
			at, ok := d.find(pointer)
			if !ok || at != i && at != i+1 { // a key has the pointer of its value
				t.Fatalf("%q: token %d has pointer %q, which leads to %d, %v", data, i, pointer, at, ok)
			}
			raw, _ := d.Raw(pointer)
			if !json.Valid([]byte(raw)) || int(v.next) <= i || int(v.next) > len(d.tokens) {
				t.Fatalf("%q: %q is %q", data, pointer, raw)
			}
		}
	})
}

func wantPosition(t *testing.T, data []byte, err error) {
	t.Helper()
	var bad *Error
	if !errors.As(err, &bad) || len(bad.Problems) == 0 {
		t.Fatalf("%q: got %v, want an *Error", data, err)
	}
	for _, p := range bad.Problems {
		if p.Position.Line < 1 || p.Position.Column < 1 || p.Message == "" || !utf8.ValidString(p.Message) {
			t.Fatalf("%q: problem %+v", data, p)
		}
	}
}

// Every kind's validator decides as the library does, and what is valid can be
// filled.
func FuzzDecode(f *testing.F) {
	seeds(f)
	library := map[Kind]*jsonschema.Schema{}
	for _, kind := range allKinds {
		library[kind] = compileLibrary(f, kind)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, kind := range allKinds {
			var v any
			d, err := Decode(kind, data, &v)
			if err != nil {
				wantPosition(t, data, err)
			}
			if d == nil {
				continue
			}
			theirs := library[kind].Validate(d.Any())
			if (err == nil) != (theirs == nil) {
				t.Fatalf("%s: we say %v, the library %v: %q", kind, err, theirs, data)
			}
		}
	})
}

// Whatever YAML there is, it means the JSON that it is turned into.
func FuzzParseYAML(f *testing.F) {
	f.Add([]byte(designConfig))
	for _, text := range []string{"a: &x [*x]", "? a\n: b", "a: |\n x\n", "- ! x\n- 'y'", "{a: b, c: [d]}", "%TAG ! x\n---\na", "a: \"\\U0001F600\"", "a:\n\n  b: é\r\n", "<<: x"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := ParseYAML(Config, data)
		if err != nil {
			wantPosition(t, data, err)
			return
		}
		j, err := Parse(Config, []byte(d.text))
		if err != nil {
			t.Fatalf("%q means %q: %v", data, d.text, err)
		}
		if len(j.tokens) != len(d.tokens) || len(d.places) != len(d.tokens) {
			t.Fatalf("%q: %d tokens, %d places, %d in its JSON", data, len(d.tokens), len(d.places), len(j.tokens))
		}
		for i := range j.tokens {
			if j.tokens[i] != d.tokens[i] {
				t.Fatalf("%q: token %d is %+v, in its JSON %+v", data, i, d.tokens[i], j.tokens[i])
			}
		}
	})
}
