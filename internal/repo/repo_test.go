package repo

import (
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/git/gittest"
	"github.com/codexlock/codexlock/internal/trees"

	"context"
	"os"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
)

// A sandbox is a repository that a test makes.
type sandbox struct{ gittest.Sandbox }

func newSandbox(t testing.TB, args ...string) sandbox {
	t.Helper()
	return sandbox{gittest.New(t, args...)}
}

func (s sandbox) commit() git.Commit { s.T.Helper(); return git.Commit(s.Commit()) }

func (s sandbox) commitTree(tree string) git.Commit {
	s.T.Helper()
	return git.Commit(s.CommitTree(tree))
}

func (s sandbox) open() *Repository { s.T.Helper(); return openAt(s.T, s.Dir) }

func openAt(t testing.TB, dir string) *Repository {
	t.Helper()
	r, err := Open(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func mustTree(t testing.TB, r *Repository, c git.Commit) trees.Tree {
	t.Helper()
	tree, err := r.Tree(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func mustWorkTree(t testing.TB, r *Repository) trees.Tree {
	t.Helper()
	tree, err := r.WorkTree(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// entries is a tree as lines "path kind mode".
func entries(t testing.TB, tree trees.Tree) []string {
	t.Helper()
	var got []string
	for e, err := range tree.Entries(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e.Path+" "+e.Kind.String()+" "+e.Mode)
	}
	return got
}

// changes is what changed as lines "status path".
func changes(t testing.TB, r *Repository, base, head trees.Tree) []string {
	t.Helper()
	var got []string
	for _, d := range deltas(t, r, base, head, nil) {
		got = append(got, d.Status.String()+" "+d.Path)
	}
	return got
}

// deltas is what changed.
func deltas(t testing.TB, r *Repository, base, head trees.Tree, only func(path string) bool) []trees.Delta {
	t.Helper()
	var got []trees.Delta
	for d, err := range r.Changes(t.Context(), base, head, only) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, d)
	}
	return got
}

func lookup(t testing.TB, tree trees.Tree, p artifact.Path) trees.Entry {
	t.Helper()
	e, ok, err := tree.Lookup(t.Context(), p)
	if err != nil || !ok {
		t.Fatalf("Lookup(%q) = %v, %v, want it found", p, ok, err)
	}
	return e
}

func equal(t testing.TB, what string, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s:\ngot  %q\nwant %q", what, got, want)
	}
}

func TestTreesAndChanges(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		t.Run(format, func(t *testing.T) {
			s := newSandbox(t, "--object-format="+format)
			s.Write("a.txt", "one\n")
			s.Write("a/b/c.txt", "deep\n")
			s.Write("gone.txt", "gone\n")
			s.Write("old-name.txt", "renamed\n")
			s.Write("run.sh", "#!/bin/sh\n")
			s.Write("same.txt", "same\n")
			base := s.commit()
			s.Write("a.txt", "two\n")
			s.Write("new.txt", "new\n")
			os.Remove(s.Path("gone.txt"))
			os.Rename(s.Path("old-name.txt"), s.Path("new-name.txt"))
			os.Chmod(s.Path("run.sh"), 0o755)
			os.Symlink("same.txt", s.Path("link"))
			head := s.commit()

			r := s.open()
			work := mustWorkTree(t, r)
			want := []string{"modified a.txt", "removed gone.txt", "added link", "added new-name.txt", "added new.txt", "removed old-name.txt", "modified run.sh"}
			from, to := mustTree(t, r, base), mustTree(t, r, head)
			equal(t, "commit to commit", changes(t, r, from, to), want...)
			equal(t, "commit to work tree", changes(t, r, from, work), want...)
			equal(t, "head to work tree", changes(t, r, to, work))
			equal(t, "nothing to base", changes(t, r, r.EmptyTree(), from),
				"added a.txt", "added a/b/c.txt", "added gone.txt", "added old-name.txt", "added run.sh", "added same.txt")
			list := []string{"a.txt file 100644", "a/b/c.txt file 100644", "link symlink 120000", "new-name.txt file 100644", "new.txt file 100644", "run.sh file 100755", "same.txt file 100644"}
			equal(t, "entries of the commit", entries(t, to), list...)
			equal(t, "entries of the work tree", entries(t, work), list...)

			for name, tree := range map[string]trees.Tree{"commit": to, "work tree": work} {
				e := lookup(t, tree, "a/b/c.txt")
				d, n, head, err := tree.Hash(t.Context(), e, nil)
				if err != nil || d != artifact.HashBytes([]byte("deep\n")) || n != 5 || string(head) != "deep\n" {
					t.Errorf("%s: Hash = %v, %d, %q, %v", name, d, n, head, err)
				}
				data, err := tree.Read(t.Context(), e, 5)
				if err != nil || string(data) != "deep\n" {
					t.Errorf("%s: Read = %q, %v", name, data, err)
				}
				if e := lookup(t, tree, "a/b"); e.Kind != trees.Directory {
					t.Errorf("%s: a/b is a %s, want a directory", name, e.Kind)
				}
				if _, ok, err := tree.Lookup(t.Context(), "a.txt/b"); ok || err != nil {
					t.Errorf("%s: Lookup(a.txt/b) = %v, %v, want nothing", name, ok, err)
				}
			}
			if c, err := r.Commit(t.Context(), "HEAD^1"); err != nil || c != base {
				t.Errorf("Commit(HEAD^1) = %v, %v, want %v", c, err, base)
			}
			if c, ok, err := r.FirstParent(t.Context(), head); err != nil || !ok || c != base {
				t.Errorf("FirstParent(head) = %v, %v, %v, want %v", c, ok, err, base)
			}
			if _, ok, err := r.FirstParent(t.Context(), base); err != nil || ok {
				t.Errorf("FirstParent(base) = %v, %v, want none", ok, err)
			}
		})
	}
}
