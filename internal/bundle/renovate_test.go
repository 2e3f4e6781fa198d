package bundle_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/bundle"
)

// TestRenovatePresetFindsPins: what the preset would write into codexlock.yaml is a pin that
// the gate accepts, and it finds each kind of pin that it speaks of. The expressions are in the
// syntax that RE2 and Go share.
func TestRenovatePresetFindsPins(t *testing.T) {
	text, err := os.ReadFile("../../renovate/bundles.json")
	if err != nil {
		t.Fatal(err)
	}
	var preset struct {
		CustomManagers []struct {
			ManagerFilePatterns []string
			MatchStrings        []string
			DatasourceTemplate  string
		}
	}
	if err := json.Unmarshal(text, &preset); err != nil {
		t.Fatal(err)
	}
	other := strings.Repeat("0", 64)
	tests := []struct{ pin, datasource, name, value, digest string }{
		{"oci://ghcr.io/acme/rules:v1@sha256:" + hex, "docker", "ghcr.io/acme/rules", "v1", "sha256:" + hex},
		{"oci://ghcr.io/acme/rules@sha256:" + hex, "docker", "ghcr.io/acme/rules", "", "sha256:" + hex},
		{"oci://localhost:5000/a/b.c:1.2.3@sha256:" + hex, "docker", "localhost:5000/a/b.c", "1.2.3", "sha256:" + hex},
		{"https://github.com/acme/rules/releases/download/v1.2.3/acme.tar.gz#sha256=" + hex, "github-release-attachments", "acme/rules", "v1.2.3", hex},
		{"https://rules.example.com/acme.tar.gz#sha256=" + hex, "", "", "", ""},
		{"rules/acme.tar.gz#sha256=" + hex, "", "", "", ""},
		{"policies/", "", "", "", ""},
	}
	for _, tt := range tests {
		line := "policies:\n  - " + tt.pin + "   # ours\n"
		found := ""
		for _, m := range preset.CustomManagers {
			for _, pattern := range m.MatchStrings {
				expression := regexp.MustCompile(pattern)
				match := expression.FindStringSubmatch(line)
				if match == nil {
					continue
				}
				group := func(name string) string { return match[expression.SubexpIndex(name)] }
				found = m.DatasourceTemplate
				if group("depName") != tt.name || group("currentValue") != tt.value || group("currentDigest") != tt.digest {
					t.Errorf("%s: got %q %q %q, want %q %q %q", tt.pin, group("depName"), group("currentValue"), group("currentDigest"), tt.name, tt.value, tt.digest)
				}
				moved := strings.ReplaceAll(match[0], hex, other)
				if _, ok, err := bundle.Parse(moved); !ok || err != nil {
					t.Errorf("%s: moved to %q, which is no pin: %v", tt.pin, moved, err)
				}
			}
		}
		if found != tt.datasource {
			t.Errorf("%s: found by %q, want %q", tt.pin, found, tt.datasource)
		}
	}
	for _, m := range preset.CustomManagers {
		for _, pattern := range m.ManagerFilePatterns {
			files := regexp.MustCompile(strings.Trim(pattern, "/"))
			for _, name := range []string{"codexlock.yaml", ".github/codexlock.yaml"} {
				if !files.MatchString(name) {
					t.Errorf("%s does not match %s", pattern, name)
				}
			}
		}
	}
}
