package repo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A message names the thing, and the next step.
func TestMessages(t *testing.T) {
	for _, test := range []struct {
		err  error
		want []string
	}{
		{&NotARepositoryError{Dir: "a b", Reason: "odd"}, []string{`"a b"`, "odd", "git init"}},
		{&GitVersionError{Err: errors.New("why")}, []string{"2.38", "install git", "why"}},
		{&GitVersionError{Path: "/git", Version: "2.1\x1b"}, []string{`"/git"`, `"2.1\x1b"`, "2.38", "install a newer git"}},
		{&GitVersionError{Path: "/git", Err: errors.New("why")}, []string{`"/git"`, "2.38", "why"}},
		{&NoCommitsError{Root: "/r"}, []string{"no commits yet", `"/r"`, "make one first"}},
		{&MissingCommitError{Revision: "x\n", Shallow: true}, []string{`"x\n"`, "fetch-depth: 2"}},
		{&MissingCommitError{Revision: "x\n"}, []string{`"x\n"`, "spelling"}},
		{&MissingObjectError{OID: "12ab", Path: "x\n"}, []string{"12ab", `"x\n"`, "fetch-depth", "filter"}},
		{&CorruptObjectError{OID: "12ab", Path: "x\n", Reason: "is odd"}, []string{"12ab", `"x\n"`, "is odd", "git fsck"}},
		{&TooLargeError{Path: "x\n", Size: 12, Limit: 11}, []string{`"x\n"`, "12", "11", "smaller"}},
		{&NotAFileError{Path: "x\n", Kind: Symlink}, []string{`"x\n"`, "symlink", "regular file"}},
		{&MalformedTreeError{Tree: "commit 12ab", Reason: "is odd"}, []string{"commit 12ab", "is odd"}},
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
	for want, err := range map[string]*MalformedTreeError{"git fsck": {}, `git add -- "x"`: {Path: "x"}, "git ls-tree": {TooLarge: true}} {
		if got := err.Hint(); !strings.Contains(got, want) {
			t.Errorf("hint %q, want it to contain %s", got, want)
		}
	}
	for i, want := range []string{"file", "symlink", "submodule", "directory", "special", "oversized", "special"} {
		if got := Kind(i).String(); got != want {
			t.Errorf("Kind(%d) is %q, want %q", i, got, want)
		}
	}
	for i, want := range []string{"unchanged", "added", "modified", "removed", "status 4"} {
		if got := Status(i).String(); got != want {
			t.Errorf("Status(%d) is %q, want %q", i, got, want)
		}
	}
}

// git that does not end, or fails, or says too much, is an error and is killed.
func TestRunnerErrors(t *testing.T) {
	s := newSandbox(t)
	s.write("a.txt", strings.Repeat("x", 2*maxAnswer))
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
	err := r.git.stream(t.Context(), func(io.Reader) error { return stop }, "cat-file", "--batch")
	if !errors.Is(err, stop) {
		t.Errorf("a reader that gives up: %v, want its error", err)
	}
	// git opens a .gitignore for reading, and a FIFO has nothing to read.
	if err := syscall.Mkfifo(s.path(".gitignore"), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	start := time.Now()
	for _, got := range mustWorkTree(t, r).Entries(ctx) {
		err = got
	}
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 10*time.Second {
		t.Errorf("a .gitignore that blocks: %v after %v, want a deadline", err, time.Since(start))
	}
}

// Systems without openat2 walk; both ways must find the same.
func TestWalkingFindsTheSame(t *testing.T) {
	s := newSandbox(t)
	s.write("a/b.txt", "bytes")
	os.Chmod(s.path("a/b.txt"), 0o755)
	os.Symlink("b.txt", s.path("a/link"))
	n := 0
	for _, name := range []string{"a", "a/b.txt", "a/link", "a/link/x", "a/b.txt/x", "a/none", "none/x", ".git"} {
		one, oneErr := newTop(s.dir).lstat(name)
		two, twoErr := lstatWalking(s.dir, name)
		one.size, two.size = max(one.size, 5), max(two.size, 5)
		if one.mode != two.mode || one.perm != two.perm || (oneErr == nil) != (twoErr == nil) || errors.Is(oneErr, errSymlink) != errors.Is(twoErr, errSymlink) ||
			errors.Is(oneErr, os.ErrNotExist) != errors.Is(twoErr, os.ErrNotExist) || errors.Is(oneErr, errNotDir) != errors.Is(twoErr, errNotDir) {
			t.Errorf("%q: %+v, %v and %+v, %v", name, one, oneErr, two, twoErr)
		}
		n++
	}
	if n == 0 {
		t.Fatal("no names")
	}
	f, err := openWalking(s.dir, "a/b.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if data, err := io.ReadAll(f); err != nil || string(data) != "bytes" {
		t.Error(fmt.Sprintf("%q", data), err)
	}
}

func TestWalkingListsTheSame(t *testing.T) {
	s := unruly(t)
	for _, name := range []string{".", "in", "in/deep", "in/empty", "in/link-to-folder", "a.txt", "becomes-link", "none", "sub", "fifo"} {
		one, oneGit, oneErr := newTop(s.dir).list(name, 100)
		two, twoGit, twoErr := listWalking(s.dir, name, 100)
		slices.Sort(one)
		slices.Sort(two)
		if !slices.Equal(one, two) || oneGit != twoGit || (oneErr == nil) != (twoErr == nil) || errors.Is(oneErr, os.ErrNotExist) != errors.Is(twoErr, os.ErrNotExist) {
			t.Errorf("%q: %q, %v, %v and %q, %v, %v", name, one, oneGit, oneErr, two, twoGit, twoErr)
		}
	}
	if _, _, err := newTop(s.dir).list("in", 3); !errors.Is(err, errManyNames) {
		t.Errorf("more names than the limit: %v, want errManyNames", err)
	}
}
