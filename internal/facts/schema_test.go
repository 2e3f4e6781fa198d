package facts_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/kinds"
	"github.com/codexlock/codexlock/internal/schemas"
)

const module = "github.com/codexlock/codexlock/internal/"

// checked is a package of ours, type-checked from its source.
type checked struct {
	types *types.Package
	info  *types.Info
	fset  *token.FileSet
}

// checkPackages type-checks packages of this module, tests left out. What they import
// is read from the compiler's export data.
func checkPackages(t *testing.T, names ...string) map[string]checked {
	t.Helper()
	type listed struct {
		ImportPath, Dir, Export string
		GoFiles                 []string
	}
	args := []string{"list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles"}
	for _, name := range names {
		args = append(args, module+name)
	}
	out, err := exec.Command("go", args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := map[string]listed{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		packages[p.ImportPath] = p
	}
	fset := token.NewFileSet()
	compiled := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(packages[path].Export) })
	all := map[string]checked{}
	for _, name := range names {
		p := packages[module+name]
		var files []*ast.File
		for _, file := range p.GoFiles {
			f, err := parser.ParseFile(fset, p.Dir+"/"+file, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, f)
		}
		info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
		config := types.Config{Importer: compiled}
		pkg, err := config.Check(p.ImportPath, fset, files, info)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = checked{pkg, info, fset}
	}
	return all
}

// importers are the packages of this module that import facts.
func importers(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		if slices.Contains(words[1:], module+"facts") {
			found = append(found, strings.TrimPrefix(words[0], module))
		}
	}
	return found
}

// enumerations are the values of each exported string type that has constants, by the
// type's name with its package.
func enumerations(pkg *types.Package) map[string][]string {
	values := map[string][]string{}
	for _, name := range pkg.Scope().Names() {
		c, ok := pkg.Scope().Lookup(name).(*types.Const)
		if !ok {
			continue
		}
		if named, ok := c.Type().(*types.Named); ok && named.Obj().Pkg() == pkg && named.Obj().Exported() && c.Val().Kind() == constant.String {
			values[named.String()] = append(values[named.String()], constant.StringVal(c.Val()))
		}
	}
	return values
}

// A comparer holds schemas/facts.json to the Go types, and names what differs.
type comparer struct {
	root  map[string]any
	enums map[string][]string
	used  map[string]bool
	seen  map[string]bool
	diffs []string
}

func (c *comparer) differ(at, format string, args ...any) {
	c.diffs = append(c.diffs, at+": "+fmt.Sprintf(format, args...))
}

