// Package outfile writes the files that a user names: reports, baselines, pages.
// It writes a file completely or not at all, under a temporary name that it then renames,
// and never through a symbolic link of the repository. It reads no environment.
package outfile

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/codexlock/codexlock/internal/shellquote"
	"github.com/codexlock/codexlock/internal/txn"
)

// A Folder says where files may be written.
type Folder struct {
	// Root is the repository's top folder, or the action's workspace. A change can put
	// a symbolic link anywhere below it, so none is followed there.
	Root string
	// Confined allows only regular files below Root: the action's inputs.
	Confined bool
	// Make creates missing folders.
	Make bool
	// Replaces reports, by the first HeadBytes of a file below Root, whether it may be
	// replaced; nil: every file may. An empty file may always be.
	Replaces func(head []byte) bool
}

// HeadBytes is how much of a file Folder.Replaces sees.
const HeadBytes = 8 << 10

// An OccupiedError is a file that holds something else than what may be replaced.
type OccupiedError struct{ Path string }

func (e *OccupiedError) Error() string {
	return fmt.Sprintf("%s: exists and is no earlier output of codexlock, which is all that an output replaces; nothing was written", e.Path)
}

// Hint is the next step.
func (e *OccupiedError) Hint() string {
	return "name a file that does not exist yet, such as report.json"
}

// Usage says that the user corrects it.
func (e *OccupiedError) Usage() bool { return true }

// A MissingFolderError is a file in a folder that does not exist.
type MissingFolderError struct {
	Path   string // the file
	Folder string // the first folder in its path that does not exist
	Dir    string // the folder of the file
}

func (e *MissingFolderError) Error() string {
	return fmt.Sprintf("%s: the folder %s does not exist; nothing was written", e.Path, e.Folder)
}

// Unwrap says that something does not exist.
func (e *MissingFolderError) Unwrap() error { return fs.ErrNotExist }

// Hint is the next step.
func (e *MissingFolderError) Hint() string {
	return "make the folder: mkdir -p " + shellquote.Quoted(e.Dir) + "; or name another path"
}

// A LinkError is a file whose path leads through a symbolic link that may not be
// followed.
type LinkError struct {
	Path string // the file
	Link string // the link
	Why  string // why it is not followed
}

func (e *LinkError) Error() string {
	return fmt.Sprintf("%s: %s is a symbolic link %s; nothing was written", e.Path, e.Link, e.Why)
}

// Hint is the next step.
func (e *LinkError) Hint() string {
	return fmt.Sprintf("find out who made the link: ls -ld %s; then remove it, or name a path without links", shellquote.Quoted(e.Link))
}

// An OutsideError is a file outside the workspace, where only files inside are
// written.
type OutsideError struct{ Path, Root string }

func (e *OutsideError) Error() string {
	return fmt.Sprintf("%s: is outside the workspace %s, want a path inside it; nothing was written", e.Path, e.Root)
}

// Hint is the next step.
func (e *OutsideError) Hint() string {
	return "name a path relative to the workspace, for instance report.json"
}

// Usage says that the user corrects it.
func (e *OutsideError) Usage() bool { return true }

// A KindError is a path that holds something that no file can replace.
type KindError struct{ Path, Got, Want string }

func (e *KindError) Error() string {
	return fmt.Sprintf("%s: is %s, want %s; nothing was written", e.Path, e.Got, e.Want)
}

// Hint is the next step.
func (e *KindError) Hint() string { return "name another path" }

// Usage says that the user corrects it.
func (e *KindError) Usage() bool { return true }

// Write writes the file name, an absolute path, with what fill writes. Where fill
// fails, the file stays as it was. A FIFO or a terminal outside a Confined folder is
// written to as it stands. fill may be called a second time, with another writer,
// where the first writer could not become the file.
//
// Its errors are *LinkError, *OutsideError, *KindError, *OccupiedError, *MissingFolderError,
// those of the system, and fill's.
func (f Folder) Write(name string, fill func(io.Writer) error) error {
	out, at, err := f.open(name)
	if err != nil {
		return err
	}
	defer out.Close()
	var failed error // fill's error, which says itself what it is about
	err = write(out, at, func(w io.Writer) error {
		failed = fill(w)
		return failed
	})
	if failed != nil {
		return err
	}
	return pathError(name, err)
}

// Check returns the error that Write would return for what has the name now. Work that ends
// with a file can find out first.
func (f Folder) Check(name string) error {
	out, at, err := f.open(name)
	if err != nil {
		return err
	}
	defer out.Close()
	_, err = kindOf(out, at)
	return pathError(name, err)
}

