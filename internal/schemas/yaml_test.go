package schemas

import (
	"errors"
	"strings"
	"testing"
)

func TestYAMLMeansTheSameAsItsJSON(t *testing.T) {
	text := "# comment\nversion: 1\nx:\n  - 2026-01-01T00:00:00Z\n  - 2026-01-01\n  - yes\n  - 'it''s \"é\"'\n  - |\n    a\n    b\n" +
		"  - \"\\u00e9\\n\\x07\"\n  - {a: true, b: false, \"1\": ~}\n  - []\n  - !\n"
	text = strings.TrimSuffix(text, "  - !\n") + "  - -7\n  - \"1\"\n  - 1:30\n  - a: &\n" // the last is refused below
	if _, err := ParseYAML(Config, []byte(text)); err == nil {
		t.Error("an anchor without a name: accepted")
	}
	text = strings.TrimSuffix(text, "  - a: &\n")
	d, err := ParseYAML(Config, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"version":1,"x":["2026-01-01T00:00:00Z","2026-01-01","yes","it's \"é\"","a\u000ab\u000a","é\u000a\u0007",{"a":true,"b":false,"1":null},[],-7,"1","1:30"]}`
	if raw, _ := d.Raw(""); raw != want {
		t.Errorf("got\n%s\nwant\n%s", raw, want)
	}
	j, err := Parse(Config, []byte(want))
	if err != nil {
		t.Fatal(err)
	}
	if len(j.tokens) != len(d.tokens) {
		t.Fatalf("%d tokens, its JSON has %d", len(d.tokens), len(j.tokens))
	}
	for i := range j.tokens {
		if j.tokens[i] != d.tokens[i] {
			t.Errorf("token %d is %+v, in its JSON %+v", i, d.tokens[i], j.tokens[i])
		}
	}
}

func TestYAMLPositions(t *testing.T) {
	d, err := ParseYAML(Config, []byte(designConfig))
	if err != nil {
		t.Fatal(err)
	}
	for pointer, want := range map[string]string{
		"": "1:1", "/version": "1:10", "/artifacts/include/1": "2:44", "/trust_domains/runtime-core/paths": "11:12",
		"/trust_domains/runtime-core/public_keys/0/created_at": "13:115", "/exceptions/0/owner": "21:76", "/policies/0": "17:12",
	} {
		if at, ok := d.Position(pointer); !ok || at.String() != want {
			t.Errorf("%s: got %v, %v, want %s", pointer, at, ok, want)
		}
	}
	d, err = ParseYAML(Config, []byte("\"é😀\": {\"日\": [a, 本]}\r\n\r\nb:\r\n  - c\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	for pointer, want := range map[string]string{"/é😀/日/1": "1:17", "/b/0": "4:5"} {
		if at, _ := d.Position(pointer); at.String() != want {
			t.Errorf("%s: got %v, want %s", pointer, at, want)
		}
	}
}

func TestYAMLRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "1:1: text is empty, want a YAML mapping",
		"# only a comment\n":          "1:1: text is empty, want a YAML mapping",
		"\ufeffa: 1":                  "1:1: text starts with a byte order mark, want none: save it as UTF-8 without BOM",
		"a: 1\nb: \xff":               "2:4: byte 0xff is not UTF-8, want text in UTF-8",
		"a: &x 1":                     `1:4: anchor "&x", want the value without it`,
		"a: 1\nb: *a":                 `2:4: alias "*a", want the value itself`,
		"a: &a 1\nb: *a":              `1:4: anchor "&a", want the value without it`,
		"<<: {a: 1}":                  `1:1: merge key "<<", want the keys themselves`,
		"a: !!str 1":                  `1:4: tag "!!str", want the value without it`,
		"a: !x {b: 1}":                `1:4: tag "!x", want the value without it`,
		"a:\n  - ! 1":                 `2:5: tag "!", want the value without it`,
		"!!str a: 1":                  `1:1: tag "!!str", want the value without it`,
		"a: 1\n---\nb: 1":             "2:1: second document begins here, want one",
		"a: 1\n...\n---\nb: [":        "4:1: malformed YAML: did not find expected node content",
		"# c\n\n%YAML 1.1\n---\na: 1": "3:1: directive before the document, want none",
		"a: 1\nb: 2\na: 3":            `3:1: key "a" stands here twice, want it once`,
		"a: 1\n\"\\x61\": 3":          `2:1: key "a" stands here twice, want it once`,
		"1: a":                        `1:1: key is "1", want a text: put it in quotes`,
		"true: a":                     `1:1: key is "true", want a text: put it in quotes`,
		"? [a]\n: b":                  "1:3: key is a mapping or sequence, want a text",
		"a: 0x1F":                     `1:4: number is "0x1F", want a plain integer, or a text in quotes`,
		"a: 0o17":                     `1:4: number is "0o17", want a plain integer, or a text in quotes`,
		"a: 017":                      `1:4: number is "017", want a plain integer, or a text in quotes`,
		"a: 1_000":                    `1:4: number is "1_000", want a plain integer, or a text in quotes`,
		"a: +1":                       `1:4: number is "+1", want a plain integer, or a text in quotes`,
		"a: -0":                       `1:4: number is "-0", want a plain integer, or a text in quotes`,
		"a: 1.5":                      `1:4: number is "1.5", want a plain integer, or a text in quotes`,
		"a: 1e3":                      `1:4: number is "1e3", want a plain integer, or a text in quotes`,
		"a: .inf":                     `1:4: number is ".inf", want a plain integer, or a text in quotes`,
		"a: 9007199254740992":         `1:4: number is "9007199254740992", want a plain integer, or a text in quotes`,
		"a: True":                     `1:4: truth value is "True", want true or false, or a text in quotes`,
		"a: 1\rb: 2":                  "1:5: carriage return without a newline, want a plain newline",
		"a: 'x\u2028y'":               "1:6: line separator that only YAML knows, want a plain newline",
		"a: \"\\ud800\"":              "1:1: malformed YAML: found invalid Unicode character escape code",
		"a: \x00":                     "1:1: malformed YAML: control characters are not allowed",
		"a: 1\n- b":                   "2:1: malformed YAML: did not find expected key",
		"a: 1\nb: {c\nd: 2\n":         "2:1: malformed YAML: did not find expected ',' or '}'",
		"a: 1\nb: 2\nc: @x\n":         "3:1: malformed YAML: found character that cannot start any token",
		strings.Repeat("[", 33) + strings.Repeat("]", 33): "1:33: values are nested more than 32 deep",
		strings.Repeat("#", maxYAMLBytes) + "\n":          "1:1: document has 262145 bytes, want at most 262144",
	} {
		d, err := ParseYAML(Config, []byte(text))
		var bad *Error
		if !errors.As(err, &bad) || d != nil {
			t.Errorf("%.60q: got %v, want an *Error", text, err)
			continue
		}
		if err.Error() != want {
			t.Errorf("%.60q\ngot  %s\nwant %s", text, err, want)
		}
	}
}

// C15: none of these may cost more than its size.
func TestYAMLBombs(t *testing.T) {
	laughs := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c <= 'i'; c++ {
		p := "*" + string(c-1)
		laughs += string(c) + ": &" + string(c) + " [" + strings.Repeat(p+",", 8) + p + "]\n"
	}
	for _, text := range []string{laughs, strings.Repeat("[", 100_000), strings.Repeat("- ", 100_000), strings.Repeat("{a: ", 60_000), strings.Repeat("? ", 100_000)} {
		if _, err := ParseYAML(Config, []byte(text)); err == nil {
			t.Errorf("%.40q: accepted", text)
		}
	}
	wide := "a: [" + strings.Repeat("x,", 120_000) + "x]"
	if _, err := ParseYAML(Config, []byte(wide)); err != nil {
		t.Errorf("a long line: %v", err)
	}
	many := ""
	for i := range 20_000 {
		many += "k" + strings.Repeat("x", i%5) + string(rune('a'+i%26)) + ": 1\n"
	}
	if _, err := ParseYAML(Config, []byte(many)); err == nil {
		t.Error("duplicate keys among many: accepted")
	}
}

func TestDecodeYAML(t *testing.T) {
	var v struct {
		Version      int               `json:"version"`
		RequireProof *bool             `json:"require_proof"`
		TrustDomains map[string]common `json:"trust_domains"`
	}
	if _, err := DecodeYAML(Config, []byte(designConfig), &v); err != nil {
		t.Fatal(err)
	}
	if v.Version != 1 || v.RequireProof == nil || !*v.RequireProof || len(v.TrustDomains) != 1 {
		t.Errorf("got %+v", v)
	}
	for text, want := range map[string]string{
		"artifacts: {}":                            "1:1: document has no version, want 1",
		"version: 2":                               "1:10: version is 2, want 1",
		"version: \"1\"":                           `1:10: version is "1", want 1`,
		"version: 1\nrequire_proof: yes":           `2:16: require_proof is "yes", want true or false`,
		"version: 1\nlfs:":                         `2:5: lfs is null, want one of "oid", "content"`,
		"version: 1\nminimum_level: A-Plus":        `2:16: minimum_level is "A-Plus", want one of "a-plus", "tier-1"`,
		"version: 1\nRequire-Proof: true":          `2:1: unknown key "Require-Proof", did you mean "require_proof"?`,
		"version: 1\ntrust_domains: {a b: {}}":     `2:17: key is "a b", want a name of 1 to 64 letters, digits, dots, underscores and hyphens that starts with a letter or digit`,
		"version: 1\ntrust_domains: {a: {key: K}}": `2:26: key is "K", want env: and the name of an environment variable, or vault-transit: and MOUNT/NAME, because keys come from nowhere else`,
		"version: 1\nexceptions:\n  - rule: a\n    reason: b\n    owner: c\n    expires: 2026-02-30T00:00:00Z": `6:14: expires is "2026-02-30T00:00:00Z", want a time in UTC such as 2026-11-23T00:00:00Z`,
		"version: 1\nexceptions:\n  - rule: a\n    reason: b\n    owner: c":                                    `3:5: exceptions[0] has no expires, want a time in UTC such as 2026-11-23T00:00:00Z`,
		"- a": "1:1: document is a list, want an object",
	} {
		_, err := DecodeYAML(Config, []byte(text), nil)
		if err == nil || err.Error() != want {
			t.Errorf("%q\ngot  %v\nwant %s", text, err, want)
		}
	}
}
