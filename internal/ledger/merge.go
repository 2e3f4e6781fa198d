package ledger

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/schemas"
)

// A Merged is the three-way merge of a ledger, path by path.
type Merged struct {
	Conflicts []Conflict // sorted by path
	items     []item     // sorted by path
}

// A Conflict is a path that the two sides changed differently. A side that removed the
// path has no entries.
type Conflict struct {
	Path         string
	Ours, Theirs []Entry
}

// An item is a path of the merged ledger. Without a conflict, ours has the result.
type item struct {
	path         string
	ours, theirs []Entry
	conflict     bool
}

// Merge merges the changes of ours and theirs since base. If only one side changed or
// removed a path, that change is taken; equal changes are one change. If both sides
// attested the same content in the same trust domain, the later verified_at is taken; if
// one side changed the content and the other only renewed it, the changed content is
// taken, with the later time. A side that removed the path wins over one that only renewed
// it. Everything else is a conflict: choosing one of two contents
// or domains would mean trusting it, and a merge must not do that.
func Merge(base, ours, theirs *Ledger) Merged {
	b, o, t := byPath(base), byPath(ours), byPath(theirs)
	paths := map[string]bool{}
	for _, side := range []map[string][]Entry{b, o, t} {
		for path := range side {
			paths[path] = true
		}
	}
	var m Merged
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		entries, ok := mergeEntries(b[path], o[path], t[path])
		it := item{path: path, ours: entries, theirs: entries}
		if !ok {
			it = item{path: path, ours: o[path], theirs: t[path], conflict: true}
			m.Conflicts = append(m.Conflicts, Conflict{Path: path, Ours: o[path], Theirs: t[path]})
		}
		m.items = append(m.items, it)
	}
	return m
}

// byPath returns the entries of a ledger by path, in the order of the file.
func byPath(l *Ledger) map[string][]Entry {
	entries := make(map[string][]Entry, len(l.Artifacts))
	for _, e := range l.Artifacts {
		e.DriftTolerance = schemas.Number(tolerance(e.DriftTolerance))
		entries[e.Path] = append(entries[e.Path], e)
	}
	return entries
}

func mergeEntries(base, ours, theirs []Entry) (merged []Entry, ok bool) {
	switch {
	case same(ours, theirs), same(theirs, base):
		return ours, true
	case same(ours, base):
		return theirs, true
	case len(ours) == 0 && onlyRenewed(base, theirs), len(theirs) == 0 && onlyRenewed(base, ours):
		return nil, true
	case len(ours) != 1 || len(theirs) != 1:
		return nil, false
	}
	o, t := ours[0], theirs[0]
	if o.SHA256 == t.SHA256 && (o.Inputs == "" || t.Inputs == "") { // one side was written before entries said it
		o.Inputs = cmp.Or(o.Inputs, t.Inputs)
		t.Inputs = o.Inputs
	}
	later := max(o.VerifiedAt, t.VerifiedAt) // one format, in UTC: bytes sort as times do
	o.VerifiedAt, t.VerifiedAt = later, later
	if same([]Entry{o}, []Entry{t}) {
		return []Entry{o}, true
	}
	if len(base) != 1 {
		return nil, false
	}
	b := base[0]
	b.VerifiedAt = later
	switch {
	case same([]Entry{o}, []Entry{b}) && otherContent(t, b):
		return []Entry{t}, true
	case same([]Entry{t}, []Entry{b}) && otherContent(o, b):
		return []Entry{o}, true
	}
	return nil, false
}

// onlyRenewed reports whether a side has the one entry of the base, with another time.
func onlyRenewed(base, side []Entry) bool {
	if len(base) != 1 || len(side) != 1 {
		return false
	}
	b := base[0]
	b.VerifiedAt = side[0].VerifiedAt
	return same([]Entry{b}, side)
}

// otherContent reports whether two entries differ only in their content.
func otherContent(a, b Entry) bool {
	b.SHA256 = a.SHA256
	return same([]Entry{a}, []Entry{b})
}

// MergeWithoutBase is Merge for an unknown base: a path that only one side has is a
// conflict too.
func MergeWithoutBase(ours, theirs *Ledger) Merged {
	m := Merge(&Ledger{}, ours, theirs)
	oursAt, theirsAt := byPath(ours), byPath(theirs)
	for i, it := range m.items {
		o, t := oursAt[it.path], theirsAt[it.path]
		if it.conflict || len(o) > 0 && len(t) > 0 {
			continue
		}
		m.items[i] = item{path: it.path, ours: o, theirs: t, conflict: true}
		m.Conflicts = append(m.Conflicts, Conflict{Path: it.path, Ours: o, Theirs: t})
	}
	slices.SortFunc(m.Conflicts, func(a, b Conflict) int { return strings.Compare(a.Path, b.Path) })
	return m
}

// Resolve calls choose for each conflict, which returns the entries to keep, or sure false
// to keep the conflict.
func (m Merged) Resolve(choose func(Conflict) (entries []Entry, sure bool)) Merged {
	left := Merged{items: slices.Clone(m.items)}
	for _, c := range m.Conflicts {
		entries, sure := choose(c)
		if !sure {
			left.Conflicts = append(left.Conflicts, c)
			continue
		}
		i, _ := slices.BinarySearchFunc(left.items, c.Path, func(it item, path string) int { return strings.Compare(it.path, path) })
		left.items[i] = item{path: c.Path, ours: entries, theirs: entries}
	}
	return left
}

// same compares entries by their text, so that a merge and a reader agree.
func same(a, b []Entry) bool {
	return slices.EqualFunc(a, b, func(x, y Entry) bool {
		return bytes.Equal(appendEntry(nil, x), appendEntry(nil, y))
	})
}

// Encode writes the merged ledger in canonical form. A conflict is written between Git's
// markers of markerSize characters; keeping either side gives a valid ledger.
func (m Merged) Encode(markerSize int) []byte {
	if len(m.Conflicts) == 0 {
		var l Ledger
		for _, it := range m.items {
			l.Artifacts = append(l.Artifacts, it.ours...)
		}
		return l.Encode()
	}
	lastOurs, lastTheirs := m.last(func(it item) []Entry { return it.ours }), m.last(func(it item) []Entry { return it.theirs })
	out := []byte(head)
	for i, it := range m.items {
		ours, theirs := lines(it.ours, i < lastOurs), lines(it.theirs, i < lastTheirs)
		if bytes.Equal(ours, theirs) {
			out = append(out, ours...)
			continue
		}
		// Equal entries are written as a conflict too if only one side has entries
		// after them, because they differ in the comma.
		for _, part := range []struct {
			marker, label string
			text          []byte
		}{{"<", " ours", ours}, {"=", "", theirs}, {">", " theirs", nil}} {
			out = append(out, strings.Repeat(part.marker, markerSize)+part.label+"\n"...)
			out = append(out, part.text...)
		}
	}
	return append(out, tail...)
}

// last returns the index of the last item with entries on a side.
func (m Merged) last(side func(item) []Entry) int {
	for i, it := range slices.Backward(m.items) {
		if len(side(it)) > 0 {
			return i
		}
	}
	return -1
}

// lines formats entries as whole lines; more means that other entries follow.
func lines(entries []Entry, more bool) []byte {
	var out []byte
	for i, e := range entries {
		out = appendEntry(out, e)
		if more || i < len(entries)-1 {
			out = append(out, ',')
		}
		out = append(out, '\n')
	}
	return out
}
