package repo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/trees"
)

// A listing is the paths of a work tree, in bytewise order and each once.
type listing struct {
	names []listed
	links map[string]string // the commits that the index has for submodules, by path
}

// A listed path may be one of the index that is no longer in the work tree.
type listed struct {
	name    string
	seen    bool // it is on the disk, and is no folder
	tracked bool // the index has it
}

// A merge lists a work tree: what the index has, what git lists as untracked, and
// what was included. It reads the folders in the order of the index, while git writes
// that, and each once. What is on the disk and in the index needs no look of its own;
// and where there is nothing else, git is not asked what of it is ignored.
//
// A folder in which nothing is tracked or included is not read: it can be larger
// than all the rest.
type merge struct {
	listing
	ctx       context.Context
	t         *workTree
	within    trees.Within
	folders   []string     // of the inclusion
	included  trees.Limits // what was included is counted by itself: most of it is listed already
	stack     []folder     // from the root to the folder that is read
	last      string       // the path of the index that came last
	untracked bool         // there is something that git has to be asked about
}

// A folder is one that is being read.
type folder struct {
	dir   string   // "" the root, and with a slash at the end otherwise
	names []string // what is left of it, in order; a folder's name ends with a slash
	state inclusionState
}

// An inclusionState is whether what is in a folder is included.
type inclusionState uint8

const (
	outside inclusionState = iota
	inside                 // of an included folder
	foreign                // in another repository, of which the folder is included
)

// indexBatch is how many entries of the index are handed over at once.
const indexBatch = 512

// list lists the work tree, where it matters.
func (t *workTree) list(ctx context.Context) (*listing, error) {
	l, err := t.listWithin(ctx, t.within)
	if failed := (*git.GitError)(nil); t.within != nil && errors.As(err, &failed) {
		return t.listWithin(ctx, nil) // git takes no path of a submodule
	}
	return l, err
}

func (t *workTree) listWithin(ctx context.Context, w trees.Within) (*listing, error) {
	m := &merge{t: t, within: w, listing: listing{links: map[string]string{}}, included: trees.Limits{Of: "the work tree"}}
	if t.also != nil {
		m.folders = t.also.folders
	}
	// The index has at most maxEntries entries, so that git never waits for the disk.
	batches := make(chan []trees.IndexEntry, trees.MaxEntries/indexBatch+2)
	walked := make(chan error, 1)
	skipped := newSparse()
	walking, stop := context.WithCancel(ctx)
	defer stop()
	go func() { walked <- m.walk(walking, batches) }()
	l := trees.Limits{Of: "the index"}
	batch := make([]trees.IndexEntry, 0, indexBatch)
	err := t.r.IndexWithin(ctx, w, func(e trees.IndexEntry) error {
		skipped.add(e)
		if batch = append(batch, e); len(batch) == indexBatch {
			batches <- batch
			batch = make([]trees.IndexEntry, 0, indexBatch)
		}
		return l.Count(e.Path)
	})
	if err != nil {
		stop()
	}
	batches <- batch
	close(batches)
	if walkErr := <-walked; err == nil {
		err = walkErr
	}
	if err == nil && m.untracked {
		err = m.addUntracked(ctx, &trees.Limits{Of: "the work tree", Entries: l.Entries, Bytes: l.Bytes})
	}
	if err != nil {
		return nil, fmt.Errorf("list the work tree: %w", err)
	}
	if w == nil {
		t.skipped.set(skipped)
	}
	m.sort()
	return &m.listing, nil
}

// addUntracked adds what git lists as untracked and not ignored.
func (m *merge) addUntracked(ctx context.Context, l *trees.Limits) error {
	return m.t.r.Runner().Stream(ctx, func(r io.Reader) error {
		return git.EachRecord(r, func(record string) error {
			// Another repository is listed as a folder, with a slash at its end.
			m.names = append(m.names, listed{name: strings.TrimSuffix(record, "/")})
			return l.Count(record)
		})
	}, "ls-files", append([]string{"-z", "--others", "--exclude-standard", "--"}, m.within.Pathspecs()...)...)
}

// sort puts the names in order, each once: what is known of a path that was listed
// twice is known of it.
func (m *merge) sort() {
	compare := func(a, b listed) int { return strings.Compare(a.name, b.name) }
	if !slices.IsSortedFunc(m.names, compare) {
		slices.SortFunc(m.names, compare)
	}
	last := 0
	for i := range m.names {
		switch at, kept := m.names[i], &m.names[last]; {
		case i == 0:
		case at.name == kept.name:
			kept.seen, kept.tracked = kept.seen || at.seen, kept.tracked || at.tracked
		default:
			last++
			m.names[last] = at
		}
	}
	m.names = m.names[:min(last+1, len(m.names))]
}

