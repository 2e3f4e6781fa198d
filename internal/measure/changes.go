package measure

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/repo"
)

// changes are the paths that differ between base and head, with their status. A change may
// have two million of them, so each takes 21 bytes and there is no map: entries are looked up
// in the tree on demand.
type changes struct {
	paths    []string // in bytewise order
	statuses []repo.Status
	others   []uint32 // of a renamed file: 1 and the index of its other path; nil: no file was renamed
}

// add appends a path, which comes after all others.
func (c *changes) add(path string, status repo.Status) {
	c.paths = append(c.paths, path)
	c.statuses = append(c.statuses, status)
}

// status is how a path differs; ok is false where it does not.
func (c *changes) status(path string) (s repo.Status, ok bool) {
	i, ok := slices.BinarySearch(c.paths, path)
	if !ok {
		return repo.Unchanged, false
	}
	return c.statuses[i], true
}

// all yields the paths in bytewise order.
func (c *changes) all() iter.Seq2[string, repo.Status] {
	return func(yield func(string, repo.Status) bool) {
		for i, path := range c.paths {
			if !yield(path, c.statuses[i]) {
				return
			}
		}
	}
}

// renameOf returns the new path of a removed file, or the old path of an added one; "" without
// a rename.
func (c *changes) renameOf(path string) string {
	if c.others == nil {
		return ""
	}
	i, ok := slices.BinarySearch(c.paths, path)
	if !ok || c.others[i] == 0 {
		return ""
	}
	return c.paths[c.others[i]-1]
}

// pair records that the bytes at one path are now at another.
func (c *changes) pair(from, to int) {
	if c.others == nil {
		c.others = make([]uint32, len(c.paths))
	}
	c.others[from], c.others[to] = uint32(to)+1, uint32(from)+1
}

// findRenames pairs removed files with added files of the same bytes, by the base's ledger or
// Git's ids. Of several copies it takes the first by name.
func (c *Collector) findRenames(ctx context.Context) error {
	gone := map[string]uint32{} // the first path by object id
	for i, path := range c.changes.paths {
		if c.changes.statuses[i] != repo.Removed {
			continue
		}
		entry, there, err := c.o.Base.Lookup(ctx, artifact.Path(path))
		if err != nil {
			return fmt.Errorf("look up %q in the base: %w", path, err)
		}
		if _, known := gone[entry.OID]; there && !known && entry.Kind == repo.File {
			gone[entry.OID] = uint32(i)
		}
	}
	for i, path := range c.changes.paths {
		if len(gone) == 0 {
			return nil
		}
		if c.changes.statuses[i] != repo.Added {
			continue
		}
		entry, there, err := c.o.Head.Lookup(ctx, artifact.Path(path))
		if err != nil {
			return fmt.Errorf("look up %q: %w", path, err)
		}
		if !there || entry.Kind != repo.File {
			continue
		}
		id, ok, err := c.o.Repository.ObjectID(ctx, c.o.Head, entry)
		if err != nil {
			return fmt.Errorf("compare %q: %w", path, err)
		}
		if from, known := gone[id]; ok && known {
			c.changes.pair(int(from), i)
			delete(gone, id)
		}
	}
	return nil
}
