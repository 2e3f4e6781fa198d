package policykey_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/policykey"
)

func public(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return block("PUBLIC KEY", der)
}

func block(name string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: name, Bytes: der}))
}

func curve(t *testing.T, c elliptic.Curve) any {
	t.Helper()
	k, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k.Public()
}

func rsaKey(t *testing.T, bits int) any {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return k.Public()
}

func TestParse(t *testing.T) {
	ed, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	all := []string{"EdDSA", "ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "HS256", "none", ""}
	for want, key := range map[string]any{
		"EdDSA": ed, "ES256": curve(t, elliptic.P256()), "ES384": curve(t, elliptic.P384()), "ES512": curve(t, elliptic.P521()),
		"RS256 RS384 RS512 PS256 PS384 PS512": rsaKey(t, 2048),
	} {
		k, err := policykey.Parse(public(t, key))
		if err != nil {
			t.Errorf("%s: %v", want, err)
			continue
		}
		var got []string
		for _, a := range all {
			if k.Checks(a) {
				got = append(got, a)
			}
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("checks %s, want %s", s, want)
		}
		if k.PEM() != public(t, key) {
			t.Errorf("%s: PEM is %s", want, k.PEM())
		}
	}
}

func TestBadPublicKeys(t *testing.T) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	good := public(t, private.Public())
	for text, want := range map[string]string{
		"":                                   "no PEM block",
		"ed25519:AAAA":                       "no PEM block",
		block("PRIVATE KEY", secret):         "private key",
		block("EC PRIVATE KEY", secret):      "private key",
		block("CERTIFICATE", secret):         `"CERTIFICATE", want PUBLIC KEY`,
		block("PUBLIC KEY", []byte("no")):    "no public key",
		good + good:                          "one block",
		good + "and more":                    "one block",
		public(t, curve(t, elliptic.P224())): "signs no bundle",
		weakRSA:                              "1024 bits",
	} {
		if _, err := policykey.Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to say %q", err, want)
		} else if strings.Contains(err.Error(), "MC") {
			t.Errorf("%v holds the key", err)
		}
	}
}

// weakRSA is a key that Go itself would not make.
const weakRSA = `-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDWgKJVXwSeBXX3/LRIZqAkdWu0
5fkm9egGErnXHMhYgRuHi4NUa0KTmjsCLlFS4QQ5EO4U4SEaTSPmcTXmOH5Boyek
z4zapjAVVBPwK0i3na9pXpQ2VfxjyLIHis1NqocZSCWeZn9mv99GStgLbjaGD2g7
RmH/6V/b3d0I03910wIDAQAB
-----END PUBLIC KEY-----
`
