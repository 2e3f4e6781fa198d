package vaulttime

import (
	"crypto/ed25519"
	"errors"
	"testing"
)

func TestSignNote(t *testing.T) {
	key, err := NewKey([]byte("a-key-of-this-test-0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	text := []byte("codexlock/log/x\n1\nroot\n")
	signature, err := key.SignNote(text)
	if err != nil || !ed25519.Verify(key.PublicKey(), text, signature) {
		t.Errorf("signed %x, %v", signature, err)
	}
	if signature, err := key.SignNote([]byte(`{"path":"a"}`)); err == nil {
		t.Errorf("what a record's proof is over was signed as a note: %x", signature)
	}
	if _, err := (Key{}).SignNote(text); !errors.Is(err, ErrNoKey) {
		t.Errorf("no key signed: %v", err)
	}
}
