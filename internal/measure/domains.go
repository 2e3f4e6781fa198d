package measure

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// RotationPeriod is the longest time that a key is used (ZT-14.4).
const RotationPeriod = 90 * 24 * time.Hour

// domainKeys states what holds of every trust domain's keys. Without a
// configuration there is one key for whatever domain a record names.
func (c *Collector) domainKeys() []facts.DomainKey {
	if c.o.Config.Domains == nil {
		d := facts.DomainKey{Variable: config.DefaultKeyEnv, SharedWith: []string{}, PublicKeys: []facts.PublicKey{}}
		d.Strength, d.Weakness = c.strength("")
		d.ID, d.Listed = c.keyIDs.of(c.o.Keys, ""), c.keyState("", nil)
		return []facts.DomainKey{d}
	}
	names := slices.Sorted(maps.Keys(c.o.Config.Domains))
	keys := make([]facts.DomainKey, 0, len(names))
	for _, name := range names {
		domain := c.o.Config.Domains[name]
		at := "/trust_domains/" + name // a domain's name holds nothing that a pointer escapes
		d := facts.DomainKey{Domain: name, Pointer: at, Variable: domain.KeySource(), SharedWith: []string{}, PublicKeys: []facts.PublicKey{}}
		d.Strength, d.Weakness = c.strength(name)
		d.ID, d.Listed = c.keyIDs.of(c.o.Keys, name), c.keyState(name, domain.PublicKeys)
		for _, other := range names {
			if other != name && c.share(name, other) {
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

// share reports whether two domains have one key: they take it from one place,
// or it is the same there, or they list the same public key.
func (c *Collector) share(a, b string) bool {
	one, two := c.o.Config.Domains[a], c.o.Config.Domains[b]
	id := c.keyIDs.of(c.o.Keys, a)
	if one.KeySource() == two.KeySource() || id != "" && id == c.keyIDs.of(c.o.Keys, b) {
		return true
	}
	return slices.ContainsFunc(one.PublicKeys, func(p config.PublicKey) bool {
		return slices.ContainsFunc(two.PublicKeys, func(q config.PublicKey) bool { return p.ID == q.ID || p.Key == q.Key })
	})
}

// keyState returns the state in a domain's list of the keys that this run has. During a rotation
// there are two: the better state counts.
func (c *Collector) keyState(domain string, list []config.PublicKey) facts.KeyListed {
	held := c.o.Keys.Held(domain)
	switch {
	case len(held) == 0:
		return "absent"
	case len(list) == 0:
		return "none"
	}
	found := map[facts.KeyListed]bool{}
	for _, key := range held {
		public, ok := c.o.Keys.Listed(domain, key.ID())
		switch {
		case ok && !public.Equal(key.PublicKey()):
			found["differs"] = true
		case ok:
			found[facts.KeyListed(c.o.Keys.Epoch(domain, key.ID()))] = true
		}
	}
	for _, state := range []facts.KeyListed{"differs", "current", "retiring", "revoked"} {
		if found[state] {
			return state
		}
	}
	return "missing"
}

// strength returns whether this run's key for a domain can be guessed.
func (c *Collector) strength(domain string) (strength facts.KeyStrength, weakness string) {
	key, held := c.o.Keys.Key(domain)
	if !held {
		return "absent", ""
	}
	if weakness = key.Weakness(); weakness != "" {
		return "weak", weakness
	}
	return "strong", ""
}

func (c *Collector) publicEpoch(pointer string, p config.PublicKey) facts.PublicKey {
	epoch := facts.PublicKey{Pointer: pointer, ID: p.ID, State: facts.PublicKeyState(p.State), Age: "unknown"}
	if p.CreatedAt.IsZero() {
		return epoch
	}
	epoch.CreatedAt, epoch.Age = vaulttime.FormatTime(p.CreatedAt), "fresh"
	if !c.o.Now.Before(p.CreatedAt.Add(RotationPeriod)) {
		epoch.Age = "due"
	}
	return epoch
}

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
			Subject:   facts.LinkSubject(matches(r.SHA256 == s.record.SHA256 && r.Path != nil && *r.Path == s.path)),
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
