package ruleset_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"testing"

	opabundle "github.com/open-policy-agent/opa/v1/bundle"

	"github.com/codexlock/codexlock/internal/bundle/archive"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/policykey"
	"github.com/codexlock/codexlock/internal/ruleset"
	"github.com/codexlock/codexlock/policies"
)

const (
	names    = "package acme.names\n\ndeny contains \"x\" if input.artifact.path == \"y\"\n"
	manifest = `{"revision":"7","roots":["acme"],"rego_version":1}`
)

// entries are files, given as name and text in turn.
func entries(files ...string) []archive.Entry {
	var out []archive.Entry
	for i := 0; i < len(files); i += 2 {
		out = append(out, archive.Entry{Name: files[i], Data: []byte(files[i+1])})
	}
	return out
}

// A signer is a private key, and its public half as a configuration has it.
type signer struct {
	algorithm string
	private   string
	public    policykey.Key
}

func newSigner(t *testing.T, algorithm string) signer {
	t.Helper()
	var private crypto.Signer
	var err error
	if algorithm == "ES256" {
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	} else {
		_, private, err = ed25519.GenerateKey(rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	s := signer{algorithm: algorithm}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	s.private = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if der, err = x509.MarshalPKIXPublicKey(private.Public()); err != nil {
		t.Fatal(err)
	}
	if s.public, err = policykey.Parse(string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))); err != nil {
		t.Fatal(err)
	}
	return s
}

// sign adds the signature that OPA makes of the files.
func (s signer) sign(t *testing.T, hash opabundle.HashingAlgorithm, files []archive.Entry) []archive.Entry {
	t.Helper()
	hasher, err := opabundle.NewSignatureHasher(hash)
	if err != nil {
		t.Fatal(err)
	}
	var list []opabundle.FileInfo
	for _, e := range files {
		var content any = e.Data
		if opabundle.IsStructuredDoc(e.Name) {
			if err := json.Unmarshal(e.Data, &content); err != nil {
				t.Fatal(err)
			}
		}
		sum, err := hasher.HashFile(content)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, opabundle.NewFile(e.Name, hex.EncodeToString(sum), string(hash)))
	}
	token, err := opabundle.GenerateSignedToken(list, opabundle.NewSigningConfig(s.private, s.algorithm, ""), "")
	if err != nil {
		t.Fatal(err)
	}
	return append(slices.Clone(files), signatures(t, "_default", token))
}

func signatures(t *testing.T, plugin string, tokens ...string) archive.Entry {
	t.Helper()
	text, err := json.Marshal(opabundle.SignaturesConfig{Signatures: tokens, Plugin: plugin})
	if err != nil {
		t.Fatal(err)
	}
	return archive.Entry{Name: ".signatures.json", Data: text}
}

