package trees

import (
	"context"
	"io"
	"io/fs"
	"iter"
	"sync"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/progress"
)

// A Kind is the kind of an entry.
type Kind uint8

// The kinds. The zero Kind is a regular file.
const (
	File      Kind = iota // a regular file: mode 100644 or 100755
	Symlink               // a symlink, or a path that leads through one
	Submodule             // another repository
	Directory             // a folder
	Special               // anything else: a FIFO, a device, a socket
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

// An Entry is the entry of a tree at a path.
type Entry struct {
	Path string // as the tree has it; it may be no valid artifact.Path
	Kind Kind
	Mode string      // six octal digits as git writes them; "" where git has none for it
	Size int64       // bytes; -1 unknown: a commit's files are measured by reading them
	OID  string      // object id; "" in the work tree, but for a submodule and for what a sparse checkout leaves out
	Perm fs.FileMode // the permission bits on the disk; 0 in a commit, where there are none
}

// A Tree has the files of a commit, or those of the work tree. Its methods are safe for
// concurrent use.
type Tree interface {
	// Lookup returns the entry at p, which can be a folder; ok is false without one.
	// In the work tree, a path that leads through a symlink is a Symlink.
	Lookup(ctx context.Context, p artifact.Path) (e Entry, ok bool, err error)
	// Open is Lookup for what will be read: in the work tree one opening is all that
	// looking a file up and reading it cost. The file has to be closed.
	Open(ctx context.Context, p artifact.Path) (f *Handle, ok bool, err error)
	// Names returns the paths of Entries. In the work tree it costs less.
	Names(ctx context.Context) ([]string, error)
	// Entries are all but folders, in bytewise order of their paths. In the work
	// tree they are the tracked and the untracked ones, without the ignored.
	Entries(ctx context.Context) iter.Seq2[Entry, error]
	// Read returns the bytes of a file; over limit, the error is a *TooLargeError.
	Read(ctx context.Context, e Entry, limit int64) ([]byte, error)
	// Hash is the digest of a file's bytes, how many there are, and the first
	// HeadBytes of them, all in one pass, in which also sees every byte, where it
	// is not nil. Over MaxFileBytes, the error is a *TooLargeError.
	Hash(ctx context.Context, e Entry, also io.Writer) (d artifact.Digest, size int64, head []byte, err error)
}

// HeadBytes is the number of first bytes that Hash returns: a Git LFS pointer file has fewer than
// 1024 bytes (git-lfs, docs/spec.md).
const HeadBytes = 1024

// MaxFileBytes bounds a file that is hashed. Hashing needs no memory, only time:
// at 0.5 to 1 GB/s this is half a minute or less, and no host of Git repositories
// takes a file half as large, with LFS or without.
const MaxFileBytes = 16 << 30

// A Handle is an entry of a tree that was looked up and opened once, so that the bytes are those
// of the entry. It may have nothing to read.
type Handle struct {
	Entry
	tree   Tree
	opened Opened // nil: the tree reads the bytes by the entry
}

// NewHandle is the handle of an entry; opened is the file, or nil where the tree reads the
// bytes by the entry.
func NewHandle(e Entry, t Tree, opened Opened) *Handle {
	return &Handle{Entry: e, tree: t, opened: opened}
}

// Read is Tree.Read.
func (f *Handle) Read(ctx context.Context, limit int64) ([]byte, error) {
	return f.ReadInto(ctx, limit, nil)
}

// ReadInto is Read with room for the bytes, which is used if it is larger than the file:
// the caller may use it again when the bytes are not needed any more.
func (f *Handle) ReadInto(ctx context.Context, limit int64, room []byte) ([]byte, error) {
	if f.opened == nil {
		return f.tree.Read(ctx, f.Entry, limit)
	}
	defer f.Close()
	return readOpened(ctx, f.Entry, f.opened, limit, room)
}

// Hash is Tree.Hash.
func (f *Handle) Hash(ctx context.Context, also io.Writer) (artifact.Digest, int64, []byte, error) {
	if f.opened == nil {
		return f.tree.Hash(ctx, f.Entry, also)
	}
	defer f.Close()
	return hashOpened(ctx, f.Entry, f.opened, also)
}

// Stream hands the bytes of a file that was opened to use, which reads until their end.
func (f *Handle) Stream(ctx context.Context, limit int64, use func(size int64, r io.Reader) error) error {
	defer f.Close()
	return pass(ctx, f.Entry, f.opened, limit, use)
}

// Close closes the file. The bytes are read at most once from what was opened: who
// reads it again has the tree open it again.
func (f *Handle) Close() {
	if f.opened != nil {
		_ = f.opened.Close()
		f.opened = nil
	}
}

// buffers are what files are read through, each used by one reader at a time; that of a
// small file is smaller, for most files are.
var buffers, smallBuffers = bufferPool(artifact.BufferSize), bufferPool(smallFile + 1)

const smallFile = 32 << 10

func bufferPool(size int) *sync.Pool {
	return &sync.Pool{New: func() any { b := make([]byte, size); return &b }}
}

// digest hashes all of r, which has so many bytes, keeps its head and shows it to also.
func digest(ctx context.Context, size int64, r io.Reader, also io.Writer) (artifact.Digest, int64, []byte, error) {
	pool := buffers
	if size <= smallFile {
		pool = smallBuffers
	}
	buf := pool.Get().(*[]byte)
	defer pool.Put(buf)
	shown := &shown{r: progress.Reader(ctx, size, r), also: also}
	d, n, err := artifact.Hash(shown, *buf)
	return d, n, shown.head, err
}

// shown is a reader whose bytes are seen by others on their way.
type shown struct {
	r    io.Reader
	head []byte    // the first HeadBytes
	also io.Writer // may be nil
}

func (s *shown) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if room := HeadBytes - len(s.head); room > 0 {
		s.head = append(s.head, p[:min(n, room)]...)
	}
	if s.also != nil && n > 0 {
		if _, failed := s.also.Write(p[:n]); failed != nil {
			return n, failed
		}
	}
	return n, err
}
