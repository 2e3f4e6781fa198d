// Package vaulttime signs and verifies VaultTime records: the standard's HMAC over an
// artifact's digest, and the Ed25519 proof that binds it to its time, path and domain. It
// is the only package that computes with a key. It reads no files and no clock. Rules
// judge expired and forged records.
package vaulttime

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
)

// MinKeyBytes is the minimum length of a key that may sign. Records publish pairs of digest
// and HMAC, and a guess takes a microsecond, so a key must have as many bytes as its HMAC
// (RFC 2104, section 3).
const MinKeyBytes = 32

// The labels of values that are derived from a key. They are part of the file format:
// changing one makes every key id or proof invalid.
const (
	keyIDLabel   = "codexlock/key-id/v1"
	proofLabel   = "codexlock/ed25519/v1"
	keyIDBytes   = 8
	publicPrefix = "ed25519:"
)

// KeyIDMessage is the message whose HMAC begins with a key's id.
const KeyIDMessage = keyIDLabel

// ErrNoKey means that a key is empty or the zero Key. The caller adds the name of the
// environment variable.
var ErrNoKey = errors.New("the key is empty")

const redacted = "[redacted key]"

// A Key is a trust domain's VaultTime key. It cannot be printed, by any verb, as
// JSON or as part of another value; the zero Key verifies nothing.
type Key struct {
	// A function, because fmt calls no method on a value in an unexported field
	// of someone's struct, and follows a pointer there where the verb is a wrong
	// one. Of a function it, as anything else that walks values, prints an address.
	reveal func() *material
}

type material struct {
	secret []byte
	signer ed25519.PrivateKey
	id     string
	macs   sync.Pool // of hash.Hash: HMACs that have taken the secret in already
}

// authenticate returns the HMAC of the text of a digest.
func (m *material) authenticate(d artifact.Digest) MAC {
	h := m.macs.Get().(hash.Hash)
	defer m.macs.Put(h)
	h.Reset()
	return sum(h, d.String())
}

// NewKey returns the key with these bytes, neither trimmed nor decoded, as in
// `openssl dgst -hmac`. Its error for an empty key is ErrNoKey.
func NewKey(secret []byte) (Key, error) {
	if len(secret) == 0 {
		return Key{}, ErrNoKey
	}
	seed, err := hkdf.Key(sha256.New, secret, nil, proofLabel, ed25519.SeedSize)
	if err != nil {
		return Key{}, fmt.Errorf("derive proof key: %w", err)
	}
	id := authenticate(secret, keyIDLabel)
	m := &material{
		secret: append([]byte(nil), secret...),
		signer: ed25519.NewKeyFromSeed(seed),
		id:     hex.EncodeToString(id[:keyIDBytes]),
	}
	m.macs.New = func() any { return hmac.New(sha256.New, m.secret) }
	return Key{func() *material { return m }}, nil
}

// Len is the number of bytes of the key.
func (k Key) Len() int {
	if k.reveal == nil {
		return 0
	}
	return len(k.reveal().secret)
}

// Weakness describes why the key must not sign, or returns "". A weak key is short, or has
// surrounding white space or control characters, which get lost when it is copied.
func (k Key) Weakness() string {
	if k.Len() < MinKeyBytes {
		return fmt.Sprintf("has %d bytes, want at least %d", k.Len(), MinKeyBytes)
	}
	secret := k.reveal().secret
	if len(bytes.TrimSpace(secret)) != len(secret) {
		return "begins or ends with white space, want the bytes of the key alone"
	}
	for _, c := range secret {
		if c < ' ' || c == 0x7f {
			return "contains control characters, want printable ones, such as hex"
		}
	}
	return ""
}

// ID returns the public identifier of the key: 16 hex characters, "" for the zero Key.
func (k Key) ID() string {
	if k.reveal == nil {
		return ""
	}
	return k.reveal().id
}

// PublicKey returns the key that verifies the proofs of this key; nil for the zero Key.
func (k Key) PublicKey() ed25519.PublicKey {
	if k.reveal == nil {
		return nil
	}
	return k.reveal().signer.Public().(ed25519.PublicKey)
}

