package fixcmd

import (
	"context"
	"fmt"
	"slices"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/attest"
	"github.com/codexlock/codexlock/internal/cli/candidates"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/signing"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// attestEdits makes the edits of attested files and attests what they change: all of it or, after
// an error, nothing. An artifact is attested only if the gate finds nothing wrong with it but
// what the edits fix.
func (f *fixes) attestEdits(ctx context.Context) error {
	g, err := gate.New(f.world, gate.Options{Selection: gate.Selection{Scope: facts.All}})
	if err != nil {
		return err
	}
	signer, err := signing.New(ctx, f.world, f.repository, g)
	if err != nil {
		return err
	}
	if err := signer.AnyKey(); err != nil {
		return err
	}
	if err := f.log.Ready(ctx, signer.Config); err != nil {
		return err
	}
	all, err := candidates.Find(ctx, f.world.Stdout, f.repository, g)
	if err != nil {
		return err
	}
	edits, due := f.eligible(signer, all)
	var changed []attest.Edit
	for _, e := range edits {
		if !e.short { // attest writes those
			changed = append(changed, attest.Edit{Before: artifact.HashBytes(e.before.Data), After: e.after})
		}
	}
	var done attest.Result
	if len(due) > 0 {
		if done, err = signing.AttestEdited(ctx, f.repository, signer, due, changed); err != nil {
			return err
		}
	}
	for _, e := range edits {
		f.printLines(e.change)
	}
	for _, a := range done.Attested {
		fmt.Fprintf(f.world.Stdout, "[✓] %s attested (sha256 %.12s…, trust domain %s, valid until %s)\n", report.Terminal(a.Path.String()), a.SHA256, a.Domain, a.ExpiresAt)
	}
	skipped := len(f.edits) - len(edits)
	f.edits = nil
	f.printLeft()
	if err := f.log.Add(ctx, f.repository, signer.Config, f.log.Attested(done.Attested, vaulttime.FormatTime(signer.Now))); err != nil {
		return err
	}
	if len(done.Attested) > 0 {
		fmt.Fprintf(f.world.Stderr, "codexlock: hint: review it (git diff), and commit all of it together with %s\n", ledger.Path)
	}
	return candidates.Conclude(f.world, skipped > 0, "%s fixed and %s attested; %d skipped", report.Count(len(edits), "attested file"), report.Count(len(done.Attested), "artifact"), skipped)
}

// eligible returns the edits whose artifacts may all be attested after them, and these
// artifacts. It prints why the others are skipped.
func (f *fixes) eligible(signer signing.Signer, all []signing.Candidate) (edits []edit, due []signing.Candidate) {
	byPath := map[artifact.Path]*signing.Candidate{}
	for i := range all {
		byPath[all[i].Path] = &all[i]
	}
	edits = f.edits
	for n := -1; n != len(edits); { // an edit that is skipped may be what another one needs
		fixed := map[artifact.Path][]string{}
		for _, e := range edits {
			fixed[e.after.Path] = e.lines
		}
		var kept []edit
		for _, e := range edits {
			if why := skipReason(e, fixed, byPath, signer); why != "" {
				fmt.Fprintf(f.world.Stdout, "[✗] %s skipped: %s\n", report.Terminal(e.after.Path.String()), report.Terminal(why))
				continue
			}
			kept = append(kept, e)
		}
		n, edits = len(edits), kept
	}
	added := map[artifact.Path]bool{}
	for _, e := range edits {
		for _, p := range e.owners {
			if !added[p] {
				added[p] = true
				due = append(due, *byPath[p])
			}
		}
	}
	return edits, due
}

// skipReason returns why an edit is skipped, "" if it is not: one of its owners is refused. fixed
// has the lines that edits insert, by file.
func skipReason(e edit, fixed map[artifact.Path][]string, byPath map[artifact.Path]*signing.Candidate, signer signing.Signer) string {
	for _, p := range e.owners {
		c, judged := byPath[p]
		if !judged {
			return "the gate does not judge " + p.String()
		}
		if why := refusal(c, fixed, signer); why != "" {
			return why
		}
	}
	return ""
}

// refusal returns why a candidate may not be attested after the edits, "" if it may.
func refusal(c *signing.Candidate, fixed map[artifact.Path][]string, signer signing.Signer) string {
	for _, d := range c.Denied {
		if !slices.Contains(fixed[artifact.Path(d.File)], d.Insert) {
			return signing.Line(d)
		}
	}
	if len(c.Denied) == 0 && c.Refused() != "" {
		return c.Refused()
	}
	if !c.CanSign(signer) {
		return "there is no key of trust domain " + c.Record.TrustDomain + " that may sign"
	}
	return ""
}
