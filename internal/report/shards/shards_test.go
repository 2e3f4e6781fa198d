package shards_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/report/shards"
)

// A shardedRun is what a run finds: the denials of each artifact.
type shardedRun struct {
	paths     []string
	denials   []int
	whole     int
	uncounted map[string]bool
}

// decide makes the decision about the artifacts of a shard, or about all of them.
func (r shardedRun) decide(shard artifact.Shard) (d decision.Decision) {
	d.Rules = 1
	var mine []int
	for i, path := range r.paths {
		if shard.Has(path) {
			mine = append(mine, i)
		}
	}
	l := decision.Limit{Max: decision.MaxDenials, Count: len(mine) + 1}
	beyond := shard.Total < 2
	next := func() (int, bool) {
		first, more := l.Next()
		if !more && !beyond && l.Until < l.Count { // as policy does: see TestDenialsEndTheJudging
			beyond, more = true, true
			l.Until = min(first+decision.PerStretch, l.Count)
		}
		return first, more
	}
	for i, more := next(); more; i, more = next() {
		for ; i < l.Until; i++ {
			if i == 0 {
				l.Add(r.whole)
				for n := range r.whole {
					d.Findings = append(d.Findings, decision.Finding{Rule: "a.b", Severity: decision.Deny, File: "whole", Line: n + 1})
				}
				continue
			}
			at := mine[i-1]
			path := r.paths[at]
			d.Artifacts = append(d.Artifacts, decision.Artifact{Path: path})
			for n := range r.denials[at] {
				d.Findings = append(d.Findings, decision.Finding{Rule: "a.b", Severity: decision.Deny, Artifact: path, File: path, Line: n + 1, Excepted: n == 0})
			}
			switch {
			case r.uncounted[path]:
				d.Part.Uncounted = append(d.Part.Uncounted, path)
			case r.denials[at] > 0:
				l.Add(r.denials[at] - 1) // one of them is excepted
			}
		}
	}
	d.Unjudged = l.Count - l.Until
	d.Answers = len(d.Artifacts)
	d.Part.WholeDenials = r.whole
	return d
}

// merged returns the merged report of n shards, as it is after it was written and read.
func (r shardedRun) merged(t *testing.T, n int) (report.Report, error) {
	t.Helper()
	var all []shards.Named
	for i := range n {
		d := r.decide(artifact.Shard{Index: i + 1, Total: n})
		d.Findings = sorted(d.Findings)
		digest := artifact.HashPaths(r.paths).String()
		written := report.New(d, report.Meta{Scope: "all", EffectiveTime: "2026-01-01T00:00:00Z", Notes: []string{"a note"},
			Shard: &report.Shard{Index: i + 1, Total: n, Artifacts: len(r.paths), Paths: digest, Settings: digest, Part: d.Part}})
		all = append(all, shards.Named{Name: fmt.Sprint(i), Report: written})
	}
	return shards.Merge(all)
}

// TestMergedShardsEndLikeOneRun: whatever artifacts have the denials, merged shards are about
// those artifacts that one run judges.
func TestMergedShardsEndLikeOneRun(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	ended := 0
	for round := range 6 {
		r := shardedRun{uncounted: map[string]bool{}, whole: random.IntN(3)}
		most := []int{2, 20, 60}[round%3]
		lone := artifact.Shard{Index: 1, Total: 3}
		for i := range 9000 {
			path, denials := fmt.Sprintf("%05d", i), random.IntN(most)
			if round%2 == 1 && !lone.Has(path) { // one shard has all denials
				denials = 0
			}
			if i%100 == 0 {
				r.uncounted[path] = true
			}
			r.paths, r.denials = append(r.paths, path), append(r.denials, denials)
		}
		d := r.decide(artifact.Shard{})
		d.Part = decision.Part{}
		d.Findings = sorted(d.Findings)
		one := report.New(d, report.Meta{Scope: "all", EffectiveTime: "2026-01-01T00:00:00Z", Notes: []string{"a note"}})
		merged, err := r.merged(t, 3)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(merged, one) {
			t.Errorf("round %d: merged shards have %d artifacts and %d unjudged, one run %d and %d", round, len(merged.Artifacts), merged.Unjudged, len(one.Artifacts), one.Unjudged)
		}
		if one.Unjudged > 0 {
			ended++
		}
	}
	if ended < 3 {
		t.Errorf("%d rounds ended early: the test is about these", ended)
	}
}

