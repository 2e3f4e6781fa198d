// Package ownerschema checks documents with the additional JSON Schemas of a
// repository's owners (schemas: in codexlock.yaml). They may use every keyword of
// JSON Schema, so only this package needs the JSON Schema library: programs that read
// documents without owners' schemas do not link it.
package ownerschema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/codexlock/codexlock/internal/kinds"
	"github.com/codexlock/codexlock/internal/schemas"
)

// A Schema is an owner's JSON Schema for documents of a kind, in addition to the
// published one: it can only ask for more.
type Schema struct {
	kind     schemas.Kind
	compiled *jsonschema.Schema
}

// ownURL names an owner's schema while it is compiled. It has a path, so that a
// relative $ref leads to another document, which is refused, and not back to this.
const ownURL = "https://codexlock.invalid/extra.json"

// Compile compiles an owner's JSON Schema, of draft 2020-12 unless its $schema
// names another draft. It may refer to itself and to the published schemas, nothing
// else: no file and no network is read. Formats are asserted. Its error is a
// [*schemas.Error] wherever there is a place in the schema to point at.
func Compile(kind schemas.Kind, text []byte) (s *Schema, err error) {
	defer func() {
		if r := recover(); r != nil {
			s, err = nil, fmt.Errorf("compile a schema for %s: the schema cannot be worked with: %v", kind, r)
		}
	}()
	d, err := schemas.ParseAny(kind, text)
	if err != nil {
		return nil, err
	}
	value := d.Any()
	if pointer, found := hugeNumber(value, ""); found {
		return nil, &schemas.Error{Kind: kind, Problems: []schemas.Problem{d.Unfit(pointer, "a number of ordinary size")}}
	}
	compiled, err := compile(ownURL, value)
	var wrong *jsonschema.SchemaValidationError
	var invalid *jsonschema.ValidationError
	if errors.As(err, &wrong) && errors.As(wrong.Err, &invalid) {
		return nil, &schemas.Error{Kind: kind, Problems: leaves(invalid, d)}
	}
	if err != nil {
		return nil, fmt.Errorf("compile a schema for %s: %w", kind, err)
	}
	return &Schema{kind: kind, compiled: compiled}, nil
}

// Problems returns what in the document differs from the owner's schema. It fails
// closed: a document that the schema cannot be applied to has a problem.
func (s *Schema) Problems(d *schemas.Document) []schemas.Problem {
	if d.Kind() != s.kind {
		at, _ := d.Position("")
		return []schemas.Problem{{Position: at, Message: fmt.Sprintf("document is a %s, want a %s to apply the schema to", d.Kind(), s.kind)}}
	}
	value := d.Any()
	if pointer, found := hugeNumber(value, ""); found {
		return []schemas.Problem{d.Unfit(pointer, "a number of ordinary size")}
	}
	return apply(s.compiled, value, d)
}

// The most that is given to the library of a number. It works with exact
// fractions, so that 1e1000000 takes a second and 1e10000000 is a panic.
const (
	maxExponent    = 400
	maxNumberChars = 32
)

// hugeNumber finds a number that must not reach the library, and returns its RFC
// 6901 pointer below at. Keys are visited in order, so that the same document has
// the same answer.
func hugeNumber(value any, at string) (pointer string, found bool) {
	switch v := value.(type) {
	case json.Number:
		return at, isHuge(string(v))
	case []any:
		for i, e := range v {
			if pointer, found = hugeNumber(e, at+"/"+strconv.Itoa(i)); found {
				return pointer, true
			}
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if pointer, found = hugeNumber(v[key], at+"/"+schemas.EscapePointer(key)); found {
				return pointer, true
			}
		}
	}
	return "", false
}

func isHuge(number string) bool {
	if len(number) > maxNumberChars {
		return true
	}
	at := strings.IndexAny(number, "eE")
	if at < 0 {
		return false
	}
	n, err := strconv.Atoi(number[at+1:])
	return err != nil || n > maxExponent || n < -maxExponent
}

func compile(url string, value any) (*jsonschema.Schema, error) {
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.UseLoader(published{})
	c.RegisterFormat(&jsonschema.Format{Name: schemas.UTCSeconds, Validate: func(v any) error {
		if s, ok := v.(string); ok && !schemas.IsUTCSeconds(s) {
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

// published loads the published schemas and nothing else.
type published struct{}

// Load returns the published schema of that address.
func (published) Load(url string) (any, error) {
	for _, kind := range kinds.All {
		if url == schemas.URL(kind) {
			return jsonschema.UnmarshalJSON(bytes.NewReader(schemas.Source(kind)))
		}
	}
	return nil, fmt.Errorf("schema refers to %.200q, want only itself or a published schema of codexlock: nothing is read from elsewhere", url)
}

// apply validates the value of d. A panic of the library is a problem, not a crash
// and not a pass.
func apply(schema *jsonschema.Schema, value any, d *schemas.Document) (problems []schemas.Problem) {
	defer func() {
		if r := recover(); r != nil {
			problems = []schemas.Problem{{Message: fmt.Sprintf("document cannot be validated: %v", r)}}
		}
	}()
	err := schema.Validate(value)
	if err == nil {
		return nil
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return []schemas.Problem{{Message: fmt.Sprintf("document cannot be validated: %v", err)}}
	}
	return leaves(invalid, d)
}

// leaves are what the library found, without its account of how it got there.
func leaves(invalid *jsonschema.ValidationError, d *schemas.Document) []schemas.Problem {
	var list schemas.ProblemList
	words := message.NewPrinter(language.English)
	var walk func(e *jsonschema.ValidationError)
	walk = func(e *jsonschema.ValidationError) {
		for _, cause := range e.Causes {
			walk(cause)
		}
		if len(e.Causes) > 0 || list.Full() {
			return
		}
		p := schemas.Problem{Message: e.ErrorKind.LocalizedString(words)}
		for _, part := range e.InstanceLocation {
			p.Pointer += "/" + schemas.EscapePointer(part)
		}
		p.Position, _ = d.Position(p.Pointer)
		list.Problems = append(list.Problems, p)
	}
	walk(invalid)
	sort.SliceStable(list.Problems, func(a, b int) bool { // the library's own order changes
		return list.Problems[a].Message < list.Problems[b].Message
	})
	return list.InOrder()
}
