// Package schemas has the published JSON Schema of every document and the strict decoder that
// reads them; no other package decodes documents. A decoded document matches its schema, and
// every value has its line and column. Rules decide whether a valid value is the right one.
package schemas

import (
	"embed"
	"fmt"
	"strings"
	"sync"

	"github.com/codexlock/codexlock"
)

// A Kind is a sort of document. Its schema is schemas/<kind>.json.
type Kind string

// The documents that codexlock-use reads too. Package kinds has the others.
const (
	Ledger    Kind = "codex-lock" // Codex-Lock.json
	Manifest  Kind = "manifest"   // X.manifest.json
	VaultTime Kind = "vaulttime"  // X.vaulttime.json
	Config    Kind = "config"     // codexlock.yaml
)

// AtUse are these kinds.
var AtUse = []Kind{Ledger, Manifest, VaultTime, Config}

// The largest sizes of a document: of one that describes one thing, and of one that grows
// with the repository.
const (
	MaxBytes           = 1 << 20
	MaxRepositoryBytes = 64 << 20
)

// A registration is what is known of a kind. Its schema is read and compiled on first use.
type registration struct {
	limit  int
	source func() []byte
	schema func() *schema
}

var registered = map[Kind]registration{}

func init() {
	for _, kind := range AtUse {
		limit := MaxBytes
		if kind == Ledger {
			limit = MaxRepositoryBytes
		}
		Register(kind, codexlock.SchemasAtUse, limit)
	}
}

// Register adds a kind of document, of at most limit bytes, whose schema is in a file system.
// It is for the package that names the kind, when the program starts.
func Register(kind Kind, from embed.FS, limit int) {
	source := sync.OnceValue(func() []byte {
		text, err := from.ReadFile("schemas/" + string(kind) + ".json")
		if err != nil {
			panic(fmt.Sprintf("schemas: %v", err)) // a test reads them all
		}
		return text
	})
	registered[kind] = registration{limit, source, sync.OnceValue(func() *schema { return mustCompile(source()) })}
}

func (k Kind) registration() registration {
	r, ok := registered[k]
	if !ok {
		panic(fmt.Sprintf("schemas: no schema for documents of kind %q", string(k)))
	}
	return r
}

func (k Kind) limit() int { return k.registration().limit }

// Source returns the JSON Schema of a kind. It panics for an unknown kind.
func Source(kind Kind) []byte { return kind.registration().source() }

// URL returns the $id of the schema of a kind.
func URL(kind Kind) string {
	return "https://github.com/codexlock/codexlock/schemas/" + string(kind) + ".json"
}

// A Position is a position in a text; both numbers count from 1, Column in characters.
type Position struct{ Line, Column int }

func (p Position) String() string { return fmt.Sprintf("%d:%d", p.Line, p.Column) }

func (p Position) before(q Position) bool {
	return p.Line < q.Line || p.Line == q.Line && p.Column < q.Column
}

// A Problem is one error in the syntax or the schema of a document.
type Problem struct {
	Pointer  string   // RFC 6901; "" is the whole document
	Position Position // zero without a text
	Message  string
}

func (p Problem) String() string {
	switch {
	case p.Position != Position{}:
		return p.Position.String() + ": " + p.Message
	case p.Pointer != "":
		return p.Pointer + ": " + p.Message
	}
	return p.Message
}

// An Error is a document that does not match its schema. It has at least one problem, in the
// order of the text.
type Error struct {
	Kind     Kind
	Problems []Problem
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Problems[0].String())
	if n := len(e.Problems) - 1; n > 0 {
		fmt.Fprintf(&b, " (and %d more)", n)
	}
	return b.String()
}

// Decode reads a document of a kind: it parses data, validates it against the
// schema and fills into, a pointer to a struct (see [Document.Fill]; nil: only
// validate). An error is always an [*Error]. The Document is nil only if data is not
// JSON. If data only does not match the schema, the Document has the positions of its values,
// and into is not changed.
func Decode(kind Kind, data []byte, into any) (*Document, error) {
	d, err := Parse(kind, data)
	if err != nil {
		return nil, err
	}
	return d, d.decode(into)
}

// DecodeYAML is [Decode] for the YAML form of a document.
func DecodeYAML(kind Kind, data []byte, into any) (*Document, error) {
	d, err := ParseYAML(kind, data)
	if err != nil {
		return nil, err
	}
	return d, d.decode(into)
}

func (d *Document) decode(into any) error {
	if problems := d.Validate(); len(problems) > 0 {
		return &Error{Kind: d.kind, Problems: problems}
	}
	if into == nil {
		return nil
	}
	return d.Fill(into)
}
