package repo

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/git"
)

// testEnv is an environment with a search path only.
func testEnv(name string) (string, bool) { return os.Getenv(name), name == "PATH" }

// shallowClone is a clone of one branch of a server, one commit deep.
func shallowClone(t *testing.T, server sandbox, branch string) sandbox {
	t.Helper()
	clone := newSandbox(t)
	clone.Git("fetch", "-q", "--depth=1", "file://"+server.Dir, branch)
	clone.Git("checkout", "-q", "FETCH_HEAD")
	return clone
}

func supplement(t *testing.T, server, clone sandbox) *Supplement {
	t.Helper()
	s, err := clone.open().Supplement(t.Context(), git.Source{URL: "file://" + server.Dir, Token: "unused", Env: testEnv})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// TestSupplement: what a shallow clone lacks is fetched next to it, whatever its
// configuration says, and nothing is written to it.
func TestSupplement(t *testing.T) {
	server := newSandbox(t)
	server.Write("large", strings.Repeat("content ", 1<<17))
	server.Write("a", "1")
	first := server.commit()
	for range 80 { // more than the first step of a history
		server.Git("commit", "-q", "--allow-empty", "-m", "more")
	}
	server.Git("branch", "fork")
	fork := git.Commit(server.Git("rev-parse", "fork"))
	server.Write("a", "2")
	tip := server.commit()
	server.Git("checkout", "-q", "fork")
	for range 70 {
		server.Git("commit", "-q", "--allow-empty", "-m", "work")
	}
	server.Write("b", "3")
	head := server.commit()

	for name, options := range map[string]string{"plain": "", "filters": "true"} {
		t.Run(name, func(t *testing.T) {
			server.Git("config", "uploadpack.allowFilter", "false")
			if options != "" {
				server.Git("config", "uploadpack.allowFilter", options)
			}
			clone := shallowClone(t, server, "fork")
			evil := filepath.Join(t.TempDir(), "evil")
			clone.Git("config", "core.sshCommand", "touch "+evil)
			clone.Git("config", "core.alternateRefsCommand", "touch "+evil)
			clone.Git("config", "url.file:///nowhere.insteadOf", "file://"+server.Dir)
			before := clone.Git("count-objects", "-v") + clone.Git("for-each-ref") + clone.Git("status", "--porcelain")
			s := supplement(t, server, clone)

			if _, err := s.Commit(t.Context(), string(tip)); err == nil {
				t.Fatal("the tip is there before it was fetched")
			}
			if c, err := s.Fetch(t.Context(), "refs/heads/main", "refs/remotes/origin/main"); c != tip || err != nil {
				t.Fatalf("Fetch = %v %v, want %v", c, err, tip)
			}
			bases, err := s.FetchMergeBases(t.Context(), tip, head)
			if err != nil || len(bases) != 1 || bases[0] != fork {
				t.Fatalf("FetchMergeBases = %v %v, want %v", bases, err, fork)
			}
			if bases, err := s.MergeBases(t.Context(), tip, head); err != nil || len(bases) != 1 || bases[0] != fork {
				t.Errorf("MergeBases = %v %v, want %v", bases, err, fork)
			}
			for c, want := range map[git.Commit]string{tip: "2", head: "1", fork: "1"} {
				tree := mustTree(t, s.Repository, c)
				if data, err := tree.Read(t.Context(), lookup(t, tree, "a"), 100); string(data) != want || err != nil {
					t.Errorf("%s: a holds %q, %v", c, data, err)
				}
				if _, err := tree.Read(t.Context(), lookup(t, tree, "large"), 1<<21); err != nil {
					t.Errorf("%s: large: %v", c, err)
				}
			}
			if c, err := s.Commit(t.Context(), "refs/remotes/origin/main"); c != tip || err != nil {
				t.Errorf("its ref names %v, %v", c, err)
			}
			if after := clone.Git("count-objects", "-v") + clone.Git("for-each-ref") + clone.Git("status", "--porcelain"); after != before {
				t.Errorf("the clone was written to:\n%s\nwas\n%s", after, before)
			}
			if _, err := os.Stat(evil); err == nil {
				t.Error("the clone's configuration ran a program")
			}
			if name == "filters" {
				// What the clone has is not sent again.
				if size := folderSize(t, filepath.Dir(s.GitDir())); size > 200<<10 {
					t.Errorf("the supplement has %d bytes: the large file was fetched, too", size)
				}
			}
			dir := filepath.Dir(s.GitDir())
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s is left behind: %v", dir, err)
			}
		})
	}

	t.Run("absent", func(t *testing.T) {
		s := supplement(t, server, shallowClone(t, server, "fork"))
		var failed *git.GitError
		if c, err := s.Fetch(t.Context(), strings.Repeat("1", len(first)), "refs/codexlock/x"); !errors.As(err, &failed) {
			t.Errorf("a commit that nobody has: %v %v", c, err)
		}
	})

	t.Run("partial", func(t *testing.T) {
		server.Git("config", "uploadpack.allowFilter", "true")
		clone := newSandbox(t)
		clone.Git("remote", "add", "origin", "file://"+server.Dir)
		clone.Git("fetch", "-q", "--depth=1", "--filter=blob:none", "origin", "fork")
		clone.Git("update-ref", "HEAD", "FETCH_HEAD")
		s := supplement(t, server, clone)
		if _, err := s.Fetch(t.Context(), string(tip), "refs/codexlock/base"); err != nil {
			t.Fatal(err)
		}
		tree := mustTree(t, s.Repository, tip)
		if _, err := tree.Read(t.Context(), lookup(t, tree, "large"), 1<<21); err != nil {
			t.Errorf("a file that the clone and its commit share: %v", err)
		}
	})
}

