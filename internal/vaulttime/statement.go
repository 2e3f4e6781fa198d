package vaulttime

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// The types of a record as an in-toto attestation.
const (
	StatementType = "https://in-toto.io/Statement/v1"
	PredicateType = "https://github.com/codexlock/codexlock/attestation/v1"
	payloadType   = "application/vnd.in-toto+json"
)

// A statement is in-toto's Statement v1: the artifact is the subject, the whole record the
// predicate.
type statement struct {
	Type          string          `json:"_type"`
	Subject       []subject       `json:"subject"`
	PredicateType string          `json:"predicateType"`
	Predicate     json.RawMessage `json:"predicate"`
}

type subject struct {
	Name   string            `json:"name"`
	Digest map[string]string `json:"digest"`
}

// An envelope is a DSSE envelope.
type envelope struct {
	PayloadType string      `json:"payloadType"`
	Payload     string      `json:"payload"`
	Signatures  []signature `json:"signatures"`
}

type signature struct {
	KeyID string `json:"keyid"`
	Sig   string `json:"sig"`
}

// Statement formats the record as an in-toto Statement, in one line, without extensions,
// which nothing signs.
func (r Record) Statement() ([]byte, error) {
	if r.Path == nil || r.Proof == "" {
		return nil, errors.New("the record has no proof")
	}
	r.Extensions = ""
	var predicate bytes.Buffer
	if err := json.Compact(&predicate, r.Encode()); err != nil {
		return nil, err
	}
	return json.Marshal(statement{
		Type: StatementType, PredicateType: PredicateType, Predicate: predicate.Bytes(),
		Subject: []subject{{Name: r.Path.String(), Digest: map[string]string{"sha256": r.SHA256.String()}}},
	})
}

// Envelope returns the record's statement in a DSSE envelope, signed by the key that signed
// the record. The signed text begins with DSSE's header, so the signature cannot be used as
// a proof.
func (k Key) Envelope(r Record) ([]byte, error) {
	if k.reveal == nil {
		return nil, ErrNoKey
	}
	if !k.Valid(r) || r.KeyID != k.ID() || !k.VerifyProof(r) {
		return nil, errors.New("the record is not this key's")
	}
	payload, err := r.Statement()
	if err != nil {
		return nil, err
	}
	signed := ed25519.Sign(k.reveal().signer, preAuthentication(payload))
	return json.Marshal(envelope{
		PayloadType: payloadType, Payload: base64.StdEncoding.EncodeToString(payload),
		Signatures: []signature{{KeyID: k.ID(), Sig: base64.StdEncoding.EncodeToString(signed)}},
	})
}

// preAuthentication returns the text that DSSE signs for a payload (PAE in its specification).
func preAuthentication(payload []byte) []byte {
	out := []byte("DSSEv1 " + strconv.Itoa(len(payloadType)) + " " + payloadType + " " + strconv.Itoa(len(payload)) + " ")
	return append(out, payload...)
}

// OpenEnvelope verifies an envelope and reads the record from the signed bytes. It accepts only
// the exact format of Envelope, so that two readers cannot read different values.
func OpenEnvelope(data []byte, public func(keyID string) (ed25519.PublicKey, bool)) (Record, error) {
	var e envelope
	if err := decodeExactly(data, &e); err != nil {
		return Record{}, fmt.Errorf("envelope: %w", err)
	}
	if e.PayloadType != payloadType || len(e.Signatures) != 1 {
		return Record{}, fmt.Errorf("envelope is of type %q with %d signatures, want %q with one", e.PayloadType, len(e.Signatures), payloadType)
	}
	payload, err := base64.StdEncoding.Strict().DecodeString(e.Payload)
	if err != nil {
		return Record{}, fmt.Errorf("payload: %w", err)
	}
	pub, ok := public(e.Signatures[0].KeyID)
	if !ok {
		return Record{}, fmt.Errorf("there is no public key for %q", e.Signatures[0].KeyID)
	}
	sig, err := decodeBase64(e.Signatures[0].Sig, ed25519.SignatureSize)
	if err != nil || !verify(pub, preAuthentication(payload), sig) {
		return Record{}, errors.New("the envelope's signature does not hold")
	}
	var s statement
	if err := decodeExactly(payload, &s); err != nil {
		return Record{}, fmt.Errorf("statement: %w", err)
	}
	r, _, err := DecodeRecord(s.Predicate)
	if err != nil {
		return Record{}, fmt.Errorf("predicate: %w", err)
	}
	// The statement must be exactly that of the record.
	if again, err := r.Statement(); err != nil || !bytes.Equal(again, payload) {
		return Record{}, errors.New("the statement is not that of its record")
	}
	return r, nil
}

// decodeExactly reads JSON in the exact format of json.Marshal.
func decodeExactly(data []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if again, err := json.Marshal(into); err != nil || !bytes.Equal(again, data) {
		return errors.New("is not written in the one form that it has")
	}
	return nil
}
