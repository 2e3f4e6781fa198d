package vaulttime

import (
	"bytes"
	"crypto/ed25519"
	"errors"
)

// noteOpening is the beginning of every text that SignNote signs. A record's proof signs
// JSON, which begins with a brace, so neither signature can be used as the other.
const noteOpening = "codexlock/"

// SignNote signs the text of a C2SP note, such as the log's checkpoint.
func (k Key) SignNote(text []byte) ([]byte, error) {
	if k.reveal == nil {
		return nil, ErrNoKey
	}
	if !bytes.HasPrefix(text, []byte(noteOpening)) {
		return nil, errors.New("a note that is signed begins with " + noteOpening)
	}
	return ed25519.Sign(k.reveal().signer, text), nil
}
