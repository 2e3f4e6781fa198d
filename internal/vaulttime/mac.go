package vaulttime

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"

	"github.com/codexlock/codexlock/internal/artifact"
)

// A MAC is the HMAC-SHA256 of a record. This package returns a computed one only in a record
// that the key's holder signs: whoever could get the right MAC of a wrong record could
// sign anything.
type MAC [sha256.Size]byte

// ParseMAC parses a MAC: exactly 64 lower-case hex characters.
func ParseMAC(s string) (MAC, error) {
	d, err := artifact.ParseDigest(s)
	if err != nil {
		return MAC{}, fmt.Errorf("vaulttime is %q, want 64 lower-case hex characters", s)
	}
	return MAC(d), nil
}

// String is the written form.
func (m MAC) String() string { return hex.EncodeToString(m[:]) }

// MarshalText writes the form that ParseMAC reads.
func (m MAC) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText is ParseMAC.
func (m *MAC) UnmarshalText(text []byte) (err error) {
	*m, err = ParseMAC(string(text))
	return err
}

// authenticate is HMAC-SHA256 (RFC 2104, FIPS 198-1).
func authenticate(secret []byte, message string) MAC {
	return sum(hmac.New(sha256.New, secret), message)
}

func sum(h hash.Hash, message string) (m MAC) {
	_, _ = io.WriteString(h, message)
	h.Sum(m[:0])
	return m
}
