package config_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/config"
)

// sample says everything that a configuration can say.
const sample = `version: 1
artifacts: {include: ["assets/sources/**", "scripts/**"], exclude: ["scripts/old/**"]}
critical_paths: ["**"]
require_proof: true
keyless: proof                 # or: deny
lfs: content                   # or: oid
run_tests: sandbox             # or: never
minimum_level: tier-1          # or: a-plus
trust_domains:
  runtime-core:
    paths: ["assets/sources/**"]
    key: env:VAULTTIME_KEY_RUNTIME_CORE   # default: env:VAULTTIME_KEY
    public_keys: [{id: 0f3a0f3a0f3a0f3a, key: "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", created_at: 2026-09-01T00:00:00Z, state: retiring}]
    max_ttl_hours: 12
    accepts_from: [ingest]
    network: [example.com]
  ingest:
    paths: ["assets/**"]
policies: [policies/, "more/rules"]
schemas: [schemas/]
audit: {domain: ingest}
use: {sites: [workflows, docker]}
exceptions:
  - {rule: script.posix, paths: ["scripts/legacy/**"], reason: "to be rewritten", owner: "@team", expires: 2026-12-31T00:00:00Z}
`

func TestParseTheSample(t *testing.T) {
	got, err := config.Parse("codexlock.yaml", []byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	want := config.Config{
		File: "codexlock.yaml", Include: []string{"assets/sources/**", "scripts/**"}, Exclude: []string{"scripts/old/**"},
		CriticalPaths: []string{"**"}, RequireProof: true, Keyless: "proof", LFS: "content", RunTests: "sandbox", MinimumLevel: artifact.Tier1,
		Domains: map[string]config.Domain{
			"runtime-core": {
				Paths: []string{"assets/sources/**"}, Key: config.KeyPlace{Scheme: "env", Name: "VAULTTIME_KEY_RUNTIME_CORE"}, MaxTTLHours: 12,
				PublicKeys: []config.PublicKey{{
					ID: "0f3a0f3a0f3a0f3a", Key: "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
					CreatedAt: time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC), State: "retiring",
				}},
				AcceptsFrom: []string{"ingest"}, Network: []string{"example.com"},
			},
			"ingest": {Paths: []string{"assets/**"}, Key: config.DefaultKey, MaxTTLHours: 24},
		},
		Policies: []string{"policies/", "more/rules/"}, PoliciesNamed: true, Schemas: []string{"schemas/"}, AuditDomain: "ingest",
		UseSites: []string{"workflows", "docker"},
		Exceptions: []config.Exception{{Pointer: "/exceptions/0",
			Rule: "script.posix", Paths: []string{"scripts/legacy/**"}, Reason: "to be rewritten", Owner: "@team",
			Expires: time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC),
		}},
	}
	if at, ok := got.Document.Position("/keyless"); !ok || at.Line == 0 {
		t.Errorf("keyless stands at %v, %v", at, ok)
	}
	got.Document = nil
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

