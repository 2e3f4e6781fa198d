package renewals

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/concurrent"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// fetched is the ref that names what a remote's ref named when it was read.
const fetched = "refs/codexlock/fetched"

// maxTries bounds how often a write begins again because somebody else was first. Each time
// one of them was done, so this many can write at once.
const maxTries = 10

// A Writer writes records to the ref of a repository and, where there is a remote, to the
// remote's.
type Writer struct {
	Repository *repo.Repository
	Remote     *git.Remote // nil: the local ref only
	Now        time.Time   // of the commit, and when a record is over
	// Standing says what a record's proof is worth. It is asked once for each record, by
	// several goroutines at once.
	Standing func(vaulttime.Record) Standing

	known map[string]Standing // by the id of the record's blob
}

// A Standing is what a record's proof is worth, in order: of two records of an artifact the one
// that is worth more stays.
type Standing int

// The standings.
const (
	Refused  Standing = iota // the proof does not hold, or its key was revoked
	Retiring                 // it holds, and its key is retiring: the record does not count any more
	Unknown                  // there is no key to check it with
	Proved                   // it holds
)

// Written is what became of a write.
type Written struct {
	Commit  git.Commit // that the ref names now; "" for none
	Changed bool       // the ref was written
	Pushed  bool       // the remote's was
	Records int        // how many it holds
	Dropped []Ignored  // what was in the ref and is not any more, but for what change removed
}

// Sync makes the local ref hold what the remote's holds, with the later ones of its own. It
// pushes nothing. Without a remote it does nothing.
func (w *Writer) Sync(ctx context.Context) error {
	if w.Remote == nil {
		return nil
	}
	_, err := w.write(ctx, func(map[artifact.Path]Entry) {}, false)
	return err
}

// Write changes the records in the ref. Records that are over, or whose proof does not
// hold, are dropped from it. Where somebody else writes at the same time, the later record
// of each artifact stays, and change is called again on what is there then. After some
// tries, the error is a *repo.RefMovedError.
func (w *Writer) Write(ctx context.Context, change func(map[artifact.Path]Entry)) (Written, error) {
	return w.write(ctx, change, w.Remote != nil)
}

func (w *Writer) write(ctx context.Context, change func(map[artifact.Path]Entry), push bool) (done Written, err error) {
	for range maxTries {
		done, err = w.try(ctx, change, push)
		var moved *git.RefMovedError
		if !errors.As(err, &moved) || ctx.Err() != nil {
			return done, err
		}
	}
	return done, fmt.Errorf("%d tries: %w", maxTries, err)
}

// try writes once.
func (w *Writer) try(ctx context.Context, change func(map[artifact.Path]Entry), push bool) (Written, error) {
	theirs, err := w.remote(ctx)
	if err != nil {
		return Written{}, err
	}
	ours, err := w.read(ctx, Ref)
	if err != nil {
		return Written{}, err
	}
	all := w.merge(theirs.records, ours.records)
	change(all)
	done := Written{Commit: ours.commit, Records: len(all), Dropped: append(theirs.ignored, ours.ignored...)}
	switch {
	case len(all) == 0 && theirs.commit == "" && ours.commit == "":
		return done, nil
	case theirs.holds(all):
		// What the remote has is what is wanted; a ref of its own is not needed for that.
		if theirs.commit != ours.commit {
			done.Commit, done.Changed = theirs.commit, true
			err = w.Repository.MoveRef(ctx, Ref, ours.commit, theirs.commit)
		}
		return done, err
	case !ours.holds(all):
		done.Changed = true
		if done.Commit, err = w.Repository.SetRef(ctx, Ref, ours.commit, files(all), "VaultTime records\n", w.Now); err != nil {
			return done, err
		}
	}
	if push {
		err = w.Remote.Push(ctx, Ref, theirs.commit, done.Commit)
		done.Pushed = err == nil
	}
	return done, err
}

// A side is what one of two refs holds.
type side struct {
	commit  git.Commit
	records map[artifact.Path]Entry
	ignored []Ignored
}

// holds reports whether a ref holds records and nothing else.
func (s side) holds(all map[artifact.Path]Entry) bool {
	return s.commit != "" && len(s.ignored) == 0 && maps.EqualFunc(s.records, all, func(a, b Entry) bool { return a.OID != "" && a.OID == b.OID })
}

