package changeset

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"path"
	"path/filepath"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/trees"
)

// addMisplaced puts under judgement whatever is in the place of a folder of artifacts without
// being a folder: above a folder of artifacts.include, above a path that a ledger lists, above
// an artifact of the base. Nothing below a symlink or a submodule can be seen, so without this
// everything that was there would count as removed. It is judged in every scope, whether or not
// the base has it already; if paths are named, only if it is above or below one of them.
func (s *Set) addMisplaced(ctx context.Context, set map[string]bool) error {
	f := folders{tree: s.Head, known: map[string]string{".": ""}}
	note := func(folder, below string) error {
		at, err := f.obstacle(ctx, folder)
		if at != "" && s.Misplaced[at] == "" {
			s.Misplaced[at] = below
		}
		return err
	}
	for _, folder := range s.Config.IncludeFolders() {
		if err := note(folder, folder); err != nil {
			return err
		}
	}
	for _, b := range s.Ledgers() {
		last := ""
		for p := range b.Paths() {
			folder := p.Dir()
			if folder == last { // the first path below it was noted
				continue
			}
			last = folder
			if err := note(folder, p.String()); err != nil {
				return err
			}
		}
	}
	if err := s.noteBase(ctx, &f, note); err != nil {
		return err
	}
	for at := range s.Misplaced {
		if s.Scope != facts.Paths || s.isNamed(at) {
			set[at] = true
		}
	}
	return nil
}

// noteBase calls note for the folder of every artifact of the base that is below an obstacle.
func (s *Set) noteBase(ctx context.Context, f *folders, note func(folder, below string) error) error {
	if s.SameCommit {
		return nil
	}
	last, at := "", ""
	for entry, err := range s.maybeHidden(ctx, f) {
		if err != nil {
			return fmt.Errorf("list the base's files: %w", err)
		}
		folder := path.Dir(entry.Path)
		if folder != last {
			last = folder
			at, err = f.obstacle(ctx, folder)
		}
		if err != nil {
			return err
		}
		if at == "" || !s.Config.Matches(entry.Path) {
			continue
		}
		if err := note(folder, entry.Path); err != nil {
			return err
		}
	}
	return nil
}

// maybeHidden yields the base's files that may be below an obstacle in the head: those that were
// removed.
func (s *Set) maybeHidden(ctx context.Context, f *folders) iter.Seq2[trees.Entry, error] {
	switch {
	case s.Scope == facts.Paths:
		within, err := s.around(ctx, f)
		if err != nil {
			return func(yield func(trees.Entry, error) bool) { yield(trees.Entry{}, err) }
		}
		return trees.EntriesWithin(ctx, s.Base, within)
	case !s.InObjects():
		return s.Base.Entries(ctx)
	}
	return func(yield func(trees.Entry, error) bool) {
		for d, err := range s.Repository.Changes(ctx, s.Base, s.Head, s.Config.Matches) {
			if (err != nil || d.Status == trees.Removed) && !yield(d.Base, err) {
				return
			}
		}
	}
}

// around returns the named paths; for a path below an obstacle in the head, the obstacle.
func (s *Set) around(ctx context.Context, f *folders) (trees.Within, error) {
	within := trees.Within{}
	for _, p := range s.Paths {
		at, err := f.obstacle(ctx, p.Dir())
		if err != nil {
			return nil, err
		}
		within = append(within, cmp.Or(at, p.String()))
	}
	return within, nil
}

// isNamed reports whether a path was named, or is above or below one that was.
func (s *Set) isNamed(at string) bool {
	for _, p := range s.Paths {
		named := p.String()
		if named == "." || named == at || strings.HasPrefix(at, named+"/") || strings.HasPrefix(named, at+"/") {
			return true
		}
	}
	return false
}

// folders finds obstacles, and keeps the answers: paths in a tree that are not folders and have
// paths below them in another tree.
type folders struct {
	tree  trees.Tree
	known map[string]string
}

// obstacle returns the outermost path, from the root to folder itself, that is not a folder in
// the tree; "" for none.
func (f *folders) obstacle(ctx context.Context, folder string) (string, error) {
	if at, known := f.known[folder]; known {
		return at, nil
	}
	if !filepath.IsLocal(folder) { // no checkout has it
		return "", nil
	}
	at, err := f.obstacle(ctx, path.Dir(folder))
	if err != nil {
		return "", err
	}
	if at == "" {
		entry, ok, err := f.tree.Lookup(ctx, artifact.Path(folder))
		if err != nil {
			return "", err
		}
		if ok && entry.Kind != trees.Directory {
			at = folder
		}
	}
	f.known[folder] = at
	return at, nil
}
