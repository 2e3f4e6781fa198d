package policy_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/suppression"
)

const placed = `# METADATA
# scope: package
# custom:
#   fix: codexlock attest {artifact}
package acme.placed

deny contains {"msg": "at a pointer", "file": input.ledger.path, "pointer": "/artifacts/0/sha256"} if input.ledger.path

deny contains {"msg": "at a lost pointer", "file": input.ledger.path, "pointer": "/nowhere"} if input.ledger.path

deny contains {"msg": "at a line", "line": 7} if input.artifact.path

warn contains {"msg": "at a column", "line": 7, "column": 3} if input.artifact.path

deny contains "plain" if input.artifact.path
`

func TestFindingsHaveAPlace(t *testing.T) {
	c := change("it's.bin")
	c.locate = func(file, pointer string) (int, int, bool) {
		return 12, 15, file == "Codex-Lock.json" && pointer == "/artifacts/0/sha256"
	}
	d := decide(t, rules(t, "placed.rego", placed), c, policy.Options{})
	var got []string
	for _, f := range d.Findings {
		got = append(got, fmt.Sprintf("%s:%d:%d %s", f.File, f.Line, f.Column, f.Message))
		if want := `codexlock attest 'it'\''s.bin'`; f.Fix != want {
			t.Errorf("fix is %s, want %s", f.Fix, want)
		}
		if len(f.Fingerprint) != 32 || f.Artifact != "it's.bin" || f.Requirement != "owner" {
			t.Errorf("got %+v", f)
		}
	}
	want := []string{
		"Codex-Lock.json:1:1 at a lost pointer", "Codex-Lock.json:12:15 at a pointer", "it's.bin:1:1 plain", "it's.bin:7:1 at a line",
		"it's.bin:7:3 at a column",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestFingerprintStaysWhereTheLineMoves(t *testing.T) {
	e := rules(t, "placed.rego", placed)
	at := func(line int, sha string) string {
		c := change("a.bin")
		c.artifacts[0].Artifact.SHA256 = sha
		c.locate = func(string, string) (int, int, bool) { return line, 1, true }
		for _, f := range decide(t, e, c, policy.Options{}).Findings {
			if f.Message == "at a pointer" {
				return f.Fingerprint
			}
		}
		t.Fatal("no finding")
		return ""
	}
	if at(3, digest) != at(9, digest) {
		t.Error("the fingerprint moves with the line")
	}
	if at(3, digest) == at(3, strings.Repeat("0", 64)) {
		t.Error("the fingerprint outlives the content")
	}
}

const expired = `# METADATA
# scope: package
# custom:
#   level: tier-1
package acme.expired

deny contains "expired" if startswith(input.artifact.path, "old")
`

const bad = `package acme.bad

deny contains "bad" if endswith(input.artifact.path, "bad")
`

const whole = `# METADATA
# scope: package
# custom:
#   subject: repository
package acme.whole

deny contains "whole" if input.repository.scope == "all"
`

func levels(d decision.Decision) string {
	var out []string
	for _, a := range d.Artifacts {
		out = append(out, a.Path+" "+a.Level.String())
	}
	return strings.Join(out, ", ")
}

func TestLevels(t *testing.T) {
	e := rules(t, "expired.rego", expired, "bad.rego", bad, "whole.rego", whole)
	c := change("bad", "good", "old", "old-bad")
	d := decide(t, e, c, policy.Options{MinimumLevel: artifact.APlus})
	if got, want := levels(d), "bad non-compliant, good a-plus, old tier-1, old-bad non-compliant"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if d.Rules != 3 || d.Answers != 12 {
		t.Errorf("%d rules gave %d answers about 4 artifacts", d.Rules, d.Answers)
	}
	d = decide(t, e, c, policy.Options{MinimumLevel: artifact.Tier1})
	want := "deny acme.bad bad\ndeny acme.bad bad\ndeny acme.expired expired\nwarn acme.expired expired"
	if got := messages(d); got != want || d.Findings[3].Artifact != "old" {
		t.Errorf("minimum tier-1: got\n%s\nwant\n%s", got, want)
	}
	if got, want := levels(d), "bad non-compliant, good a-plus, old tier-1, old-bad non-compliant"; got != want {
		t.Errorf("minimum tier-1: got %s, want %s", got, want)
	}
	c.whole.Repository.Scope = "all"
	d = decide(t, e, c, policy.Options{MinimumLevel: artifact.Tier1})
	if got, want := levels(d), "bad non-compliant, good non-compliant, old non-compliant, old-bad non-compliant"; got != want {
		t.Errorf("the change is denied: got %s, want %s", got, want)
	}
	if f := d.Findings[0]; f.Rule != "acme.whole" || f.File != "Codex-Lock.json" || f.Artifact != "" {
		t.Errorf("got %+v", f)
	}
}

func TestSameDecisionForEveryNumberOfWorkers(t *testing.T) {
	e := rules(t, "placed.rego", placed, "bad.rego", bad, "expired.rego", expired, "whole.rego", whole)
	var paths []string
	for i := range 60 {
		paths = append(paths, fmt.Sprintf("dir/%02d-%s", i, []string{"bad", "old", "good"}[i%3]))
	}
	c := change(paths...)
	c.whole.Repository.Scope = "all"
	var first string
	for workers := 1; workers <= 8; workers++ {
		for range 3 {
			text, err := json.Marshal(decide(t, e, c, policy.Options{Workers: workers}))
			if err != nil {
				t.Fatal(err)
			}
			if first == "" {
				first = string(text)
			}
			if string(text) != first {
				t.Fatalf("%d workers decide otherwise:\n%s\n%s", workers, text, first)
			}
		}
	}
}

// faulty is a change that cannot be measured at one place.
type faulty struct {
	measured
	at    int // -1: the change as a whole
	fault func() error
}

func (f faulty) Artifact(ctx context.Context, i int) (facts.Measurement, error) {
	m, err := f.measured.Artifact(ctx, i)
	if i == f.at {
		err = f.fault()
	}
	return m, err
}

func (f faulty) Repository(ctx context.Context) (facts.Measurement, error) {
	m, err := f.measured.Repository(ctx)
	if f.at == -1 {
		err = f.fault()
	}
	return m, err
}

func TestWhatCannotBeMeasuredIsNotDecided(t *testing.T) {
	e := rules(t, "bad.rego", bad)
	unreadable := errors.New("unreadable")
	for at := -1; at < 3; at++ {
		c := faulty{change("a", "b", "c"), at, func() error { return unreadable }}
		if _, err := e.Decide(context.Background(), c, policy.Options{Workers: 2}); !errors.Is(err, unreadable) {
			t.Errorf("at %d: got %v", at, err)
		}
		c.fault = func() error { panic("boom") }
		if _, err := e.Decide(context.Background(), c, policy.Options{Workers: 2}); err == nil || !strings.Contains(err.Error(), "boom") {
			t.Errorf("at %d: got %v", at, err)
		}
	}
	c := change("a", "b")
	c.artifacts[1].Artifact = nil
	if _, err := e.Decide(context.Background(), c, policy.Options{}); err == nil || !strings.Contains(err.Error(), "no facts about it") {
		t.Errorf("got %v", err)
	}
}

func TestNoArtifactIsNoAnswer(t *testing.T) {
	d := decide(t, rules(t, "bad.rego", bad, "whole.rego", whole), change(), policy.Options{})
	if d.Rules != 2 || d.Answers != 0 || len(d.Artifacts) != 0 || len(d.Findings) != 0 {
		t.Errorf("got %+v", d)
	}
}

func TestFirstFaultIsReportedWhateverTheWorkers(t *testing.T) {
	e := rules(t, "a.rego", "package acme.x\n\ndeny contains 42 if startswith(input.artifact.path, \"x\")\n\ndeny contains 1/0 if input.artifact.path == \"y\"")
	for workers := 1; workers <= 8; workers++ {
		_, err := e.Decide(context.Background(), change("a", "b", "x1", "x2", "y"), policy.Options{Workers: workers})
		if err == nil || !strings.Contains(err.Error(), "deny holds 42") {
			t.Fatalf("%d workers: got %v", workers, err)
		}
	}
}

// TestDenialsEndTheJudging: after so many, the artifacts that are left are counted
// and not judged, the same ones for any number of workers.
func TestDenialsEndTheJudging(t *testing.T) {
	names := make([]string, 5000)
	for i := range names {
		names[i] = fmt.Sprintf("%04d.bin", i)
	}
	e := rules(t, "placed.rego", placed)
	var first decision.Decision
	for workers := range 3 {
		d := decide(t, e, change(names...), policy.Options{MaxDenials: 100, Workers: workers + 1})
		if len(d.Artifacts) != 1999 || d.Unjudged != 3001 || len(d.Findings) != 5*1999 {
			t.Errorf("%d judged, %d not, %d findings", len(d.Artifacts), d.Unjudged, len(d.Findings))
		}
		if workers == 0 {
			first = d
		} else if !reflect.DeepEqual(d, first) {
			t.Errorf("%d workers decide otherwise", workers+1)
		}
	}
	part := decide(t, e, change(names...), policy.Options{MaxDenials: 100, Suppressions: suppression.Set{Shard: artifact.Shard{Index: 1, Total: 3}}})
	if len(part.Artifacts) != 3999 || part.Unjudged != 1001 {
		t.Errorf("a shard: %d judged, %d not, want one stretch more", len(part.Artifacts), part.Unjudged)
	}
	for name, o := range map[string]policy.Options{
		"no bound":                {},
		"not so many":             {MaxDenials: 5 * 5000},
		"none that is no warning": {MaxDenials: 100, MinimumLevel: artifact.Tier1},
	} {
		text := placed
		if o.MinimumLevel == artifact.Tier1 {
			text = strings.ReplaceAll(placed, "#   fix:", "#   level: tier-1\n#   fix:")
		}
		if d := decide(t, rules(t, "placed.rego", text), change(names...), o); d.Unjudged != 0 || len(d.Artifacts) != 5000 {
			t.Errorf("%s: %d judged, %d not", name, len(d.Artifacts), d.Unjudged)
		}
	}
}

// A finding may have a next step of its own. Paths in it are quoted, and a path is not
// searched for placeholders.
func TestFindingsMayHaveAFix(t *testing.T) {
	e := rules(t, "fixed.rego", `# METADATA
# scope: package
# custom:
#   fix: codexlock attest {artifact}
#   cause: lock.drift
package acme.fixed

deny contains {"msg": "own", "file": "{artifact} b", "fix": "git log -p -- {file}; codexlock attest {artifact}"}

deny contains "the rule's"
`)
	got := map[string]string{}
	for _, f := range decide(t, e, change("it's.bin"), policy.Options{}).Findings {
		got[f.Message] = f.Fix
		if f.Cause != "lock.drift" {
			t.Errorf("cause is %q", f.Cause)
		}
	}
	want := map[string]string{
		"own":        `git log -p -- '{artifact} b'; codexlock attest 'it'\''s.bin'`,
		"the rule's": `codexlock attest 'it'\''s.bin'`,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
