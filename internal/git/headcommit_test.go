package git

import (
	"errors"
	"os"
	"testing"
)

// TestHeadCommit: HEAD is resolved by the process that reads objects, as git rev-parse
// resolves it, and as it is now. Where there is no commit, the error is rev-parse's.
func TestHeadCommit(t *testing.T) {
	s := newSandbox(t)
	r := s.open()
	var none *NoCommitsError
	if _, err := r.Commit(t.Context(), "HEAD"); !errors.As(err, &none) {
		t.Errorf("no commits: %v", err)
	}
	for _, message := range []string{"one", "two"} {
		s.Git("commit", "-q", "--allow-empty", "-m", message)
		started := r.git.started.Load()
		got, err := r.Commit(t.Context(), "HEAD")
		if want := s.Git("rev-parse", "HEAD"); err != nil || got.String() != want {
			t.Errorf("%s: %s, %v, want %s", message, got, err, want)
		}
		if _, err := r.ReadCommit(t.Context(), got); err != nil {
			t.Error(err)
		}
		if n := r.git.started.Load() - started; n > 1 {
			t.Errorf("%s: %d git processes, want that of the objects at most", message, n)
		}
	}
	if err := os.WriteFile(s.Path(".git/HEAD"), []byte("ref: refs/heads/none\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := r.Commit(t.Context(), "HEAD"); err == nil {
		t.Errorf("a HEAD of no commit is %s", got)
	}
	if _, err := r.Commit(t.Context(), "main"); err != nil {
		t.Errorf("another revision afterwards: %v", err)
	}
}
