package measure

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
	"github.com/codexlock/codexlock/internal/repo"
)

// addMisplaced puts under judgement whatever is no folder and stands where a folder
// of artifacts belongs: above a folder of artifacts.include, above a path that a
// ledger lists, above an artifact of the base. Below a symlink or a submodule
// nothing is seen, so that without this all that was there would count as removed.
// It is judged in every scope, whether or not the base has it already; where paths
// are named, only if it is above or below one of them.
func (c *Collector) addMisplaced(ctx context.Context, set map[string]bool) error {
	f := folders{tree: c.o.Head, known: map[string]string{".": ""}}
	note := func(folder, below string) error {
		at, err := f.obstacle(ctx, folder)
		if at != "" && c.misplaced[at] == "" {
			c.misplaced[at] = below
		}
		return err
	}
	for _, folder := range c.o.Config.IncludeFolders() {
		if err := note(folder, folder); err != nil {
			return err
		}
	}
	for _, b := range c.ledgers() {
		last := ""
		for p := range b.paths() {
			folder := p.Dir()
			if folder == last { // nothing new: the first path below it was noted
				continue
			}
			last = folder
			if err := note(folder, p.String()); err != nil {
				return err
			}
		}
	}
	if err := c.noteBase(ctx, &f, note); err != nil {
		return err
	}
	for at := range c.misplaced {
		if c.o.Scope != facts.Paths || c.isNamed(at) {
			set[at] = true
		}
	}
	return nil
}

// noteBase looks above every artifact of the base.
func (c *Collector) noteBase(ctx context.Context, f *folders, note func(folder, below string) error) error {
	if c.o.SameCommit {
		return nil
	}
	last, at := "", ""
	for entry, err := range c.maybeHidden(ctx, f) {
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
		if at == "" || !c.o.Config.Matches(entry.Path) {
			continue
		}
		if err := note(folder, entry.Path); err != nil {
			return err
		}
	}
	return nil
}

// maybeHidden are the base's files above which something may stand in the head that is no
// folder: those that were removed.
func (c *Collector) maybeHidden(ctx context.Context, f *folders) iter.Seq2[repo.Entry, error] {
	switch {
	case c.o.Scope == facts.Paths:
		within, err := c.around(ctx, f)
		if err != nil {
			return func(yield func(repo.Entry, error) bool) { yield(repo.Entry{}, err) }
		}
		return repo.EntriesWithin(ctx, c.o.Base, within)
	case !c.o.inObjects():
		return c.o.Base.Entries(ctx)
	}
	return func(yield func(repo.Entry, error) bool) {
		for d, err := range c.o.Repository.Changes(ctx, c.o.Base, c.o.Head, c.o.Config.Matches) {
			if (err != nil || d.Status == repo.Removed) && !yield(d.Base, err) {
				return
			}
		}
	}
}

// around are the paths that are named; where something that is no folder stands above one
// in the head, that.
func (c *Collector) around(ctx context.Context, f *folders) (repo.Within, error) {
	within := repo.Within{}
	for _, p := range c.o.Paths {
		at, err := f.obstacle(ctx, p.Dir())
		if err != nil {
			return nil, err
		}
		within = append(within, cmp.Or(at, p.String()))
	}
	return within, nil
}

// isNamed reports whether a path was named, or is above or below one that was.
func (c *Collector) isNamed(at string) bool {
	for _, p := range c.o.Paths {
		named := p.String()
		if named == "." || named == at || strings.HasPrefix(at, named+"/") || strings.HasPrefix(named, at+"/") {
			return true
		}
	}
	return false
}

// folders remembers what stands in the place of the folders of a tree.
type folders struct {
	tree  repo.Tree
	known map[string]string
}

// obstacle is the outermost path, from the root to folder itself, at which something
// stands that is no folder; "" where there is none.
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
		if ok && entry.Kind != repo.Directory {
			at = folder
		}
	}
	f.known[folder] = at
	return at, nil
}

// measureMisplaced states what stands in the place of a folder. Nothing more is
// measured: whatever it is, it is no artifact.
func (c *Collector) measureMisplaced(ctx context.Context, s *subject, name string) (facts.Measurement, error) {
	entry, _, err := c.o.Head.Lookup(ctx, artifact.Path(name))
	if err != nil {
		return facts.Measurement{}, fmt.Errorf("look up %q: %w", name, err)
	}
	before, there, err := c.o.Base.Lookup(ctx, artifact.Path(name))
	if err != nil {
		return facts.Measurement{}, fmt.Errorf("look up %q in the base: %w", name, err)
	}
	change := repo.Modified
	switch {
	case !there || before.Kind == repo.Directory:
		change = repo.Added
	case c.o.SameCommit:
		change = repo.Unchanged
	default:
		id, ok, err := c.o.Repository.ObjectID(ctx, c.o.Head, entry)
		if err != nil {
			return facts.Measurement{}, fmt.Errorf("compare %q with the base: %w", name, err)
		}
		if ok && id == before.OID && before.Kind == entry.Kind {
			change = repo.Unchanged
		}
	}
	s.in.Artifact = &facts.Artifact{
		Path: printable(name), Change: facts.FileChange(change.String()), Kind: "misplaced", Stands: facts.StandsKind(entry.Kind.String()), Above: printable(c.misplaced[name]),
	}
	s.in.Checks = c.check(s)
	return facts.Measurement{Input: s.in, Locate: s.docs.Locate}, nil
}
