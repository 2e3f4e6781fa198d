package changeset

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/schemas"
	"github.com/codexlock/codexlock/internal/trees"
)

// A Ledger is the ledger of a tree.
type Ledger struct {
	Document facts.Document
	Doc      document.Located // nil without a text with positions
	File     *ledger.File     // nil if the ledger is absent or invalid
	unsafe   []int            // the entries whose paths name no file of a repository
}

// readLedgers reads the ledgers of head and base, and finds the paths with different entries.
// Of two ledgers with the same bytes one is read; otherwise the entries with different texts
// are compared.
func (s *Set) readLedgers(ctx context.Context) error {
	read := func(tree trees.Tree) (document.File, error) {
		return document.Read(ctx, tree, ledger.Path, ledger.MaxBytes)
	}
	head, err := read(s.Head)
	if err != nil {
		return fmt.Errorf("read %s: %w", ledger.Path, err)
	}
	same, err := s.sameLedger(ctx, head)
	if err != nil {
		return fmt.Errorf("read the base's %s: %w", ledger.Path, err)
	}
	var group sync.WaitGroup
	var baseErr error
	if !same {
		group.Go(func() {
			var before document.File
			if before, baseErr = read(s.Base); baseErr == nil {
				s.BaseLedger, baseErr = s.decodeLedger(before)
			}
		})
	}
	s.Ledger, err = s.decodeLedger(head)
	group.Wait()
	switch {
	case err != nil:
		return fmt.Errorf("read %s: %w", ledger.Path, err)
	case baseErr != nil:
		return fmt.Errorf("read the base's %s: %w", ledger.Path, baseErr)
	case same:
		s.BaseLedger = s.Ledger
		return nil
	}
	s.Relisted = relisted(s.Ledger, s.BaseLedger)
	return nil
}

// sameLedger reports whether the base's ledger is a file with the bytes of the head's.
func (s *Set) sameLedger(ctx context.Context, head document.File) (bool, error) {
	before, there, err := s.Base.Lookup(ctx, ledger.Path)
	if err != nil || !there || before.Kind != trees.File || before.OID == "" || head.State != "valid" {
		return false, err
	}
	id := head.Entry.OID
	if id == "" {
		id = s.Repository.BlobID(head.Data)
	}
	return before.OID == id, nil
}

// decodeLedger decodes a ledger. Its problems are facts, not errors.
func (s *Set) decodeLedger(file document.File) (*Ledger, error) {
	b := &Ledger{Document: file.Document}
	if file.State != "valid" {
		return b, nil
	}
	entries, doc, err := ledger.Read(file.Data)
	if err == nil && len(s.Extras[schemas.Ledger]) > 0 { // they are about the document as a whole
		_, doc, err = ledger.Decode(file.Data)
	}
	if doc != nil {
		b.Doc = doc
	}
	if err := document.Judge(&b.Document, doc, err, s.Extras[schemas.Ledger]); err != nil {
		return nil, err
	}
	if b.Document.State != "valid" {
		return b, nil
	}
	b.File, b.Doc = entries, entries
	for i := range entries.Len() {
		_, err := artifact.ParsePath(entries.Path(i))
		var bad *artifact.PathError
		switch {
		case errors.As(err, &bad):
			b.unsafe = append(b.unsafe, i)
		case err != nil:
			return nil, err
		}
	}
	return b, nil
}

// relisted returns the paths whose entries differ in two ledgers, sorted.
func relisted(head, base *Ledger) []string {
	var paths []string
	switch {
	case head.File != nil && base.File != nil:
		paths = ledger.Differing(head.File, base.File)
	default:
		for _, b := range []*Ledger{head, base} {
			for p := range b.Paths() {
				paths = append(paths, p.String())
			}
		}
	}
	if len(head.unsafe)+len(base.unsafe) > 0 {
		paths = slices.DeleteFunc(paths, func(path string) bool {
			_, err := artifact.ParsePath(path)
			return err != nil
		})
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// EntriesDiffer reports whether a path has different entries in the two ledgers.
func (s *Set) EntriesDiffer(p artifact.Path) bool {
	_, found := slices.BinarySearch(s.Relisted, p.String())
	return found
}

// Ledgers returns the ledgers of the head and, if it differs, of the base.
func (s *Set) Ledgers() []*Ledger {
	if s.BaseLedger == s.Ledger {
		return []*Ledger{s.Ledger}
	}
	return []*Ledger{s.Ledger, s.BaseLedger}
}

// Has reports whether a ledger has an entry for a path.
func (b *Ledger) Has(p artifact.Path) bool {
	return b.File != nil && b.File.Has(p.String()) && !b.isUnsafe(p)
}

// hasNoInputs reports whether the ledger records that a path's artifact has no inputs.
func (b *Ledger) hasNoInputs(p artifact.Path) bool {
	entries := b.Entries(p)
	return len(entries) == 1 && b.File.HasNoInputs(entries[0])
}

// Entries returns the indices of a path's entries, in the order of the file.
func (b *Ledger) Entries(p artifact.Path) []int {
	if b.File == nil || b.isUnsafe(p) {
		return nil
	}
	return b.File.All(p.String())
}

// isUnsafe reports whether a path of a tree is one that no entry may have.
func (b *Ledger) isUnsafe(p artifact.Path) bool {
	if len(b.unsafe) == 0 {
		return false
	}
	_, err := artifact.ParsePath(p.String())
	return err != nil
}

// Entry returns the i-th entry.
func (b *Ledger) Entry(i int) ledger.Entry { return b.File.Entry(i) }

// Paths yields the paths of the entries, in the order of the file; a path with several entries
// comes several times.
func (b *Ledger) Paths() iter.Seq[artifact.Path] {
	return func(yield func(artifact.Path) bool) {
		if b.File == nil {
			return
		}
		unsafe := b.unsafe
		for i := range b.File.Len() {
			if len(unsafe) > 0 && unsafe[0] == i {
				unsafe = unsafe[1:]
				continue
			}
			if !yield(artifact.Path(b.File.Path(i))) {
				return
			}
		}
	}
}

// UnsafePaths returns the entries whose paths name no file of a repository.
func (b *Ledger) UnsafePaths() []facts.UnsafePath {
	paths := make([]facts.UnsafePath, 0, len(b.unsafe))
	for _, i := range b.unsafe {
		var bad *artifact.PathError
		if _, err := artifact.ParsePath(b.File.Path(i)); errors.As(err, &bad) {
			paths = append(paths, facts.UnsafePath{Pointer: ledger.Pointer(i) + "/path", Path: b.File.Path(i), Reason: bad.Reason})
		}
	}
	return paths
}