// resolve follows a $ref.
func (c *comparer) resolve(schema map[string]any) map[string]any {
	if ref, ok := schema["$ref"].(string); ok {
		defs := c.root["$defs"].(map[string]any)
		return defs[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
	}
	return schema
}

func (c *comparer) compare(at string, t types.Type, schema map[string]any) {
	schema = c.resolve(schema)
	if p, ok := t.Underlying().(*types.Pointer); ok {
		c.compare(at, p.Elem(), schema)
		return
	}
	kind, _ := schema["type"].(string)
	want := ""
	switch u := t.Underlying().(type) {
	case *types.Struct:
		if want = "object"; kind == want {
			c.object(at, u, schema)
		}
	case *types.Slice:
		if want = "array"; kind == want {
			c.compare(at+"[]", u.Elem(), schema["items"].(map[string]any))
		}
	case *types.Basic:
		switch {
		case u.Info()&types.IsString != 0:
			if want = "string"; kind == want {
				c.text(at, t, schema)
			}
		case u.Info()&types.IsInteger != 0:
			want = "integer"
		case u.Info()&types.IsBoolean != 0:
			want = "boolean"
		}
	}
	if kind != want {
		c.differ(at, "the schema's type is %q, and %s is %q", kind, t, want)
	}
}

// text compares an enumeration. A text that is none has no list of values.
func (c *comparer) text(at string, t types.Type, schema map[string]any) {
	var listed []string
	for _, v := range asList(schema["enum"]) {
		listed = append(listed, v.(string))
	}
	values := slices.Clone(c.enums[t.String()])
	c.used[t.String()] = true
	slices.Sort(listed)
	slices.Sort(values)
	if !slices.Equal(listed, values) {
		c.differ(at, "the schema lists %v, and the constants of %s are %v", listed, t, values)
	}
}

func asList(v any) []any { l, _ := v.([]any); return l }

// object compares the fields of a struct with the properties of a schema: their
// names, their types, and which are always there.
func (c *comparer) object(at string, s *types.Struct, schema map[string]any) {
	properties := schema["properties"].(map[string]any)
	var required []string
	for _, v := range asList(schema["required"]) {
		required = append(required, v.(string))
	}
	names := map[string]bool{}
	var fields func(s *types.Struct)
	fields = func(s *types.Struct) {
		for i := range s.NumFields() {
			tag := reflect.StructTag(s.Tag(i)).Get("json")
			if s.Field(i).Embedded() && tag == "" {
				fields(s.Field(i).Type().Underlying().(*types.Struct))
				continue
			}
			name, options, _ := strings.Cut(tag, ",")
			if name == "" || name == "-" {
				continue
			}
			names[name] = true
			property, ok := properties[name].(map[string]any)
			if !ok {
				c.differ(at, "the schema has no property %s, which the field %s is", name, s.Field(i).Name())
				continue
			}
			if always := options != "omitempty"; always != slices.Contains(required, name) {
				c.differ(at+"."+name, "the schema requires it: %v, and the field is always there: %v", !always, always)
			}
			if pair := s.Field(i).Type().String() + fmt.Sprint(property); !c.seen[pair] {
				c.seen[pair] = true
				c.compare(at+"."+name, s.Field(i).Type(), property)
			}
		}
	}
	fields(s)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if !names[name] {
			c.differ(at, "the schema has a property %s, which no field is", name)
		}
	}
}

// TestSchemaIsThatOfTheTypes: what rules are type-checked against is what Go measures.
// A fact is defined by its field and its constants; this names what the schema, which
// holds the sample too, says otherwise.
func TestSchemaIsThatOfTheTypes(t *testing.T) {
	packages := checkPackages(t, "facts")
	c := &comparer{used: map[string]bool{}, seen: map[string]bool{}}
	c.enums = enumerations(packages["facts"].types)
	if err := json.Unmarshal(schemas.Source(kinds.Facts), &c.root); err != nil {
		t.Fatal(err)
	}
	c.compare("input", packages["facts"].types.Scope().Lookup("Input").Type(), c.root)
	for _, diff := range c.diffs {
		t.Errorf("schemas/facts.json: %s", diff)
	}
	if len(c.used) < 60 {
		t.Errorf("%d types of text were compared, want those of all facts", len(c.used))
	}
	for name := range c.enums {
		if !c.used[name] {
			t.Errorf("%s is the enumeration of no fact", name)
		}
	}
}

// TestTextsAreOfTheirEnumeration: a text that is written out where an enumeration is
// expected is one of its constants, wherever facts are measured or read. Go itself
// converts any.
func TestTextsAreOfTheirEnumeration(t *testing.T) {
	packages := checkPackages(t, append(importers(t), "facts")...)
	enums := enumerations(packages["facts"].types)
	texts := 0
	for _, pkg := range packages {
		for expr, tv := range pkg.info.Types {
			named, ok := tv.Type.(*types.Named)
			if !ok || tv.Value == nil || tv.Value.Kind() != constant.String {
				continue
			}
			values, ok := enums[named.String()]
			text := constant.StringVal(tv.Value)
			if !ok || text == "" { // the empty text is a fact that is absent
				continue
			}
			if texts++; !slices.Contains(values, text) {
				t.Errorf("%s: %q is no %s, want one of %v", pkg.fset.Position(expr.Pos()), text, named, values)
			}
		}
	}
	if texts < 200 {
		t.Errorf("%d texts are of an enumeration, want those of all packages that measure and read facts", texts)
	}
}
