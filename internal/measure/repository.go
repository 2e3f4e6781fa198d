package measure

import (
	"cmp"
	"context"

	"github.com/codexlock/codexlock/internal/collision"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/facts"
)

// Repository measures the change as a whole.
func (c *Collector) Repository(ctx context.Context) (facts.Measurement, error) {
	keys := c.domainKeys()
	r := &facts.Repository{
		Scope: c.o.Scope, Base: c.o.BaseCommit, Head: c.o.HeadCommit, Artifacts: len(c.Artifacts),
		Ledger: c.Ledger.Document, UnsafePaths: c.Ledger.UnsafePaths(),
		Config: c.o.Config.File.String(), Keys: keys, KeyChecks: CheckKeys(keys), TrustedBase: cmp.Or(c.o.TrustedBase, facts.TrustedCommit),
	}
	var err error
	if r.Collisions, r.MoreCollisions, err = collision.Find(ctx, c.Set); err != nil {
		return facts.Measurement{}, err
	}
	for _, step := range []func(context.Context, *facts.Repository) error{
		c.measureGate, c.measureScript, c.measureLog,
	} {
		if err := step(ctx, r); err != nil {
			return facts.Measurement{}, err
		}
	}
	docs := document.Positions{}
	docs.Add(c.Ledger.Document.Path, c.Ledger.Doc)
	if r.Config != "" {
		docs.Add(r.Config, c.o.Config.Document)
	}
	return facts.Measurement{
		Input:  facts.Input{EffectiveTime: c.now, Settings: c.settings, Repository: r},
		Locate: docs.Locate,
	}, nil
}
