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
)

// A workTree is the files of a checkout, as they are at the time of asking. What a
// sparse checkout leaves out is read from the objects that the index names: it was
// not removed.
type workTree struct {
	r       *Repository
	also    *inclusion // nil: what git lists
	within  Within     // where it is listed; nil: everywhere
	skipped sparseness

	once sync.Mutex
	kept *listing // of a tree with an inclusion
}

// WorkTree is the checkout's files; for a bare repository the error is a
// *BareRepositoryError.
func (r *Repository) WorkTree(ctx context.Context) (Tree, error) {
	if r.Bare() {
		return nil, &git.BareRepositoryError{GitDir: r.GitDir()}
	}
	return &workTree{r: r}, ctx.Err()
}

// errSymlink says that a path leads through a symlink.
var errSymlink = errors.New("path leads through a symlink")

func (t *workTree) Lookup(ctx context.Context, p artifact.Path) (Entry, bool, error) {
	if err := ctx.Err(); err != nil {
		return Entry{}, false, err
	}
	return t.lookup(ctx, string(p))
}

func (t *workTree) lookup(ctx context.Context, name string) (Entry, bool, error) {
	st, err := t.r.top.lstat(name)
	return t.found(ctx, name, st, err)
}

// found is the entry of what was looked up.
func (t *workTree) found(ctx context.Context, name string, st status, err error) (Entry, bool, error) {
	switch {
	case errors.Is(err, errSymlink):
		return Entry{Path: name, Kind: Symlink, Mode: "120000", Size: -1}, true, nil
	case errors.Is(err, fs.ErrNotExist):
		skipped, err := t.skipped.get(ctx, t.r)
		if err != nil {
			return Entry{}, false, fmt.Errorf("look up %q: %w", name, err)
		}
		e, ok := skipped.entry(name)
		return e, ok, nil
	case errors.Is(err, errNotDir):
		return Entry{}, false, nil
	case err != nil:
		return Entry{}, false, fmt.Errorf("look up %q: %w", name, err)
	}
	e := Entry{Path: name, Size: -1}
	switch st.mode {
	case 0:
		e.Kind, e.Mode, e.Size, e.Perm = File, "100644", st.size, st.perm
		if st.perm&0o100 != 0 { // its owner may run it
			e.Mode = "100755"
		}
		if e.Size > MaxFileBytes {
			e.Kind = Oversized
		}
	case fs.ModeSymlink:
		e.Kind, e.Mode = Symlink, "120000"
	case fs.ModeDir:
		e.Kind, e.Mode = Directory, "040000"
		if _, err := t.r.top.lstat(name + "/.git"); err == nil {
			e.Kind, e.Mode = Submodule, "160000"
		}
	default:
		e.Kind = Special
	}
	return e, true, nil
}

