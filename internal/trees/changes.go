package trees

import (
	"context"
	"fmt"
	"iter"
	"strings"
)

// A Status says how a path changed. The zero Status means no change.
type Status uint8

// The statuses. A rename is one Removed and one Added: nothing is guessed.
const (
	Unchanged Status = iota
	Added
	Modified
	Removed
)

var statusNames = [...]string{Unchanged: "unchanged", Added: "added", Modified: "modified", Removed: "removed"}

// String is the status's name in a fact.
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return fmt.Sprintf("status %d", uint8(s))
}

// A Delta is one changed path; the Entry of a side without the path is zero.
type Delta struct {
	Path   string
	Status Status
	Base   Entry
	Head   Entry
}

// Changes yields the paths, in bytewise order, that differ between two trees in
// kind, mode or bytes, one by one: a change may have two million of them. An error
// ends the sequence. only selects paths (nil: all) before any byte is read. Bytes are
// compared by object id; for a file of the work tree it is computed over the bytes on the
// disk: a file that a filter or a line-ending conversion changed at checkout is modified.
//
// Of two commits that are read on demand, folders with the same id are not read.
func (r *Reader) Changes(ctx context.Context, base, head Tree, only func(path string) bool) iter.Seq2[Delta, error] {
	return r.ChangesWithin(ctx, base, head, nil, only)
}

// ChangesWithin is Changes at some paths of the trees: no other folder is read or listed.
func (r *Reader) ChangesWithin(ctx context.Context, base, head Tree, w Within, only func(path string) bool) iter.Seq2[Delta, error] {
	return func(yield func(Delta, error) bool) {
		for d, err := range pairs(ctx, base, head, w, only) {
			if err == nil && d.Status == Modified {
				same, failed := r.same(ctx, base, head, d)
				if failed != nil {
					err = fmt.Errorf("compare %q: %w", d.Path, failed)
				} else if same {
					continue
				}
			}
			if !yield(d, err) || err != nil {
				return
			}
		}
	}
}

// entriesOf returns a tree's entries at the selected paths.
func entriesOf(ctx context.Context, t Tree, w Within, only func(path string) bool) iter.Seq2[Entry, error] {
	if w == nil && only == nil {
		return t.Entries(ctx)
	}
	switch t := t.(type) {
	case selective:
		return t.EntriesAt(ctx, w, only)
	case *lazyTree:
		if w != nil {
			return filter(EntriesWithin(ctx, t, w), nil, only)
		}
	}
	return filter(t.Entries(ctx), w, only)
}

// A selective tree lists only what matters of it.
type selective interface {
	EntriesAt(ctx context.Context, w Within, only func(path string) bool) iter.Seq2[Entry, error]
}

// filter are the entries at the paths that matter.
func filter(all iter.Seq2[Entry, error], w Within, only func(path string) bool) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for e, err := range all {
			if (err != nil || w.Holds(e.Path) && (only == nil || only(e.Path))) && !yield(e, err) {
				return
			}
		}
	}
}

// pairs yields every path of two trees that matters, with what each has there. Of two
// commits it leaves out the paths at which both have the same object and mode.
func pairs(ctx context.Context, base, head Tree, w Within, only func(path string) bool) iter.Seq2[Delta, error] {
	from, isCommit := base.(*commitTree)
	if to, both := head.(*commitTree); both && isCommit {
		return commitPairs(ctx, from, to, w, only)
	}
	lazyBase, isLazy := lazily(base)
	if lazyHead, both := lazily(head); both && isLazy {
		return lazyPairs(ctx, lazyBase, lazyHead, w, only)
	}
	return func(yield func(Delta, error) bool) {
		nextBase, stopBase := iter.Pull2(entriesOf(ctx, base, w, only))
		defer stopBase()
		nextHead, stopHead := iter.Pull2(entriesOf(ctx, head, w, only))
		defer stopHead()
		b, h := side{next: nextBase}, side{next: nextHead}
		b.advance()
		h.advance()
		for b.ok || h.ok {
			switch {
			case b.err != nil:
				yield(Delta{}, fmt.Errorf("list base: %w", b.err))
				return
			case h.err != nil:
				yield(Delta{}, fmt.Errorf("list head: %w", h.err))
				return
			}
			if !yield(pair(&b, &h), nil) {
				return
			}
		}
	}
}

