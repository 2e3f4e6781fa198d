package facts

import (
	"fmt"
	"slices"
	"time"

	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// RotationPeriod is how old a key may get (ZT-14.4).
const RotationPeriod = 90 * 24 * time.Hour

// domainKeys states what holds of every trust domain's keys. Without a
// configuration there is one key for whatever domain a record names.
func (c *Collector) domainKeys() []DomainKey {
	if c.o.Config.Domains == nil {
		d := DomainKey{Variable: config.DefaultKeyEnv, SharedWith: []string{}, PublicKeys: []PublicKey{}}
		d.Strength, d.Weakness = c.strength("")
		return []DomainKey{d}
	}
	names := sortedKeys(c.o.Config.Domains)
	keys := make([]DomainKey, 0, len(names))
	for _, name := range names {
		domain := c.o.Config.Domains[name]
		at := "/trust_domains/" + name // a domain's name holds nothing that a pointer escapes
		d := DomainKey{Domain: name, Pointer: at, Variable: domain.KeyEnv, SharedWith: []string{}, PublicKeys: []PublicKey{}}
		d.Strength, d.Weakness = c.strength(name)
		id := c.keyIDs.of(c.o.Keys, name)
		for _, other := range names {
			same := c.o.Config.Domains[other].KeyEnv == domain.KeyEnv || id != "" && id == c.keyIDs.of(c.o.Keys, other)
			if other != name && same {
				d.SharedWith = append(d.SharedWith, other)
			}
		}
		for i, p := range domain.PublicKeys {
			d.PublicKeys = append(d.PublicKeys, c.publicEpoch(fmt.Sprintf("%s/public_keys/%d", at, i), p))
		}
		keys = append(keys, d)
	}
	return keys
}

// strength says whether the key that this run has for a domain can be guessed.
func (c *Collector) strength(domain string) (strength, weakness string) {
	key, held := c.o.Keys.Key(domain)
	if !held {
		return "absent", ""
	}
	if weakness = key.Weakness(); weakness != "" {
		return "weak", weakness
	}
	return "strong", ""
}

func (c *Collector) publicEpoch(pointer string, p config.PublicKey) PublicKey {
	epoch := PublicKey{Pointer: pointer, ID: p.ID, State: p.State, Age: "unknown"}
	if p.CreatedAt.IsZero() {
		return epoch
	}
	epoch.CreatedAt, epoch.Age = vaulttime.FormatTime(p.CreatedAt), "fresh"
	if !c.o.Now.Before(p.CreatedAt.Add(RotationPeriod)) {
		epoch.Age = "due"
	}
	return epoch
}

// belongs says whether a path is one that a known domain names as its own.
func belongs(d config.Domain, path string) string {
	switch {
	case len(d.Paths) == 0:
		return "open"
	case config.MatchAny(d.Paths, path):
		return "inside"
	}
	return "outside"
}

// chain measures the domains that the artifact came through.
func (c *Collector) chain(s *subject) []Link {
	links := []Link{}
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
		l := Link{
			Pointer: fmt.Sprintf("/chain/%d", i), TrustDomain: r.TrustDomain, Order: "forward", Repeated: "no",
			Subject:   matches(r.SHA256 == s.record.SHA256 && r.Path != nil && *r.Path == s.path),
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
func (c *Collector) linkSignature(r vaulttime.Record) string {
	if _, known := c.o.Config.Domain(r.TrustDomain); !known {
		return "no_key"
	}
	public, ok := c.o.Keys.Public(r.TrustDomain, r.KeyID)
	if !ok {
		return "no_key"
	}
	return validity(vaulttime.VerifyProof(public, r))
}

// accepts says whether a domain takes artifacts from another one.
func (c *Collector) accepts(domain, from string) string {
	if c.o.Config.Domains == nil {
		return "open"
	}
	if slices.Contains(c.o.Config.Domains[domain].AcceptsFrom, from) {
		return "yes"
	}
	return "no"
}
