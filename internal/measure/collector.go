// Package measure measures a repository: it collects all facts that rules can read, about one
// artifact or about the whole change, into the documents of package facts. It decides nothing.
package measure

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/content"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/renewals"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/schemas"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// Options say what is measured, the base to compare with, and the keys and programs to use.
type Options struct {
	Repository *repo.Repository
	Base, Head repo.Tree // Base is the empty tree without a base commit
	BaseCommit string    // for the report; "" where there is none
	HeadCommit string    // "" for the work tree, and for what is staged
	Staged     bool      // Head is what Git's index holds
	SameCommit bool      // Base and Head are one commit: nothing differs
	// TrustedBase says where configuration and rules were read (the zero value: a
	// commit), and TrustedCommit which commit that is; "" where it is Base.
	TrustedBase   facts.TrustedBase
	TrustedCommit string
	// LoadEdited loads the gate as a tree has it, and says why it cannot be used. It
	// is asked where the change edits the gate; nil: then nothing is known of the edit.
	LoadEdited func(context.Context, repo.Tree) ([]facts.GateProblem, error)
	Scope      facts.Scope
	Paths      []artifact.Path // for the scope Paths: files, or folders
	Shard      artifact.Shard  // the part of the artifacts that is measured; the zero value: all
	// MeasureNamed has a named file measured although it is no artifact; otherwise it
	// is skipped.
	MeasureNamed bool
	Config       config.Config // the base's
	Extras       map[schemas.Kind][]document.OwnerSchema
	Keys         *vaulttime.Keyring
	Now          time.Time // the effective time, one for the run
	// ValidFor is how long after Now this run wants records to be valid; 0: at Now.
	ValidFor time.Duration
	Strict   bool   // the modes of a work tree's files count (ZT-6.2)
	Tests    *Tests // nil: no test is executed
	// Renewals are the renewed records that may count in place of those in the tree; nil:
	// there are none anywhere else.
	Renewals *renewals.Store
}

// inObjects reports whether the head is a commit or what is staged: its files are
// objects, with the ids and modes that Git knows, and not files on a disk.
func (o *Options) inObjects() bool { return o.HeadCommit != "" || o.Staged }

// A Collector measures a change. It implements Change.
type Collector struct {
	o         Options
	settings  facts.Settings
	now       string
	ledger    *treeLedger // the head's
	base      *treeLedger // may be the head's
	relisted  []string    // the paths of which the two ledgers say something different, sorted
	changes   changes     // what differs
	artifacts []string    // under judgement, sorted; raw: a name may be no artifact.Path
	judged    []string    // those of them that are in the shard
	skipped   []string    // named, and no artifact
	mirrored  bool        // the head has files under assets/manifests/
	mirrorsIn bool        // the base has
	mirrors   sync.Map    // of these folders whether the head has them, by path
	names     []string    // of the head's files, sorted: all, or those within; of none where a change of objects is judged
	within    repo.Within // where paths are named: what they and the gate concern; nil: everywhere
	everyName func() ([]string, error)
	misplaced map[string]string   // what is no folder and stands above an artifact, by path: the artifact, or the folder of artifacts.include
	made      map[string][]string // the artifacts made from an input, where a change is judged

	inputs   digests
	keyIDs   keyIDs
	scripts  scripts
	standard standardScript
	pointers *Pointers
	suspects *content.Budget // what is searched for secrets
}

// Collect finds the judged artifacts. They are measured later, one by one. An error means that
// something could not be read: the change is then not verified.
func Collect(ctx context.Context, o Options) (*Collector, error) {
	within := concerned(&o)
	o.Head = repo.Including(o.Head, o.Config.IncludeFolders(), o.Config.Matches, within)
	c := &Collector{o: o, now: vaulttime.FormatTime(o.Now), settings: settingsOf(o), suspects: content.NewBudget(), pointers: NewPointers(o.Head, settingsOf(o).LFS), misplaced: map[string]string{}, within: within}
	var group sync.WaitGroup
	var listing, reading error
	group.Go(func() { listing = c.list(ctx) })
	reading = c.readLedgers(ctx)
	group.Wait()
	if err := cmp.Or(reading, listing); err != nil {
		return nil, err
	}
	if err := c.discover(ctx); err != nil {
		return nil, err
	}
	if err := repo.CheckRead(ctx, c.o.Head); err != nil {
		return nil, fmt.Errorf("list the head's files: %w", err)
	}
	return c, nil
}

// settingsOf returns the settings of the configuration that rules can read.
func settingsOf(o Options) facts.Settings {
	s := facts.Settings{
		RequireProof: o.Config.RequireProof, SignCompanions: o.Config.SignsCompanions(), Keyless: facts.Keyless(o.Config.Keyless), LFS: facts.LFSHash(o.Config.LFS),
		MinimumLevel: facts.Level(o.Config.MinimumLevel.String()), Configured: o.Config.File != "", Layout: "git",
	}
	s.RunTests = "never"
	if o.Tests != nil {
		s.RunTests = "sandbox"
	}
	if o.Strict {
		s.Layout = "strict"
	}
	if o.ValidFor > 0 {
		s.ValidUntil = vaulttime.FormatTime(o.Now.Add(o.ValidFor))
	}
	return s
}

// Len returns the number of judged artifacts.
func (c *Collector) Len() int { return len(c.judged) }

// Paths returns the paths of all artifacts, of every shard, sorted.
func (c *Collector) Paths() []string { return c.artifacts }
