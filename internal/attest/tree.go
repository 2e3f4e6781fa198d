package attest

import (
	"errors"
	"fmt"
	"io/fs"
	"path"

	"golang.org/x/sys/unix"

	"github.com/codexlock/codexlock/internal/artifact"
)

// step is asked before every operation that changes a file system; an error of
// it counts as the operation's own. Tests stop or break the program there.
var step = func(op, name string) error { return nil }

// openat is the one system call that opens and makes files. Tests count it.
var openat = unix.Openat

// A tree is a folder below which names are resolved one part at a time, each
// opened relative to the one before it and never through a symlink. So a link
// that is put in the way, even between two calls, is refused and not followed.
type tree struct {
	root string
	held *openFolders // nil: each call resolves its name from the root on
}

func pathError(op, name string, err error) error {
	var refused *RefusedError
	if err == nil || errors.As(err, &refused) {
		return err
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// open is openat, again where a signal came between (EINTR).
func open(dir int, name string, flags int, mode uint32) (fd int, err error) {
	err = uninterrupted(func() error {
		fd, err = openat(dir, name, flags|unix.O_CLOEXEC, mode)
		return err
	})
	return fd, err
}

func uninterrupted(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}

func isSymlink(dir int, name string) bool {
	var st unix.Stat_t
	err := uninterrupted(func() error { return unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW) })
	return err == nil && st.Mode&unix.S_IFMT == unix.S_IFLNK
}

// open opens a regular file for reading. It does not wait for a FIFO's writer.
func (t tree) open(p artifact.Path) (*file, look, error) {
	dir, err := t.enter(p.Dir())
	if err != nil {
		return nil, look{}, err
	}
	defer dir.leave()
	fd, err := open(dir.fd, p.Base(), unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		if err != unix.ENOENT && isSymlink(dir.fd, p.Base()) {
			return nil, look{}, &RefusedError{Path: p.String(), Reason: "is a symlink, want a regular file"}
		}
		return nil, look{}, pathError("open", p.String(), err)
	}
	f := &file{p.String(), fd}
	seen, err := f.look()
	if err == nil {
		err = seen.regular(f.name)
	}
	if err != nil {
		f.Close()
		return nil, look{}, err
	}
	return f, seen, nil
}

func kindOf(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "a folder"
	case m&fs.ModeSymlink != 0:
		return "a symlink"
	}
	return "a special file"
}

// read reads a regular file of at most limit bytes; there is false where none is.
func (t tree) read(p artifact.Path, limit int64) (data []byte, mode fs.FileMode, there bool, err error) {
	f, seen, err := t.open(p)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, false, nil
	}
	if err != nil {
		return nil, 0, false, err
	}
	defer f.Close()
	data, err = f.readAll(seen.size, limit+1)
	if err != nil {
		return nil, 0, false, err
	}
	if int64(len(data)) > limit {
		return nil, 0, false, &RefusedError{Path: p.String(), Reason: fmt.Sprintf("is longer than %d bytes", limit)}
	}
	return data, seen.mode, true, nil
}

