package vaulttime

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/schemas"
)

func mustTime(t testing.TB, s string) Time {
	t.Helper()
	at, err := ParseTime(s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func sealed(t testing.TB) (Key, Record) {
	t.Helper()
	key, path := newKey(t, testSecret), artifact.Path("assets/sources/модель <1>.bin")
	r := Record{
		SHA256: artifact.HashBytes([]byte("content")), Timestamp: mustTime(t, "2025-11-09T12:00:00Z"),
		TrustDomain: "runtime-core", TTLHours: 24, Path: &path,
	}
	if err := key.Sign(&r); err != nil {
		t.Fatal(err)
	}
	return key, r
}

// TestAttacks changes what the HMAC does not cover: each passes the HMAC,
// which covers the digest alone, and none passes the proof (ZT-4, P4).
func TestAttacks(t *testing.T) {
	key, r := sealed(t)
	if !key.Valid(r) || !VerifyProof(key.PublicKey(), r) {
		t.Fatal("the record itself does not verify")
	}
	now := r.Timestamp.Add(91 * 24 * time.Hour)
	if r.TimeState(now) != Expired {
		t.Errorf("a record left untouched for 91 days is %s", r.TimeState(now))
	}
	other := artifact.Path("bin/app")
	attacks := map[string]func(*Record){
		"rollback, timestamp rewritten": func(r *Record) { r.Timestamp = TimeOf(now) },
		"ttl stretched":                 func(r *Record) { r.TTLHours = 8760 },
		"moved to another path":         func(r *Record) { r.Path = &other },
		"moved to another domain":       func(r *Record) { r.TrustDomain = "prod" },
		"proof stripped":                func(r *Record) { r.Proof = "" },
		"key id swapped":                func(r *Record) { r.KeyID = "0123456789abcdef" },
		"path stripped":                 func(r *Record) { r.Path = nil },
		"chain invented":                func(r *Record) { l, _ := r.Link(); r.Chain = []Link{l} },
	}
	for name, attack := range attacks {
		forged := r
		attack(&forged)
		if !key.Valid(forged) {
			t.Errorf("%s: the HMAC is expected to hold, it covers the digest alone", name)
		}
		if VerifyProof(key.PublicKey(), forged) {
			t.Errorf("%s: the proof was accepted", name)
		}
	}
	forged := r
	forged.SHA256 = artifact.HashBytes([]byte("other"))
	if key.Valid(forged) || VerifyProof(key.PublicKey(), forged) {
		t.Error("another digest was accepted")
	}
	if wrong := newKey(t, testSecret+"x"); wrong.Valid(r) || VerifyProof(wrong.PublicKey(), r) {
		t.Error("another key was accepted")
	}
	if VerifyProof(nil, r) || VerifyProof(key.PublicKey()[:31], r) {
		t.Error("no key was accepted")
	}
	for _, proof := range []string{r.Proof[:44] + "\n" + r.Proof[44:], strings.TrimRight(r.Proof, "="), r.Proof + r.Proof, base64.URLEncoding.EncodeToString(make([]byte, 64))} {
		forged := r
		forged.Proof = proof
		if VerifyProof(key.PublicKey(), forged) {
			t.Errorf("the proof %q was accepted", proof)
		}
	}
}

func TestPayloadIsCanonical(t *testing.T) {
	_, r := sealed(t)
	r.KeyID = "0f3a0f3a0f3a0f3a"
	r.VaultTime = MAC{}
	got, err := r.Payload()
	if err != nil {
		t.Fatal(err)
	}
	// RFC 8785: sorted names, no space, characters as themselves.
	want := `{"chain":[],"key_id":"0f3a0f3a0f3a0f3a","path":"assets/sources/модель <1>.bin","sha256":"` + r.SHA256.String() +
		`","timestamp":"2025-11-09T12:00:00Z","trust_domain":"runtime-core","ttl_hours":24,"vaulttime":"` + strings.Repeat("0", 64) + `"}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	r.Chain = []Link{}
	if again, _ := r.Payload(); !bytes.Equal(again, got) {
		t.Error("an empty chain and none differ")
	}
	r.TrustDomain = "a\xff"
	if _, err := r.Payload(); err == nil {
		t.Error("invalid UTF-8 has a payload")
	}
	if err := newKey(t, testSecret).Sign(&r); err == nil || r.Proof != "" {
		t.Error("invalid UTF-8 was sealed")
	}
}

// TestChain binds each record of a journey through domains to those before it.
func TestChain(t *testing.T) {
	first, r := sealed(t)
	second := newKey(t, "the second domain's key, 32 bytes or more")
	l, ok := r.Link()
	if !ok {
		t.Fatal("a proofed record is no link")
	}
	later := r
	later.TrustDomain, later.Chain, later.Timestamp = "prod", []Link{l}, TimeOf(r.Timestamp.Add(time.Hour))
	if err := second.Sign(&later); err != nil {
		t.Fatal(err)
	}
	l2, _ := later.Link()
	last := later
	last.TrustDomain, last.Chain = "edge", []Link{l, l2}
	if err := first.Sign(&last); err != nil {
		t.Fatal(err)
	}
	decoded, _, err := DecodeRecord(last.Encode())
	if err != nil {
		t.Fatal(err)
	}
	earlier := decoded.Earlier()
	if len(earlier) != 2 || !VerifyProof(first.PublicKey(), earlier[0]) || !VerifyProof(second.PublicKey(), earlier[1]) || !VerifyProof(first.PublicKey(), decoded) {
		t.Fatal("the chain does not verify")
	}
	// A link taken out, or put elsewhere, breaks those after it and the record.
	decoded.Chain = decoded.Chain[1:]
	if VerifyProof(first.PublicKey(), decoded) || VerifyProof(second.PublicKey(), decoded.Earlier()[0]) {
		t.Error("a chain without its first link verifies")
	}
	if _, ok := (Record{}).Link(); ok {
		t.Error("a record without a proof is a link")
	}
}

func TestEncodeForm(t *testing.T) {
	r := Record{SHA256: artifact.HashBytes(nil), Timestamp: mustTime(t, "2025-11-09T12:00:00Z"), TrustDomain: "runtime-core", TTLHours: 24}
	want := `{
  "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "vaulttime": "` + strings.Repeat("0", 64) + `",
  "timestamp": "2025-11-09T12:00:00Z",
  "trust_domain": "runtime-core",
  "ttl_hours": 24
}
`
	if got := string(r.Encode()); got != want {
		t.Errorf("got %s", got)
	}
	_, r = sealed(t)
	got := string(r.Encode())
	tail := "  \"ttl_hours\": 24,\n  \"path\": \"assets/sources/модель <1>.bin\",\n  \"key_id\": \"" + r.KeyID + "\",\n  \"chain\": [],\n  \"proof\": \"" + r.Proof + "\"\n}\n"
	if !strings.HasSuffix(got, tail) {
		t.Errorf("got %s\nwant it to end in %s", got, tail)
	}
}

func TestRecordRoundTrip(t *testing.T) {
	key, r := sealed(t)
	bare := r
	bare.Path, bare.KeyID, bare.Proof, bare.Chain = nil, "", "", nil
	for name, r := range map[string]Record{"proofed": r, "by hand": bare} {
		file := r.Encode()
		decoded, doc, err := DecodeRecord(file)
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, file)
		}
		if !bytes.Equal(decoded.Encode(), file) {
			t.Errorf("%s: decoded and encoded again:\n%s\nwant\n%s", name, decoded.Encode(), file)
		}
		if !key.Valid(decoded) || VerifyProof(key.PublicKey(), decoded) != (name == "proofed") {
			t.Errorf("%s: verifies otherwise after a round trip", name)
		}
		if at, ok := doc.Position("/ttl_hours"); !ok || at.Line != 6 || at.Column != 16 {
			t.Errorf("%s: ttl_hours is at %v, %v", name, at, ok)
		}
	}
}

func TestDecodeRecordRefuses(t *testing.T) {
	_, r := sealed(t)
	good := string(r.Encode())
	swap := func(old, with string) string {
		t.Helper()
		if !strings.Contains(good, old) {
			t.Fatalf("the record has no %s", old)
		}
		return strings.Replace(good, old, with, 1)
	}
	for _, bad := range []string{
		"", "{}", "null", "[]", good + "x", good + good, "\ufeff" + good,
		swap(`"sha256": "`, `"SHA256": "`), swap(r.SHA256.String(), strings.ToUpper(r.SHA256.String())),
		swap(r.VaultTime.String(), r.VaultTime.String()[1:]), swap(`"ttl_hours": 24`, `"ttl_hours": 0`), swap(`"ttl_hours": 24`, `"ttl_hours": 1000001`),
		swap(`"ttl_hours": 24`, `"ttl_hours": 24.0`), swap(`"ttl_hours": 24`, `"ttl_hours": "24"`), swap(`"ttl_hours": 24`, `"ttl_hours": 1e10000000`),
		swap(`"ttl_hours": 24`, `"ttl_hours": 24, "ttl_hours": 25`), swap(`12:00:00Z`, `12:00:00+00:00`), swap(`12:00:00Z`, `12:00:00.5Z`), swap(`T12`, `t12`),
		swap(`2025-11-09`, `2025-02-30`), swap(`"key_id": "`+r.KeyID+`",`, ``), swap(`"assets/`, `"../assets/`), swap(`"proof": "`, `"proof": "A`),
		swap(r.Proof, r.Proof[:44]+`\n`+r.Proof[44:]), swap(`"chain": []`, `"chain": null`), swap(`"chain": []`, `"chain": [{}]`), swap(`"chain"`, `"unknown": 1, "chain"`),
	} {
		r, _, err := DecodeRecord([]byte(bad))
		var schemaErr *schemas.Error
		if !errors.As(err, &schemaErr) || len(schemaErr.Problems) == 0 {
			t.Errorf("%s\nwas read, or gave %v", bad, err)
		}
		if r.VaultTime != (MAC{}) || !r.SHA256.IsZero() {
			t.Errorf("a refused record was filled: %+v", r)
		}
	}
}

func TestTimeForms(t *testing.T) {
	for _, good := range []string{"1970-01-01T00:00:00Z", "2024-02-29T23:59:59Z", "9999-12-31T23:59:59Z"} {
		if at, err := ParseTime(good); err != nil || at.String() != good || FormatTime(at.Time) != good {
			t.Errorf("%s read as %s, %v", good, at, err)
		}
	}
	for _, bad := range []string{
		"", "2025-11-09T12:00:00+00:00", "2025-11-09T12:00:00-00:00", "2025-11-09T12:00:00.0Z", "2025-11-09T12:00:00,5Z", "0000-01-01T00:00:00Z", "1969-12-31T23:59:59Z",
		"2025-11-09T12:00:60Z", "2025-11-09T24:00:00Z", "2025-11-09t12:00:00Z", "2025-11-09T12:00:00z", "2025-02-30T12:00:00Z", "2025-02-29T12:00:00Z", "2025-13-01T00:00:00Z",
		"2025-00-01T00:00:00Z", "2025-11-09T3:04:05Z", "2025-11-09 12:00:00Z", "2025-11-09T12:00Z", " 2025-11-09T12:00:00Z", "2025-11-09T12:00:00Z\n", "+2025-11-09T12:00:0Z", "２025-11-09T12:00Z", "-001-11-09T12:00:00Z",
	} {
		if at, err := ParseTime(bad); err == nil {
			t.Errorf("%q was read as %s", bad, at)
		}
	}
	at := TimeOf(time.Date(2025, 11, 9, 13, 0, 0, 999, time.FixedZone("", 3600)))
	data, err := json.Marshal(struct{ T Time }{at})
	if err != nil || string(data) != `{"T":"2025-11-09T12:00:00Z"}` {
		t.Errorf("JSON is %s, %v", data, err)
	}
	var back struct{ T Time }
	if err := json.Unmarshal(data, &back); err != nil || !back.T.Equal(at.Time) {
		t.Errorf("read back as %s, %v", back.T, err)
	}
	for _, bad := range []string{`{"T":1}`, `{"T":null}`, `{"T":"2025-11-09T12:00:00.1Z"}`} {
		if err := json.Unmarshal([]byte(bad), &back); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}

func TestTimeState(t *testing.T) {
	at := mustTime(t, "2025-11-09T12:00:00Z")
	for _, c := range []struct {
		ttl  int64
		now  time.Time
		want string
	}{
		{24, at.Time, Current}, {24, at.Add(24 * time.Hour), Current}, {24, at.Add(24*time.Hour + time.Second), Expired},
		{24, at.Add(-MaxFuture), Current}, {24, at.Add(-MaxFuture - time.Second), Future},
		{0, at.Time, Expired}, {-1, at.Time, Expired}, {MaxTTLHours, at.Add(100 * 365 * 24 * time.Hour), Current}, {MaxTTLHours + 1, at.Time, Expired},
		{5124096, at.Time, Expired}, {2562048, at.Time, Expired}, {1 << 62, at.Time, Expired},
	} {
		r := Record{Timestamp: at, TTLHours: c.ttl}
		if got := r.TimeState(c.now); got != c.want {
			t.Errorf("ttl %d at %s is %s, want %s", c.ttl, c.now, got, c.want)
		}
		if r.ExpiresAt().Before(at.Time) {
			t.Errorf("ttl %d expires at %s, before it was made", c.ttl, r.ExpiresAt())
		}
	}
	last := Record{Timestamp: mustTime(t, "9999-12-31T00:00:00Z"), TTLHours: MaxTTLHours}
	if got := FormatTime(last.ExpiresAt()); got != "9999-12-31T23:59:59Z" {
		t.Errorf("the last record expires at %s", got)
	}
}

func FuzzDecodeRecord(f *testing.F) {
	_, r := sealed(f)
	f.Add(r.Encode())
	l, _ := r.Link()
	r.Chain = []Link{l, l}
	f.Add(r.Encode())
	r.Path, r.KeyID, r.Proof, r.Chain = nil, "", "", nil
	f.Add(r.Encode())
	f.Add([]byte(`{"sha256":1e999}`))
	key := newKey(f, testSecret)
	f.Fuzz(func(t *testing.T, data []byte) {
		r, _, err := DecodeRecord(data)
		if err != nil {
			return
		}
		if r.TTLHours < 1 || r.TTLHours > MaxTTLHours || r.ExpiresAt().Before(r.Timestamp.Time) {
			t.Errorf("accepted a life of %d hours", r.TTLHours)
		}
		encoded := r.Encode()
		again, _, err := DecodeRecord(encoded)
		if err != nil {
			t.Fatalf("what was written is refused: %v\n%s", err, encoded)
		}
		if !bytes.Equal(again.Encode(), encoded) {
			t.Errorf("written otherwise the second time:\n%s\n%s", encoded, again.Encode())
		}
		if r.Proof != "" {
			if _, err := r.Payload(); err != nil {
				t.Errorf("a proofed record has no payload: %v", err)
			}
		}
		if VerifyProof(key.PublicKey(), r) != VerifyProof(key.PublicKey(), again) || key.Valid(r) != key.Valid(again) {
			t.Error("verifies otherwise after a round trip")
		}
	})
}

// signedAll is a record with every field that a proof can cover.
func signedAll(t testing.TB) (Key, Record) {
	t.Helper()
	key, r := sealed(t)
	manifest, test, at := artifact.HashBytes([]byte("manifest")), artifact.HashBytes([]byte("test")), mustTime(t, "2025-11-08T00:00:00Z")
	r.Signed = Signed{ManifestSHA256: &manifest, TestSHA256: &test, AttestedAt: &at}
	if err := key.Sign(&r); err != nil {
		t.Fatal(err)
	}
	return key, r
}

// TestProofCoversTheSignedFields edits, drops and swaps the digests of the
// companions and attested_at: no proof holds for another record (P4).
func TestProofCoversTheSignedFields(t *testing.T) {
	key, r := signedAll(t)
	if !VerifyProof(key.PublicKey(), r) {
		t.Fatal("the record itself does not verify")
	}
	other, later := artifact.HashBytes([]byte("other")), mustTime(t, "2025-11-09T00:00:00Z")
	for name, attack := range map[string]func(*Record){
		"manifest edited":           func(r *Record) { r.ManifestSHA256 = &other },
		"test edited":               func(r *Record) { r.TestSHA256 = &other },
		"attested_at moved":         func(r *Record) { r.AttestedAt = &later },
		"manifest_sha256 dropped":   func(r *Record) { r.ManifestSHA256 = nil },
		"test_sha256 dropped":       func(r *Record) { r.TestSHA256 = nil },
		"attested_at dropped":       func(r *Record) { r.AttestedAt = nil },
		"all dropped":               func(r *Record) { r.Signed = Signed{} },
		"manifest and test swapped": func(r *Record) { r.ManifestSHA256, r.TestSHA256 = r.TestSHA256, r.ManifestSHA256 },
	} {
		forged := r
		attack(&forged)
		if VerifyProof(key.PublicKey(), forged) {
			t.Errorf("%s: the proof was accepted", name)
		}
	}
	_, plain := sealed(t)
	plain.Signed = r.Signed
	if VerifyProof(key.PublicKey(), plain) {
		t.Error("a record without the fields holds with them")
	}
}

// TestSignedFieldsAreWrittenAndLinked: a file keeps them, a link keeps them, and
// the earlier record verifies from its link alone.
func TestSignedFieldsAreWrittenAndLinked(t *testing.T) {
	key, r := signedAll(t)
	read, _, err := DecodeRecord(r.Encode())
	if err != nil || !VerifyProof(key.PublicKey(), read) || !bytes.Equal(read.Encode(), r.Encode()) {
		t.Fatalf("written and read: %v\n%s", err, r.Encode())
	}
	if got := read.ApprovedAt().String(); got != "2025-11-08T00:00:00Z" {
		t.Errorf("approved at %s, want attested_at", got)
	}
	link, ok := read.Link()
	next := Record{Chain: []Link{link}}
	if earlier := next.Earlier(); !ok || !VerifyProof(key.PublicKey(), earlier[0]) {
		t.Error("the earlier record does not verify from its link")
	}
	_, plain := sealed(t)
	if plain.ApprovedAt() != plain.Timestamp || plain.Any() || !read.Any() {
		t.Error("a record without attested_at was approved at its timestamp")
	}
	if text := string(plain.Encode()); strings.Contains(text, "manifest_sha256") || strings.Contains(text, "attested_at") {
		t.Errorf("absent fields are written:\n%s", text)
	}
}

func TestMayHave(t *testing.T) {
	for _, test := range []struct {
		text []byte
		want bool
	}{
		{nil, true}, {[]byte(`{"proof": 1`), true}, {[]byte(`{"pr\u006fof": 1}`), true}, {[]byte(`{"sha256": "x"`), false}, {[]byte{}, false},
	} {
		if got := MayHave(test.text, ProofField); got != test.want {
			t.Errorf("MayHave(%q) is %t, want %t", test.text, got, test.want)
		}
	}
}
