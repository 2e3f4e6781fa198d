// Package audit reads, verifies and writes the append-only log of verifications,
// MANIFEST.integrity.json, and its checkpoint, a signed note over the Merkle root of its
// lines. It is the only package that changes them, with txn; rules judge its results.
package audit

import "github.com/codexlock/codexlock/internal/artifact"

// The paths of the log and of the signed note over it (ZT-8).
const (
	Path           artifact.Path = "MANIFEST.integrity.json"
	CheckpointPath artifact.Path = "MANIFEST.integrity.checkpoint"
)

// MaxBytes bounds a log in a repository: some 150,000 verifications. A larger
// log needs a separate transparency log.
const MaxBytes = 64 << 20

// The results of a verification.
const (
	Pass = "PASS"
	Fail = "FAIL"
)

// An Entry is one line of the log (ZT-8.1).
type Entry struct {
	Artifact    string `json:"artifact"`
	SHA256      string `json:"sha256"`    // "" without a file to hash
	VaultTime   string `json:"vaulttime"` // "" without a record
	VerifiedBy  string `json:"verified_by"`
	VerifiedAt  string `json:"verified_at"`    // RFC 3339, UTC, whole seconds
	Result      string `json:"result"`         // Pass, Fail
	Seq         *int64 `json:"seq,omitempty"`  // counts from 0
	Prev        string `json:"prev,omitempty"` // SHA-256 of the line before, without its line end; NoPrev in the first
	Level       string `json:"level,omitempty"`
	TrustDomain string `json:"trust_domain,omitempty"` // the domain that the record names
	Use         string `json:"use,omitempty"`          // run, open, copy: it was verified at the moment of this use
}

// NoPrev is the Prev of the first line.
const NoPrev = "0000000000000000000000000000000000000000000000000000000000000000"

// The states of a log's hash chain.
const (
	Intact    = "intact"    // every line names the one before it
	Broken    = "broken"    // a line names another one, or another index
	Unchained = "unchained" // no line names the one before it
)
