package txn

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/codexlock/codexlock/internal/artifact"
)

// Everywhere is the tree of the whole file system, for files that a user names and that are
// part of no transaction. A folder need not be listable to be passed through.
func Everywhere() Tree { return Tree{root: "/", pass: true} }

// Everywhere's name of an absolute path.
func absolute(name string) string {
	return strings.TrimPrefix(filepath.ToSlash(filepath.Clean(name)), "/")
}

// An Output is one file that a user names. Its folder is held open, so that it does not
// matter where its path leads later.
type Output struct {
	tree    Tree
	name    string
	release func()
}

// OpenOutput opens the folder of a file, an absolute path with no symlink above the file.
// With create it makes missing folders.
func OpenOutput(name string, create bool) (*Output, error) {
	tree, release := Everywhere().Hold(true)
	o := &Output{tree, absolute(name), release}
	var err error
	if create {
		err = tree.makeFolders(path.Dir(o.name))
	}
	var dir folder
	if err == nil {
		dir, err = tree.enter(path.Dir(o.name))
	}
	if err != nil {
		release()
		return nil, err
	}
	dir.leave()
	return o, nil
}

// Close lets go of the folder.
func (o *Output) Close() { o.release() }

// Stat returns the mode of what has the name, and how many names it has.
func (o *Output) Stat() (mode fs.FileMode, links uint64, there bool, err error) {
	return o.tree.stat(artifact.Path(o.name))
}

// Head returns the first bytes of a regular file, at most so many.
func (o *Output) Head(most int) (head []byte, err error) {
	f, _, err := o.tree.Open(artifact.Path(o.name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Head(make([]byte, most)), nil
}

// Replace writes the file whole: under a temporary name, which it then renames. mode is
// that of the file; nil: what the umask allows.
func (o *Output) Replace(mode *fs.FileMode, fill func(io.Writer) error) (err error) {
	f, err := o.tree.temporary(path.Dir(o.name))
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, o.tree.Remove(f.name))
		}
	}()
	err = fill(f)
	if err == nil && mode != nil {
		err = f.chmod(*mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return o.tree.Rename(f.name, o.name)
}

// Create writes a new file, with that mode whatever the umask is. Where something has the
// name already, the error is fs.ErrExist and nothing is changed.
func (o *Output) Create(mode fs.FileMode, data []byte) (err error) {
	f, err := o.tree.create(o.name, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, o.tree.Remove(o.name))
		}
	}()
	err = f.WriteAt(data, 0)
	if err == nil {
		err = f.chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// Overwrite writes to what has the name, such as a FIFO. With truncate it first removes
// what a file holds.
func (o *Output) Overwrite(truncate bool, fill func(io.Writer) error) error {
	flags := unix.O_WRONLY | unix.O_NOFOLLOW | unix.O_NOCTTY
	if truncate {
		flags |= unix.O_TRUNC
	}
	dir, err := o.tree.enter(path.Dir(o.name))
	if err != nil {
		return err
	}
	defer dir.leave()
	fd, err := open(dir.fd, path.Base(o.name), flags, 0)
	if err != nil {
		return pathError("open", o.name, err)
	}
	f := &OpenFile{o.name, fd}
	return errors.Join(fill(f), f.Close())
}

// maxTemporaries is how many names are tried for a temporary file or folder.
const maxTemporaries = 100

// temporary makes a new file in a folder, under a name that nothing had.
func (t Tree) temporary(folder string) (f *OpenFile, err error) {
	err = untaken(folder, func(name string) error {
		f, err = t.create(name, 0o666)
		return err
	})
	return f, err
}

func untaken(folder string, create func(name string) error) (err error) {
	for n := range maxTemporaries {
		err = create(path.Join(folder, fmt.Sprintf(".codexlock-%d-%d", os.Getpid(), n)))
		if !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	return err
}

// makeFolders makes a folder and the missing ones above it, as the umask allows.
func (t Tree) makeFolders(name string) error {
	missing, err := t.missing(artifact.Path(name + "/x"))
	for i := 0; i < len(missing) && err == nil; i++ {
		err = t.mkdir(missing[i], 0o777)
	}
	return err
}

// NewFolder makes a folder, an absolute path with no symlink in it, with files by their
// names: all of it or nothing. It makes the missing folders above it, which stay in any
// case. Where something has the name already, the error is fs.ErrExist.
func NewFolder(name string, files map[string]string) (err error) {
	t, release := Everywhere().Hold(true)
	defer release()
	name = absolute(name)
	if err := t.makeFolders(path.Dir(name)); err != nil {
		return err
	}
	if _, there, err := t.Lstat(artifact.Path(name)); there || err != nil {
		return errors.Join(err, pathError("mkdir", name, fs.ErrExist))
	}
	var temporary string
	err = untaken(path.Dir(name), func(name string) error {
		temporary = name
		return t.exclusiveFolder(name)
	})
	if err != nil {
		return err
	}
	var made []string
	defer func() {
		if err == nil {
			return
		}
		for _, file := range slices.Backward(made) {
			err = errors.Join(err, t.Remove(file))
		}
		err = errors.Join(err, t.rmdir(temporary))
	}()
	for file, text := range files {
		made = append(made, path.Join(temporary, file))
		if err := t.newFile(path.Join(temporary, file), text); err != nil {
			return err
		}
	}
	return t.Rename(temporary, name)
}

func (t Tree) exclusiveFolder(name string) error {
	return t.inFolder("mkdir", name, func(dir int, base string) error { return unix.Mkdirat(dir, base, 0o755) })
}

// newFile makes a file, with the mode that the umask allows.
func (t Tree) newFile(name, text string) error {
	f, err := t.create(name, 0o666)
	if err != nil {
		return err
	}
	return errors.Join(f.WriteAt([]byte(text), 0), f.Sync(), f.Close())
}
