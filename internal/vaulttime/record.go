package vaulttime

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/schemas"
)

// MaxFuture is how far ahead of the run's clock a record may be dated (ZT-4.3).
const MaxFuture = 5 * time.Minute

// MaxTTLHours bounds a record's life (schemas/vaulttime.json). It keeps
// the number of nanoseconds inside an int64, where longer lives turn negative.
const MaxTTLHours = 1_000_000

// A Record is X.vaulttime.json: that the artifact with this digest was trusted
// by a domain's key at a time, for so many hours (ZT-4.1).
type Record struct {
	SHA256      artifact.Digest `json:"sha256"`
	VaultTime   MAC             `json:"vaulttime"`
	Timestamp   Time            `json:"timestamp"`
	TrustDomain string          `json:"trust_domain"`
	TTLHours    int64           `json:"ttl_hours"`
	Path        *artifact.Path  `json:"path,omitempty"`   // of the artifact; nil in a record made by hand
	KeyID       string          `json:"key_id,omitempty"` // Key.ID of the key that sealed it
	Chain       []Link          `json:"chain,omitempty"`  // earlier records, oldest first
	Proof       string          `json:"proof,omitempty"`  // base64 of an Ed25519 signature over Payload
	Signed                      // what else the proof covers, where the record has it
	Extensions  schemas.Raw     `json:"extensions,omitempty"` // not covered by the proof
}

// Signed holds the optional fields of a record that its proof covers beside the
// standard's five. Each is nil in a record that does not have it.
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

// A Link is an earlier record of the artifact, from a domain that it came
// through. Its proof was made over the links before it, which binds each to its
// predecessors; see Record.Earlier.
type Link struct {
	SHA256      artifact.Digest `json:"sha256"`
	VaultTime   MAC             `json:"vaulttime"`
	Timestamp   Time            `json:"timestamp"`
	TrustDomain string          `json:"trust_domain"`
	TTLHours    int64           `json:"ttl_hours"`
	Path        *artifact.Path  `json:"path,omitempty"`
	KeyID       string          `json:"key_id,omitempty"`
	Prev        string          `json:"prev,omitempty"` // kept and signed as it is; the proof binds the links already
	Proof       string          `json:"proof,omitempty"`
	Signed                      // those of the earlier record, which its proof covers
}

// DecodeRecord reads a record strictly. The document is there, with the position
// of every value, even where the record does not fit its schema. Its error for bad
// input is a *schemas.Error.
func DecodeRecord(data []byte) (Record, *schemas.Document, error) {
	var r Record
	doc, err := schemas.Decode(schemas.VaultTime, data, &r)
	if err != nil {
		return Record{}, doc, err
	}
	return r, doc, nil
}

// ApprovedAt is when the record's content was approved: attested_at, or the
// timestamp of a record that does not have it.
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

// ExpiresAt is the last moment at which the record holds: its timestamp and its
// hours to live. A record with no sensible number of hours was never alive.
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

// TimeState is how the record stands at a moment: expired when its time to live
// is past, future when it is dated more than MaxFuture ahead, else current (ZT-4.3).
func (r Record) TimeState(now time.Time) string {
	switch {
	case r.Timestamp.After(now.Add(MaxFuture)):
		return Future
	case r.TTLHours < 1 || r.TTLHours > MaxTTLHours || now.After(r.ExpiresAt()):
		return Expired
	}
	return Current
}

// Link is the record as the chain of a later one holds it; ok is false where it
// has no proof, and so cannot be a link.
func (r Record) Link() (l Link, ok bool) {
	if r.Path == nil || r.Proof == "" {
		return Link{}, false
	}
	return Link{
		SHA256: r.SHA256, VaultTime: r.VaultTime, Timestamp: r.Timestamp, TrustDomain: r.TrustDomain,
		TTLHours: r.TTLHours, Path: r.Path, KeyID: r.KeyID, Proof: r.Proof, Signed: r.Signed,
	}, true
}

// Earlier are the records that the chain holds, oldest first, each with the
// chain that its own proof was made over.
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
