package report_test

import (
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/report"
)

func TestNewConcludes(t *testing.T) {
	deny := decision.Finding{Rule: "lock.drift", Severity: decision.Deny, Artifact: "a"}
	warn := decision.Finding{Rule: "vaulttime.unbound", Severity: decision.Warn, Artifact: "a"}
	odd := decision.Finding{Rule: "acme.odd", Severity: "notice", Artifact: "a"}
	none := decision.Finding{Rule: "acme.none", Artifact: "a"}
	whole := decision.Finding{Rule: "lock.missing", Severity: decision.Deny}
	elsewhere := decision.Finding{Rule: "lock.orphan", Severity: decision.Deny, Artifact: "gone"}
	excepted := deny
	excepted.Excepted = true
	two := []decision.Artifact{{Path: "a", Level: artifact.APlus}, {Path: "b", Level: artifact.APlus}}
	tier1 := []decision.Artifact{{Path: "a", Level: artifact.Tier1}, {Path: "b", Level: artifact.APlus}}
	denied := []decision.Artifact{{Path: "a", Level: artifact.NonCompliant}, {Path: "b", Level: artifact.APlus}}
	tests := []struct {
		name       string
		artifacts  []decision.Artifact
		findings   []decision.Finding
		failOnWarn bool
		conclusion report.Conclusion
		level      string
		counts     report.Counts
	}{
		{"nothing changed", nil, nil, false, report.Success, "none", report.Counts{}},
		{"all well", two, nil, true, report.Success, "a-plus", report.Counts{Artifacts: 2, Trusted: 2}},
		{"a warning", two, []decision.Finding{warn}, false, report.Neutral, "a-plus", report.Counts{Artifacts: 2, Trusted: 2, Warn: 1}},
		{"a warning that fails", two, []decision.Finding{warn}, true, report.Failure, "a-plus", report.Counts{Artifacts: 2, Trusted: 2, Warn: 1}},
		{"a lower level", tier1, []decision.Finding{warn}, false, report.Neutral, "tier-1", report.Counts{Artifacts: 2, Trusted: 2, Warn: 1}},
		{"a denial", denied, []decision.Finding{deny}, false, report.Failure, "non-compliant", report.Counts{Artifacts: 2, Trusted: 1, Deny: 1}},
		{"two denials and a warning", denied, []decision.Finding{deny, deny, warn}, false, report.Failure, "non-compliant", report.Counts{Artifacts: 2, Trusted: 1, Deny: 2, Warn: 1}},
		{"a denial at the lower level", tier1, []decision.Finding{deny}, false, report.Failure, "tier-1", report.Counts{Artifacts: 2, Trusted: 1, Deny: 1}},
		{"an unknown severity denies", two, []decision.Finding{odd}, false, report.Failure, "non-compliant", report.Counts{Artifacts: 2, Trusted: 1, Deny: 1}},
		{"no severity denies", two, []decision.Finding{none}, false, report.Failure, "non-compliant", report.Counts{Artifacts: 2, Trusted: 1, Deny: 1}},
		{"the whole change denied", two, []decision.Finding{whole}, false, report.Failure, "non-compliant", report.Counts{Artifacts: 2, Deny: 1}},
		{"the whole of no change denied", nil, []decision.Finding{whole}, false, report.Failure, "non-compliant", report.Counts{Deny: 1}},
		{"a denial of what is not there", two, []decision.Finding{elsewhere}, false, report.Failure, "non-compliant", report.Counts{Artifacts: 2, Trusted: 2, Deny: 1}},
		{"a denial where nothing is judged", nil, []decision.Finding{elsewhere}, false, report.Failure, "non-compliant", report.Counts{Deny: 1}},
		{"excepted", two, []decision.Finding{excepted}, true, report.Success, "a-plus", report.Counts{Artifacts: 2, Trusted: 2, Excepted: 1}},
		{"excepted and denied", denied, []decision.Finding{excepted, deny}, false, report.Failure, "non-compliant", report.Counts{Artifacts: 2, Trusted: 1, Deny: 1, Excepted: 1}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := report.New(decision.Decision{Artifacts: test.artifacts, Findings: test.findings}, report.Meta{FailOnWarn: test.failOnWarn})
			if r.Conclusion != test.conclusion || r.Level != test.level || r.Counts != test.counts {
				t.Errorf("%s, level %s, %+v, want %s, level %s, %+v", r.Conclusion, r.Level, r.Counts, test.conclusion, test.level, test.counts)
			}
			if r.Artifacts == nil || r.Findings == nil {
				t.Error("a list is nil, which JSON writes as null, want an empty list")
			}
		})
	}
}

// TestNewKeepsItsOwnLists: a decision that is used further changes no report.
func TestNewKeepsItsOwnLists(t *testing.T) {
	d := decision.Decision{Artifacts: []decision.Artifact{{Path: "a"}}, Findings: []decision.Finding{{Rule: "lock.drift"}}}
	r := report.New(d, report.Meta{})
	d.Artifacts[0].Path, d.Findings[0].Rule = "other", "other"
	if r.Artifacts[0].Path != "a" || r.Findings[0].Rule != "lock.drift" {
		t.Error("the report shares its lists with the decision")
	}
}

// TestADenialWithoutArtifacts: where a rule about the whole change denies one that has no
// artifact, no line says that 0 of 0 are trusted.
func TestADenialWithoutArtifacts(t *testing.T) {
	r := report.Report{Conclusion: report.Failure, Level: "non-compliant", Counts: report.Counts{Deny: 1}, Findings: []decision.Finding{{Rule: "use.unverified", Severity: decision.Deny, Message: "a use"}}}
	if got, want := report.Title(r), "Denied: 1 finding, no artifact changed"; got != want {
		t.Errorf("the title is %q, want %q", got, want)
	}
	if got, want := write(t, "text", r, report.Options{}), "no artifact changed, 1 denial; level non-compliant\n"; !strings.HasSuffix(got, want) {
		t.Errorf("the text ends with %q, want %q", got, want)
	}
}
