package decision_test

import (
	"testing"

	"github.com/codexlock/codexlock/internal/decision"
)

// TestLimit: the judging ends after the stretch in which there are too many denials.
func TestLimit(t *testing.T) {
	for _, c := range []struct{ max, count, each, until int }{
		{0, 5000, 9, 5000}, {10, 5000, 0, 5000}, {10, 5000, 1, 2000}, {2000, 5000, 1, 4000}, {4999, 5000, 1, 5000}, {1, 1, 9, 1}, {10, 2000, 1, 2000},
	} {
		l := decision.Limit{Max: c.max, Count: c.count}
		for i, more := l.Next(); more; i, more = l.Next() {
			for ; i < l.Until; i++ {
				l.Add(c.each)
			}
		}
		if l.Until != c.until {
			t.Errorf("at most %d denials, %d subjects with %d each: judged %d, want %d", c.max, c.count, c.each, l.Until, c.until)
		}
	}
}
