package measure

import (
	"fmt"
	"slices"

	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// chain measures the domains that the artifact passed through.
func (c *Collector) chain(s *subject) []facts.Link {
	links := []facts.Link{}
	if s.record == nil {
		return links
	}
	earlier := s.record.Earlier()
	domains := make([]string, 0, len(earlier)+1)
	for _, r := range earlier {
		domains = append(domains, r.TrustDomain)
	}
	domains = append(domains, s.record.TrustDomain)
	for i, r := range earlier {
		next := s.record
		if i+1 < len(earlier) {
			next = &earlier[i+1]
		}
		l := facts.Link{
			Pointer: fmt.Sprintf("/chain/%d", i), TrustDomain: r.TrustDomain, Order: "forward", Repeated: "no",
			Subject:   facts.LinkSubject(facts.Match(r.SHA256 == s.record.SHA256 && r.Path != nil && *r.Path == s.path)),
			Signature: c.linkSignature(r), Accepted: c.accepts(next.TrustDomain, r.TrustDomain),
		}
		if r.Timestamp.After(next.Timestamp.Time) {
			l.Order = "back"
		}
		for j, other := range domains {
			if j != i && other == r.TrustDomain {
				l.Repeated = "yes"
			}
		}
		links = append(links, l)
	}
	return links
}

// linkSignature checks an earlier record's proof, which was made over the links
// before it, with the key of its own domain.
func (c *Collector) linkSignature(r vaulttime.Record) facts.LinkSignature {
	if _, known := c.o.Config.Domain(r.TrustDomain); !known {
		return "no_key"
	}
	valid, known := c.o.Keys.VerifyProof(r)
	switch {
	case !known:
		return "no_key"
	case valid && c.o.Keys.Epoch(r.TrustDomain, r.KeyID) == vaulttime.EpochRevoked:
		return "revoked"
	}
	return facts.LinkSignature(validity(valid))
}

// accepts returns whether a domain accepts artifacts from another one.
func (c *Collector) accepts(domain, from string) facts.Acceptance {
	if c.o.Config.Domains == nil {
		return "open"
	}
	if slices.Contains(c.o.Config.Domains[domain].AcceptsFrom, from) {
		return "yes"
	}
	return "no"
}
