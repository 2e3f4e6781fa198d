package policy_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/baseline"
	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/suppression"
)

func selector(t testing.TB, s string) decision.Selector {
	t.Helper()
	x, err := decision.ParseSelector(s)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestExceptions(t *testing.T) {
	e := rules(t, "bad.rego", bad, "whole.rego", whole)
	until, all := now.Add(time.Hour), []string{"**"}
	tests := []struct {
		name string
		x    suppression.Exception
		want bool
	}{
		{"rule", suppression.Exception{Rule: selector(t, "acme.bad"), Paths: []string{"a/**"}, Expires: until}, true},
		{"area", suppression.Exception{Rule: selector(t, "acme"), Paths: []string{"**/bad"}, Expires: until}, true},
		{"everywhere", suppression.Exception{Rule: selector(t, "acme.bad"), Expires: until}, true},
		{"last moment", suppression.Exception{Rule: selector(t, "acme.bad"), Paths: all, Expires: now}, true},
		{"past", suppression.Exception{Rule: selector(t, "acme.bad"), Paths: all, Expires: now.Add(-time.Second)}, false},
		{"no expiry", suppression.Exception{Rule: selector(t, "acme.bad"), Paths: all}, false},
		{"another path", suppression.Exception{Rule: selector(t, "acme.bad"), Paths: []string{"b/**", "bad"}, Expires: until}, false},
		{"another rule", suppression.Exception{Rule: selector(t, "acme.worse"), Paths: all, Expires: until}, false},
		{"another term", suppression.Exception{Rule: selector(t, "acme.bad:x"), Paths: all, Expires: until}, false},
		{"half a word", suppression.Exception{Rule: selector(t, "ac"), Paths: all, Expires: until}, false},
		{"no rule", suppression.Exception{Paths: all, Expires: until}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.x.Reason, tt.x.Owner = "because", "@team"
			d := decide(t, e, change("a/b/bad"), policy.Options{Suppressions: suppression.Set{Exceptions: []suppression.Exception{tt.x}}})
			if len(d.Findings) != 1 || d.Findings[0].Excepted != tt.want || (d.Findings[0].Suppression != nil) != tt.want {
				t.Fatalf("got %+v", d.Findings)
			}
			if w := d.Findings[0].Suppression; tt.want && (w.By != "exception" || w.Owner != "@team" || w.Reason != "because") {
				t.Errorf("it is let stand by %+v", w)
			}
			if level := d.Artifacts[0].Level; level != artifact.NonCompliant {
				t.Errorf("level is %s: an exception makes nothing compliant", level)
			}
		})
	}
	for _, o := range []policy.Options{
		{Now: now, Suppressions: suppression.Set{Exceptions: []suppression.Exception{{Rule: selector(t, "acme.bad"), Paths: []string{"[a"}, Expires: until}}}},
		{Suppressions: suppression.Set{Exceptions: []suppression.Exception{{Rule: selector(t, "acme.bad"), Paths: all, Expires: until}}}},
	} {
		if _, err := e.Decide(context.Background(), change("a/b/bad"), o); err == nil {
			t.Errorf("no error for %+v", o)
		}
	}
}

// What is excepted does not keep an artifact from the minimum level.
func TestExceptedDenialsDoNotCountForTheMinimumLevel(t *testing.T) {
	e := rules(t, "bad.rego", bad, "expired.rego", expired)
	x := suppression.Exception{Rule: selector(t, "acme.bad"), Expires: now}
	d := decide(t, e, change("old-bad"), policy.Options{MinimumLevel: artifact.Tier1, Suppressions: suppression.Set{Exceptions: []suppression.Exception{x}}})
	for _, f := range d.Findings {
		if f.Rule == "acme.expired" && f.Severity != decision.Warn {
			t.Errorf("got %+v, want a warning", f)
		}
	}
}

const sound = `# METADATA
# scope: package
# custom:
#   excepted: never
package acme.sound

deny contains "unsound"
`

