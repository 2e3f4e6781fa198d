package uses

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/changeset"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/trees"
)

// A side is the base or the head: its files, and which of them are artifacts.
type side struct {
	ctx       context.Context
	set       *changeset.Set
	tree      trees.Tree
	trusted   bool // its ingest_archive.test.sh verifies
	artifacts map[string]bool
	folders   map[string]bool
	patterns  map[string]bool
	files     map[string]file
	jobs      map[string]*jobTexts // by file
	listed    []string             // the site files, see siteFiles
	err       error                // the first that reading met
}

// A file is a file in which uses are looked for.
type file struct {
	there   bool
	text    string
	problem string // why it is not read
}

// maxSiteBytes is the largest file in which uses are looked for. The longest workflows of public
// repositories have some 200 KB.
const maxSiteBytes = 1 << 20

func newSide(ctx context.Context, set *changeset.Set, tree trees.Tree, trusted bool) *side {
	return &side{
		ctx: ctx, set: set, tree: tree, trusted: trusted,
		artifacts: map[string]bool{}, folders: map[string]bool{}, patterns: map[string]bool{}, files: map[string]file{},
		jobs: map[string]*jobTexts{},
	}
}

// once returns what is known of a name, and finds it out the first time.
func once[T any](known map[string]T, name string, find func(string) T) T {
	if found, is := known[name]; is {
		return found
	}
	found := find(name)
	known[name] = found
	return found
}

// fail keeps an error.
func (s *side) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// lookup returns the entry at a path, where it is a path of a repository.
func (s *side) lookup(name string) (trees.Entry, bool) {
	p, err := artifact.ParsePath(name)
	if err != nil || s.err != nil {
		return trees.Entry{}, false
	}
	entry, ok, err := s.tree.Lookup(s.ctx, p)
	if err != nil {
		s.fail(fmt.Errorf("look up %s: %w", name, err))
		return trees.Entry{}, false
	}
	return entry, ok
}

// Is reports whether a path is that of an artifact that is there: not a companion of
// another one, and not the ledger.
func (s *side) Is(name string) bool { return once(s.artifacts, name, s.protects) }

func (s *side) protects(name string) bool {
	p := artifact.Path(name)
	if name == "" || p == ledger.Path || !s.set.Protects(p) {
		return false
	}
	if entry, ok := s.lookup(name); !ok || entry.Kind == trees.Directory || entry.Kind == trees.Submodule {
		return false
	}
	for _, owner := range p.Owners() {
		if s.Is(owner.String()) {
			return false
		}
	}
	return true
}

// Holds reports whether a folder has an artifact in it.
func (s *side) Holds(folder string) bool {
	return once(s.folders, folder, func(folder string) bool {
		return s.anyBelow(folder, func(string) bool { return true })
	})
}

// Matches reports whether a pattern matches an artifact.
func (s *side) Matches(pattern string) bool { return once(s.patterns, pattern, s.matches) }

func (s *side) matches(pattern string) bool {
	if !doublestar.ValidatePattern(pattern) || strings.Count(pattern, "{") >= 4 {
		return false
	}
	folder, _ := doublestar.SplitPattern(pattern)
	return s.anyBelow(folder, func(name string) bool { return doublestar.MatchUnvalidated(pattern, name) })
}

// anyBelow reports whether an artifact is below a folder whose name is accepted. The top folder
// is only looked at where that costs nothing: it may have a million files below it.
func (s *side) anyBelow(folder string, accepts func(string) bool) bool {
	if folder == "." || folder == "" {
		names, cheap, err := trees.Siblings(s.ctx, s.tree, []string{"."})
		if err != nil {
			s.fail(fmt.Errorf("list the top folder: %w", err))
		}
		if cheap {
			return slices.ContainsFunc(names, func(name string) bool {
				return !strings.HasSuffix(name, "/") && accepts(name) && s.Is(name)
			})
		}
		folder = "."
	} else if entry, ok := s.lookup(folder); ok && entry.Kind != trees.Directory {
		return false
	}
	for entry, err := range trees.EntriesWithin(s.ctx, s.tree, trees.Within{folder}) {
		if err != nil {
			s.fail(fmt.Errorf("list %s: %w", folder, err))
			return false
		}
		if accepts(entry.Path) && s.Is(entry.Path) {
			return true
		}
	}
	return false
}

// read returns a file in which uses are looked for.
func (s *side) read(name string) file { return once(s.files, name, s.readFile) }

func (s *side) readFile(name string) file {
	entry, ok := s.lookup(name)
	switch {
	case !ok:
		return file{}
	case entry.Kind == trees.Symlink:
		return file{there: true, problem: "is a symlink"}
	case entry.Kind == trees.Oversized:
		return file{there: true, problem: "is too large to be read"}
	case entry.Kind != trees.File:
		return file{}
	}
	text, err := s.tree.Read(s.ctx, entry, maxSiteBytes)
	var large *git.TooLargeError
	switch {
	case errors.As(err, &large):
		return file{there: true, problem: fmt.Sprintf("has over %d bytes, the most that is read", maxSiteBytes)}
	case err != nil:
		s.fail(fmt.Errorf("read %s: %w", name, err))
		return file{}
	}
	return file{there: true, text: string(text)}
}

// siteFiles are the files of the sites that the configuration names. Workflows and composite
// actions below .github are found where they are; composite actions elsewhere where a workflow
// uses them. The other sites may be in any folder, so all names are listed for them.
func (s *side) siteFiles() []string {
	if s.listed != nil {
		return s.listed
	}
	within := trees.Within{".github"}
	if slices.ContainsFunc(s.set.Config.UseSites, func(site string) bool { return site != string(facts.UseSiteWorkflows) }) {
		within = trees.Within{"."}
	}
	s.listed = []string{}
	for entry, err := range trees.EntriesWithin(s.ctx, s.tree, within) {
		if err != nil {
			s.fail(fmt.Errorf("list the files in which artifacts are used: %w", err))
			break
		}
		if changeset.UseSite(&s.set.Config, entry.Path) != "" && !vendored(entry.Path) {
			s.listed = append(s.listed, entry.Path)
		}
	}
	return s.listed
}

// vendored reports whether a file is another project's.
func vendored(name string) bool {
	for dir := range strings.SplitSeq(path.Dir(name), "/") {
		if dir == "node_modules" || dir == "vendor" || dir == "third_party" {
			return true
		}
	}
	return false
}

// IsFolder reports whether a path is that of a folder with artifacts.
func (s *side) IsFolder(name string) bool {
	entry, ok := s.lookup(name)
	return (!ok || entry.Kind == trees.Directory) && s.Holds(name)
}

// isDirectory reports whether a path is that of a folder.
func (s *side) isDirectory(name string) bool {
	if name == "." || name == "" {
		return true
	}
	entry, ok := s.lookup(name)
	return ok && entry.Kind == trees.Directory
}

// Exists reports whether there is anything at a path.
func (s *side) Exists(name string) bool {
	_, ok := s.lookup(name)
	return ok
}
