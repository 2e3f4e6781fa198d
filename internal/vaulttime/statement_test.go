package vaulttime

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

// An outsider checks with the public key alone, as the tools of in-toto do.
type outsider struct {
	id  string
	pub ed25519.PublicKey
}

func (o outsider) Verify(_ context.Context, data, sig []byte) error {
	if !ed25519.Verify(o.pub, data, sig) {
		return errors.New("does not verify")
	}
	return nil
}
func (o outsider) KeyID() (string, error)   { return o.id, nil }
func (o outsider) Public() crypto.PublicKey { return o.pub }

// TestEnvelope: the library of the in-toto project verifies what we write, and
// what it verified is the record.
func TestEnvelope(t *testing.T) {
	key, r := sealed(t)
	text, err := key.Envelope(r)
	if err != nil {
		t.Fatal(err)
	}
	var e dsse.Envelope
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatal(err)
	}
	v, err := dsse.NewEnvelopeVerifier(outsider{key.ID(), key.PublicKey()})
	if err != nil {
		t.Fatal(err)
	}
	accepted, payload, err := v.VerifyAndDecode(t.Context(), &e)
	if err != nil || len(accepted) != 1 || accepted[0].KeyID != key.ID() {
		t.Fatalf("accepted %v, %v", accepted, err)
	}
	var s struct {
		Type          string `json:"_type"`
		PredicateType string
		Subject       []struct {
			Name   string
			Digest map[string]string
		}
		Predicate json.RawMessage
	}
	if err := json.Unmarshal(payload, &s); err != nil {
		t.Fatal(err)
	}
	if e.PayloadType != "application/vnd.in-toto+json" || s.Type != "https://in-toto.io/Statement/v1" || !strings.HasPrefix(s.PredicateType, "https://") ||
		len(s.Subject) != 1 || s.Subject[0].Name != r.Path.String() || s.Subject[0].Digest["sha256"] != r.SHA256.String() {
		t.Errorf("type %q, statement %s", e.PayloadType, payload)
	}
	read, _, err := DecodeRecord(s.Predicate)
	if err != nil || string(read.Encode()) != string(r.Encode()) || !key.Valid(read) || !VerifyProof(key.PublicKey(), read) {
		t.Errorf("predicate is %s, %v", s.Predicate, err)
	}
	other := newKey(t, "another key of more than 32 bytes....")
	stranger, err := dsse.NewEnvelopeVerifier(outsider{key.ID(), other.PublicKey()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stranger.Verify(t.Context(), &e); err == nil {
		t.Error("another key accepts it")
	}
	mine := func(id string) (ed25519.PublicKey, bool) { return key.PublicKey(), id == key.ID() }
	if read, err := OpenEnvelope(text, mine); err != nil || string(read.Encode()) != string(r.Encode()) {
		t.Errorf("opened as %+v, %v", read, err)
	}
}

// TestOpenEnvelopeRefuses: every one of these but the first few has a valid signature (A11).
func TestOpenEnvelopeRefuses(t *testing.T) {
	key, r := sealed(t)
	payload, err := r.Statement()
	if err != nil {
		t.Fatal(err)
	}
	seal := func(payload string) string {
		sig := ed25519.Sign(key.reveal().signer, preAuthentication([]byte(payload)))
		text, err := json.Marshal(envelope{payloadType, base64.StdEncoding.EncodeToString([]byte(payload)), []signature{{key.ID(), base64.StdEncoding.EncodeToString(sig)}}})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	mine := func(id string) (ed25519.PublicKey, bool) { return key.PublicKey(), id == key.ID() }
	good, body := seal(string(payload)), string(payload)
	if _, err := OpenEnvelope([]byte(good), mine); err != nil {
		t.Fatal(err)
	}
	proof, _ := r.Payload()
	for name, text := range map[string]string{
		"nothing": "", "not JSON": "{", "another type": strings.Replace(good, "in-toto+json", "in-toto+yaml", 1), "another key": strings.Replace(good, key.ID(), "0123456789abcdef", 1),
		"a field more": strings.Replace(good, "{", `{"x":1,`, 1), "twice the payload": strings.Replace(good, `"payload":`, `"payload":"","payload":`, 1), "spaces": strings.Replace(good, ":", ": ", 1),
		"something after it": good + "{}", "no signature": strings.Replace(good, `[{"keyid"`, `[],"s":[{"keyid"`, 1),
		"a proof": seal(string(proof)), "empty": seal(""), "no object": seal("[]"), "a field more in it": seal(strings.Replace(body, "{", `{"x":1,`, 1)),
		"two subjects":              seal(strings.Replace(body, `"subject":[`, `"subject":[{"name":"x","digest":{}},`, 1)),
		"another subject":           seal(strings.Replace(body, `"name":"assets`, `"name":"other`, 1)),
		"another digest":            seal(strings.Replace(body, r.SHA256.String(), strings.Repeat("0", 64), 1)),
		"another type of statement": seal(strings.Replace(body, "Statement/v1", "Statement/v0.1", 1)), "another predicate": seal(strings.Replace(body, "attestation/v1", "attestation/v2", 1)),
		"a key twice in the predicate": seal(strings.Replace(body, `"ttl_hours":24`, `"ttl_hours":24,"ttl_hours":24`, 1)),
		"a case":                       seal(strings.Replace(body, `"ttl_hours"`, `"TTL_hours"`, 1)), "a number": seal(strings.Replace(body, `"ttl_hours":24`, `"ttl_hours":2.4e1`, 1)),
		"something after the statement": seal(body + " "), "an escape": seal(strings.Replace(body, "runtime", `r\u0075ntime`, 1)),
	} {
		if text == good {
			t.Errorf("%s changes nothing", name)
		}
		if read, err := OpenEnvelope([]byte(text), mine); err == nil {
			t.Errorf("%s was opened: %+v", name, read)
		}
	}
}

// TestEnvelopeRefuses: a key signs no record that is not its own.
func TestEnvelopeRefuses(t *testing.T) {
	key, r := sealed(t)
	changed, bare := r, r
	changed.TTLHours++
	bare.Proof = ""
	for name, c := range map[string]struct {
		key Key
		r   Record
	}{
		"no key": {Key{}, r}, "another key": {newKey(t, "another key of more than 32 bytes...."), r}, "changed": {key, changed}, "no proof": {key, bare},
	} {
		if text, err := c.key.Envelope(c.r); err == nil {
			t.Errorf("%s: signed %s", name, text)
		}
	}
}
