// Package changeset finds what a verification is about: which artifacts are under judgement, the
// ledgers of head and base, and what differs between the two trees. It measures no artifact and
// judges nothing.
package changeset

import (
	"cmp"
	"context"
	"fmt"
	"sync"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/schemas"
	"github.com/codexlock/codexlock/internal/trees"
)

// Options say which trees are compared, and what of them is verified.
type Options struct {
	Repository *repo.Repository
	Base, Head trees.Tree // Base is the empty tree without a base commit
	HeadCommit string     // "" for the work tree, and for what is staged
	Staged     bool       // Head is what Git's index holds
	SameCommit bool       // Base and Head are one commit: nothing differs
	Scope      facts.Scope
	Paths      []artifact.Path // for the scope Paths: files, or folders
	Shard      artifact.Shard  // the part of the artifacts that is measured; the zero value: all
	// MeasureNamed says that a named file that is not an artifact is measured; otherwise it
	// is skipped.
	MeasureNamed bool
	Config       config.Config // the base's
	Extras       map[schemas.Kind][]document.OwnerSchema
}

// InObjects reports whether the head is a commit or what is staged: its files are objects, with
// the ids and modes that Git knows, and not files on a disk.
func (o *Options) InObjects() bool { return o.HeadCommit != "" || o.Staged }

// A Set is what a verification is about: the artifacts under judgement, the ledgers of head and
// base, and what differs between the two trees.
type Set struct {
	Options                   // Head knows its names
	Ledger       *Ledger      // the head's
	BaseLedger   *Ledger      // the base's; it may be the head's
	Relisted     []string     // the paths whose entries differ in the two ledgers, sorted
	Changes      Changes      // the paths that differ
	Artifacts    []string     // under judgement, of every shard, sorted; raw: a name may not be an artifact.Path
	judged       []string     // those of them that are in the shard
	skipped      []string     // named paths that are not artifacts
	Mirrored     bool         // the head has files under assets/manifests/
	BaseMirrored bool         // the base has files under assets/manifests/
	names        []string     // of the head's files, sorted: all, or those within; none if a change of objects is judged
	within       trees.Within // if paths are named: what they and the gate concern; nil: everything
	EveryName    func() ([]string, error)
	Misplaced    map[string]string   // what is not a folder and is above an artifact, by path: the artifact, or the folder of artifacts.include
	made         map[string][]string // the artifacts made from an input, if a change is judged
}

// Find finds the change set. An error means that something could not be read.
func Find(ctx context.Context, o Options) (*Set, error) {
	within := concerned(&o)
	o.Head = trees.Including(o.Head, o.Config.IncludeFolders(), o.Config.Matches, within)
	s := &Set{Options: o, Misplaced: map[string]string{}, within: within}
	var group sync.WaitGroup
	var listing, reading error
	group.Go(func() { listing = s.list(ctx) })
	reading = s.readLedgers(ctx)
	group.Wait()
	if err := cmp.Or(reading, listing); err != nil {
		return nil, err
	}
	if err := s.discover(ctx); err != nil {
		return nil, err
	}
	if err := trees.CheckRead(ctx, s.Head); err != nil {
		return nil, fmt.Errorf("list the head's files: %w", err)
	}
	return s, nil
}

// Len returns the number of judged artifacts of the shard.
func (s *Set) Len() int { return len(s.judged) }
