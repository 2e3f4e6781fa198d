package report_test

import (
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/report"
)

// TestNumbersOfUses: they are read back as they were written, numbers that cannot be are
// refused, and the shards of one run agree on them.
func TestNumbersOfUses(t *testing.T) {
	text := write(t, "json", reports()["uses"], report.Options{})
	r, err := report.Read(strings.NewReader(text))
	if err != nil || r.Uses == nil || *r.Uses != (decision.Uses{Total: 41, Verified: 39}) {
		t.Fatalf("read back: %+v, %v", r.Uses, err)
	}
	if _, err := report.Read(strings.NewReader(strings.Replace(text, `"verified": 39`, `"verified": 42`, 1))); err == nil || !strings.Contains(err.Error(), "42 of 41 uses are verified") {
		t.Errorf("more verified uses than uses: %v", err)
	}
	shards := make([]report.Named, 2)
	for i := range shards {
		shards[i] = report.Named{Name: "report.json", Report: report.New(
			decision.Decision{Uses: &decision.Uses{Total: 3, Verified: 1}},
			report.Meta{Shard: &report.Shard{Index: i + 1, Total: 2}})}
	}
	if merged, err := report.Merge(shards); err != nil && strings.Contains(err.Error(), "uses") || err == nil && *merged.Uses != (decision.Uses{Total: 3, Verified: 1}) {
		t.Errorf("merged: %+v, %v", merged.Uses, err)
	}
	shards[1].Uses = nil
	if _, err := report.Merge(shards); err == nil || !strings.Contains(err.Error(), "their numbers of uses differ") {
		t.Errorf("shards of different trees: %v", err)
	}
}
