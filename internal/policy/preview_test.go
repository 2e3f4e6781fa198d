package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/policy"
)

// found is a finding in short: "acme.x a warned".
func found(s string) policy.Finding {
	f := strings.Fields(s)
	out := policy.Finding{Rule: f[0], Artifact: strings.Trim(f[1], "-"), Fingerprint: f[0] + f[1], Severity: policy.Deny}
	switch f[2] {
	case "warned":
		out.Severity = policy.Warn
	case "excepted":
		out.Excepted = true
	}
	return out
}

func decided(paths string, findings ...string) policy.Decision {
	var d policy.Decision
	for _, p := range strings.Fields(paths) {
		d.Artifacts = append(d.Artifacts, policy.Artifact{Path: p, Level: artifact.APlus})
	}
	for _, f := range findings {
		d.Findings = append(d.Findings, found(f))
	}
	return d
}

func TestCompare(t *testing.T) {
	before := decided("a b c gone", "acme.x a denied", "acme.x a denied", "acme.x b warned", "acme.y c denied")
	after := decided("a b c new", "acme.x a denied", "acme.x b denied", "acme.y c excepted", "acme.z new warned", "acme.z new warned")
	p := policy.Compare(before, after, map[string]string{"acme.x": "1", "acme.y": "2", "acme.o": "3"}, map[string]string{"acme.x": "1", "acme.y": "3", "acme.z": "4"})
	if got, want := fmt.Sprint(p.Findings, p.ByRule), "{ 2 1 2} [{acme.x 0 1 1} {acme.y 0 0 1} {acme.z 2 0 0}]"; got != want {
		t.Errorf("effects are %s, want %s", got, want)
	}
	if got, want := fmt.Sprint(p.Rules), "{[acme.z] [acme.o] [acme.y]}"; got != want {
		t.Errorf("rules are %s, want %s", got, want)
	}
	want := "[{b warned denied} {c denied trusted} {gone trusted absent} {new absent warned}]"
	if got := fmt.Sprint(p.Conclusions); got != want || p.Before != "denied" || p.After != "denied" || p.More != 0 {
		t.Errorf("conclusions are %s, want %s; %+v", got, want, p)
	}
	same := policy.Compare(after, after, nil, nil)
	if same.Findings != (policy.Effect{}) || len(same.ByRule)+len(same.Conclusions) > 0 {
		t.Errorf("a decision differs from itself: %+v", same)
	}
}

func TestADenialOfTheWholeTurnsEveryArtifact(t *testing.T) {
	var paths []string
	for i := range policy.MaxTurns + 7 {
		paths = append(paths, fmt.Sprintf("%03d", i))
	}
	all := strings.Join(paths, " ")
	p := policy.Compare(decided(all), decided(all, "lock.missing - denied"), nil, nil)
	if len(p.Conclusions) != policy.MaxTurns || p.More != 7 || p.After != "denied" || p.Conclusions[0] != (policy.Turn{Path: "000", Before: "trusted", After: "denied"}) {
		t.Errorf("%d turns and %d more, %+v", len(p.Conclusions), p.More, p.Conclusions[0])
	}
}

func TestRuleTexts(t *testing.T) {
	texts := func(files ...string) map[string]string {
		sources := []policy.Source{embedded(t), owner(files...)}
		e, err := policy.New(t.Context(), sources)
		if err != nil {
			t.Fatal(err)
		}
		return policy.RuleTexts(sources, e)
	}
	rule := "package acme.x\n\nimport data.acme.lib.y\n\ndeny contains \"x\" if y.yes"
	was := texts("x.rego", rule, "y.rego", "package acme.lib.y\n\nyes if false")
	for name, tt := range map[string]struct {
		is   map[string]string
		want []string
	}{
		"the rule":   {texts("x.rego", rule+"\n# more", "y.rego", "package acme.lib.y\n\nyes if false"), []string{"acme.x"}},
		"its helper": {texts("x.rego", rule, "y.rego", "package acme.lib.y\n\nyes if true"), []string{"acme.x"}},
		"nothing":    {texts("x.rego", rule, "y.rego", "package acme.lib.y\n\nyes if false"), nil},
		"ours":       {texts("x.rego", rule, "y.rego", "package acme.lib.y\n\nyes if false", "z.rego", "package codexlock.lock.drift\n\ndeny contains \"x\" if false"), []string{"lock.drift"}},
	} {
		p := policy.Compare(policy.Decision{}, policy.Decision{}, was, tt.is)
		if !slices.Equal(p.Rules.Changed, tt.want) && len(p.Rules.Changed)+len(tt.want) > 0 || len(p.Rules.Added)+len(p.Rules.Removed) > 0 {
			t.Errorf("%s: %+v, want %v", name, p.Rules, tt.want)
		}
	}
}
