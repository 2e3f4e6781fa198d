// Package renewals reads and writes renewed VaultTime records that are kept off the branch:
// the files of the tree that the ref refs/codexlock/vaulttime names, each at the path of
// its artifact followed by .vaulttime.json. Whoever controls the ref can only withhold
// records: what is in it is a proposal until its proof and every rule hold. So nothing in
// it is an error. An entry that is no such record is ignored, with a reason, and a ref that
// cannot be read is one without records.
package renewals

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/trees"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// Ref is the ref that holds the records.
const Ref = "refs/codexlock/vaulttime"

// MaxRecordBytes bounds a record, as it does a companion in the tree.
const MaxRecordBytes = 1 << 20

// A State is what was found of an artifact's record.
type State string

// The states.
const (
	Absent     State = "absent"     // the ref has none
	Unreadable State = "unreadable" // something is in its place that is no record
	Foreign    State = "foreign"    // it is a record of another path, or does not say of which
	Readable   State = "readable"   // it is a record of the path; nothing is proved of it
)

// A Found is an artifact's record in the ref.
type Found struct {
	State  State
	Reason string // why it is ignored; "" where there is none and where it is readable
	Record vaulttime.Record
	OID    string // of its blob
}

// A Store is the records of a ref at one commit. Its methods may be called from several
// goroutines.
type Store struct {
	repository *repo.Repository
	tree       trees.Tree // nil: there are no records
	commit     git.Commit // "": there is no ref
	reason     string     // why there are none, where the ref cannot be read
	elsewhere  string     // where the ref was looked for; "": in this clone
}

// Open opens the store that a repository's ref holds. whole says that most records will be
// asked for. Its errors are those of ctx.
func Open(ctx context.Context, r *repo.Repository, whole bool) (*Store, error) {
	return open(ctx, r, Ref, whole)
}

func open(ctx context.Context, r *repo.Repository, ref string, whole bool) (*Store, error) {
	s := &Store{repository: r}
	commit, ok, err := r.Ref(ctx, ref)
	if err == nil && ok {
		s.commit = commit
		if whole {
			s.tree, err = r.Tree(ctx, commit)
		} else {
			s.tree, err = r.TreeOnDemand(ctx, commit)
		}
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		s.tree, s.reason = nil, err.Error()
	}
	return s, nil
}

// None is a store without records, because of a reason.
func None(reason string) *Store { return &Store{reason: reason} }

// Missing is the store of a repository elsewhere that does not have the ref.
func Missing(where string) *Store { return &Store{elsewhere: where} }

// Commit is the commit that the ref names, "" where there is no ref.
func (s *Store) Commit() git.Commit { return s.commit }

// NotFetched reports whether there are no records because this clone does not have the ref.
func (s *Store) NotFetched() bool { return s.commit == "" && s.reason == "" && s.elsewhere == "" }

// Note says why there are no records, "" where the ref was read.
func (s *Store) Note() string {
	switch {
	case s.reason != "":
		return fmt.Sprintf("%s cannot be read, so the records in the tree were judged: %s", Ref, s.reason)
	case s.elsewhere != "":
		return fmt.Sprintf("%s is not in %s, so the records in the tree were judged", Ref, s.elsewhere)
	case s.NotFetched():
		return fmt.Sprintf("%s is not here, so the records in the tree were judged; fetch it: git fetch origin +%s:%s", Ref, Ref, Ref)
	}
	return ""
}

// WrittenAt is when the ref says that it was written; ok is false where that is not known.
func (s *Store) WrittenAt(ctx context.Context) (at time.Time, ok bool) {
	if s.tree == nil {
		return time.Time{}, false
	}
	at, err := s.repository.CommittedAt(ctx, s.commit)
	return at, err == nil
}

// Record is the record of an artifact. Its errors are those of ctx.
func (s *Store) Record(ctx context.Context, p artifact.Path) (Found, error) {
	if s.tree == nil {
		return Found{State: Absent}, nil
	}
	at := p.Companion(artifact.VaultTime)
	entry, ok, err := s.tree.Lookup(ctx, at)
	if err == nil && !ok {
		return Found{State: Absent}, nil
	}
	var text []byte
	if err == nil {
		if entry.Kind != trees.File {
			return Found{State: Unreadable, Reason: fmt.Sprintf("it is a %s, want a file", entry.Kind)}, nil
		}
		text, err = s.tree.Read(ctx, entry, MaxRecordBytes)
	}
	if err != nil {
		return Found{State: Unreadable, Reason: err.Error()}, ctx.Err()
	}
	return decode(p, entry.OID, text), nil
}

