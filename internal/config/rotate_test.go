package config_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/config"
)

const (
	oldKey = "ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	newKey = "ed25519:AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	item   = `{id: "2222222222222222", key: "` + newKey + `", created_at: "2026-11-23T12:00:00Z", state: current}`
)

// TestRotate edits layouts that people write: nothing but the keys changes.
func TestRotate(t *testing.T) {
	next := config.PublicKey{ID: "2222222222222222", Key: newKey, CreatedAt: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), State: "current"}
	before := "# ours\nversion: 1\ntrust_domains:\n  a: # the first\n    max_ttl_hours: 12\n"
	after := "  b:\n    key: env:B # another\n    public_keys: []\n"
	for name, c := range map[string]struct{ written, want string }{
		"what init writes": {
			"    public_keys: \n      - {id: \"1111111111111111\", key: \"" + oldKey + "\", created_at: \"2026-08-01T00:00:00Z\", state: current}\n",
			"    public_keys: \n      - " + item + "\n      - {id: \"1111111111111111\", key: \"" + oldKey + "\", created_at: \"2026-08-01T00:00:00Z\", state: retiring}\n",
		},
		"none":       {"    public_keys: [] # later\n", "    public_keys: [" + item + "] # later\n"},
		"no list":    {"    accepts_from: [b]\n", "    accepts_from: [b]\n"},
		"quoted":     {"    public_keys:\n    - {state: \"current\", id: \"1111111111111111\", key: \"" + oldKey + "\"}\n", "    public_keys:\n    - " + item + "\n    - {state: \"retiring\", id: \"1111111111111111\", key: \"" + oldKey + "\"}\n"},
		"not stated": {"    public_keys:\n    - {id: \"1111111111111111\", key: \"" + oldKey + "\"}\n", "    public_keys:\n    - " + item + "\n    - {state: retiring, id: \"1111111111111111\", key: \"" + oldKey + "\"}\n"},
		"a block": {
			"    public_keys:\n      - id: \"1111111111111111\" # from März\n        key: " + oldKey + "\n",
			"    public_keys:\n      - " + item + "\n      - state: retiring\n        id: \"1111111111111111\" # from März\n        key: " + oldKey + "\n",
		},
		"a block that states it": {
			"    public_keys:\n      - id: \"1111111111111111\"\n        state: current # it is\n        key: " + oldKey + "\n",
			"    public_keys:\n      - " + item + "\n      - id: \"1111111111111111\"\n        state: retiring # it is\n        key: " + oldKey + "\n",
		},
		"in one line": {
			"    public_keys: [{id: \"1111111111111111\", key: \"" + oldKey + "\", state: current}]\n",
			"    public_keys: [" + item + ", {id: \"1111111111111111\", key: \"" + oldKey + "\", state: retiring}]\n",
		},
		"retiring and revoked stay": {
			"    public_keys:\n    - {id: \"1111111111111111\", key: \"" + oldKey + "\", state: revoked}\n",
			"    public_keys:\n    - " + item + "\n    - {id: \"1111111111111111\", key: \"" + oldKey + "\", state: revoked}\n",
		},
	} {
		want := before + c.want + after
		if name == "no list" {
			want = strings.Replace(want, "    max_ttl", "    public_keys:\n      - "+item+"\n    max_ttl", 1)
		}
		got, err := config.Rotate("codexlock.yaml", []byte(before+c.written+after), "a", next)
		if err != nil || string(got) != want {
			t.Errorf("%s: %v\n%s\nwant\n%s", name, err, got, want)
		}
	}
	for name, text := range map[string]string{
		"the domain in one line": "version: 1\ntrust_domains: {a: {max_ttl_hours: 3}}\n",
		"an empty domain":        "version: 1\ntrust_domains:\n  a: {}\n",
	} {
		if got, err := config.Rotate("codexlock.yaml", []byte(text), "a", next); !errors.Is(err, config.ErrLayout) {
			t.Errorf("%s: %v\n%s", name, err, got)
		}
	}
	if _, err := config.Rotate("codexlock.yaml", []byte(before), "b", next); err == nil || errors.Is(err, config.ErrLayout) {
		t.Errorf("an unknown domain: %v", err)
	}
	if _, err := config.Rotate("codexlock.yaml", []byte("version: 2"), "a", next); err == nil {
		t.Error("a file that cannot be read was edited")
	}
}

// TestRevoke edits layouts that people write: nothing but one state changes.
func TestRevoke(t *testing.T) {
	before := "# ours\nversion: 1\ntrust_domains:\n  a: # the first\n    public_keys:\n"
	after := "  b:\n    public_keys:\n      - {id: \"1111111111111111\", key: \"" + oldKey + "\", state: current}\n"
	for name, c := range map[string]struct{ written, want string }{
		"current":    {"      - {id: \"1111111111111111\", key: \"" + oldKey + "\", state: current} # made in Mai\n", "      - {id: \"1111111111111111\", key: \"" + oldKey + "\", state: revoked} # made in Mai\n"},
		"retiring":   {"      - {id: \"1111111111111111\", key: \"" + oldKey + "\", state: 'retiring'}\n", "      - {id: \"1111111111111111\", key: \"" + oldKey + "\", state: 'revoked'}\n"},
		"not stated": {"      - {id: \"1111111111111111\", key: \"" + oldKey + "\"}\n", "      - {state: revoked, id: \"1111111111111111\", key: \"" + oldKey + "\"}\n"},
		"a block": {
			"      - id: \"2222222222222222\"\n        key: " + newKey + "\n      - id: \"1111111111111111\"\n        key: " + oldKey + "\n",
			"      - id: \"2222222222222222\"\n        key: " + newKey + "\n      - state: revoked\n        id: \"1111111111111111\"\n        key: " + oldKey + "\n",
		},
		"revoked": {"      - {id: \"1111111111111111\", key: \"" + oldKey + "\", state: revoked}\n", "      - {id: \"1111111111111111\", key: \"" + oldKey + "\", state: revoked}\n"},
	} {
		got, err := config.Revoke("codexlock.yaml", []byte(before+c.written+after), "a", "1111111111111111")
		if err != nil || string(got) != before+c.want+after {
			t.Errorf("%s: %v\n%s\nwant\n%s", name, err, got, before+c.want+after)
		}
	}
	for name, domain := range map[string]string{"an unknown key": "b", "an unknown domain": "c"} {
		if _, err := config.Revoke("codexlock.yaml", []byte(before+after[:0]+"      []\n"+after), domain, "2222222222222222"); err == nil {
			t.Errorf("%s was revoked", name)
		}
	}
}
