// Package artifact names what the standard protects: a path in a repository,
// the digest of its bytes, its companions and its compliance level. It hashes
// streams. It does not know where bytes come from and judges nothing.
package artifact

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
)

// A Digest is a SHA-256 (FIPS 180-4) of an artifact's bytes (ZT-2.1).
// The zero Digest is the digest of nothing and equals no artifact's.
type Digest [sha256.Size]byte

// ParseDigest reads the one written form of a digest: 64 lower-case hex characters.
func ParseDigest(s string) (Digest, error) { return parseDigest(s) }

func parseDigest[T string | []byte](s T) (Digest, error) {
	var d Digest
	if len(s) != 2*len(d) {
		return Digest{}, fmt.Errorf("digest %q has %d characters, want 64 lower-case hex characters", s, len(s))
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		default:
			return Digest{}, fmt.Errorf("digest %q is not lower-case hex at character %d", s, i+1)
		}
		d[i/2] = d[i/2]<<4 | c
	}
	return d, nil
}

// String is the written form: 64 lower-case hex characters.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// IsZero reports whether no digest was ever computed.
func (d Digest) IsZero() bool { return d == Digest{} }

// MarshalText writes the form that ParseDigest reads.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the form that ParseDigest reads.
func (d *Digest) UnmarshalText(text []byte) error {
	parsed, err := parseDigest(text)
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// BufferSize is the read size at which hashing ran at the CPU's own speed
// (1.5 GB/s a core); smaller buffers pay for system calls, larger ones for cache.
const BufferSize = 1 << 20

// Hash reads r to its end in one pass, with buf as its only buffer (one of
// BufferSize is made where buf is empty), and returns the digest and the number
// of bytes read. The input is bytes: no newline, encoding or filter is applied
// (ZT-14.3).
func Hash(r io.Reader, buf []byte) (Digest, int64, error) {
	if len(buf) == 0 {
		buf = make([]byte, BufferSize)
	}
	h := sha256.New()
	var n int64
	for {
		k, err := r.Read(buf)
		h.Write(buf[:k])
		n += int64(k)
		if err == io.EOF {
			break
		}
		if err != nil {
			return Digest{}, n, err
		}
	}
	var d Digest
	h.Sum(d[:0])
	return d, n, nil
}

// HashBytes is Hash for bytes that are in memory already.
func HashBytes(data []byte) Digest { return sha256.Sum256(data) }
