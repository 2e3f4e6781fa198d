package report

import (
	"fmt"
	"io"
	"slices"

	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/kinds"
	"github.com/codexlock/codexlock/internal/schemas"
)

// MaxBytes is how large a report may be that is read: some 200,000 artifacts.
const MaxBytes = 64 << 20

// A ReadError is a text that is no report as this program writes it.
type ReadError struct {
	Problem string // what is wrong
	Err     error  // nil, or why
}

func (e *ReadError) Error() string {
	if e.Err != nil {
		return e.Problem + ": " + e.Err.Error()
	}
	return e.Problem
}

func (e *ReadError) Unwrap() error { return e.Err }

// Hint is the next step.
func (e *ReadError) Hint() string {
	return "use the file as verify -f json wrote it, or write it again: codexlock verify -f json=report.json"
}

// Read reads a report that writeJSON wrote. It refuses other versions of the form, and a
// report that contradicts itself: verdict, counts, level and expiry follow from the lists of
// artifacts and findings. Its error is a [*ReadError], or the reader's.
func Read(in io.Reader) (Report, error) {
	data, err := io.ReadAll(io.LimitReader(in, MaxBytes+1))
	switch {
	case err != nil:
		return Report{}, err
	case len(data) > MaxBytes:
		return Report{}, &ReadError{Problem: fmt.Sprintf("has more than %d MiB, the most that is read", MaxBytes>>20)}
	case len(data) == 0:
		return Report{}, &ReadError{Problem: "is empty, want a report"}
	}
	var r Report
	if _, err := schemas.Decode(kinds.Report, data, &r); err != nil {
		return Report{}, &ReadError{Problem: "is no report of the version " + Schema, Err: err}
	}
	if problem := r.contradiction(); problem != "" {
		return Report{}, &ReadError{Problem: "contradicts itself: " + problem + "; it was edited, or is damaged"}
	}
	return r, nil
}

// contradiction returns what of a report does not follow from its lists; "" for nothing.
func (r Report) contradiction() string {
	again := New(r.Decision(), r.Meta())
	for _, c := range []struct {
		what      string
		got, want any
	}{
		{"conclusion", r.Conclusion, again.Conclusion}, {"level", r.Level, again.Level}, {"valid_until", r.ValidUntil, again.ValidUntil},
		{"counts.artifacts", r.Counts.Artifacts, again.Counts.Artifacts}, {"counts.trusted", r.Counts.Trusted, again.Counts.Trusted},
		{"counts.deny", r.Counts.Deny, again.Counts.Deny}, {"counts.warn", r.Counts.Warn, again.Counts.Warn}, {"counts.excepted", r.Counts.Excepted, again.Counts.Excepted},
		{"policy.answers", r.Policy.Answers, r.Policy.Rules * len(r.Artifacts)},
	} {
		if c.got != c.want {
			return fmt.Sprintf("%s is %v, and its lists give %v", c.what, c.got, c.want)
		}
	}
	if u := r.Uses; u != nil && u.Verified > u.Total {
		return fmt.Sprintf("%d of %d uses are verified", u.Verified, u.Total)
	}
	paths := make(map[string]bool, len(r.Artifacts))
	for i, a := range r.Artifacts {
		if i > 0 && r.Artifacts[i-1].Path >= a.Path {
			return fmt.Sprintf("artifact %q is out of order or there twice", a.Path)
		}
		paths[a.Path] = true
	}
	for _, f := range r.Findings {
		if f.Artifact != "" && !paths[f.Artifact] {
			return fmt.Sprintf("a finding is about %q, which is no artifact of it", f.Artifact)
		}
	}
	if !slices.IsSortedFunc(r.Findings, decision.CompareFindings) {
		return "its findings are out of order"
	}
	if r.Shard != nil {
		return r.Shard.contradiction(r.Artifacts)
	}
	return ""
}

// Decision returns the decision that a report was made of.
func (r Report) Decision() decision.Decision {
	return decision.Decision{
		Source: r.Policy.Source, Digest: r.Policy.Digest, Rules: r.Policy.Rules, Answers: r.Policy.Answers,
		Artifacts: r.Artifacts, Findings: r.Findings, Settings: r.Settings, Found: r.Rules, Unjudged: r.Unjudged, Uses: r.Uses,
	}
}

// Meta returns what else a report was made of, without the note that New adds. Warnings alone deny only where the run says
// so.
func (r Report) Meta() Meta {
	notes := r.Notes
	if n := len(notes) - 1; r.Unjudged > 0 && n >= 0 && notes[n] == r.unjudgedNote() {
		notes = notes[:n]
	}
	return Meta{
		Scope: r.Scope, Base: r.Base, Head: r.Head, EffectiveTime: r.EffectiveTime, Staged: r.Staged, TrustedBase: r.TrustedBase,
		Notes: notes, Preview: r.Preview, Shard: r.Shard, FailOnWarn: r.warningsDeny(),
	}
}

// warningsDeny reports whether a report is a denial because of its warnings alone.
func (r Report) warningsDeny() bool {
	return r.Conclusion == Failure && r.Counts.Deny == 0 && r.Counts.Warn > 0 && r.Unjudged == 0
}
