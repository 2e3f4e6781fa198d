package supervisor

import (
	"strings"
	"testing"
)

func TestIsAlone(t *testing.T) {
	for line, want := range map[string]bool{
		"codexlock":                          false,
		"codexlock version":                  true,
		"codexlock --help":                   true,
		"codexlock -h":                       true,
		"codexlock help":                     true,
		"codexlock verify --help":            true,
		"codexlock policy list -h":           true,
		"codexlock verify":                   false,
		"codexlock version extra":            false,
		"codexlock verify --format --help":   false,
		"codexlock verify -- --help":         false,
		"codexlock verify --help --all":      false,
		"codexlock help verify":              false,
		"codexlock judge-preview":            false,
		"codexlock attest assets/sources/-h": false,
	} {
		if got := isAlone(strings.Fields(line)); got != want {
			t.Errorf("%s: %v, want %v", line, got, want)
		}
	}
}