// remote reads what the remote's ref holds, of which the local ref fetched keeps a copy.
func (w *Writer) remote(ctx context.Context) (side, error) {
	if w.Remote == nil {
		return side{}, nil
	}
	_, at, err := w.Remote.Refs(ctx, Ref)
	if err != nil || at == "" {
		return side{}, err
	}
	if known, _, err := w.Repository.Ref(ctx, fetched); err != nil || known != at {
		if err := w.Remote.Fetch(ctx, Ref, fetched); err != nil {
			return side{}, err
		}
	}
	return w.read(ctx, fetched)
}

// read reads what a local ref holds.
func (w *Writer) read(ctx context.Context, ref string) (side, error) {
	store, err := open(ctx, w.Repository, ref, true)
	if err != nil {
		return side{}, err
	}
	s := side{commit: store.commit}
	if s.records, s.ignored, err = store.All(ctx); store.reason != "" {
		s.ignored = append(s.ignored, Ignored{Ref, store.reason})
	}
	return s, err
}

// merge takes the better record of each artifact. What is over does not come back.
func (w *Writer) merge(sides ...map[artifact.Path]Entry) map[artifact.Path]Entry {
	w.judge(sides)
	merged := map[artifact.Path]Entry{}
	for _, records := range sides {
		for p, e := range records {
			if stands, ok := merged[p]; ok && (stands.OID == e.OID || !w.Better(e, stands)) {
				continue
			}
			if w.lasts(e) {
				merged[p] = e
			}
		}
	}
	return merged
}

// judge finds out what the records are worth that are not over, on all cores: a proof takes
// a thirtieth of a millisecond.
func (w *Writer) judge(sides []map[artifact.Path]Entry) {
	asked := map[string]vaulttime.Record{}
	for _, records := range sides {
		for _, e := range records {
			if _, known := w.known[e.OID]; !known && e.OID != "" && e.Record.TimeState(w.Now) != vaulttime.Expired {
				asked[e.OID] = e.Record
			}
		}
	}
	if w.known == nil {
		w.known = map[string]Standing{}
	}
	ids := slices.Collect(maps.Keys(asked))
	found := make([]Standing, len(ids))
	_ = concurrent.Each(len(ids), func(i int) error {
		found[i] = w.Standing(asked[ids[i]])
		return nil
	})
	for i, id := range ids {
		w.known[id] = found[i]
	}
}

// lasts reports whether a record may still count, as far as this run can tell, or shows until
// when one of a retiring key was renewed.
func (w *Writer) lasts(e Entry) bool {
	return e.Record.TimeState(w.Now) != vaulttime.Expired && w.standing(e) != Refused
}

// standing is what a record's proof is worth.
func (w *Writer) standing(e Entry) Standing {
	if s, known := w.known[e.OID]; known && e.OID != "" {
		return s
	}
	if e.Made != nil {
		return *e.Made
	}
	s := w.Standing(e.Record)
	if w.known == nil {
		w.known = map[string]Standing{}
	}
	if e.OID != "" {
		w.known[e.OID] = s
	}
	return s
}

// Better reports whether a record replaces another one: one whose proof is worth more does,
// then the one of the later attestation, then the later one. The attestation comes before the
// time: a record of earlier content may have been renewed in the same second, or by a machine
// whose clock is ahead.
func (w *Writer) Better(e, than Entry) bool {
	if s, other := w.standing(e), w.standing(than); s != other {
		return s > other
	}
	if at, other := e.Record.ApprovedAt(), than.Record.ApprovedAt(); !at.Equal(other.Time) {
		return at.After(other.Time)
	}
	return e.Record.Timestamp.After(than.Record.Timestamp.Time)
}

// files are the files of a tree that holds the records.
func files(all map[artifact.Path]Entry) []git.Written {
	out := make([]git.Written, 0, len(all))
	for _, p := range slices.Sorted(maps.Keys(all)) {
		e := all[p]
		out = append(out, git.Written{Path: p.Companion(artifact.VaultTime).String(), OID: e.OID, Data: e.Text})
	}
	return out
}