// walk merges the index with the disk.
func (m *merge) walk(ctx context.Context, batches <-chan []trees.IndexEntry) error {
	m.ctx = ctx
	root := folder{}
	if slices.Contains(m.folders, ".") {
		root.state = inside
	}
	if err := m.enter(root, true, outside); err != nil {
		return err
	}
	for batch := range batches {
		for _, e := range batch {
			if e.Mode == "160000" {
				m.links[e.Path] = e.OID
			}
			if e.Path == m.last {
				continue // an unmerged path is listed up to three times
			}
			m.last = e.Path
			seen, err := m.upTo(e.Path, false)
			if err != nil {
				return err
			}
			m.names = append(m.names, listed{e.Path, seen, true})
		}
	}
	_, err := m.upTo("", true)
	return err
}

// upTo passes what is on the disk before a path of the index, or all that is left,
// and reports whether the path is there.
func (m *merge) upTo(path string, all bool) (bool, error) {
	for len(m.stack) > 0 {
		at := &m.stack[len(m.stack)-1]
		if len(at.names) == 0 {
			m.stack = m.stack[:len(m.stack)-1]
			continue
		}
		name := at.names[0]
		order := -1
		if !all {
			order = compareJoined(at.dir, name, path)
		}
		if order > 0 {
			return false, nil
		}
		at.names = at.names[1:]
		if order == 0 {
			return true, nil
		}
		if err := m.before(*at, name, path); err != nil {
			return false, err
		}
	}
	return false, nil
}

// compareJoined compares dir+name with a path.
func compareJoined(dir, name, path string) int {
	if len(path) < len(dir) || path[:len(dir)] != dir {
		return strings.Compare(dir, path)
	}
	return strings.Compare(name, path[len(dir):])
}

// before handles a name that comes before a path of the index: a folder, perhaps one that the
// path is in, or a name that the index does not have.
func (m *merge) before(in folder, name, path string) error {
	full := in.dir + name
	if !strings.HasSuffix(name, "/") {
		if !m.within.Holds(full) {
			return nil
		}
		return m.add(in.state, full)
	}
	dir := full[:len(full)-1]
	if !m.within.Leads(dir) {
		return nil
	}
	tracked := strings.HasPrefix(path, full)
	next := folder{dir: full, state: in.state}
	if in.state == outside && slices.Contains(m.folders, dir) {
		next.state = inside
	}
	if tracked || next.state == inside || next.state == outside && m.leads(full) {
		return m.enter(next, tracked, in.state)
	}
	m.untracked = m.untracked || m.links[dir] == ""
	return nil
}

// leads reports whether a folder that is included is in this one.
func (m *merge) leads(dir string) bool {
	return slices.ContainsFunc(m.folders, func(folder string) bool { return strings.HasPrefix(folder, dir) })
}

// add adds a name that the index does not have, where it is included. Otherwise git
// knows whether it is ignored.
func (m *merge) add(state inclusionState, name string) error {
	if state != inside || !m.t.also.keep(name) {
		m.untracked = true
		return nil
	}
	m.names = append(m.names, listed{name: name, seen: true})
	return m.included.Count(name)
}

// enter begins to read a folder, whose own folder has the state above. An included
// folder that cannot be read is an error; of another one, each path that the index
// has is looked up.
func (m *merge) enter(f folder, tracked bool, above inclusionState) error {
	if err := m.ctx.Err(); err != nil {
		return err
	}
	dir, limit := strings.TrimSuffix(f.dir, "/"), trees.MaxEntries
	if f.state == inside {
		limit = math.MaxInt // what is not kept of it counts for nothing
	}
	names, git, err := m.t.r.top.list(cmp.Or(dir, "."), limit)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil // removed meanwhile
	case err != nil && f.state == inside:
		return fmt.Errorf("list %q: %w", cmp.Or(dir, "."), err)
	case err != nil:
		m.untracked = true
		return nil
	}
	if git && dir != "" && f.state == inside {
		// Another repository is one name, or none where it is what was to be included.
		if err := m.addRepository(dir, above); err != nil || !tracked {
			return err
		}
		f.state = foreign
	}
	slices.Sort(names)
	f.names = names
	m.stack = append(m.stack, f)
	return nil
}

func (m *merge) addRepository(dir string, above inclusionState) error {
	if m.links[dir] != "" && !m.t.also.keep(dir) {
		return nil // git lists nothing of a submodule
	}
	return m.add(above, dir)
}
