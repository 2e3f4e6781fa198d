package audit

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// A RefusedError is a log that is not added to as it stands.
type RefusedError struct {
	Path   string
	Reason string // what is wrong with it, lower case, no full stop
	Next   string // the next step
}

func (e *RefusedError) Error() string { return fmt.Sprintf("%s: %s", e.Path, e.Reason) }

// Hint is the next step.
func (e *RefusedError) Hint() string { return e.Next }

// step is asked before every operation that changes a file system; an error of
// it counts as the operation's own. Tests stop or break the program there.
var step = func(op, name string) error { return nil }

// piece is how much is written at once; a test writes byte by byte.
var piece = 1 << 20

// A folder holds files that are opened by their name alone and never through a
// symlink.
type folder string

func (d folder) at(name string) string { return filepath.Join(string(d), name) }

func (d folder) before(op, name string) error {
	if err := step(op, name); err != nil {
		return &fs.PathError{Op: op, Path: d.at(name), Err: err}
	}
	return nil
}

// open opens a regular file. It does not wait for a FIFO's writer.
func (d folder) open(name string, flags int) (*os.File, fs.FileInfo, error) {
	f, err := os.OpenFile(d.at(name), flags|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0o644)
	if err != nil {
		if info, lstatErr := os.Lstat(d.at(name)); lstatErr == nil && !info.Mode().IsRegular() {
			err = irregular(name, info.Mode())
		}
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = irregular(name, info.Mode())
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

func irregular(name string, mode fs.FileMode) error {
	kind := "a special file"
	switch {
	case mode.IsDir():
		kind = "a folder"
	case mode&fs.ModeSymlink != 0:
		kind = "a symlink"
	}
	return &RefusedError{name, "is " + kind + ", want a regular file", "see who put it there, and take the file from the last commit: git checkout HEAD -- " + name}
}

// read reads a small file; there is false where none is.
func (d folder) read(name string, limit int64) (data []byte, there bool, err error) {
	f, _, err := d.open(name, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	data, err = io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = &RefusedError{name, fmt.Sprintf("is longer than %d bytes", limit), ""}
	}
	return data, true, err
}

// write makes a new file, durable but for its folder's entry. What a stopped run
// left there is removed first.
func (d folder) write(name string, data []byte, mode fs.FileMode) (err error) {
	if err := d.remove(name); err != nil {
		return err
	}
	if err := d.before("create", name); err != nil {
		return err
	}
	f, err := os.OpenFile(d.at(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := d.fill(f, name, data); err != nil {
		return err
	}
	if err := f.Chmod(mode); err != nil { // the mode, whatever the umask
		return err
	}
	return d.flush(f, name)
}

func (d folder) fill(f *os.File, name string, data []byte) error {
	for len(data) > 0 {
		n := min(len(data), piece)
		if err := d.before("write", name); err != nil {
			return err
		}
		if _, err := f.Write(data[:n]); err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}

// flush makes a file's bytes durable. An error of it is final: the next fsync of
// the same file may succeed although bytes are lost.
func (d folder) flush(f *os.File, name string) error {
	if err := d.before("fsync", name); err != nil {
		return err
	}
	return f.Sync()
}

func (d folder) remove(name string) error {
	if err := d.before("remove", name); err != nil {
		return err
	}
	if err := os.Remove(d.at(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (d folder) rename(from, to string) error {
	if err := d.before("rename", to); err != nil {
		return err
	}
	return os.Rename(d.at(from), d.at(to))
}

// sync makes the folder's entries durable.
func (d folder) sync() error {
	if err := d.before("sync", "."); err != nil {
		return err
	}
	f, err := os.Open(string(d))
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// replace writes a file under another name and renames it into place: there is
// the old one or the new one at any time.
func (d folder) replace(name string, data []byte) error {
	err := d.write(temporary(name), data, 0o644)
	if err == nil {
		err = d.rename(temporary(name), name)
	}
	if err == nil {
		err = d.sync()
	}
	return err
}

// temporary is where a file is written before it gets its name: always the same
// place, so that a later run finds what this one left.
func temporary(name string) string { return "." + name + ".codexlock-tmp" }
