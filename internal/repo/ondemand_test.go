package repo

import (
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/git/gittest"
	"github.com/codexlock/codexlock/internal/trees"

	"errors"
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
)

func mustTreeOnDemand(t testing.TB, r *Repository, c git.Commit) trees.Tree {
	t.Helper()
	tree, err := r.TreeOnDemand(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// TestTreesOnDemand holds a tree that is read folder by folder to its listing: for random
// trees, whatever is looked up, listed and compared.
func TestTreesOnDemand(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		t.Run(format, func(t *testing.T) {
			s := newSandbox(t, "--object-format="+format)
			random := rand.New(rand.NewPCG(1, 2))
			blobs := []string{s.Object("blob", "x"), s.Object("blob", "y")}
			var commits []git.Commit
			for range 8 {
				commits = append(commits, s.commitTree(randomTree(s, random, blobs, 3)))
			}
			eager, lazy := s.open(), s.open()
			for _, base := range commits {
				for _, head := range commits {
					b, h := mustTree(t, eager, base), mustTree(t, eager, head)
					lb, lh := mustTreeOnDemand(t, lazy, base), mustTreeOnDemand(t, lazy, head)
					if got, want := deltas(t, lazy, lb, lh, nil), deltas(t, eager, b, h, nil); !slices.Equal(got, want) {
						t.Fatalf("changes of %s and %s:\ngot  %v\nwant %v", base, head, got, want)
					}
					compareWithin(t, lazy, lb, lh, deltas(t, eager, b, h, nil))
				}
				compareTrees(t, lazy, mustTreeOnDemand(t, lazy, base), mustTree(t, eager, base))
			}
			empty := deltas(t, lazy, lazy.EmptyTree(), mustTreeOnDemand(t, lazy, commits[0]), nil)
			if want := deltas(t, eager, eager.EmptyTree(), mustTree(t, eager, commits[0]), nil); !slices.Equal(empty, want) {
				t.Errorf("changes of nothing: %v, want %v", empty, want)
			}
		})
	}
}

// randomTree has names that are in another order with a slash behind them, and parts that
// other trees have as well.
func randomTree(s sandbox, random *rand.Rand, blobs []string, depth int) string {
	var items []string
	for _, name := range []string{"a", "a-b", "a.b", "a0", "ab", "b"} {
		switch n := random.IntN(8); {
		case n < 2 && depth > 0:
			items = append(items, name+"/\x00"+gittest.TreeItem("40000", name, randomTree(s, random, blobs, depth-1)))
		case n < 5:
			mode := []string{"100644", "100755", "120000"}[random.IntN(3)]
			items = append(items, name+"\x00"+gittest.TreeItem(mode, name, blobs[random.IntN(2)]))
		}
	}
	slices.Sort(items)
	var tree strings.Builder
	for _, i := range items {
		_, entry, _ := strings.Cut(i, "\x00")
		tree.WriteString(entry)
	}
	return s.Object("tree", tree.String())
}

func compareTrees(t *testing.T, r *Repository, lazy, eager trees.Tree) {
	t.Helper()
	names := []string{"nothing", "a/nothing", "a/", "", "/a", "."}
	beside := map[string][]string{}
	for e, err := range eager.Entries(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, e.Path, e.Path+"/x", e.Path+"x")
		for at, child := path.Dir(e.Path), e.Path; ; at, child = path.Dir(at), at+"/" {
			if !slices.Contains(beside[at], child) {
				beside[at] = append(beside[at], child)
			}
			names = append(names, at)
			if at == "." {
				break
			}
		}
	}
	for _, name := range names {
		got, ok, err := lazy.Lookup(t.Context(), artifact.Path(name))
		want, there, _ := eager.Lookup(t.Context(), artifact.Path(name))
		if err != nil || ok != there || got != want {
			t.Errorf("Lookup(%q) = %v, %v, %v, want %v, %v", name, got, ok, err, want, there)
		}
	}
	for at, want := range beside {
		slices.Sort(want)
		got, ok, err := trees.Siblings(t.Context(), lazy, []string{at})
		if err != nil || !ok || !slices.Equal(got, want) {
			t.Errorf("Siblings(%q) = %q, %v, %v, want %q", at, got, ok, err, want)
		}
	}
	for _, w := range []trees.Within{nil, {"."}, {"a"}, {"a/a", "b"}, {"none"}} {
		var got, want []string
		for e, err := range trees.EntriesWithin(t.Context(), lazy, w) {
			got = append(got, fmt.Sprint(e, err))
		}
		for e, err := range trees.EntriesWithin(t.Context(), eager, w) {
			want = append(want, fmt.Sprint(e, err))
		}
		equal(t, fmt.Sprintf("entries within %q", []string(w)), got, want...)
	}
	equal(t, "entries", entries(t, lazy), entries(t, eager)...)
}

func compareWithin(t *testing.T, r *Repository, base, head trees.Tree, all []trees.Delta) {
	t.Helper()
	for _, w := range []trees.Within{{"a"}, {"a/a-b", "b"}} {
		var want, got []trees.Delta
		for _, d := range all {
			if w.Holds(d.Path) {
				want = append(want, d)
			}
		}
		for d, err := range r.ChangesWithin(t.Context(), base, head, w, nil) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, d)
		}
		if !slices.Equal(got, want) {
			t.Errorf("changes within %q: %v, want %v", []string(w), got, want)
		}
	}
}

// TestFoldersOnDemand: what is the same in both trees is not read, and what is read is
// checked as a whole tree is.
func TestFoldersOnDemand(t *testing.T) {
	s := newSandbox(t)
	blob, other := s.Object("blob", "x"), s.Object("blob", "y")
	same := gittest.TreeItem("40000", "same", strings.Repeat("1", 40)) // not here
	old := s.Object("tree", gittest.TreeItem("100664", "odd", blob))
	base := s.commitTree(s.Object("tree", gittest.TreeItem("40000", "a", old)+same))
	fixed := s.commitTree(s.Object("tree", gittest.TreeItem("40000", "a", s.Object("tree", gittest.TreeItem("100644", "odd", other)))+same))
	worse := s.commitTree(s.Object("tree", gittest.TreeItem("40000", "a", s.Object("tree", gittest.TreeItem("100664", "odd", other)))+same))
	r := s.open()
	from := mustTreeOnDemand(t, r, base)
	for head, says := range map[git.Commit]string{fixed: "", worse: `mode "100664" at "a/odd"`} {
		to := mustTreeOnDemand(t, r, head)
		equal(t, "changes", changes(t, r, from, to), "modified a/odd")
		err := trees.CheckRead(t.Context(), to)
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("CheckRead: %v, want %q", err, says)
		}
		var missing *git.MissingObjectError
		if err := trees.CheckTree(t.Context(), to); !errors.As(err, &missing) {
			t.Errorf("CheckTree: %v, want a *MissingObjectError", err)
		}
		if _, _, err := to.Lookup(t.Context(), "same/x"); !errors.As(err, &missing) {
			t.Errorf("Lookup: %v, want a *MissingObjectError", err)
		}
	}
}

// listOnDemand reads all of a tree folder by folder.
func listOnDemand(t *testing.T, r *Repository, c git.Commit) error {
	t.Helper()
	tree, err := r.TreeOnDemand(t.Context(), c)
	if err != nil {
		return err
	}
	for _, err := range trees.EntriesWithin(t.Context(), tree, nil) {
		if err != nil {
			return err
		}
	}
	return trees.CheckRead(t.Context(), tree)
}
