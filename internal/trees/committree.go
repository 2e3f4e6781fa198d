package trees

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/git"
)

// A commitTree is the tree of a commit. Its listing is made once, by reading the
// tree objects: git ls-tree shows modes as they should be and not as they are,
// and a name with a slash in it as if it were two.
type commitTree struct {
	r         *Reader
	files     column // all but folders
	folders   column
	malformed *MalformedTreeError // of an entry that git does not write; nil: none
}

// Tree lists the tree of a commit as Git reads it: an entry with a mode that Git does not write
// has the kind that Git gives it. CheckTree reports such entries.
func (r *Reader) Tree(ctx context.Context, c git.Commit) (Tree, error) {
	header, err := r.ReadCommit(ctx, c)
	if err != nil {
		return nil, err
	}
	w := walker{r: r, Limits: Limits{Of: "commit " + string(c)}, cache: map[string][]byte{}}
	if err := w.walk(ctx, header.Tree, ""); err != nil {
		return nil, fmt.Errorf("list commit %s: %w", c, err)
	}
	t := &commitTree{r: r, files: w.files.done(), folders: w.folders.done(), malformed: w.first}
	if err := t.checkUnique(&w.Limits); err != nil {
		return nil, fmt.Errorf("list commit %s: %w", c, err)
	}
	return t, nil
}

// EmptyTree returns the empty tree, the base of a first commit.
func (r *Reader) EmptyTree() Tree { return &commitTree{r: r} }

// CheckTree returns a *MalformedTreeError if a commit's tree has an entry that Git does not
// write: another mode than its five, or a name that git refuses to
// check out (".", "..", or one that a file system takes for ".git"). Such an entry
// means different files to different readers, so nothing is verified then.
//
// Of a tree that is read on demand all is read. CheckRead looks at what was read of it.
func CheckTree(ctx context.Context, t Tree) error {
	switch t := t.(type) {
	case *commitTree:
		if t.malformed != nil {
			return t.malformed
		}
	case *lazyTree:
		whole, err := t.listed(ctx)
		if err != nil {
			return err
		}
		return CheckTree(ctx, whole)
	case *overlay:
		return CheckTree(ctx, t.below)
	}
	return nil
}

// CheckRead is CheckTree that reads nothing: of a tree that is read on demand it looks at
// the folders that were read.
func CheckRead(ctx context.Context, t Tree) error {
	lazy, is := t.(*lazyTree)
	if !is {
		return CheckTree(ctx, t)
	}
	lazy.mu.Lock()
	defer lazy.mu.Unlock()
	if lazy.first != nil {
		return lazy.first
	}
	return nil
}

// checkUnique finds two entries that stand at one path.
func (t *commitTree) checkUnique(l *Limits) error {
	for _, c := range []*column{&t.files, &t.folders} {
		for i := 1; i < c.len(); i++ {
			if c.path(i) == c.path(i-1) {
				return l.malformed("has two entries at %q", c.path(i))
			}
		}
	}
	for i := range t.folders.len() {
		if _, both := t.files.find(t.folders.path(i)); both {
			return l.malformed("has two entries at %q", t.folders.path(i))
		}
	}
	return nil
}

// A walker reads the tree objects of a commit, outermost first.
type walker struct {
	r *Reader
	Limits
	files, folders columnBuilder
	first          *MalformedTreeError // of the first entry that git does not write
	cache          map[string][]byte   // by id; what a tree bomb has many of
	cached         int
}

func (w *walker) walk(ctx context.Context, oid, dir string) error {
	data, ok := w.cache[oid]
	if !ok {
		var err error
		if data, err = w.r.Objects().Read(ctx, git.Request{OID: oid, Kind: "tree", Path: dir, Limit: maxTree}); err != nil {
			return err
		}
		w.keep(oid, data)
	}
	if err := w.ahead(ctx, data, dir); err != nil {
		return err
	}
	size := w.r.IDSize()
	for len(data) > 0 {
		head, rest, ok := bytes.Cut(data, []byte{0})
		written, name, spaced := bytes.Cut(head, []byte{' '})
		if !ok || !spaced || len(rest) < size {
			return &git.CorruptObjectError{OID: oid, Path: dir, Reason: "is no tree"}
		}
		if len(name) == 0 || bytes.IndexByte(name, '/') >= 0 {
			return w.malformed("has an entry with the name %q in folder %q", name, dir)
		}
		mode, known := readMode(written)
		into := &w.files
		if known && modes[mode].kind == Directory {
			into = &w.folders
		}
		path := into.add(dir, name, rest[:size], mode)
		if err := w.Count(path); err != nil {
			return err
		}
		if !known {
			return w.malformed("has an entry with the mode %q at %q", written, path)
		}
		w.note(written, mode, path[len(dir):], path)
		id := rest[:size]
		data = rest[size:]
		if into == &w.files {
			continue
		}
		if err := w.walk(ctx, hex.EncodeToString(id), path+"/"); err != nil {
			return err
		}
	}
	return nil
}

// note keeps the first entry that git does not write.
func (w *walker) note(written []byte, mode uint8, name, path string) {
	switch {
	case w.first != nil:
	case string(written) != strings.TrimPrefix(modes[mode].text, "0"):
		w.first = w.malformed("has an entry with the mode %q at %q, want 100644, 100755, 120000, 160000 or 40000", written, path)
		w.first.Path = path
	case name == "." || name == ".." || artifact.IsGitDirName(name):
		w.first = w.malformed("has an entry with the name %q at %q, which git never checks out", name, path)
	}
}

