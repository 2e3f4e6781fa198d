// Package suppression covers findings that a repository has accepted: by exceptions and rule
// settings of the configuration, until a day, and by the baseline, until the content changes.
// It decides nothing: a covered finding stays in the decision, with what covers it. The rules
// gate.exception and gate.baseline judge exceptions, settings and baselines themselves.
package suppression

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/baseline"
	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/facts"
)

// A Set is everything that can suppress findings, as the trusted base has it. No rule can add
// to it.
type Set struct {
	File       string // the configuration with the exceptions and settings
	Exceptions []Exception
	Settings   []Setting
	Baseline   Baseline
	Proposed   Proposed
	Shard      artifact.Shard // the part of the artifacts that is judged; the zero value: all
	Adopting   bool           // a baseline will be written from the decision
	Measured   bool           // the files were measured elsewhere: the statement of a baseline entry cannot be compared, and is not (for a preview)
}

// An Exception covers findings for which an owner takes responsibility until a day.
type Exception struct {
	Pointer string // its place in the configuration
	Rule    decision.Selector
	Paths   []string // globs; ** stands for any number of directories; none: every path
	Reason  string
	Owner   string
	Expires time.Time // the last moment at which it holds
}

// A Setting turns an optional rule off, or its denials into warnings, until a day.
type Setting struct {
	Pointer string // its place in the configuration
	Rule    string // a rule's code
	Level   string // off, warn
	Reason  string
	Owner   string
	Expires time.Time // the last moment at which it holds
}

// A Baseline covers the findings that a repository had when it adopted the gate, as long as
// the offending statements do not change.
type Baseline struct {
	Path     string // "": the configuration names none
	State    facts.BaselineState
	Problems []facts.Problem
	Entries  []baseline.Entry
	Locate   func(file, pointer string) (line, column int, ok bool) `json:"-"`
}

// A subject is what baseline entries of every version name.
type subject struct{ path, rule string }

// A Tracker applies a Set to findings, and keeps which exceptions and baseline entries were
// needed. It is safe for concurrent use.
type Tracker struct {
	set      *Set
	now      time.Time     // the effective time
	used     []atomic.Bool // by exception
	entries  map[baseline.Entry]int
	about    map[subject][]int // the entries about a rule and an artifact
	covering []atomic.Bool     // by baseline entry
}

// NewTracker returns a Tracker of a Set at a time. It fails for a path that is not a glob, and
// without a time to compare expiry with.
func NewTracker(set *Set, now time.Time) (*Tracker, error) {
	if len(set.Exceptions)+len(set.Settings) > 0 && now.IsZero() {
		return nil, fmt.Errorf("exceptions: no effective time to compare their expiry with")
	}
	for _, x := range set.Exceptions {
		for _, glob := range x.Paths {
			if !doublestar.ValidatePattern(glob) {
				return nil, fmt.Errorf("exception from rule %q: path %q is no glob", x.Rule, glob)
			}
		}
	}
	t := &Tracker{
		set: set, now: now, used: make([]atomic.Bool, len(set.Exceptions)), covering: make([]atomic.Bool, len(set.Baseline.Entries)),
		entries: make(map[baseline.Entry]int, len(set.Baseline.Entries)), about: map[subject][]int{},
	}
	for i, e := range set.Baseline.Entries {
		t.entries[e] = i
		k := subject{e.Path, e.Rule}
		t.about[k] = append(t.about[k], i)
	}
	return t, nil
}

// A Subject is what a finding is about.
type Subject struct {
	Path     string             // the artifact, or else the file
	SHA256   string             // of the artifact's content; "" without content
	At       facts.Place        // of the finding
	Measured *facts.Measurement // which finds the statement at a place
	// Statement is the offending statement where the rule states it; "": the text at the place.
	// A baseline covers a finding about the whole change only if its rule does.
	Statement string
}

// Apply covers a finding of a rule by the first suppression that matches: exceptions, then the
// baseline, then the setting of the rule. It fails if the offending statement cannot be read.
func (t *Tracker) Apply(ctx context.Context, r *decision.Rule, f *decision.Finding, about Subject) error {
	f.Suppression = t.exception(r, f, about.Path)
	if err := t.adopted(ctx, r, f, about); err != nil {
		return err
	}
	t.lower(r, f)
	f.Excepted = f.Suppression != nil
	return nil
}

// exception returns the suppression by the first exception that covers a finding, or nil.
// Every exception that covers it counts as used.
func (t *Tracker) exception(r *decision.Rule, f *decision.Finding, path string) *decision.Suppression {
	if r.Excepted == decision.ExceptedNever {
		return nil
	}
	var found *decision.Suppression
	for i, x := range t.set.Exceptions {
		if t.now.After(x.Expires) || !x.Rule.Matches(f.Rule, f.Term) || !matches(x.Paths, path) {
			continue
		}
		t.used[i].Store(true)
		if found == nil {
			found = &decision.Suppression{By: "exception", Reason: x.Reason, Owner: x.Owner, Expires: decision.TimeText(x.Expires)}
		}
	}
	return found
}

