package repo

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/git"
)

func TestOpenFindsTheRepository(t *testing.T) {
	s := newSandbox(t)
	s.Write("a/b/c.txt", "x\n")
	head := s.commit()
	s.Git("worktree", "add", "-q", "-b", "other", "../linked")
	s.Git("clone", "-q", "--bare", ".", "../bare.git")
	outer := newSandbox(t)
	outer.Git("submodule", "--quiet", "add", s.Dir, "sub")
	parent := filepath.Dir(s.Dir)
	os.Symlink(s.Dir, filepath.Join(parent, "alias"))

	for _, test := range []struct{ dir, root string }{
		{s.Dir, s.Dir},
		{s.Path("a/b"), s.Dir},
		{s.Path(".git/hooks"), s.Dir},
		{filepath.Join(parent, "alias", "a"), s.Dir},
		{filepath.Join(parent, "linked", "a"), filepath.Join(parent, "linked")},
		{filepath.Join(parent, "bare.git"), filepath.Join(parent, "bare.git")},
		{outer.Path("sub/a"), outer.Path("sub")},
	} {
		r := openAt(t, test.dir)
		if r.Root() != test.root {
			t.Errorf("Open(%q).Root() = %q, want %q", test.dir, r.Root(), test.root)
		}
		c, err := r.Commit(t.Context(), "HEAD")
		if err != nil || c != head {
			t.Errorf("Open(%q).Commit(HEAD) = %v, %v, want %v", test.dir, c, err, head)
			continue
		}
		equal(t, test.dir, entries(t, mustTree(t, r, c)), "a/b/c.txt file 100644")
		if strings.HasSuffix(test.dir, "bare.git") {
			var bare *git.BareRepositoryError
			if _, err := r.WorkTree(t.Context()); !errors.As(err, &bare) {
				t.Errorf("WorkTree of a bare repository: %v, want a *BareRepositoryError", err)
			}
			continue
		}
		equal(t, test.dir, changes(t, r, mustTree(t, r, c), mustWorkTree(t, r)))
	}
}

// A checkout in a container belongs to somebody else.
func TestOpenIgnoresOwnership(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give files away")
	}
	s := newSandbox(t)
	s.Write("a.txt", "x\n")
	head := s.commit()
	err := filepath.WalkDir(s.Dir, func(name string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(name, 12345, 12345))
	})
	if err != nil {
		t.Fatal(err)
	}
	r := s.open()
	equal(t, "changes", changes(t, r, mustTree(t, r, head), mustWorkTree(t, r)))
}

// Objects that a partial clone left out are errors, and nothing is fetched.
func TestPartialClone(t *testing.T) {
	for _, filter := range []string{"blob:none", "tree:0"} {
		s := newSandbox(t)
		s.Write("a/b.txt", "x\n")
		head := s.commit()
		s.Git("config", "uploadpack.allowFilter", "true")
		dir := filepath.Join(t.TempDir(), "clone")
		s.Git("clone", "-q", "--no-checkout", "--filter", filter, "file://"+s.Dir, dir)
		r := openAt(t, dir)
		tree, err := r.Tree(t.Context(), head)
		if err == nil {
			_, _, _, err = tree.Hash(t.Context(), lookup(t, tree, "a/b.txt"), nil)
		}
		var missing *git.MissingObjectError
		if !errors.As(err, &missing) || !strings.Contains(err.Error(), "filter") {
			t.Errorf("%s: %v, want a *MissingObjectError that tells of the filter", filter, err)
		}
	}
}

// Replacement refs and grafts change what git shows of history; here they do not.
func TestReplacementsAreIgnored(t *testing.T) {
	s := newSandbox(t)
	s.Write("a.txt", "true\n")
	first := s.commit()
	s.Write("a.txt", "second\n")
	second := s.commit()
	s.Write("a.txt", "forged\n")
	third := s.commit()
	s.Git("reset", "-q", "--hard", string(second))
	s.Git("replace", string(second), string(third))
	s.Git("replace", s.Git("rev-parse", string(first)+":a.txt"), s.Git("rev-parse", string(third)+":a.txt"))
	s.Write(".git/info/grafts", string(second)+"\n")
	r := s.open()
	if c, err := r.Commit(t.Context(), "HEAD^1"); err != nil || c != first {
		t.Errorf("Commit(HEAD^1) = %v, %v, want %v in spite of a graft", c, err, first)
	}
	if c, ok, err := r.FirstParent(t.Context(), second); err != nil || !ok || c != first {
		t.Errorf("FirstParent = %v, %v, %v, want %v in spite of a graft", c, ok, err, first)
	}
	for c, want := range map[git.Commit]string{first: "true\n", second: "second\n"} {
		tree := mustTree(t, r, c)
		if data, err := tree.Read(t.Context(), lookup(t, tree, "a.txt"), 100); err != nil || string(data) != want {
			t.Errorf("Read = %q, %v, want %q in spite of a replacement", data, err, want)
		}
	}
}
