package gate

import (
	"errors"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/config"
)

// TestBadPolicyKeys: a key that checks no bundle is an error of the configuration, with its
// position, and no message repeats a private key.
func TestBadPolicyKeys(t *testing.T) {
	for _, c := range []struct {
		name, text, message string
		line, column        int
	}{
		{"no PEM", `policy_keys: ["ed25519:AAAA"]`, "no PEM block", 2, 15},
		{"a private key", "policy_keys:\n  - |\n    -----BEGIN PRIVATE KEY-----\n    MC4CAQAwBQYDK2VwBCIEIHcHbQpzGKV9PBbBclGyZkXfTC+H68CZKrF3+6UduSwq\n    -----END PRIVATE KEY-----\n", "is a private key", 3, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parseConfiguration("codexlock.yaml", []byte("version: 1\n"+c.text+"\n"))
			var bad *config.Error
			if !errors.As(err, &bad) {
				t.Fatalf("got %v, want a *config.Error", err)
			}
			if bad.Line != c.line || bad.Column != c.column || !strings.Contains(bad.Message, c.message) {
				t.Errorf("got %v, want line %d, column %d and %q", err, c.line, c.column, c.message)
			}
			if strings.Contains(err.Error()+bad.Hint(), "MC4CAQ") || bad.Hint() == "" {
				t.Errorf("%v, hint %q: want a next step, and not the key", err, bad.Hint())
			}
		})
	}
}
