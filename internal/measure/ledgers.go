package measure

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
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/schemas"
)

// A treeLedger is the ledger of a tree.
type treeLedger struct {
	found  facts.Document
	doc    document.Located // nil without a text with positions
	file   *ledger.File     // nil if the ledger is absent or invalid
	unsafe []int            // the entries whose paths name no file of a repository
}

// readLedgers reads the ledgers of head and base, and finds the paths with different entries.
// Of two ledgers with the same bytes one is read; otherwise the entries with different texts
// are compared.
func (c *Collector) readLedgers(ctx context.Context) error {
	read := func(tree repo.Tree) (document.File, error) {
		return document.Read(ctx, tree, ledger.Path, ledger.MaxBytes)
	}
	head, err := read(c.o.Head)
	if err != nil {
		return fmt.Errorf("read %s: %w", ledger.Path, err)
	}
	same, err := c.sameLedger(ctx, head)
	if err != nil {
		return fmt.Errorf("read the base's %s: %w", ledger.Path, err)
	}
	var group sync.WaitGroup
	var baseErr error
	if !same {
		group.Go(func() {
			var before document.File
			if before, baseErr = read(c.o.Base); baseErr == nil {
				c.base, baseErr = c.decodeLedger(before)
			}
		})
	}
	c.ledger, err = c.decodeLedger(head)
	group.Wait()
	switch {
	case err != nil:
		return fmt.Errorf("read %s: %w", ledger.Path, err)
	case baseErr != nil:
		return fmt.Errorf("read the base's %s: %w", ledger.Path, baseErr)
	case same:
		c.base = c.ledger
		return nil
	}
	c.relisted = relisted(c.ledger, c.base)
	return nil
}

// sameLedger reports whether the base's ledger is a file with the bytes of the head's.
func (c *Collector) sameLedger(ctx context.Context, head document.File) (bool, error) {
	before, there, err := c.o.Base.Lookup(ctx, ledger.Path)
	if err != nil || !there || before.Kind != repo.File || before.OID == "" || head.State != "valid" {
		return false, err
	}
	id := head.Entry.OID
	if id == "" {
		id = c.o.Repository.BlobID(head.Data)
	}
	return before.OID == id, nil
}

// decodeLedger decodes a ledger. Its problems are facts, not errors.
func (c *Collector) decodeLedger(file document.File) (*treeLedger, error) {
	b := &treeLedger{found: file.Document}
	if file.State != "valid" {
		return b, nil
	}
	entries, doc, err := ledger.Read(file.Data)
	if err == nil && len(c.o.Extras[schemas.Ledger]) > 0 { // they are about the document as a whole
		_, doc, err = ledger.Decode(file.Data)
	}
	if doc != nil {
		b.doc = doc
	}
	if err := document.Judge(&b.found, doc, err, c.o.Extras[schemas.Ledger]); err != nil {
		return nil, err
	}
	if b.found.State != "valid" {
		return b, nil
	}
	b.file, b.doc = entries, entries
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
func relisted(head, base *treeLedger) []string {
	var paths []string
	switch {
	case head.file != nil && base.file != nil:
		paths = ledger.Differing(head.file, base.file)
	default:
		for _, b := range []*treeLedger{head, base} {
			for p := range b.paths() {
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

// entriesDiffer reports whether a path has different entries in the two ledgers.
func (c *Collector) entriesDiffer(p artifact.Path) bool {
	_, found := slices.BinarySearch(c.relisted, p.String())
	return found
}

// ledgers returns the ledgers of the head and, if it differs, of the base.
func (c *Collector) ledgers() []*treeLedger {
	if c.base == c.ledger {
		return []*treeLedger{c.ledger}
	}
	return []*treeLedger{c.ledger, c.base}
}

// has reports whether a ledger has an entry for a path.
func (b *treeLedger) has(p artifact.Path) bool {
	return b.file != nil && b.file.Has(p.String()) && !b.isUnsafe(p)
}

// hasNoInputs reports whether the ledger records that a path's artifact has no inputs.
func (b *treeLedger) hasNoInputs(p artifact.Path) bool {
	entries := b.entries(p)
	return len(entries) == 1 && b.file.HasNoInputs(entries[0])
}

// entries returns the indices of a path's entries, in the order of the file.
func (b *treeLedger) entries(p artifact.Path) []int {
	if b.file == nil || b.isUnsafe(p) {
		return nil
	}
	return b.file.All(p.String())
}

// isUnsafe reports whether a path that a tree has is one that no entry may have.
func (b *treeLedger) isUnsafe(p artifact.Path) bool {
	if len(b.unsafe) == 0 {
		return false
	}
	_, err := artifact.ParsePath(p.String())
	return err != nil
}

// entry is the i-th entry.
func (b *treeLedger) entry(i int) ledger.Entry { return b.file.Entry(i) }

// paths are the paths of the entries, in the order of the file; a path with several
// entries comes several times.
func (b *treeLedger) paths() iter.Seq[artifact.Path] {
	return func(yield func(artifact.Path) bool) {
		if b.file == nil {
			return
		}
		unsafe := b.unsafe
		for i := range b.file.Len() {
			if len(unsafe) > 0 && unsafe[0] == i {
				unsafe = unsafe[1:]
				continue
			}
			if !yield(artifact.Path(b.file.Path(i))) {
				return
			}
		}
	}
}

// unsafePaths are the entries whose paths name no file of a repository.
func (b *treeLedger) unsafePaths() []facts.UnsafePath {
	paths := make([]facts.UnsafePath, 0, len(b.unsafe))
	for _, i := range b.unsafe {
		var bad *artifact.PathError
		if _, err := artifact.ParsePath(b.file.Path(i)); errors.As(err, &bad) {
			paths = append(paths, facts.UnsafePath{Pointer: ledger.Pointer(i) + "/path", Path: b.file.Path(i), Reason: bad.Reason})
		}
	}
	return paths
}
