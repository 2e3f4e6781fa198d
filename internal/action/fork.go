package action

import (
	"fmt"
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/github"
	"github.com/codexlock/codexlock/internal/report"
)

// noteReadOnly prints why there is no check run, and where the result is instead. For a
// fork that is as it should be.
func (a *action) noteReadOnly(err *github.ReadOnlyTokenError) {
	if a.event.Fork {
		a.world.Note("the token of a fork's pull request may not write check runs: the findings are workflow commands, and the result is that of this job")
		return
	}
	a.world.Note(err.Error() + ": the findings are workflow commands, and the result is that of this job")
	a.world.Note("hint: " + exit.HintOn(err, exit.GitHub))
}

// forkNotes say what the author of a fork's pull request can do about denials, and what a
// maintainer does: the hints of the findings are for somebody who has the key.
func (a *action) forkNotes(r report.Report) []string {
	if !a.event.Fork || r.Conclusion != report.Failure {
		return nil
	}
	var denied, keyed int // findings
	for _, f := range r.Findings {
		if f.Excepted || f.Severity == decision.Warn {
			continue
		}
		denied++
		if needsKey(f) {
			keyed++
		}
	}
	notes := []string{"contributor: this pull request is from a fork, which has no key and needs none; fix the findings that are about what the files contain and push; do not edit records, manifests or Codex-Lock.json by hand"}
	if keyed == 0 {
		return notes
	}
	if keyed == denied {
		notes[0] = "contributor: this pull request is from a fork, which has no key and needs none: nothing is left for you to do, a maintainer attests the files"
	}
	number := "with the number of this pull request"
	if a.event.Number > 0 {
		number = fmt.Sprintf("with pull request %d", a.event.Number)
	}
	return append(notes, "maintainer: review the commits, then attest them: Actions, Attest, Run workflow, "+number)
}

// needsKey reports whether only an attestation resolves a finding, or shows that there is
// nothing to resolve.
func needsKey(f decision.Finding) bool {
	attested := []decision.Kind{
		decision.KindDrift, decision.KindExpiry, decision.KindRecord, decision.KindManifest, decision.KindTest, decision.KindUnbound, decision.KindUnchecked,
	}
	return slices.Contains(attested, f.Kind) && !strings.HasPrefix(f.Rule, "layout.") || f.Rule == "test.missing"
}
