package schemas

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestEverySchemaIsPublishedClosedAndDescribed(t *testing.T) {
	for _, kind := range allKinds {
		var schema map[string]any
		if err := json.Unmarshal(Source(kind), &schema); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if got := schema["$schema"]; got != "https://json-schema.org/draft/2020-12/schema" {
			t.Errorf("%s: $schema is %v", kind, got)
		}
		if got, want := schema["$id"], "https://github.com/codexlock/codexlock/schemas/"+string(kind)+".json"; got != want {
			t.Errorf("%s: $id is %v, want %s", kind, got, want)
		}
		for _, key := range []string{"title", "description"} {
			if s, _ := schema[key].(string); s == "" {
				t.Errorf("%s: no %s", kind, key)
			}
		}
		if objects := checkClosed(t, string(kind), schema); objects == 0 {
			t.Errorf("%s: no object in the schema", kind)
		}
		kind.registration().schema()
	}
}

// checkClosed looks for object schemas that let unknown keys in, and counts all.
func checkClosed(t *testing.T, at string, v any) (objects int) {
	switch v := v.(type) {
	case map[string]any:
		if v["type"] == "object" {
			objects++
			_, said := v["additionalProperties"]
			if !said && !strings.HasSuffix(at, "/extensions") {
				t.Errorf("%s: object is open, want additionalProperties", at)
			}
		}
		for key, sub := range v {
			objects += checkClosed(t, at+"/"+key, sub)
		}
	case []any:
		for n, sub := range v {
			objects += checkClosed(t, fmt.Sprintf("%s/%d", at, n), sub)
		}
	}
	return objects
}

// ZT-3.1, ZT-4.1, ZT-8.1, ZT-11.1: the standard's own documents, and ours.
func TestSamplesAreValid(t *testing.T) {
	for _, kind := range allKinds {
		for _, text := range samples()[kind] {
			if _, err := Decode(kind, []byte(text), nil); err != nil {
				t.Errorf("%s %s: %v", kind, text, err)
			}
			if err := ValidateAny(kind, json.RawMessage(text)); err != nil {
				t.Errorf("%s %s: marshaled, it is not valid: %v", kind, text, err)
			}
		}
		if len(samples()[kind]) == 0 {
			t.Errorf("%s: no sample", kind)
		}
	}
}

