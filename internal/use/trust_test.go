package use

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/config"
)

// trustText is a trust file with all that one may have.
const trustText = `version: 1
require_proof: true
records: 2
root: /srv/app
interpreters: {python3: {path: /usr/bin/python3}}
trust_domains:
  prod:
    paths: ["**"]
    public_keys: [{id: "490957580a8d49d7", key: "ed25519:BdLp1QRxTFTfyhd76PbjUmvYjpDQt+tOCXLagl93IYs="}]
  stage:
    key: vault-transit:transit/codexlock
    public_keys: [{id: "490957580a8d49d8", key: "ed25519:BdLp1QRxTFTfyhd76PbjUmvYjpDQt+tOCXLagl93IYs=", state: revoked}]
`

// FuzzTrustFile: whatever a trust file holds, it is refused or read, and a domain without
// a key here has a public one.
func FuzzTrustFile(f *testing.F) {
	for _, seed := range []string{trustText, "version: 1\n", "version: 1\ntrust_domains: {a: {key: vault-transit:a/b}}\n", "version: 1\ntrust_domains: {a: {key: env:HOME}}\n", "version: 1\nroot: relative\n", "{", "version: 2\n", "version: 1\ninterpreters: {sh: {path: sh}}\n", "\xff"} {
		f.Add([]byte(seed))
	}
	name := filepath.Join(f.TempDir(), "trust.yaml")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := readTrustFile(name, Environment(nil))
		if err != nil {
			return
		}
		for domain, d := range got.config.Domains {
			if d.Key.Scheme != config.EnvScheme && len(d.PublicKeys) == 0 {
				t.Errorf("trust domain %q has no key that can be used", domain)
			}
		}
		if root := got.config.Root; root != "" && !filepath.IsAbs(root) {
			t.Errorf("the root is %q", root)
		}
	})
}

// TestTightened: of the configuration of HEAD nothing counts that loosens. Which keys it lists
// counts: the key of the run must be one of them.
func TestTightened(t *testing.T) {
	c, err := config.Parse("codexlock.yaml", []byte(`version: 1
require_proof: false
keyless: proof
root: /
interpreters: {sh: {path: /tmp/sh}}
trust_domains:
  prod:
    key: env:VAULTTIME_KEY_DEV
    max_ttl_hours: 9000
    accepts_from: [dev]
    public_keys:
      - {id: "490957580a8d49d7", key: "ed25519:BdLp1QRxTFTfyhd76PbjUmvYjpDQt+tOCXLagl93IYs="}
      - {id: "490957580a8d49d8", key: "ed25519:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", state: revoked}
  dev: {max_ttl_hours: 2}
`))
	if err != nil {
		t.Fatal(err)
	}
	got := tightened(c, Environment([]string{"VAULTTIME_KEY=x", "VAULTTIME_KEY_PROD=y"}))
	prod, dev := got.Domains["prod"], got.Domains["dev"]
	if !got.RequireProof || got.Keyless != "deny" || got.Root != "" || got.Interpreters != nil {
		t.Errorf("got %+v", got)
	}
	if prod.Key.Name != "VAULTTIME_KEY_PROD" || prod.MaxTTLHours != 24 || prod.AcceptsFrom != nil || len(prod.PublicKeys) != 2 {
		t.Errorf("prod is %+v", prod)
	}
	if dev.Key.Name != "VAULTTIME_KEY" || dev.MaxTTLHours != 2 {
		t.Errorf("dev is %+v", dev)
	}
	if got := KeyVariable("runtime-core.v2"); got != "VAULTTIME_KEY_RUNTIME_CORE_V2" {
		t.Errorf("the variable is %s", got)
	}
}

// TestStateLines: a line that is no line is an error, and one without its end is none.
func TestStateLines(t *testing.T) {
	good := "2026-01-01T00:00:00Z 2026-01-01T00:00:00Z a b.sh\n"
	for text, whole := range map[string]int64{"": 0, good: int64(len(good)), good + "2026": int64(len(good)), "torn": 0} {
		s := &state{name: "state"}
		s.times = map[artifact.Path]times{}
		got, err := s.read(strings.NewReader(text))
		if err != nil || got != whole {
			t.Errorf("%q: %d, %v, want %d", text, got, err, whole)
		}
	}
	for _, text := range []string{"\n", "x\n", "2026-01-01T00:00:00Z x a\n", "2026-01-01T00:00:00Z 2026-01-01T00:00:00Z ../a\n"} {
		s := &state{times: map[artifact.Path]times{}, name: "state"}
		if _, err := s.read(strings.NewReader(text)); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}
