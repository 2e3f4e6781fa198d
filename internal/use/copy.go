package use

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
)

// CopyOptions say where the copies go.
type CopyOptions struct {
	Parents    bool // keep the paths below the root
	Companions bool // copy the companions too
}

// Copy copies artifacts to a folder, or one of them to a new name: all of them or, after any
// error, none. A name appears only when what it names was verified. A copy cannot be written
// to; a file that has its name already is replaced.
func (v *Verifier) Copy(ctx context.Context, paths []artifact.Path, dest string, o CopyOptions) error {
	name := absolute(v.o.Dir, dest)
	into, single := name, ""
	if info, err := os.Stat(name); err != nil || !info.IsDir() {
		if len(paths) > 1 || o.Parents || o.Companions || strings.HasSuffix(dest, "/") {
			return &NotFoundError{Path: dest, Message: "no such folder", Next: "make it: mkdir -p " + dest}
		}
		into, single = filepath.Dir(name), filepath.Base(name)
	}
	dir, err := os.OpenRoot(into)
	if err != nil {
		return &NotFoundError{Path: into, Message: "no such folder", Next: "make it: mkdir -p " + into}
	}
	defer dir.Close()
	c := copying{v: v, dir: dir, o: o, single: single}
	defer c.cleanUp()
	for _, p := range paths {
		if err := c.stage(ctx, p); err != nil {
			return err
		}
	}
	return c.publish()
}

// A copying is the copies that are verified and have no name yet.
type copying struct {
	v      *Verifier
	dir    *os.Root
	o      CopyOptions
	single string
	staged []stagedFile
	made   int // temporary names
}

// A stagedFile is a copy under a temporary name.
type stagedFile struct {
	temporary, name string
	backup          string // the file that had the name, while others may fail
	published       bool
}

// target returns the name of a copy below the folder.
func (c *copying) target(p artifact.Path) string {
	switch {
	case c.single != "":
		return c.single
	case c.o.Parents:
		return p.String()
	}
	return path.Base(p.String())
}

// stage copies an artifact and verifies the copy.
func (c *copying) stage(ctx context.Context, p artifact.Path) error {
	var copied *os.File
	h, err := c.v.Verify(ctx, p, Copy, func(f *os.File, _ int64) (content, error) {
		t, err := c.temporary(c.target(p))
		if err != nil {
			return nil, err
		}
		copied = t
		if err := copyFile(ctx, t, f); err != nil {
			return heldFile{t}, fmt.Errorf("%s: %w; nothing was copied", p, err)
		}
		return heldFile{t}, nil
	})
	if err != nil {
		return err
	}
	defer h.Close()
	if err := finish(copied, h.Mode); err != nil {
		return err
	}
	if !c.o.Companions {
		return nil
	}
	for i, kind := range []artifact.Companion{artifact.VaultTime, artifact.Manifest, artifact.Test} {
		data, mode := h.companions[i].data, fs.FileMode(0o444)
		if kind == artifact.Test {
			mode = 0o555
		}
		if err := c.stageData(c.target(p)+kind.Suffix(), data, mode); err != nil {
			return err
		}
	}
	return nil
}

// stageData stages a companion, whose bytes were verified in memory.
func (c *copying) stageData(name string, data []byte, mode fs.FileMode) error {
	t, err := c.temporary(name)
	if err != nil {
		return err
	}
	defer t.Close()
	if _, err := t.Write(data); err != nil {
		return err
	}
	return finish(t, mode)
}

// finish makes a copy durable, and read-only as a verified object is (P3).
func finish(f *os.File, mode fs.FileMode) error {
	if err := f.Chmod(mode &^ 0o222); err != nil {
		return err
	}
	return f.Sync()
}

// maxTemporaries is how many names are tried for a temporary file.
const maxTemporaries = 100

// temporary makes a file that is going to have a name.
func (c *copying) temporary(name string) (*os.File, error) {
	for _, s := range c.staged {
		if s.name == name {
			return nil, hinted("keep their paths: --parents", "two files would have the name %s", name)
		}
	}
	if info, err := c.dir.Lstat(filepath.FromSlash(name)); err == nil && info.IsDir() {
		return nil, hinted("name another folder", "%s is a folder, where a copy would go", name)
	}
	t, temporary, err := c.create(os.O_RDWR)
	if err != nil {
		return nil, err
	}
	c.staged = append(c.staged, stagedFile{temporary: temporary, name: filepath.FromSlash(name)})
	return t, nil
}

// create makes a new file under a name that nothing had.
func (c *copying) create(flags int) (*os.File, string, error) {
	for range maxTemporaries {
		c.made++
		name := fmt.Sprintf(".codexlock-copy-%d-%d", os.Getpid(), c.made)
		f, err := c.dir.OpenFile(name, flags|os.O_CREATE|os.O_EXCL, 0o600)
		if !errors.Is(err, fs.ErrExist) {
			return f, name, err
		}
	}
	return nil, "", fmt.Errorf("%s: no name is free for a temporary file", c.dir.Name())
}

// copyStep is after how many bytes a copy looks whether it is to end.
const copyStep = 64 << 20

// copyFile copies a file, by reference where the file system can.
func copyFile(ctx context.Context, t, f *os.File) error {
	if cloned(t, f) {
		return nil
	}
	for {
		n, err := io.CopyN(t, f, copyStep)
		switch {
		case errors.Is(err, io.EOF) || err == nil && n == 0:
			return nil
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		}
	}
}

// publish gives all copies their names, or none.
func (c *copying) publish() (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, c.undo())
		}
	}()
	for i := range c.staged {
		s := &c.staged[i]
		if err := c.dir.MkdirAll(filepath.Dir(s.name), 0o777); err != nil {
			return err
		}
		if err := c.backUp(s); err != nil {
			return err
		}
		if err := c.dir.Rename(s.temporary, s.name); err != nil {
			return err
		}
		s.published = true
	}
	return nil
}

// backUp keeps what has the name of a copy under another one.
func (c *copying) backUp(s *stagedFile) error {
	info, err := c.dir.Lstat(s.name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("%s became a folder", s.name)
	}
	for range maxTemporaries {
		c.made++
		s.backup = fmt.Sprintf(".codexlock-copy-%d-%d", os.Getpid(), c.made)
		if err = c.dir.Link(s.name, s.backup); err == nil {
			return nil
		}
		if !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	s.backup = ""
	return fmt.Errorf("keep the file that %s replaces: %w", s.name, err)
}

// undo gives every name back to what had it.
func (c *copying) undo() error {
	var errs []error
	for i := range c.staged {
		s := &c.staged[i]
		switch {
		case !s.published:
		case s.backup != "":
			errs = append(errs, c.dir.Rename(s.backup, s.name))
			s.backup = ""
		default:
			errs = append(errs, c.dir.Remove(s.name))
		}
	}
	return errors.Join(errs...)
}

// cleanUp removes the temporary names that are left.
func (c *copying) cleanUp() {
	for _, s := range c.staged {
		if !s.published {
			_ = c.dir.Remove(s.temporary)
		}
		if s.backup != "" {
			_ = c.dir.Remove(s.backup)
		}
	}
}
