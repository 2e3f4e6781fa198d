package repo

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// errNotDir is what a path meets that has a file for a folder.
var errNotDir error = syscall.ENOTDIR

// A status is what lstat says, as far as anybody here asks.
type status struct {
	mode fs.FileMode // the type bits only
	size int64
	perm fs.FileMode // the permission bits

	modified int64 // when its bytes were last written, in nanoseconds; of a file that is open
}

func statusOf(info fs.FileInfo) status {
	return status{mode: info.Mode().Type(), size: info.Size(), perm: info.Mode().Perm(), modified: info.ModTime().UnixNano()}
}

// lstatWalking is top.lstat for systems that cannot be told to follow no
// symlink.
func lstatWalking(root, name string) (status, error) {
	info, err := walk(root, name)
	if err != nil {
		return status{}, err
	}
	return statusOf(info), nil
}

// walk is lstat for systems that cannot be told to follow no symlink: it looks at
// every folder on the way. A folder that is replaced by a symlink in the same moment
// is followed.
func walk(root, name string) (fs.FileInfo, error) {
	if !local(name) {
		return nil, &fs.PathError{Op: "lstat", Path: name, Err: fs.ErrInvalid}
	}
	at := root
	parts := strings.Split(name, "/")
	for i, part := range parts {
		at = filepath.Join(at, part)
		info, err := os.Lstat(at)
		switch {
		case err != nil:
			return nil, err
		case i == len(parts)-1:
			return info, nil
		case info.Mode().Type() == fs.ModeSymlink:
			return nil, errSymlink
		case !info.IsDir():
			return nil, &fs.PathError{Op: "lstat", Path: name, Err: errNotDir}
		}
	}
	return nil, &fs.PathError{Op: "lstat", Path: name, Err: fs.ErrNotExist}
}

// openWalking is top.open for those systems. It opens regular files only.
func openWalking(root, name string) (opened, error) {
	f, err := enterWalking(root, name, fs.FileMode.IsRegular)
	if err != nil {
		return nil, err
	}
	return walkedFile{f}, nil
}

// listWalking is top.list for those systems.
func listWalking(root, name string, limit int) (names []string, git bool, err error) {
	f, err := enterWalking(root, name, fs.FileMode.IsDir)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	return children(f, limit)
}

// enterWalking opens what is of the kind wanted. What was opened must be what was
// looked at, and still be reached without a symlink.
func enterWalking(root, name string, wanted func(fs.FileMode) bool) (*os.File, error) {
	before, err := walk(root, name)
	if err != nil {
		return nil, err
	}
	switch {
	case before.Mode().Type() == fs.ModeSymlink:
		return nil, errSymlink
	case !wanted(before.Mode()):
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	f, err := os.OpenFile(filepath.Join(root, filepath.FromSlash(name)), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	entered, err := f.Stat()
	if err == nil {
		var after fs.FileInfo
		if after, err = walk(root, name); err == nil && (!os.SameFile(before, entered) || !os.SameFile(after, entered)) {
			err = errors.New("file was replaced while it was opened")
		}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// local reports whether name stays below the root as it is written. It is no
// check for what a reader might mistake; that is artifact.ParsePath's.
func local(name string) bool {
	return name != "" && !strings.HasSuffix(name, "/") && filepath.IsLocal(filepath.FromSlash(name))
}