func TestDefaults(t *testing.T) {
	want := config.Default()
	if want.RequireProof || want.Keyless != "deny" || want.LFS != "oid" || want.MinimumLevel != artifact.APlus ||
		want.File != "" || want.Domains != nil || want.PoliciesNamed || !reflect.DeepEqual(want.Policies, []string{"policies/"}) {
		t.Errorf("without a file: %+v", want)
	}
	got, err := config.Parse(".github/codexlock.yaml", []byte("version: 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	got.Document = nil
	want.File, want.RequireProof = ".github/codexlock.yaml", true // the two differences
	if !reflect.DeepEqual(got, want) {
		t.Errorf("with a file that says nothing: got\n%+v\nwant\n%+v", got, want)
	}
}

func TestParseRefuses(t *testing.T) {
	domain := "version: 1\ntrust_domains:\n  a:\n    "
	tests := []struct {
		name, text   string
		line, column int
		message      string
	}{
		{"nothing", "", 1, 1, "empty"},
		{"no version", "keyless: deny\n", 1, 1, "version"},
		{"another version", "version: 2\n", 1, 10, "version"},
		{"an unknown key", "version: 1\nkeylesss: deny\n", 2, 1, "keylesss"},
		{"a key in another case", "version: 1\nKeyless: deny\n", 2, 1, "Keyless"},
		{"an unknown key of a domain", domain + "ttl: 3\n", 4, 5, "ttl"},
		{"an unknown value", "version: 1\nkeyless: allow\n", 2, 10, "allow"},
		{"a level that denies nothing", "version: 1\nminimum_level: non-compliant\n", 2, 16, "non-compliant"},
		{"a bad pattern", "version: 1\nartifacts:\n  include: [\"ok/**\", \"a[\"]\n", 3, 22, `"a["`},
		{"a bad pattern of what is left out", "version: 1\nartifacts:\n  exclude: [\"a[\"]\n", 3, 13, `"a["`},
		{"a bad pattern of an exception", "version: 1\nexceptions: [{rule: a, paths: [\"a[\"], reason: b, owner: c, expires: 2026-12-31T00:00:00Z}]\n", 2, 32, `"a["`},
		{"a pattern without end", "version: 1\ncritical_paths: [\"" + strings.Repeat("{a,aa}", 9) + "\"]\n", 2, 18, "8 pairs of braces"},
		{"a long pattern", "version: 1\ncritical_paths: [" + strings.Repeat("x", 1025) + "]\n", 2, 18, "1024 bytes"},
		{"an exception without a reason", "version: 1\nexceptions: [{rule: a, reason: \" \", owner: c, expires: 2026-12-31T00:00:00Z}]\n", 2, 32, "says something"},
		{"an exception from no rule", "version: 1\nexceptions: [{rule: \"a:\", reason: b, owner: c, expires: 2026-12-31T00:00:00Z}]\n", 2, 21, "area.rule:term"},
		{"an exception nowhere", "version: 1\nexceptions: [{rule: a, paths: [], reason: b, owner: c, expires: 2026-12-31T00:00:00Z}]\n", 2, 31, "paths"},
		{"a baseline outside", "version: 1\nbaseline: ../b.json\n", 2, 11, ".."},
		{"a pattern from the root", "version: 1\ncritical_paths: [\"/etc/**\"]\n", 2, 18, `"/etc/**"`},
		{"a bad pattern of a domain", domain + "paths: [\"{a\"]\n", 4, 13, `"{a"`},
		{"a key in the file", domain + "key: VAULTTIME_KEY\n", 4, 10, "env:"},
		{"a key from a file", domain + "key: file:/etc/key\n", 4, 10, "env:"},
		{"a bad public key", domain + "public_keys: [{id: 0f3a0f3a0f3a0f3a, key: \"ed25519:AAAA\"}]\n", 4, 47, "ed25519"},
		{"a bad id", domain + "public_keys: [{id: 0F3A, key: \"ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"}]\n", 4, 24, "16"},
		{"a time to live of nothing", domain + "max_ttl_hours: 0\n", 4, 20, "hours"},
		{"a bad domain", "version: 1\ntrust_domains:\n  \"a b\": {}\n", 3, 3, "a b"},
		{"rules from elsewhere", "version: 1\npolicies: [\"oci://example.com/rules@sha256:00\"]\n", 2, 12, "oci://"},
		{"rules outside", "version: 1\npolicies: [../rules]\n", 2, 12, ".."},
		{"schemas outside", "version: 1\nschemas: [/etc]\n", 2, 11, "/etc"},
		{"tests that run anywhere", "version: 1\nrun_tests: always\n", 2, 12, "always"},
		{"an unknown site", "version: 1\nuse: {sites: [workflows, jenkins]}\n", 2, 26, `sites[1] is "jenkins", want one of "workflows"`},
		{"no site", "version: 1\nuse: {sites: []}\n", 2, 14, "pre-commit"},
		{"an exception for ever", "version: 1\nexceptions: [{rule: a, reason: b, owner: c}]\n", 2, 14, "expires"},
		{"an exception until no day", "version: 1\nexceptions: [{rule: a, reason: b, owner: c, expires: 2026-02-30T00:00:00Z}]\n", 2, 54, "2026-02-30"},
		{"an anchor and an alias", "version: 1\ncritical_paths: &a [x]\nschemas: *a\n", 2, 17, ""},
		{"a key twice", "version: 1\nkeyless: deny\nkeyless: proof\n", 3, 1, "keyless"},
		{"two documents", "version: 1\n---\nversion: 1\n", 2, 1, ""},
		{"a tag", "version: !!int 1\n", 1, 10, ""},
		{"a list", "- version\n", 1, 1, ""},
		{"300 KiB", "version: 1\n#" + strings.Repeat("x", 300<<10), 1, 1, "262144"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := config.Parse("codexlock.yaml", []byte(test.text))
			var bad *config.Error
			if !errors.As(err, &bad) {
				t.Fatalf("%v (%T), want a *config.Error", err, err)
			}
			if bad.File != "codexlock.yaml" || bad.Line != test.line || bad.Column != test.column {
				t.Errorf("%v, want line %d, column %d", err, test.line, test.column)
			}
			if bad.Message == "" || !strings.Contains(bad.Message, test.message) {
				t.Errorf("message %q does not name %q", bad.Message, test.message)
			}
			if !strings.HasPrefix(err.Error(), "codexlock.yaml:") {
				t.Errorf("%q does not begin with the file", err)
			}
		})
	}
}

