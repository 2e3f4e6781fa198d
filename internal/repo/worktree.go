package repo

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"sync"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/trees"
)

// A workTree is the files of a checkout, as they are at the time of asking. What a
// sparse checkout leaves out is read from the objects that the index names: it was
// not removed.
type workTree struct {
	r       *Repository
	also    *inclusion   // nil: what git lists
	within  trees.Within // where it is listed; nil: everywhere
	skipped sparseness

	once sync.Mutex
	kept *listing // of a tree with an inclusion
}

// WorkTree is the checkout's files; for a bare repository the error is a
// *BareRepositoryError.
func (r *Repository) WorkTree(ctx context.Context) (trees.Tree, error) {
	if r.Bare() {
		return nil, &git.BareRepositoryError{GitDir: r.GitDir()}
	}
	return &workTree{r: r}, ctx.Err()
}

// errSymlink says that a path leads through a symlink.
var errSymlink = errors.New("path leads through a symlink")

func (t *workTree) Lookup(ctx context.Context, p artifact.Path) (trees.Entry, bool, error) {
	if err := ctx.Err(); err != nil {
		return trees.Entry{}, false, err
	}
	return t.lookup(ctx, string(p))
}

func (t *workTree) lookup(ctx context.Context, name string) (trees.Entry, bool, error) {
	st, err := t.r.top.lstat(name)
	return t.found(ctx, name, st, err)
}

// found is the entry of what was looked up.
func (t *workTree) found(ctx context.Context, name string, st status, err error) (trees.Entry, bool, error) {
	switch {
	case errors.Is(err, errSymlink):
		return trees.Entry{Path: name, Kind: trees.Symlink, Mode: "120000", Size: -1}, true, nil
	case errors.Is(err, fs.ErrNotExist):
		skipped, err := t.skipped.get(ctx, t.r)
		if err != nil {
			return trees.Entry{}, false, fmt.Errorf("look up %q: %w", name, err)
		}
		e, ok := skipped.entry(name)
		return e, ok, nil
	case errors.Is(err, errNotDir):
		return trees.Entry{}, false, nil
	case err != nil:
		return trees.Entry{}, false, fmt.Errorf("look up %q: %w", name, err)
	}
	e := trees.Entry{Path: name, Size: -1}
	switch st.mode {
	case 0:
		e.Kind, e.Mode, e.Size, e.Perm = trees.File, "100644", st.size, st.perm
		if st.perm&0o100 != 0 { // its owner may run it
			e.Mode = "100755"
		}
		if e.Size > trees.MaxFileBytes {
			e.Kind = trees.Oversized
		}
	case fs.ModeSymlink:
		e.Kind, e.Mode = trees.Symlink, "120000"
	case fs.ModeDir:
		e.Kind, e.Mode = trees.Directory, "040000"
		if _, err := t.r.top.lstat(name + "/.git"); err == nil {
			e.Kind, e.Mode = trees.Submodule, "160000"
		}
	default:
		e.Kind = trees.Special
	}
	return e, true, nil
}

// Open looks at what it opened. What cannot be opened for reading, or is no file, is
// looked up by its name.
func (t *workTree) Open(ctx context.Context, p artifact.Path) (*trees.Handle, bool, error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	name := string(p)
	f, err := t.r.top.open(name)
	var st status
	if err == nil {
		if st, err = f.status(); err != nil || st.mode != 0 {
			_ = f.Close()
			f = nil
		}
	}
	var e trees.Entry
	var ok bool
	switch {
	case err == nil, errors.Is(err, errSymlink), errors.Is(err, fs.ErrNotExist), errors.Is(err, errNotDir):
		e, ok, err = t.found(ctx, name, st, err)
	default:
		e, ok, err = t.lookup(ctx, name)
	}
	return trees.NewHandle(e, t, f), ok, err
}

func (t *workTree) Names(ctx context.Context) ([]string, error) {
	l, err := t.listed(ctx)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(l.names))
	for _, at := range l.names {
		if !at.seen {
			_, ok, err := t.lookup(ctx, at.name)
			if err != nil {
				return nil, err
			}
			if !ok {
				continue // removed, and the index does not know yet
			}
		}
		names = append(names, at.name)
	}
	return names, ctx.Err()
}

func (t *workTree) Entries(ctx context.Context) iter.Seq2[trees.Entry, error] {
	return t.EntriesAt(ctx, nil, nil)
}

