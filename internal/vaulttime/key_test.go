package vaulttime

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
)

const testSecret = "prometheus-demo-key-0123456789abcdef"

func newKey(t testing.TB, secret string) Key {
	t.Helper()
	k, err := NewKey([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestDerivedValuesStay holds the derivations against values worked out with
// openssl (kdf HKDF, pkey, dgst), since a change would void every record.
func TestDerivedValuesStay(t *testing.T) {
	k := newKey(t, testSecret)
	if got, want := k.ID(), "f1eafa5f71ec236a"; got != want {
		t.Errorf("key id is %s, want %s", got, want)
	}
	if got, want := FormatPublicKey(k.PublicKey()), "ed25519:OJgWGhAUMkVNAjOD6wWWfm8hcIFHGAQphzG+SXuaWfA="; got != want {
		t.Errorf("public key is %s, want %s", got, want)
	}
	if k.Len() != len(testSecret) {
		t.Errorf("length is %d", k.Len())
	}
}

func TestKeyKeepsItsBytes(t *testing.T) {
	secret := []byte(testSecret)
	k := newKey(t, string(secret))
	fromSlice, err := NewKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	clear(secret)
	if fromSlice.ID() != k.ID() || fromSlice.Len() != k.Len() {
		t.Error("a key changed with the slice it was made from")
	}
	if newKey(t, testSecret+"\n").ID() == k.ID() || newKey(t, " "+testSecret).ID() == k.ID() {
		t.Error("a key was trimmed")
	}
}

func TestNoKey(t *testing.T) {
	for _, secret := range [][]byte{nil, {}} {
		if _, err := NewKey(secret); !errors.Is(err, ErrNoKey) {
			t.Errorf("got %v, want ErrNoKey", err)
		}
	}
	var k Key
	_, r := sealed(t)
	if k.Valid(r) || k.Len() != 0 || k.ID() != "" || VerifyProof(k.PublicKey(), r) {
		t.Error("the zero key verified something")
	}
	if err := k.Sign(&r); !errors.Is(err, ErrNoKey) || r.Proof != "" || r.VaultTime != (MAC{}) {
		t.Errorf("the zero key sealed a record, err %v", err)
	}
}

// TestKeyNeverPrints tries every way there is to print a value (A3, D6).
func TestKeyNeverPrints(t *testing.T) {
	k := newKey(t, testSecret)
	type exported struct {
		K Key
		P *Key
	}
	type hidden struct {
		k Key
		p *Key
		m map[string]Key
	}
	ring := NewKeyring(true)
	ring.Default(k)
	ring.Add("d", k)
	values := []any{
		k, &k, exported{k, &k}, &exported{k, &k}, hidden{k, &k, map[string]Key{"a": k}}, &hidden{k: k}, []Key{k}, map[string]*Key{"a": &k},
		[]any{hidden{k: k}}, ring, *ring, fmt.Errorf("with %v", k), errors.Join(fmt.Errorf("w %+v: %w", hidden{k: k}, ErrNoKey)),
	}
	var leaks []string
	for _, s := range []string{testSecret, string(k.reveal().signer.Seed())} {
		leaks = append(leaks, s, fmt.Sprintf("%x", s), fmt.Sprintf("%X", s), fmt.Sprintf("%v", []byte(s)), strings.Trim(fmt.Sprintf("%v", []byte(s)), "[]"),
			strings.TrimPrefix(fmt.Sprintf("%#v", []byte(s)), "[]byte"), base64.StdEncoding.EncodeToString([]byte(s)), fmt.Sprintf("% x", s), fmt.Sprintf("%q", s))
	}
	check := func(how, out string) {
		t.Helper()
		for _, leak := range leaks {
			if strings.Contains(out, leak) {
				t.Errorf("%s printed the key: %.80s", how, out)
			}
		}
	}
	n := 0
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%c", "%U", "%t", "%p", "%o", "%b", "%e", "%z"} {
			check(fmt.Sprintf("%s of %T", verb, v), fmt.Sprintf(verb, v))
			n++
		}
		if data, err := json.Marshal(v); err == nil {
			check(fmt.Sprintf("JSON of %T", v), string(data))
		}
		check("Sprintln", fmt.Sprintln(v))
		var text, js strings.Builder
		slog.New(slog.NewTextHandler(&text, nil)).Info("m", "v", v)
		slog.New(slog.NewJSONHandler(&js, nil)).Info("m", "v", v)
		check("slog text", text.String())
		check("slog JSON", js.String())
	}
	if n == 0 {
		t.Fatal("nothing was printed")
	}
	for got, want := range map[string]string{
		fmt.Sprint(k): redacted, fmt.Sprintf("%d", k): redacted, k.String(): redacted, k.GoString(): redacted,
		fmt.Sprintf("%v", exported{K: k}): "{[redacted key] <nil>}",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if text, _ := k.MarshalText(); string(text) != redacted {
		t.Errorf("text is %q", text)
	}
}

func TestParsePublicKey(t *testing.T) {
	k := newKey(t, testSecret)
	s := FormatPublicKey(k.PublicKey())
	pub, err := ParsePublicKey(s)
	if err != nil || !pub.Equal(k.PublicKey()) {
		t.Fatalf("%s read back as %x, %v", s, pub, err)
	}
	body := strings.TrimPrefix(s, "ed25519:")
	for _, bad := range []string{
		"", body, "ED25519:" + body, "ed25519:", "ed25519: " + body, s + "\n", "ed25519:" + body[:20] + "\n" + body[20:], "ed25519:" + body[:20] + "\r" + body[20:],
		strings.TrimRight(s, "="), s[:len(s)-2] + "B=", "ed25519:" + base64.StdEncoding.EncodeToString(make([]byte, 31)),
		"ed25519:" + base64.StdEncoding.EncodeToString(make([]byte, 33)), "ed25519:" + base64.URLEncoding.EncodeToString([]byte(strings.Repeat("\xff", 32))),
	} {
		if pub, err := ParsePublicKey(bad); err == nil {
			t.Errorf("%q was read as %x", bad, pub)
		}
	}
}

func TestKeyring(t *testing.T) {
	a, b := newKey(t, testSecret), newKey(t, "another key of more than 32 bytes....")
	open, closed := NewKeyring(true), NewKeyring(false)
	for _, ring := range []*Keyring{open, closed} {
		ring.Default(b)
		ring.Add("a", a)
		ring.Add("none", Key{})
		ring.List("a", b.ID(), b.PublicKey(), EpochRetiring)
	}
	for _, c := range []struct {
		ring   *Keyring
		domain string
		want   string
	}{
		{open, "a", a.ID()}, {open, "other", b.ID()}, {open, "none", ""}, {open, "", b.ID()},
		{closed, "a", a.ID()}, {closed, "other", ""}, {closed, "none", ""}, {closed, "A", ""}, {NewKeyring(true), "a", ""},
	} {
		key, ok := c.ring.Key(c.domain)
		if key.ID() != c.want || ok != (c.want != "") {
			t.Errorf("key of %q is %q, %v; want %q", c.domain, key.ID(), ok, c.want)
		}
	}
	for _, c := range []struct {
		domain, id string
		want       ed25519.PublicKey
	}{
		{"a", a.ID(), a.PublicKey()}, {"a", b.ID(), b.PublicKey()}, {"other", b.ID(), nil}, {"a", "", nil}, {"none", "", nil}, {"none", a.ID(), nil},
	} {
		pub, ok := closed.Public(c.domain, c.id)
		if !pub.Equal(c.want) || ok != (c.want != nil) {
			t.Errorf("public key %q of %q is %x, %v; want %x", c.id, c.domain, pub, ok, c.want)
		}
	}
}

// TestEpochs: the list says what a key may do, whichever variable holds it; the
// key beside the one that seals stands in for a list that is not there.
func TestEpochs(t *testing.T) {
	now, before, never := newKey(t, testSecret), newKey(t, "the key of the quarter before this one"), newKey(t, "a key that nobody of the domain knows")
	listed, unlisted, swapped := NewKeyring(false), NewKeyring(false), NewKeyring(false)
	for _, ring := range []*Keyring{listed, swapped} {
		ring.List("d", now.ID(), now.PublicKey(), EpochCurrent)
		ring.List("d", before.ID(), before.PublicKey(), EpochRetiring)
		ring.List("d", "0000000000000000", never.PublicKey(), EpochRevoked)
	}
	listed.Add("d", now, before, Key{}, now)
	swapped.Add("d", before, now)
	unlisted.Add("d", now, before)
	for name, c := range map[string]struct {
		ring *Keyring
		id   string
		want Epoch
	}{
		"current": {listed, now.ID(), EpochCurrent}, "retiring": {listed, before.ID(), EpochRetiring},
		"revoked": {listed, "0000000000000000", EpochRevoked}, "unknown": {listed, never.ID(), EpochUnknown}, "no id": {listed, "", EpochUnknown},
		"current, in the other variable": {swapped, now.ID(), EpochCurrent}, "retiring, in the first variable": {swapped, before.ID(), EpochRetiring},
		"no list": {unlisted, now.ID(), EpochUnlisted}, "no list, old": {unlisted, before.ID(), EpochRetiring}, "no list, another": {unlisted, never.ID(), EpochUnlisted},
	} {
		if got := c.ring.Epoch("d", c.id); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	if n := len(listed.Held("d")); n != 2 {
		t.Errorf("%d keys are held, want 2", n)
	}
	onlyOld := NewKeyring(false)
	onlyOld.Add("d", Key{}, before)
	if _, ok := onlyOld.Key("d"); ok || len(onlyOld.Held("d")) != 1 {
		t.Error("an old key seals")
	}
	r := Record{SHA256: artifact.HashBytes([]byte("x"))}
	r.VaultTime = authenticate([]byte("the key of the quarter before this one"), r.SHA256.String())
	if key, ok := listed.Maker("d", r); !ok || key.ID() != before.ID() {
		t.Errorf("made by %q, %v", key.ID(), ok)
	}
	if _, ok := listed.Maker("e", r); ok {
		t.Error("another domain's key made it")
	}
}
