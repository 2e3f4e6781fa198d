package policy_test

import (
	"slices"
	"testing"

	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/ruleset"
)

func TestRuleTexts(t *testing.T) {
	texts := func(files ...string) map[string]string {
		sources := []ruleset.Source{embedded(t), owner(files...)}
		e, err := policy.New(t.Context(), sources)
		if err != nil {
			t.Fatal(err)
		}
		return e.RuleTexts(sources)
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
		p := decision.Compare(decision.Decision{}, decision.Decision{}, was, tt.is)
		if !slices.Equal(p.Rules.Changed, tt.want) && len(p.Rules.Changed)+len(tt.want) > 0 || len(p.Rules.Added)+len(p.Rules.Removed) > 0 {
			t.Errorf("%s: %+v, want %v", name, p.Rules, tt.want)
		}
	}
}