func TestDomains(t *testing.T) {
	c, err := config.Parse("codexlock.yaml", []byte(sample+"  - {rule: x, reason: y, owner: z, expires: 2026-12-31T00:00:00Z}\n"))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[artifact.Path]string{
		"assets/sources/model.bin": "ingest", // of two, the first by name
		"assets/other":             "ingest",
		"scripts/run.sh":           "",
	} {
		for range 20 { // whatever the order of the map
			if got := c.DomainFor(path); got != want {
				t.Errorf("%s belongs to %q, want %q", path, got, want)
			}
		}
	}
	if d, known := c.Domain("ingest"); !known || d.KeySource() != "VAULTTIME_KEY" {
		t.Errorf("ingest: %+v, %v", d, known)
	}
	if d, known := c.Domain("nobody"); known || d.Key != (config.KeyPlace{}) {
		t.Errorf("a domain that the file does not know: %+v, %v", d, known)
	}
	open := config.Default()
	if d, known := open.Domain("anything"); !known || d.KeySource() != "VAULTTIME_KEY" || d.MaxTTLHours != 24 {
		t.Errorf("without a file: %+v, %v, want any name to be a domain", d, known)
	}
}

func TestMatches(t *testing.T) {
	c, err := config.Parse("codexlock.yaml", []byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{
		"assets/sources/model.bin": true, "assets/sources/a/b": true, "assets/other": false, "scripts/x": true,
		"scripts/old/x": false, "x/scripts/y": false, "README.md": false, "Scripts/x": false, "assets/sources/.hidden": true,
	} {
		if got := c.Matches(path); got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
	// ZT-6.3: what is not verified is no artifact, whatever the patterns say.
	c.Include = []string{"**"}
	for path, want := range map[string]bool{
		"assets/incoming/x": false, "assets/quarantine/20260101T000000Z-0/x.bin": false, "assets/incoming": true, "x/assets/incoming/y": true, "assets/sources/x": true,
	} {
		if got := c.Matches(path); got != want {
			t.Errorf("included everything, %s: %v, want %v", path, got, want)
		}
	}
	if config.MatchAny(nil, "x") || !config.MatchAny([]string{"no", "**"}, "a/b") {
		t.Error("no pattern matches nothing, and any of several is enough")
	}
}

func TestLogDomains(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"none":    {"version: 1\n", []string{""}},
		"one":     {"version: 1\ntrust_domains: {a: {}}\n", []string{"a"}},
		"several": {"version: 1\ntrust_domains: {b: {}, a: {}}\n", []string{"a", "b"}},
		"named":   {"version: 1\ntrust_domains: {b: {}, a: {}}\naudit: {domain: b}\n", []string{"b"}},
	} {
		c, err := config.Parse("codexlock.yaml", []byte(test.text))
		if err != nil || !reflect.DeepEqual(c.LogDomains(), test.want) {
			t.Errorf("%s: %q, %v, want %q", name, c.LogDomains(), err, test.want)
		}
	}
}

// TestRecords: records is 1 or 2, and 1 where the file says nothing.
func TestRecords(t *testing.T) {
	for text, want := range map[string]bool{"": false, "records: 1\n": false, "records: 2\n": true} {
		c, err := config.Parse("codexlock.yaml", []byte("version: 1\n"+text))
		if err != nil || c.SignsCompanions() != want {
			t.Errorf("%q: %t, %v, want %t", text, c.SignsCompanions(), err, want)
		}
	}
	for _, bad := range []string{"0", "3", "-1", `"2"`, "true", "[2]"} {
		_, err := config.Parse("codexlock.yaml", []byte("version: 1\nrecords: "+bad+"\n"))
		if err == nil || !strings.Contains(err.Error(), "codexlock.yaml:2:10: records is ") || !strings.Contains(err.Error(), "want one of 1, 2") {
			t.Errorf("records: %s: %v", bad, err)
		}
	}
}

// TestRenewals: renewals is tree or ref, and tree where the file says nothing.
func TestRenewals(t *testing.T) {
	for text, want := range map[string]bool{"": false, "renewals: tree\n": false, "renewals: ref\n": true} {
		c, err := config.Parse("codexlock.yaml", []byte("version: 1\n"+text))
		if err != nil || c.RenewsInRef() != want {
			t.Errorf("%q: %v %v, want %v", text, c.RenewsInRef(), err, want)
		}
	}
	if config.Default().RenewsInRef() {
		t.Error("without a configuration, records are read from a ref")
	}
	_, err := config.Parse("codexlock.yaml", []byte("version: 1\nrenewals: branch\n"))
	if err == nil || !strings.Contains(err.Error(), "codexlock.yaml:2:11: renewals is ") {
		t.Errorf("renewals: branch: %v", err)
	}
}
