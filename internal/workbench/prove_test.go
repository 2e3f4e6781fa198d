package workbench_test

import (
	"context"
	"slices"
	"testing"

	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/ruleset"
	"github.com/codexlock/codexlock/internal/workbench"
	"github.com/codexlock/codexlock/policies"
)

// silent are the standard's rules that pass the absence of a fact by which they
// judge, and why that lets nothing through.
var silent = map[string][]string{
	"gate.script": {"repository.script.state"}, // mode and origin prove that it is there
}

// TestEveryRuleOfTheStandardIsProved: each deny and each warn of every rule can
// fire, none fires where nothing is amiss, and none is silent about a fact that is
// missing, but for those above.
func TestEveryRuleOfTheStandardIsProved(t *testing.T) {
	ctx := t.Context()
	embedded, err := ruleset.Embedded(policies.FS)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := policy.New(ctx, []ruleset.Source{embedded})
	if err != nil {
		t.Fatal(err)
	}
	valid, err := workbench.Samples(ctx, embedded)
	if err != nil {
		t.Fatal(err)
	}
	if len(engine.Rules()) < 50 {
		t.Fatalf("%d rules, want all of them", len(engine.Rules()))
	}
	for _, r := range engine.Rules() {
		t.Run(r.Code, func(t *testing.T) {
			t.Parallel()
			proveRule(ctx, t, engine, r, valid)
		})
	}
}

func proveRule(ctx context.Context, t *testing.T, engine *policy.Engine, r decision.Rule, valid workbench.Valid) {
	probe, err := engine.NewRuleEvaluator(ctx, r.Code, 0)
	if err != nil {
		t.Fatal(err)
	}
	p, err := workbench.Prove(ctx, probe, valid[r.Subject])
	if err != nil {
		t.Fatal(err)
	}
	if len(p.OnValid) > 0 {
		t.Errorf("has a finding where everything is valid: %v", p.OnValid)
	}
	for _, d := range p.Definitions {
		if !d.Fires {
			t.Errorf("%s of %s:%d never fires, asked %d times", d.Severity, d.File, d.Line, p.Asked)
		}
	}
	if len(p.Faults) > 0 {
		t.Errorf("does not answer: %q", p.Faults)
	}
	for _, fact := range p.Silent {
		if !slices.Contains(silent[r.Code], fact) {
			t.Errorf("silent without %s: what is missing is to be found", fact)
		}
	}
}
