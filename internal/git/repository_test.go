package git

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/git/gittest"
)

// A sandbox is a repository that a test makes.
type sandbox struct{ gittest.Sandbox }

func newSandbox(t testing.TB, args ...string) sandbox {
	t.Helper()
	return sandbox{gittest.New(t, args...)}
}

func (s sandbox) commit() Commit { s.T.Helper(); return Commit(s.Commit()) }

func (s sandbox) open() *Repository { s.T.Helper(); return openAt(s.T, s.Dir) }

func openAt(t testing.TB, dir string) *Repository {
	t.Helper()
	r, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func equal(t testing.TB, what string, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s:\ngot  %q\nwant %q", what, got, want)
	}
}

// TestOpenIgnoresPlantedRepositories: what looks like a Git directory inside a work
// tree is a folder of that work tree, whoever is asked about it.
func TestOpenIgnoresPlantedRepositories(t *testing.T) {
	s := newSandbox(t)
	s.Write("a.txt", "x\n")
	s.Git("init", "-q", "--bare", "whole.git")
	s.Git("init", "-q", "--bare", "deep/below/whole")
	s.Write("short/HEAD", "ref: refs/heads/main\n")
	s.Write("short/commondir", "../../elsewhere\n")
	s.Write("full/HEAD", "ref: refs/heads/main\n")
	s.Write("full/objects/x", "")
	s.Write("full/refs/heads/main", strings.Repeat("1", 40)+"\n")
	s.Write("inner/.git/HEAD", "no repository: it has no objects\n")
	for _, name := range []string{"whole.git", "whole.git/hooks", "deep/below/whole", "short", "full", "full/refs", "inner", ".git", ".git/objects"} {
		if err := os.MkdirAll(s.Path(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if r := openAt(t, s.Path(name)); r.Root() != s.Dir || r.bare {
			t.Errorf("Open(%q).Root() = %q, bare %v, want %q", name, r.Root(), r.bare, s.Dir)
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
	s.Git("config", "core.repositoryFormatVersion", "99")
	for _, name := range []string{dir, dir + "/missing", dir + "/no prefix", dir + "/nowhere", dir + "/huge", s.Dir} {
		_, err := Open(t.Context(), name)
		var not *NotARepositoryError
		if !errors.As(err, &not) || not.Dir != name {
			t.Errorf("Open(%q): %v, want a *NotARepositoryError that names it", name, err)
		}
	}
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
	s := sandbox{gittest.Sandbox{T: t, Dir: t.TempDir()}}
	os.MkdirAll(s.Path(".git/objects"), 0o755)
	os.MkdirAll(s.Path(".git/refs"), 0o755)
	s.Write(".git/HEAD", "ref: refs/heads/main\n")
	if _, err := Open(t.Context(), s.Dir); !errors.As(err, &wrong) || wrong.Path != "" {
		t.Errorf("Open with no git: %v, want a *GitVersionError", err)
	}
	os.WriteFile(filepath.Join(dir, "git"), []byte("#!/bin/sh\necho git version 2.20.1\n"), 0o755)
	if _, err := Open(t.Context(), s.Dir); !errors.As(err, &wrong) || wrong.Version != "2.20.1" {
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
	s.Write("a.txt", "x\n")
	head := s.commit()
	s.Git("tag", "-a", "-m", "a tag", "v1")
	s.Git("branch", "--", "side")
	s.Git("update-ref", "refs/heads/-dash", string(head))
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
	s.Git("symbolic-ref", "HEAD", "refs/heads/unborn")
	if _, err := r.Commit(t.Context(), "HEAD"); !errors.As(err, &missing) {
		t.Errorf("Commit(HEAD) on an unborn branch: %v, want a *MissingCommitError", err)
	}
}

func TestShallowClone(t *testing.T) {
	s := newSandbox(t)
	for _, text := range []string{"1\n", "2\n", "3\n"} {
		s.Write("a.txt", text)
		s.commit()
	}
	for depth, whole := range map[string]bool{"1": false, "2": true} {
		dir := filepath.Join(t.TempDir(), "clone")
		s.Git("clone", "-q", "--depth", depth, "file://"+s.Dir, dir)
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
			// The parent is the last that is here; it is not the first that there was.
			_, _, byParent = r.FirstParent(t.Context(), parent)
			byName = byParent
		}
		for _, err := range []error{byName, byParent} {
			var missing *MissingCommitError
			if !errors.As(err, &missing) || !missing.Shallow || !strings.Contains(missing.HintOn("GitHub Actions"), "fetch-depth: 2") {
				t.Errorf("depth %s: %v, want a *MissingCommitError whose hint names fetch-depth: 2", depth, err)
			}
		}
	}
}
