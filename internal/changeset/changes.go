package changeset

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/trees"
)

// Changes are the paths that differ between base and head, with their status. A change may
// have two million of them, so each takes 21 bytes and there is no map: entries are looked up
// in the tree on demand.
type Changes struct {
	Paths    []string // in bytewise order
	statuses []trees.Status
	others   []uint32 // of a renamed file: 1 and the index of its other path; nil: no file was renamed
}

// add appends a path, which comes after all others.
func (c *Changes) add(path string, status trees.Status) {
	c.Paths = append(c.Paths, path)
	c.statuses = append(c.statuses, status)
}

// Status returns how a path differs; ok is false if it does not.
func (c *Changes) Status(path string) (s trees.Status, ok bool) {
	i, ok := slices.BinarySearch(c.Paths, path)
	if !ok {
		return trees.Unchanged, false
	}
	return c.statuses[i], true
}

// All yields the paths in bytewise order.
func (c *Changes) All() iter.Seq2[string, trees.Status] {
	return func(yield func(string, trees.Status) bool) {
		for i, path := range c.Paths {
			if !yield(path, c.statuses[i]) {
				return
			}
		}
	}
}

// RenameOf returns the new path of a removed file, or the old path of an added one; "" without
// a rename.
func (c *Changes) RenameOf(path string) string {
	if c.others == nil {
		return ""
	}
	i, ok := slices.BinarySearch(c.Paths, path)
	if !ok || c.others[i] == 0 {
		return ""
	}
	return c.Paths[c.others[i]-1]
}

// pair records that the bytes at one path are now at another.
func (c *Changes) pair(from, to int) {
	if c.others == nil {
		c.others = make([]uint32, len(c.Paths))
	}
	c.others[from], c.others[to] = uint32(to)+1, uint32(from)+1
}

// findRenames pairs removed files with added files of the same bytes, by the base's ledger or
// Git's ids. Of several copies it takes the first by name.
func (s *Set) findRenames(ctx context.Context) error {
	gone := map[string]uint32{} // the first path by object id
	for i, path := range s.Changes.Paths {
		if s.Changes.statuses[i] != trees.Removed {
			continue
		}
		entry, there, err := s.Base.Lookup(ctx, artifact.Path(path))
		if err != nil {
			return fmt.Errorf("look up %q in the base: %w", path, err)
		}
		if _, known := gone[entry.OID]; there && !known && entry.Kind == trees.File {
			gone[entry.OID] = uint32(i)
		}
	}
	for i, path := range s.Changes.Paths {
		if len(gone) == 0 {
			return nil
		}
		if s.Changes.statuses[i] != trees.Added {
			continue
		}
		entry, there, err := s.Head.Lookup(ctx, artifact.Path(path))
		if err != nil {
			return fmt.Errorf("look up %q: %w", path, err)
		}
		if !there || entry.Kind != trees.File {
			continue
		}
		id, ok, err := s.Repository.ObjectID(ctx, s.Head, entry)
		if err != nil {
			return fmt.Errorf("compare %q: %w", path, err)
		}
		if from, known := gone[id]; ok && known {
			s.Changes.pair(int(from), i)
			delete(gone, id)
		}
	}
	return nil
}
