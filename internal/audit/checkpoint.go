package audit

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// SignerPrefix and the id of a VaultTime key are the signer's name in a checkpoint's
// signature.
const SignerPrefix = "codexlock/"

// The states of a checkpoint's signature.
const (
	Valid   = "valid"
	Invalid = "invalid"
	NoKey   = "no_key" // no key to check it
)

// A Checkpoint is a C2SP tlog-checkpoint: the length of a log, and its root.
type Checkpoint struct {
	Origin    string // the log's name
	Size      int64
	Root      tlog.Hash
	Signature string   // Valid, Invalid, NoKey
	KeyIDs    []string // of the valid signatures
}

// maxCheckpoint bounds the file: a note of three lines and some signatures.
const maxCheckpoint = 64 << 10

// ReadCheckpoint reads a signed note. public returns the key of an id. The error means
// that the text does not have the format of a checkpoint.
func ReadCheckpoint(text []byte, public func(id string) (ed25519.PublicKey, bool)) (Checkpoint, error) {
	if len(text) > maxCheckpoint {
		return Checkpoint{}, fmt.Errorf("has %d bytes, want at most %d", len(text), maxCheckpoint)
	}
	verifiers := finder{public: public}
	opened, err := note.Open(text, &verifiers)
	var unverified *note.UnverifiedNoteError
	var forged *note.InvalidSignatureError
	c := Checkpoint{Signature: Valid}
	switch {
	case errors.As(err, &unverified):
		opened, c.Signature = unverified.Note, NoKey
	case errors.As(err, &forged):
		return Checkpoint{Signature: Invalid}, nil
	case err != nil:
		return Checkpoint{}, fmt.Errorf("is no signed note: %w", err)
	}
	for _, s := range opened.Sigs {
		c.KeyIDs = append(c.KeyIDs, strings.TrimPrefix(s.Name, SignerPrefix))
	}
	// An origin, followed by the lines of a tree's description in x/mod, whose
	// first line is the only origin that package accepts.
	origin, body, ok := strings.Cut(opened.Text, "\n")
	if !ok {
		return Checkpoint{}, errors.New("is a note of one line, want origin, size and root")
	}
	tree, err := tlog.ParseTree([]byte("go.sum database tree\n" + body))
	if err != nil {
		return Checkpoint{}, errors.New("has no size and root after its origin")
	}
	c.Origin, c.Size, c.Root = origin, tree.N, tree.Hash
	return c, nil
}

// originPrefix and the digest of a log's first line are its name, which never changes and
// differs from that of every other log.
const originPrefix = "codexlock/log/"

// originDigits is the number of hexadecimal characters of the digest in the name.
const originDigits = 32

func (t tail) origin() string { return originPrefix + t.first[:min(originDigits, len(t.first))] }

// A Signer signs checkpoints.
type Signer struct {
	KeyID  string
	Public ed25519.PublicKey
	Sign   func(text []byte) ([]byte, error)
}

// checkpoint returns the signed note over the lines up to t.
func (s Signer) checkpoint(t tail) ([]byte, error) {
	verifier, err := s.verifier()
	if err != nil {
		return nil, err
	}
	root := t.tree.root()
	body := fmt.Sprintf("%s\n%d\n%s\n", t.origin(), t.tree.size, base64.StdEncoding.EncodeToString(root[:]))
	text, err := note.Sign(&note.Note{Text: body}, noteSigner{verifier, s.Sign})
	if err != nil {
		return nil, fmt.Errorf("sign the checkpoint: %w", err)
	}
	return text, nil
}

func (s Signer) verifier() (note.Verifier, error) {
	text, err := note.NewEd25519VerifierKey(SignerPrefix+s.KeyID, s.Public)
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", s.KeyID, err)
	}
	return note.NewVerifier(text)
}

// A noteSigner implements note.Signer with the name and hash of a verifier.
type noteSigner struct {
	note.Verifier
	sign func(text []byte) ([]byte, error)
}

func (s noteSigner) Sign(text []byte) ([]byte, error) { return s.sign(text) }

// finder finds verifiers by the key id in a signature's name.
type finder struct {
	public func(id string) (ed25519.PublicKey, bool)
}

func (f *finder) Verifier(name string, hash uint32) (note.Verifier, error) {
	unknown := &note.UnknownVerifierError{Name: name, KeyHash: hash}
	id, ours := strings.CutPrefix(name, SignerPrefix)
	if !ours {
		return nil, unknown
	}
	key, ok := f.public(id)
	if !ok {
		return nil, unknown
	}
	v, err := Signer{KeyID: id, Public: key}.verifier()
	if err != nil || v.KeyHash() != hash {
		return nil, unknown
	}
	return v, nil
}
