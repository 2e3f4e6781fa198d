package schemas

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestLibraryDecidesTheSame holds our validator against the JSON Schema library on
// documents with one and with two things changed: each accepts what the other does.
func TestLibraryDecidesTheSame(t *testing.T) {
	total := 0
	for kind, texts := range samples() {
		accepted, refused, library := 0, 0, compileLibrary(t, kind)
		for _, text := range texts {
			all := []string{text}
			for n, e := range edits(text) {
				if len(text) > 4<<10 && n%11 > 0 { // every kind of edit, not everywhere
					continue
				}
				once := e.apply(text)
				all = append(all, once)
				if n%5 > 0 || len(once) > 4<<10 {
					continue
				}
				if again := edits(once); len(again) > 0 { // the second change far from the first
					all = append(all, again[(n*7919)%len(again)].apply(once))
				}
			}
			for _, mutant := range all {
				ours, theirs, ok := verdicts(library, kind, mutant)
				switch {
				case !ok:
					continue // not even parsed: a number that we never let through
				case ours != theirs:
					t.Fatalf("%s: we say %v, the library says %v: %s", kind, ours, theirs, mutant)
				case ours:
					accepted++
				default:
					refused++
				}
			}
		}
		t.Logf("%s: %d accepted, %d refused", kind, accepted, refused)
		if accepted < 50 || refused < 50 {
			t.Errorf("%s: %d accepted and %d refused, want more of both", kind, accepted, refused)
		}
		total += accepted + refused
	}
	if total < 10_000 {
		t.Errorf("%d mutants, want 10000", total)
	}
}

func verdicts(library *jsonschema.Schema, kind Kind, text string) (ours, theirs, parsed bool) {
	d, err := Parse(kind, []byte(text))
	if err != nil {
		return false, false, false
	}
	return len(d.Validate()) == 0, library.Validate(d.Any()) == nil, true
}

