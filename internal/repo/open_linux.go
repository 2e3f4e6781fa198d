package repo

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// openBeneath opens a file below root for reading, through no symlink, not even
// one that stays inside. It does not block on a FIFO.
func openBeneath(root, name string) (*os.File, error) {
	fd, err := openat2(root, name, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_NOFOLLOW)
	if refused(err) {
		return openWalking(root, name)
	}
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return os.NewFile(uintptr(fd), name), nil
}

// lstatBeneath is what stands at name below root; a symlink on the way, but not
// at its end, is errSymlink.
func lstatBeneath(root, name string) (status, error) {
	fd, err := openat2(root, name, unix.O_PATH|unix.O_NOFOLLOW)
	if refused(err) {
		return lstatWalking(root, name)
	}
	if err != nil {
		return status{}, &fs.PathError{Op: "lstat", Path: name, Err: err}
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return status{}, &fs.PathError{Op: "lstat", Path: name, Err: err}
	}
	s := status{size: st.Size, perm: fs.FileMode(st.Mode).Perm()}
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

// maxTries is how often a walk may be disturbed, so that who renames folders for
// ever cannot keep it busy for ever.
const maxTries = 100

func openat2(root, name string, flags uint64) (int, error) {
	if !local(name) {
		return -1, fs.ErrInvalid
	}
	dir, err := unix.Open(root, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	defer unix.Close(dir)
	how := unix.OpenHow{Flags: flags | unix.O_CLOEXEC, Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS}
	for try := 1; ; try++ {
		fd, err := unix.Openat2(dir, name, &how)
		switch {
		case errors.Is(err, unix.ELOOP):
			return -1, errSymlink
		case try < maxTries && (errors.Is(err, unix.EINTR) || errors.Is(err, unix.EAGAIN)):
			continue // a signal, or a rename somewhere raced with the walk
		}
		return fd, err
	}
}

// refused reports whether the system has no openat2 (before Linux 5.6), or a
// container forbids it.
func refused(err error) bool {
	return errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM)
}
