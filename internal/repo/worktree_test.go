package repo

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/git/gittest"
	"github.com/codexlock/codexlock/internal/trees"

	"github.com/codexlock/codexlock/internal/artifact"
)

// Attributes make a checkout's bytes differ from the commit's; each is read as it is.
func TestAttributesAreNotApplied(t *testing.T) {
	for name, test := range map[string]struct{ attributes, stored, checkedOut string }{
		"eol":    {"a.txt text eol=crlf\n", "one\ntwo\n", "one\r\ntwo\r\n"},
		"ident":  {"a.txt ident\n", "$Id$\n", ""},
		"filter": {"a.txt filter=loud\n", "quiet\n", "QUIET\n"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t)
			s.Write("a.txt", test.stored)
			s.commit()
			s.Write(".gitattributes", test.attributes)
			head := s.commit()
			s.Git("config", "filter.loud.smudge", "tr a-z A-Z")
			s.Git("config", "filter.loud.clean", "tr A-Z a-z")
			os.Remove(s.Path("a.txt"))
			s.Git("checkout", "-q", "--", "a.txt")
			onDisk, err := os.ReadFile(s.Path("a.txt"))
			if err != nil || string(onDisk) == test.stored || test.checkedOut != "" && string(onDisk) != test.checkedOut {
				t.Fatalf("the checkout has %q, %v: the attribute does nothing", onDisk, err)
			}
			r := s.open()
			commit, work := mustTree(t, r, head), mustWorkTree(t, r)
			for _, side := range []struct {
				tree trees.Tree
				want string
			}{{commit, test.stored}, {work, string(onDisk)}} {
				e := lookup(t, side.tree, "a.txt")
				if d, _, _, err := side.tree.Hash(t.Context(), e, nil); err != nil || d != artifact.HashBytes([]byte(side.want)) {
					t.Errorf("Hash = %v, %v, want that of %q", d, err, side.want)
				}
				if data, err := side.tree.Read(t.Context(), e, 1000); err != nil || string(data) != side.want {
					t.Errorf("Read = %q, %v, want %q", data, err, side.want)
				}
			}
			equal(t, "changes", changes(t, r, commit, work), "modified a.txt")
		})
	}
}

func TestSymlinksAreNotFollowed(t *testing.T) {
	s := newSandbox(t)
	secret := filepath.Join(t.TempDir(), "secret")
	os.WriteFile(secret, []byte("secret"), 0o644)
	s.Write("dir/a.txt", "a\n")
	s.Write("dir/deep/b.txt", "b\n")
	base := s.commit()
	os.Symlink("dir", s.Path("to-dir"))
	os.Symlink("dir/a.txt", s.Path("to-file"))
	os.Symlink(secret, s.Path("outside"))
	os.Symlink("nowhere", s.Path("broken"))
	os.Symlink("loop", s.Path("loop"))
	// A folder that became a link to a copy of itself: every path still exists.
	os.Rename(s.Path("dir/deep"), s.Path("dir/real"))
	os.Symlink("real", s.Path("dir/deep"))

	r := s.open()
	work := mustWorkTree(t, r)
	for _, p := range []artifact.Path{"to-dir", "to-file", "outside", "broken", "loop", "to-dir/a.txt", "to-dir/deep/b.txt", "to-dir/missing", "loop/x", "dir/deep", "dir/deep/b.txt"} {
		if e := lookup(t, work, p); e.Kind != trees.Symlink || e.Path != string(p) {
			t.Errorf("Lookup(%q) is %+v, want a symlink", p, e)
		}
		// Even where the caller believes that it is a file.
		for _, open := range []func() error{
			func() error { _, err := work.Read(t.Context(), trees.Entry{Path: string(p)}, 100); return err },
			func() error { _, _, _, err := work.Hash(t.Context(), trees.Entry{Path: string(p)}, nil); return err },
		} {
			var not *trees.NotAFileError
			if err := open(); !errors.As(err, &not) || not.Kind != trees.Symlink {
				t.Errorf("reading %q: %v, want a *NotAFileError", p, err)
			}
		}
		if f, err := openWalking(r.Root(), string(p)); err == nil {
			f.Close()
			t.Errorf("openWalking(%q) opens it", p)
		}
		e, err := lstatWalking(r.Root(), string(p))
		if !errors.Is(err, errSymlink) && (err != nil || e.mode != os.ModeSymlink) {
			t.Errorf("lstatWalking(%q) = %v, %v, want a symlink", p, e, err)
		}
	}
	equal(t, "changes", changes(t, r, mustTree(t, r, base), work),
		"added broken", "added dir/deep", "modified dir/deep/b.txt", "added dir/real/b.txt", "added loop", "added outside", "added to-dir", "added to-file")
	head := s.commit()
	equal(t, "changes after committing", changes(t, r, mustTree(t, r, head), work))
	os.Remove(s.Path("to-file"))
	os.Symlink("dir/b.txt", s.Path("to-file"))
	equal(t, "a link that leads elsewhere", changes(t, r, mustTree(t, r, head), work), "modified to-file")
}

