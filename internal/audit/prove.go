package audit

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/codexlock/codexlock/internal/kinds"
	"github.com/codexlock/codexlock/internal/schemas"
)

// ProofSchema names this version of a proof, published as schemas/proof.json.
const ProofSchema = "codexlock.proof/v1"

// A Proof shows that one line is in a signed log. It can be checked with only a public key,
// without the log or the repository.
type Proof struct {
	Schema     string   `json:"schema"`
	Entry      string   `json:"entry"`  // the line, byte for byte
	Index      int64    `json:"index"`  // counts from 0
	Hashes     []string `json:"hashes"` // base64, the nearest first
	Checkpoint string   `json:"checkpoint"`
}

// ErrNoEntry means that the log does not have the requested line.
var ErrNoEntry = errors.New("the log has no such entry")

// Prove returns the proof of the last line for which wanted is true. Its error is ErrNoEntry
// without such a line.
func Prove(lines io.Reader, point []byte, wanted func(Entry) bool) (Proof, error) {
	p := Proof{Schema: ProofSchema, Index: -1, Hashes: []string{}, Checkpoint: string(point)}
	var stored hashes
	log, err := Walk(lines, func(line []byte, e Entry) error {
		if wanted(e) {
			p.Entry, p.Index = string(line), stored.lines
		}
		return stored.add(line)
	})
	if err != nil {
		return Proof{}, err
	}
	if p.Index < 0 {
		return Proof{}, ErrNoEntry
	}
	path, err := tlog.ProveRecord(int64(log.Lines), p.Index, &stored)
	if err != nil {
		return Proof{}, fmt.Errorf("prove line %d: %w", p.Index+1, err)
	}
	for _, h := range path {
		p.Hashes = append(p.Hashes, h.String())
	}
	return p, nil
}

// hashes are the hashes of a whole tree in the order of x/mod: 64 bytes per line.
type hashes struct {
	stored []tlog.Hash
	lines  int64
}

func (s *hashes) add(line []byte) error {
	more, err := tlog.StoredHashes(s.lines, line, s)
	s.stored = append(s.stored, more...)
	s.lines++
	return err
}

// ReadHashes implements tlog.HashReader.
func (s *hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, 0, len(indexes))
	for _, i := range indexes {
		out = append(out, s.stored[i])
	}
	return out, nil
}

// DecodeProof reads a proof. Its error is a [*schemas.Error].
func DecodeProof(data []byte) (Proof, error) {
	var p Proof
	_, err := schemas.Decode(kinds.Proof, data, &p)
	return p, err
}

// Encode formats the proof as a file.
func (p Proof) Encode() ([]byte, error) {
	text, err := json.MarshalIndent(p, "", "  ")
	return append(text, '\n'), err
}

// A Proven is the content of a valid proof.
type Proven struct {
	Entry      Entry
	Checkpoint Checkpoint
}

// Check verifies the proof and returns its content; the error says why it is invalid. The
// caller must check the checkpoint's signature, for which there may be no key.
func (p Proof) Check(public func(id string) (ed25519.PublicKey, bool)) (Proven, error) {
	var out Proven
	c, err := ReadCheckpoint([]byte(p.Checkpoint), public)
	switch {
	case err != nil:
		return out, fmt.Errorf("its checkpoint %w", err)
	case c.Signature == Invalid:
		return out, errors.New("the signature of its checkpoint does not hold")
	}
	var path tlog.RecordProof
	for i, text := range p.Hashes {
		h, err := tlog.ParseHash(text)
		if err != nil {
			return out, fmt.Errorf("hash %d is no SHA-256 in base64", i)
		}
		path = append(path, h)
	}
	if p.Index >= c.Size {
		return out, fmt.Errorf("it is of line %d, and its checkpoint of a log of %d", p.Index+1, c.Size)
	}
	if err := tlog.CheckRecord(path, c.Size, c.Root, p.Index, tlog.RecordHash([]byte(p.Entry))); err != nil {
		return out, errors.New("its hashes do not lead from its entry to the root that is signed")
	}
	if _, err := schemas.Decode(kinds.Integrity, []byte(p.Entry), &out.Entry); err != nil {
		return out, fmt.Errorf("its entry is no line of the log: %w", err)
	}
	if out.Entry.Seq != nil && *out.Entry.Seq != p.Index {
		return out, fmt.Errorf("its entry says that it is line %d, and the proof that it is line %d", *out.Entry.Seq+1, p.Index+1)
	}
	out.Checkpoint = c
	return out, nil
}
