package repo

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/codexlock/codexlock/internal/artifact"
)

// A Kind is what stands at a path.
type Kind uint8

// The kinds. The zero Kind is the one that holds bytes.
const (
	File      Kind = iota // a regular file: mode 100644 or 100755
	Symlink               // a symlink, or a path that leads through one
	Submodule             // another repository
	Directory             // a folder
	Special               // anything else: a FIFO, a device, a mode that git does not write
	Oversized             // a regular file of more than MaxFileBytes, in the work tree
)

var kindNames = [...]string{File: "file", Symlink: "symlink", Submodule: "submodule",
	Directory: "directory", Special: "special", Oversized: "oversized"}

// String is the kind's name in a fact.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return kindNames[Special]
}

// An Entry is what a tree has at a path.
type Entry struct {
	Path string // as the tree has it; it may be no valid artifact.Path
	Kind Kind
	Mode string      // six octal digits as git writes them; "" where git has none for it
	Size int64       // bytes; -1 unknown: a commit's files are measured by reading them
	OID  string      // object id; "" in the work tree, but for a submodule and for what a sparse checkout leaves out
	Perm fs.FileMode // the permission bits on the disk; 0 in a commit, where there are none
}

// A Tree is the files of a commit, or those of the work tree. Its methods may be
// called from several goroutines.
type Tree interface {
	// Lookup is what stands at p, folders too; ok is false where nothing does.
	// In the work tree, a path that leads through a symlink is a Symlink.
	Lookup(ctx context.Context, p artifact.Path) (e Entry, ok bool, err error)
	// Entries are all but folders, in bytewise order of their paths. In the work
	// tree they are the tracked and the untracked ones, without the ignored.
	Entries(ctx context.Context) iter.Seq2[Entry, error]
	// Read is the bytes of a file; over limit, the error is a *TooLargeError.
	Read(ctx context.Context, e Entry, limit int64) ([]byte, error)
	// Hash is the digest of a file's bytes, how many there are, and the first
	// HeadBytes of them, all in one pass, in which also sees every byte, where it
	// is not nil. Over MaxFileBytes, the error is a *TooLargeError.
	Hash(ctx context.Context, e Entry, also io.Writer) (d artifact.Digest, size int64, head []byte, err error)
}

// HeadBytes is how much of a file Hash hands back: the Git LFS specification
// says that a pointer file has fewer than 1024 bytes.
const HeadBytes = 1024

// MaxFileBytes bounds a file that is hashed. Hashing needs no memory, only time:
// at 0.5 to 1 GB/s this is half a minute or less, and no host of Git repositories
// takes a file half as large, with LFS or without.
const MaxFileBytes = 16 << 30

// What a tree may have at most. The largest public monorepos have some 500,000
// files, and no file system in use takes a path longer than PATH_MAX, 4096. A
// tree bomb (56 KB of objects make 10^10 paths) meets one of these in seconds.
const (
	maxEntries   = 1_000_000
	maxDepth     = 64
	maxPathBytes = 4096
	maxNameBytes = 256 << 20 // of all paths together: what listing costs in memory
	maxTree      = 64 << 20  // of one tree object: over a million files in a folder
	maxTreeCache = 16 << 20  // tree objects kept to be met again in the same commit
)

// A listing is a tree's entries with the limits that they meet on the way in.
type listing struct {
	of      string // for messages
	entries []Entry
	bytes   int
}

func (l *listing) add(e Entry) error {
	l.bytes += len(e.Path)
	switch {
	case len(l.entries) >= maxEntries:
		return l.fault("has over %d entries", maxEntries)
	case len(e.Path) > maxPathBytes:
		return l.fault("has a path of %d bytes, at most %d are allowed: %q…", len(e.Path), maxPathBytes, e.Path[:64])
	case l.bytes > maxNameBytes:
		return l.fault("has paths of over %d bytes in all", maxNameBytes)
	case strings.Count(e.Path, "/") >= maxDepth:
		return l.fault("has folders more than %d deep at %q", maxDepth, e.Path)
	}
	l.entries = append(l.entries, e)
	return nil
}

func (l *listing) fault(format string, args ...any) error {
	return &MalformedTreeError{Tree: l.of, Reason: fmt.Sprintf(format, args...)}
}

// sort orders the entries, and finds two that stand at one path.
func (l *listing) sort() error {
	byPath := func(a, b Entry) int { return strings.Compare(a.Path, b.Path) }
	if !slices.IsSortedFunc(l.entries, byPath) {
		slices.SortFunc(l.entries, byPath)
	}
	for i := 1; i < len(l.entries); i++ {
		if l.entries[i].Path == l.entries[i-1].Path {
			return l.fault("has two entries at %q", l.entries[i].Path)
		}
	}
	return nil
}

// A commitTree is the tree of a commit. Its listing is made once, by reading the
// tree objects: git ls-tree shows modes as they should be and not as they are,
// and a name with a slash in it as if it were two.
type commitTree struct {
	r       *Repository
	entries []Entry
}

