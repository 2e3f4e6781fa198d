package facts

import (
	"slices"

	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// belongs says whether a path is one that a known domain may sign: its own, or,
// where it names none, one that no other domain names either.
func (c *Collector) belongs(name string, d config.Domain, path string) DomainPaths {
	switch {
	case config.MatchAny(d.Paths, path):
		return "inside"
	case len(d.Paths) > 0:
		return "outside"
	}
	for other, o := range c.o.Config.Domains {
		if other != name && config.MatchAny(o.Paths, path) {
			return "claimed"
		}
	}
	return "open"
}

// continuity says whether the record goes on from where the base's record left the
// artifact: in the same trust domain, or in one that accepts artifacts from there,
// with the chain that came with it.
func (c *Collector) continuity(s *subject) Continuity {
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
		want = want[:at] // it comes back to where it was, with the chain that it had there
	}
	chain := domainsOf(s.record.Chain)
	switch kept := len(chain) >= len(want) && slices.Equal(chain[:len(want)], want); {
	case kept && (accepted || len(want) > 0 && want[len(want)-1] == from):
		return "continued"
	case !accepted:
		return "refused"
	case before.SHA256 != s.record.SHA256 || !c.counts(*before):
		return "accepted" // what the chain is about is not there any more
	}
	return "dropped"
}

// domainBefore is the trust domain of the artifact in the base: its record's, or its
// ledger entry's where something stands in the record's place that cannot be read.
func (c *Collector) domainBefore(s *subject) string {
	if s.before.record != nil {
		return s.before.record.TrustDomain
	}
	if entries := c.base.entries(s.path); len(entries) > 0 && s.before.state == "unread" {
		return c.base.entry(entries[0]).TrustDomain
	}
	return ""
}

func continued(accepted bool) Continuity {
	if accepted {
		return "continued"
	}
	return "refused"
}

// journey are the trust domains that an artifact went through, its record's last.
func journey(r vaulttime.Record) []string { return append(domainsOf(r.Chain), r.TrustDomain) }

func domainsOf(chain []vaulttime.Link) []string {
	names := make([]string, 0, len(chain)+1)
	for _, l := range chain {
		names = append(names, l.TrustDomain)
	}
	return names
}

// counts reports whether a record's chain is believed: its proof holds, by a key
// that is not revoked. Where there is no key to check that with, it is.
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
