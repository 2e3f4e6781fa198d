package report

import (
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/decision"
)

// TestUnjudgedArtifactsAreNoPass: whatever the findings are.
func TestUnjudgedArtifactsAreNoPass(t *testing.T) {
	d := decision.Decision{Artifacts: []decision.Artifact{{Path: "a", Level: artifact.APlus}}, Unjudged: 2}
	notes := []string{"first"}
	r := New(d, Meta{Notes: notes})
	if r.Conclusion != Failure || r.Level != "non-compliant" || len(r.Notes) != 2 || !strings.Contains(r.Notes[1], "2 of 3 artifacts were not judged") || len(notes) != 1 {
		t.Errorf("%s, %s, %q", r.Conclusion, r.Level, r.Notes)
	}
}