// TestMergeBasesBehindTheCut: a shallow history that has one merge base, and may have
// another one that was cut off, is not enough.
func TestMergeBasesBehindTheCut(t *testing.T) {
	s := newSandbox(t)
	s.Write("a", "1")
	s.commit()
	s.Git("branch", "other")
	s.Write("a", "2")
	x := s.commit()
	s.Git("checkout", "-q", "other")
	s.Write("b", "1")
	y := s.commit()
	// Each merges the other's: x and y are both merge bases. A commit stands between main's
	// merge and y.
	s.Git("merge", "-q", "-m", "m", string(x))
	head := git.Commit(s.Git("rev-parse", "HEAD"))
	s.Git("checkout", "-q", "-b", "between", string(y))
	s.Write("b", "2")
	between := s.commit()
	s.Git("checkout", "-q", "main")
	s.Git("merge", "-q", "-m", "m", string(between))
	tip := git.Commit(s.Git("rev-parse", "HEAD"))
	if bases, err := s.open().MergeBases(t.Context(), tip, head); err != nil || len(bases) != 2 {
		t.Fatalf("MergeBases = %v %v, want two", bases, err)
	}
	// The same history, cut where main reaches y: only x is seen.
	writeShallow := func(id git.Commit) {
		if err := os.WriteFile(s.Path(".git/shallow"), []byte(string(id)+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	writeShallow(between)
	if out := s.Git("merge-base", "--all", string(tip), string(head)); out != string(x) {
		t.Fatalf("git sees %s, want %s alone", out, x)
	}
	var missing *git.MissingHistoryError
	if bases, err := s.open().MergeBases(t.Context(), tip, head); !errors.As(err, &missing) {
		t.Errorf("cut at %s: MergeBases = %v %v", between, bases, err)
	}
	// A cut behind the merge bases hides nothing.
	os.Remove(s.Path(".git/shallow"))
	writeShallow(git.Commit(s.Git("rev-parse", string(x)+"^1")))
	if bases, err := s.open().MergeBases(t.Context(), tip, head); err != nil || len(bases) != 2 {
		t.Errorf("cut behind them: MergeBases = %v %v, want two", bases, err)
	}
}

func folderSize(t *testing.T, dir string) (n int64) {
	t.Helper()
	err := filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			n += info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
