package repo

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
)

// A sandbox is a real repository that a test makes with plain git.
type sandbox struct {
	t   testing.TB
	dir string
}

func newSandbox(t testing.TB, args ...string) sandbox {
	t.Helper()
	s := sandbox{t, filepath.Join(t.TempDir(), "work")}
	if err := os.Mkdir(s.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s.git(append([]string{"init", "-q", "-b", "main"}, args...)...)
	return s
}

// git runs git as a user would, in a configuration of its own.
func (s sandbox) git(args ...string) string {
	s.t.Helper()
	return s.gitInput("", args...)
}

func (s sandbox) gitInput(stdin string, args ...string) string {
	s.t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "protocol.file.allow=always", "-c", "gc.auto=0", "-c", "safe.directory=*"}, args...)...)
	cmd.Dir = s.dir
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "LC_ALL=C",
		"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_AUTHOR_DATE=2026-01-02T03:04:05Z",
		"GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.org", "GIT_COMMITTER_DATE=2026-01-02T03:04:05Z")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("git %q: %v: %s", args, err, stderr.String())
	}
	return strings.TrimSuffix(string(out), "\n")
}

// gitMay runs git and does not mind if it fails.
func (s sandbox) gitMay(args ...string) {
	cmd := exec.Command("git", args...)
	cmd.Dir = s.dir
	_ = cmd.Run()
}

func (s sandbox) path(name string) string { return filepath.Join(s.dir, name) }

func (s sandbox) write(name, content string) {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Dir(s.path(name)), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(s.path(name), []byte(content), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// commit records all files as they are and returns the commit.
func (s sandbox) commit() Commit {
	s.t.Helper()
	s.git("add", "-A")
	s.git("commit", "-q", "--allow-empty", "-m", "change")
	return Commit(s.git("rev-parse", "HEAD"))
}

// object writes an object that git would not write itself.
func (s sandbox) object(kind, data string) string {
	s.t.Helper()
	return s.gitInput(data, "hash-object", "-t", kind, "--literally", "-w", "--stdin")
}

// commitTree is a commit of a tree.
func (s sandbox) commitTree(tree string) Commit {
	s.t.Helper()
	return Commit(s.git("commit-tree", "-m", "change", tree))
}

func (s sandbox) open() *Repository { s.t.Helper(); return openAt(s.t, s.dir) }

func openAt(t testing.TB, dir string) *Repository {
	t.Helper()
	r, err := Open(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func mustTree(t testing.TB, r *Repository, c Commit) Tree {
	t.Helper()
	tree, err := r.Tree(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func mustWorkTree(t testing.TB, r *Repository) Tree {
	t.Helper()
	tree, err := r.WorkTree(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// entries is a tree as lines "path kind mode".
func entries(t testing.TB, tree Tree) []string {
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
func changes(t testing.TB, r *Repository, base, head Tree) []string {
	t.Helper()
	var got []string
	for _, d := range deltas(t, r, base, head, nil) {
		got = append(got, d.Status.String()+" "+d.Path)
	}
	return got
}

// deltas is what changed.
func deltas(t testing.TB, r *Repository, base, head Tree, only func(path string) bool) []Delta {
	t.Helper()
	var got []Delta
	for d, err := range r.Changes(t.Context(), base, head, only) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, d)
	}
	return got
}

func lookup(t testing.TB, tree Tree, p artifact.Path) Entry {
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
			s.write("a.txt", "one\n")
			s.write("a/b/c.txt", "deep\n")
			s.write("gone.txt", "gone\n")
			s.write("old-name.txt", "renamed\n")
			s.write("run.sh", "#!/bin/sh\n")
			s.write("same.txt", "same\n")
			base := s.commit()
			s.write("a.txt", "two\n")
			s.write("new.txt", "new\n")
			os.Remove(s.path("gone.txt"))
			os.Rename(s.path("old-name.txt"), s.path("new-name.txt"))
			os.Chmod(s.path("run.sh"), 0o755)
			os.Symlink("same.txt", s.path("link"))
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

			for name, tree := range map[string]Tree{"commit": to, "work tree": work} {
				e := lookup(t, tree, "a/b/c.txt")
				d, n, head, err := tree.Hash(t.Context(), e, nil)
				if err != nil || d != artifact.HashBytes([]byte("deep\n")) || n != 5 || string(head) != "deep\n" {
					t.Errorf("%s: Hash = %v, %d, %q, %v", name, d, n, head, err)
				}
				data, err := tree.Read(t.Context(), e, 5)
				if err != nil || string(data) != "deep\n" {
					t.Errorf("%s: Read = %q, %v", name, data, err)
				}
				if e := lookup(t, tree, "a/b"); e.Kind != Directory {
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
