package cli_test

import (
	"regexp"
	"testing"

	"github.com/codexlock/codexlock/internal/lazyregexp"
)

// TestRegularExpressionsCompile: those that are compiled when they are first used.
func TestRegularExpressionsCompile(t *testing.T) {
	all := lazyregexp.All()
	if len(all) < 50 {
		t.Fatalf("only %d regular expressions", len(all))
	}
	for _, r := range all {
		if _, err := regexp.Compile(r.String()); err != nil {
			t.Errorf("%v", err)
		}
	}
}
