package report_test

import (
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/report"
)

// TestNumbersOfUses: they are read back as they were written, and numbers that cannot be are
// refused.
func TestNumbersOfUses(t *testing.T) {
	text := write(t, "json", reports()["uses"], report.Options{})
	r, err := report.Read(strings.NewReader(text))
	if err != nil || r.Uses == nil || *r.Uses != (decision.Uses{Total: 41, Verified: 39}) {
		t.Fatalf("read back: %+v, %v", r.Uses, err)
	}
	if _, err := report.Read(strings.NewReader(strings.Replace(text, `"verified": 39`, `"verified": 42`, 1))); err == nil || !strings.Contains(err.Error(), "42 of 41 uses are verified") {
		t.Errorf("more verified uses than uses: %v", err)
	}
}
