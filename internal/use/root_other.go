//go:build !linux

package use

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/codexlock/codexlock/internal/artifact"
)

// A root is the top folder of a repository, opened once: what it is called later does not
// matter.
type root struct {
	name string // real
	info fs.FileInfo
	dir  *os.Root
}

func openRoot(name string) (*root, error) {
	real, err := filepath.EvalSymlinks(name)
	if err != nil {
		return nil, hinted("name the repository's top folder: --root DIR", "root: %w", err)
	}
	dir, err := os.OpenRoot(real)
	if err != nil {
		return nil, hinted("name the repository's top folder: --root DIR", "root: %w", err)
	}
	info, err := dir.Stat(".")
	if err != nil {
		dir.Close()
		return nil, err
	}
	return &root{real, info, dir}, nil
}

func (r *root) close() { r.dir.Close() }

// open opens a file below the root to read it. This system cannot be told to follow no
// symbolic link, so each part of the path is looked at before the open and after it, and
// what was opened must be what is there. os.Root keeps the open below the root in any case.
func (r *root) open(p artifact.Path) (*os.File, error) {
	if err := r.plain(p); err != nil {
		return nil, err
	}
	f, err := r.dir.OpenFile(filepath.FromSlash(p.String()), os.O_RDONLY|nonblock, 0)
	if errors.Is(err, syscall.ENOTDIR) {
		return nil, fs.ErrNotExist
	}
	if err != nil {
		return nil, err
	}
	opened, err := f.Stat()
	if err == nil {
		err = r.plain(p)
	}
	if err == nil {
		var now fs.FileInfo
		if now, err = r.dir.Lstat(filepath.FromSlash(p.String())); err == nil && !os.SameFile(opened, now) {
			err = errors.New("was replaced while it was opened")
		}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// plain returns errLink if a part of the path is a symbolic link.
func (r *root) plain(p artifact.Path) error {
	parts := strings.Split(p.String(), "/")
	for i := range parts {
		info, err := r.dir.Lstat(filepath.Join(parts[:i+1]...))
		switch {
		case errors.Is(err, syscall.ENOTDIR):
			return fs.ErrNotExist
		case err != nil:
			return err
		case info.Mode()&fs.ModeSymlink != 0:
			return errLink
		}
	}
	return nil
}
