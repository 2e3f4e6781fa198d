package txn

import (
	"errors"
	"fmt"
	"io/fs"
	"path"

	"golang.org/x/sys/unix"

	"github.com/codexlock/codexlock/internal/artifact"
)

// A Tree is a folder below which names are resolved one part at a time, each
// opened relative to the one before it and never through a symlink. So a link
// that is put in the way, even between two calls, is refused and not followed.
type Tree struct {
	root string
	held *openFolders // nil: each call resolves its name from the root on
	pass bool         // folders are opened to resolve names in them, and for nothing else
}

// NewTree returns the tree below a folder. The path of the folder itself may have
// symlinks in it.
func NewTree(root string) Tree { return Tree{root: root} }

// before tells the tests what is done next. Their error counts as the operation's own.
func before(op, name string) error {
	if err := Hooks.Step(op, name); err != nil {
		return &fs.PathError{Op: op, Path: name, Err: err}
	}
	return nil
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
		fd, err = Hooks.Openat(dir, name, flags|unix.O_CLOEXEC, mode)
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

// modeAt returns the mode of what has a name in a folder. There is false where that cannot
// be found out either.
func modeAt(dir int, name string) (mode fs.FileMode, there bool) {
	var st unix.Stat_t
	err := uninterrupted(func() error { return unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW) })
	return modeOf(&st), err == nil
}

func irregular(name string, mode fs.FileMode) error {
	return &RefusedError{Path: name, Reason: fmt.Sprintf("is %s, want a regular file", Kind(mode))}
}

// Open opens a regular file for reading. It does not wait for a FIFO's writer. Its error
// is a *RefusedError for what is no regular file, or one of the system.
func (t Tree) Open(p artifact.Path) (*OpenFile, State, error) { return t.open(p, unix.O_RDONLY) }

// OpenToChange opens a regular file for reading and writing. Where create is true it makes
// a missing one.
func (t Tree) OpenToChange(p artifact.Path, create bool) (*OpenFile, State, error) {
	if !create {
		return t.open(p, unix.O_RDWR)
	}
	if err := before("open", p.String()); err != nil {
		return nil, State{}, err
	}
	return t.open(p, unix.O_RDWR|unix.O_CREAT)
}

func (t Tree) open(p artifact.Path, flags int) (*OpenFile, State, error) {
	dir, err := t.enter(p.Dir())
	if err != nil {
		return nil, State{}, err
	}
	defer dir.leave()
	fd, err := open(dir.fd, p.Base(), flags|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0o644)
	if err != nil {
		if mode, there := modeAt(dir.fd, p.Base()); there && !mode.IsRegular() {
			return nil, State{}, irregular(p.String(), mode)
		}
		return nil, State{}, pathError("open", p.String(), err)
	}
	f := &OpenFile{p.String(), fd}
	seen, err := f.State()
	if err == nil && !seen.Mode.IsRegular() {
		err = irregular(f.name, seen.Mode)
	}
	if err != nil {
		f.Close()
		return nil, State{}, err
	}
	return f, seen, nil
}

// OpenAnywhere opens a file for reading that is outside every tree, through whatever
// symlinks its path has. The file may be no regular one: its state says so.
func OpenAnywhere(name string) (*OpenFile, State, error) {
	fd, err := open(unix.AT_FDCWD, name, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, State{}, pathError("open", name, err)
	}
	f := &OpenFile{name, fd}
	seen, err := f.State()
	if err != nil {
		f.Close()
	}
	return f, seen, err
}

// Kind returns the words for what is no regular file, such as "a folder".
func Kind(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "a folder"
	case m&fs.ModeSymlink != 0:
		return "a symlink"
	}
	return "a special file"
}

// Read reads a regular file of at most limit bytes; there is false where none is.
func (t Tree) Read(p artifact.Path, limit int64) (data []byte, mode fs.FileMode, there bool, err error) {
	f, seen, err := t.Open(p)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, false, nil
	}
	if err != nil {
		return nil, 0, false, err
	}
	defer f.Close()
	data, err = f.ReadAll(seen.Size, limit+1)
	if err != nil {
		return nil, 0, false, err
	}
	if int64(len(data)) > limit {
		return nil, 0, false, &RefusedError{Path: p.String(), Reason: fmt.Sprintf("is longer than %d bytes", limit)}
	}
	return data, seen.Mode, true, nil
}

