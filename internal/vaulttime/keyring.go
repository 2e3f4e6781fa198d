package vaulttime

import "crypto/ed25519"

// An Epoch is what a key may still do in a trust domain.
type Epoch string

// The epochs. A configuration says which a key is in; the key cannot.
const (
	EpochCurrent  Epoch = "current"  // it seals and verifies
	EpochRetiring Epoch = "retiring" // it verifies what was sealed before, and nothing new
	EpochRevoked  Epoch = "revoked"  // it verifies nothing
	EpochUnknown  Epoch = "unknown"  // the domain lists keys, and not this one
	EpochUnlisted Epoch = "unlisted" // the domain lists no keys, so none is known by its id
)

// A Keyring holds the keys of a run by trust domain. It is filled before it is
// used; reading it is safe for several goroutines.
type Keyring struct {
	open     bool
	fallback []Key
	keys     map[string][]Key
	listed   map[string]map[string]listing
}

// A listing is a public key as a domain lists it.
type listing struct {
	public ed25519.PublicKey
	epoch  Epoch
}

// NewKeyring makes an empty ring. An open one, for a repository without a
// configuration, uses the default key for every domain that has none of its
// own; in any other a domain has the keys that were added for it or none.
func NewKeyring(open bool) *Keyring {
	return &Keyring{open: open, keys: map[string][]Key{}, listed: map[string]map[string]listing{}}
}

// Add gives a domain its key, and the one that it replaced. The zero Key is none;
// a domain that was added keeps the default from standing in for it.
func (k *Keyring) Add(domain string, key Key, old ...Key) { k.keys[domain] = held(key, old) }

// Default sets the keys of every other domain of an open ring.
func (k *Keyring) Default(key Key, old ...Key) { k.fallback = held(key, old) }

// held keeps the first key's place, which is the one that seals.
func held(key Key, old []Key) []Key {
	keys := []Key{key}
	for _, o := range old {
		if o.Len() > 0 && o.ID() != key.ID() {
			keys = append(keys, o)
		}
	}
	return keys
}

func (k *Keyring) of(domain string) []Key {
	keys, named := k.keys[domain]
	if !named && k.open {
		keys = k.fallback
	}
	return keys
}

// Key is the domain's key, the one that seals; ok is false where this run has none.
func (k *Keyring) Key(domain string) (key Key, ok bool) {
	keys := k.of(domain)
	if len(keys) == 0 {
		return Key{}, false
	}
	return keys[0], keys[0].Len() > 0
}

// Held are the domain's keys of this run, the one that seals first.
func (k *Keyring) Held(domain string) []Key {
	keys := k.of(domain)
	if len(keys) > 0 && keys[0].Len() == 0 {
		return keys[1:]
	}
	return keys
}

// ByID is the domain's key of that id; ok is false where this run has not got it.
func (k *Keyring) ByID(domain, id string) (key Key, ok bool) {
	for _, key := range k.Held(domain) {
		if key.ID() == id {
			return key, true
		}
	}
	return Key{}, false
}

// Maker is the domain's key whose HMAC a record has; ok is false where it is
// none's. It is asked where a record names no key.
func (k *Keyring) Maker(domain string, r Record) (key Key, ok bool) {
	for _, key := range k.Held(domain) {
		if key.Valid(r) {
			return key, true
		}
	}
	return Key{}, false
}

// List gives a domain a public key to check proofs with, under the id of the
// key that it was derived from, and the epoch that this key is in.
func (k *Keyring) List(domain, id string, pub ed25519.PublicKey, epoch Epoch) {
	if k.listed[domain] == nil {
		k.listed[domain] = map[string]listing{}
	}
	k.listed[domain][id] = listing{pub, epoch}
}

// Listed is the public key that the domain lists under an id.
func (k *Keyring) Listed(domain, id string) (pub ed25519.PublicKey, ok bool) {
	l, ok := k.listed[domain][id]
	return l.public, ok
}

// Epoch is the epoch of the domain's key of that id. Where the domain lists none,
// the key that this run holds beside the one that seals is the retiring one.
func (k *Keyring) Epoch(domain, id string) Epoch {
	list := k.listed[domain]
	if l, ok := list[id]; ok {
		return l.epoch
	}
	if len(list) > 0 {
		return EpochUnknown
	}
	if keys := k.of(domain); len(keys) > 0 && keys[0].ID() != id {
		if _, old := k.ByID(domain, id); old {
			return EpochRetiring
		}
	}
	return EpochUnlisted
}

// Public is what checks the proofs of the domain's key of that id: derived from
// the key itself where this run has it, else the one that is listed.
func (k *Keyring) Public(domain, id string) (pub ed25519.PublicKey, ok bool) {
	if id == "" {
		return nil, false
	}
	if key, ok := k.ByID(domain, id); ok {
		return key.PublicKey(), true
	}
	return k.Listed(domain, id)
}

// VerifyProof reports whether the record's proof is valid: with the domain's key of the
// id that the record names where this run has it, else with the public key that the
// domain lists under it. known is false where there is neither.
func (k *Keyring) VerifyProof(r Record) (valid, known bool) {
	if r.KeyID == "" {
		return false, false
	}
	if key, held := k.ByID(r.TrustDomain, r.KeyID); held {
		return key.VerifyProof(r), true
	}
	public, listed := k.Listed(r.TrustDomain, r.KeyID)
	return listed && VerifyProof(public, r), listed
}

// PublicAmong is Public of the first of the domains that has a key of that id. A
// revoked one is none, and a retiring one only for what was signed before.
func (k *Keyring) PublicAmong(domains []string, id string, before bool) (pub ed25519.PublicKey, ok bool) {
	for _, d := range domains {
		pub, ok := k.Public(d, id)
		if epoch := k.Epoch(d, id); ok && epoch != EpochRevoked && (before || epoch != EpochRetiring) {
			return pub, true
		}
	}
	return nil, false
}
