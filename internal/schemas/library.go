package schemas

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// An Extra is an owner's own JSON Schema for documents of a kind, beside the
// published one: it can only ask for more.
type Extra struct {
	kind   Kind
	schema *jsonschema.Schema
}

// extraURL names an owner's schema while it is compiled. It has a path, so that a
// relative $ref leads to another document, which is refused, and not back to this.
const extraURL = "https://codexlock.invalid/extra.json"

// CompileExtra compiles an owner's additional JSON Schema, of draft 2020-12 where
// it does not name another. It may refer to itself and to the published schemas,
// nothing else: no file and no network is read. Formats are asserted. Its error is
// an [*Error] wherever there is a place in the schema to point at.
func CompileExtra(kind Kind, schema []byte) (x *Extra, err error) {
	defer func() {
		if r := recover(); r != nil {
			x, err = nil, fmt.Errorf("compile a schema for %s: the schema cannot be worked with: %v", kind, r)
		}
	}()
	if len(schema) > maxBytes {
		return nil, tooLarge(kind, len(schema), maxBytes)
	}
	d := &Document{kind: kind, text: string(schema)}
	tokens, bad := parse(d.text, anyNumber)
	if bad != nil {
		return nil, &Error{Kind: kind, Problems: []Problem{{Position: d.place(bad.offset), Message: bad.message}}}
	}
	d.tokens = tokens
	if i, ok := d.wild(); ok {
		return nil, &Error{Kind: kind, Problems: []Problem{d.problem(i, "number is %s, want one of ordinary size", d.shown(i))}}
	}
	compiled, err := compileLibrary(extraURL, d.any(0))
	var wrong *jsonschema.SchemaValidationError
	var invalid *jsonschema.ValidationError
	if errors.As(err, &wrong) && errors.As(wrong.Err, &invalid) {
		return nil, &Error{Kind: kind, Problems: leaves(invalid, d)}
	}
	if err != nil {
		return nil, fmt.Errorf("compile a schema for %s: %w", kind, err)
	}
	return &Extra{kind: kind, schema: compiled}, nil
}

// Problems tells what in the document differs from the owner's schema. It fails
// closed: a document that the schema cannot be applied to has a problem.
func (x *Extra) Problems(d *Document) []Problem {
	if d.kind != x.kind {
		return []Problem{d.problem(0, "document is a %s, want a %s to apply the schema to", d.kind, x.kind)}
	}
	if i, ok := d.wild(); ok {
		return []Problem{d.problem(i, "%s is %s, want a number of ordinary size", d.name(i), d.shown(i))}
	}
	return applyLibrary(x.schema, d.any(0), d)
}

// maxExponent bounds what the library does with a number: it works with exact
// fractions, so that 1e1000000 takes a second and 1e10000000 is a panic.
const maxExponent = 400

// wild finds a number that must not reach the library.
func (d *Document) wild() (int, bool) {
	for i, t := range d.tokens {
		if t.kind != tokenNumber {
			continue
		}
		s := d.raw(i)
		if len(s) > maxNumberChars {
			return i, true
		}
		if at := strings.IndexAny(s, "eE"); at >= 0 {
			if n, err := strconv.Atoi(s[at+1:]); err != nil || n > maxExponent || n < -maxExponent {
				return i, true
			}
		}
	}
	return 0, false
}

// ValidateAny marshals v and validates it against the published schema of a kind.
// It is for what the program itself made, facts and reports; what others made goes
// through [Decode]. Its error is an [*Error], without positions, where v marshals.
func ValidateAny(kind Kind, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("validate a %s: %w", kind, err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("validate a %s: %w", kind, err)
	}
	if problems := applyLibrary(publishedLibrary(kind), value, nil); len(problems) > 0 {
		return &Error{Kind: kind, Problems: problems}
	}
	return nil
}

var published sync.Map // Kind -> func() *jsonschema.Schema

// publishedLibrary is the schema of a kind, compiled by the library once.
func publishedLibrary(kind Kind) *jsonschema.Schema {
	compile, _ := published.LoadOrStore(kind, sync.OnceValue(func() *jsonschema.Schema {
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(Source(kind)))
		if err == nil {
			var schema *jsonschema.Schema
			if schema, err = compileLibrary(schemaURL(kind), value); err == nil {
				return schema
			}
		}
		panic(fmt.Sprintf("schemas: %s.json: %v", kind, err)) // its own tests compile them all
	}))
	return compile.(func() *jsonschema.Schema)()
}

func schemaURL(kind Kind) string {
	return "https://github.com/codexlock/codexlock/schemas/" + string(kind) + ".json"
}

func compileLibrary(url string, value any) (*jsonschema.Schema, error) {
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.UseLoader(embedded{})
	c.RegisterFormat(&jsonschema.Format{Name: utcSeconds, Validate: func(v any) error {
		if s, ok := v.(string); ok && !isUTCSeconds(s) {
			return errors.New("no such date and time")
		}
		return nil
	}})
	c.AssertFormat()
	if err := c.AddResource(url, value); err != nil {
		return nil, err
	}
	return c.Compile(url)
}

// embedded loads the published schemas and nothing else.
type embedded struct{}

func (embedded) Load(url string) (any, error) {
	for _, kind := range Kinds {
		if url == schemaURL(kind) {
			return jsonschema.UnmarshalJSON(bytes.NewReader(Source(kind)))
		}
	}
	return nil, fmt.Errorf("schema refers to %s, want only itself or a published schema of codexlock: nothing is read from elsewhere", quote(url))
}

// applyLibrary validates a value, which is what d, if not nil, says. A panic of
// the library is a problem, not a crash and not a pass.
func applyLibrary(schema *jsonschema.Schema, value any, d *Document) (problems []Problem) {
	defer func() {
		if r := recover(); r != nil {
			problems = []Problem{{Message: fmt.Sprintf("document cannot be validated: %v", r)}}
		}
	}()
	err := schema.Validate(value)
	if err == nil {
		return nil
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return []Problem{{Message: fmt.Sprintf("document cannot be validated: %v", err)}}
	}
	return leaves(invalid, d)
}

// leaves are what the library found, without its account of how it got there.
func leaves(invalid *jsonschema.ValidationError, d *Document) []Problem {
	var list problemList
	words := message.NewPrinter(language.English)
	var walk func(e *jsonschema.ValidationError)
	walk = func(e *jsonschema.ValidationError) {
		for _, cause := range e.Causes {
			walk(cause)
		}
		if len(e.Causes) > 0 || list.full() {
			return
		}
		p := Problem{Message: e.ErrorKind.LocalizedString(words)}
		for _, part := range e.InstanceLocation {
			p.Pointer += "/" + escapePointer.Replace(part)
		}
		if d != nil {
			p.Position, _ = d.Position(p.Pointer)
		}
		list.problems = append(list.problems, p)
	}
	walk(invalid)
	sort.SliceStable(list.problems, func(a, b int) bool { // the library's own order changes
		return list.problems[a].Message < list.problems[b].Message
	})
	return list.inOrder()
}
