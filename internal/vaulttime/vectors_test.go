package vaulttime

import (
	"crypto/ed25519"
	"crypto/hmac"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/c2sp/wycheproof"

	"github.com/codexlock/codexlock/internal/artifact"
)

type vector struct {
	Name          string  `json:"name"`
	Key           string  `json:"key"`
	SHA256        string  `json:"sha256"`
	VaultTime     string  `json:"vaulttime"`
	ContentBase64 *string `json:"content_base64"`
	ContentRule   string  `json:"content_rule"`
}

func (v vector) content(t *testing.T) []byte {
	t.Helper()
	switch v.ContentRule {
	case "":
		if v.ContentBase64 == nil {
			t.Fatalf("%s has no content", v.Name)
		}
		data, err := base64.StdEncoding.DecodeString(*v.ContentBase64)
		if err != nil {
			t.Fatal(err)
		}
		return data
	case "byte i = i mod 251, i in [0,65536)":
		return pattern(65536, func(i int) byte { return byte(i % 251) })
	case "byte i = (7i+3) mod 256, i in [0,1048577)":
		return pattern(1048577, func(i int) byte { return byte((7*i + 3) % 256) })
	}
	t.Fatalf("%s has the unknown rule %q", v.Name, v.ContentRule)
	return nil
}

func pattern(n int, at func(int) byte) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = at(i)
	}
	return data
}

// TestOpenSSLVectors holds every HMAC against one that openssl made (ZT-4.2).
func TestOpenSSLVectors(t *testing.T) {
	data, err := os.ReadFile("testdata/vaulttime.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Vectors []vector `json:"vectors"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Vectors) != 28 {
		t.Fatalf("%d vectors, want 28", len(file.Vectors))
	}
	for _, v := range file.Vectors {
		digest := artifact.HashBytes(v.content(t))
		if digest.String() != v.SHA256 {
			t.Errorf("%s: sha256 is %s, want %s", v.Name, digest, v.SHA256)
		}
		key := newKey(t, v.Key)
		path := artifact.Path("x")
		r := Record{SHA256: digest, Path: &path, Timestamp: mustTime(t, "2025-11-09T12:00:00Z"), TrustDomain: "d", TTLHours: 24}
		if err := key.Sign(&r); err != nil {
			t.Fatal(err)
		}
		if r.VaultTime.String() != v.VaultTime {
			t.Errorf("%s: sealed %s, want %s", v.Name, r.VaultTime, v.VaultTime)
		}
		if r.VaultTime, err = ParseMAC(v.VaultTime); err != nil || !key.Valid(r) {
			t.Errorf("%s: openssl's HMAC was refused: %v", v.Name, err)
		}
		r.VaultTime[31] ^= 1
		if key.Valid(r) {
			t.Errorf("%s: a changed HMAC was accepted", v.Name)
		}
	}
}

// TestOpenSSLToday runs the standard's own one-liner.
func TestOpenSSLToday(t *testing.T) {
	const secret = `with spaces and $dollar "quote" 'single' 0123456789`
	path := artifact.Path("x")
	r := Record{SHA256: artifact.HashBytes([]byte("hello\n")), Path: &path, TrustDomain: "d", TTLHours: 1}
	if err := newKey(t, secret).Sign(&r); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", `printf "%s" "$sha256" | openssl dgst -sha256 -hmac "$VAULTTIME_KEY" | awk '{print $2}'`)
	cmd.Env = append(os.Environ(), "sha256="+r.SHA256.String(), "VAULTTIME_KEY="+secret)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("openssl: %v\n%s", err, out)
	}
	if got := strings.TrimSpace(string(out)); got != r.VaultTime.String() {
		t.Errorf("openssl says %q, the record %s", got, r.VaultTime)
	}
}

// TestOpenSSLVerifiesProof checks a proof with openssl alone, as somebody would
// who does not trust this program.
func TestOpenSSLVerifiesProof(t *testing.T) {
	key, r := sealed(t)
	dir := t.TempDir()
	// RFC 8410: the fixed SubjectPublicKeyInfo prefix of an Ed25519 key.
	prefix, _ := hex.DecodeString("302a300506032b6570032100")
	payload, err := r.Payload()
	if err != nil {
		t.Fatal(err)
	}
	signature, err := base64.StdEncoding.DecodeString(r.Proof)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, data []byte) string {
		t.Helper()
		if err := os.WriteFile(dir+"/"+name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return dir + "/" + name
	}
	pub := write("pub.der", append(prefix, key.PublicKey()...))
	sig := write("sig", signature)
	check := func(message string) (string, error) {
		out, err := exec.Command("openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER",
			"-inkey", pub, "-sigfile", sig, "-in", message).CombinedOutput()
		return string(out), err
	}
	if out, err := check(write("payload", payload)); err != nil || !strings.Contains(out, "Verified Successfully") {
		t.Errorf("openssl refused the proof: %v\n%s", err, out)
	}
	payload[len(payload)/2] ^= 1
	if out, err := check(write("changed", payload)); err == nil {
		t.Errorf("openssl accepted a changed payload: %s", out)
	}
}

type wycheproofFile struct {
	NumberOfTests int `json:"numberOfTests"`
	TestGroups    []struct {
		TagSize   int `json:"tagSize"`
		PublicKey struct {
			PK string `json:"pk"`
		} `json:"publicKey"`
		Tests []struct {
			ID      int    `json:"tcId"`
			Comment string `json:"comment"`
			Key     string `json:"key"`
			Msg     string `json:"msg"`
			Tag     string `json:"tag"`
			Sig     string `json:"sig"`
			Result  string `json:"result"`
		} `json:"tests"`
	} `json:"testGroups"`
}

func readWycheproof(t *testing.T, name string, want int) wycheproofFile {
	t.Helper()
	data, err := fs.ReadFile(wycheproof.TestVectors, name)
	if err != nil {
		t.Fatal(err)
	}
	var file wycheproofFile
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, g := range file.TestGroups {
		n += len(g.Tests)
	}
	if n != want || file.NumberOfTests != want {
		t.Fatalf("%s has %d tests, want %d", name, n, want)
	}
	return file
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	data, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestWycheproofHMAC(t *testing.T) {
	for _, g := range readWycheproof(t, "hmac_sha256_test.json", 174).TestGroups {
		for _, c := range g.Tests {
			mac := authenticate(unhex(t, c.Key), string(unhex(t, c.Msg)))
			// Tags of 128 bits are truncated ones, which a record never has.
			got := hmac.Equal(mac[:g.TagSize/8], unhex(t, c.Tag))
			if got != (c.Result == "valid") {
				t.Errorf("%d (%s): accepted is %v, want %s", c.ID, c.Comment, got, c.Result)
			}
		}
	}
}

func TestWycheproofEd25519(t *testing.T) {
	for _, g := range readWycheproof(t, "ed25519_test.json", 151).TestGroups {
		pub, err := ParsePublicKey("ed25519:" + base64.StdEncoding.EncodeToString(unhex(t, g.PublicKey.PK)))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range g.Tests {
			// The way that a proof goes: base64 of exactly 64 bytes, then the signature.
			signature, err := decodeBase64(base64.StdEncoding.EncodeToString(unhex(t, c.Sig)), ed25519.SignatureSize)
			got := err == nil && verify(pub, unhex(t, c.Msg), signature)
			if got != (c.Result == "valid") {
				t.Errorf("%d (%s): accepted is %v, want %s", c.ID, c.Comment, got, c.Result)
			}
		}
	}
}
