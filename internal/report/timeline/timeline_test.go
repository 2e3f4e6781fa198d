package timeline_test

import (
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/report/timeline"
)

// TestEveryExpiryIsInOneBar: no artifact is lost or counted twice, and what has expired is the
// first bar.
func TestEveryExpiryIsInOneBar(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	if timeline.Of(now, nil) != nil {
		t.Error("nothing expires, and there is a picture of it")
	}
	for _, hours := range [][]int{{1}, {-1}, {0}, {-5, 0, 1, 24, 24}, {24 * 365 * 20}, {1, 24 * 400}} {
		var ends []time.Time
		expired := 0
		for _, h := range hours {
			ends = append(ends, now.Add(time.Duration(h)*time.Hour))
			if h <= 0 {
				expired++
			}
		}
		n := 0
		for i, b := range timeline.Of(now, ends).Bars {
			n += b.Count
			if (b.Class == "expired") != (i == 0 && expired > 0) || b.Class == "expired" && b.Count != expired {
				t.Errorf("%v: bar %d has class %q and %d artifacts", hours, i, b.Class, b.Count)
			}
		}
		if n != len(hours) {
			t.Errorf("%v: the bars have %d artifacts", hours, n)
		}
	}
}