// decode reads the text of a record of an artifact.
func decode(p artifact.Path, oid string, text []byte) Found {
	r, _, err := vaulttime.DecodeRecord(text)
	switch {
	case err != nil:
		return Found{State: Unreadable, Reason: err.Error()}
	case r.Path == nil:
		return Found{State: Foreign, Reason: "it does not say which artifact it is of"}
	case *r.Path != p:
		return Found{State: Foreign, Reason: fmt.Sprintf("it is a record of %s", *r.Path)}
	}
	return Found{State: Readable, Record: r, OID: oid}
}

// An Entry is a record in the ref, or one that is to be written there.
type Entry struct {
	Record vaulttime.Record
	OID    string // of its blob; "" where Text is not written yet
	Text   []byte // nil where it is in the ref already
	// Made is what a record is worth that this run signed: its proof needs no check. It is
	// nil for every other one.
	Made *Standing
}

// An Ignored is a file in the ref that is no record.
type Ignored struct {
	Name   string
	Reason string
}

// All are the records of a store by their artifacts, and what else is in the ref. Its
// errors are those of ctx.
func (s *Store) All(ctx context.Context) (map[artifact.Path]Entry, []Ignored, error) {
	records := map[artifact.Path]Entry{}
	if s.tree == nil {
		return records, nil, nil
	}
	var ignored []Ignored
	var files []trees.Entry
	var paths []artifact.Path
	for e, err := range s.tree.Entries(ctx) {
		if err != nil {
			return nil, nil, errors.Join(ctx.Err(), err)
		}
		p, err := artifactOf(e.Path)
		switch {
		case err != nil:
			ignored = append(ignored, Ignored{e.Path, err.Error()})
		case e.Kind != trees.File:
			ignored = append(ignored, Ignored{e.Path, fmt.Sprintf("it is a %s, want a file", e.Kind)})
		default:
			files, paths = append(files, e), append(paths, p)
		}
	}
	found := make([]Found, len(files))
	err := trees.ReadEach(ctx, s.tree, files, MaxRecordBytes, func(i int, text []byte, err error) {
		if err != nil {
			found[i] = Found{State: Unreadable, Reason: err.Error()}
			return
		}
		found[i] = decode(paths[i], files[i].OID, append([]byte{}, text...))
	})
	if err != nil {
		return nil, nil, err
	}
	for i, f := range found {
		if f.State != Readable {
			ignored = append(ignored, Ignored{files[i].Path, f.Reason})
			continue
		}
		records[paths[i]] = Entry{Record: f.Record, OID: f.OID}
	}
	return records, ignored, nil
}

// Expired returns which of some artifacts, whose records in the tree have expired, have no
// record in the ref that has not. Nothing in it is proved. Where this clone does not have the
// ref, or cannot read it, none is certain to have expired. A ref that was written less than
// recent ago is taken to hold no expired record, since no writer leaves one in it. Its errors
// are those of ctx.
func (s *Store) Expired(ctx context.Context, paths []artifact.Path, now time.Time, recent time.Duration) ([]artifact.Path, error) {
	switch {
	case len(paths) == 0:
		return nil, nil
	case s.elsewhere != "":
		return paths, nil // that repository has no such ref
	case s.tree == nil:
		return nil, nil
	}
	var expired, there []artifact.Path
	var files []trees.Entry
	for _, p := range paths {
		entry, ok, err := s.tree.Lookup(ctx, p.Companion(artifact.VaultTime))
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil || !ok || entry.Kind != trees.File:
			expired = append(expired, p)
		default:
			files, there = append(files, entry), append(there, p)
		}
	}
	if at, ok := s.WrittenAt(ctx); ok && !at.After(now) && now.Sub(at) < recent {
		return expired, nil
	}
	over := make([]bool, len(files))
	err := trees.ReadEach(ctx, s.tree, files, MaxRecordBytes, func(i int, text []byte, err error) {
		found := Found{State: Unreadable}
		if err == nil {
			found = decode(there[i], files[i].OID, text)
		}
		over[i] = found.State != Readable || found.Record.TimeState(now) == vaulttime.Expired
	})
	if err != nil {
		return nil, ctx.Err()
	}
	for i, p := range there {
		if over[i] {
			expired = append(expired, p)
		}
	}
	return expired, nil
}

// artifactOf is the artifact whose record has a name.
func artifactOf(name string) (artifact.Path, error) {
	of, ok := strings.CutSuffix(name, artifact.VaultTime.Suffix())
	if !ok {
		return "", errors.New("its name does not end in .vaulttime.json")
	}
	return artifact.ParsePath(of)
}
