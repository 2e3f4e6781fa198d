package initcmd

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/ruleset"
	"github.com/codexlock/codexlock/internal/vaulttime"
	"github.com/codexlock/codexlock/policies"
)

// TestCleanRepositoryCompilesNoRule: of a repository as init and attest leave it the
// answers of all rules are known. Where this fails, a fact that every clean artifact
// has is new: put the facts of such a repository in internal/policy/testdata/facts
// (codexlock facts) and run go generate ./internal/policy.
func TestCleanRepositoryCompilesNoRule(t *testing.T) {
	ctx := t.Context()
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	r, w := attestedRepository(t, now, map[string]string{
		"model.bin": "weights\r\n\x00of a model", "notes.txt": "a text\n", "empty": "",
		"run.sh": "#!/usr/bin/env bash\nset -euo pipefail\ncase \"${1:-}\" in --help) echo usage ;; esac\n",
	})
	for name, at := range map[string]time.Time{"clean": now, "expired": now.Add(48 * time.Hour)} {
		t.Run(name, func(t *testing.T) {
			g, err := gate.New(w, gate.Options{Selection: gate.Selection{Scope: facts.All}, EffectiveTime: vaulttime.FormatTime(at)})
			if err != nil {
				t.Fatal(err)
			}
			e, err := g.Prepare(ctx, r)
			if err != nil {
				t.Fatal(err)
			}
			decided, err := e.Decide(ctx)
			if err != nil {
				t.Fatal(err)
			}
			denied := false
			for _, f := range decided.Findings {
				denied = denied || f.Severity == decision.Deny
				t.Logf("%s %s: %s", f.Artifact, f.Rule, f.Message)
			}
			if len(decided.Artifacts) != 4 || denied != (name == "expired") {
				t.Fatalf("%d artifacts, denied: %t", len(decided.Artifacts), denied)
			}
			if name == "clean" && e.Engine.Compiled() {
				t.Error("the rules were compiled")
			}
			embedded, err := ruleset.Embedded(policies.FS)
			if err != nil {
				t.Fatal(err)
			}
			slow, err := policy.New(ctx, []ruleset.Source{embedded})
			if err != nil {
				t.Fatal(err)
			}
			want, err := slow.Decide(ctx, e.Change, e.Policy)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := text(t, decided), text(t, want); got != want {
				t.Errorf("with known answers it is decided\n%s\nwithout\n%s", got, want)
			}
		})
	}
}

func text(t *testing.T, d decision.Decision) string {
	t.Helper()
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
