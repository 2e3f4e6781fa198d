package report

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/decision"
)

// A Shard says which part of the artifacts a report is about, and names the whole that it is
// a part of, so that a missing part is noticed.
type Shard struct {
	Index     int    `json:"index"` // from 1
	Total     int    `json:"total"`
	Artifacts int    `json:"artifacts"` // of all shards
	Paths     string `json:"paths"`     // SHA-256 of the paths of all shards
	Settings  string `json:"settings"`  // SHA-256 of the options that all shards must have in common
	// Unneeded are findings about exceptions that cover nothing in this shard. They hold if
	// no other shard needs the exception.
	Unneeded []decision.Finding `json:"unneeded,omitempty"`
}

// Name formats the shard: shard 2 of 3.
func (s Shard) Name() string { return fmt.Sprintf("shard %d of %d", s.Index, s.Total) }

// contradiction returns what is impossible about a shard with these artifacts; "" for
// nothing.
func (s Shard) contradiction(artifacts []decision.Artifact) string {
	if s.Index > s.Total || s.Total > artifact.MaxShards || s.Total < 2 {
		return fmt.Sprintf("shard %d of %d is none", s.Index, s.Total)
	}
	part := artifact.Shard{Index: s.Index, Total: s.Total}
	for _, a := range artifacts {
		if !part.Has(a.Path) {
			return fmt.Sprintf("artifact %q is in another shard", a.Path)
		}
	}
	return ""
}

// A ShardsError is a set of reports that is not one whole: a shard is missing, there twice,
// or of another run.
type ShardsError struct {
	Problem string
	Next    string // the hint
}

func (e *ShardsError) Error() string { return e.Problem }

// Hint is the next step.
func (e *ShardsError) Hint() string { return e.Next }

// A Named is a report and where it was read.
type Named struct {
	Name string
	Report
}

// Merge returns the report of the whole run that the shards are of: the same that one run
// gives. One report that is no shard is returned as it is. Its error is a [*ShardsError].
func Merge(reports []Named) (Report, error) {
	if len(reports) == 1 && reports[0].Shard == nil {
		return reports[0].Report, nil
	}
	if err := oneRun(reports); err != nil {
		return Report{}, err
	}
	shards := slices.Clone(reports)
	slices.SortFunc(shards, func(a, b Named) int { return cmp.Compare(a.Shard.Index, b.Shard.Index) })
	first := shards[0].Report
	d, m := first.decision(), first.meta()
	d.Artifacts, d.Findings, d.Found, d.Answers, d.Unjudged = nil, nil, nil, 0, 0
	m.Shard, m.Notes = nil, nil
	for _, s := range shards {
		d.Artifacts = append(d.Artifacts, s.Artifacts...)
		d.Findings = append(d.Findings, s.Findings...)
		d.Found = append(d.Found, s.Rules...)
		d.Answers += s.Policy.Answers
		d.Unjudged += s.Unjudged
		m.FailOnWarn = m.FailOnWarn || s.warningsDeny()
		for _, note := range s.Notes {
			if !slices.Contains(m.Notes, note) {
				m.Notes = append(m.Notes, note)
			}
		}
	}
	slices.SortFunc(d.Artifacts, func(a, b decision.Artifact) int { return cmp.Compare(a.Path, b.Path) })
	d.Findings = append(d.Findings, unneeded(shards)...)
	slices.SortStableFunc(d.Findings, decision.CompareFindings)
	d.Findings = slices.CompactFunc(d.Findings, func(a, b decision.Finding) bool { return a.Artifact == "" && reflect.DeepEqual(a, b) })
	for i := decision.MaxExcerpts; i < len(d.Findings); i++ {
		d.Findings[i].Excerpt = nil // as one run leaves them out
	}
	d.Found = foundIn(d.Found, d.Findings)
	if err := whole(d, *first.Shard); err != nil {
		return Report{}, err
	}
	return New(d, m), nil
}

// unneeded returns the findings about exceptions that no shard needs.
func unneeded(shards []Named) []decision.Finding {
	var all []decision.Finding
	for _, f := range shards[0].Shard.Unneeded {
		everywhere := true
		for _, s := range shards[1:] {
			everywhere = everywhere && slices.ContainsFunc(s.Shard.Unneeded, func(other decision.Finding) bool { return reflect.DeepEqual(f, other) })
		}
		if everywhere {
			all = append(all, f)
		}
	}
	return all
}