// missing are the folders above p that are not there, outermost first.
func (t tree) missing(p artifact.Path) (folders []string, err error) {
	for dir := p.Dir(); dir != "."; dir = path.Dir(dir) {
		f, err := t.enter(dir)
		if err == nil {
			f.leave()
			break
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		folders = append([]string{dir}, folders...)
	}
	return folders, nil
}

// writable refuses what cannot be replaced by a regular file.
func (t tree) writable(p artifact.Path) error {
	mode, there, err := t.lstat(p)
	if err != nil || !there || mode.IsRegular() {
		return err
	}
	return &RefusedError{Path: p.String(), Reason: fmt.Sprintf("is %s, want a regular file or nothing", kindOf(mode))}
}

// lstat is what stands at p; there is false where nothing does.
func (t tree) lstat(p artifact.Path) (mode fs.FileMode, there bool, err error) {
	dir, err := t.enter(p.Dir())
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	defer dir.leave()
	var st unix.Stat_t
	err = uninterrupted(func() error { return unix.Fstatat(dir.fd, p.Base(), &st, unix.AT_SYMLINK_NOFOLLOW) })
	switch {
	case err == unix.ENOENT:
		return 0, false, nil
	case err != nil:
		return 0, false, pathError("lstat", p.String(), err)
	}
	return modeOf(&st), true, nil
}

// inFolder does op on the last part of name, in its folder.
func (t tree) inFolder(op, name string, do func(dir int, base string) error) error {
	dir, err := t.enter(path.Dir(name))
	if err != nil {
		return err
	}
	defer dir.leave()
	if err := step(op, name); err != nil {
		return &fs.PathError{Op: op, Path: name, Err: err}
	}
	return pathError(op, name, uninterrupted(func() error { return do(dir.fd, path.Base(name)) }))
}

func (t tree) mkdir(name string) error {
	err := t.inFolder("mkdir", name, func(dir int, base string) error { return unix.Mkdirat(dir, base, 0o755) })
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// remove removes a file or a symlink if it is there.
func (t tree) remove(name string) error {
	err := t.inFolder("remove", name, func(dir int, base string) error { return unix.Unlinkat(dir, base, 0) })
	// Where a name is too long for the file system, nothing stands under it.
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENAMETOOLONG) {
		return nil
	}
	return err
}

// rmdir removes a folder if it is empty.
func (t tree) rmdir(name string) error {
	err := t.inFolder("rmdir", name, func(dir int, base string) error { return unix.Unlinkat(dir, base, unix.AT_REMOVEDIR) })
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrExist) || errors.Is(err, unix.ENOTEMPTY) {
		return nil
	}
	return err
}

// rename moves a file to another name in its folder.
func (t tree) rename(from, to string) error {
	return t.inFolder("rename", to, func(dir int, base string) error {
		return unix.Renameat(dir, path.Base(from), dir, base)
	})
}

// sync makes a folder's entries durable.
func (t tree) sync(name string) error {
	dir, err := t.enter(name)
	if err != nil {
		return err
	}
	defer dir.leave()
	if err := step("sync", name); err != nil {
		return &fs.PathError{Op: "sync", Path: name, Err: err}
	}
	return pathError("sync", name, uninterrupted(func() error { return unix.Fsync(dir.fd) }))
}

// write makes a new file, with durable its content durable and its folder's
// entry not. What a stopped run left there is removed first.
func (t tree) write(name string, data []byte, mode fs.FileMode, durable bool) error {
	return t.fill(name, mode, durable, func(f *file) error {
		half := len(data) / 2 // so that a test can stop in the middle of a file
		for _, part := range [][]byte{data[:half], data[half:]} {
			if err := step("write", name); err != nil {
				return &fs.PathError{Op: "write", Path: name, Err: err}
			}
			if _, err := f.Write(part); err != nil {
				return err
			}
		}
		return nil
	})
}

// fill is write for bytes that come from elsewhere.
func (t tree) fill(name string, mode fs.FileMode, durable bool, with func(*file) error) (err error) {
	f, err := t.create(name)
	if errors.Is(err, fs.ErrExist) {
		if err := t.remove(name); err != nil {
			return err
		}
		f, err = t.create(name)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := with(f); err != nil {
		return err
	}
	if err := f.chmod(mode); err != nil { // the mode, whatever the umask
		return err
	}
	if !durable {
		return nil
	}
	if err := step("fsync", name); err != nil {
		return &fs.PathError{Op: "fsync", Path: name, Err: err}
	}
	return f.sync()
}

// create makes a file where nothing stands.
func (t tree) create(name string) (f *file, err error) {
	err = t.inFolder("create", name, func(dir int, base string) error {
		fd, err := openat(dir, base, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
		if err == nil {
			f = &file{name, fd}
		}
		return err
	})
	return f, err
}
