package decision_test

import (
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/decision"
)

func TestSelectors(t *testing.T) {
	for _, s := range []string{"", ":", "a:", ":SC2086", "a b", "a:b c", "a\n", "a:\x1b[31m", "a:" + strings.Repeat("x", 129), "a:é"} {
		if _, err := decision.ParseSelector(s); err == nil {
			t.Errorf("%q is read", s)
		}
	}
	tests := []struct {
		selector, code, term string
		want                 bool
	}{
		{"script", "script.shellcheck", "SC2086", true},
		{"script.shellcheck", "script.shellcheck", "SC2086", true},
		{"script.shellcheck", "script.shellcheck", "", true},
		{"script.shellcheck:SC2086", "script.shellcheck", "SC2086", true},
		{"script.shellcheck:SC2086", "script.shellcheck", "SC20866", false},
		{"script.shellcheck:SC2086", "script.shellcheck", "", false},
		{"script.shellcheck:a:b", "script.shellcheck", "a:b", true},
		{"script.shell", "script.shellcheck", "", false},
		{"scrip", "script.shellcheck", "", false},
		{"script.shellcheck.x", "script.shellcheck", "", false},
	}
	for _, tt := range tests {
		x, err := decision.ParseSelector(tt.selector)
		if got := x.Matches(tt.code, tt.term); err != nil || got != tt.want || x.String() != tt.selector {
			t.Errorf("%s and %s:%s: %v, want %v; it prints %s, %v", tt.selector, tt.code, tt.term, got, tt.want, x, err)
		}
	}
	if (decision.Selector{}).Matches("a", "") {
		t.Error("the zero selector selects something")
	}
}
