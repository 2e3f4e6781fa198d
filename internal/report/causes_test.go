package report_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/report"
)

// withoutKey is a run without a key over n artifacts.
func withoutKey(n int) report.Report {
	var d decision.Decision
	for i := range n {
		path := fmt.Sprintf("assets/sources/%03d.bin", i)
		f := finding("vaulttime.unverifiable", path, path+".vaulttime.json", `this run has no key for trust domain "default"`)
		f.Kind, f.Fix = decision.KindUnchecked, "set VAULTTIME_KEY"
		d.Artifacts = append(d.Artifacts, decision.Artifact{Path: path, Level: artifact.NonCompliant})
		d.Findings = append(d.Findings, f)
	}
	return report.New(d, report.Meta{})
}

// TestOneKeyIsMissing: that a run has no key is one cause, whatever the number of artifacts.
func TestOneKeyIsMissing(t *testing.T) {
	r := withoutKey(500)
	want := `[✗] 500 artifacts: this run has no key for trust domain "default" [vaulttime.unverifiable]
      in assets/sources/000.bin, assets/sources/001.bin, assets/sources/002.bin, assets/sources/003.bin, assets/sources/004.bin and 495 more, which -f json lists
      hint: set VAULTTIME_KEY
[✗] 0 of 500 artifacts trusted, 500 denials with 1 cause; level non-compliant
`
	if got := write(t, "text", r, report.Options{}); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if text := write(t, "markdown", r, report.Options{}); strings.Count(text, "vaulttime.unverifiable") > 3 || !strings.Contains(text, "` 500 artifacts `") || !strings.Contains(text, "and 495 more") {
		t.Errorf("Markdown has\n%s", text)
	}
	if text := write(t, "json", r, report.Options{}); strings.Count(text, `"rule": "vaulttime.unverifiable"`) != 500 {
		t.Error("JSON does not list every finding")
	}
	if got := write(t, "text", withoutKey(8), report.Options{}); strings.Count(got, "hint: ") != 8 || !strings.Contains(got, "8 denials;") {
		t.Errorf("few artifacts: got\n%s", got)
	}
}

// TestCausesOfArtifactsStayApart: another domain, a warning and another fault are causes of
// their own.
func TestCausesOfArtifactsStayApart(t *testing.T) {
	r := withoutKey(40)
	for i := range r.Findings {
		switch f := &r.Findings[i]; i % 4 {
		case 1:
			f.Message = "another domain"
		case 2:
			f.Severity = decision.Warn
		case 3:
			f.Kind = ""
		}
	}
	text := write(t, "text", report.New(decision.Decision{Artifacts: r.Artifacts, Findings: r.Findings}, report.Meta{}), report.Options{})
	if strings.Count(text, "] 10 artifacts: ") != 3 || strings.Count(text, "hint: ") != 13 {
		t.Errorf("got\n%s", text)
	}
}
