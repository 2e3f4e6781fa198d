package ownerschema

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/schemas"
)

var hash = strings.Repeat("0123456789abcdef", 4)

// standardLedger is the standard's own example (ZT-3.1).
const standardLedger = `{
  "artifacts": [
    {
      "path": "assets/sources/model.bin",
      "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
      "drift_tolerance": 0.0,
      "trust_domain": "runtime-core",
      "verified_at": "2025-11-09T00:00:00Z"
    }
  ]
}
`

func TestAsksForMore(t *testing.T) {
	x, err := Compile(schemas.Manifest, []byte(`{
	  "required": ["creator"],
	  "properties": {"creator": {"pattern": "@example\\.org$"}, "network": {"maxItems": 0}, "generated_at": {"format": "date-time"}}
	}`))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][]string{
		`{"sha256":"` + hash + `","creator":"me@example.org"}`: nil,
		`{"sha256":"` + hash + `"}`:                            {"1:1", "missing property 'creator'"},
		`{"network":["a"],
		  "creator":"me@example.com"}`: {"1:12", "maxItems: got 1, want 0", "2:15", "does not match pattern"},
		`{"creator":"a@example.org","generated_at":"x"}`: {"1:43", "not valid date-time"},
	} {
		d, err := schemas.Parse(schemas.Manifest, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		problems := x.Problems(d)
		for _, p := range problems {
			fmt.Fprintln(&got, p)
		}
		if len(problems) != len(want)/2 {
			t.Errorf("%s: got %d problems, want %d: %s", text, len(problems), len(want)/2, got.String())
		}
		rest := got.String()
		for _, part := range want { // in this order
			_, after, ok := strings.Cut(rest, part)
			if !ok {
				t.Errorf("%s: got\n%s, want %s in it", text, got.String(), part)
			}
			rest = after
		}
	}
}

func TestMayReferToThePublishedSchemas(t *testing.T) {
	x, err := Compile(schemas.Manifest, []byte(`{"properties":{"extensions":{"properties":{"made_from":{"$ref":"https://github.com/codexlock/codexlock/schemas/manifest.json#/$defs/reference"}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]int{`{"extensions":{"made_from":{"path":"a","sha256":"` + hash + `"}}}`: 0, `{"extensions":{"made_from":{"path":"a","sha256":"x"}}}`: 1} {
		d, err := schemas.Parse(schemas.Manifest, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := x.Problems(d); len(got) != want {
			t.Errorf("%s: %v, want %d problems", text, got, want)
		}
	}
}

// C6: compiling reads no file and no network. The file is there and is a schema, so
// that only the loader can be what refuses it.
func TestReadsNothingFromElsewhere(t *testing.T) {
	file := filepath.Join(t.TempDir(), "schema.json")
	if err := os.WriteFile(file, []byte(`{}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{"file://" + file, "file:///etc/passwd", "http://127.0.0.1:1/x", "https://example.org/x", "other.json", file, "https://github.com/codexlock/codexlock/schemas/no.json"} {
		for _, text := range []string{`{"$ref":"` + url + `"}`, `{"$schema":"` + url + `"}`, `{"$id":"https://example.org/a","properties":{"a":{"$ref":"` + url + `"}}}`, `{"$dynamicRef":"` + url + `"}`} {
			if _, err := Compile(schemas.Manifest, []byte(text)); err == nil {
				t.Errorf("%s: compiled", text)
			} else if !strings.Contains(err.Error(), "nothing is read from elsewhere") {
				t.Errorf("%s: got %v, want it refused by the loader", text, err)
			}
		}
	}
}

func TestRefusesWhatIsNoSchema(t *testing.T) {
	for _, text := range []string{
		``, `{`, `{"type":"text"}`, `{"a":1,"a":2}`, `{"pattern":"("}`, `{"$ref":"#/nowhere"}`, `1`, `null`, `"x"`, `[]`, `{"minimum":"1"}`,
		`{"minimum":1e10000000}`, `{"multipleOf":1e-10000000}`, `{"minimum":` + strings.Repeat("1", 100_000) + `}`, "\ufeff{}", strings.Repeat(" ", 1<<20) + "{}",
		`{"properties":{"a":{"minLength":-1}}}`, `{"$schema":"http://json-schema.org/draft-99/schema"}`,
	} {
		if x, err := Compile(schemas.Manifest, []byte(text)); err == nil || x != nil {
			t.Errorf("%.60s: compiled", text)
		}
	}
	_, err := Compile(schemas.Manifest, []byte("{\n\"type\":\"text\",\"minLength\":-1}"))
	if err == nil || !strings.HasPrefix(err.Error(), "2:8: ") || !strings.Contains(fmt.Sprint(all(err)), "2:27: ") {
		t.Errorf("got %v, want the places in the schema", err)
	}
	for _, text := range []string{`true`, `{}`, `{"multipleOf":0.5,"maximum":1e300}`, `{"$schema":"http://json-schema.org/draft-07/schema#"}`} {
		if _, err := Compile(schemas.Manifest, []byte(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// C2: numbers that the library panics on, or works on for seconds, do not get to it.
func TestFailsClosed(t *testing.T) {
	x, err := Compile(schemas.Ledger, []byte(`{"properties":{"artifacts":{"items":{"properties":{"drift_tolerance":{"maximum":0}}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for number, want := range map[string]int{"0.0": 0, "0e5": 0, "1e-400": 1, "1": 1, "1e10000000": 1, "1e999999": 1, "-1e10000000": 1, "1e99999999999999999999": 1} {
		d, err := schemas.Parse(schemas.Ledger, []byte(strings.Replace(standardLedger, "0.0", number, 1)))
		if err != nil {
			t.Fatal(err)
		}
		if got := x.Problems(d); len(got) != want {
			t.Errorf("%s: %v, want %d problems", number, got, want)
		} else if want > 0 && (got[0].Pointer != "/artifacts/0/drift_tolerance" || got[0].Position != schemas.Position{Line: 6, Column: 26}) {
			t.Errorf("%s: problem is at %s, %v", number, got[0].Pointer, got[0].Position)
		}
	}
	manifest, err := schemas.Parse(schemas.Manifest, []byte(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := x.Problems(manifest); len(got) != 1 {
		t.Errorf("a document of another kind: %v, want a problem", got)
	}
	if got := apply(nil, 1, nil); len(got) != 1 {
		t.Errorf("a panic: %v, want a problem", got)
	}
}

func all(err error) []schemas.Problem {
	var bad *schemas.Error
	if errors.As(err, &bad) {
		return bad.Problems
	}
	return nil
}