// commitPairs is pairs for two commits: their listings are in memory, and no goroutine
// has to hand over one entry after the other.
func commitPairs(ctx context.Context, base, head *commitTree, w Within, only func(path string) bool) iter.Seq2[Delta, error] {
	return func(yield func(Delta, error) bool) {
		from, to := &base.files, &head.files
		for b, h := 0, 0; b < from.len() || h < to.len(); {
			if err := ctx.Err(); err != nil {
				yield(Delta{}, fmt.Errorf("list base: %w", err))
				return
			}
			var d Delta
			switch order := comparePaths(from, b, to, h); {
			case order < 0:
				d = Delta{Path: from.path(b), Status: Removed, Base: from.at(b)}
				b++
			case order > 0:
				d = Delta{Path: to.path(h), Status: Added, Head: to.at(h)}
				h++
			default:
				d = Delta{Path: from.path(b), Status: Modified, Base: from.at(b), Head: to.at(h)}
				b++
				h++
			}
			if d.Base == d.Head || !w.Holds(d.Path) || only != nil && !only(d.Path) {
				continue
			}
			if !yield(d, nil) {
				return
			}
		}
	}
}

// comparePaths compares where two listings are; the end comes after every path.
func comparePaths(a *column, i int, b *column, j int) int {
	switch {
	case j == b.len():
		return -1
	case i == a.len():
		return 1
	}
	return strings.Compare(a.path(i), b.path(j))
}

// A side is one of two ordered lists on their way through a merge.
type side struct {
	next func() (Entry, error, bool)
	at   Entry
	err  error
	ok   bool
}

func (s *side) advance() { s.at, s.err, s.ok = s.next() }

// pair takes the first path of either side. Modified means only that both have it.
func pair(b, h *side) Delta {
	order := 0
	switch {
	case !h.ok:
		order = -1
	case !b.ok:
		order = 1
	default:
		order = strings.Compare(b.at.Path, h.at.Path)
	}
	var d Delta
	switch {
	case order < 0:
		d = Delta{Path: b.at.Path, Status: Removed, Base: b.at}
		b.advance()
	case order > 0:
		d = Delta{Path: h.at.Path, Status: Added, Head: h.at}
		h.advance()
	default:
		d = Delta{Path: b.at.Path, Status: Modified, Base: b.at, Head: h.at}
		b.advance()
		h.advance()
	}
	return d
}

// same compares two entries, the cheapest difference first.
func (r *Reader) same(ctx context.Context, base, head Tree, d Delta) (bool, error) {
	b, h := d.Base, d.Head
	switch {
	case b.Kind != h.Kind || b.Mode != h.Mode:
		return false, nil
	case b.Size >= 0 && h.Size >= 0 && b.Size != h.Size:
		return false, nil
	}
	from, ok, err := r.ObjectID(ctx, base, b)
	if err != nil || !ok {
		return false, err
	}
	to, ok, err := r.ObjectID(ctx, head, h)
	if err != nil || !ok {
		return false, err
	}
	return from == to, nil
}

// ObjectID returns the id that Git has, or would have, for an entry; ok is false without one:
// the entry equals nothing then.
func (r *Reader) ObjectID(ctx context.Context, t Tree, e Entry) (id string, ok bool, err error) {
	if e.OID != "" {
		return e.OID, true, nil
	}
	if w, is := t.(interface {
		ObjectID(context.Context, Entry) (string, bool, error)
	}); is {
		return w.ObjectID(ctx, e)
	}
	return "", false, nil
}
