package policy

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/codexlock/codexlock/internal/baseline"
	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/facts"
)

// An Exception lets findings stand that an owner bears until a day. It is data,
// read by the engine: no rule can make one.
type Exception struct {
	Pointer string // where it stands in the configuration
	Rule    decision.Selector
	Paths   []string // globs; ** stands for any number of directories; none: every path
	Reason  string
	Owner   string
	Expires time.Time // the last moment at which it holds
}

// A Setting turns an optional rule down until a day. It is data, as an Exception is.
type Setting struct {
	Pointer string // where it stands in the configuration
	Rule    string // a rule's code
	Level   string // off, warn
	Reason  string
	Owner   string
	Expires time.Time // the last moment at which it holds
}

// A Baseline lets the findings stand that a repository had when it adopted the
// gate, as long as the offending statements are what they were.
type Baseline struct {
	Path     string // "": the configuration names none
	State    facts.BaselineState
	Problems []facts.Problem
	Entries  []baseline.Entry
	Locate   func(file, pointer string) (line, column int, ok bool) `json:"-"`
}

// subjectOf is what entries of every version name.
type subjectOf struct{ path, rule string }

// waivers are what may let a finding stand, and which of them did.
type suppressions struct {
	o        *Options
	used     []atomic.Bool // of the exceptions
	entries  map[baseline.Entry]int
	about    map[subjectOf][]int // the entries about a rule and an artifact
	covering []atomic.Bool       // of the baseline's entries
}

// newWaivers refuses an exception that can never be understood.
func newSuppressions(o *Options) (*suppressions, error) {
	if len(o.Exceptions)+len(o.Settings) > 0 && o.Now.IsZero() {
		return nil, fmt.Errorf("exceptions: no effective time to compare their expiry with")
	}
	for _, x := range o.Exceptions {
		for _, glob := range x.Paths {
			if !doublestar.ValidatePattern(glob) {
				return nil, fmt.Errorf("exception from rule %q: path %q is no glob", x.Rule, glob)
			}
		}
	}
	w := &suppressions{
		o: o, used: make([]atomic.Bool, len(o.Exceptions)), covering: make([]atomic.Bool, len(o.Baseline.Entries)),
		entries: make(map[baseline.Entry]int, len(o.Baseline.Entries)), about: map[subjectOf][]int{},
	}
	for i, e := range o.Baseline.Entries {
		w.entries[e] = i
		k := subjectOf{e.Path, e.Rule}
		w.about[k] = append(w.about[k], i)
	}
	return w, nil
}

// waive finds what lets a finding stand, nil where nothing does. Every exception
// that covers it counts as used, the first one is named.
func (w *suppressions) suppress(r *decision.Rule, f *decision.Finding, subject string) *decision.Suppression {
	if r.Excepted == decision.ExceptedNever {
		return nil
	}
	var found *decision.Suppression
	for i, x := range w.o.Exceptions {
		if w.o.Now.After(x.Expires) || !x.Rule.Matches(f.Rule, f.Term) || !matches(x.Paths, subject) {
			continue
		}
		w.used[i].Store(true)
		if found == nil {
			found = &decision.Suppression{By: "exception", Reason: x.Reason, Owner: x.Owner, Expires: timeText(x.Expires)}
		}
	}
	return found
}

// adopted covers a finding by the entries of the baseline that name it. An entry of
// version 1 names no statement, so it covers only what the change leaves as it is.
func (w *suppressions) adopted(ctx context.Context, r *decision.Rule, f *decision.Finding, at facts.Place, content string, m *facts.Measurement) error {
	entries := w.about[subjectOf{f.Artifact, f.Selector().String()}]
	if r.Excepted == decision.ExceptedNever || f.Artifact == "" || content == "" || len(entries) == 0 && !w.o.Adopting {
		return nil
	}
	var s facts.Statement
	if m.Statement != nil {
		var err error
		if s, err = m.Statement(ctx, at); err != nil {
			return fmt.Errorf("read the statement that %s finds in %s: %w", f.Rule, at.File, err)
		}
	}
	f.Statement = s.SHA256
	for _, i := range entries {
		e := w.o.Baseline.Entries[i]
		if e.SHA256 != content && (e.SHA256 != "" || f.File != f.Artifact) {
			continue
		}
		covers := e.File == f.File && e.Statement == s.SHA256 && s.SHA256 != ""
		switch {
		case e.Fingerprint != "":
			covers = e.Fingerprint == f.Fingerprint && (s.Kept || w.o.Measured)
		case w.o.Measured:
			covers = e.File == f.File
		}
		if !covers {
			continue
		}
		w.covering[i].Store(true)
		if f.Suppression == nil {
			f.Suppression = &decision.Suppression{By: "baseline"}
		}
	}
	return nil
}

// lower applies the setting of an optional rule to a finding that nothing else
// covers. off is another way to except it; with warn it warns where it would deny.
// Of any other rule a setting does nothing, and is reported by gate.exception.
func (w *suppressions) lower(r *decision.Rule, f *decision.Finding) {
	if !r.Optional || f.Suppression != nil {
		return
	}
	for _, s := range w.o.Settings {
		if s.Rule != r.Code || w.o.Now.After(s.Expires) {
			continue
		}
		if s.Level == "off" {
			f.Suppression = &decision.Suppression{By: "rules", Reason: s.Reason, Owner: s.Owner, Expires: timeText(s.Expires)}
			return
		}
		if f.Severity == decision.Deny {
			f.Severity, f.Lowered = decision.Warn, true
			f.Message += fmt.Sprintf(" (set to warn until %s by %s: %s)", timeText(s.Expires), s.Owner, s.Reason)
		}
	}
}

// entryFor returns the baseline entry that covers a finding about an artifact with this
// content. The content is part of the entry where the finding is in another file: what a
// record or the ledger says there may be wrong about this content only.
func entryFor(f *decision.Finding, content string) baseline.Entry {
	if f.File == f.Artifact {
		content = ""
	}
	return baseline.Entry{
		Path: f.Artifact, Rule: f.Selector().String(), SHA256: content, File: f.File, Statement: f.Statement,
	}
}

// Adopt returns the baseline that covers every denial of a decision that one can
// cover: about an artifact with content, not excepted already, and not from a rule
// that is never excepted. In the decision these findings are covered by it then.
// The decision was made with Options.Adopting.
func Adopt(rules []decision.Rule, d *decision.Decision, warnings bool) []baseline.Entry {
	content, refused := map[string]string{}, map[string]bool{}
	for _, a := range d.Artifacts {
		content[a.Path] = a.SHA256
	}
	for _, r := range rules {
		refused[r.Code] = r.Excepted == decision.ExceptedNever
	}
	var entries []baseline.Entry
	for i := range d.Findings {
		f := &d.Findings[i]
		switch {
		case f.Severity == decision.Warn && !warnings, f.Suppression != nil && f.Suppression.By != "baseline":
		case content[f.Artifact] == "" || refused[f.Rule] || f.Statement == "":
		default:
			entries = append(entries, entryFor(f, content[f.Artifact]))
			f.Excepted, f.Suppression = true, &decision.Suppression{By: "baseline"}
		}
	}
	return baseline.Sorted(entries)
}

func matches(globs []string, path string) bool {
	return len(globs) == 0 || slices.ContainsFunc(globs, func(glob string) bool {
		ok, err := doublestar.Match(glob, path)
		return err == nil && ok
	})
}

// timeText is a time as facts and reports have it.
func timeText(t time.Time) string { return t.UTC().Format(time.RFC3339) }
