package measure

import (
	"slices"

	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// belongs reports whether a known domain may sign a path: one that it names or, if it names
// none, one that no other domain names.
func (c *Collector) belongs(name string, d config.Domain, path string) facts.DomainPaths {
	switch {
	case config.MatchAny(d.Paths, path):
		return "inside"
	case len(d.Paths) > 0:
		return "outside"
	case c.o.Config.NamedByOther(name, path):
		return "claimed"
	}
	return "open"
}

// continuity reports whether the record continues the base's record: in the same trust domain,
// or in one that accepts artifacts from there, with the same chain.
func (c *Collector) continuity(s *subject) facts.Continuity {
	switch {
	case c.o.Config.Domains == nil:
		return "open"
	case s.in.Base == nil:
		return "new"
	case s.in.Domain == nil:
		return "absent"
	}
	from, before := c.domainBefore(s), s.before.record
	now := s.in.Domain.Name
	if from == "" {
		return "new"
	}
	accepted := from == now || c.accepts(now, from) == "yes"
	if before == nil || s.record == nil {
		return continued(accepted)
	}
	want := journey(*before)
	if at := slices.Index(want, now); at >= 0 && accepted {
		want = want[:at] // the artifact returns to a domain, with the chain that it had there
	}
	chain := domainsOf(s.record.Chain)
	switch kept := len(chain) >= len(want) && slices.Equal(chain[:len(want)], want); {
	case kept && (accepted || len(want) > 0 && want[len(want)-1] == from):
		return "continued"
	case !accepted:
		return "refused"
	case before.SHA256 != s.record.SHA256 || !c.counts(*before):
		return "accepted" // the content of the chain no longer exists
	}
	return "dropped"
}

// domainBefore returns the trust domain of the artifact in the base: that of its record, or of
// its ledger entry if the record cannot be read.
func (c *Collector) domainBefore(s *subject) string {
	if s.before.record != nil {
		return s.before.record.TrustDomain
	}
	if entries := c.BaseLedger.Entries(s.path); len(entries) > 0 && s.before.state == "unread" {
		return c.BaseLedger.Entry(entries[0]).TrustDomain
	}
	return ""
}

func continued(accepted bool) facts.Continuity {
	if accepted {
		return "continued"
	}
	return "refused"
}

// journey returns the trust domains that an artifact passed through, its record's last.
func journey(r vaulttime.Record) []string { return append(domainsOf(r.Chain), r.TrustDomain) }

func domainsOf(chain []vaulttime.Link) []string {
	names := make([]string, 0, len(chain)+1)
	for _, l := range chain {
		names = append(names, l.TrustDomain)
	}
	return names
}

// counts reports whether a record's chain is trusted: its proof is valid, by a key that is not
// revoked. Without a key to check it, the chain counts.
func (c *Collector) counts(r vaulttime.Record) bool {
	if _, known := c.o.Config.Domain(r.TrustDomain); !known || r.Proof == "" {
		return false
	}
	switch c.o.Keys.Epoch(r.TrustDomain, r.KeyID) {
	case vaulttime.EpochRevoked, vaulttime.EpochUnknown:
		return false
	}
	valid, known := c.o.Keys.VerifyProof(r)
	return valid || !known
}
