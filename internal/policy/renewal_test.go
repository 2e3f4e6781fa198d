package policy_test

import (
	"context"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/policy"
)

// renewable is a change of one artifact that has a renewed record beside the tree's.
type renewable struct {
	renewed, inTree facts.Measurement
	asked           *int
}

func (c renewable) Len() int { return 1 }
func (c renewable) Artifact(context.Context, int) (facts.Measurement, error) {
	m := c.renewed
	m.Instead = func() (facts.Measurement, error) { *c.asked++; return c.inTree, nil }
	return m, nil
}
func (c renewable) Repository(ctx context.Context) (facts.Measurement, error) {
	return change("a").Repository(ctx)
}

// TestRenewedRecord: a renewed record counts unless a rule about records finds something in
// it that it does not find in the tree's: then the tree's is judged.
func TestRenewedRecord(t *testing.T) {
	const meta = "# METADATA\n# scope: package\n# title: T\n# description: D\n# custom:\n#   requirement: ZT-4.3\n#   severity: SEVERITY\n#   level: tier-1\n#   fix: F\n"
	rule := func(area, severity, say, when string) string {
		return strings.ReplaceAll(meta, "SEVERITY", severity) + "package codexlock." + area + ".x\n\nimport rego.v1\n\n" + severity + " contains msg if {\n\t" + when + "\n\tmsg := sprintf(" + say + ")\n}\n"
	}
	same, own := `"%s", ["bad"]`, `"%s", [object.get(input, ["vaulttime", "timestamp"], "")]`
	renewedOnly, both := `input.vaulttime.timestamp == "2026-01-02T00:00:00Z"`, `input.vaulttime`
	for name, c := range map[string]struct {
		rule    string
		renewed bool // the renewed record is judged
		asked   int
	}{
		"nothing is found":              {rule("vaulttime", "deny", same, "false"), true, 0},
		"the renewed one is denied":     {rule("vaulttime", "deny", same, renewedOnly), false, 1},
		"it is warned of":               {rule("trust", "warn", same, renewedOnly), false, 1},
		"its chain":                     {rule("chain", "deny", same, renewedOnly), false, 1},
		"both, in the same words":       {rule("vaulttime", "warn", same, both), true, 1},
		"both, each in its own":         {rule("vaulttime", "deny", own, both), false, 1},
		"by a rule that is about other": {rule("manifest", "deny", same, renewedOnly), true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			e := rules(t, "r.rego", c.rule)
			asked := 0
			in := func(timestamp string, state facts.RenewalState) facts.Measurement {
				m, err := change("a").Artifact(t.Context(), 0)
				if err != nil {
					t.Fatal(err)
				}
				v := facts.VaultTime{Document: facts.Document{Path: "a.vaulttime.json", State: "valid", Problems: []facts.Problem{}}, Timestamp: timestamp, Chain: []facts.Link{}}
				m.Input.VaultTime, m.Input.Renewal = &v, &facts.Renewal{State: state}
				return m
			}
			change := renewable{in("2026-01-02T00:00:00Z", facts.RenewalCounts), in("2026-01-01T00:00:00Z", facts.RenewalRefused), &asked}
			d := decide(t, e, change, policy.Options{})
			if d.Artifacts[0].Renewed != c.renewed || asked != c.asked {
				t.Errorf("renewed: %v, the tree's was asked for %d times, want %v and %d; %+v", d.Artifacts[0].Renewed, asked, c.renewed, c.asked, d.Findings)
			}
			m, err := change.Artifact(t.Context(), 0)
			if err != nil {
				t.Fatal(err)
			}
			if m, err = e.Complete(t.Context(), m, 0); err != nil || (m.Input.Renewal.State == facts.RenewalCounts) != c.renewed || m.Instead != nil {
				t.Errorf("completed: %+v %v", m.Input.Renewal, err)
			}
		})
	}
}
