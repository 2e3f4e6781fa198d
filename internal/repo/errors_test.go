package repo

import (
	"errors"
	"fmt"
	"github.com/codexlock/codexlock/internal/trees"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
)

// A message names the thing, and the next step.
func TestMessages(t *testing.T) {
	for _, test := range []struct {
		err  error
		want []string
	}{
		{&trees.NotAFileError{Path: "x\n", Kind: trees.Symlink}, []string{`"x\n"`, "symlink", "regular file"}},
		{&trees.MalformedTreeError{Tree: "commit 12ab", Reason: "is odd"}, []string{"commit 12ab", "is odd"}},
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
	for want, err := range map[string]*trees.MalformedTreeError{"git fsck": {}, `git add -- "x"`: {Path: "x"}, "git ls-tree": {TooLarge: true}} {
		if got := err.Hint(); !strings.Contains(got, want) {
			t.Errorf("hint %q, want it to contain %s", got, want)
		}
	}
	for i, want := range []string{"file", "symlink", "submodule", "directory", "special", "oversized", "special"} {
		if got := trees.Kind(i).String(); got != want {
			t.Errorf("Kind(%d) is %q, want %q", i, got, want)
		}
	}
	for i, want := range []string{"unchanged", "added", "modified", "removed", "status 4"} {
		if got := trees.Status(i).String(); got != want {
			t.Errorf("Status(%d) is %q, want %q", i, got, want)
		}
	}
}

// Systems without openat2 walk; both ways must find the same.
func TestWalkingFindsTheSame(t *testing.T) {
	s := newSandbox(t)
	s.Write("a/b.txt", "bytes")
	os.Chmod(s.Path("a/b.txt"), 0o755)
	os.Symlink("b.txt", s.Path("a/link"))
	n := 0
	for _, name := range []string{"a", "a/b.txt", "a/link", "a/link/x", "a/b.txt/x", "a/none", "none/x", ".git"} {
		one, oneErr := newTop(s.Dir).lstat(name)
		two, twoErr := lstatWalking(s.Dir, name)
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
	f, err := openWalking(s.Dir, "a/b.txt")
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
		one, oneGit, oneErr := newTop(s.Dir).list(name, 100)
		two, twoGit, twoErr := listWalking(s.Dir, name, 100)
		slices.Sort(one)
		slices.Sort(two)
		if !slices.Equal(one, two) || oneGit != twoGit || (oneErr == nil) != (twoErr == nil) || errors.Is(oneErr, os.ErrNotExist) != errors.Is(twoErr, os.ErrNotExist) {
			t.Errorf("%q: %q, %v, %v and %q, %v, %v", name, one, oneGit, oneErr, two, twoGit, twoErr)
		}
	}
	if _, _, err := newTop(s.Dir).list("in", 3); !errors.Is(err, errManyNames) {
		t.Errorf("more names than the limit: %v, want errManyNames", err)
	}
}
