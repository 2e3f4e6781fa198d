package config

import (
	"errors"
	"strings"
	"testing"
)

// TestMigrate adds lines, or values, and touches nothing else.
func TestMigrate(t *testing.T) {
	const line = "records: 2                         # the proof covers the manifest and the test too\n" +
		"renewals: ref                      # renewed records go to refs/codexlock/vaulttime, not to the branch\n"
	for name, c := range map[string]struct{ before, after, changed string }{
		"added": {
			"# A comment\nversion: 1 # of this file\n\nrequire_proof: true  # why\n",
			"# A comment\nversion: 1 # of this file\n" + line + "\nrequire_proof: true  # why\n", "records: 2, renewals: ref",
		},
		"last":     {"lfs: oid\nversion: 1", "lfs: oid\nversion: 1\n" + line, "records: 2, renewals: ref"},
		"replaced": {"version: 1\nrecords: 1   # old\nrenewals: tree # old\n", "version: 1\nrecords: 2   # old\nrenewals: ref # old\n", "records: 2, renewals: ref"},
		"quoted":   {"version: 1\nrecords: 2\nrenewals: \"ref\"\n", "version: 1\nrecords: 2\nrenewals: \"ref\"\n", ""},
	} {
		got, changed, err := Migrate("codexlock.yaml", []byte(c.before))
		if err != nil || string(got) != c.after || strings.Join(changed, ", ") != c.changed {
			t.Errorf("%s: %q, %q, %v; want %q, %q", name, got, changed, err, c.after, c.changed)
		}
	}
	for _, text := range []string{"{version: 1}\n", "{version: 1, records: 1\n}\n", "\"version\": 1\n", "version:\n  1\n"} {
		got, _, err := Migrate("codexlock.yaml", []byte(text))
		if err == nil && strings.HasPrefix(text, "{version: 1, ") {
			continue // a value in place is replaced in any layout
		}
		if !errors.Is(err, ErrLayout) {
			t.Errorf("%q: %q, %v, want ErrLayout", text, got, err)
		}
	}
	var bad *Error
	if _, _, err := Migrate("codexlock.yaml", []byte("version: 2\n")); !errors.As(err, &bad) {
		t.Errorf("an unusable file: %v, want an *Error", err)
	}
}
