package repo

import (
	"context"
	"io"
	"io/fs"
	"iter"
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
