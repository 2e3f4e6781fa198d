package vaulttime

import (
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gowebpki/jcs"

	"github.com/codexlock/codexlock/internal/artifact"
)

// canonicalPayload is the payload by the book: the record as JSON, made canonical by
// an implementation of RFC 8785.
func canonicalPayload(t testing.TB, r Record) string {
	t.Helper()
	chain := r.Chain
	if chain == nil {
		chain = []Link{}
	}
	written, err := json.Marshal(struct {
		Path        artifact.Path   `json:"path"`
		SHA256      artifact.Digest `json:"sha256"`
		VaultTime   MAC             `json:"vaulttime"`
		Timestamp   Time            `json:"timestamp"`
		TrustDomain string          `json:"trust_domain"`
		TTLHours    int64           `json:"ttl_hours"`
		KeyID       string          `json:"key_id"`
		Chain       []Link          `json:"chain"`
		Signed
	}{*r.Path, r.SHA256, r.VaultTime, r.Timestamp, r.TrustDomain, r.TTLHours, r.KeyID, chain, r.Signed})
	if err != nil {
		t.Fatal(err)
	}
	canonical, err := jcs.Transform(written)
	if err != nil {
		t.Fatalf("%v\n%s", err, written)
	}
	return string(canonical)
}

// A recordMaker makes records out of random numbers: every optional field there and
// not, and texts with all that JSON escapes or could.
type recordMaker struct{ *rand.Rand }

func (m recordMaker) text() string {
	const special = "\"\\/<>&'\b\f\n\r\t\x00\x01\x1f\x7f\u0080\u2028\u2029\ufffd\ufeff\u00e9e\u0301\u043c\U0001f512 aZ09._-"
	runes := []rune(special)
	var b strings.Builder
	for range m.IntN(12) + 1 {
		b.WriteRune(runes[m.IntN(len(runes))])
	}
	return b.String()
}

func (m recordMaker) digest() (d artifact.Digest) {
	for i := range d {
		d[i] = byte(m.Uint32())
	}
	return d
}

func (m recordMaker) time() Time {
	return TimeOf(time.Unix(m.Int64N(253402300800), m.Int64N(1e9)).In(time.FixedZone("", m.IntN(86400)-43200)))
}

func (m recordMaker) signed() (s Signed) {
	if d := m.digest(); m.IntN(2) == 0 {
		s.ManifestSHA256 = &d
	}
	if d := m.digest(); m.IntN(2) == 0 {
		s.TestSHA256 = &d
	}
	if at := m.time(); m.IntN(2) == 0 {
		s.AttestedAt = &at
	}
	return s
}

func (m recordMaker) hours() int64 {
	return []int64{0, 1, 24, -1, MaxTTLHours, maxExactInteger, -maxExactInteger, m.Int64N(maxExactInteger)}[m.IntN(8)]
}

func (m recordMaker) link() Link {
	l := Link{SHA256: m.digest(), VaultTime: MAC(m.digest()), Timestamp: m.time(), TrustDomain: m.text(), TTLHours: m.hours(), Signed: m.signed()}
	if p := artifact.Path(m.text()); m.IntN(2) == 0 {
		l.Path = &p
	}
	for _, field := range []*string{&l.KeyID, &l.Prev, &l.Proof} {
		if m.IntN(2) == 0 {
			*field = m.text()
		}
	}
	return l
}

func (m recordMaker) record() Record {
	path := artifact.Path(m.text())
	r := Record{SHA256: m.digest(), VaultTime: MAC(m.digest()), Timestamp: m.time(), TrustDomain: m.text(), TTLHours: m.hours(), Path: &path, KeyID: m.text(), Signed: m.signed()}
	for range m.IntN(4) {
		r.Chain = append(r.Chain, m.link())
	}
	return r
}

// TestPayloadIsRFC8785 holds the payload of generated records to an implementation of
// the RFC. A byte of difference would make every proof out there invalid.
func TestPayloadIsRFC8785(t *testing.T) {
	m := recordMaker{rand.New(rand.NewPCG(8785, 1))}
	for range 2000 {
		r := m.record()
		got, err := r.Payload()
		if err != nil {
			t.Fatalf("%v\n%+v", err, r)
		}
		if want := canonicalPayload(t, r); string(got) != want {
			t.Fatalf("got  %s\nwant %s", got, want)
		}
	}
}

