package ledger

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/schemas"
)

// A Merged ledger is what two sides made of one base, path by path.
type Merged struct {
	Conflicts []Conflict // sorted by path
	items     []item     // sorted by path
}

// A Conflict is a path that the two sides want different things of. A side
// that removed it has no entries.
type Conflict struct {
	Path         string
	Ours, Theirs []Entry
}

// An item is a path in the merged ledger: what both sides end up with is ours.
type item struct {
	path         string
	ours, theirs []Entry
	conflict     bool
}

// Merge joins what ours and theirs changed since base. A path that one side left
// alone is the other's to change or to remove; the same change on both sides is
// one. One content that both attested in one trust domain was last verified at
// the later time; where one side changed the content and the other only renewed what
// was there, the change stays, with that time. Anything else is a conflict: to choose
// between two contents, or two domains, is to trust one of them, and no merge can do
// that.
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

// byPath are the entries of a ledger as they are written.
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
	case len(ours) != 1 || len(theirs) != 1:
		return nil, false
	}
	o, t := ours[0], theirs[0]
	later := max(o.VerifiedAt, t.VerifiedAt) // one form, UTC: the order of the bytes is that of time
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

// otherContent reports whether the two entries differ in their content and in nothing else.
func otherContent(a, b Entry) bool {
	b.SHA256 = a.SHA256
	return same([]Entry{a}, []Entry{b})
}

// MergeWithoutBase is Merge where nobody knows any more what the sides began with: a
// path that one side has and the other has not is a conflict too.
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

// Resolve has choose decide the conflicts, each with the entries that are to stand;
// those about which it is not sure stay.
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

// same compares entries as they are written, so that a merge and a reader agree.
func same(a, b []Entry) bool {
	return slices.EqualFunc(a, b, func(x, y Entry) bool {
		return bytes.Equal(appendEntry(nil, x), appendEntry(nil, y))
	})
}

// Encode writes the merged ledger as a file, canonically. Around the entries of
// a conflict stand Git's markers, of that many characters; whichever side is kept
// there, a ledger is left.
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
		// One that both sides have comes here too, where just one side follows it
		// with something: the comma is what they differ in.
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

// last is the last item that has entries on a side.
func (m Merged) last(side func(item) []Entry) int {
	for i, it := range slices.Backward(m.items) {
		if len(side(it)) > 0 {
			return i
		}
	}
	return -1
}

// lines are entries as whole lines; more says that others follow them.
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
