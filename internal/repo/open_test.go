package repo

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOpenFindsTheRepository(t *testing.T) {
	s := newSandbox(t)
	s.write("a/b/c.txt", "x\n")
	head := s.commit()
	s.git("worktree", "add", "-q", "-b", "other", "../linked")
	s.git("clone", "-q", "--bare", ".", "../bare.git")
	outer := newSandbox(t)
	outer.git("submodule", "--quiet", "add", s.dir, "sub")
	parent := filepath.Dir(s.dir)
	os.Symlink(s.dir, filepath.Join(parent, "alias"))

	for _, test := range []struct{ dir, root string }{
		{s.dir, s.dir},
		{s.path("a/b"), s.dir},
		{s.path(".git/hooks"), s.dir},
		{filepath.Join(parent, "alias", "a"), s.dir},
		{filepath.Join(parent, "linked", "a"), filepath.Join(parent, "linked")},
		{filepath.Join(parent, "bare.git"), filepath.Join(parent, "bare.git")},
		{outer.path("sub/a"), outer.path("sub")},
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
			var bare *BareRepositoryError
			if _, err := r.WorkTree(t.Context()); !errors.As(err, &bare) {
				t.Errorf("WorkTree of a bare repository: %v, want a *BareRepositoryError", err)
			}
			continue
		}
		equal(t, test.dir, changes(t, r, mustTree(t, r, c), mustWorkTree(t, r)))
	}
}