// EntriesAt are the entries of the paths that matter (nil: all of them). No other one is
// looked at.
func (t *workTree) EntriesAt(ctx context.Context, w trees.Within, only func(path string) bool) iter.Seq2[trees.Entry, error] {
	return func(yield func(trees.Entry, error) bool) {
		l, err := t.listed(ctx)
		if err != nil {
			yield(trees.Entry{}, err)
			return
		}
		for _, at := range l.names {
			if !w.Holds(at.name) || only != nil && !only(at.name) {
				continue
			}
			if err := ctx.Err(); err != nil {
				yield(trees.Entry{}, err)
				return
			}
			e, ok, err := t.lookup(ctx, at.name)
			if err != nil {
				yield(trees.Entry{}, err)
				return
			}
			if !ok {
				continue // removed, and the index does not know yet
			}
			if link := l.links[at.name]; link != "" && (e.Kind == trees.Directory || e.Kind == trees.Submodule) {
				// One that was never checked out is an empty folder. Nothing of a
				// submodule is run or read: the index says at which commit it is.
				e.Kind, e.Mode, e.OID = trees.Submodule, "160000", link
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// listed lists the work tree: anew, unless the tree belongs to one measurement.
func (t *workTree) listed(ctx context.Context) (*listing, error) {
	if t.also == nil {
		return t.list(ctx)
	}
	t.once.Lock()
	defer t.once.Unlock()
	if t.kept == nil {
		l, err := t.list(ctx)
		if err != nil {
			return nil, err
		}
		t.kept = l
	}
	return t.kept, nil
}

func (t *workTree) Read(ctx context.Context, e trees.Entry, limit int64) ([]byte, error) {
	if e.OID != "" {
		return t.r.ReadBlob(ctx, e, limit)
	}
	f, err := t.reopen(e)
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", e.Path, err)
	}
	defer f.Close()
	return f.Read(ctx, limit)
}

func (t *workTree) Hash(ctx context.Context, e trees.Entry, also io.Writer) (artifact.Digest, int64, []byte, error) {
	if e.OID != "" {
		return t.r.HashBlob(ctx, e, also)
	}
	f, err := t.reopen(e)
	if err != nil {
		return artifact.Digest{}, 0, nil, fmt.Errorf("hash %q: %w", e.Path, err)
	}
	defer f.Close()
	return f.Hash(ctx, also)
}

// reopen opens a regular file that was looked up before, as it is now.
func (t *workTree) reopen(e trees.Entry) (*trees.Handle, error) {
	if e.Kind != trees.File && e.Kind != trees.Oversized {
		return nil, &trees.NotAFileError{Path: e.Path, Kind: e.Kind}
	}
	f, err := t.r.top.open(e.Path)
	switch {
	case errors.Is(err, errSymlink):
		return nil, &trees.NotAFileError{Path: e.Path, Kind: trees.Symlink}
	case err != nil:
		return nil, err
	}
	st, err := f.status()
	if err == nil && st.mode != 0 {
		kind := trees.Special
		if st.mode == fs.ModeDir {
			kind = trees.Directory
		}
		err = &trees.NotAFileError{Path: e.Path, Kind: kind}
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	e.Size = st.size
	return trees.NewHandle(e, t, f), nil
}

// stream hands the bytes of a regular file to use.
func (t *workTree) stream(ctx context.Context, e trees.Entry, limit int64, use func(size int64, r io.Reader) error) error {
	f, err := t.reopen(e)
	if err != nil {
		return err
	}
	return f.Stream(ctx, limit, use)
}

// hashBuffers are what files are read through for their object ids, each used by one reader
// at a time.
var hashBuffers = &sync.Pool{New: func() any { b := make([]byte, artifact.BufferSize); return &b }}

// ObjectID is the id of the blob that the bytes would be.
func (t *workTree) ObjectID(ctx context.Context, e trees.Entry) (string, bool, error) {
	var h hash.Hash
	switch e.Kind {
	case trees.File:
		err := t.stream(ctx, e, trees.MaxFileBytes, func(size int64, r io.Reader) error {
			buf := hashBuffers.Get().(*[]byte)
			defer hashBuffers.Put(buf)
			h = t.r.HashObject("blob", size)
			_, err := io.CopyBuffer(h, struct{ io.Reader }{r}, *buf)
			return err
		})
		if err != nil {
			return "", false, err
		}
	case trees.Symlink:
		if st, err := t.r.top.lstat(e.Path); err != nil || st.mode != fs.ModeSymlink {
			return "", false, nil // it leads through a symlink, or has gone
		}
		target, err := os.Readlink(filepath.Join(t.r.Root(), filepath.FromSlash(e.Path)))
		if err != nil {
			return "", false, err
		}
		h = t.r.HashObject("blob", int64(len(target)))
		io.WriteString(h, target)
	default:
		return "", false, nil
	}
	return hex.EncodeToString(h.Sum(nil)), true, nil
}

// Siblings are the names in a folder, those of folders with a slash at the end; ok is false
// where files that are not checked out may belong to them, or the folder cannot be read.
func (t *workTree) Siblings(_ context.Context, folder string) (names []string, ok bool, err error) {
	if t.r.mayBeSparse() {
		return nil, false, nil
	}
	names, _, err = t.r.top.list(folder, trees.MaxEntries)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, errNotDir), errors.Is(err, errSymlink):
		return nil, true, nil
	case err != nil:
		return nil, false, nil
	}
	return names, true, nil
}
