// Package wholechange measures what rules can read about a change as a whole: names that
// collide, edits of the gate, the keys of trust domains, and the log. It measures no artifact,
// and judges nothing.
package wholechange

import (
	"cmp"
	"context"

	"github.com/codexlock/codexlock/internal/changeset"
	"github.com/codexlock/codexlock/internal/collision"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/trees"
	"github.com/codexlock/codexlock/internal/uses"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// Options say what is known of a change beyond its change set.
type Options struct {
	BaseCommit  string // for the report; "" without a base commit
	TrustedBase facts.TrustedBase
	// LoadEdited loads the gate of a tree, and returns why it cannot be used. It is called if
	// the change edits the gate; nil: the edit is not checked.
	LoadEdited func(context.Context, trees.Tree) ([]facts.GateProblem, error)
	Script     facts.GateScript // ingest_archive.test.sh of the head
}

// Measure returns the facts about a change, and the positions of the values that they are about.
func Measure(ctx context.Context, set *changeset.Set, keys *Keys, o Options) (*facts.Repository, document.Positions, error) {
	domains := keys.Domains()
	r := &facts.Repository{
		Scope: set.Scope, Base: o.BaseCommit, Head: set.HeadCommit, Artifacts: len(set.Artifacts),
		Ledger: set.Ledger.Document, UnsafePaths: set.Ledger.UnsafePaths(), Script: o.Script,
		Config: set.Config.File.String(), Keys: domains, KeyChecks: CheckKeys(domains), TrustedBase: cmp.Or(o.TrustedBase, facts.TrustedCommit),
	}
	var err error
	if r.Collisions, r.MoreCollisions, err = collision.Find(ctx, set); err != nil {
		return nil, nil, err
	}
	m := measurer{set: set, ring: keys.ring, o: o}
	if err := m.gate(ctx, r); err != nil {
		return nil, nil, err
	}
	if err := m.log(ctx, r); err != nil {
		return nil, nil, err
	}
	if err := uses.Measure(ctx, set, o.Script, r); err != nil {
		return nil, nil, err
	}
	docs := document.Positions{}
	docs.Add(set.Ledger.Document.Path, set.Ledger.Doc)
	if r.Config != "" {
		docs.Add(r.Config, set.Config.Document)
	}
	return r, docs, nil
}

// A measurer measures the parts of a change as a whole.
type measurer struct {
	set  *changeset.Set
	ring *vaulttime.Keyring
	o    Options
}
