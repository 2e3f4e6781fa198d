package decision_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/decision"
)

// found is a finding in short: "acme.x a warned".
func found(s string) decision.Finding {
	f := strings.Fields(s)
	out := decision.Finding{Rule: f[0], Artifact: strings.Trim(f[1], "-"), Fingerprint: f[0] + f[1], Severity: decision.Deny}
	switch f[2] {
	case "warned":
		out.Severity = decision.Warn
	case "excepted":
		out.Excepted = true
	}
	return out
}

func decided(paths string, findings ...string) decision.Decision {
	var d decision.Decision
	for _, p := range strings.Fields(paths) {
		d.Artifacts = append(d.Artifacts, decision.Artifact{Path: p, Level: artifact.APlus})
	}
	for _, f := range findings {
		d.Findings = append(d.Findings, found(f))
	}
	return d
}

func TestCompare(t *testing.T) {
	before := decided("a b c gone", "acme.x a denied", "acme.x a denied", "acme.x b warned", "acme.y c denied")
	after := decided("a b c new", "acme.x a denied", "acme.x b denied", "acme.y c excepted", "acme.z new warned", "acme.z new warned")
	p := decision.Compare(before, after, map[string]string{"acme.x": "1", "acme.y": "2", "acme.o": "3"}, map[string]string{"acme.x": "1", "acme.y": "3", "acme.z": "4"})
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
	same := decision.Compare(after, after, nil, nil)
	if same.Findings != (decision.Effect{}) || len(same.ByRule)+len(same.Conclusions) > 0 {
		t.Errorf("a decision differs from itself: %+v", same)
	}
}

func TestADenialOfTheWholeTurnsEveryArtifact(t *testing.T) {
	var paths []string
	for i := range decision.MaxTurns + 7 {
		paths = append(paths, fmt.Sprintf("%03d", i))
	}
	all := strings.Join(paths, " ")
	p := decision.Compare(decided(all), decided(all, "lock.missing - denied"), nil, nil)
	if len(p.Conclusions) != decision.MaxTurns || p.More != 7 || p.After != "denied" || p.Conclusions[0] != (decision.Turn{Path: "000", Before: "trusted", After: "denied"}) {
		t.Errorf("%d turns and %d more, %+v", len(p.Conclusions), p.More, p.Conclusions[0])
	}
}
