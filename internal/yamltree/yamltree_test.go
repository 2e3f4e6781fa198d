package yamltree_test

import (
	"fmt"
	"testing"

	"github.com/codexlock/codexlock/internal/yamltree"
)

// TestPlaces: each byte of a scalar has its place in the text, however it is written.
func TestPlaces(t *testing.T) {
	for text, want := range map[string]string{
		"a: xYz\n":                 "1:5",
		"a: 'x''Yz'\n":             "1:8",
		"a: \"x\\n\\\"Yz\"\n":      "1:10",
		"a: |\n  x\n\n    Yz\n":    "4:5",
		"a: >-\n  x\n  Yz\n":       "3:3",
		"a: &n |2\n   x\n  Yz\n":   "3:3",
		"a: !!str xYz\n":           "1:11",
		"b: &n é Yz\na: *n\n":      "1:9",
		"a:\n  - - xYz\n":          "",
		"a: x\n   Yz\n":            "2:4",
		"m: &m {a: xYz}\n<<: *m\n": "1:12",
	} {
		root, err := yamltree.Parse([]byte(text))
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		v, source, got := root.Merged("a"), yamltree.NewSource(text), ""
		places := source.Places(v)
		for i, c := range v.Text() {
			if c == 'Y' {
				line, column := source.Position(places[i])
				got = fmt.Sprintf("%d:%d", line, column)
			}
		}
		if got != want {
			t.Errorf("%q: Y is at %q, want %q", text, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"a: 1\n", "a: &a [*a]\n", "- |\n x\n", "a: &x {b: *x}\n<<: *x\n", "\"\\x41\": >\n  a\n", "\r0: 00"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<14 {
			t.Skip()
		}
		root, err := yamltree.Parse([]byte(text))
		if err != nil {
			return
		}
		source := yamltree.NewSource(text)
		for _, p := range root.Pairs() {
			_ = root.Merged(p.Key).Texts()
			for _, at := range source.Places(p.Value) {
				if at < 0 || at > len(text) {
					t.Errorf("a byte is at %d of %d", at, len(text))
				}
			}
		}
	})
}
