package repo

import (
	"os"
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/trees"
)

// What a sparse checkout leaves out is read from the objects that the index names;
// what was removed is gone.
func TestSparseCheckout(t *testing.T) {
	s := newSandbox(t)
	s.Write("in/a.txt", "a\n")
	s.Write("out/deep/b.txt", "b\n")
	s.Write("gone.txt", "gone\n")
	s.Write("hidden.txt", "hidden\n")
	base := s.commit()
	s.Git("sparse-checkout", "set", "--no-cone", "/*", "!/out/")
	s.Git("update-index", "--skip-worktree", "hidden.txt")
	os.Remove(s.Path("hidden.txt"))
	os.Remove(s.Path("gone.txt"))
	if _, err := os.Lstat(s.Path("out")); err == nil {
		t.Fatal("git checked out what it was to leave out")
	}
	r := s.open()
	commit, work := mustTree(t, r, base), mustWorkTree(t, r)
	for name, want := range map[artifact.Path]string{"out/deep/b.txt": "b\n", "hidden.txt": "hidden\n", "in/a.txt": "a\n"} {
		e := lookup(t, work, name)
		if e.Kind != trees.File || e.Mode != "100644" {
			t.Errorf("Lookup(%q) is %+v, want a file", name, e)
		}
		if data, err := work.Read(t.Context(), e, 100); err != nil || string(data) != want {
			t.Errorf("Read(%q) = %q, %v, want %q", name, data, err, want)
		}
		if d, n, _, err := work.Hash(t.Context(), e, nil); err != nil || d != artifact.HashBytes([]byte(want)) || n != int64(len(want)) {
			t.Errorf("Hash(%q) = %v, %d, %v", name, d, n, err)
		}
	}
	if e := lookup(t, work, "out/deep"); e.Kind != trees.Directory {
		t.Errorf("Lookup of a folder that is left out is %+v", e)
	}
	equal(t, "changes", changes(t, r, commit, work), "removed gone.txt")

	// What stands there all the same is what counts.
	s.Write("hidden.txt", "other\n")
	equal(t, "changes", changes(t, r, commit, work), "removed gone.txt\nmodified hidden.txt")
}