// FuzzPayload does the same with texts that nobody thought of.
func FuzzPayload(f *testing.F) {
	f.Add("assets/sources/модель <1>.bin", "runtime-core", "0f3a0f3a0f3a0f3a", "", int64(24), uint64(0))
	f.Add("a\"b\\c", "d\u2028\u2029&<>", "k\x00\x1f\x7f", "prev\b\t\n\f\r/", int64(-1), uint64(1))
	f.Add("\U0001f512", "e\u0301\ufeff", "\ufffd", "proof", int64(maxExactInteger), uint64(2))
	f.Add("a\xffb", "d", "k", "p", int64(1), uint64(3))
	f.Add("a", "d", "k", "\xed\xa0\x80", int64(maxExactInteger+1), uint64(4))
	f.Fuzz(func(t *testing.T, path, domain, keyID, text string, hours int64, seed uint64) {
		r := recordMaker{rand.New(rand.NewPCG(seed, 2))}.record()
		*r.Path, r.TrustDomain, r.KeyID, r.TTLHours = artifact.Path(path), domain, keyID, hours
		if len(r.Chain) > 0 {
			r.Chain[0].Prev, r.Chain[0].Proof, r.Chain[0].TrustDomain = text, text, text
		}
		got, err := r.Payload()
		if err == nil && string(got) != canonicalPayload(t, r) {
			t.Errorf("got  %s\nwant %s", got, canonicalPayload(t, r))
		}
	})
}

