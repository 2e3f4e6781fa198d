// Package document reads the small files next to artifacts (companions, the ledger, the log):
// whether each is there, can be read and has the form of its schema, as facts, and where its
// values are. It judges none of this, and reads no artifact.
package document

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/schemas"
	"github.com/codexlock/codexlock/internal/trees"
)

// Limits on files of ours, enforced before a byte is decoded. A ledger of
// 64 MiB has some 300,000 entries; a companion is a page of text.
const (
	MaxLedgerBytes    = 64 << 20
	MaxCompanionBytes = 1 << 20
)

// maxProblems is the largest number of reported problems of one document; its author fixes the
// first ones first.
const maxProblems = 20

// An OwnerSchema is an owner's additional schema of a document.
type OwnerSchema interface {
	Problems(*schemas.Document) []schemas.Problem
}

// A File is the result of looking up a file: its entry, and its bytes if they could be read.
type File struct {
	facts.Document
	Entry trees.Entry
	Data  []byte
	ID    string // the object id of data, once computed
	Large bool   // it is invalid only because it has more bytes than are read
}

// Read looks up and reads a small file. With a limit of 0 it looks it up only. Its state is valid if there are bytes to decode, and
// absent, irregular or invalid otherwise.
func Read(ctx context.Context, tree trees.Tree, p artifact.Path, limit int64) (File, error) {
	return ReadInto(ctx, tree, p, limit, nil)
}

// ReadInto is Read with a Buffer for the bytes; nil: they have their own.
func ReadInto(ctx context.Context, tree trees.Tree, p artifact.Path, limit int64, r *Buffer) (File, error) {
	f := File{Document: facts.Document{Path: p.String(), State: "absent", Problems: []facts.Problem{}}}
	if limit == 0 {
		entry, ok, err := tree.Lookup(ctx, p)
		if err == nil && ok {
			f.Entry, f.State = entry, "irregular"
			if entry.Kind == trees.File || entry.Kind == trees.Oversized {
				f.State = "valid"
			}
		}
		return f, err
	}
	file, ok, err := tree.Open(ctx, p)
	if err != nil || !ok {
		return f, err
	}
	defer file.Close()
	f.Entry = file.Entry
	if file.Kind != trees.File && file.Kind != trees.Oversized {
		f.State = "irregular"
		return f, nil
	}
	data, err := file.ReadInto(ctx, limit, r.of(file.Size))
	var large *git.TooLargeError
	switch {
	case errors.As(err, &large):
		f.State, f.Large = "invalid", true
		f.Problems = append(f.Problems, facts.Problem{Message: fmt.Sprintf("is larger than %d bytes, the most that is read", limit), Line: 1, Column: 1})
	case err != nil:
		return f, err
	default:
		f.State, f.Data = "valid", data
	}
	return f, nil
}

// Judge sets the state of a decoded document: valid, or invalid with its problems. The
// owner's additional schemas are applied last.
func Judge(d *facts.Document, doc *schemas.Document, err error, extras []OwnerSchema) error {
	var problems []schemas.Problem
	var bad *schemas.Error
	switch {
	case errors.As(err, &bad):
		problems = bad.Problems
	case err != nil:
		return err
	default:
		for _, extra := range extras {
			problems = append(problems, extra.Problems(doc)...)
		}
	}
	if err == nil && len(problems) == 0 {
		return nil
	}
	d.State = "invalid"
	for i, p := range problems {
		if i == maxProblems {
			d.Problems = append(d.Problems, facts.Problem{Message: fmt.Sprintf("and %d more", len(problems)-i), Line: p.Position.Line, Column: p.Position.Column})
			break
		}
		d.Problems = append(d.Problems, facts.Problem{Message: p.Message, Pointer: p.Pointer, Line: max(p.Position.Line, 1), Column: max(p.Position.Column, 1)})
	}
	return nil
}

// A Located document has the positions of its values.
type Located interface {
	Position(pointer string) (schemas.Position, bool)
	Raw(pointer string) (string, bool)
}

// Positions finds the positions of values in the documents that were read, by file.
type Positions map[string]Located

// Add adds the document of a file; nil for a file that is not JSON.
func (l Positions) Add(file string, doc Located) {
	if parsed, ok := doc.(*schemas.Document); doc == nil || ok && parsed == nil {
		return
	}
	l[file] = doc
}

// Locate returns the position of a value of a file; ok is false if it has none.
func (l Positions) Locate(file, pointer string) (line, column int, ok bool) {
	doc := l[file]
	if doc == nil {
		return 0, 0, false
	}
	at, ok := doc.Position(pointer)
	return at.Line, at.Column, ok
}

// Printable returns a name in valid UTF-8, with a mark in place of invalid bytes.
func Printable(name string) string { return strings.ToValidUTF8(name, "\uFFFD") }

// WithLF returns a text with the line endings that Git stores.
func WithLF(text []byte) []byte { return bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")) }
