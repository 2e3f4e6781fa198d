package repo

import (
	"bufio"
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
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
)

// A workTree is the files of a checkout, as they are at the time of asking. What a
// sparse checkout leaves out is read from the objects that the index names: it was
// not removed.
type workTree struct {
	r       *Repository
	also    *inclusion // nil: what git lists
	skipped sparseness
}

// WorkTree is the checkout's files; for a bare repository the error is a
// *BareRepositoryError.
func (r *Repository) WorkTree(ctx context.Context) (Tree, error) {
	if r.bare {
		return nil, &BareRepositoryError{GitDir: r.gitDir}
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
	st, err := lstatBeneath(t.r.root, name)
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
		if _, err := lstatBeneath(t.r.root, name+"/.git"); err == nil {
			e.Kind, e.Mode = Submodule, "160000"
		}
	default:
		e.Kind = Special
	}
	return e, true, nil
}

func (t *workTree) Entries(ctx context.Context) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		names, links, err := t.names(ctx)
		if err != nil {
			yield(Entry{}, fmt.Errorf("list the work tree: %w", err))
			return
		}
		for _, name := range names {
			if err := ctx.Err(); err != nil {
				yield(Entry{}, err)
				return
			}
			e, ok, err := t.lookup(ctx, name)
			if err != nil {
				yield(Entry{}, err)
				return
			}
			if !ok {
				continue // removed, and the index does not know yet
			}
			if link := links[name]; link != "" && (e.Kind == Directory || e.Kind == Submodule) {
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

// names are the tracked and the untracked paths, in order and each once, and the
// commits that the index has for submodules.
func (t *workTree) names(ctx context.Context) ([]string, map[string]string, error) {
	l := limits{of: "the index"}
	var names []string
	links := map[string]string{}
	skipped := newSparse()
	err := t.r.index(ctx, func(e IndexEntry) error {
		if e.Mode == "160000" {
			links[e.Path] = e.OID
		}
		skipped.add(e)
		names = append(names, e.Path)
		return l.count(e.Path)
	})
	if err != nil {
		return nil, nil, err
	}
	t.skipped.set(skipped)
	l.of = "the work tree"
	err = t.r.git.stream(ctx, func(r io.Reader) error {
		return records(r, func(record string) error {
			// Another repository is listed as a folder, with a slash at its end.
			names = append(names, strings.TrimSuffix(record, "/"))
			return l.count(record)
		})
	}, "ls-files", "-z", "--others", "--exclude-standard")
	if err != nil {
		return nil, nil, err
	}
	// What was included is counted by itself: most of it is listed already.
	if names, err = t.also.add(ctx, t, names, &limits{of: "the work tree"}); err != nil {
		return nil, nil, err
	}
	slices.Sort(names)
	return slices.Compact(names), links, nil // an unmerged path is listed up to three times
}

// records calls do for each NUL-ended record.
func records(r io.Reader, do func(string) error) error {
	br := bufio.NewReaderSize(r, 2*maxPathBytes)
	for {
		record, err := br.ReadSlice(0)
		switch {
		case err == io.EOF && len(record) == 0:
			return nil
		case errors.Is(err, bufio.ErrBufferFull):
			return fmt.Errorf("record has over %d bytes: %q…", 2*maxPathBytes, record[:64])
		case err != nil:
			return noEOF(err)
		}
		if err := do(string(record[:len(record)-1])); err != nil {
			return err
		}
	}
}

func (t *workTree) Read(ctx context.Context, e Entry, limit int64) ([]byte, error) {
	if e.OID != "" {
		return (&commitTree{r: t.r}).Read(ctx, e, limit)
	}
	var data []byte
	err := t.stream(ctx, e, limit, func(size int64, r io.Reader) error {
		data = make([]byte, size)
		_, err := io.ReadFull(r, data)
		return noEOF(err)
	})
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", e.Path, err)
	}
	return data, nil
}

func (t *workTree) Hash(ctx context.Context, e Entry, also io.Writer) (artifact.Digest, int64, []byte, error) {
	if e.OID != "" {
		return (&commitTree{r: t.r}).Hash(ctx, e, also)
	}
	var d artifact.Digest
	var n int64
	var h *head
	err := t.stream(ctx, e, MaxFileBytes, func(_ int64, r io.Reader) (err error) {
		d, n, h, err = digest(r, also)
		return err
	})
	if err != nil {
		return artifact.Digest{}, 0, nil, fmt.Errorf("hash %q: %w", e.Path, err)
	}
	return d, n, h.data, nil
}

// stream hands the bytes of a regular file to use. A file that has another size
// at its end than at its beginning is an error: nobody can say what was read.
func (t *workTree) stream(ctx context.Context, e Entry, limit int64, use func(size int64, r io.Reader) error) error {
	if e.Kind != File && e.Kind != Oversized {
		return &NotAFileError{Path: e.Path, Kind: e.Kind}
	}
	f, err := openBeneath(t.r.root, e.Path)
	switch {
	case errors.Is(err, errSymlink):
		return &NotAFileError{Path: e.Path, Kind: Symlink}
	case err != nil:
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		kind := Special
		if info.IsDir() {
			kind = Directory
		}
		return &NotAFileError{Path: e.Path, Kind: kind}
	}
	size := info.Size()
	if size > limit {
		return &TooLargeError{Path: e.Path, Size: size, Limit: limit}
	}
	counted := &counter{ctx: ctx, r: io.LimitReader(f, size+1)}
	if err := use(size, counted); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if extra, _ := io.CopyN(io.Discard, counted, 1); counted.n != size || extra != 0 {
		return fmt.Errorf("file changed while it was read: it had %d bytes, and then not: try again when nothing writes there", size)
	}
	return nil
}

// A counter counts what passes, and stops when nobody waits for it any more.
type counter struct {
	ctx context.Context
	r   io.Reader
	n   int64
}

func (c *counter) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(p)
	c.n += int64(n)
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
			h = t.r.format.begin("blob", size)
			_, err := io.CopyBuffer(h, struct{ io.Reader }{r}, *buf)
			return err
		})
		if err != nil {
			return "", false, err
		}
	case Symlink:
		if st, err := lstatBeneath(t.r.root, e.Path); err != nil || st.mode != fs.ModeSymlink {
			return "", false, nil // it leads through a symlink, or has gone
		}
		target, err := os.Readlink(filepath.Join(t.r.root, filepath.FromSlash(e.Path)))
		if err != nil {
			return "", false, err
		}
		h = t.r.format.begin("blob", int64(len(target)))
		io.WriteString(h, target)
	default:
		return "", false, nil
	}
	return hex.EncodeToString(h.Sum(nil)), true, nil
}
