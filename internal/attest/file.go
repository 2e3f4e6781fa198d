package attest

import (
	"fmt"
	"io"
	"io/fs"

	"golang.org/x/sys/unix"
)

// A file is an open regular file. An os.File would cost three system calls more for
// each of tens of thousands of small files: it asks how the file was opened, and has
// the poller refuse it.
type file struct {
	name string
	fd   int
}

// Read implements io.Reader.
func (f *file) Read(b []byte) (n int, err error) {
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
func (f *file) Write(b []byte) (n int, err error) {
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

// writeAt writes over what is there.
func (f *file) writeAt(b []byte, at int64) error {
	n := 0
	err := uninterrupted(func() (err error) {
		n, err = unix.Pwrite(f.fd, b, at)
		return err
	})
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	return pathError("write", f.name, err)
}

// head reads up to len(b) bytes from the beginning, and leaves the file where it is.
func (f *file) head(b []byte) []byte {
	n := 0
	_ = uninterrupted(func() (err error) {
		n, err = unix.Pread(f.fd, b, 0)
		return err
	})
	return b[:max(n, 0)]
}

// readAll reads what is left, at most limit bytes of it; size is what it is expected to
// be. A regular file that gives less than was asked for has no more.
func (f *file) readAll(size, limit int64) ([]byte, error) {
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

func (f *file) chmod(mode fs.FileMode) error {
	return pathError("chmod", f.name, uninterrupted(func() error { return unix.Fchmod(f.fd, uint32(mode.Perm())) }))
}

func (f *file) sync() error {
	return pathError("fsync", f.name, uninterrupted(func() error { return unix.Fsync(f.fd) }))
}

// Close implements io.Closer.
func (f *file) Close() error { return pathError("close", f.name, unix.Close(f.fd)) }

// A look is the state of a file at one moment.
type look struct {
	identity
	size  int64
	mtime unix.Timespec
	mode  fs.FileMode
	links uint64
}

func (f *file) look() (look, error) {
	var st unix.Stat_t
	if err := uninterrupted(func() error { return unix.Fstat(f.fd, &st) }); err != nil {
		return look{}, pathError("stat", f.name, err)
	}
	return look{
		identity: identity{uint64(st.Dev), st.Ino}, size: st.Size, mtime: st.Mtim, mode: modeOf(&st), links: uint64(st.Nlink),
	}, nil
}

// same reports whether two looks are of the same state of a file.
func (l look) same(other look) bool {
	return l.identity == other.identity && l.size == other.size && l.mtime == other.mtime
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
	default:
		mode |= fs.ModeIrregular
	}
	return mode
}

// regular refuses anything but a regular file.
func (l look) regular(name string) error {
	if l.mode.IsRegular() {
		return nil
	}
	return &RefusedError{Path: name, Reason: fmt.Sprintf("is %s, want a regular file", kindOf(l.mode))}
}