// TestPayloadRefuses names each text and number that has no canonical form.
func TestPayloadRefuses(t *testing.T) {
	bad := artifact.Path("a\xff")
	for name, spoil := range map[string]func(*Record){
		"path":               func(r *Record) { r.Path = &bad },
		"key_id":             func(r *Record) { r.KeyID = "\xff" },
		"trust_domain":       func(r *Record) { r.TrustDomain = "\xff" },
		"ttl_hours":          func(r *Record) { r.TTLHours = maxExactInteger + 1 },
		"chain: path":        func(r *Record) { r.Chain[0].Path = &bad },
		"chain: key_id":      func(r *Record) { r.Chain[0].KeyID = "\xff" },
		"chain: prev":        func(r *Record) { r.Chain[0].Prev = "\xff" },
		"chain: proof":       func(r *Record) { r.Chain[0].Proof = "\xff" },
		"chain: ttl_hours":   func(r *Record) { r.Chain[0].TTLHours = -maxExactInteger - 1 },
		"record names no pa": func(r *Record) { r.Path = nil },
	} {
		_, r := sealed(t)
		l, _ := r.Link()
		r.Chain = []Link{l}
		spoil(&r)
		if text, err := r.Payload(); err == nil || text != nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPayloadIsWrittenOnce bounds the work: one text, and no value on its way there.
func TestPayloadIsWrittenOnce(t *testing.T) {
	_, r := signedAll(t)
	if n := testing.AllocsPerRun(100, func() { _, _ = r.Payload() }); n > 1 {
		t.Errorf("%v allocations, want 1", n)
	}
}

// TestKeyVerifiesAsItsPublicHalf: whoever holds the key gives everyone's verdict, on
// proofs that it made, that it did not make, and that it would have made otherwise.
func TestKeyVerifiesAsItsPublicHalf(t *testing.T) {
	key, r := signedAll(t)
	other := newKey(t, testSecret+"x")
	foreign := r
	if err := other.Sign(&foreign); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		record Record
		want   bool
	}{
		"its own":                  {r, true},
		"another valid signature":  {withProof(r, secondSignature(t, key, r)), true},
		"another key's":            {foreign, false},
		"no proof":                 {withProof(r, nil), false},
		"s not reduced":            {withProof(r, unreduced(t, r)), false},
		"one bit":                  {withProof(r, flipped(t, r)), false},
		"a record without payload": {Record{Proof: r.Proof}, false},
	} {
		if got := VerifyProof(key.PublicKey(), c.record); got != c.want {
			t.Errorf("%s: the public key says %v", name, got)
		}
		if got := key.VerifyProof(c.record); got != c.want {
			t.Errorf("%s: the key says %v", name, got)
		}
	}
	if (Key{}).VerifyProof(r) {
		t.Error("the zero key verifies")
	}
}

// TestKeyringVerifiesProofs: with the key, with the listed public key, with neither.
func TestKeyringVerifiesProofs(t *testing.T) {
	key, r := sealed(t)
	forged := r
	forged.TTLHours++
	with := func(fill func(*Keyring)) *Keyring {
		ring := NewKeyring(false)
		fill(ring)
		return ring
	}
	unnamed := r
	unnamed.KeyID = ""
	for name, c := range map[string]struct {
		ring         *Keyring
		record       Record
		valid, known bool
	}{
		"key":             {with(func(k *Keyring) { k.Add("runtime-core", key) }), r, true, true},
		"key, forged":     {with(func(k *Keyring) { k.Add("runtime-core", key) }), forged, false, true},
		"listed":          {with(func(k *Keyring) { k.List("runtime-core", key.ID(), key.PublicKey(), EpochCurrent) }), r, true, true},
		"listed, forged":  {with(func(k *Keyring) { k.List("runtime-core", key.ID(), key.PublicKey(), EpochCurrent) }), forged, false, true},
		"other domain's":  {with(func(k *Keyring) { k.Add("prod", key) }), r, false, false},
		"no key":          {with(func(*Keyring) {}), r, false, false},
		"names no key":    {with(func(k *Keyring) { k.Add("runtime-core", key) }), unnamed, false, false},
		"empty key":       {with(func(k *Keyring) { k.Add("runtime-core", Key{}) }), unnamed, false, false},
		"retired, listed": {with(func(k *Keyring) { k.List("runtime-core", key.ID(), key.PublicKey(), EpochRetiring) }), r, true, true},
	} {
		if valid, known := c.ring.VerifyProof(c.record); valid != c.valid || known != c.known {
			t.Errorf("%s: valid %v, known %v", name, valid, known)
		}
	}
}

func withProof(r Record, signature []byte) Record {
	r.Proof = base64.StdEncoding.EncodeToString(signature)
	return r
}

func signatureOf(t *testing.T, r Record) []byte {
	t.Helper()
	signature, err := base64.StdEncoding.DecodeString(r.Proof)
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

func flipped(t *testing.T, r Record) []byte {
	signature := signatureOf(t, r)
	signature[40] ^= 1
	return signature
}

// order is the order of the group that Ed25519 signs in (RFC 8032, section 5.1).
func order() *big.Int {
	c, _ := new(big.Int).SetString("27742317777372353535851937790883648493", 10)
	return c.Add(c, new(big.Int).Lsh(big.NewInt(1), 252))
}

// unreduced is the signature with the group's order added to its second half, which
// RFC 8032 forbids.
func unreduced(t *testing.T, r Record) []byte {
	signature := signatureOf(t, r)
	return append(signature[:32:32], littleEndian(new(big.Int).Add(fromLittleEndian(signature[32:]), order()))...)
}

// secondSignature is a valid signature that Sign does not make: of another nonce than
// the one that RFC 8032 derives. The nonce is a key's scalar, so that its point is known.
func secondSignature(t *testing.T, key Key, r Record) []byte {
	t.Helper()
	payload, err := r.Payload()
	if err != nil {
		t.Fatal(err)
	}
	nonce := ed25519.NewKeyFromSeed([]byte(strings.Repeat("n", ed25519.SeedSize)))
	point := []byte(nonce.Public().(ed25519.PublicKey))
	hash := sha512.Sum512(slices.Concat(point, key.PublicKey(), payload))
	s := new(big.Int).Mul(fromLittleEndian(hash[:]), scalar(key.reveal().signer))
	s.Add(s, scalar(nonce)).Mod(s, order())
	return slices.Concat(point, littleEndian(s))
}

func scalar(key ed25519.PrivateKey) *big.Int {
	hash := sha512.Sum512(key.Seed())
	hash[0] &= 248
	hash[31] = hash[31]&127 | 64
	return fromLittleEndian(hash[:32])
}

func fromLittleEndian(b []byte) *big.Int {
	b = slices.Clone(b)
	slices.Reverse(b)
	return new(big.Int).SetBytes(b)
}

func littleEndian(n *big.Int) []byte {
	b := n.FillBytes(make([]byte, 32))
	slices.Reverse(b)
	return b
}

func BenchmarkPayload(b *testing.B) {
	_, r := signedAll(b)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = r.Payload()
	}
}

func BenchmarkVerifyProof(b *testing.B) {
	key, r := signedAll(b)
	b.Run("key", func(b *testing.B) {
		for b.Loop() {
			if !key.VerifyProof(r) {
				b.Fatal("the proof does not verify")
			}
		}
	})
	b.Run("public key", func(b *testing.B) {
		for b.Loop() {
			if !VerifyProof(key.PublicKey(), r) {
				b.Fatal("the proof does not verify")
			}
		}
	})
}