// TestOpenIgnoresPlantedRepositories: what looks like a Git directory inside a work
// tree is a folder of that work tree, whoever is asked about it.
func TestOpenIgnoresPlantedRepositories(t *testing.T) {
	s := newSandbox(t)
	s.write("a.txt", "x\n")
	s.git("init", "-q", "--bare", "whole.git")
	s.git("init", "-q", "--bare", "deep/below/whole")
	s.write("short/HEAD", "ref: refs/heads/main\n")
	s.write("short/commondir", "../../elsewhere\n")
	s.write("full/HEAD", "ref: refs/heads/main\n")
	s.write("full/objects/x", "")
	s.write("full/refs/heads/main", strings.Repeat("1", 40)+"\n")
	s.write("inner/.git/HEAD", "no repository: it has no objects\n")
	for _, name := range []string{"whole.git", "whole.git/hooks", "deep/below/whole", "short", "full", "full/refs", "inner", ".git", ".git/objects"} {
		if err := os.MkdirAll(s.path(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if r := openAt(t, s.path(name)); r.Root() != s.dir || r.bare {
			t.Errorf("Open(%q).Root() = %q, bare %v, want %q", name, r.Root(), r.bare, s.dir)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"no prefix": "../x", "nowhere": "gitdir: /nonexistent\n", "huge": strings.Repeat("x", maxAnswer+1)} {
		os.MkdirAll(filepath.Join(dir, name), 0o755)
		os.WriteFile(filepath.Join(dir, name, ".git"), []byte(content), 0o644)
	}
	// It has all that a repository has, but git does not know its format.
	s := newSandbox(t)
	s.git("config", "core.repositoryFormatVersion", "99")
	for _, name := range []string{dir, dir + "/missing", dir + "/no prefix", dir + "/nowhere", dir + "/huge", s.dir} {
		_, err := Open(t.Context(), name)
		var not *NotARepositoryError
		if !errors.As(err, &not) || not.Dir != name {
			t.Errorf("Open(%q): %v, want a *NotARepositoryError that names it", name, err)
		}
	}
}

// A checkout in a container belongs to somebody else.
func TestOpenIgnoresOwnership(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give files away")
	}
	s := newSandbox(t)
	s.write("a.txt", "x\n")
	head := s.commit()
	err := filepath.WalkDir(s.dir, func(name string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(name, 12345, 12345))
	})
	if err != nil {
		t.Fatal(err)
	}
	r := s.open()
	equal(t, "changes", changes(t, r, mustTree(t, r, head), mustWorkTree(t, r)))
}

func TestGitVersion(t *testing.T) {
	for version, want := range map[string]bool{"2.38.0": true, "2.39.5 (Apple Git-154)": true, "3.0": true, "2.37.9": false, "1.99.0": false, "": false, "two": false} {
		if enough(version) != want {
			t.Errorf("enough(%q) = %v, want %v", version, !want, want)
		}
	}
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	var wrong *GitVersionError
	s := sandbox{t, t.TempDir()}
	os.MkdirAll(s.path(".git/objects"), 0o755)
	os.MkdirAll(s.path(".git/refs"), 0o755)
	s.write(".git/HEAD", "ref: refs/heads/main\n")
	if _, err := Open(t.Context(), s.dir); !errors.As(err, &wrong) || wrong.Path != "" {
		t.Errorf("Open with no git: %v, want a *GitVersionError", err)
	}
	os.WriteFile(filepath.Join(dir, "git"), []byte("#!/bin/sh\necho git version 2.20.1\n"), 0o755)
	if _, err := Open(t.Context(), s.dir); !errors.As(err, &wrong) || wrong.Version != "2.20.1" {
		t.Errorf("Open with an old git: %v, want a *GitVersionError with its version", err)
	}
}

func TestCommitErrors(t *testing.T) {
	s := newSandbox(t)
	r := s.open()
	var none *NoCommitsError
	for _, rev := range []string{"HEAD", "main", "HEAD^1"} {
		if _, err := r.Commit(t.Context(), rev); !errors.As(err, &none) {
			t.Errorf("Commit(%q) of an empty repository: %v, want a *NoCommitsError", rev, err)
		}
	}
	s.write("a.txt", "x\n")
	head := s.commit()
	s.git("tag", "-a", "-m", "a tag", "v1")
	s.git("branch", "--", "side")
	s.git("update-ref", "refs/heads/-dash", string(head))
	for _, rev := range []string{"HEAD", "main", "side", "v1", "-dash", string(head), string(head)[:10]} {
		if c, err := r.Commit(t.Context(), rev); err != nil || c != head {
			t.Errorf("Commit(%q) = %v, %v, want %v", rev, c, err, head)
		}
	}
	var missing *MissingCommitError
	for _, rev := range []string{"", "^HEAD", "HEAD^1", "HEAD..HEAD", "HEAD\x00", "HEAD:a.txt", "HEAD^{tree}", "--help", "-h", "--all",
		"--output=/tmp/x", "nothing", "HEAD main", "HEAD\nHEAD", strings.Repeat("0", 40), strings.Repeat("a", 4000)} {
		if c, err := r.Commit(t.Context(), rev); !errors.As(err, &missing) || missing.Revision != rev || missing.Shallow {
			t.Errorf("Commit(%q) = %v, %v, want a *MissingCommitError that names it", rev, c, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Commit(ctx, "HEAD"); !errors.Is(err, context.Canceled) {
		t.Errorf("Commit after cancelling: %v, want context.Canceled", err)
	}
	// A branch that has none yet, in a repository that has some elsewhere.
	s.git("symbolic-ref", "HEAD", "refs/heads/unborn")
	if _, err := r.Commit(t.Context(), "HEAD"); !errors.As(err, &missing) {
		t.Errorf("Commit(HEAD) on an unborn branch: %v, want a *MissingCommitError", err)
	}
}

func TestShallowClone(t *testing.T) {
	s := newSandbox(t)
	for _, text := range []string{"1\n", "2\n", "3\n"} {
		s.write("a.txt", text)
		s.commit()
	}
	for depth, whole := range map[string]bool{"1": false, "2": true} {
		dir := filepath.Join(t.TempDir(), "clone")
		s.git("clone", "-q", "--depth", depth, "file://"+s.dir, dir)
		r := openAt(t, dir)
		head, err := r.Commit(t.Context(), "HEAD")
		if err != nil {
			t.Fatal(err)
		}
		_, byName := r.Commit(t.Context(), "HEAD^1")
		parent, ok, byParent := r.FirstParent(t.Context(), head)
		if whole {
			if byName != nil || byParent != nil || !ok {
				t.Fatalf("depth %s: %v, %v, want the parent", depth, byName, byParent)
			}
			equal(t, "depth "+depth, changes(t, r, mustTree(t, r, parent), mustTree(t, r, head)), "modified a.txt")
			// The parent is the last that is here; it is not the first that there was.
			_, _, byParent = r.FirstParent(t.Context(), parent)
			byName = byParent
		}
		for _, err := range []error{byName, byParent} {
			var missing *MissingCommitError
			if !errors.As(err, &missing) || !missing.Shallow || !strings.Contains(err.Error(), "fetch-depth: 2") {
				t.Errorf("depth %s: %v, want a *MissingCommitError that tells of fetch-depth: 2", depth, err)
			}
		}
	}
}

// Objects that a partial clone left out are errors, and nothing is fetched.
func TestPartialClone(t *testing.T) {
	for _, filter := range []string{"blob:none", "tree:0"} {
		s := newSandbox(t)
		s.write("a/b.txt", "x\n")
		head := s.commit()
		s.git("config", "uploadpack.allowFilter", "true")
		dir := filepath.Join(t.TempDir(), "clone")
		s.git("clone", "-q", "--no-checkout", "--filter", filter, "file://"+s.dir, dir)
		r := openAt(t, dir)
		tree, err := r.Tree(t.Context(), head)
		if err == nil {
			_, _, _, err = tree.Hash(t.Context(), lookup(t, tree, "a/b.txt"), nil)
		}
		var missing *MissingObjectError
		if !errors.As(err, &missing) || !strings.Contains(err.Error(), "filter") {
			t.Errorf("%s: %v, want a *MissingObjectError that tells of the filter", filter, err)
		}
	}
}

// Replacement refs and grafts change what git shows of history; here they do not.
func TestReplacementsAreIgnored(t *testing.T) {
	s := newSandbox(t)
	s.write("a.txt", "true\n")
	first := s.commit()
	s.write("a.txt", "second\n")
	second := s.commit()
	s.write("a.txt", "forged\n")
	third := s.commit()
	s.git("reset", "-q", "--hard", string(second))
	s.git("replace", string(second), string(third))
	s.git("replace", s.git("rev-parse", string(first)+":a.txt"), s.git("rev-parse", string(third)+":a.txt"))
	s.write(".git/info/grafts", string(second)+"\n")
	r := s.open()
	if c, err := r.Commit(t.Context(), "HEAD^1"); err != nil || c != first {
		t.Errorf("Commit(HEAD^1) = %v, %v, want %v in spite of a graft", c, err, first)
	}
	if c, ok, err := r.FirstParent(t.Context(), second); err != nil || !ok || c != first {
		t.Errorf("FirstParent = %v, %v, %v, want %v in spite of a graft", c, ok, err, first)
	}
	for c, want := range map[Commit]string{first: "true\n", second: "second\n"} {
		tree := mustTree(t, r, c)
		if data, err := tree.Read(t.Context(), lookup(t, tree, "a.txt"), 100); err != nil || string(data) != want {
			t.Errorf("Read = %q, %v, want %q in spite of a replacement", data, err, want)
		}
	}
}
