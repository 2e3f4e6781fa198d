package trees

import (
	"cmp"
	"context"
	"io"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/git"
)

// An Overlaid is the new content of a path in an overlay: the bytes of Data, or those of the file
// at From, or nothing.
type Overlaid struct {
	Data []byte
	From string // a path of the tree below; "" where Data are the bytes
	Perm fs.FileMode
	Gone bool
}

// An overlay is a tree with changes on it that were not made yet.
type overlay struct {
	r       *Reader
	below   Tree
	changes map[string]Overlaid
	names   []string // of the changes, in order
	folders map[string]bool
}

// Overlay returns a tree with changes applied, by path, so that a change can be judged before it
// is made.
func (r *Reader) Overlay(below Tree, changes map[string]Overlaid) Tree {
	o := &overlay{r: r, below: below, changes: changes, names: slices.Sorted(maps.Keys(changes)), folders: map[string]bool{}}
	for name, c := range changes {
		for dir := name; !c.Gone && strings.Contains(dir, "/"); {
			dir = dir[:strings.LastIndexByte(dir, '/')]
			o.folders[dir] = true
		}
	}
	return o
}

func (o *overlay) Lookup(ctx context.Context, p artifact.Path) (Entry, bool, error) {
	c, changed := o.changes[string(p)]
	if changed {
		return o.entry(ctx, string(p), c)
	}
	e, ok, err := o.below.Lookup(ctx, p)
	if err == nil && !ok && o.folders[string(p)] {
		return Entry{Path: string(p), Kind: Directory, Mode: "040000", Size: -1}, true, nil
	}
	return e, ok, err
}

func (o *overlay) entry(ctx context.Context, name string, c Overlaid) (Entry, bool, error) {
	if c.Gone {
		return Entry{}, false, nil
	}
	e := Entry{Path: name, Size: int64(len(c.Data))}
	if c.From != "" {
		from, ok, err := o.below.Lookup(ctx, artifact.Path(c.From))
		if err != nil || !ok {
			return Entry{}, false, err
		}
		e.Kind, e.Size = from.Kind, from.Size
	}
	if e.Kind == File || e.Kind == Oversized {
		e.Mode, e.Perm = "100644", c.Perm
		if c.Perm&0o100 != 0 {
			e.Mode = "100755"
		}
	}
	return e, true, nil
}

func (o *overlay) Open(ctx context.Context, p artifact.Path) (*Handle, bool, error) {
	if _, changed := o.changes[string(p)]; !changed && !o.folders[string(p)] {
		return o.below.Open(ctx, p)
	}
	e, ok, err := o.Lookup(ctx, p)
	return &Handle{Entry: e, tree: o}, ok, err
}

// Names are those of the tree below with what was changed. What is taken from a file
// that has gone is looked up, as it has no entry.
func (o *overlay) Names(ctx context.Context) ([]string, error) {
	below, err := o.below.Names(ctx)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(below)+len(o.names))
	for _, name := range below {
		if _, changed := o.changes[name]; !changed {
			names = append(names, name)
		}
	}
	for _, name := range o.names {
		_, ok, err := o.entry(ctx, name, o.changes[name])
		if err != nil {
			return nil, err
		}
		if ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

func (o *overlay) Entries(ctx context.Context) iter.Seq2[Entry, error] {
	return o.EntriesAt(ctx, nil, nil)
}

// EntriesAt are the entries of the paths that matter (nil: all of them).
func (o *overlay) EntriesAt(ctx context.Context, w Within, only func(path string) bool) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		next := 0
		// upTo yields the changes before a name, and after them goes on.
		upTo := func(name string, all bool) bool {
			for ; next < len(o.names) && (all || cmp.Less(o.names[next], name)); next++ {
				if !w.Holds(o.names[next]) || only != nil && !only(o.names[next]) {
					continue
				}
				e, ok, err := o.entry(ctx, o.names[next], o.changes[o.names[next]])
				if (ok || err != nil) && !yield(e, err) {
					return false
				}
			}
			return true
		}
		for e, err := range entriesOf(ctx, o.below, w, only) {
			if err != nil {
				yield(Entry{}, err)
				return
			}
			if _, changed := o.changes[e.Path]; changed {
				continue
			}
			if !upTo(e.Path, false) || !yield(e, nil) {
				return
			}
		}
		upTo("", true)
	}
}

// from is where the bytes of a path are: in memory, or in the tree below.
func (o *overlay) from(ctx context.Context, e Entry) (below Entry, data []byte, inMemory bool, err error) {
	c, changed := o.changes[e.Path]
	switch {
	case !changed:
		return e, nil, false, nil
	case c.From == "":
		return e, c.Data, true, nil
	}
	below, ok, err := o.below.Lookup(ctx, artifact.Path(c.From))
	if err == nil && !ok {
		err = &fs.PathError{Op: "open", Path: c.From, Err: fs.ErrNotExist}
	}
	return below, nil, false, err
}

func (o *overlay) Read(ctx context.Context, e Entry, limit int64) ([]byte, error) {
	below, data, inMemory, err := o.from(ctx, e)
	switch {
	case err != nil:
		return nil, err
	case !inMemory:
		return o.below.Read(ctx, below, limit)
	case int64(len(data)) > limit:
		return nil, &git.TooLargeError{Path: e.Path, Size: int64(len(data)), Limit: limit}
	}
	return slices.Clone(data), nil
}

func (o *overlay) Hash(ctx context.Context, e Entry, also io.Writer) (artifact.Digest, int64, []byte, error) {
	below, data, inMemory, err := o.from(ctx, e)
	if err != nil {
		return artifact.Digest{}, 0, nil, err
	}
	if !inMemory {
		return o.below.Hash(ctx, below, also)
	}
	if also != nil {
		if _, err := also.Write(data); err != nil {
			return artifact.Digest{}, 0, nil, err
		}
	}
	return artifact.HashBytes(data), int64(len(data)), slices.Clone(data[:min(len(data), HeadBytes)]), nil
}

// ObjectID is the id of the blob that the bytes would be.
func (o *overlay) ObjectID(ctx context.Context, e Entry) (string, bool, error) {
	below, data, inMemory, err := o.from(ctx, e)
	switch {
	case err != nil:
		return "", false, err
	case inMemory:
		return o.r.BlobID(data), true, nil
	}
	return o.r.ObjectID(ctx, o.below, below)
}
