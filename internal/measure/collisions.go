package measure

import (
	"context"
	"hash/maphash"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/audit"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/namefold"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/script"
)

// maxCollisions bounds the collisions that are listed; more are counted. A person
// who renames a thousand files sees the rest in the next run.
const maxCollisions = 1000

// measureCollisions finds names that some systems treat as equal: of files and of folders, in
// the tree and in the ledger. Two folders that collide are one finding,
// whatever is in them. Where a change is judged, it has to bring one of the two;
// otherwise one of them has to matter: as an artifact or a companion, a file of the
// gate, or a folder with one of these in it.
func (c *Collector) measureCollisions(ctx context.Context, r *facts.Repository) error {
	r.Collisions = []facts.Collision{}
	add := func(name, other string) {
		if len(r.Collisions) == maxCollisions {
			r.MoreCollisions++
			return
		}
		r.Collisions = append(r.Collisions, facts.Collision{Path: document.Printable(name), Other: document.Printable(other), Kind: collisionKind(name, other)})
	}
	if c.o.Scope == facts.Paths || c.o.Scope == facts.Changed && c.o.InObjects() {
		if may, err := c.mayBring(ctx); err != nil || !may {
			return err
		}
	}
	every, err := c.EveryName()
	if err != nil {
		return err
	}
	unlisted := c.onlyListed(every)
	if may, err := c.mayCollide(ctx, every, unlisted); err != nil || !may {
		return err
	}
	names := slices.Concat(every, unlisted)
	slices.Sort(names)
	n := nodes{names: names, seed: maphash.MakeSeed(), first: make(map[uint64]node, len(names))}
	matter := matters{c: c, ctx: ctx, names: every}
	n.walk(func(name, other string, folder bool) {
		switch {
		case path.Dir(name) != path.Dir(other): // their folders collide already
		case folder:
			if matter.folders(name, other) {
				add(name, other)
			}
		case !n.followsOwner(name) && matter.files(name, other):
			add(name, other)
		}
	})
	for _, folder := range c.o.Config.IncludeFolders() {
		other, ok := n.find(folder)
		if !ok || other == folder {
			continue
		}
		// No such folder: what stands there under another name is taken for it.
		if _, there, err := c.o.Head.Lookup(ctx, artifact.Path(folder)); err != nil {
			return err
		} else if !there && (c.o.Scope != facts.Changed || matter.isChanged(other)) {
			add(other, folder)
		}
	}
	return nil
}

func collisionKind(name, other string) facts.CollisionKind {
	switch {
	case norm.NFC.String(name) == norm.NFC.String(other):
		return "unicode"
	case namefold.SameButCase(name, other):
		return "case"
	}
	return "ignored"
}

// nodes are the files and folders of a sorted list of paths, by what systems that
// fold names take them for. A million of them take 25 MB.
type nodes struct {
	names []string
	seed  maphash.Seed
	first map[uint64]node
}

// A node is a path, as the first bytes of one of the names.
type node struct{ name, length uint32 }

// walk calls collide for each path that folds to what an earlier one folds to and is
// not the same; folder says that one of the two is a folder.
func (n *nodes) walk(collide func(name, other string, folder bool)) {
	before := ""
	for i, name := range n.names {
		hash := uint64(0)
		for start := 0; start < len(name); {
			end := len(name)
			if slash := strings.IndexByte(name[start:], '/'); slash >= 0 {
				end = start + slash
			}
			hash = n.extend(hash, name[start:end])
			start = end + 1
			if end < len(name) && strings.HasPrefix(before, name[:end+1]) {
				continue // a folder that was met with the name before
			}
			first, met := n.first[hash]
			if !met {
				n.first[hash] = node{uint32(i), uint32(end)}
				continue
			}
			other := n.path(first)
			if other != name[:end] && namefold.Fold(other) == namefold.Fold(name[:end]) {
				collide(name[:end], other, end < len(name) || len(other) < len(n.names[first.name]))
			}
		}
		before = name
	}
}