// Sign sets the HMAC, key id, chain (empty without earlier records) and proof of a record
// whose other fields are set. On an error it sets none of them.
func (k Key) Sign(r *Record) error {
	r.VaultTime, r.KeyID, r.Proof = MAC{}, "", ""
	if k.reveal == nil {
		return ErrNoKey
	}
	mac := k.reveal().authenticate(r.SHA256)
	sealed := *r
	sealed.VaultTime, sealed.KeyID = mac, k.reveal().id
	if sealed.Chain == nil {
		sealed.Chain = []Link{}
	}
	payload, err := sealed.Payload()
	if err != nil {
		return fmt.Errorf("seal record: %w", err)
	}
	sealed.Proof = base64.StdEncoding.EncodeToString(ed25519.Sign(k.reveal().signer, payload))
	*r = sealed
	return nil
}

// Valid reports, in constant time, whether the record's HMAC is the key's for
// the record's digest (ZT-4.2). The proof, not the HMAC,
// covers the other fields.
func (k Key) Valid(r Record) bool {
	if k.reveal == nil {
		return false
	}
	want := k.reveal().authenticate(r.SHA256)
	return hmac.Equal(want[:], r.VaultTime[:])
}

// VerifyProof reports whether the record's proof is a valid signature of the public key
// over its payload.
func VerifyProof(pub ed25519.PublicKey, r Record) bool {
	payload, signature, ok := r.signed()
	if !ok {
		return false
	}
	return verify(pub, payload, signature)
}

// signed returns the payload and the signature of the record's proof. ok is false if the
// record has no payload, or its proof is not the base64 of a signature.
func (r Record) signed() (payload, signature []byte, ok bool) {
	payload, err := r.Payload()
	if err != nil {
		return nil, nil, false
	}
	signature, err = decodeBase64(r.Proof, ed25519.SignatureSize)
	return payload, signature, err == nil
}

// VerifyProof returns the result of the function VerifyProof for the key's public half. An
// Ed25519 signature is a function of key and message (RFC 8032, section 5.1.6), so the
// holder of the key signs again and compares, which costs half of a verification. A proof
// that differs is verified with the public key, so that the verdict is always the same.
// The comparison takes constant time, so that the signature cannot be found byte by byte.
func (k Key) VerifyProof(r Record) bool {
	if k.reveal == nil {
		return false
	}
	payload, signature, ok := r.signed()
	if !ok {
		return false
	}
	own := ed25519.Sign(k.reveal().signer, payload)
	return subtle.ConstantTimeCompare(own, signature) == 1 || verify(k.PublicKey(), payload, signature)
}

func verify(pub ed25519.PublicKey, message, signature []byte) bool {
	// ed25519.Verify panics for a key of another length.
	return len(pub) == ed25519.PublicKeySize && ed25519.Verify(pub, message, signature)
}

// decodeBase64 reads standard base64 of n bytes. The decoder skips line breaks,
// so several texts have one value; only the canonical text is accepted.
func decodeBase64(s string, n int) ([]byte, error) {
	data, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(data) != n || base64.StdEncoding.EncodeToString(data) != s {
		return nil, fmt.Errorf("%q is not the standard base64 of %d bytes", s, n)
	}
	return data, nil
}

// FormatPublicKey formats a public key for codexlock.yaml: ed25519: and base64.
func FormatPublicKey(pub ed25519.PublicKey) string {
	return publicPrefix + base64.StdEncoding.EncodeToString(pub)
}

// ParsePublicKey parses the format of FormatPublicKey.
func ParsePublicKey(s string) (ed25519.PublicKey, error) {
	encoded, found := strings.CutPrefix(s, publicPrefix)
	if !found {
		return nil, fmt.Errorf("public key is %q, want %q and the standard base64 of %d bytes", s, publicPrefix, ed25519.PublicKeySize)
	}
	pub, err := decodeBase64(encoded, ed25519.PublicKeySize)
	if err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	return pub, nil
}

// Format writes a placeholder whatever the verb.
func (Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String is a placeholder.
func (Key) String() string { return redacted }

// GoString is a placeholder.
func (Key) GoString() string { return redacted }

// MarshalJSON writes a placeholder.
func (Key) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText writes a placeholder.
func (Key) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// RotationPeriod is the longest time that a key is used (ZT-14.4).
const RotationPeriod = 90 * 24 * time.Hour
