package codexlock_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// rawSchemas is where editors read the published schemas.
const rawSchemas = "https://raw.githubusercontent.com/codexlock/codexlock/main/schemas/"

// draft07 are the keywords of JSON Schema draft-07, which is what SchemaStore takes and editors
// understand, with $defs, which a reference finds in any draft, and x-want, which is ours.
var draft07 = strings.Fields("$id $schema $ref $comment title description default readOnly examples multipleOf maximum exclusiveMaximum minimum exclusiveMinimum " +
	"maxLength minLength pattern additionalItems items maxItems minItems uniqueItems contains maxProperties minProperties required additionalProperties definitions " +
	"properties patternProperties dependencies propertyNames const enum type format if then else allOf anyOf oneOf not $defs x-want")

// newer are the keywords of later drafts that a schema has: an editor that does not know one
// accepts what only the program refuses.
var newer = map[string]string{"vaulttime": "dependentRequired"}

type catalogEntry struct {
	Name, Description, URL string
	FileMatch              []string
}

func readCatalog(t *testing.T) []catalogEntry {
	t.Helper()
	text, err := os.ReadFile("editors/catalog.json")
	if err != nil {
		t.Fatal(err)
	}
	var catalog struct{ Schemas []catalogEntry }
	if err := json.Unmarshal(text, &catalog); err != nil {
		t.Fatal(err)
	}
	if len(catalog.Schemas) == 0 {
		t.Fatal("editors/catalog.json has no schemas")
	}
	return catalog.Schemas
}

// TestEditorsGetOurSchemas: the catalog names schemas that exist, for files that have other
// names, and what init writes names the one of the configuration.
func TestEditorsGetOurSchemas(t *testing.T) {
	seen := map[string]string{}
	for _, e := range readCatalog(t) {
		name, ok := strings.CutPrefix(e.URL, rawSchemas)
		if _, err := os.Stat(path.Join("schemas", name)); !ok || err != nil {
			t.Errorf("%s: url is %q, want %sNAME with schemas/NAME", e.Name, e.URL, rawSchemas)
		}
		if e.Name == "" || e.Description == "" || len(e.FileMatch) == 0 {
			t.Errorf("%+v: want name, description and fileMatch", e)
		}
		for _, match := range e.FileMatch {
			if seen[match] != "" {
				t.Errorf("%s is in %s and %s", match, seen[match], e.Name)
			}
			seen[match] = e.Name
		}
	}
	text, err := os.ReadFile("internal/cli/initcmd/templates/codexlock.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if want := "# yaml-language-server: $schema=" + rawSchemas + "config.json\n"; !strings.HasPrefix(string(text), want) {
		t.Errorf("the configuration that init writes does not begin with %q", want)
	}
}

// TestEditorsUnderstandOurSchemas: the schemas of the catalog are valid as draft-07 too, use no
// keyword that it lacks, and still refuse an unknown key.
func TestEditorsUnderstandOurSchemas(t *testing.T) {
	for _, e := range readCatalog(t) {
		name := strings.TrimSuffix(path.Base(e.URL), ".json")
		text, err := os.ReadFile("schemas/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		for _, keyword := range keywords(document, false) {
			if !slices.Contains(draft07, keyword) && newer[name] != keyword {
				t.Errorf("%s: draft-07 has no keyword %s", name, keyword)
			}
		}
		document.(map[string]any)["$schema"] = "http://json-schema.org/draft-07/schema#"
		compiler := jsonschema.NewCompiler()
		if err := compiler.AddResource("schema.json", document); err != nil {
			t.Fatal(err)
		}
		schema, err := compiler.Compile("schema.json")
		if err != nil {
			t.Errorf("%s as draft-07: %v", name, err)
			continue
		}
		if err := schema.Validate(map[string]any{"unknown_key": true}); err == nil || !strings.Contains(err.Error(), "unknown_key") {
			t.Errorf("%s as draft-07 accepts an unknown key: %v", name, err)
		}
	}
	for name, keyword := range newer {
		text, err := os.ReadFile("schemas/" + name + ".json")
		if err != nil || !bytes.Contains(text, []byte(`"`+keyword+`"`)) {
			t.Errorf("%s does not use %s any more: remove it from newer", name, keyword)
		}
	}
}

