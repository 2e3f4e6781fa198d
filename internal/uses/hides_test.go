package uses

import (
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/facts"
)

// TestHides: what cannot be read of the head does not make a verified use of the base
// disappear; what could not be read of the base either, does.
func TestHides(t *testing.T) {
	verified := inRun("codexlock verify --all\n./scripts/x.sh")
	broken := inRun("codexlock verify --all\nif ./scripts/x.sh; then")
	step := strings.TrimPrefix(inRun(strings.Repeat("./scripts/x.sh; ./scripts/y.sh\n", 1000)), inSteps(""))
	many := inSteps(strings.Repeat(step, 6))
	const first = ".github/workflows/a.yml"
	for name, test := range map[string]struct {
		base, head map[string]string
		want       string // the files that hide a use
	}{
		"nothing is wrong":       {map[string]string{workflow: verified}, map[string]string{workflow: verified}, ""},
		"it is removed":          {map[string]string{workflow: verified}, map[string]string{workflow: inSteps("")}, ""},
		"it cannot be parsed":    {map[string]string{workflow: verified}, map[string]string{workflow: broken}, workflow},
		"nor could the base":     {map[string]string{workflow: broken}, map[string]string{workflow: broken}, ""},
		"nothing was verified":   {map[string]string{workflow: inSteps(useStep)}, map[string]string{workflow: broken}, ""},
		"too many before it":     {map[string]string{workflow: verified}, map[string]string{first: many, workflow: verified}, first},
		"too many, and no other": {map[string]string{}, map[string]string{first: many}, ""},
	} {
		head := usesOf(t, test.head)
		_, files := compare(head, usesOf(t, test.base))
		hides := ""
		for _, f := range files {
			if f.Hides == facts.YesNoYes {
				hides += f.Path
			}
		}
		if hides != test.want {
			t.Errorf("%s: %q hides a use, want %q", name, hides, test.want)
		}
		r := &facts.Repository{UseFiles: files, UseChecks: &facts.UseChecks{Weakened: facts.YesNoNo}}
		if check(r); (r.UseChecks.Weakened == facts.YesNoYes) != (test.want != "") {
			t.Errorf("%s: weakened is %q", name, r.UseChecks.Weakened)
		}
	}
}
