package vaulttime

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/schemas"
)

// MaxFuture is the largest time that a record may be ahead of the run's clock (ZT-4.3).
const MaxFuture = 5 * time.Minute

// MaxTTLHours is the longest time to live (schemas/vaulttime.json). A longer one would
// overflow the nanoseconds of an int64.
const MaxTTLHours = 1_000_000

// A Record is X.vaulttime.json. It states that a trust domain trusted the artifact with this
// digest at a time, for a number of hours (ZT-4.1).
type Record struct {
	SHA256      artifact.Digest `json:"sha256"`
	VaultTime   MAC             `json:"vaulttime"`
	Timestamp   Time            `json:"timestamp"`
	TrustDomain string          `json:"trust_domain"`
	TTLHours    int64           `json:"ttl_hours"`
	Path        *artifact.Path  `json:"path,omitempty"`   // of the artifact; nil in a record made by hand
	KeyID       string          `json:"key_id,omitempty"` // Key.ID of the signing key
	Chain       []Link          `json:"chain,omitempty"`  // earlier records, oldest first
	Proof       string          `json:"proof,omitempty"`  // base64 of an Ed25519 signature over Payload
	Signed                      // optional fields that the proof covers
	Extensions  schemas.Raw     `json:"extensions,omitempty"` // not covered by the proof
}

// Signed holds the optional fields of a record that its proof covers in addition to the
// standard's five. A missing field is nil.
type Signed struct {
	ManifestSHA256 *artifact.Digest `json:"manifest_sha256,omitempty"` // of the bytes of X.manifest.json
	TestSHA256     *artifact.Digest `json:"test_sha256,omitempty"`     // of the bytes of X.test
	AttestedAt     *Time            `json:"attested_at,omitempty"`     // when the content was approved; a renewal keeps it
}

// Any reports whether one of the fields is set.
func (s Signed) Any() bool {
	return s.ManifestSHA256 != nil || s.TestSHA256 != nil || s.AttestedAt != nil
}

// The names of the fields of Signed, and of the proof, as a record writes them.
const (
	ProofField          = "proof"
	ManifestSHA256Field = "manifest_sha256"
	TestSHA256Field     = "test_sha256"
	AttestedAtField     = "attested_at"
)

// MayHave reports whether a record that cannot be read may have a field: its text
// contains the field's name, or an escape that could write it. A text of nil is a
// file whose bytes are unknown, which may have any field.
func MayHave(text []byte, field string) bool {
	return text == nil || bytes.Contains(text, []byte(field)) || bytes.Contains(text, []byte(`\u`))
}

// A Link is an earlier record of the artifact, from a domain that it passed through. Its proof
// signs the links before it; see Record.Earlier.
type Link struct {
	SHA256      artifact.Digest `json:"sha256"`
	VaultTime   MAC             `json:"vaulttime"`
	Timestamp   Time            `json:"timestamp"`
	TrustDomain string          `json:"trust_domain"`
	TTLHours    int64           `json:"ttl_hours"`
	Path        *artifact.Path  `json:"path,omitempty"`
	KeyID       string          `json:"key_id,omitempty"`
	Prev        string          `json:"prev,omitempty"` // kept and signed unchanged; the proof already binds the links
	Proof       string          `json:"proof,omitempty"`
	Signed                      // those of the earlier record, which its proof covers
}

// DecodeRecord reads a record strictly. The document, with the position of every value, is
// returned even if the record does not match its schema. Its error for bad input is a
// *schemas.Error.
func DecodeRecord(data []byte) (Record, *schemas.Document, error) {
	var r Record
	doc, err := schemas.Decode(schemas.VaultTime, data, &r)
	if err != nil {
		return Record{}, doc, err
	}
	return r, doc, nil
}

// ApprovedAt returns the time at which the record's content was approved: attested_at, or the
// timestamp of a record without it.
func (r Record) ApprovedAt() Time {
	if r.AttestedAt != nil {
		return *r.AttestedAt
	}
	return r.Timestamp
}

// Encode writes the record as a file: two-space indent, fields in the order of
// the standard, a final newline. Decoding and encoding it again gives the same bytes.
func (r Record) Encode() []byte {
	file := struct {
		Record
		// These hide the record's own, to write an empty chain below a proof, and
		// the text of extensions as it is.
		Chain *[]Link `json:"chain,omitempty"`
		Proof string  `json:"proof,omitempty"`
		Signed
		Extensions json.RawMessage `json:"extensions,omitempty"`
	}{Record: r, Proof: r.Proof, Signed: r.Signed, Extensions: json.RawMessage(r.Extensions)}
	if len(r.Chain) > 0 || r.Proof != "" {
		chain := nonNil(r.Chain)
		file.Chain = &chain
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(file); err != nil {
		panic(err) // strings, numbers, and a text that the strict decoder read
	}
	return out.Bytes()
}

func nonNil(chain []Link) []Link {
	if chain == nil {
		return []Link{}
	}
	return chain
}

// ExpiresAt returns the last moment at which the record is valid: its timestamp plus its time
// to live. A record with an invalid time to live was never valid.
func (r Record) ExpiresAt() time.Time {
	if r.TTLHours < 1 || r.TTLHours > MaxTTLHours {
		return r.Timestamp.Time
	}
	at := r.Timestamp.Add(time.Duration(r.TTLHours) * time.Hour)
	if last := time.Date(maxYear, 12, 31, 23, 59, 59, 0, time.UTC); at.After(last) {
		return last
	}
	return at
}

// The states of a record in time.
const (
	Current = "current"
	Expired = "expired"
	Future  = "future"
)

// TimeState returns the state of the record at a time: expired after its time to live, future
// if it is dated more than MaxFuture ahead, else current (ZT-4.3).
func (r Record) TimeState(now time.Time) string {
	switch {
	case r.Timestamp.After(now.Add(MaxFuture)):
		return Future
	case r.TTLHours < 1 || r.TTLHours > MaxTTLHours || now.After(r.ExpiresAt()):
		return Expired
	}
	return Current
}

// Link returns the record as a link of a later record's chain; ok is false without a proof.
func (r Record) Link() (l Link, ok bool) {
	if r.Path == nil || r.Proof == "" {
		return Link{}, false
	}
	return Link{
		SHA256: r.SHA256, VaultTime: r.VaultTime, Timestamp: r.Timestamp, TrustDomain: r.TrustDomain,
		TTLHours: r.TTLHours, Path: r.Path, KeyID: r.KeyID, Proof: r.Proof, Signed: r.Signed,
	}, true
}

// Earlier returns the records of the chain, oldest first, each with the chain that its own
// proof signs.
func (r Record) Earlier() []Record {
	records := make([]Record, 0, len(r.Chain))
	for i, l := range r.Chain {
		records = append(records, Record{
			SHA256: l.SHA256, VaultTime: l.VaultTime, Timestamp: l.Timestamp, TrustDomain: l.TrustDomain,
			TTLHours: l.TTLHours, Path: l.Path, KeyID: l.KeyID, Chain: r.Chain[:i:i], Proof: l.Proof, Signed: l.Signed,
		})
	}
	return records
}