// compileLibrary compiles the published schema of a kind with the JSON Schema
// library.
func compileLibrary(t testing.TB, kind Kind) *jsonschema.Schema {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(Source(kind)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	c.RegisterFormat(&jsonschema.Format{Name: UTCSeconds, Validate: func(v any) error {
		if s, ok := v.(string); ok && !IsUTCSeconds(s) {
			return errors.New("no such date and time")
		}
		return nil
	}})
	if err := c.AddResource(URL(kind), value); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile(URL(kind))
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// An edit puts text in the place of a part of another.
type edit struct {
	from, to uint32
	text     string
}

func (e edit) apply(to string) string { return to[:e.from] + e.text + to[e.to:] }

// edits are all that is tried on a document: each value deleted, retyped and
// bent, each object given one key more. None for what does not parse.
func edits(text string) (all []edit) {
	d, err := Parse(Ledger, []byte(text))
	if err != nil {
		return nil
	}
	for i, v := range d.tokens {
		put := func(s string) { all = append(all, edit{v.start, v.end, s}) }
		for _, s := range []string{"null", "true", "0", "1", "-1", "24", "1000001", "9007199254740991", `""`, `"x"`, "[]", "{}", `[{}]`, `{"x":"y"}`, `"` + hash + `"`, `"2026-01-01T00:00:00Z"`, `"\u0061"`} {
			put(s)
		}
		switch v.kind {
		case tokenString:
			for _, s := range bent(d.string(i)) {
				quoted, _ := appendString(nil, s)
				put(string(quoted))
			}
		case tokenArray:
			if inside := strings.TrimSpace(text[v.start+1 : v.end-1]); inside != "" {
				put("[" + inside + "," + inside + "]")
				put("[" + strings.Repeat(inside+",", 256) + inside + "]")
			}
		case tokenObject:
			for _, s := range withoutEach(d, i) {
				put(s)
			}
			if v.count > 0 {
				all = append(all, edit{v.start, v.start + 1, `{"extensions":{},`}, edit{v.start, v.start + 1, `{"zz":1,`})
			}
		}
	}
	return all
}

// longest is as long as any text may be.
var longest = strings.Repeat("é", 1024)

// bent are texts near s: each character changed in case and kind, and the ends.
func bent(s string) []string {
	out := []string{s + "\n", "\n" + s, s + s, s + "é", strings.ToUpper(s), longest, longest + "é"}
	for i := 0; i < len(s); i += 1 + len(s)/20 {
		if s[i] < 0x80 {
			out = append(out, s[:i]+s[i+1:], s[:i]+"G"+s[i+1:], s[:i]+"9"+s[i+1:], s[:i]+strings.ToUpper(s[i:i+1])+s[i+1:])
		}
	}
	return out
}

// withoutEach is the object i without each of its keys in turn.
func withoutEach(d *Document, i int) []string {
	var members []string
	for k := i + 1; k < int(d.tokens[i].next); k = int(d.tokens[k+1].next) {
		members = append(members, d.raw(k)+":"+d.raw(k+1))
	}
	var out []string
	for n := range members {
		rest := append(append([]string{}, members[:n]...), members[n+1:]...)
		out = append(out, "{"+strings.Join(rest, ",")+"}")
	}
	return out
}

// A keyword that the compiler does not know must not be a check left out.
func TestCompilerRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, text := range []string{
		`{"type":"string","oneOf":[]}`, `{"not":{}}`, `{"type":["string","integer"]}`, `{"type":["string","text"]}`, `{"type":[]}`, `{"type":[1]}`, `{"format":"date"}`, `{"patternProperties":{}}`,
		`{"items":{"uniqueItems":true}}`, `{"$ref":"#/$defs/no"}`, `{"$ref":"other.json"}`, `{"$ref":"#"}`, `{"$ref":"#/$defs/a","minLength":1,"$defs":{"a":{}}}`,
		`{"required":["a"]}`, `{"dependentRequired":{"a":["b"]}}`, `{"pattern":"("}`, `{"minimum":0.5}`, `{"const":1.5}`, `{"enum":[{}]}`, `{"type":"text"}`, `[]`, `{"type":1}`, `{`,
		`{"propertyNames":{"minProperties":1}}`, `{"additionalProperties":{"if":{}}}`,
	} {
		if _, err := compile([]byte(text)); err == nil {
			t.Errorf("%s: compiled, want an error", text)
		}
	}
	s, err := compile([]byte(`{"type":"object","properties":{"a":{"$ref":"#"}},"additionalProperties":false}`))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{`{"a":{"a":{}}}`: true, `{"a":{"a":{"b":1}}}`: false} {
		d, err := Parse(Manifest, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := len(d.check(s)) == 0; got != want {
			t.Errorf("%s: valid is %v, want %v: a schema may contain itself", text, got, want)
		}
	}
}

// The tables that stand in for a regular expression say the same as it.
func TestRowsMatchAsRE2Does(t *testing.T) {
	rows, patterns := 0, map[string]bool{
		"^a{2,3}b$": true, "^a.b$": true, "^(a)?$": true, "a$": true, "^a": true, "^[^a]$": true, "^[a-]{1,2}$": true,
		"^[-a]$": true, `^[\d]$`: true, "^a{0,2}$": true, "^a*$": true, "^$": true, "^[z-a]$": true, "^[]a]$": true, "^[a-c-e]$": true,
		"^a{2,1}$": true, "^a{2,}$": true, "^a|b$": true,
	}
	for _, kind := range allKinds {
		var schema any
		if err := json.Unmarshal(Source(kind), &schema); err != nil {
			t.Fatal(err)
		}
		collectPatterns(schema, patterns)
	}
	for pattern := range patterns {
		re, err := regexp.Compile(pattern)
		if err != nil {
			continue
		}
		r, ok := rowOf(pattern)
		if !ok {
			continue
		}
		rows++
		seeds := []string{"", "a", "aa", "aaa", "aab", "aaab", "-", "a-", "-a", "é", hash, hash[:16], proof, "2026-01-01T00:00:00Z", "runtime-core", strings.Repeat("a", 64), "env:A_1", "ed25519:" + strings.Repeat("A", 43) + "=", "sha256:" + hash}
		for _, seed := range seeds {
			for _, s := range append(bent(seed), seed) {
				if got, want := r.match(s), re.MatchString(s); got != want {
					t.Errorf("%s on %q: %v, RE2 says %v", pattern, s, got, want)
				}
			}
		}
	}
	if rows < 8 {
		t.Errorf("%d patterns are rows, want at least 8 of %d", rows, len(patterns))
	}
}

func collectPatterns(v any, into map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		if s, ok := v["pattern"].(string); ok {
			into[s] = true
		}
		for _, sub := range v {
			collectPatterns(sub, into)
		}
	case []any:
		for _, sub := range v {
			collectPatterns(sub, into)
		}
	}
}

func TestSuggestions(t *testing.T) {
	for pair, want := range map[[2]string]bool{
		{"SHA256", "sha256"}: true, {"Trust-Domain", "trust_domain"}: true, {"ttlHours", "ttl_hours"}: true, {"sha25", "sha256"}: true,
		{"sha2567", "sha256"}: true, {"sha266", "sha256"}: true, {"sha", "sha256"}: false, {"proof", "path"}: false, {"", "seq"}: false,
		{strings.Repeat("a", 1<<20), "sha256"}: false,
	} {
		if got := alike(pair[0], pair[1]); got != want {
			t.Errorf("%.20q for %q: %v, want %v", pair[0], pair[1], got, want)
		}
	}
}
