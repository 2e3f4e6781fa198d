package report

import (
	"io"

	"github.com/codexlock/codexlock/internal/audit"
)

// LogEntries are the audit log's entries of a report, one an artifact, in the name of by.
func LogEntries(r Report, by string) []audit.Entry {
	entries := make([]audit.Entry, 0, len(r.Artifacts))
	trusted := r.Trusted()
	for _, a := range r.Artifacts {
		e := audit.Entry{
			Artifact: a.Path, SHA256: a.SHA256, VaultTime: a.Signature, TrustDomain: a.TrustDomain,
			VerifiedBy: by, VerifiedAt: r.EffectiveTime, Result: audit.Fail, Level: a.Level.String(),
		}
		if trusted(a) {
			e.Result = audit.Pass
		}
		entries = append(entries, e)
	}
	return entries
}

// WriteLogEntries writes the entries of a report as lines without a place in any log:
// seq and prev are for the one who appends to give.
func WriteLogEntries(out io.Writer, r Report, by string) error {
	for _, e := range LogEntries(r, by) {
		line, err := audit.Line(e)
		if err != nil {
			return err
		}
		if _, err := out.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return nil
}
