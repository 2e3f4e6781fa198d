package report_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/joshdk/go-junit"

	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/report"
)

// junitOf writes a report as JUnit and reads it with a parser of others.
func junitOf(t *testing.T, r report.Report) (string, junit.Suite) {
	t.Helper()
	text := write(t, "junit", r, report.Options{})
	suites, err := junit.Ingest([]byte(text))
	if err != nil || len(suites) != 1 {
		t.Fatalf("%d suites, %v, of\n%.2000s", len(suites), err, text)
	}
	return text, suites[0]
}

// TestJUnitFailsWhereTheVerdictDoes: the suite of a denial has a failure, and that of any
// other verdict has none.
func TestJUnitFailsWhereTheVerdictDoes(t *testing.T) {
	all := reports()
	strict := all["neutral"]
	strict.Conclusion = report.Failure // --fail-on-warn
	all["strict"] = strict
	unjudged := report.New(decision.Decision{Artifacts: []decision.Artifact{{Path: "a"}}, Unjudged: 2}, report.Meta{})
	all["unjudged"] = unjudged
	for name, r := range all {
		text, suite := junitOf(t, r)
		if suite.Totals.Tests != len(r.Artifacts)+1 || len(suite.Tests) != suite.Totals.Tests {
			t.Errorf("%s: %d test cases, want one for each of %d artifacts and one", name, suite.Totals.Tests, len(r.Artifacts))
		}
		if failed := suite.Totals.Failed > 0; failed != (r.Conclusion == report.Failure) {
			t.Errorf("%s: %d failures, and the verdict is %s:\n%s", name, suite.Totals.Failed, r.Conclusion, text)
		}
		if suite.Properties["conclusion"] != string(r.Conclusion) {
			t.Errorf("%s: conclusion %q", name, suite.Properties["conclusion"])
		}
		trusted := r.Trusted()
		for _, a := range r.Artifacts {
			for _, c := range suite.Tests {
				if c.Name == a.Path && !trusted(a) && c.Status != junit.StatusFailed && len(r.Findings) > 0 && r.Findings[0].Artifact == a.Path {
					t.Errorf("%s: %s is denied and %s", name, a.Path, c.Status)
				}
			}
		}
		for _, f := range r.Findings {
			if !strings.Contains(text, f.Rule) {
				t.Errorf("%s: no %s in\n%s", name, f.Rule, text)
			}
		}
	}
}

// checkJUnit is the oracle: text from outside is text, and reads back as it is shown.
func checkJUnit(t *testing.T, s string) {
	t.Helper()
	r := from(s)
	text, suite := junitOf(t, r)
	inert(t, "junit", strings.ReplaceAll(text, "&#xA;", "\n"))
	if !utf8.ValidString(text) || len(suite.Tests) != len(r.Artifacts)+1 {
		t.Fatalf("%.100q: %d test cases, want %d", s, len(suite.Tests), len(r.Artifacts)+1)
	}
	if found := runnerCommands(text); len(found) > 0 {
		t.Errorf("%.100q: the runner finds %+v", s, found)
	}
	for i, a := range r.Artifacts {
		want := strings.Map(xmlChar, report.Terminal(a.Path))
		if got := suite.Tests[i+1].Name; got != want {
			t.Errorf("%.100q: the name is %.300q, want %.300q", s, got, want)
		}
	}
}

// xmlChar is a rune, or what XML has in its place (XML 1.0, 2.2).
func xmlChar(r rune) rune {
	if r == 0xFFFE || r == 0xFFFF {
		return utf8.RuneError
	}
	return r
}

func TestJUnitHoldsNoMarkupOfOthers(t *testing.T) {
	for _, s := range append(naughty, "]]>", "<![CDATA[x]]>", "<?xml?>", "<!DOCTYPE x>", "&amp;&lt;", "\uFFFE\uFFFF", "\"'") {
		checkJUnit(t, s)
	}
}

func FuzzJUnit(f *testing.F) {
	for _, s := range naughty {
		f.Add(s)
	}
	f.Fuzz(checkJUnit)
}
