package wholechange

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// Keys has the facts about the keys of the trust domains of a configuration.
type Keys struct {
	config config.Config
	ring   *vaulttime.Keyring
	now    time.Time
	ids    sync.Map // of each domain's key, once computed
}

// NewKeys returns the Keys of a configuration and of the keys that this run has, at a time.
func NewKeys(c config.Config, ring *vaulttime.Keyring, now time.Time) *Keys {
	return &Keys{config: c, ring: ring, now: now}
}

// ID returns the id of a domain's key, "" if this run does not have it.
func (k *Keys) ID(domain string) string {
	if id, ok := k.ids.Load(domain); ok {
		return id.(string)
	}
	id := ""
	if key, ok := k.ring.Key(domain); ok {
		id = key.ID()
	}
	k.ids.Store(domain, id)
	return id
}

// Domains returns the facts about the keys of each trust domain. Without a configuration there
// is one key for every domain that a record names.
func (k *Keys) Domains() []facts.DomainKey {
	if k.config.Domains == nil {
		d := facts.DomainKey{Variable: config.DefaultKeyEnv, SharedWith: []string{}, PublicKeys: []facts.PublicKey{}}
		d.Strength, d.Weakness = k.strength("")
		d.ID, d.Listed = k.ID(""), k.state("", nil)
		return []facts.DomainKey{d}
	}
	names := k.config.DomainNames()
	all := make([]facts.DomainKey, 0, len(names))
	for _, name := range names {
		domain := k.config.Domains[name]
		at := "/trust_domains/" + name // a domain's name holds nothing that a pointer escapes
		d := facts.DomainKey{Domain: name, Pointer: at, Variable: domain.KeySource(), SharedWith: []string{}, PublicKeys: []facts.PublicKey{}}
		d.Strength, d.Weakness = k.strength(name)
		d.ID, d.Listed = k.ID(name), k.state(name, domain.PublicKeys)
		for _, other := range names {
			if other != name && k.share(name, other) {
				d.SharedWith = append(d.SharedWith, other)
			}
		}
		for i, p := range domain.PublicKeys {
			d.PublicKeys = append(d.PublicKeys, k.publicKey(fmt.Sprintf("%s/public_keys/%d", at, i), p))
		}
		all = append(all, d)
	}
	return all
}

// share reports whether two domains have one key: they read it from one place, or it is equal,
// or they list the same public key.
func (k *Keys) share(a, b string) bool {
	one, two := k.config.Domains[a], k.config.Domains[b]
	id := k.ID(a)
	if one.KeySource() == two.KeySource() || id != "" && id == k.ID(b) {
		return true
	}
	return slices.ContainsFunc(one.PublicKeys, func(p config.PublicKey) bool {
		return slices.ContainsFunc(two.PublicKeys, func(q config.PublicKey) bool { return p.ID == q.ID || p.Key == q.Key })
	})
}

// state returns the state in a domain's list of the keys that this run has. During a rotation
// there are two: the better state counts.
func (k *Keys) state(domain string, list []config.PublicKey) facts.KeyListed {
	held := k.ring.Held(domain)
	switch {
	case len(held) == 0:
		return "absent"
	case len(list) == 0:
		return "none"
	}
	found := map[facts.KeyListed]bool{}
	for _, key := range held {
		public, ok := k.ring.Listed(domain, key.ID())
		switch {
		case ok && !public.Equal(key.PublicKey()):
			found["differs"] = true
		case ok:
			found[facts.KeyListed(k.ring.Epoch(domain, key.ID()))] = true
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
func (k *Keys) strength(domain string) (strength facts.KeyStrength, weakness string) {
	key, held := k.ring.Key(domain)
	if !held {
		return "absent", ""
	}
	if weakness = key.Weakness(); weakness != "" {
		return "weak", weakness
	}
	return "strong", ""
}

// publicKey returns the facts about a public key that the configuration lists.
func (k *Keys) publicKey(pointer string, p config.PublicKey) facts.PublicKey {
	epoch := facts.PublicKey{Pointer: pointer, ID: p.ID, State: facts.PublicKeyState(p.State), Age: "unknown"}
	if p.CreatedAt.IsZero() {
		return epoch
	}
	epoch.CreatedAt, epoch.Age = vaulttime.FormatTime(p.CreatedAt), "fresh"
	if !k.now.Before(p.CreatedAt.Add(vaulttime.RotationPeriod)) {
		epoch.Age = "due"
	}
	return epoch
}

// CheckKeys returns what holds of the keys of some domains together.
func CheckKeys(keys []facts.DomainKey) *facts.KeyChecks {
	c := &facts.KeyChecks{Strength: "strong", Sharing: "apart", Listing: "listed", Age: "fresh"}
	for _, k := range keys {
		if k.Strength != "strong" && k.Strength != "absent" {
			c.Strength = "weak"
		}
		if len(k.SharedWith) > 0 {
			c.Sharing = "shared"
		}
		if k.Listed != "current" && k.Listed != "none" && k.Listed != "absent" {
			c.Listing = "unlisted"
		}
		for _, p := range k.PublicKeys {
			if p.Age != "fresh" && p.State != "retiring" && p.State != "revoked" {
				c.Age = "due"
			}
		}
	}
	return c
}
