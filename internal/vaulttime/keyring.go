package vaulttime

import "crypto/ed25519"

// A Keyring holds the keys of a run by trust domain. It is filled before it is
// used; reading it is safe for several goroutines.
type Keyring struct {
	open     bool
	fallback Key
	keys     map[string]Key
	public   map[publicID]ed25519.PublicKey
}

type publicID struct{ domain, id string }

// NewKeyring makes an empty ring. An open one, for a repository without a
// configuration, uses the default key for every domain that has none of its
// own; in any other a domain has the key that was added for it or none.
func NewKeyring(open bool) *Keyring {
	return &Keyring{open: open, keys: map[string]Key{}, public: map[publicID]ed25519.PublicKey{}}
}

// Add gives a domain its key. The zero Key says that the domain has none, and
// keeps the default from standing in for it.
func (k *Keyring) Add(domain string, key Key) { k.keys[domain] = key }

// Default sets the key of every other domain of an open ring.
func (k *Keyring) Default(key Key) { k.fallback = key }

// Key is the domain's key; ok is false where this run has none.
func (k *Keyring) Key(domain string) (key Key, ok bool) {
	key, named := k.keys[domain]
	if !named && k.open {
		key = k.fallback
	}
	return key, key.Len() > 0
}

// AddPublic gives a domain a public key to check proofs with, under the id of
// the key that it was derived from.
func (k *Keyring) AddPublic(domain, id string, pub ed25519.PublicKey) {
	k.public[publicID{domain, id}] = pub
}

// PublicAmong is Public of the first of the domains that has a key of that id.
func (k *Keyring) PublicAmong(domains []string, id string) (pub ed25519.PublicKey, ok bool) {
	for _, d := range domains {
		if pub, ok := k.Public(d, id); ok {
			return pub, true
		}
	}
	return nil, false
}

// Public is what checks the proofs of the domain's key of that id: derived from
// the key itself where this run has it, else the one that was added.
func (k *Keyring) Public(domain, id string) (pub ed25519.PublicKey, ok bool) {
	if id == "" {
		return nil, false
	}
	if key, ok := k.Key(domain); ok && key.ID() == id {
		return key.PublicKey(), true
	}
	pub, ok = k.public[publicID{domain, id}]
	return pub, ok
}
