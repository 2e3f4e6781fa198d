package repo

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestHeadCommit: HEAD is resolved by the process that reads objects, as git rev-parse
// resolves it, and as it is now. Where there is no commit, the error is rev-parse's.
func TestHeadCommit(t *testing.T) {
	dir := t.TempDir()
	git := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t@l", "GIT_COMMITTER_NAME=t", "GIT_COMMITTER_EMAIL=t@l")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("init", "-q", "-b", "main")
	r, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var none *NoCommitsError
	if _, err := r.Commit(t.Context(), "HEAD"); !errors.As(err, &none) {
		t.Errorf("no commits: %v", err)
	}
	for _, message := range []string{"one", "two"} {
		git("commit", "-q", "--allow-empty", "-m", message)
		started := r.git.started.Load()
		got, err := r.Commit(t.Context(), "HEAD")
		if want := git("rev-parse", "HEAD"); err != nil || got.String() != want {
			t.Errorf("%s: %s, %v, want %s", message, got, err, want)
		}
		if _, err := r.commit(t.Context(), got); err != nil {
			t.Error(err)
		}
		if n := r.git.started.Load() - started; n > 1 {
			t.Errorf("%s: %d git processes, want that of the objects at most", message, n)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, ".git", "HEAD"), []byte("ref: refs/heads/none\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := r.Commit(t.Context(), "HEAD"); err == nil {
		t.Errorf("a HEAD of no commit is %s", got)
	}
	if _, err := r.Commit(t.Context(), "main"); err != nil {
		t.Errorf("another revision afterwards: %v", err)
	}
}
