// Package schemas has the published JSON Schema of every document and the strict decoder that
// reads them; no other package decodes documents. A decoded document matches its schema, and
// every value has its line and column. Rules decide whether a valid value is the right one.
package schemas

import (
	"fmt"
	"strings"

	"github.com/codexlock/codexlock"
)

// A Kind is a sort of document. Its schema is schemas/<kind>.json.
type Kind string

// The documents.
const (
	Ledger    Kind = "codex-lock" // Codex-Lock.json
	Manifest  Kind = "manifest"   // X.manifest.json
	VaultTime Kind = "vaulttime"  // X.vaulttime.json
	Integrity Kind = "integrity"  // one line of MANIFEST.integrity.json
	Config    Kind = "config"     // codexlock.yaml
	Facts     Kind = "facts"      // what a rule sees as its input
	Report    Kind = "report"     // codexlock.report/v1
	Proof     Kind = "proof"      // of an entry of the log, as codexlock audit prove writes it
	Baseline  Kind = "baseline"   // codexlock-baseline.json

	Quarantine Kind = "quarantine" // reason.json of a quarantine
	Release    Kind = "release"    // released.json next to it
	Status     Kind = "status"     // codexlock.status/v1
)

// Kinds are all kinds.
var Kinds = []Kind{Ledger, Manifest, VaultTime, Integrity, Config, Facts, Report, Proof, Baseline, Quarantine, Release, Status}

// The largest size of a document. A ledger, a report, a baseline and a status grow
// with the repository, the others describe one thing.
const (
	maxRepositoryBytes = 64 << 20
	maxBytes           = 1 << 20
)

func (k Kind) limit() int {
	if k == Ledger || k == Report || k == Baseline || k == Status {
		return maxRepositoryBytes
	}
	return maxBytes
}

// Source returns the JSON Schema of a kind. It panics for an unknown kind.
func Source(kind Kind) []byte {
	text, err := codexlock.Schemas.ReadFile("schemas/" + string(kind) + ".json")
	if err != nil {
		panic(fmt.Sprintf("schemas: no schema for documents of kind %q", string(kind)))
	}
	return text
}

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
