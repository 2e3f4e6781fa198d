package decision_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/decision"
)

// TestConcealed: the file and the artifact of each finding of a rule that finds secrets.
func TestConcealed(t *testing.T) {
	rules := []decision.FoundRule{{Code: "a.secret", Excerpt: decision.ExcerptNever}, {Code: "a.other"}}
	got := decision.Concealed([]decision.Finding{
		{Rule: "a.secret", Artifact: "a", File: "a.test"}, {Rule: "a.secret", File: "b", Excepted: true}, {Rule: "a.other", Artifact: "c", File: "c"},
	}, rules)
	delete(got, "") // the finding about the whole change
	if names := strings.Join(slices.Sorted(maps.Keys(got)), " "); names != "a a.test b" {
		t.Errorf("got %q", names)
	}
}
