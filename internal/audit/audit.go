// Package audit reads the append-only log of verifications,
// MANIFEST.integrity.json, and its checkpoint: a signed note over the Merkle
// root of its lines. It says what holds of them and judges nothing.
package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/schemas"
)

// Where the log stands, and the signed note over it (ZT-8).
const (
	Path           artifact.Path = "MANIFEST.integrity.json"
	CheckpointPath artifact.Path = "MANIFEST.integrity.checkpoint"
)

// MaxBytes bounds a log in a repository: some 200,000 verifications. One that
// outgrows it belongs into a transparency log of its own.
const MaxBytes = 64 << 20

// An Entry is one line of the log (ZT-8.1).
type Entry struct {
	Artifact   string `json:"artifact"`
	SHA256     string `json:"sha256"`    // "" where there was nothing to hash
	VaultTime  string `json:"vaulttime"` // "" where there was no record
	VerifiedBy string `json:"verified_by"`
	VerifiedAt string `json:"verified_at"`    // RFC 3339, UTC, whole seconds
	Result     string `json:"result"`         // PASS, FAIL
	Seq        *int64 `json:"seq,omitempty"`  // counts from 0
	Prev       string `json:"prev,omitempty"` // SHA-256 of the line before, without its line end; NoPrev in the first
	Level      string `json:"level,omitempty"`
}

// NoPrev stands for the line before the first one.
const NoPrev = "0000000000000000000000000000000000000000000000000000000000000000"

// The states of a log's hash chain.
const (
	Intact    = "intact"    // every line names the one before it
	Broken    = "broken"    // a line names another one, or another place
	Unchained = "unchained" // no line says what stands before it
)

// A Log is what holds of a log's text.
type Log struct {
	Lines int
	Root  tlog.Hash // RFC 6962, over the lines without their line ends
	Chain string    // Intact, Broken, Unchained
	Break int       // the line at which the chain is broken, counted from 1
}

// A LineError is a line that has not the form of schemas/integrity.json.
type LineError struct {
	Line     int // counts from 1
	Problems []schemas.Problem
}

func (e *LineError) Error() string {
	if len(e.Problems) == 0 {
		return fmt.Sprintf("line %d is no entry of the log", e.Line)
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Problems[0].Message)
}

// Read reads a whole log. Its error for bad input is a *LineError.
func Read(data []byte) (Log, error) {
	log := Log{Chain: Intact}
	tree, prev, chained := treeHash{}, NoPrev, 0
	for rest := data; len(rest) > 0; {
		line, after, ended := bytes.Cut(rest, []byte("\n"))
		log.Lines++
		if !ended {
			return Log{}, &LineError{Line: log.Lines, Problems: []schemas.Problem{{Message: "ends without a line end: the log is cut off"}}}
		}
		var e Entry
		if _, err := schemas.Decode(schemas.Integrity, line, &e); err != nil {
			return Log{}, lineError(log.Lines, err)
		}
		if e.Seq != nil || e.Prev != "" {
			chained++
			if log.Break == 0 && (e.Seq == nil || *e.Seq != int64(log.Lines-1) || e.Prev != prev) {
				log.Chain, log.Break = Broken, log.Lines
			}
		}
		sum := sha256.Sum256(line)
		prev = hex.EncodeToString(sum[:])
		tree.add(tlog.RecordHash(line))
		rest = after
	}
	switch {
	case chained == 0 && log.Lines > 0:
		log.Chain = Unchained
	case chained < log.Lines && log.Break == 0:
		log.Chain, log.Break = Broken, log.Lines
	}
	log.Root = tree.root()
	return log, nil
}

func lineError(line int, err error) error {
	var bad *schemas.Error
	if !errors.As(err, &bad) {
		return fmt.Errorf("line %d: %w", line, err)
	}
	return &LineError{Line: line, Problems: bad.Problems}
}

// Extends reports whether one log is another with nothing but whole lines added.
func Extends(longer, shorter []byte) bool {
	return bytes.HasPrefix(longer, shorter) && (len(shorter) == 0 || shorter[len(shorter)-1] == '\n')
}

// A treeHash is a Merkle tree that grows: the roots of its perfect subtrees, the
// largest first (RFC 6962, section 2.1).
type treeHash struct {
	roots []tlog.Hash
	size  uint64
}

func (t *treeHash) add(leaf tlog.Hash) {
	for n := t.size; n&1 == 1; n >>= 1 {
		last := len(t.roots) - 1
		leaf = tlog.NodeHash(t.roots[last], leaf)
		t.roots = t.roots[:last]
	}
	t.roots = append(t.roots, leaf)
	t.size++
}

func (t *treeHash) root() tlog.Hash {
	if t.size == 0 {
		return sha256.Sum256(nil)
	}
	root := t.roots[len(t.roots)-1]
	for i := len(t.roots) - 2; i >= 0; i-- {
		root = tlog.NodeHash(t.roots[i], root)
	}
	return root
}
