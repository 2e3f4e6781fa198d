// Package shards merges the reports of the shards of one run into the report that one run
// writes.
package shards

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/report"
)

// A Error is a set of reports that is not one whole: a shard is missing, there twice,
// or of another run.
type Error struct {
	Problem string
	Next    string // the hint
}

func (e *Error) Error() string { return e.Problem }

// Hint is the next step.
func (e *Error) Hint() string { return e.Next }

// A Named is a report and where it was read.
type Named struct {
	Name string
	report.Report
}

// Merge returns the report of the whole run that the shards are of: the same that one run
// gives. One report that is no shard is returned as it is. Its error is a [*Error].
func Merge(reports []Named) (report.Report, error) {
	if len(reports) == 1 && reports[0].Shard == nil {
		return reports[0].Report, nil
	}
	if err := oneRun(reports); err != nil {
		return report.Report{}, err
	}
	shards := slices.Clone(reports)
	slices.SortFunc(shards, func(a, b Named) int { return cmp.Compare(a.Shard.Index, b.Shard.Index) })
	first := shards[0].Report
	d, m := first.Decision(), first.Meta()
	d.Artifacts, d.Findings, d.Found, d.Unjudged = nil, nil, nil, 0
	m.Shard, m.Notes = nil, nil
	for _, s := range shards {
		d.Artifacts = append(d.Artifacts, s.Artifacts...)
		d.Findings = append(d.Findings, s.Findings...)
		d.Found = append(d.Found, s.Rules...)
		d.Unjudged += s.Unjudged
		own := s.Meta()
		m.FailOnWarn = m.FailOnWarn || own.FailOnWarn
		for _, note := range own.Notes {
			if !slices.Contains(m.Notes, note) {
				m.Notes = append(m.Notes, note)
			}
		}
	}
	slices.SortFunc(d.Artifacts, func(a, b decision.Artifact) int { return cmp.Compare(a.Path, b.Path) })
	if err := whole(d, *first.Shard); err != nil {
		return report.Report{}, err
	}
	if err := limit(&d, shards); err != nil {
		return report.Report{}, err
	}
	if d.Unjudged == 0 { // otherwise nothing is known of what no artifact needs
		d.Findings = slices.Concat(d.Findings, unneeded(shards), counted(shards))
	}
	slices.SortStableFunc(d.Findings, decision.CompareFindings)
	d.Findings = slices.CompactFunc(d.Findings, func(a, b decision.Finding) bool { return a.Artifact == "" && reflect.DeepEqual(a, b) })
	d.Found = foundIn(d.Found, d.Findings)
	concealed := decision.Concealed(d.Findings, d.Found)
	for i := range d.Findings {
		if f := &d.Findings[i]; i >= decision.MaxExcerpts || d.Unjudged > 0 || concealed[f.File] {
			f.Excerpt = nil // as one run leaves them out
		}
	}
	d.Answers = d.Rules * len(d.Artifacts)
	return report.New(d, m), nil
}

// limit leaves out the artifacts that one run does not judge, because there are too many
// denials before them in all shards together, and the findings about them.
func limit(d *decision.Decision, shards []Named) error {
	uncounted := map[string]bool{}
	known := len(d.Artifacts) // the artifacts before the first one that no shard judged
	for _, s := range shards {
		for _, path := range s.Shard.Uncounted {
			uncounted[path] = true
		}
		if s.Unjudged > 0 {
			last := ""
			if n := len(s.Artifacts); n > 0 {
				last = s.Artifacts[n-1].Path
			}
			after, _ := slices.BinarySearchFunc(d.Artifacts, last+"\x00", func(a decision.Artifact, path string) int { return cmp.Compare(a.Path, path) })
			known = min(known, after)
		}
	}
	denials := map[string]int{}
	for _, f := range d.Findings {
		if f.Artifact != "" && f.Severity == decision.Deny && !f.Excepted && !uncounted[f.Artifact] {
			denials[f.Artifact]++
		}
	}
	l := decision.Limit{Max: decision.MaxDenials, Count: shards[0].Shard.Artifacts + 1}
	for i, more := l.Next(); more; i, more = l.Next() {
		if l.Until > known+1 {
			return &Error{
				Problem: fmt.Sprintf("the shards judged only the first %s, and have too few denials together to stop there", report.Count(known, "artifact")),
				Next:    "verify all shards again",
			}
		}
		for ; i < l.Until; i++ {
			if i == 0 {
				l.Add(shards[0].Shard.WholeDenials)
			} else {
				l.Add(denials[d.Artifacts[i-1].Path])
			}
		}
	}
	left := map[string]bool{}
	for _, a := range d.Artifacts[l.Until-1:] {
		left[a.Path] = true
	}
	d.Artifacts, d.Unjudged = d.Artifacts[:l.Until-1], l.Count-l.Until
	d.Findings = slices.DeleteFunc(d.Findings, func(f decision.Finding) bool { return left[f.Artifact] })
	return nil
}