func TestARuleRefusesExceptions(t *testing.T) {
	e := rules(t, "sound.rego", sound, "watch.rego", watch)
	d := decide(t, e, change("a"), policy.Options{Suppressions: suppression.Set{Exceptions: []suppression.Exception{{Rule: selector(t, "acme.sound"), Expires: now}}}})
	if got, want := messages(d), "deny acme.sound unsound\nwarn acme.watch acme.sound current refused unknown"; got != want || d.Findings[0].Excepted {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// watch tells what is known of every exception, and of the baseline.
const watch = `# METADATA
# scope: package
# custom:
#   subject: exceptions
package acme.watch

warn contains sprintf("%s %s %s %s", [x.rule, x.state, x.selects, x.use]) if some x in input.exceptions.list

warn contains sprintf("did you mean %s?", [x.nearest]) if some x in input.exceptions.list

warn contains {"msg": sprintf("stale %s", [x.path]), "file": input.exceptions.baseline.path, "pointer": x.pointer} if {
	input.exceptions.baseline.path
	some x in input.exceptions.baseline.stale
}
`

func TestExceptionsAreSettledLast(t *testing.T) {
	e := rules(t, "bad.rego", bad, "watch.rego", watch)
	var xs []suppression.Exception
	for i, rule := range []string{"acme.bad", "acme", "acme.bda", "acme.bad:x"} {
		xs = append(xs, suppression.Exception{Pointer: fmt.Sprintf("/exceptions/%d", i), Rule: selector(t, rule), Expires: now})
	}
	xs = append(xs, suppression.Exception{Rule: selector(t, "acme.bad"), Expires: now.Add(-time.Hour)})
	want := []string{
		"warn acme.bad bad", // excepted
		"warn acme.watch acme current rules used",
		"warn acme.watch acme.bad current rules used",
		"warn acme.watch acme.bad expired rules USE",
		"warn acme.watch acme.bad:x current rules USE",
		"warn acme.watch acme.bda current nothing USE",
		"warn acme.watch did you mean acme.bad?",
	}
	for scope, use := range map[facts.Scope]string{"all": "unused", "changed": "unknown"} {
		for workers := 1; workers <= 4; workers++ {
			c := change("bad", "good", "worse/bad")
			c.whole.Repository.Scope = scope
			d := decide(t, e, c, policy.Options{Workers: workers, Suppressions: suppression.Set{Exceptions: xs}})
			got := messages(d)
			for _, line := range want[1:] {
				if !strings.Contains(got, strings.ReplaceAll(line, "USE", use)) {
					t.Errorf("%s: got\n%s\nwithout %s", scope, got, line)
				}
			}
		}
	}
}

const termed = `package acme.termed

deny contains {"msg": "one", "term": "T1"} if input.artifact.path

deny contains {"msg": "two", "term": "T2"} if input.artifact.path

deny contains "plain" if input.artifact.path
`

func TestTerms(t *testing.T) {
	e := rules(t, "termed.rego", termed)
	d := decide(t, e, change("a"), policy.Options{Suppressions: suppression.Set{Exceptions: []suppression.Exception{{Rule: selector(t, "acme.termed:T1"), Expires: now}}}})
	seen := map[string]bool{}
	for _, f := range d.Findings {
		if f.Excepted != (f.Term == "T1") {
			t.Errorf("got %+v", f)
		}
		seen[f.Fingerprint] = true
	}
	if len(d.Findings) != 3 || len(seen) != 3 {
		t.Errorf("%d findings with %d fingerprints, want 3: %+v", len(d.Findings), len(seen), d.Findings)
	}
}

const later = `# METADATA
# scope: package
# custom:
#   effective_on: 2026-03-01T13:00:00+01:00
package acme.later

deny contains "late" if input.artifact.path
`

func TestEffectiveOn(t *testing.T) {
	e := rules(t, "later.rego", later)
	d := decide(t, e, change("a"), policy.Options{}) // the very moment
	if f := d.Findings[0]; f.Severity != decision.Deny || f.EffectiveOn != "" || f.Message != "late" {
		t.Errorf("on the day: got %+v", f)
	}
	before, err := e.Decide(context.Background(), change("a"), policy.Options{Now: now.Add(-time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	f := before.Findings[0]
	if f.Severity != decision.Warn || f.EffectiveOn != "2026-03-01T12:00:00Z" || !strings.Contains(f.Message, "a denial from then on") {
		t.Errorf("before: got %+v", f)
	}
	if f.Fingerprint != d.Findings[0].Fingerprint || before.Artifacts[0].Level != artifact.APlus {
		t.Errorf("before: fingerprint %s, level %s", f.Fingerprint, before.Artifacts[0].Level)
	}
	if _, err := e.Decide(context.Background(), change("a"), policy.Options{}); err == nil {
		t.Error("without a time the rule does not deny yet")
	}
	if got := e.Rules()[0].EffectiveOn; got != "2026-03-01T12:00:00Z" {
		t.Errorf("the rule says %s", got)
	}
}

// stated is a change whose files have a statement each.
type stated struct {
	measured
	sha256 string
	kept   bool
}

func (m stated) Artifact(ctx context.Context, i int) (facts.Measurement, error) {
	out, err := m.measured.Artifact(ctx, i)
	out.Statement = func(context.Context, facts.Place) (facts.Statement, error) {
		return facts.Statement{SHA256: m.sha256, Kept: m.kept}, nil
	}
	return out, err
}

func TestBaseline(t *testing.T) {
	e := rules(t, "bad.rego", bad, "sound.rego", sound, "whole.rego", whole, "watch.rego", watch)
	c := stated{change("a/bad", "b/bad"), strings.Repeat("5", 64), true}
	c.whole.Repository.Scope = "all"
	d := decide(t, e, c, policy.Options{
		Suppressions: suppression.Set{Exceptions: []suppression.Exception{{Rule: selector(t, "acme.bad"), Paths: []string{"b/*"}, Expires: now}}, Adopting: true},
	})
	denied := func() (n int) {
		for _, f := range d.Findings {
			if f.Severity == decision.Deny && !f.Excepted {
				n++
			}
		}
		return n
	}
	before := denied()
	entries := suppression.Adopt(e.Rules(), &d, false)
	want := baseline.Entry{Path: "a/bad", Rule: "acme.bad", File: "a/bad", Statement: c.sha256}
	// The change's own denial, and two of a rule that is never excepted, are left.
	if len(entries) != 1 || entries[0] != want || before != 4 || denied() != 3 {
		t.Fatalf("of %d denials %d are left, and recorded is %+v", before, denied(), entries)
	}
	older := want
	older.SHA256, older.File, older.Statement = digest, "", ""
	for _, f := range d.Findings {
		if f.Rule == "acme.bad" && f.Artifact == "a/bad" {
			older.Fingerprint = f.Fingerprint
		}
	}
	file := suppression.Baseline{Path: "b.json", State: "valid", Locate: func(file, pointer string) (int, int, bool) {
		return 7, 5, file == "b.json" && pointer == "/findings/0"
	}}
	covered := func(entry baseline.Entry, change func(m *stated, e *baseline.Entry)) (decision.Finding, decision.Decision) {
		m, b := c, file
		m.measured = everything("a/bad")
		change(&m, &entry)
		b.Entries = []baseline.Entry{entry}
		d := decide(t, e, m, policy.Options{Suppressions: suppression.Set{Baseline: b}})
		i := slices.IndexFunc(d.Findings, func(f decision.Finding) bool { return f.Rule == "acme.bad" })
		return d.Findings[i], d
	}
	for version, entry := range map[string]baseline.Entry{"1": older, "2": want} {
		f, d := covered(entry, func(*stated, *baseline.Entry) {})
		if !f.Excepted || f.Suppression.By != "baseline" || d.Artifacts[0].Level != artifact.NonCompliant {
			t.Errorf("version %s: got %+v", version, f)
		}
	}
	for name, tt := range map[string]struct {
		entry  baseline.Entry
		change func(*stated, *baseline.Entry)
	}{
		"older, another content":     {older, func(m *stated, _ *baseline.Entry) { m.artifacts[0].Artifact.SHA256 = strings.Repeat("0", 64) }},
		"another rule":               {want, func(_ *stated, e *baseline.Entry) { e.Rule = "acme.worse" }},
		"another path":               {want, func(_ *stated, e *baseline.Entry) { e.Path = "b/bad" }},
		"another hash":               {want, func(_ *stated, e *baseline.Entry) { e.SHA256 = strings.Repeat("0", 64) }},
		"another file":               {want, func(_ *stated, e *baseline.Entry) { e.File = "a/bad.test" }},
		"another statement":          {want, func(m *stated, _ *baseline.Entry) { m.sha256 = strings.Repeat("0", 64) }},
		"no statement":               {want, func(m *stated, e *baseline.Entry) { m.sha256, e.Statement = "", "" }},
		"older, another fingerprint": {older, func(_ *stated, e *baseline.Entry) { e.Fingerprint = strings.Repeat("0", 32) }},
		"older, an edited file":      {older, func(m *stated, _ *baseline.Entry) { m.kept = false }},
	} {
		f, d := covered(tt.entry, tt.change)
		stale := slices.IndexFunc(d.Findings, func(f decision.Finding) bool { return strings.HasPrefix(f.Message, "stale ") })
		if f.Excepted || stale < 0 {
			t.Errorf("%s: got %+v", name, d.Findings)
			continue
		}
		if s := d.Findings[stale]; s.File != "b.json" || s.Line != 7 || s.Column != 5 {
			t.Errorf("%s: stale at %+v", name, s)
		}
	}
	_, d = covered(baseline.Entry{Path: "elsewhere"}, func(m *stated, _ *baseline.Entry) { m.whole.Repository.Scope = "changed" })
	if strings.Contains(messages(d), "stale") {
		t.Errorf("a part is judged, and what is elsewhere is called stale:\n%s", messages(d))
	}
}

// listed has one finding about the whole change, with a statement of its own.
const listed = `# METADATA
# scope: package
# custom:
#   subject: repository
package acme.listed

warn contains {"msg": "a", "file": "ci.yml", "line": 3, "term": "deploy", "statement": "deploy\nx"} if input.repository.scope == "all"

deny contains {"msg": "a", "file": "ci.yml", "line": 9, "term": "deploy", "statement": "deploy\nx"} if input.repository.scope == "changed"

deny contains {"msg": "a", "file": "ci.yml", "line": 3, "term": "deploy", "statement": "deploy\nx\ny"} if input.repository.scope == "paths"
`

// TestBaselineOfAStatedStatement: a finding about the whole change is in a baseline if its rule
// states what the baseline names. A warning is recorded too, since the next change may turn it
// into a denial; another statement is not covered.
func TestBaselineOfAStatedStatement(t *testing.T) {
	e := rules(t, "listed.rego", listed, "whole.rego", whole, "watch.rego", watch)
	d := decide(t, e, everything("a/b"), policy.Options{Suppressions: suppression.Set{Adopting: true}})
	entries := suppression.Adopt(e.Rules(), &d, false)
	want := []baseline.Entry{{Path: "ci.yml", Rule: "acme.listed:deploy", File: "ci.yml", Statement: artifact.HashBytes([]byte("deploy\nx")).String()}}
	if !slices.Equal(entries, want) {
		t.Fatalf("recorded is %+v, want %+v", entries, want)
	}
	for scope, covered := range map[facts.Scope]bool{facts.All: true, facts.Changed: true, "paths": false} {
		m := change("a/b")
		m.whole.Repository.Scope = scope
		set := suppression.Set{Baseline: suppression.Baseline{Path: "b.json", State: "valid", Entries: entries}}
		for _, set.Measured = range []bool{false, true} { // a preview measures nothing itself
			d := decide(t, e, m, policy.Options{Suppressions: set})
			i := slices.IndexFunc(d.Findings, func(f decision.Finding) bool { return f.Rule == "acme.listed" })
			if f := d.Findings[i]; f.Excepted != covered {
				t.Errorf("%s: got %+v, want it covered: %t", scope, f, covered)
			}
			if strings.Contains(messages(d), "stale") {
				t.Errorf("%s: an entry is stale:\n%s", scope, messages(d))
			}
		}
	}
}

// everything is a change of everything.
func everything(paths ...string) measured {
	m := change(paths...)
	m.whole.Repository.Scope = facts.All
	return m
}

// A setting turns an optional rule down and no other; the level stays what the
// findings leave, and the minimum level does not count them.
func TestSettings(t *testing.T) {
	integrity := "# METADATA\n# scope: package\n# custom:\n#   optional: false\n" + bad
	later := now.Add(time.Hour)
	tests := []struct {
		name, rule string
		x          suppression.Setting
		severity   decision.Severity
		excepted   bool
	}{
		{"off", bad, suppression.Setting{Rule: "acme.bad", Level: "off", Expires: later}, decision.Deny, true},
		{"warn", bad, suppression.Setting{Rule: "acme.bad", Level: "warn", Expires: later}, decision.Warn, false},
		{"last moment", bad, suppression.Setting{Rule: "acme.bad", Level: "warn", Expires: now}, decision.Warn, false},
		{"past", bad, suppression.Setting{Rule: "acme.bad", Level: "off", Expires: now.Add(-time.Second)}, decision.Deny, false},
		{"another rule", bad, suppression.Setting{Rule: "acme.worse", Level: "off", Expires: later}, decision.Deny, false},
		{"an area", bad, suppression.Setting{Rule: "acme", Level: "off", Expires: later}, decision.Deny, false},
		{"not optional", integrity, suppression.Setting{Rule: "acme.bad", Level: "off", Expires: later}, decision.Deny, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.x.Owner, tt.x.Reason = "@team", "because"
			e := rules(t, "bad.rego", tt.rule, "expired.rego", expired)
			d := decide(t, e, change("old-bad"), policy.Options{Suppressions: suppression.Set{Settings: []suppression.Setting{tt.x}}, MinimumLevel: artifact.Tier1})
			silenced := tt.excepted || tt.severity == decision.Warn
			for _, f := range d.Findings {
				switch f.Rule {
				case "acme.bad":
					if f.Severity != tt.severity || f.Excepted != tt.excepted || tt.excepted != (f.Suppression != nil && f.Suppression.By == "rules") {
						t.Errorf("got %+v", f)
					}
					if said := strings.Contains(f.Message, "by @team: because"); said != (tt.severity == decision.Warn) {
						t.Errorf("message is %q", f.Message)
					}
				case "acme.expired":
					if (f.Severity == decision.Warn) != silenced {
						t.Errorf("the minimum level counts it: %+v", f)
					}
				}
			}
			if level := d.Artifacts[0].Level; level != artifact.NonCompliant {
				t.Errorf("level is %s, want what the finding leaves", level)
			}
		})
	}
	if _, err := rules(t, "bad.rego", bad).Decide(context.Background(), change("bad"), policy.Options{Suppressions: suppression.Set{Settings: []suppression.Setting{{Rule: "acme.bad"}}}}); err == nil {
		t.Error("no error without an effective time")
	}
}