// Create writes a new file, an absolute path, by the rules of Write for its folder and
// with that mode. Where something has the name already, the error is fs.ErrExist and
// nothing is changed.
func (f Folder) Create(name string, mode fs.FileMode, data []byte) error {
	out, _, err := f.open(name)
	if err != nil {
		return err
	}
	defer out.Close()
	return pathError(name, out.Create(mode, data))
}

func (f Folder) open(name string) (*txn.Output, location, error) {
	at, err := f.locate(name)
	if err != nil {
		return nil, at, err
	}
	if at.missing != "" && !f.Make {
		return nil, at, &MissingFolderError{Path: name, Folder: at.missing, Dir: at.dir}
	}
	out, err := txn.OpenOutput(filepath.Join(at.dir, at.base), f.Make)
	return out, at, pathError(name, err)
}

// A location is where a file goes.
type location struct {
	name     string // as it was asked for
	dir      string // its folder, with no link in it
	base     string
	confined bool   // only a regular file will do
	below    bool   // it is below the root, where only regular files are replaced whole
	missing  string // the first folder in its path that does not exist; "": all do
	replaces func(head []byte) bool
}

// Folder resolves a folder that is to be made or written in, an absolute path, by
// the rules of Write: the result has no link in it.
func (f Folder) Folder(name string) (string, error) {
	at, err := f.locate(filepath.Join(name, "x"))
	return at.dir, err
}

// locate resolves the folder of a file. Links outside the root are the system's or
// the user's own and are followed where root or the user made them; a link below
// the root never is.
func (f Folder) locate(name string) (location, error) {
	at := location{name: name, confined: f.Confined, replaces: f.Replaces}
	root, err := os.Stat(f.Root)
	if err != nil {
		return at, err
	}
	clean := filepath.Clean(name)
	at.base = filepath.Base(clean)
	if !filepath.IsAbs(clean) || clean == string(filepath.Separator) {
		return at, &KindError{Path: name, Got: "no absolute path of a file", Want: "one"}
	}
	w := walk{root: root, name: name, real: string(filepath.Separator)}
	if err := w.to(filepath.Dir(clean)); err != nil {
		return at, err
	}
	if f.Confined && !w.inside {
		return at, &OutsideError{Path: name, Root: f.Root}
	}
	at.dir, at.below, at.missing = w.real, w.inside, w.gone
	return at, nil
}

// maxLinks is how many links one path may lead through, as Linux has it (path_resolution(7)).
const maxLinks = 40

// A walk resolves a folder part by part.
type walk struct {
	root   fs.FileInfo
	name   string // the file, for messages
	real   string // what was resolved so far: it has no link in it
	inside bool   // real is the root or below it
	gone   string // the first part that does not exist, so what follows does not either
	links  int
}

func (w *walk) to(dir string) error {
	parts := split(dir)
	for len(parts) > 0 {
		part := parts[0]
		parts = parts[1:]
		if part == ".." { // of a link's target, outside the root
			w.real = filepath.Dir(w.real)
			continue
		}
		next := filepath.Join(w.real, part)
		info, err := os.Lstat(next)
		switch {
		case w.gone != "" || errors.Is(err, fs.ErrNotExist):
			w.real, w.gone = next, cmp.Or(w.gone, next)
			continue
		case err != nil:
			return err
		case info.Mode()&fs.ModeSymlink != 0:
			target, err := w.follow(next, info)
			if err != nil {
				return err
			}
			if filepath.IsAbs(target) {
				w.real = string(filepath.Separator)
			}
			parts = append(split(target), parts...)
			continue
		}
		w.real = next
		w.inside = w.inside || os.SameFile(info, w.root)
	}
	return nil
}

// follow is a link's target, or why it is not followed.
func (w *walk) follow(link string, info fs.FileInfo) (string, error) {
	w.links++
	dir, err := os.Stat(w.real)
	if err != nil {
		return "", err
	}
	switch {
	case w.inside:
		return "", &LinkError{Path: w.name, Link: link, Why: "inside the repository"}
	case !trusted(info, dir):
		return "", &LinkError{Path: w.name, Link: link, Why: "of another user, in a folder that everybody may write in"}
	case w.links > maxLinks:
		return "", &LinkError{Path: w.name, Link: link, Why: "that leads through too many others"}
	}
	return os.Readlink(link)
}

func split(dir string) []string {
	return strings.FieldsFunc(filepath.ToSlash(dir), func(r rune) bool { return r == '/' })
}

// pathError has an error of the system name the file as it was asked for.
func pathError(name string, err error) error {
	var system *fs.PathError
	if errors.As(err, &system) {
		return &fs.PathError{Op: "write", Path: name, Err: system.Err}
	}
	return err
}
