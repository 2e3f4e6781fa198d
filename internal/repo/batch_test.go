package repo

import (
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/git/gittest"
	"github.com/codexlock/codexlock/internal/trees"

	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
)

// batch is a repository with many small files, and some that cannot be read or are too
// large, in a commit and its work tree.
func batch(t *testing.T, files int) (sandbox, *Repository, trees.Tree, []trees.Entry) {
	t.Helper()
	s := newSandbox(t)
	for i := range files {
		s.Write(fmt.Sprintf("d/%05d", i), strings.Repeat(fmt.Sprintln("file", i), 1+i%3))
	}
	s.Write("d/00100", strings.Repeat("x", 2000))
	s.Write("d/00101", strings.Repeat("x", 2<<20))
	head := s.commit()
	r := s.open()
	tree := mustTree(t, r, head)
	var entries []trees.Entry
	for e, err := range tree.Entries(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, e)
	}
	return s, r, tree, entries
}

// TestReadEach: the answers are those of Read, whatever is wrong with single files.
func TestReadEach(t *testing.T) {
	s, r, tree, entries := batch(t, 1200)
	missing := entries[500].OID
	if err := os.Remove(s.Loose(missing)); err != nil {
		t.Fatal(err)
	}
	s.Forge(entries[600].OID, gittest.Deflate("blob 5\x00wrong"))
	for name, tree := range map[string]trees.Tree{"commit": tree, "work tree": mustWorkTree(t, r)} {
		var mu sync.Mutex
		seen := make([]int, len(entries))
		files := entries
		if name == "work tree" {
			files = nil
			for e, err := range tree.Entries(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				files = append(files, e)
			}
		}
		answer := func(data []byte, err error) string {
			if err != nil {
				return err.Error()
			}
			return string(data)
		}
		want := make([]string, len(files))
		for i, e := range files {
			want[i] = answer(tree.Read(t.Context(), e, 1000))
		}
		err := trees.ReadEach(t.Context(), tree, files, 1000, func(i int, data []byte, err error) {
			mu.Lock()
			defer mu.Unlock()
			seen[i]++
			if got := answer(data, err); got != want[i] {
				t.Errorf("%s: %s is %.100q, want %.100q", name, files[i].Path, got, want[i])
			}
		})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i, n := range seen {
			if n != 1 {
				t.Errorf("%s: %s was read %d times", name, files[i].Path, n)
			}
		}
	}
}

// TestReadEachProcesses: many files cost as many git processes as few.
func TestReadEachProcesses(t *testing.T) {
	_, r, tree, entries := batch(t, 2000)
	before := r.Runner().Processes()
	if err := trees.ReadEach(t.Context(), tree, entries, 3<<20, func(_ int, _ []byte, err error) {
		if err != nil {
			t.Error(err)
		}
	}); err != nil {
		t.Fatal(err)
	}
	if n := r.Runner().Processes() - before; n > 8 {
		t.Errorf("%d processes for %d files, want at most 8", n, len(entries))
	}
}

// TestReadEachEnds: a process that dies, and a caller that waits no more, end it.
func TestReadEachEnds(t *testing.T) {
	_, r, tree, entries := batch(t, 300)
	ctx, cancel := context.WithCancel(t.Context())
	var once sync.Once
	err := trees.ReadEach(ctx, tree, entries, 3<<20, func(int, []byte, error) { once.Do(cancel) })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled read: %v", err)
	}
	if err := trees.ReadEach(t.Context(), tree, entries[:10], 1000, func(int, []byte, error) {}); err != nil {
		t.Errorf("after a cancelled read: %v", err)
	}
	r.Close()
	if err := trees.ReadEach(t.Context(), tree, entries[:10], 1000, func(int, []byte, error) {}); err == nil {
		t.Error("a closed repository was read")
	}
}

// A commit is listed with few round trips: the folders of a folder are requested at
// once, and one that is wrong is found when it is met.
func TestFoldersAreRequestedAtOnce(t *testing.T) {
	s := newSandbox(t)
	for i := range 600 {
		s.Write(fmt.Sprintf("%d/%d/x", i%3, i), fmt.Sprint(i))
	}
	head := s.commit()
	r := s.open()
	tree := mustTree(t, r, head)
	if n := len(entries(t, tree)); n != 600 {
		t.Fatalf("%d entries, want 600", n)
	}
	// The commit, the root, the three folders in it, those in each of the three.
	if got := r.Objects().RoundTrips(); got != 1+1+1+3 {
		t.Errorf("listing makes %d round trips, want 6", got)
	}
	missing := s.Git("rev-parse", string(head)+":1/301")
	if err := os.Remove(s.Loose(missing)); err != nil {
		t.Fatal(err)
	}
	var lost *git.MissingObjectError
	if _, err := s.open().Tree(t.Context(), head); !errors.As(err, &lost) || lost.OID != missing || lost.Path != "1/301/" {
		t.Errorf("with a folder missing: %v, want a *MissingObjectError that names it", err)
	}
}
