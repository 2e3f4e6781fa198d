package measure

import (
	"context"
	"slices"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// UntouchedExpired returns the artifacts that the change does not touch and that have
// certainly expired: their date in the head's ledger is further back than the longest time
// to live of their trust domain and, with renewals: ref, no record in the ref is later. Their
// records in the tree are not read, so that a change costs what it touches. It returns nil if
// every artifact or named paths are judged.
func (c *Collector) UntouchedExpired(ctx context.Context) ([]artifact.Path, error) {
	if c.o.Scope != facts.Changed || c.Ledger.File == nil {
		return nil, nil
	}
	oldest := map[string]string{} // by trust domain: the earliest date that can be valid
	shortest := config.DefaultTTLHours * time.Hour
	var expired []artifact.Path
	for i := range c.Ledger.File.Len() {
		e := c.Ledger.Entry(i)
		limit, known := oldest[e.TrustDomain]
		if !known {
			if d, ok := c.o.Config.Domain(e.TrustDomain); ok {
				ttl := time.Duration(d.MaxTTLHours) * time.Hour
				limit, shortest = vaulttime.FormatTime(c.o.Now.Add(-ttl)), min(shortest, ttl)
			}
			oldest[e.TrustDomain] = limit
		}
		// Both are of the form 2026-11-23T00:00:00Z, so they compare as texts.
		if path := c.Ledger.File.Path(i); e.VerifiedAt < limit {
			if _, judged := slices.BinarySearch(c.Artifacts, path); !judged {
				expired = append(expired, artifact.Path(path))
			}
		}
	}
	slices.Sort(expired)
	expired = slices.Compact(expired)
	if c.o.Renewals == nil {
		return expired, nil
	}
	// What renew leaves has at least half of its time before it.
	expired, err := c.o.Renewals.Expired(ctx, expired, c.o.Now, shortest/2)
	slices.Sort(expired)
	return expired, err
}
