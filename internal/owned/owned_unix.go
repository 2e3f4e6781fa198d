//go:build unix

// Package owned opens files that decide what is trusted, such as a trust file: only root and
// the user who runs the program can have written them, or replaced a folder or a link on the
// way to them.
package owned

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Append opens a file to add to it, and makes it where it is missing. Nobody else holds
// its lock until it is closed.
func Append(name string) (*os.File, error) {
	dir, err := Path(filepath.Dir(name) + "/.")
	if err != nil {
		return nil, err
	}
	info, err := os.Lstat(dir)
	if err == nil {
		err = check(dir, info)
	}
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, filepath.Base(name)), os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, err
	}
	info, err = f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: is not a regular file", name)
	}
	for _, step := range []func() error{func() error { return check(name, info) }, func() error { return Lock(f) }, func() error { return SyncFolder(dir) }} {
		if err == nil {
			err = step()
		}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// OpenLog opens a file to add lines to it, and makes it where it is missing. It follows no
// link and waits for no reader of a FIFO.
func OpenLog(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE|syscall.O_NOFOLLOW|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0o600)
}

// Lock waits until no other process holds the file's lock. Closing the file lets go of it.
func Lock(f *os.File) error {
	for {
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// SyncFolder makes a new name in a folder durable.
func SyncFolder(name string) error {
	dir, err := os.Open(name)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// maxLinks is how many symbolic links one name may lead through, as in the kernel.
const maxLinks = 40

// Open opens a regular file that nobody but root and this user can have written: nor
// the folders and links that lead to it.
func Open(name string) (*os.File, error) {
	real, err := Path(name)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(real, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: is not a regular file", name)
	}
	if err == nil {
		err = check(real, info)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Path resolves an absolute name part by part, and checks each folder and each link on the
// way, but not the file itself. Its result has no link in it. Its errors are *Error and those
// of the system.
func Path(name string) (string, error) {
	real, rest, links := "/", strings.Split(filepath.Clean(name), "/"), 0
	for len(rest) > 0 {
		part := rest[0]
		rest = rest[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			real = filepath.Dir(real)
			continue
		}
		folder, err := os.Lstat(real)
		if err == nil {
			err = check(real, folder)
		}
		if err != nil {
			return "", err
		}
		at := filepath.Join(real, part)
		info, err := os.Lstat(at)
		switch {
		case err != nil:
			return "", err
		case info.Mode()&fs.ModeSymlink == 0:
			real = at
			continue
		}
		if links++; links > maxLinks {
			return "", fmt.Errorf("%s: leads through over %d symbolic links", name, maxLinks)
		}
		if err := check(at, info); err != nil {
			return "", err
		}
		target, err := os.Readlink(at)
		if err != nil {
			return "", err
		}
		if filepath.IsAbs(target) {
			real = "/"
		}
		rest = append(strings.Split(target, "/"), rest...)
	}
	return real, nil
}

// An Error is a file or folder that somebody else than root and this user can write.
type Error struct{ Path, Why, Next string }

func (e *Error) Error() string { return e.Path + ": " + e.Why }

// Hint is the next step.
func (e *Error) Hint() string { return e.Next }

// Program resolves the name of a program and checks it too. Its result has no link in it.
func Program(name string) (string, error) {
	real, err := Path(name)
	if err != nil {
		return "", err
	}
	info, err := os.Lstat(real)
	switch {
	case err != nil:
		return "", err
	case !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0:
		return "", &Error{real, "is no program", "name one that exists"}
	}
	return real, check(real, info)
}

// check refuses what somebody else can write. In a folder with the sticky bit, such as
// /tmp, others can make files, but cannot replace those of root or of this user.
func check(name string, info fs.FileInfo) error {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Errorf("%s: its owner is unknown", name)
	}
	if uid := int(st.Uid); uid != 0 && uid != os.Geteuid() {
		return &Error{name, fmt.Sprintf("belongs to user %d, want root or user %d", uid, os.Geteuid()), "have root own it: chown root " + name}
	}
	mode := info.Mode()
	sticky := mode.IsDir() && mode&fs.ModeSticky != 0
	if mode&fs.ModeSymlink == 0 && mode.Perm()&0o022 != 0 && !sticky {
		return &Error{name, fmt.Sprintf("has mode %04o, so that others can write it", mode.Perm()), "take the permission away: chmod go-w " + name}
	}
	return nil
}
