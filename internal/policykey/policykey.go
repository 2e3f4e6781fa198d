// Package policykey reads the public keys (policy_keys) that check the signatures of rule
// bundles. It is apart from internal/config, so that a program that reads a configuration
// and no bundle needs no X.509.
package policykey

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// minRSABits is what NIST SP 800-131A allows for signatures.
const minRSABits = 2048

// A Key checks a bundle's signature. Only Parse makes one.
type Key struct {
	pem        string
	algorithms []string
}

// Parse reads one PEM block of the type PUBLIC KEY: Ed25519, ECDSA over a NIST
// curve, or RSA.
func Parse(text string) (Key, error) {
	block, rest := pem.Decode([]byte(text))
	switch {
	case block == nil:
		return Key{}, errors.New("is no PEM block, want -----BEGIN PUBLIC KEY-----")
	case strings.Contains(block.Type, "PRIVATE"):
		return Key{}, errors.New("is a private key, want the public one: replace that key, everyone who reads this file has it now")
	case block.Type != "PUBLIC KEY":
		return Key{}, fmt.Errorf("is a PEM block %q, want PUBLIC KEY, as openssl pkey -pubout writes it", block.Type)
	case strings.TrimSpace(string(rest)) != "":
		return Key{}, errors.New("goes on behind its PEM block, want one block an entry")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return Key{}, fmt.Errorf("is no public key: %w", err)
	}
	algorithms, err := algorithmsOf(key)
	if err != nil {
		return Key{}, err
	}
	return Key{pem: string(pem.EncodeToMemory(block)), algorithms: algorithms}, nil
}

// algorithmsOf returns the signature algorithms of a key, by their names in RFC 7518 and
// RFC 8037. A token's header can choose among these, never another type of key.
func algorithmsOf(key any) ([]string, error) {
	switch k := key.(type) {
	case ed25519.PublicKey:
		return []string{"EdDSA"}, nil
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits < minRSABits {
			return nil, fmt.Errorf("is an RSA key of %d bits, want at least %d", bits, minRSABits)
		}
		return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}, nil
	case *ecdsa.PublicKey:
		name, ok := map[int]string{256: "ES256", 384: "ES384", 521: "ES512"}[k.Curve.Params().BitSize]
		if ok {
			return []string{name}, nil
		}
	}
	return nil, errors.New("is of a kind that signs no bundle, want Ed25519, ECDSA P-256, P-384 or P-521, or RSA")
}

// PEM returns the key as PEM text, for a verifier.
func (k Key) PEM() string { return k.pem }

// Checks reports whether the key can check a signature of an algorithm.
func (k Key) Checks(algorithm string) bool { return slices.Contains(k.algorithms, algorithm) }
