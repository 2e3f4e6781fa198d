package repo

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// A top is the top folder of a work tree, held open so that every name is opened
// from there. Its methods may be called from several goroutines.
type top struct {
	root string
	hold sync.Once
	use  sync.RWMutex // for as long as dir is used, which is not closed meanwhile
	dir  int          // a descriptor; 0 where there is none
	err  error

	opened atomic.Int64 // what was opened beneath it; counted for tests
}

func newTop(root string) *top { return &top{root: root} }

// close lets the folder go.
func (t *top) close() {
	t.hold.Do(func() {})
	t.use.Lock()
	defer t.use.Unlock()
	if t.dir > 0 {
		_ = unix.Close(t.dir)
	}
	t.dir, t.err = 0, os.ErrClosed
}

const toRead = unix.O_RDONLY | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_NOFOLLOW

// open opens what stands at name for reading, through no symlink, not even one that
// stays inside. It does not block on a FIFO.
func (t *top) open(name string) (opened, error) {
	fd, err := t.openat2(name, toRead)
	if refused(err) {
		return openWalking(t.root, name)
	}
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return &descriptor{fd, name}, nil
}

// lstat is what stands at name; a symlink on the way, but not at its end, is
// errSymlink.
func (t *top) lstat(name string) (status, error) {
	fd, err := t.openat2(name, unix.O_PATH|unix.O_NOFOLLOW)
	if refused(err) {
		return lstatWalking(t.root, name)
	}
	if err != nil {
		return status{}, &fs.PathError{Op: "lstat", Path: name, Err: err}
	}
	d := descriptor{fd, name}
	defer d.Close()
	return d.status()
}

// list reads a folder, "." the root, in no order and up to limit names. It follows no symlink.
func (t *top) list(name string, limit int) (names []string, git bool, err error) {
	fd, err := t.openat2(name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW)
	if refused(err) {
		return listWalking(t.root, name, limit)
	}
	if err != nil {
		return nil, false, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	folder := os.NewFile(uintptr(fd), filepath.Join(t.root, filepath.FromSlash(name)))
	defer folder.Close()
	return children(folder, limit)
}

// A descriptor is an open file. It is read with plain system calls: an os.File would
// first offer each file to the network poller, which takes none of them.
type descriptor struct {
	fd   int
	name string
}

func (d *descriptor) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		n, err := unix.Read(d.fd, p)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return 0, &fs.PathError{Op: "read", Path: d.name, Err: err}
		case n == 0:
			return 0, io.EOF
		}
		return n, nil
	}
}

func (d *descriptor) Close() error { return unix.Close(d.fd) }

func (d *descriptor) status() (status, error) {
	var st unix.Stat_t
	if err := unix.Fstat(d.fd, &st); err != nil {
		return status{}, &fs.PathError{Op: "lstat", Path: d.name, Err: err}
	}
	s := status{size: st.Size, perm: fs.FileMode(st.Mode).Perm(), modified: st.Mtim.Nano()}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
	case unix.S_IFDIR:
		s.mode = fs.ModeDir
	case unix.S_IFLNK:
		s.mode = fs.ModeSymlink
	default:
		s.mode = fs.ModeIrregular
	}
	return s, nil
}

// Modified is when the bytes were last written, in nanoseconds.
func (d *descriptor) Modified() (int64, error) {
	st, err := d.status()
	return st.modified, err
}

// maxTries is how often a walk may be disturbed, so that who renames folders for
// ever cannot keep it busy for ever.
const maxTries = 100

func (t *top) openat2(name string, flags uint64) (int, error) {
	if !local(name) {
		return -1, fs.ErrInvalid
	}
	t.hold.Do(t.begin)
	t.use.RLock()
	defer t.use.RUnlock()
	if t.err != nil {
		return -1, t.err
	}
	t.opened.Add(1)
	how := unix.OpenHow{Flags: flags | unix.O_CLOEXEC, Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS}
	for try := 1; ; try++ {
		fd, err := unix.Openat2(t.dir, name, &how)
		switch {
		case err == unix.ELOOP:
			return -1, errSymlink
		case try == maxTries || err != unix.EINTR && err != unix.EAGAIN:
			return fd, err // otherwise a signal, or a rename somewhere raced with the walk
		}
	}
}

func (t *top) begin() {
	fd, err := unix.Open(t.root, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.err = err
		return
	}
	t.dir = fd
}

// refused reports whether the system has no openat2 (before Linux 5.6), or a
// container forbids it.
func refused(err error) bool {
	return errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM)
}
