package config_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/config"
)

const (
	digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	edKey  = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n"
)

func TestPolicies(t *testing.T) {
	c, err := config.Parse("codexlock.yaml", []byte(fmt.Sprintf(`version: 1
policies:
  - policies/
  - rules/acme.tar.gz#sha256=%[1]s
  - https://example.com/rules.tar.gz#sha256=%[1]s
  - oci://ghcr.io/acme/rules:v1@sha256:%[1]s
policy_keys:
  - |
    %[2]s`, digest, strings.ReplaceAll(edKey, "\n", "\n    "))))
	if err != nil {
		t.Fatal(err)
	}
	var bundles []string
	for _, b := range c.Bundles {
		bundles = append(bundles, b.String())
	}
	want := []string{"rules/acme.tar.gz#sha256=" + digest, "https://example.com/rules.tar.gz#sha256=" + digest, "oci://ghcr.io/acme/rules@sha256:" + digest}
	if !reflect.DeepEqual(bundles, want) || !reflect.DeepEqual(c.Policies, []string{"policies/"}) {
		t.Errorf("got %q and %q", bundles, c.Policies)
	}
	if !reflect.DeepEqual(c.PolicyKeys, []string{edKey}) {
		t.Errorf("got the keys %q", c.PolicyKeys)
	}
	if !c.HoldsBundle("rules/acme.tar.gz") || c.HoldsBundle("rules/other.tar.gz") || c.HoldsBundle("https://example.com/rules.tar.gz") {
		t.Error("a bundle that is a file, and only that, is part of the gate")
	}
}

func TestBadPolicies(t *testing.T) {
	for _, c := range []struct {
		name, text, message string
		line, column        int
	}{
		{"http", `policies: ["http://example.com/a.tar.gz#sha256=` + digest + `"]`, "uses http:", 2, 12},
		{"no pin", `policies: [policies/, "https://example.com/a.tar.gz"]`, "not pinned", 2, 23},
		{"a tag", `policies: ["oci://ghcr.io/acme/rules:v1"]`, "a tag can be moved", 2, 12},
		{"a file with no pin", `policies: [acme.tar.gz]`, "not pinned", 2, 12},
		{"a file outside", `policies: ["../a.tar.gz#sha256=` + digest + `"]`, `".."`, 2, 12},
		{"an unknown kind", `policies: ["git::https://example.com/a"]`, "unknown kind", 2, 12},
		{"no key", `policy_keys: []`, "policy_keys", 2, 14},
		{"an empty key", `policy_keys: [""]`, "", 2, 15},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := config.Parse("codexlock.yaml", []byte("version: 1\n"+c.text+"\n"))
			var bad *config.Error
			if !errors.As(err, &bad) {
				t.Fatalf("got %v, want a *config.Error", err)
			}
			if bad.Line != c.line || bad.Column != c.column || !strings.Contains(bad.Message, c.message) {
				t.Errorf("got %v, want line %d, column %d and %q", err, c.line, c.column, c.message)
			}
			if bad.Hint() == "" && strings.Contains(c.message, "pinned") {
				t.Error("no next step")
			}
		})
	}
}
