package repo

import (
	"context"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/trees"
)

// A sparse index is what Git does not check out, by path, and the folders in which
// such files would stand.
type sparse struct {
	files   map[string]trees.IndexEntry
	folders map[string]bool
}

func newSparse() *sparse {
	return &sparse{files: map[string]trees.IndexEntry{}, folders: map[string]bool{}}
}

func (s *sparse) add(e trees.IndexEntry) {
	if !e.Skipped || e.Stage != 0 {
		return
	}
	s.files[e.Path] = e
	for dir := path.Dir(e.Path); dir != "." && !s.folders[dir]; dir = path.Dir(dir) {
		s.folders[dir] = true
	}
}

// entry is what stands at a path that is not in the work tree, as the index has it.
func (s *sparse) entry(name string) (trees.Entry, bool) {
	if e, ok := s.files[name]; ok {
		return e.Entry(), true
	}
	if s.folders[name] {
		return trees.Entry{Path: name, Kind: trees.Directory, Mode: "040000", Size: -1}, true
	}
	return trees.Entry{}, false
}

// A sparseness is read from the index when it is first asked for, and again whenever
// the work tree is listed.
type sparseness struct {
	mu   sync.Mutex
	read *sparse
}

func (s *sparseness) set(read *sparse) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read = read
}

func (s *sparseness) get(ctx context.Context, r *Repository) (*sparse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.read != nil {
		return s.read, nil
	}
	read := newSparse()
	if !r.mayBeSparse() {
		s.read = read
		return read, nil
	}
	err := r.EachIndexEntry(ctx, func(e trees.IndexEntry) error {
		read.add(e)
		return nil
	})
	if err == nil {
		s.read = read
	}
	return read, err
}

// Untracked are those of the paths that the index does not have. A work tree with an
// inclusion knows it from its listing.
func (r *Repository) Untracked(ctx context.Context, t trees.Tree, paths []artifact.Path) ([]artifact.Path, error) {
	w, is := t.(*workTree)
	if !is {
		tracked, err := r.Tracked(ctx, paths)
		return slices.DeleteFunc(slices.Clone(paths), func(p artifact.Path) bool { return len(tracked[p]) > 0 }), err
	}
	l, err := w.listed(ctx)
	if err != nil {
		return nil, err
	}
	var untracked []artifact.Path
	for _, p := range paths {
		i, found := slices.BinarySearchFunc(l.names, p.String(), func(at listed, name string) int { return strings.Compare(at.name, name) })
		if !found || !l.names[i].tracked {
			untracked = append(untracked, p)
		}
	}
	return untracked, nil
}

// mayBeSparse reports whether the index can say of a file that Git does not expect it in
// the work tree. An index of version 2, which is what Git writes otherwise, has no room
// for that, unless it refers to another one.
func (r *Repository) mayBeSparse() bool {
	f, err := os.Open(filepath.Join(r.GitDir(), "index"))
	if os.IsNotExist(err) {
		return false
	}
	if err != nil {
		return true
	}
	defer f.Close()
	header := make([]byte, 8)
	if _, err := io.ReadFull(f, header); err != nil || string(header) != "DIRC\x00\x00\x00\x02" {
		return true
	}
	names, err := os.ReadDir(r.GitDir())
	return err != nil || slices.ContainsFunc(names, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), "sharedindex.") })
}
