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
