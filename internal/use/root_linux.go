package use

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/codexlock/codexlock/internal/artifact"
)

// A root is the top folder of a repository, opened once: what it is called later does not
// matter.
type root struct {
	name string // real
	info fs.FileInfo
	dir  *os.File
}

func openRoot(name string) (*root, error) {
	real, err := filepath.EvalSymlinks(name)
	if err != nil {
		return nil, hinted("name the repository's top folder: --root DIR", "root: %w", err)
	}
	fd, err := unix.Open(real, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, hinted("name the repository's top folder: --root DIR", "root %s: %w", name, err)
	}
	dir := os.NewFile(uintptr(fd), real)
	info, err := dir.Stat()
	if err != nil {
		dir.Close()
		return nil, err
	}
	return &root{real, info, dir}, nil
}

func (r *root) close() { r.dir.Close() }

// maxAgain is how often an open is tried that a rename somewhere interrupts (openat2(2),
// EAGAIN).
const maxAgain = 100

// open opens a file below the root to read it: through no symbolic link, and without
// waiting for a FIFO.
func (r *root) open(p artifact.Path) (*os.File, error) {
	how := unix.OpenHow{
		Flags:   unix.O_RDONLY | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_NOFOLLOW | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	}
	var fd int
	var err error
	for range maxAgain {
		fd, err = unix.Openat2(int(r.dir.Fd()), p.String(), &how)
		if !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR) {
			break
		}
	}
	switch {
	case errors.Is(err, unix.ELOOP):
		return nil, errLink
	case errors.Is(err, unix.ENOTDIR):
		return nil, fs.ErrNotExist
	case errors.Is(err, unix.ENOSYS):
		return nil, hinted("use Linux 5.6 or later, and a sandbox that allows openat2", "this system cannot open a file without following links: openat2: %w", err)
	case errors.Is(err, unix.ENXIO): // a socket
		return nil, errIrregular
	case err != nil:
		return nil, err
	}
	return os.NewFile(uintptr(fd), p.String()), nil
}

// Directory returns the descriptor of the repository's top folder.
func (v *Verifier) Directory() int { return int(v.root.dir.Fd()) }