func TestFromBundle(t *testing.T) {
	signed := newSigner(t, "EdDSA")
	files := entries(".manifest", manifest, "data.json", "{}\n", "acme/names.rego", names, "acme/names_test.rego", "package acme.names_test\n\ntest_it if true\n", "README.md", "Rules.")
	for name, c := range map[string]struct {
		entries []archive.Entry
		keys    []policykey.Key
	}{
		"no key":                    {files, nil},
		"no key, but a signature":   {signed.sign(t, opabundle.SHA256, files), nil},
		"signed":                    {signed.sign(t, opabundle.SHA256, files), []policykey.Key{signed.public}},
		"signed, SHA-512":           {signed.sign(t, opabundle.SHA512, files), []policykey.Key{signed.public}},
		"signed by one of two keys": {signed.sign(t, opabundle.SHA256, files), []policykey.Key{newSigner(t, "EdDSA").public, signed.public}},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := ruleset.FromBundle("oci://h/r@sha256:0123", "oci://h/r", c.entries, c.keys)
			if err != nil {
				t.Fatal(err)
			}
			if len(s.Modules) != 2 || s.Modules[0].Name != "oci://h/r/acme/names.rego" || string(s.Modules[0].Text) != names || s.Standard || s.Name != "oci://h/r@sha256:0123" {
				t.Errorf("got %+v", s)
			}
			if _, err := policy.New(context.Background(), []ruleset.Source{s}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestFromBundleRefuses(t *testing.T) {
	ours, other, curve := newSigner(t, "EdDSA"), newSigner(t, "EdDSA"), newSigner(t, "ES256")
	files := entries(".manifest", manifest, "acme/names.rego", names)
	keys := []policykey.Key{ours.public}
	good := ours.sign(t, opabundle.SHA256, files)
	token := tokenOf(t, good)
	head, rest, _ := strings.Cut(token, ".")
	body, sum, _ := strings.Cut(rest, ".")
	for name, c := range map[string]struct {
		entries []archive.Entry
		keys    []policykey.Key
		want    string
	}{
		"not signed":              {files, keys, "not signed"},
		"by another key":          {other.sign(t, opabundle.SHA256, files), keys, "not signed by any"},
		"by another kind of key":  {curve.sign(t, opabundle.SHA256, files), keys, `signatures by "ES256"`},
		"a file changed":          {replaced(good, "acme/names.rego", names+"\n"), keys, "digest mismatch"},
		"the manifest changed":    {replaced(good, ".manifest", `{"revision":"8","roots":["acme"],"rego_version":1}`), keys, "digest mismatch"},
		"a file more":             {append(slices.Clone(good), entries("acme/more.rego", "package acme.more\n")...), keys, "not included in bundle signature"},
		"a page more":             {append(slices.Clone(good), entries("README.md", "Rules.")...), keys, "not included in bundle signature"},
		"a file less":             {slices.DeleteFunc(slices.Clone(good), func(e archive.Entry) bool { return e.Name == "acme/names.rego" }), keys, "which is not in the bundle"},
		"weak hashes":             {ours.sign(t, opabundle.MD5, files), keys, "by MD5"},
		"no signature in it":      {append(slices.Clone(files), signatures(t, "")), keys, "0 signatures"},
		"two signatures":          {append(slices.Clone(files), signatures(t, "", token, token)), keys, "2 signatures"},
		"a plugin":                {append(slices.Clone(files), signatures(t, "acme", token)), keys, `plugin "acme"`},
		"no token":                {append(slices.Clone(files), signatures(t, "", "nonsense")), keys, "header"},
		"alg none":                {append(slices.Clone(files), signatures(t, "", encode(`{"alg":"none"}`)+"."+body+".")), keys, `signatures by "none"`},
		"alg HS256":               {append(slices.Clone(files), signatures(t, "", encode(`{"alg":"HS256"}`)+"."+body+"."+sum)), keys, `signatures by "HS256"`},
		"another header":          {append(slices.Clone(files), signatures(t, "", encode(`{"alg":"EdDSA","kid":"x"}`)+"."+body+"."+sum)), keys, "not signed by any"},
		"another list":            {append(slices.Clone(files), signatures(t, "", head+"."+encode(`{"files":[]}`)+"."+sum)), keys, "not signed by any"},
		"no JSON":                 {append(slices.Clone(files), entries(".signatures.json", "{")...), keys, "cannot be read"},
		"a signature in a folder": {append(slices.Clone(files), entries("acme/.signatures.json", "{}")...), nil, "in its root"},
		"documents":               {entries("data.json", `{"allowed":["x"]}`, "acme/names.rego", names), nil, "documents of data"},
		"documents below":         {entries("acme/data.yaml", "allowed: [x]", "acme/names.rego", names), nil, "documents of data"},
		"compiled":                {entries("policy.wasm", "\x00asm", "acme/names.rego", names), nil, "compiled rules"},
		"a plan":                  {entries("plan.json", "{}", "acme/names.rego", names), nil, "compiled rules"},
		"a delta":                 {entries("patch.json", `{"data":[]}`), nil, "delta bundle"},
		"v0":                      {entries(".manifest", `{"rego_version":0}`, "acme/names.rego", "package acme.names\n\ndeny[\"x\"] { true }\n"), nil, "says Rego v0"},
		"v0 for one file":         {entries(".manifest", `{"rego_version":1,"file_rego_versions":{"/acme/*.rego":0}}`, "acme/names.rego", "package acme.names\n\ndeny[\"x\"] { true }\n"), nil, "says Rego v0"},
		"a manifest of nothing":   {entries(".manifest", "", "acme/names.rego", names), nil, "manifest cannot be read"},
		"a manifest for Wasm":     {entries(".manifest", `{"wasm":[{"entrypoint":"acme","module":"x"}]}`, "acme/names.rego", names), nil, "compiled rules"},
		"data that is null":       {entries("data.json", "null", "acme/names.rego", names), nil, "documents of data"},
		"data that is no JSON":    {entries("data.json", "{", "acme/names.rego", names), nil, "documents of data"},
		"a manifest of bytes":     {entries(".manifest.pb", "", "acme/names.rego", names), nil, "in its root"},
		"two manifests":           {entries(".manifest", "{}", "acme/.manifest", "{}", "acme/names.rego", names), nil, "in its root"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := ruleset.FromBundle("h", "h/r", c.entries, c.keys)
			var bad *ruleset.Error
			if s.Modules != nil || !errors.As(err, &bad) || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "h/r: ") {
				t.Errorf("got %d modules and %v, want a *PolicyError of h/r that says %q", len(s.Modules), err, c.want)
			}
		})
	}
}

func tokenOf(t *testing.T, files []archive.Entry) string {
	t.Helper()
	var c opabundle.SignaturesConfig
	if err := json.Unmarshal(files[len(files)-1].Data, &c); err != nil || len(c.Signatures) != 1 {
		t.Fatalf("no signature: %v", err)
	}
	return c.Signatures[0]
}

func replaced(files []archive.Entry, name, text string) []archive.Entry {
	files = slices.Clone(files)
	for i, e := range files {
		if e.Name == name {
			files[i].Data = []byte(text)
		}
	}
	return files
}

// TestBundleFaultsHaveAPlace: a module at fault is named as it is in the bundle,
// with its line.
func TestBundleFaultsHaveAPlace(t *testing.T) {
	for want, files := range map[string][]archive.Entry{
		"h/r/acme/a.rego:3:": entries("acme/a.rego", "package acme.a\n\ndeny contains }\n"),
		"h/r/acme/a.rego:3:15: built-in http.send is not allowed":                       entries("acme/a.rego", "package acme.a\n\ndeny contains http.send({}).body\n"),
		"h/r/acme/a.rego:1:1: package acme.a is outside the roots of its bundle: other": entries(".manifest", `{"roots":["other"]}`, "acme/a.rego", "package acme.a\n\ndeny contains \"x\" if false\n"),
		"h/r/acme/a.rego:1:1: package acmeb is outside the roots of its bundle: /acme/": entries(".manifest", `{"roots":["/acme/"]}`, "acme/a.rego", "package acmeb\n\ndeny contains \"x\" if false\n"),
	} {
		s, err := ruleset.FromBundle("h", "h/r", files, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := policy.New(context.Background(), []ruleset.Source{s}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestBundleOfNothing asks no rule, which is never a pass.
func TestBundleOfNothing(t *testing.T) {
	for _, files := range [][]archive.Entry{entries("README.md", "no rules"), entries("x_test.rego", "package x_test\n\ntest_x if true\n"), entries("lib/x.rego", "package acme.lib.x\n\na := 1\n")} {
		s, err := ruleset.FromBundle("h", "h/r", files, nil)
		if err != nil {
			t.Fatal(err)
		}
		embedded, err := ruleset.Embedded(policies.FS)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := policy.New(context.Background(), []ruleset.Source{embedded, s}); err == nil || !strings.Contains(err.Error(), `no rule in source "h"`) {
			t.Errorf("%s: got %v", files[0].Name, err)
		}
	}
}

func encode(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