func TestMessages(t *testing.T) {
	entry := func(more string) string {
		return `{"artifacts":[{"path":"a","sha256":"` + hash + `","drift_tolerance":0.0,"trust_domain":"d"` + more + `}]}`
	}
	record := func(more string) string {
		return strings.TrimSuffix(strings.TrimSpace(standardVaultTime), "\n}") + ",\n" + more + "}"
	}
	tests := []struct {
		name, text string
		kind       Kind
		want       []string
	}{
		{"upper-case hash", `{"sha256":"ABC"}`, Manifest, []string{
			`/sha256 1:11: sha256 is "ABC", want 64 lower-case hex characters`}},
		{"other case of a key", `{"SHA256":"` + hash + `"}`, Manifest, []string{
			` 1:1: document has no sha256, want 64 lower-case hex characters`,
			`/SHA256 1:2: unknown key "SHA256", did you mean "sha256"?`}},
		{"long s folds to s", `{"sha256":"` + hash + `","ſha256":1}`, Manifest, []string{
			`/ſha256 1:78: unknown key "ſha256", did you mean "sha256"?`}},
		{"slip of the finger", `{"sha256":"` + hash + `","createor":"x"}`, Manifest, []string{
			`/createor 1:78: unknown key "createor", did you mean "creator"?`}},
		{"unknown key", `{"sha256":"` + hash + `","toolchain":{"name":"a","version":"b","~/":1}}`, Manifest, []string{
			`/toolchain/~0~1 1:116: unknown key "~/", want one of name, version`}},
		{"not an object", "\n []", Manifest, []string{` 2:2: document is a list, want an object`}},
		{"null", `{"sha256":null}`, Manifest, []string{`/sha256 1:11: sha256 is null, want 64 lower-case hex characters`}},
		{"inside a list", `{"sha256":"` + hash + `","network":["a",{}]}`, Manifest, []string{
			`/network/1 1:93: network[1] is an object, want a text`}},
		{"missing", entry(""), Ledger, []string{
			`/artifacts/0 1:15: artifacts[0] has no verified_at, want a time in UTC such as 2026-11-23T00:00:00Z`}},
		{"no such day", entry(`,"verified_at":"2026-02-29T00:00:00Z"`), Ledger, []string{
			`/artifacts/0/verified_at 1:158: verified_at is "2026-02-29T00:00:00Z", want a time in UTC such as 2026-11-23T00:00:00Z`}},
		{"proof alone", record(`"proof":"` + proof + `"`), VaultTime, []string{
			`/proof 7:9: proof stands without path, want both`, `/proof 7:9: proof stands without key_id, want both`}},
		{"unprintable key", `{"sha256":"` + hash + `","a\n::error::b":1}`, Manifest, []string{
			`/a` + "\n" + `::error::b 1:78: unknown key "a\n::error::b", want one of artifact, sha256, creator, generated_at, toolchain, inputs, outputs, network, extensions`}},
		{"enum", strings.Replace(standardIntegrity, "PASS", "pass", 1), "integrity", []string{
			`/result 1:265: result is "pass", want one of "PASS", "FAIL"`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d, err := Decode(test.kind, []byte(test.text), nil)
			var bad *Error
			if !errors.As(err, &bad) || d == nil || bad.Kind != test.kind {
				t.Fatalf("got %v, %v, want a document and an *Error", d, err)
			}
			var got []string
			for _, p := range bad.Problems {
				got = append(got, p.Pointer+" "+p.String())
			}
			if strings.Join(got, "|") != strings.Join(test.want, "|") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

func TestErrorTellsTheFirstAndCountsTheRest(t *testing.T) {
	_, err := Decode(Manifest, []byte(`{"a":1,"b":2}`), nil)
	if got, want := err.Error(), "1:1: document has no sha256, want 64 lower-case hex characters (and 2 more)"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	_, err = Decode(Manifest, []byte(`{`), nil)
	if got, want := err.Error(), "1:2: end of the text in an object, want a key in double quotes"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestVeryManyProblemsAreCounted(t *testing.T) {
	_, err := Decode(Ledger, []byte(`{"artifacts":[`+strings.Repeat("1,", 5000)+`1]}`), nil)
	var bad *Error
	if !errors.As(err, &bad) || len(bad.Problems) != maxProblems+1 {
		t.Fatalf("got %v, want %d problems", err, maxProblems+1)
	}
	if got, want := bad.Problems[maxProblems].Message, "document has 4901 more problems"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLimitsOfTheRecord(t *testing.T) {
	chain := func(n int) string {
		link := strings.TrimSpace(standardVaultTime)
		return strings.TrimSuffix(link, "\n}") + `,"chain":[` + strings.TrimSuffix(strings.Repeat(link+",", n), ",") + `]}`
	}
	ttl := func(s string) string { return strings.Replace(standardVaultTime, "24", s, 1) }
	stamp := func(s string) string { return strings.Replace(standardVaultTime, "2025-11-09T00:00:00Z", s, 1) }
	domain := func(s string) string { return strings.Replace(standardVaultTime, "runtime-core", s, 1) }
	tests := map[string]bool{
		chain(0): true, chain(256): true, chain(257): false,
		ttl("1"): true, ttl("0"): false, ttl("-1"): false, ttl("1000000"): true, ttl("1000001"): false, ttl(`"24"`): false,
		stamp("2024-02-29T00:00:00Z"): true, stamp("2025-02-29T00:00:00Z"): false, stamp("2025-01-01T24:00:00Z"): false,
		stamp("2025-01-01T23:59:60Z"): false, stamp("2025-01-01t00:00:00z"): false, stamp("2025-01-01T3:04:05Z"): false,
		stamp("2025-01-01T00:00:00+00:00"): false, stamp("2025-01-01T00:00:00.5Z"): false, stamp("2025-01-01T00:00:00,5Z"): false,
		stamp("2025-01-01 00:00:00Z"): false, stamp("0000-01-01T00:00:00Z"): false, stamp("1969-12-31T23:59:59Z"): false,
		stamp("1970-01-01T00:00:00Z"): true, stamp("9999-12-31T23:59:59Z"): true, stamp(`2025-01-01T00:00:00Z\n`): false,
		domain("a"): true, domain(strings.Repeat("a", 64)): true, domain(strings.Repeat("a", 65)): false, domain(""): false,
		domain("-a"): false, domain("a/b"): false, domain("a b"): false, domain(`a\n`): false, domain("é"): false, domain("..a"): false,
	}
	for text, want := range tests {
		if _, err := Decode(VaultTime, []byte(text), nil); (err == nil) != want {
			t.Errorf("%.300s: got %v, want valid: %v", text, err, want)
		}
	}
}