// Tree lists the tree of a commit.
func (r *Repository) Tree(ctx context.Context, c Commit) (Tree, error) {
	header, err := r.commit(ctx, c)
	if err != nil {
		return nil, err
	}
	w := walker{r: r, listing: listing{of: "commit " + string(c)}, cache: map[string][]byte{}}
	if err := w.walk(ctx, header.tree, "", 0); err != nil {
		return nil, fmt.Errorf("list commit %s: %w", c, err)
	}
	if err := w.sort(); err != nil {
		return nil, fmt.Errorf("list commit %s: %w", c, err)
	}
	return &commitTree{r: r, entries: w.entries}, nil
}

// EmptyTree is the tree with nothing in it, on which a first commit was made.
func (r *Repository) EmptyTree() Tree { return &commitTree{r: r} }

type walker struct {
	r *Repository
	listing
	cache  map[string][]byte // by id; what a tree bomb has many of
	cached int
}

func (w *walker) walk(ctx context.Context, oid, dir string, depth int) error {
	data, err := w.object(ctx, oid, dir)
	if err != nil {
		return err
	}
	size := w.r.format.size
	for len(data) > 0 {
		head, rest, ok := bytes.Cut(data, []byte{0})
		mode, name, spaced := strings.Cut(string(head), " ")
		if !ok || !spaced || len(rest) < size {
			return &CorruptObjectError{OID: oid, Path: dir, Reason: "is no tree"}
		}
		if name == "" || strings.Contains(name, "/") {
			return w.fault("has an entry with the name %q in folder %q", name, dir)
		}
		e := Entry{Path: dir + name, Size: -1, OID: hex.EncodeToString(rest[:size])}
		e.Kind, e.Mode = kindOf(mode)
		if err := w.add(e); err != nil {
			return err
		}
		if e.Kind == Directory {
			if err := w.walk(ctx, e.OID, e.Path+"/", depth+1); err != nil {
				return err
			}
		}
		data = rest[size:]
	}
	return nil
}

func (w *walker) object(ctx context.Context, oid, dir string) ([]byte, error) {
	if data, ok := w.cache[oid]; ok {
		return data, ctx.Err()
	}
	data, err := w.r.objects.read(ctx, request{oid: oid, kind: "tree", path: dir, limit: maxTree})
	if err != nil {
		return nil, err
	}
	if w.cached += len(data); w.cached <= maxTreeCache {
		w.cache[oid] = data
	}
	return data, nil
}

// kindOf reads a mode as a tree object has it. A folder's is written without its
// leading zero; any other mode that git does not write is nothing to read.
func kindOf(mode string) (Kind, string) {
	switch mode {
	case "100644", "100755":
		return File, mode
	case "120000":
		return Symlink, mode
	case "160000":
		return Submodule, mode
	case "40000", "040000":
		return Directory, "040000"
	}
	if len(mode) > 6 || strings.Trim(mode, "01234567") != "" {
		mode = ""
	}
	return Special, mode
}

func (t *commitTree) Lookup(_ context.Context, p artifact.Path) (Entry, bool, error) {
	i, ok := slices.BinarySearchFunc(t.entries, string(p), func(e Entry, p string) int {
		return strings.Compare(e.Path, p)
	})
	if !ok {
		return Entry{}, false, nil
	}
	return t.entries[i], true, nil
}

func (t *commitTree) Entries(ctx context.Context) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for _, e := range t.entries {
			if err := ctx.Err(); err != nil {
				yield(Entry{}, err)
				return
			}
			if e.Kind != Directory && !yield(e, nil) {
				return
			}
		}
	}
}

func (t *commitTree) Read(ctx context.Context, e Entry, limit int64) ([]byte, error) {
	if e.Kind != File {
		return nil, &NotAFileError{Path: e.Path, Kind: e.Kind}
	}
	data, err := t.r.objects.read(ctx, request{oid: e.OID, kind: "blob", path: e.Path, limit: limit})
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", e.Path, err)
	}
	return data, nil
}

func (t *commitTree) Hash(ctx context.Context, e Entry, also io.Writer) (artifact.Digest, int64, []byte, error) {
	if e.Kind != File {
		return artifact.Digest{}, 0, nil, &NotAFileError{Path: e.Path, Kind: e.Kind}
	}
	var d artifact.Digest
	var h *head
	var n int64
	err := t.r.objects.stream(ctx, request{oid: e.OID, kind: "blob", path: e.Path, limit: MaxFileBytes},
		func(_ int64, r io.Reader) (err error) {
			d, n, h, err = digest(r, also)
			return err
		})
	if err != nil {
		return artifact.Digest{}, 0, nil, fmt.Errorf("hash %q: %w", e.Path, err)
	}
	return d, n, h.data, nil
}

// buffers are what files are read through, each used by one reader at a time.
var buffers = sync.Pool{New: func() any { b := make([]byte, artifact.BufferSize); return &b }}

// digest hashes all of r, keeps its head and shows it to also.
func digest(r io.Reader, also io.Writer) (artifact.Digest, int64, *head, error) {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	h := &head{data: make([]byte, 0, HeadBytes), limit: HeadBytes}
	r = io.TeeReader(r, h)
	if also != nil {
		r = io.TeeReader(r, also)
	}
	d, n, err := artifact.Hash(r, *buf)
	return d, n, h, err
}