// TestShardsThatStopWithoutDenials are refused: a shard that was edited, or one of another
// program.
func TestShardsThatStopWithoutDenials(t *testing.T) {
	var all []shards.Named
	paths := []string{"a", "b", "c", "d", "e"}
	digest := artifact.HashPaths(paths).String()
	for i := range 2 {
		var d decision.Decision
		for _, path := range paths {
			if (artifact.Shard{Index: i + 1, Total: 2}).Has(path) {
				d.Artifacts = append(d.Artifacts, decision.Artifact{Path: path})
			}
		}
		if i == 0 {
			d.Unjudged = len(d.Artifacts) - 1
			d.Artifacts = d.Artifacts[:1]
		}
		all = append(all, shards.Named{Report: report.New(d, report.Meta{Shard: &report.Shard{Index: i + 1, Total: 2, Artifacts: len(paths), Paths: digest, Settings: digest}})})
	}
	if _, err := shards.Merge(all); !errors.As(err, new(*shards.Error)) {
		t.Errorf("got %v", err)
	}
}

// TestShardsConceal: a line that one shard shows is left out if another shard has a finding of a
// rule that finds secrets in the file.
func TestShardsConceal(t *testing.T) {
	all := make([]shards.Named, 2)
	for i, rule := range []decision.FoundRule{{Code: "a.b"}, {Code: "a.secret", Excerpt: decision.ExcerptNever}} {
		f := decision.Finding{Rule: rule.Code, Severity: decision.Deny, File: "shared", Line: i + 1}
		if i == 0 {
			f.Excerpt = &decision.Excerpt{Text: "PIN=4711"}
		}
		all[i] = shards.Named{Report: report.New(decision.Decision{Findings: []decision.Finding{f}, Found: []decision.FoundRule{rule}},
			report.Meta{Shard: &report.Shard{Index: i + 1, Total: 2, Paths: artifact.HashPaths(nil).String()}})}
	}
	merged, err := shards.Merge(all)
	if err != nil || len(merged.Findings) != 2 || merged.Findings[0].Excerpt != nil {
		t.Errorf("merged: %+v, %v", merged.Findings, err)
	}
}

// TestShardsAgreeOnUses: the numbers of uses are the same in all shards of one run.
func TestShardsAgreeOnUses(t *testing.T) {
	all := make([]shards.Named, 2)
	for i := range all {
		all[i] = shards.Named{Report: report.New(decision.Decision{Uses: &decision.Uses{Total: 3, Verified: 1}},
			report.Meta{Shard: &report.Shard{Index: i + 1, Total: 2, Paths: artifact.HashPaths(nil).String()}})}
	}
	if merged, err := shards.Merge(all); err != nil || *merged.Uses != (decision.Uses{Total: 3, Verified: 1}) {
		t.Errorf("merged: %+v, %v", merged.Uses, err)
	}
	all[1].Uses = nil
	if _, err := shards.Merge(all); err == nil || !strings.Contains(err.Error(), "their numbers of uses differ") {
		t.Errorf("shards of different trees: %v", err)
	}
}

// TestCountsAreAddedUp: the finding is about the first of what all shards count.
func TestCountsAreAddedUp(t *testing.T) {
	counted := func(line, n int, message string) []decision.Counted {
		return []decision.Counted{{Count: n, Finding: decision.Finding{Rule: "gate.baseline", Severity: decision.Warn, File: "b.json", Line: line, Message: message}}}
	}
	var all []shards.Named
	for i, part := range []decision.Part{
		{Counted: counted(9, 2, "2 of 9 entries, the first is y")}, {}, {Counted: counted(4, 10, "10 of 9 entries, the first is x")},
	} {
		all = append(all, shards.Named{Report: report.New(decision.Decision{}, report.Meta{Shard: &report.Shard{Index: i + 1, Total: 3, Paths: artifact.HashPaths(nil).String(), Part: part}})})
	}
	r, err := shards.Merge(all)
	if err != nil || len(r.Findings) != 1 || r.Counts.Warn != 1 || r.Findings[0].Line != 4 || r.Findings[0].Message != "12 of 9 entries, the first is x" {
		t.Errorf("%v, %+v", err, r.Findings)
	}
}

func sorted(findings []decision.Finding) []decision.Finding {
	slices.SortStableFunc(findings, decision.CompareFindings)
	return findings
}
