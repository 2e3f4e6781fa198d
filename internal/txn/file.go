package txn

import (
	"fmt"
	"io"
	"io/fs"

	"golang.org/x/sys/unix"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/progress"
)

// An OpenFile is an open regular file. An os.File would cost three system calls more for
// each of tens of thousands of small files: it asks how the file was opened, and has
// the poller refuse it.
type OpenFile struct {
	name string
	fd   int
}

// Read implements io.Reader.
func (f *OpenFile) Read(b []byte) (n int, err error) {
	if len(b) == 0 {
		return 0, nil
	}
	err = uninterrupted(func() error {
		n, err = unix.Read(f.fd, b)
		return err
	})
	switch {
	case err != nil:
		return 0, pathError("read", f.name, err)
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// Write implements io.Writer.
func (f *OpenFile) Write(b []byte) (n int, err error) {
	for n < len(b) {
		var k int
		err = uninterrupted(func() error {
			k, err = unix.Write(f.fd, b[n:])
			return err
		})
		if err == nil && k == 0 {
			err = io.ErrShortWrite
		}
		if err != nil {
			return n, pathError("write", f.name, err)
		}
		n += k
	}
	return n, nil
}

// WriteAt writes b at an offset, piece by piece, so that a test can stop the program
// between two of them. There is at least one.
func (f *OpenFile) WriteAt(b []byte, at int64) error {
	for {
		piece := b[:min(len(b), Hooks.Piece)]
		if err := before("write", f.name); err != nil {
			return err
		}
		if err := f.writeAt(piece, at); err != nil {
			return err
		}
		at += int64(len(piece))
		if b = b[len(piece):]; len(b) == 0 {
			return nil
		}
	}
}

func (f *OpenFile) writeAt(b []byte, at int64) error {
	for len(b) > 0 {
		n := 0
		err := uninterrupted(func() (err error) {
			n, err = unix.Pwrite(f.fd, b, at)
			return err
		})
		if err == nil && n == 0 {
			err = io.ErrShortWrite
		}
		if err != nil {
			return pathError("write", f.name, err)
		}
		b, at = b[n:], at+int64(n)
	}
	return nil
}

// ReadAt implements io.ReaderAt.
func (f *OpenFile) ReadAt(b []byte, at int64) (n int, err error) {
	for n < len(b) {
		var k int
		err = uninterrupted(func() error {
			k, err = unix.Pread(f.fd, b[n:], at+int64(n))
			return err
		})
		switch {
		case err != nil:
			return n, pathError("read", f.name, err)
		case k == 0:
			return n, io.EOF
		}
		n += k
	}
	return n, nil
}

// Truncate cuts the file off, or fills it with zeros, so that it has size bytes.
func (f *OpenFile) Truncate(size int64) error {
	if err := before("truncate", f.name); err != nil {
		return err
	}
	return pathError("truncate", f.name, uninterrupted(func() error { return unix.Ftruncate(f.fd, size) }))
}

// Name returns the path of the file in its tree.
func (f *OpenFile) Name() string { return f.name }

// Head reads up to len(b) bytes from the beginning, and leaves the file where it is.
func (f *OpenFile) Head(b []byte) []byte {
	n := 0
	_ = uninterrupted(func() (err error) {
		n, err = unix.Pread(f.fd, b, 0)
		return err
	})
	return b[:max(n, 0)]
}

// ReadAll reads what is left, at most limit bytes of it; size is what it is expected to
// be. A regular file that gives less than was asked for has no more.
func (f *OpenFile) ReadAll(size, limit int64) ([]byte, error) {
	data := make([]byte, 0, min(max(size, 0), limit)+1)
	for int64(len(data)) < limit {
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
		room := data[len(data):min(int64(cap(data)), limit)]
		n, err := f.Read(room)
		data = data[:len(data)+n]
		if err == io.EOF || err == nil && n < len(room) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	return data, nil
}

// Digest hashes the file, which must not change meanwhile, and returns its state after that.
// before is its state when it was opened. What is read is counted.
func (f *OpenFile) Digest(before State, buf []byte, count *progress.Count) (artifact.Digest, State, error) {
	digest, n, err := artifact.Hash(count.Reader(before.Size, f), buf)
	if err != nil {
		return artifact.Digest{}, State{}, fmt.Errorf("hash %s: %w", f.Name(), err)
	}
	after, err := f.State()
	if err != nil {
		return artifact.Digest{}, State{}, fmt.Errorf("hash %s: %w", f.Name(), err)
	}
	if n != before.Size || !before.Same(after) {
		return artifact.Digest{}, State{}, &RefusedError{Path: f.Name(), Reason: "changed while it was read; attest it once it is finished", Unsettled: true}
	}
	return digest, after, nil
}

func (f *OpenFile) chmod(mode fs.FileMode) error {
	return pathError("chmod", f.name, uninterrupted(func() error { return unix.Fchmod(f.fd, uint32(mode.Perm())) }))
}

// Sync makes the bytes of the file durable. Its error is final: the next call may succeed
// although bytes are lost.
func (f *OpenFile) Sync() error {
	if err := before("fsync", f.name); err != nil {
		return err
	}
	return f.sync()
}

func (f *OpenFile) sync() error {
	return pathError("fsync", f.name, uninterrupted(func() error { return unix.Fsync(f.fd) }))
}

// Close implements io.Closer.
func (f *OpenFile) Close() error { return pathError("close", f.name, unix.Close(f.fd)) }

// A State is the state of a file at one moment.
type State struct {
	identity
	Size  int64       // bytes
	MTime int64       // when its content was last modified, in nanoseconds since 1970
	Mode  fs.FileMode // permissions and type
	Links uint64      // how many names the file has
}

// Inode returns the number of the file in its file system.
func (s State) Inode() uint64 { return s.ino }

// State returns what the file is now.
func (f *OpenFile) State() (State, error) {
	var st unix.Stat_t
	if err := uninterrupted(func() error { return unix.Fstat(f.fd, &st) }); err != nil {
		return State{}, pathError("stat", f.name, err)
	}
	return State{
		identity: identity{uint64(st.Dev), st.Ino}, Size: st.Size, MTime: st.Mtim.Nano(), Mode: modeOf(&st), Links: uint64(st.Nlink),
	}, nil
}

// Same reports whether the content of a file was not changed between two moments.
func (s State) Same(other State) bool {
	return s.identity == other.identity && s.Size == other.Size && s.MTime == other.MTime
}

// modeOf is the permissions, and whether it is a file, a folder, a symlink or
// something else.
func modeOf(st *unix.Stat_t) fs.FileMode {
	mode := fs.FileMode(st.Mode & 0o777)
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
	case unix.S_IFDIR:
		mode |= fs.ModeDir
	case unix.S_IFLNK:
		mode |= fs.ModeSymlink
	case unix.S_IFIFO:
		mode |= fs.ModeNamedPipe
	case unix.S_IFCHR:
		mode |= fs.ModeDevice | fs.ModeCharDevice
	default:
		mode |= fs.ModeIrregular
	}
	return mode
}
