package measure

import (
	"slices"
	"time"

	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// UntouchedExpired returns the artifacts that the change does not touch and that have
// certainly expired: their date in the head's ledger is further back than the longest time
// to live of their trust domain. Their records are not read, so that a change costs what it
// touches. It returns nil if every artifact or named paths are judged, and if renewals do
// not move the ledger's dates (renewals: ref).
func (c *Collector) UntouchedExpired() []string {
	if c.o.Scope != facts.Changed || c.o.Config.RenewsInRef() || c.ledger.file == nil {
		return nil
	}
	oldest := map[string]string{} // by trust domain: the earliest date that can be valid
	var expired []string
	for i := range c.ledger.file.Len() {
		e := c.ledger.entry(i)
		limit, known := oldest[e.TrustDomain]
		if !known {
			if d, ok := c.o.Config.Domain(e.TrustDomain); ok {
				limit = vaulttime.FormatTime(c.o.Now.Add(-time.Duration(d.MaxTTLHours) * time.Hour))
			}
			oldest[e.TrustDomain] = limit
		}
		// Both are of the form 2026-11-23T00:00:00Z, so they compare as texts.
		if path := c.ledger.file.Path(i); e.VerifiedAt < limit {
			if _, judged := slices.BinarySearch(c.artifacts, path); !judged {
				expired = append(expired, path)
			}
		}
	}
	slices.Sort(expired)
	return slices.Compact(expired)
}