// keywords returns the keywords of a schema. names is whether the keys of a mapping are names of
// properties or definitions.
func keywords(v any, names bool) []string {
	var all []string
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			all = append(all, keywords(item, false)...)
		}
	case map[string]any:
		for key, inner := range v {
			switch {
			case names:
				all = append(all, keywords(inner, false)...)
				continue
			case key == "const", key == "enum", key == "default", key == "examples", key == "dependentRequired":
			default:
				all = append(all, keywords(inner, slices.Contains([]string{"properties", "patternProperties", "$defs", "definitions"}, key))...)
			}
			all = append(all, key)
		}
	}
	return all
}

// regalRule is the rule for Regal that knows the facts.
const regalRule = "editors/regal/unknown_fact.rego"

// factsMark is the line of the rule above the facts.
const factsMark = "# The facts of schemas/facts.json; CODEXLOCK_UPDATE=1 go test . -run TestRegalKnowsTheFacts writes them.\n"

// A factSchema is the part of schemas/facts.json that says which facts there are.
type factSchema struct {
	Ref        string                 `json:"$ref"`
	Properties map[string]*factSchema `json:"properties"`
	Items      *factSchema            `json:"items"`
	Open       any                    `json:"additionalProperties"`
	Defs       map[string]*factSchema `json:"$defs"`
}

// names adds the path of a fact and of those inside it, with * for the items of a list.
func (s *factSchema) names(t *testing.T, whole *factSchema, at string, all *[]string) {
	t.Helper()
	if s.Ref != "" {
		s = whole.Defs[strings.TrimPrefix(s.Ref, "#/$defs/")]
	}
	if s == nil || s.Properties != nil && s.Open != false {
		t.Fatalf("%q is not described, or takes keys that are not: the rule cannot name them", at)
	}
	for name, inner := range s.Properties {
		p := strings.TrimPrefix(at+"/"+name, "/")
		*all = append(*all, p)
		inner.names(t, whole, p, all)
	}
	if s.Items != nil {
		*all = append(*all, at+"/*")
		s.Items.names(t, whole, at+"/*", all)
	}
}

// TestRegalKnowsTheFacts: the rule for editors names each fact of the schema.
func TestRegalKnowsTheFacts(t *testing.T) {
	text, err := os.ReadFile("schemas/facts.json")
	if err != nil {
		t.Fatal(err)
	}
	var whole factSchema
	if err := json.Unmarshal(text, &whole); err != nil {
		t.Fatal(err)
	}
	var all []string
	whole.names(t, &whole, "", &all)
	slices.Sort(all)
	if len(all) < 200 || !slices.Contains(all, "manifest/inputs/*/path") {
		t.Fatalf("%d facts, want at least 200 with manifest/inputs/*/path", len(all))
	}
	rule, err := os.ReadFile(regalRule)
	if err != nil {
		t.Fatal(err)
	}
	code, _, ok := strings.Cut(string(rule), factsMark)
	if !ok {
		t.Fatalf("%s has no line %q", regalRule, factsMark)
	}
	want := code + factsMark + "_facts := {fact |\n\tsome line in [\n\t\t`" + strings.Join(wrap(all), "`,\n\t\t`") + "`,\n\t]\n\tsome fact in split(line, \" \")\n}\n"
	if want == string(rule) {
		return
	}
	if os.Getenv("CODEXLOCK_UPDATE") == "" {
		t.Fatalf("%s does not have the facts of schemas/facts.json: CODEXLOCK_UPDATE=1 go test . -run TestRegalKnowsTheFacts", regalRule)
	}
	if err := os.WriteFile(regalRule, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// wrap joins names to lines of about 120 characters.
func wrap(names []string) (lines []string) {
	for _, name := range names {
		if n := len(lines); n > 0 && len(lines[n-1])+len(name) < 120 {
			lines[n-1] += " " + name
			continue
		}
		lines = append(lines, name)
	}
	return lines
}