// Open looks at what it opened. What cannot be opened for reading, or is no file, is
// looked up by its name.
func (t *workTree) Open(ctx context.Context, p artifact.Path) (*Handle, bool, error) {
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
	var e Entry
	var ok bool
	switch {
	case err == nil, errors.Is(err, errSymlink), errors.Is(err, fs.ErrNotExist), errors.Is(err, errNotDir):
		e, ok, err = t.found(ctx, name, st, err)
	default:
		e, ok, err = t.lookup(ctx, name)
	}
	return &Handle{Entry: e, tree: t, opened: f}, ok, err
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

func (t *workTree) Entries(ctx context.Context) iter.Seq2[Entry, error] {
	return t.entries(ctx, nil, nil)
}

// entries are those of the paths that matter (nil: all of them). No other one is
// looked at.
func (t *workTree) entries(ctx context.Context, w Within, only func(path string) bool) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		l, err := t.listed(ctx)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		for _, at := range l.names {
			if !w.Holds(at.name) || only != nil && !only(at.name) {
				continue
			}
			if err := ctx.Err(); err != nil {
				yield(Entry{}, err)
				return
			}
			e, ok, err := t.lookup(ctx, at.name)
			if err != nil {
				yield(Entry{}, err)
				return
			}
			if !ok {
				continue // removed, and the index does not know yet
			}
			if link := l.links[at.name]; link != "" && (e.Kind == Directory || e.Kind == Submodule) {
				// One that was never checked out is an empty folder. Nothing of a
				// submodule is run or read: the index says at which commit it is.
				e.Kind, e.Mode, e.OID = Submodule, "160000", link
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

func (t *workTree) Read(ctx context.Context, e Entry, limit int64) ([]byte, error) {
	if e.OID != "" {
		return (&commitTree{r: t.r}).Read(ctx, e, limit)
	}
	f, err := t.reopen(e)
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", e.Path, err)
	}
	defer f.Close()
	return f.Read(ctx, limit)
}

func (t *workTree) Hash(ctx context.Context, e Entry, also io.Writer) (artifact.Digest, int64, []byte, error) {
	if e.OID != "" {
		return (&commitTree{r: t.r}).Hash(ctx, e, also)
	}
	f, err := t.reopen(e)
	if err != nil {
		return artifact.Digest{}, 0, nil, fmt.Errorf("hash %q: %w", e.Path, err)
	}
	defer f.Close()
	return f.Hash(ctx, also)
}

// reopen opens a regular file that was looked up before, as it is now.
func (t *workTree) reopen(e Entry) (*Handle, error) {
	if e.Kind != File && e.Kind != Oversized {
		return nil, &NotAFileError{Path: e.Path, Kind: e.Kind}
	}
	f, err := t.r.top.open(e.Path)
	switch {
	case errors.Is(err, errSymlink):
		return nil, &NotAFileError{Path: e.Path, Kind: Symlink}
	case err != nil:
		return nil, err
	}
	st, err := f.status()
	if err == nil && st.mode != 0 {
		kind := Special
		if st.mode == fs.ModeDir {
			kind = Directory
		}
		err = &NotAFileError{Path: e.Path, Kind: kind}
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	e.Size = st.size
	return &Handle{Entry: e, tree: t, opened: f}, nil
}

// stream hands the bytes of a regular file to use.
func (t *workTree) stream(ctx context.Context, e Entry, limit int64, use func(size int64, r io.Reader) error) error {
	f, err := t.reopen(e)
	if err != nil {
		return err
	}
	defer f.Close()
	return pass(ctx, f.Entry, f.opened, limit, use)
}

// readOpened reads a file that was opened, in one reading where that is enough.
func readOpened(ctx context.Context, e Entry, f opened, limit int64, room []byte) ([]byte, error) {
	data, err := readWhole(ctx, e, f, limit, room)
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", e.Path, err)
	}
	return data, nil
}

func readWhole(ctx context.Context, e Entry, f opened, limit int64, room []byte) ([]byte, error) {
	if e.Size > limit {
		return nil, &git.TooLargeError{Path: e.Path, Size: e.Size, Limit: limit}
	}
	size := int(e.Size)
	if cap(room) <= size {
		room = make([]byte, size+1)
	}
	room = room[:size+1] // so that one reading finds the end as well
	for n := 0; ; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		k, err := f.Read(room[n:])
		n += k
		switch {
		case n > size, err == io.EOF && n < size:
			return nil, errChanging(e.Size)
		case n == size && (err == nil || err == io.EOF): // fewer than there was room for
			return room[:n:n], nil
		case err != nil:
			return nil, err
		}
	}
}

func hashOpened(ctx context.Context, e Entry, f opened, also io.Writer) (d artifact.Digest, n int64, head []byte, err error) {
	err = pass(ctx, e, f, MaxFileBytes, func(size int64, r io.Reader) (err error) {
		d, n, head, err = digest(size, r, also)
		return err
	})
	if err != nil {
		return artifact.Digest{}, 0, nil, fmt.Errorf("hash %q: %w", e.Path, err)
	}
	return d, n, head, nil
}

// pass hands the bytes of an opened file to use, which reads until their end. A file
// that has another size at its end than at its beginning is an error, and so is one that
// takes several readings and was written to between them: what was read may never have
// stood in it.
func pass(ctx context.Context, e Entry, f opened, limit int64, use func(size int64, r io.Reader) error) error {
	if e.Size > limit {
		return &git.TooLargeError{Path: e.Path, Size: e.Size, Limit: limit}
	}
	var before status
	if e.Size > smallFile {
		var err error
		if before, err = f.status(); err != nil {
			return err
		}
	}
	counted := &counter{ctx: ctx, r: f, size: e.Size}
	if err := use(e.Size, counted); err != nil {
		return err
	}
	if !counted.ended {
		if _, err := io.CopyN(io.Discard, counted, 1); err != nil && err != io.EOF {
			return err
		}
	}
	if counted.n != e.Size {
		return errChanging(e.Size)
	}
	if e.Size > smallFile {
		after, err := f.status()
		if err != nil {
			return err
		}
		if after.modified != before.modified {
			return errWritten
		}
	}
	return nil
}

var errWritten = errors.New("file changed while it was read: it was written to: try again when nothing writes there")

func errChanging(size int64) error {
	return fmt.Errorf("file changed while it was read: it had %d bytes, and then not: try again when nothing writes there", size)
}

// A counter counts what passes of a file, up to one byte more than it should have,
// and stops when nobody waits for it any more.
type counter struct {
	ctx   context.Context
	r     io.Reader
	size  int64 // that the file had when it was opened
	n     int64
	ended bool
}

func (c *counter) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	if c.ended || c.n > c.size {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), c.size+1-c.n)]
	n, err := c.r.Read(p)
	c.n += int64(n)
	// Fewer bytes than there is room for: the end of a regular file.
	c.ended = err == io.EOF || n < len(p) && c.n == c.size
	return n, err
}

// objectID is the id of the blob that the bytes would be.
func (t *workTree) objectID(ctx context.Context, e Entry) (string, bool, error) {
	var h hash.Hash
	switch e.Kind {
	case File:
		err := t.stream(ctx, e, MaxFileBytes, func(size int64, r io.Reader) error {
			buf := buffers.Get().(*[]byte)
			defer buffers.Put(buf)
			h = t.r.HashObject("blob", size)
			_, err := io.CopyBuffer(h, struct{ io.Reader }{r}, *buf)
			return err
		})
		if err != nil {
			return "", false, err
		}
	case Symlink:
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
