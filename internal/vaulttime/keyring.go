package vaulttime

import "crypto/ed25519"

// An Epoch says for which signatures a key is trusted in a trust domain.
type Epoch string

// The epochs. The configuration sets the epoch of a key.
const (
	EpochCurrent  Epoch = "current"  // signs and verifies
	EpochRetiring Epoch = "retiring" // verifies only unchanged artifacts
	EpochRevoked  Epoch = "revoked"  // verifies nothing
	EpochUnknown  Epoch = "unknown"  // the domain lists keys, but not this one
	EpochUnlisted Epoch = "unlisted" // the domain lists no keys
)

// A Keyring holds the keys of a run by trust domain. Fill it before use; reading it is
// safe for concurrent use.
type Keyring struct {
	open     bool
	fallback []Key
	keys     map[string][]Key
	listed   map[string]map[string]listing
}

// A listing is a public key in the list of a domain.
type listing struct {
	public ed25519.PublicKey
	epoch  Epoch
}

// NewKeyring returns an empty ring. An open ring, for a repository without a configuration,
// uses the default key for every domain without a key; in any other ring a domain has only
// the keys that were added for it.
func NewKeyring(open bool) *Keyring {
	return &Keyring{open: open, keys: map[string][]Key{}, listed: map[string]map[string]listing{}}
}

// Add adds the key of a domain, and the earlier ones. The zero Key means no key; a domain
// that was added never uses the default key.
func (k *Keyring) Add(domain string, key Key, old ...Key) { k.keys[domain] = held(key, old) }

// Default sets the keys of every other domain of an open ring.
func (k *Keyring) Default(key Key, old ...Key) { k.fallback = held(key, old) }

// held returns the keys, the signing one first.
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

// Key returns the domain's signing key; ok is false if this run has none.
func (k *Keyring) Key(domain string) (key Key, ok bool) {
	keys := k.of(domain)
	if len(keys) == 0 {
		return Key{}, false
	}
	return keys[0], keys[0].Len() > 0
}

// Held returns the domain's keys of this run, the signing one first.
func (k *Keyring) Held(domain string) []Key {
	keys := k.of(domain)
	if len(keys) > 0 && keys[0].Len() == 0 {
		return keys[1:]
	}
	return keys
}

// ByID returns the domain's key with an id; ok is false if this run does not have it.
func (k *Keyring) ByID(domain, id string) (key Key, ok bool) {
	for _, key := range k.Held(domain) {
		if key.ID() == id {
			return key, true
		}
	}
	return Key{}, false
}

// Maker returns the domain's key that made a record's HMAC; ok is false without such a key.
// It is for records that name no key.
func (k *Keyring) Maker(domain string, r Record) (key Key, ok bool) {
	for _, key := range k.Held(domain) {
		if key.Valid(r) {
			return key, true
		}
	}
	return Key{}, false
}

// List adds a public key to a domain's list, with the id and the epoch of its key.
func (k *Keyring) List(domain, id string, pub ed25519.PublicKey, epoch Epoch) {
	if k.listed[domain] == nil {
		k.listed[domain] = map[string]listing{}
	}
	k.listed[domain][id] = listing{pub, epoch}
}

// Listed returns the public key that the domain lists under an id.
func (k *Keyring) Listed(domain, id string) (pub ed25519.PublicKey, ok bool) {
	l, ok := k.listed[domain][id]
	return l.public, ok
}

// Epoch returns the epoch of the domain's key with an id. If the domain lists no keys, the
// keys of this run other than the signing one are retiring.
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

// Public returns the public key of the domain's key with an id: derived from the key if this
// run has it, else the listed one.
func (k *Keyring) Public(domain, id string) (pub ed25519.PublicKey, ok bool) {
	if id == "" {
		return nil, false
	}
	if key, ok := k.ByID(domain, id); ok {
		return key.PublicKey(), true
	}
	return k.Listed(domain, id)
}

// VerifyProof reports whether the record's proof is valid. It uses the domain's key with the
// record's key id if this run has it, else the listed public key. known is false without
// either.
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

// PublicAmong returns Public of the first domain with a key with that id. Revoked keys do not
// count, and retiring ones only if before is true: for earlier signatures.
func (k *Keyring) PublicAmong(domains []string, id string, before bool) (pub ed25519.PublicKey, ok bool) {
	for _, d := range domains {
		pub, ok := k.Public(d, id)
		if epoch := k.Epoch(d, id); ok && epoch != EpochRevoked && (before || epoch != EpochRetiring) {
			return pub, true
		}
	}
	return nil, false
}