func (n *nodes) path(at node) string { return n.names[at.name][:at.length] }

// extend is the hash of a path from that of its folder.
func (n *nodes) extend(folder uint64, part string) uint64 {
	return folder*0x9e3779b97f4a7c15 + maphash.String(n.seed, namefold.Fold(part)) + 1
}

// find is the first path that folds to what this one folds to.
func (n *nodes) find(name string) (string, bool) {
	hash := uint64(0)
	for part := range strings.SplitSeq(name, "/") {
		hash = n.extend(hash, part)
	}
	first, ok := n.first[hash]
	if !ok || namefold.Fold(n.path(first)) != namefold.Fold(name) {
		return "", false
	}
	return n.path(first), true
}

// followsOwner reports whether a name is a companion's whose artifact collides
// already: that one is reported, and the companions go with it.
func (n *nodes) followsOwner(name string) bool {
	for _, owner := range artifact.Path(name).Owners() {
		if other, met := n.find(owner.String()); met && other != owner.String() {
			return true
		}
	}
	return false
}

// matters knows which names a collision is reported for. What it knows of folders is
// found out when two collide, which is rare.
type matters struct {
	c       *Collector
	ctx     context.Context
	names   []string        // all of the head
	folder  map[string]bool // with something in it that matters
	changed map[string]bool // with something in it that differs
}

func (m *matters) files(name, other string) bool {
	if m.c.guards(name) || m.c.guards(other) {
		return m.c.o.Scope != facts.Changed || m.differs(name) || m.differs(other)
	}
	return m.c.o.Scope == facts.Changed && (m.compared(name) || m.compared(other))
}

// compared reports whether a file differs that was compared with the base. In a work
// tree these are only those that concern an artifact.
func (m *matters) compared(name string) bool {
	_, changed := m.c.Changes.Status(name)
	return changed || m.c.EntriesDiffer(artifact.Path(name))
}

// differs reports whether a file was compared and differs, or is not in the base.
func (m *matters) differs(name string) bool {
	if m.compared(name) {
		return true
	}
	_, there, err := m.c.o.Base.Lookup(m.ctx, artifact.Path(name))
	return err != nil || !there
}

func (m *matters) folders(name, other string) bool {
	if m.folder == nil {
		m.collect()
	}
	if !m.folder[name] && !m.folder[other] && !m.c.guards(name) && !m.c.guards(other) {
		return false
	}
	return m.c.o.Scope != facts.Changed || m.isChanged(name) || m.isChanged(other)
}

// isChanged reports whether a file, or something in a folder, differs.
func (m *matters) isChanged(name string) bool {
	if m.folder == nil {
		m.collect()
	}
	return m.changed[name] || m.differs(name)
}

func (m *matters) collect() {
	m.folder, m.changed = map[string]bool{}, map[string]bool{}
	mark := func(set map[string]bool, dir string) {
		for ; dir != "." && dir != "/" && !set[dir]; dir = path.Dir(dir) {
			set[dir] = true
		}
	}
	for _, folder := range m.c.o.Config.IncludeFolders() {
		mark(m.folder, folder)
	}
	for _, name := range m.names {
		if m.c.guards(name) {
			mark(m.folder, path.Dir(name))
		}
	}
	for _, b := range m.c.Ledgers() {
		for p := range b.Paths() {
			mark(m.folder, p.Dir())
			if m.differs(p.String()) {
				mark(m.changed, p.Dir())
			}
		}
	}
	for name, status := range m.c.Changes.All() {
		if status != repo.Removed {
			mark(m.changed, path.Dir(name))
		}
	}
}

// guards reports whether a name is one that something relies on: an artifact's or a
// companion's, or one of the gate's own files.
func (c *Collector) guards(name string) bool {
	switch artifact.Path(name) {
	case ledger.Path, audit.Path, audit.CheckpointPath, script.IngestPath:
		return true
	}
	return c.Concerns(name)
}