// readMode reads an octal mode as git does, which looks at the type of file that
// it has and, of a regular file, at whether its owner may execute it; whatever is
// neither a regular file, a symlink nor a folder is a submodule to git. The result
// is an index into the table modes; ok is false for what is no mode.
func readMode[T string | []byte](written T) (mode uint8, ok bool) {
	if string(written) == modes[0].text { // nearly all
		return 0, true
	}
	if strings.Trim(string(written), "01234567") != "" {
		return 0, false
	}
	bits, err := strconv.ParseUint(string(written), 8, 16)
	if err != nil {
		return 0, false
	}
	switch kind := bits &^ 0o7777; {
	case kind == 0o100000 && bits&0o100 == 0:
		return 0, true
	case kind == 0o100000:
		return 1, true
	case kind == 0o120000:
		return 2, true
	case kind == 0o040000:
		return 4, true
	}
	return 3, true
}

// keep keeps a tree object that may be met again, as long as there is room.
func (w *walker) keep(oid string, data []byte) {
	if w.cached+len(data) <= maxTreeCache {
		w.cached += len(data)
		w.cache[oid] = data
	}
}

// ahead reads the folders in a folder with one round trip. What is wrong with
// one is found when it is met.
func (w *walker) ahead(ctx context.Context, data []byte, dir string) error {
	var qs []git.Request
	asked := map[string]bool{}
	for size := w.r.IDSize(); len(data) > 0; {
		end := bytes.IndexByte(data, 0)
		if end < 0 || len(data) < end+1+size {
			break
		}
		written, name, _ := bytes.Cut(data[:end], []byte{' '})
		id := data[end+1 : end+1+size]
		data = data[end+1+size:]
		if mode, ok := readMode(written); !ok || modes[mode].kind != Directory {
			continue
		}
		oid := hex.EncodeToString(id)
		if w.cache[oid] != nil || asked[oid] {
			continue
		}
		asked[oid] = true
		q := git.Request{OID: oid, Kind: "tree", Path: dir + string(name) + "/", Limit: maxTreeAhead}
		if qs = append(qs, q); len(qs) == maxAhead {
			break
		}
	}
	if len(qs) < 2 || w.cached > maxTreeCache/2 {
		return nil
	}
	return w.r.Objects().ReadEach(ctx, qs, func(i int, data []byte, err error) {
		if err == nil {
			w.keep(qs[i].OID, bytes.Clone(data))
		}
	})
}

func (t *commitTree) Lookup(_ context.Context, p artifact.Path) (Entry, bool, error) {
	for _, c := range []*column{&t.files, &t.folders} {
		if i, ok := c.find(string(p)); ok {
			return c.at(i), true, nil
		}
	}
	return Entry{}, false, nil
}

func (t *commitTree) Open(ctx context.Context, p artifact.Path) (*Handle, bool, error) {
	e, ok, err := t.Lookup(ctx, p)
	return &Handle{Entry: e, tree: t}, ok, err
}

func (t *commitTree) Names(ctx context.Context) ([]string, error) {
	names := make([]string, t.files.len())
	for i := range names {
		names[i] = t.files.path(i)
	}
	return names, ctx.Err()
}

func (t *commitTree) Entries(ctx context.Context) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for i := range t.files.len() {
			if err := ctx.Err(); err != nil {
				yield(Entry{}, err)
				return
			}
			if !yield(t.files.at(i), nil) {
				return
			}
		}
	}
}

func (t *commitTree) Read(ctx context.Context, e Entry, limit int64) ([]byte, error) {
	return t.r.ReadBlob(ctx, e, limit)
}

func (t *commitTree) Hash(ctx context.Context, e Entry, also io.Writer) (artifact.Digest, int64, []byte, error) {
	return t.r.HashBlob(ctx, e, also)
}

// ReadBlob reads the bytes of an entry of a commit or the index; over limit, the error is a
// *git.TooLargeError.
func (r *Reader) ReadBlob(ctx context.Context, e Entry, limit int64) ([]byte, error) {
	if e.Kind != File {
		return nil, &NotAFileError{Path: e.Path, Kind: e.Kind}
	}
	data, err := r.Objects().Read(ctx, git.Request{OID: e.OID, Kind: "blob", Path: e.Path, Limit: limit})
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", e.Path, err)
	}
	return data, nil
}

// HashBlob is Tree.Hash for an entry of a commit or the index.
func (r *Reader) HashBlob(ctx context.Context, e Entry, also io.Writer) (artifact.Digest, int64, []byte, error) {
	if e.Kind != File {
		return artifact.Digest{}, 0, nil, &NotAFileError{Path: e.Path, Kind: e.Kind}
	}
	var d artifact.Digest
	var h []byte
	var n int64
	err := r.Objects().Stream(ctx, git.Request{OID: e.OID, Kind: "blob", Path: e.Path, Limit: MaxFileBytes},
		func(size int64, r io.Reader) (err error) {
			d, n, h, err = digest(ctx, size, r, also)
			return err
		})
	if err != nil {
		return artifact.Digest{}, 0, nil, fmt.Errorf("hash %q: %w", e.Path, err)
	}
	return d, n, h, nil
}