// oneRun fails unless the reports are all shards of one run, each of them once.
func oneRun(reports []Named) error {
	if len(reports) == 0 {
		return &ShardsError{Problem: "no report to render"}
	}
	first, seen := reports[0], map[int]string{}
	for _, r := range reports {
		if r.Shard == nil {
			return &ShardsError{
				Problem: fmt.Sprintf("%s is a whole report and no shard: only the shards of one run are merged", r.Name),
				Next:    "render the reports one by one",
			}
		}
		if what := foreign(first.Report, r.Report); what != "" {
			return &ShardsError{
				Problem: fmt.Sprintf("%s and %s are shards of different runs: %s", first.Name, r.Name, what),
				Next:    "verify all shards again with the same --head, --base, --effective-time and options",
			}
		}
		if other, twice := seen[r.Shard.Index]; twice {
			return &ShardsError{
				Problem: fmt.Sprintf("%s and %s are both %s: want each shard once", other, r.Name, r.Shard.Name()),
				Next:    "name the report of each shard once",
			}
		}
		seen[r.Shard.Index] = r.Name
	}
	var missing []string
	for i := 1; i <= first.Shard.Total; i++ {
		if _, there := seen[i]; !there {
			missing = append(missing, strconv.Itoa(i))
		}
	}
	if len(missing) > 0 {
		return &ShardsError{
			Problem: fmt.Sprintf("no report of shard %s of %d: nothing is known of its artifacts", strings.Join(missing, ", "), first.Shard.Total),
			Next:    "name the reports of all shards; a job that ended without one has to run again",
		}
	}
	return nil
}

// foreign returns how two shards differ in what one run has in common; "" for nothing.
func foreign(a, b Report) string {
	for _, c := range []struct {
		what string
		a, b any
	}{
		{"the commit that was judged", a.Head, b.Head}, {"the commit compared with", a.Base, b.Base}, {"the trusted base", a.TrustedBase, b.TrustedBase},
		{"the effective time", a.EffectiveTime, b.EffectiveTime}, {"the digest of the rules", a.Policy.Digest, b.Policy.Digest},
		{"the source of the rules", a.Policy.Source, b.Policy.Source}, {"the number of rules", a.Policy.Rules, b.Policy.Rules}, {"the scope", a.Scope, b.Scope},
		{"the number of shards", a.Shard.Total, b.Shard.Total}, {"the number of artifacts", a.Shard.Artifacts, b.Shard.Artifacts},
		{"the digest of the paths", a.Shard.Paths, b.Shard.Paths}, {"the digest of the options", a.Shard.Settings, b.Shard.Settings},
	} {
		if c.a != c.b {
			return fmt.Sprintf("%s is %v in one and %v in the other", c.what, c.a, c.b)
		}
	}
	switch {
	case !reflect.DeepEqual(a.Settings, b.Settings):
		return "their rule settings differ"
	case !reflect.DeepEqual(a.Preview, b.Preview):
		return "their previews differ"
	case !reflect.DeepEqual(a.Uses, b.Uses):
		return "their numbers of uses differ"
	}
	return ""
}

// whole fails unless merged artifacts are the ones that every shard names.
func whole(d decision.Decision, want Shard) error {
	paths := make([]string, len(d.Artifacts))
	for i, a := range d.Artifacts {
		paths[i] = a.Path
	}
	if n := len(paths) + d.Unjudged; n != want.Artifacts {
		return &ShardsError{
			Problem: fmt.Sprintf("the shards have %s together, want the %d that each of them names", Count(n, "artifact"), want.Artifacts),
			Next:    "verify all shards again",
		}
	}
	if digest := artifact.HashPaths(paths).String(); d.Unjudged == 0 && digest != want.Paths {
		return &ShardsError{
			Problem: fmt.Sprintf("the paths of the shards' artifacts have the digest %s, want %s as each of them names", digest, want.Paths),
			Next:    "verify all shards again",
		}
	}
	return nil
}