// missing are the folders above p that are not there, outermost first.
func (t Tree) missing(p artifact.Path) (folders []string, err error) {
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
func (t Tree) writable(p artifact.Path) error {
	mode, there, err := t.Lstat(p)
	if err != nil || !there || mode.IsRegular() {
		return err
	}
	return &RefusedError{Path: p.String(), Reason: fmt.Sprintf("is %s, want a regular file or nothing", Kind(mode))}
}

// Lstat returns what stands at p; there is false where nothing does.
func (t Tree) Lstat(p artifact.Path) (mode fs.FileMode, there bool, err error) {
	mode, _, there, err = t.stat(p)
	return mode, there, err
}

func (t Tree) stat(p artifact.Path) (mode fs.FileMode, links uint64, there bool, err error) {
	dir, err := t.enter(p.Dir())
	if errors.Is(err, fs.ErrNotExist) {
		return 0, 0, false, nil
	}
	if err != nil {
		return 0, 0, false, err
	}
	defer dir.leave()
	var st unix.Stat_t
	err = uninterrupted(func() error { return unix.Fstatat(dir.fd, p.Base(), &st, unix.AT_SYMLINK_NOFOLLOW) })
	switch {
	case err == unix.ENOENT:
		return 0, 0, false, nil
	case err != nil:
		return 0, 0, false, pathError("lstat", p.String(), err)
	}
	return modeOf(&st), uint64(st.Nlink), true, nil
}

// inFolder does op on the last part of name, in its folder.
func (t Tree) inFolder(op, name string, do func(dir int, base string) error) error {
	dir, err := t.enter(path.Dir(name))
	if err != nil {
		return err
	}
	defer dir.leave()
	if err := before(op, name); err != nil {
		return err
	}
	return pathError(op, name, uninterrupted(func() error { return do(dir.fd, path.Base(name)) }))
}

func (t Tree) mkdir(name string, perm uint32) error {
	err := t.inFolder("mkdir", name, func(dir int, base string) error { return unix.Mkdirat(dir, base, perm) })
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// Remove removes a file or a symlink if it is there.
func (t Tree) Remove(name string) error {
	err := t.inFolder("remove", name, func(dir int, base string) error { return unix.Unlinkat(dir, base, 0) })
	// Where a name is too long for the file system, nothing stands under it.
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENAMETOOLONG) {
		return nil
	}
	return err
}

// rmdir removes a folder if it is empty.
func (t Tree) rmdir(name string) error {
	err := t.inFolder("rmdir", name, func(dir int, base string) error { return unix.Unlinkat(dir, base, unix.AT_REMOVEDIR) })
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrExist) || errors.Is(err, unix.ENOTEMPTY) {
		return nil
	}
	return err
}

// Rename moves a file to another name in its folder.
func (t Tree) Rename(from, to string) error {
	return t.inFolder("rename", to, func(dir int, base string) error {
		return unix.Renameat(dir, path.Base(from), dir, base)
	})
}

// Sync makes a folder's entries durable.
func (t Tree) Sync(name string) error {
	dir, err := t.enter(name)
	if err != nil {
		return err
	}
	defer dir.leave()
	if err := before("sync", name); err != nil {
		return err
	}
	return pathError("sync", name, uninterrupted(func() error { return unix.Fsync(dir.fd) }))
}

// Replace writes a file under another name and renames it into place: at any time the
// file has all of its old content or all of its new one. It is durable then.
func (t Tree) Replace(p artifact.Path, data []byte, mode fs.FileMode) error {
	err := t.Stage(p, data, mode)
	if err == nil {
		err = t.Rename(Staged(p), p.String())
	}
	if err == nil {
		err = t.Sync(p.Dir())
	}
	return err
}

// Stage writes what p is to hold where it is staged, durable but for the entry of its
// folder.
func (t Tree) Stage(p artifact.Path, data []byte, mode fs.FileMode) error {
	return t.write(Staged(p), data, mode, true)
}

// Cache writes a file that can be lost without harm: it is never half written, but nothing
// waits for the disk, and the step is none of a transaction.
func (t Tree) Cache(p artifact.Path, data []byte) error {
	dir, err := t.enter(p.Dir())
	if err != nil {
		return err
	}
	defer dir.leave()
	staged := path.Base(Staged(p))
	fd, err := open(dir.fd, staged, unix.O_WRONLY|unix.O_CREAT|unix.O_TRUNC|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o644)
	if err != nil {
		return pathError("open", p.String(), err)
	}
	f := &OpenFile{p.String(), fd}
	if err := errors.Join(f.writeAt(data, 0), f.Close()); err != nil {
		return err
	}
	return pathError("rename", p.String(), uninterrupted(func() error { return unix.Renameat(dir.fd, staged, dir.fd, p.Base()) }))
}

// write makes a new file, with durable its content durable and its folder's
// entry not. What a stopped run left there is removed first.
func (t Tree) write(name string, data []byte, mode fs.FileMode, durable bool) error {
	return t.fill(name, mode, durable, func(f *OpenFile) error {
		half := len(data) / 2 // so that a test can stop in the middle of a file
		if err := f.WriteAt(data[:half], 0); err != nil {
			return err
		}
		return f.WriteAt(data[half:], int64(half))
	})
}

// fill is write for bytes that come from elsewhere.
func (t Tree) fill(name string, mode fs.FileMode, durable bool, with func(*OpenFile) error) (err error) {
	f, err := t.create(name, 0o600)
	if errors.Is(err, fs.ErrExist) {
		if err := t.Remove(name); err != nil {
			return err
		}
		f, err = t.create(name, 0o600)
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
	return f.Sync()
}

// create makes a file where nothing stands.
func (t Tree) create(name string, perm uint32) (f *OpenFile, err error) {
	err = t.inFolder("create", name, func(dir int, base string) error {
		fd, err := Hooks.Openat(dir, base, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, perm)
		if err == nil {
			f = &OpenFile{name, fd}
		}
		return err
	})
	return f, err
}
