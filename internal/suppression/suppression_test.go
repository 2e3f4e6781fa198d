package suppression_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/baseline"
	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/suppression"
)

var (
	now      = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	optional = decision.Rule{Code: "acme.style", Optional: true}
	never    = decision.Rule{Code: "lock.missing", Excepted: decision.ExceptedNever}
)

func selector(t *testing.T, s string) decision.Selector {
	t.Helper()
	x, err := decision.ParseSelector(s)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// apply covers a denial of a rule about the artifact a/b, whose statement is "5555…".
func apply(t *testing.T, set suppression.Set, r decision.Rule) (decision.Finding, *suppression.Tracker) {
	t.Helper()
	tracker, err := suppression.NewTracker(&set, now)
	if err != nil {
		t.Fatal(err)
	}
	f := decision.Finding{Rule: r.Code, Severity: decision.Deny, Artifact: "a/b", File: "a/b"}
	m := facts.Measurement{Statement: func(context.Context, facts.Place) (facts.Statement, error) {
		return facts.Statement{SHA256: strings.Repeat("5", 64)}, nil
	}}
	if err := tracker.Apply(t.Context(), &r, &f, suppression.Subject{Path: "a/b", SHA256: strings.Repeat("9", 64), Measured: &m}); err != nil {
		t.Fatal(err)
	}
	return f, tracker
}

// TestApply: exceptions come before the baseline and the baseline before settings, each until
// it no longer holds, and none of them covers a rule that is never excepted.
func TestApply(t *testing.T) {
	exception := func(expires time.Time) suppression.Set {
		return suppression.Set{Exceptions: []suppression.Exception{{Rule: selector(t, "acme"), Paths: []string{"a/*"}, Expires: expires}, {Rule: selector(t, "lock"), Expires: expires}}}
	}
	entry := func(statement string) suppression.Set {
		return suppression.Set{Baseline: suppression.Baseline{Entries: []baseline.Entry{
			{Path: "a/b", Rule: "acme.style", File: "a/b", Statement: statement}, {Path: "a/b", Rule: "lock.missing", File: "a/b", Statement: statement},
		}}}
	}
	setting := func(level string, expires time.Time) suppression.Set {
		return suppression.Set{Settings: []suppression.Setting{{Rule: "acme.style", Level: level, Expires: expires}, {Rule: "lock.missing", Level: level, Expires: expires}}}
	}
	both := entry(strings.Repeat("5", 64))
	both.Settings = setting("off", now).Settings
	past := now.Add(-time.Second)
	for name, tt := range map[string]struct {
		set  suppression.Set
		by   string // "": not covered
		warn bool
	}{
		"an exception at its last moment":     {exception(now), "exception", false},
		"an exception of the past":            {exception(past), "", false},
		"a baseline entry":                    {entry(strings.Repeat("5", 64)), "baseline", false},
		"a baseline entry, another statement": {entry(strings.Repeat("6", 64)), "", false},
		"off":                                 {setting("off", now), "rules", false},
		"off, of the past":                    {setting("off", past), "", false},
		"warn":                                {setting("warn", now), "", true},
		"a baseline entry and off":            {both, "baseline", false},
	} {
		f, _ := apply(t, tt.set, optional)
		by := ""
		if f.Suppression != nil {
			by = f.Suppression.By
		}
		if by != tt.by || f.Excepted != (by != "") || f.Lowered != tt.warn || (f.Severity == decision.Warn) != tt.warn {
			t.Errorf("%s: got %+v, covered by %q, want %q", name, f, by, tt.by)
		}
		if f, _ := apply(t, tt.set, never); f.Excepted || f.Suppression != nil || f.Lowered {
			t.Errorf("%s covers a rule that is never excepted: %+v", name, f)
		}
	}
}

// TestSettle: what was needed is known, and what was not needed only if all was judged.
func TestSettle(t *testing.T) {
	set := suppression.Set{
		Exceptions: []suppression.Exception{{Rule: selector(t, "acme.style"), Expires: now}, {Rule: selector(t, "acme.style:T1"), Expires: now}},
		Baseline:   suppression.Baseline{Path: "b.json", State: "valid", Entries: []baseline.Entry{{Path: "x", Rule: "acme.style"}}},
	}
	_, tracker := apply(t, set, optional)
	rules := []decision.Rule{optional, never}
	all, part := tracker.Settle(rules, true, true, false), tracker.Settle(rules, false, false, false)
	uses := func(s *facts.Exceptions) (all []string) {
		for _, x := range s.List {
			all = append(all, string(x.Use))
		}
		return all
	}
	if got, want := uses(all), []string{"used", "unused"}; !slices.Equal(got, want) || len(all.Baseline.Stale) != 1 {
		t.Errorf("all judged: %v and %d stale entries, want %v and 1", got, len(all.Baseline.Stale), want)
	}
	if got, want := uses(part), []string{"used", "unknown"}; !slices.Equal(got, want) || len(part.Baseline.Stale) != 0 {
		t.Errorf("a part judged: %v and %d stale entries, want %v and 0", got, len(part.Baseline.Stale), want)
	}
}

// TestApplyFailsClosed: a statement that cannot be read is an error, not a finding that nothing
// covers.
func TestApplyFailsClosed(t *testing.T) {
	set := suppression.Set{Adopting: true}
	tracker, err := suppression.NewTracker(&set, now)
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	m := facts.Measurement{Statement: func(context.Context, facts.Place) (facts.Statement, error) { return facts.Statement{}, broken }}
	f := decision.Finding{Rule: optional.Code, Severity: decision.Deny, Artifact: "a", File: "a"}
	if err := tracker.Apply(t.Context(), &optional, &f, suppression.Subject{Path: "a", SHA256: "9", Measured: &m}); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}
