package git

import (
	"context"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"
)

// git that does not end, or fails, or says too much, is an error and is killed.
func TestRunnerErrors(t *testing.T) {
	s := newSandbox(t)
	s.Write("a.txt", strings.Repeat("x", 2*maxAnswer))
	s.commit()
	r := s.open()
	var failed *GitError
	if _, err := r.git.output(t.Context(), "rev-parse", "--verify", "nothing"); !errors.As(err, &failed) || failed.Stderr == "" {
		t.Errorf("a git that fails: %v, want a *GitError with its words", err)
	}
	if _, err := r.git.output(t.Context(), "cat-file", "blob", "HEAD:a.txt"); err == nil || !strings.Contains(err.Error(), "bytes") {
		t.Errorf("an answer without end: %v, want an error", err)
	}
	stop := errors.New("stop")
	err := r.git.Stream(t.Context(), func(io.Reader) error { return stop }, "cat-file", "--batch")
	if !errors.Is(err, stop) {
		t.Errorf("a reader that gives up: %v, want its error", err)
	}
	// git opens a .gitignore for reading, and a FIFO has nothing to read.
	if err := syscall.Mkfifo(s.Path(".gitignore"), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	start := time.Now()
	err = r.git.Stream(ctx, func(r io.Reader) error { return EachRecord(r, func(string) error { return nil }) }, "ls-files", "-z", "--others", "--exclude-standard")
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 10*time.Second {
		t.Errorf("a .gitignore that blocks: %v after %v, want a deadline", err, time.Since(start))
	}
}

// A message names the thing, and the next step.
func TestMessagesAreOneLineWithTheNextStep(t *testing.T) {
	for _, test := range []struct {
		err  error
		want []string
	}{
		{&NotARepositoryError{Dir: "a b", Reason: "odd"}, []string{`"a b"`, "odd", "git init"}},
		{&GitVersionError{Err: errors.New("why")}, []string{"2.38", "install git", "why"}},
		{&GitVersionError{Path: "/git", Version: "2.1\x1b"}, []string{`"/git"`, `"2.1\x1b"`, "2.38", "install a newer git"}},
		{&GitVersionError{Path: "/git", Err: errors.New("why")}, []string{`"/git"`, "2.38", "why"}},
		{&NoCommitsError{Root: "/r"}, []string{"no commits yet", `"/r"`, "make one first"}},
		{&MissingCommitError{Revision: "x\n", Shallow: true}, []string{`"x\n"`, "shallow"}},
		{&MissingCommitError{Revision: "x\n"}, []string{`"x\n"`, "names no commit"}},
		{&MissingObjectError{OID: "12ab", Path: "x\n"}, []string{"12ab", `"x\n"`, "not in this clone", "filter"}},
		{&CorruptObjectError{OID: "12ab", Path: "x\n", Reason: "is odd"}, []string{"12ab", `"x\n"`, "is odd", "git fsck"}},
		{&TooLargeError{Path: "x\n", Size: 12, Limit: 11}, []string{`"x\n"`, "12", "11", "smaller"}},
		{&BareRepositoryError{GitDir: "/r.git"}, []string{`"/r.git"`, "bare", "commit"}},
		{&GitError{Command: "ls-files", Stderr: "fatal: \x1b", Err: errors.New("exit status 1")}, []string{"git ls-files", `"fatal: \x1b"`, "exit status 1"}},
		{&GitError{Command: "ls-files", Err: errors.New("exit status 1")}, []string{"git ls-files: exit status 1"}},
	} {
		got := test.err.Error()
		for _, want := range test.want {
			if !strings.Contains(got, want) {
				t.Errorf("%T: %s\nwant it to contain %s", test.err, got, want)
			}
		}
		if strings.ContainsAny(got, "\n\x1b") || strings.HasSuffix(got, ".") {
			t.Errorf("%T: %q is not one clean line", test.err, got)
		}
	}
}