func TestSpecialFilesDoNotBlock(t *testing.T) {
	s := newSandbox(t)
	s.Write("tracked", "x\n")
	head := s.commit()
	os.Remove(s.Path("tracked"))
	for _, name := range []string{"tracked", "fifo"} {
		if err := syscall.Mkfifo(s.Path(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r := s.open()
	work := mustWorkTree(t, r)
	for _, p := range []artifact.Path{"tracked", "fifo"} {
		e := lookup(t, work, p)
		if e.Kind != trees.Special {
			t.Errorf("Lookup(%q) is a %s, want special", p, e.Kind)
		}
		for _, e := range []trees.Entry{e, {Path: string(p), Kind: trees.File}} {
			var not *trees.NotAFileError
			if _, _, _, err := work.Hash(t.Context(), e, nil); !errors.As(err, &not) || not.Kind != trees.Special {
				t.Errorf("Hash(%q): %v, want a *NotAFileError", p, err)
			}
		}
		if f, err := openWalking(r.Root(), string(p)); err == nil {
			f.Close()
			t.Errorf("openWalking(%q) opens it", p)
		}
	}
	equal(t, "changes", changes(t, r, mustTree(t, r, head), work), "modified tracked")
}

func TestWorkTreeFiles(t *testing.T) {
	s := newSandbox(t)
	s.Write(".gitignore", "*.tmp\n")
	s.Write("kept.txt", "x\n")
	s.Write("removed.txt", "x\n")
	s.Write("sub/.keep", "")
	s.commit()
	head := git.Commit(s.Git("rev-parse", "HEAD"))
	s.Write("new.txt", "x\n")
	s.Write("ignored.tmp", "ignored")
	s.Write("sub/run", "#!/bin/sh\n")
	os.Chmod(s.Path("sub/run"), 0o711)
	os.Remove(s.Path("removed.txt"))
	other := sandbox{gittest.Sandbox{T: t, Dir: s.Path("nested")}}
	other.Write("inner.txt", "x\n")
	other.Git("init", "-q")
	other.commit()

	r := s.open()
	work := mustWorkTree(t, r)
	equal(t, "entries", entries(t, work), ".gitignore file 100644", "kept.txt file 100644", "nested submodule 160000", "new.txt file 100644", "sub/.keep file 100644", "sub/run file 100755")
	equal(t, "changes", changes(t, r, mustTree(t, r, head), work), "added nested", "added new.txt", "removed removed.txt", "added sub/run")
	if data, err := work.Read(t.Context(), lookup(t, work, "ignored.tmp"), 100); err != nil || string(data) != "ignored" {
		t.Errorf("an ignored file: Read = %q, %v, want its bytes", data, err)
	}
	for _, name := range []string{"", ".", "..", "../work/kept.txt", "/etc/passwd", "sub/../../work/kept.txt", "kept.txt/"} {
		if _, err := work.Read(t.Context(), trees.Entry{Path: name}, 1<<20); err == nil {
			t.Errorf("Read(%q) reads it", name)
		}
		if _, err := lstatWalking(r.Root(), name); err == nil && name != "." {
			t.Errorf("lstatWalking(%q) finds it", name)
		}
	}
	var large *git.TooLargeError
	if _, err := work.Read(t.Context(), lookup(t, work, "ignored.tmp"), 6); !errors.As(err, &large) || large.Size != 7 || large.Limit != 6 {
		t.Errorf("Read over its limit: %v, want a *TooLargeError with both numbers", err)
	}
}

// A sparse file costs nothing to make and would take a minute to hash.
func TestWorkTreeOversized(t *testing.T) {
	s := newSandbox(t)
	s.Write("huge", "")
	if err := os.Truncate(s.Path("huge"), trees.MaxFileBytes+1); err != nil {
		t.Skip("no sparse files here:", err)
	}
	work := mustWorkTree(t, s.open())
	e := lookup(t, work, "huge")
	var large *git.TooLargeError
	if _, _, _, err := work.Hash(t.Context(), e, nil); e.Kind != trees.Oversized || !errors.As(err, &large) {
		t.Errorf("kind is %s, Hash: %v, want oversized and a *TooLargeError", e.Kind, err)
	}
}

// TestLargeFileThatIsWrittenToWhileItIsRead: what was read of it at different times never
// stood in it. One that is replaced meanwhile is read as it was opened.
func TestLargeFileThatIsWrittenToWhileItIsRead(t *testing.T) {
	s := newSandbox(t)
	good := strings.Repeat("0123456789abcdef", 4<<20/16)
	write := func(at int64, text string) {
		f, err := os.OpenFile(s.Path("a"), os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteAt([]byte(text), at); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		meanwhile func()
		refused   bool
	}{
		"is left alone":                 {func() {}, false},
		"is written to behind":          {func() { write(int64(len(good))-1, "X") }, true},
		"is written to before":          {func() { write(0, "X") }, true},
		"becomes, in part, what it was": {func() { write(0, "X"); write(int64(len(good))-1, good[len(good)-1:]) }, true},
		"is emptied and written again": {func() {
			os.Truncate(s.Path("a"), 0)
			write(0, strings.ToUpper(good))
		}, true},
		"is replaced": {func() {
			s.Write("b", strings.ToUpper(good))
			if err := os.Rename(s.Path("b"), s.Path("a")); err != nil {
				t.Fatal(err)
			}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			os.Remove(s.Path("a"))
			s.Write("a", good)
			f, _, err := mustWorkTree(t, s.open()).Open(t.Context(), "a")
			if err != nil {
				t.Fatal(err)
			}
			old := time.Now().Add(-time.Hour) // the clock of a file system may be coarse
			if err := os.Chtimes(s.Path("a"), old, old); err != nil {
				t.Fatal(err)
			}
			var seen bytes.Buffer
			digest, _, _, err := f.Hash(t.Context(), writerFunc(func(p []byte) (int, error) {
				if seen.Len() == 0 {
					test.meanwhile()
				}
				return seen.Write(p)
			}))
			switch {
			case test.refused && (err == nil || !strings.Contains(err.Error(), "changed while it was read")):
				t.Errorf("Hash = %v, %v, want an error", digest, err)
			case !test.refused && (err != nil || digest != artifact.HashBytes([]byte(good)) || seen.String() != good):
				t.Errorf("Hash = %v, %v, want the digest of what was opened", digest, err)
			}
		})
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestFileThatChangesWhileItIsRead(t *testing.T) {
	s := newSandbox(t)
	for name, size := range map[string]int64{"grows": 11, "shrinks": 3} {
		s.Write("a", "0123456789")
		work := mustWorkTree(t, s.open()).(*workTree)
		err := work.stream(t.Context(), trees.Entry{Path: "a"}, 100, func(_ int64, r io.Reader) error {
			os.Truncate(s.Path("a"), size)
			_, _, err := artifact.Hash(r, make([]byte, 100))
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "changed while it was read") {
			t.Errorf("a file that %s: %v, want an error", name, err)
		}
		for _, room := range [][]byte{nil, make([]byte, 0, 100)} {
			s.Write("a", "0123456789")
			f, _, err := work.Open(t.Context(), "a")
			if err != nil {
				t.Fatal(err)
			}
			os.Truncate(s.Path("a"), size)
			if data, err := f.ReadInto(t.Context(), 100, room); err == nil || !strings.Contains(err.Error(), "changed while it was read") {
				t.Errorf("an open file that %s: %q, %v, want an error", name, data, err)
			}
		}
	}
	s.Write("a", "0123456789")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, _, err := mustWorkTree(t, s.open()).Hash(ctx, trees.Entry{Path: "a"}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Hash after cancelling: %v, want context.Canceled", err)
	}
}

func TestSubmodules(t *testing.T) {
	s := newSandbox(t)
	s.Write("a.txt", "x\n")
	first := s.commit()
	s.Git("update-index", "--add", "--cacheinfo", "160000,"+string(first)+",sub")
	s.Git("commit", "-q", "-m", "submodule")
	head := git.Commit(s.Git("rev-parse", "HEAD"))
	r := s.open()
	tree, work := mustTree(t, r, head), mustWorkTree(t, r)
	if e := lookup(t, tree, "sub"); e.Kind != trees.Submodule || e.Mode != "160000" || e.OID != string(first) {
		t.Errorf("Lookup(sub) = %+v, want a submodule", e)
	}
	var not *trees.NotAFileError
	if _, _, _, err := tree.Hash(t.Context(), lookup(t, tree, "sub"), nil); !errors.As(err, &not) || not.Kind != trees.Submodule {
		t.Errorf("Hash(sub): %v, want a *NotAFileError", err)
	}
	equal(t, "not checked out", changes(t, r, tree, work), "removed sub")
	os.Mkdir(s.Path("sub"), 0o755)
	equal(t, "an empty folder", changes(t, r, tree, work))
	s.Git("update-index", "--cacheinfo", "160000,"+string(head)+",sub")
	equal(t, "moved in the index", changes(t, r, tree, work), "modified sub")
	equal(t, "added", changes(t, r, mustTree(t, r, first), tree), "added sub")
}

// A counting tree shows whether bytes were asked for.
type countingTree struct {
	*workTree
	asked []string
}

func (c *countingTree) ObjectID(ctx context.Context, e trees.Entry) (string, bool, error) {
	c.asked = append(c.asked, e.Path)
	return c.workTree.ObjectID(ctx, e)
}

func TestOnlyComesBeforeReading(t *testing.T) {
	s := newSandbox(t)
	for _, name := range []string{"a", "b", "c", "d"} {
		s.Write(name, name)
	}
	head := s.commit()
	s.Write("b", "changed")
	s.Write("c", "changed")
	os.Chmod(s.Path("d"), 0o755)
	r := s.open()
	work := &countingTree{workTree: mustWorkTree(t, r).(*workTree)}
	got := deltas(t, r, mustTree(t, r, head), work, func(p string) bool { return p != "c" })
	if len(got) != 2 || got[0].Path != "b" || got[1].Path != "d" {
		t.Errorf("Changes = %v, want b and d", got)
	}
	equal(t, "read", work.asked, "a", "b") // c is not wanted, and d's mode decides
}