// adopted covers a finding by the baseline entries that name it. An entry of version 1 names
// no statement, so it covers only what the change does not edit.
func (t *Tracker) adopted(ctx context.Context, r *decision.Rule, f *decision.Finding, about Subject) error {
	entries := t.about[subject{entryPath(f), f.Selector().String()}]
	whole := f.Artifact == "" && about.Statement != ""
	if r.Excepted == decision.ExceptedNever || about.SHA256 == "" && !whole || len(entries) == 0 && !t.set.Adopting {
		return nil
	}
	var s facts.Statement
	if find := about.Measured.Statement; about.Statement != "" {
		s.SHA256 = artifact.HashBytes([]byte(about.Statement)).String()
	} else if find != nil {
		var err error
		if s, err = find(ctx, about.At); err != nil {
			return fmt.Errorf("read the statement that %s finds in %s: %w", f.Rule, about.At.File, err)
		}
	}
	f.Statement = s.SHA256
	for _, i := range entries {
		e := t.set.Baseline.Entries[i]
		if e.SHA256 != about.SHA256 && (e.SHA256 != "" || f.File != e.Path) {
			continue
		}
		covers := e.File == f.File && e.Statement == s.SHA256 && s.SHA256 != ""
		switch {
		case e.Fingerprint != "":
			covers = e.Fingerprint == f.Fingerprint && (s.Kept || t.set.Measured)
		case t.set.Measured && about.Statement == "":
			covers = e.File == f.File
		}
		if !covers {
			continue
		}
		t.covering[i].Store(true)
		if f.Suppression == nil {
			f.Suppression = &decision.Suppression{By: "baseline"}
		}
	}
	return nil
}

// lower applies the setting of an optional rule to a finding that nothing else covers: off
// covers it, warn turns a denial into a warning. A setting of any other rule does nothing, and
// gate.exception reports it.
func (t *Tracker) lower(r *decision.Rule, f *decision.Finding) {
	if !r.Optional || f.Suppression != nil {
		return
	}
	for _, s := range t.set.Settings {
		if s.Rule != r.Code || t.now.After(s.Expires) {
			continue
		}
		if s.Level == "off" {
			f.Suppression = &decision.Suppression{By: "rules", Reason: s.Reason, Owner: s.Owner, Expires: decision.TimeText(s.Expires)}
			return
		}
		if f.Severity == decision.Deny {
			f.Severity, f.Lowered = decision.Warn, true
			f.Message += fmt.Sprintf(" (set to warn until %s by %s: %s)", decision.TimeText(s.Expires), s.Owner, s.Reason)
		}
	}
}

// InForce returns the settings that turn down rules of the list: those of optional rules that
// are not expired.
func (t *Tracker) InForce(rules []decision.Rule) []decision.TurnedDown {
	var list []decision.TurnedDown
	for _, s := range t.set.Settings {
		optional := slices.ContainsFunc(rules, func(r decision.Rule) bool { return r.Code == s.Rule && r.Optional })
		if optional && !t.now.After(s.Expires) {
			list = append(list, decision.TurnedDown{Rule: s.Rule, Level: s.Level, Reason: s.Reason, Owner: s.Owner, Expires: decision.TimeText(s.Expires)})
		}
	}
	return list
}

// entryPath returns the path in the baseline entry for a finding: of its artifact or, where it
// is about the whole change, of its file.
func entryPath(f *decision.Finding) string { return cmp.Or(f.Artifact, f.File) }

// entryFor returns the baseline entry that covers a finding about an artifact with this
// content. The content is part of the entry where the finding is in another file: what a
// record or the ledger says there may be wrong about this content only.
func entryFor(f *decision.Finding, content string) baseline.Entry {
	path := entryPath(f)
	if f.File == path {
		content = ""
	}
	return baseline.Entry{
		Path: path, Rule: f.Selector().String(), SHA256: content, File: f.File, Statement: f.Statement,
	}
}

// Adopt returns the baseline that covers every denial of a decision that a baseline can cover:
// about an artifact with content or with a statement of its rule, not excepted already, and not
// of a rule that is never excepted. It has the warnings too if they fail the run, and those
// about the whole change, which an edit of what they are about may turn into denials. Adopt
// marks these findings of the decision as covered. The decision was made with Set.Adopting.
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
		case f.Severity == decision.Warn && !warnings && f.Artifact != "", f.Suppression != nil && f.Suppression.By != "baseline":
		case content[f.Artifact] == "" && f.Artifact != "" || refused[f.Rule] || f.Statement == "":
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
