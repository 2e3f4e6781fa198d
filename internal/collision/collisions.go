// Package collision finds names in a change set that some file system treats as equal. It reads
// names only.
package collision

import (
	"context"
	"hash/maphash"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/audit"
	"github.com/codexlock/codexlock/internal/changeset"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/namefold"
	"github.com/codexlock/codexlock/internal/script/artifacttest"
	"github.com/codexlock/codexlock/internal/trees"
)

// maxCollisions is the largest number of listed collisions; more are counted. A person who
// renames a thousand files sees the rest in the next run.
const maxCollisions = 1000

// Find finds names that some systems treat as equal: of files and of folders, in the tree and in
// the ledger. Two folders that collide are one finding, whatever is in them. If a change is
// judged, it has to bring one of the two names; otherwise one of them has to matter: as an
// artifact or a companion, a file of the gate, or a folder with one of these in it. more is the
// number of collisions that are not listed.
func Find(ctx context.Context, set *changeset.Set) (found []facts.Collision, more int, err error) {
	found = []facts.Collision{}
	add := func(name, other string) {
		if len(found) == maxCollisions {
			more++
			return
		}
		found = append(found, facts.Collision{Path: document.Printable(name), Other: document.Printable(other), Kind: collisionKind(name, other)})
	}
	if set.Scope == facts.Paths || set.Scope == facts.Changed && set.InObjects() {
		if may, err := mayBring(ctx, set); err != nil || !may {
			return found, 0, err
		}
	}
	every, err := set.EveryName()
	if err != nil {
		return nil, 0, err
	}
	unlisted := onlyListed(set, every)
	if may, err := mayCollide(ctx, set, every, unlisted); err != nil || !may {
		return found, 0, err
	}
	names := slices.Concat(every, unlisted)
	slices.Sort(names)
	n := nodes{names: names, seed: maphash.MakeSeed(), first: make(map[uint64]node, len(names))}
	matter := matters{set: set, ctx: ctx, names: every}
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
	for _, folder := range set.Config.IncludeFolders() {
		other, ok := n.find(folder)
		if !ok || other == folder {
			continue
		}
		// There is no such folder: another name may be taken for it.
		if _, there, err := set.Head.Lookup(ctx, artifact.Path(folder)); err != nil {
			return nil, 0, err
		} else if !there && (set.Scope != facts.Changed || matter.isChanged(other)) {
			add(other, folder)
		}
	}
	return found, more, nil
}

// collisionKind returns why two names collide.
func collisionKind(name, other string) facts.CollisionKind {
	switch {
	case norm.NFC.String(name) == norm.NFC.String(other):
		return "unicode"
	case namefold.SameButCase(name, other):
		return "case"
	}
	return "ignored"
}

// nodes are the files and folders of a sorted list of paths, by folded form. A million of them
// take 25 MB.
type nodes struct {
	names []string
	seed  maphash.Seed
	first map[uint64]node
}

// A node is a path, as the first bytes of one of the names.
type node struct{ name, length uint32 }

// walk calls collide for each path with the folded form of an earlier, different path; folder
// says that one of the two is a folder.
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
				continue // a folder of the name before
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

// path returns the path of a node.
func (n *nodes) path(at node) string { return n.names[at.name][:at.length] }

// extend returns the hash of a path from that of its folder.
func (n *nodes) extend(folder uint64, part string) uint64 {
	return folder*0x9e3779b97f4a7c15 + maphash.String(n.seed, namefold.Fold(part)) + 1
}

// find returns the first path with the folded form of a name.
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

// followsOwner reports whether a name is that of a companion whose artifact collides too. The
// artifact's collision is reported, and not the companion's.
func (n *nodes) followsOwner(name string) bool {
	for _, owner := range artifact.Path(name).Owners() {
		if other, met := n.find(owner.String()); met && other != owner.String() {
			return true
		}
	}
	return false
}

// matters decides which collisions are reported. It reads about folders only when two collide,
// which is rare.
type matters struct {
	set     *changeset.Set
	ctx     context.Context
	names   []string        // all of the head
	folder  map[string]bool // with something in it that matters
	changed map[string]bool // with something in it that differs
}

// files reports whether a collision of two files is reported.
func (m *matters) files(name, other string) bool {
	if guards(m.set, name) || guards(m.set, other) {
		return m.set.Scope != facts.Changed || m.differs(name) || m.differs(other)
	}
	return m.set.Scope == facts.Changed && (m.compared(name) || m.compared(other))
}

// compared reports whether a file differs that was compared with the base. In a work
// tree these are only those that concern an artifact.
func (m *matters) compared(name string) bool {
	_, changed := m.set.Changes.Status(name)
	return changed || m.set.EntriesDiffer(artifact.Path(name))
}

// differs reports whether a file was compared and differs, or is not in the base.
func (m *matters) differs(name string) bool {
	if m.compared(name) {
		return true
	}
	_, there, err := m.set.Base.Lookup(m.ctx, artifact.Path(name))
	return err != nil || !there
}

// folders reports whether a collision of two folders is reported.
func (m *matters) folders(name, other string) bool {
	if m.folder == nil {
		m.collect()
	}
	if !m.folder[name] && !m.folder[other] && !guards(m.set, name) && !guards(m.set, other) {
		return false
	}
	return m.set.Scope != facts.Changed || m.isChanged(name) || m.isChanged(other)
}

// isChanged reports whether a file, or something in a folder, differs.
func (m *matters) isChanged(name string) bool {
	if m.folder == nil {
		m.collect()
	}
	return m.changed[name] || m.differs(name)
}

// collect collects the folders with something that matters or differs.
func (m *matters) collect() {
	m.folder, m.changed = map[string]bool{}, map[string]bool{}
	mark := func(set map[string]bool, dir string) {
		for ; dir != "." && dir != "/" && !set[dir]; dir = path.Dir(dir) {
			set[dir] = true
		}
	}
	for _, folder := range m.set.Config.IncludeFolders() {
		mark(m.folder, folder)
	}
	for _, name := range m.names {
		if guards(m.set, name) {
			mark(m.folder, path.Dir(name))
		}
	}
	for _, b := range m.set.Ledgers() {
		for p := range b.Paths() {
			mark(m.folder, p.Dir())
			if m.differs(p.String()) {
				mark(m.changed, p.Dir())
			}
		}
	}
	for name, status := range m.set.Changes.All() {
		if status != trees.Removed {
			mark(m.changed, path.Dir(name))
		}
	}
}

// guards reports whether something relies on a name: it is that of an artifact, a companion, or a
// file of the gate.
func guards(set *changeset.Set, name string) bool {
	switch artifact.Path(name) {
	case ledger.Path, audit.Path, audit.CheckpointPath, artifacttest.IngestPath:
		return true
	}
	return set.Concerns(name)
}