// counted adds up what each shard counts: one finding for each rule and file, about the first
// of what all shards counted.
func counted(shards []Named) []decision.Finding {
	var all []decision.Counted
	for _, s := range shards {
		all = append(all, s.Shard.Counted...)
	}
	slices.SortStableFunc(all, func(a, b decision.Counted) int { return decision.CompareFindings(a.Finding, b.Finding) })
	sums := map[[2]string]int{}
	for _, c := range all {
		sums[[2]string{c.Finding.Rule, c.Finding.File}] += c.Count
	}
	var findings []decision.Finding
	for _, c := range all {
		key := [2]string{c.Finding.Rule, c.Finding.File}
		if n := sums[key]; n > 0 {
			c.Finding.Message = strconv.Itoa(n) + strings.TrimPrefix(c.Finding.Message, strconv.Itoa(c.Count))
			findings = append(findings, c.Finding)
			sums[key] = 0
		}
	}
	return findings
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
		return &Error{Problem: "no report to render"}
	}
	first, seen := reports[0], map[int]string{}
	for _, r := range reports {
		if r.Shard == nil {
			return &Error{
				Problem: fmt.Sprintf("%s is a whole report and no shard: only the shards of one run are merged", r.Name),
				Next:    "render the reports one by one",
			}
		}
		if what := foreign(first.Report, r.Report); what != "" {
			return &Error{
				Problem: fmt.Sprintf("%s and %s are shards of different runs: %s", first.Name, r.Name, what),
				Next:    "verify all shards again with the same --head, --base, --effective-time and options",
			}
		}
		if other, twice := seen[r.Shard.Index]; twice {
			return &Error{
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
		return &Error{
			Problem: fmt.Sprintf("no report of shard %s of %d: nothing is known of its artifacts", strings.Join(missing, ", "), first.Shard.Total),
			Next:    "name the reports of all shards; a job that ended without one has to run again",
		}
	}
	return nil
}

// foreign returns how two shards differ in what one run has in common; "" for nothing.
func foreign(a, b report.Report) string {
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
func whole(d decision.Decision, want report.Shard) error {
	paths := make([]string, len(d.Artifacts))
	for i, a := range d.Artifacts {
		paths[i] = a.Path
	}
	if n := len(paths) + d.Unjudged; n != want.Artifacts {
		return &Error{
			Problem: fmt.Sprintf("the shards have %s together, want the %d that each of them names", report.Count(n, "artifact"), want.Artifacts),
			Next:    "verify all shards again",
		}
	}
	if digest := artifact.HashPaths(paths).String(); d.Unjudged == 0 && digest != want.Paths {
		return &Error{
			Problem: fmt.Sprintf("the paths of the shards' artifacts have the digest %s, want %s as each of them names", digest, want.Paths),
			Next:    "verify all shards again",
		}
	}
	return nil
}

// foundIn merges the described rules of several reports, and keeps those of the findings.
func foundIn(rules []decision.FoundRule, findings []decision.Finding) []decision.FoundRule {
	codes := map[string]bool{}
	for _, f := range findings {
		codes[f.Rule] = true
	}
	rules = slices.DeleteFunc(rules, func(r decision.FoundRule) bool { return !codes[r.Code] })
	slices.SortStableFunc(rules, func(a, b decision.FoundRule) int { return cmp.Compare(a.Code, b.Code) })
	return slices.CompactFunc(rules, func(a, b decision.FoundRule) bool { return a.Code == b.Code })
}
