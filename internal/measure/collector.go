// Package measure measures a repository: it collects all facts that rules can read, about one
// artifact or about the whole change, into the documents of package facts. It decides nothing.
package measure

import (
	"context"
	"sync"
	"time"

	"github.com/codexlock/codexlock/internal/changeset"
	"github.com/codexlock/codexlock/internal/content"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/lfs"
	"github.com/codexlock/codexlock/internal/renewals"
	"github.com/codexlock/codexlock/internal/trees"
	"github.com/codexlock/codexlock/internal/vaulttime"
	"github.com/codexlock/codexlock/internal/wholechange"
)

// Options say what is measured, the base to compare with, and the keys and programs to use.
type Options struct {
	changeset.Options
	BaseCommit string // for the report; "" without a base commit
	// TrustedBase says where configuration and rules were read (the zero value: a
	// commit), and TrustedCommit which commit that is; "" if it is Base.
	TrustedBase   facts.TrustedBase
	TrustedCommit string
	// LoadEdited loads the gate of a tree, and returns why it cannot be used. It is called if
	// the change edits the gate; nil: the edit is not checked.
	LoadEdited func(context.Context, trees.Tree) ([]facts.GateProblem, error)
	Keys       *vaulttime.Keyring
	Now        time.Time // the effective time, one for the run
	// ValidFor is how long after Now this run wants records to be valid; 0: at Now.
	ValidFor time.Duration
	Strict   bool   // the modes of a work tree's files count (ZT-6.2)
	Tests    *Tests // nil: no test is executed
	// Renewals are the renewed records that may count in place of those in the tree; nil:
	// there are none.
	Renewals *renewals.Store
}

// A Collector measures the artifacts of a change set, and the change as a whole. It implements
// [facts.Change].
type Collector struct {
	*changeset.Set
	o        Options
	settings facts.Settings
	now      string
	mirrors  sync.Map // whether the head has a folder under assets/manifests/, by path
	inputs   digests
	keys     *wholechange.Keys
	scripts  scripts
	standard standardScript
	pointers *lfs.Pointers
	suspects *content.Budget // what is searched for secrets
}

// Collect finds the change set. Its artifacts are measured later, one by one. An error means
// that something could not be read: the change is then not verified.
func Collect(ctx context.Context, o Options) (*Collector, error) {
	set, err := changeset.Find(ctx, o.Options)
	if err != nil {
		return nil, err
	}
	o.Options = set.Options // the head's tree knows its names now
	settings := settingsOf(o)
	return &Collector{
		Set: set, o: o, now: vaulttime.FormatTime(o.Now), settings: settings,
		keys: wholechange.NewKeys(o.Config, o.Keys, o.Now), suspects: content.NewBudget(), pointers: lfs.New(o.Head, settings.LFS),
	}, nil
}

// Repository measures the change as a whole.
func (c *Collector) Repository(ctx context.Context) (facts.Measurement, error) {
	s, err := c.standardScript(ctx)
	if err != nil {
		return facts.Measurement{}, err
	}
	r, docs, err := wholechange.Measure(ctx, c.Set, c.keys, wholechange.Options{
		BaseCommit: c.o.BaseCommit, TrustedBase: c.o.TrustedBase, LoadEdited: c.o.LoadEdited, Script: s.fact,
	})
	if err != nil {
		return facts.Measurement{}, err
	}
	return facts.Measurement{Input: facts.Input{EffectiveTime: c.now, Settings: c.settings, Repository: r}, Locate: docs.Locate}, nil
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
