package outfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// A folder is open, and names in it are resolved relative to it: what its path leads
// to later is of no matter.
type folder struct{ *os.File }

// openFolder opens a folder whose path has no link in it, part by part. A link that
// was put in the way since is not followed.
func openFolder(dir string, create bool) (folder, error) {
	fd, err := openat(unix.AT_FDCWD, "/", folderFlags, 0)
	if err != nil {
		return folder{}, err
	}
	for _, part := range split(dir) {
		next, err := openat(fd, part, folderFlags|unix.O_NOFOLLOW, 0)
		if errors.Is(err, unix.ENOENT) && create {
			if err = unix.Mkdirat(fd, part, 0o777); err == nil || errors.Is(err, unix.EEXIST) {
				next, err = openat(fd, part, folderFlags|unix.O_NOFOLLOW, 0)
			}
		}
		_ = unix.Close(fd)
		if err != nil {
			return folder{}, &fs.PathError{Op: "open folder", Path: dir, Err: err}
		}
		fd = next
	}
	return folder{os.NewFile(uintptr(fd), dir)}, nil
}

// openat opens relative to a folder, again where a signal came between (EINTR).
func openat(dir int, name string, flags int, mode uint32) (fd int, err error) {
	for {
		fd, err = unix.Openat(dir, name, flags|unix.O_CLOEXEC, mode)
		if !errors.Is(err, unix.EINTR) {
			return fd, err
		}
	}
}

// write writes the file, as what stands there allows.
func (d folder) write(at location, fill func(io.Writer) error) error {
	var old unix.Stat_t
	err := unix.Fstatat(d.fd(), at.base, &old, unix.AT_SYMLINK_NOFOLLOW)
	if errors.Is(err, unix.ENOENT) {
		return d.replace(at, 0, fill)
	}
	if err != nil {
		return pathError(at.name, err)
	}
	switch old.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		err := d.replace(at, uint32(old.Mode&0o777)|modeKnown, fill)
		if cannotReplace(err) && !at.below && old.Nlink == 1 {
			return d.into(at, unix.O_TRUNC, fill)
		}
		return err
	case unix.S_IFIFO, unix.S_IFCHR:
		if !at.confined {
			return d.into(at, 0, fill)
		}
		return &KindError{Path: at.name, Got: "a special file", Want: "a regular file or nothing"}
	case unix.S_IFLNK:
		return &LinkError{Path: at.name, Link: at.name, Why: "itself"}
	case unix.S_IFDIR:
		return &KindError{Path: at.name, Got: "a folder", Want: "a regular file or nothing"}
	}
	return &KindError{Path: at.name, Got: "a special file", Want: "a regular file or nothing"}
}

func (d folder) fd() int { return int(d.Fd()) }

// modeKnown marks a mode that is to be set whatever the umask says.
const modeKnown = 1 << 31

// replace writes a temporary file in the same folder and gives it the file's name.
func (d folder) replace(at location, mode uint32, fill func(io.Writer) error) (err error) {
	temporary, fd, err := d.temporary()
	if err != nil {
		return pathError(at.name, err)
	}
	f := os.NewFile(uintptr(fd), at.name)
	defer func() {
		if err != nil {
			err = errors.Join(err, unix.Unlinkat(d.fd(), temporary, 0))
		}
	}()
	err = fill(f)
	if err == nil && mode&modeKnown != 0 {
		err = f.Chmod(fs.FileMode(mode &^ modeKnown))
	}
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return pathError(at.name, unix.Renameat(d.fd(), temporary, d.fd(), at.base))
}

// maxTemporaries is how many names are tried for a temporary file.
const maxTemporaries = 100

// temporary makes a new file under a name that nothing had.
func (d folder) temporary() (name string, fd int, err error) {
	for n := range maxTemporaries {
		name = fmt.Sprintf(".codexlock-%d-%d", os.Getpid(), n)
		fd, err = openat(d.fd(), name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW, 0o666)
		if !errors.Is(err, unix.EEXIST) {
			break
		}
	}
	return name, fd, err
}

// cannotReplace reports whether a file can perhaps be written to though its folder
// takes no other one: it is mounted by itself, or the folder is somebody else's.
func cannotReplace(err error) bool {
	for _, no := range []error{unix.EACCES, unix.EPERM, unix.EBUSY, unix.EROFS} {
		if errors.Is(err, no) {
			return true
		}
	}
	return false
}

// into writes to what stands there.
func (d folder) into(at location, flags int, fill func(io.Writer) error) error {
	fd, err := openat(d.fd(), at.base, unix.O_WRONLY|unix.O_NOFOLLOW|unix.O_NOCTTY|flags, 0)
	if err != nil {
		return pathError(at.name, err)
	}
	f := os.NewFile(uintptr(fd), at.name)
	return errors.Join(fill(f), f.Close())
}

// stickyFolder is the mode of a folder like /tmp, where everybody may make links.
const stickyFolder = fs.ModeSticky | 0o002

// trusted reports whether a link outside the root may be followed, as Linux decides
// it for every program (fs.protected_symlinks): in a folder like /tmp a link of
// another user is not, unless the folder is that user's.
func trusted(link, dir fs.FileInfo) bool {
	if dir.Mode()&stickyFolder != stickyFolder {
		return true
	}
	l, known := link.Sys().(*syscall.Stat_t)
	d, also := dir.Sys().(*syscall.Stat_t)
	return known && also && (int(l.Uid) == os.Geteuid() || l.Uid == d.Uid)
}
