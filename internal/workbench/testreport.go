package workbench

import (
	"encoding/xml"
	"fmt"
	"io"

	"github.com/codexlock/codexlock/internal/report"
)

// TestText writes the failed tests, and the number of tests.
func TestText(w io.Writer, r TestReport) error {
	p := &printer{w: w}
	for _, t := range r.Tests {
		switch t.Result {
		case Failed:
			p.f("[✗] %s:%d: %s\n", report.Terminal(t.File), t.Line, report.Terminal(t.Name))
			if t.At != "" {
				p.f("      line %d did not hold: %s\n", t.AtLine, report.Terminal(t.At))
			}
			for _, c := range t.Cases {
				p.f("      case %q failed\n", c)
			}
		case Skipped:
			p.f("[!] %s:%d: %s is skipped\n", report.Terminal(t.File), t.Line, report.Terminal(t.Name))
		}
	}
	if c := r.Coverage; c != nil {
		for _, f := range c.Files {
			if len(f.NotCovered) > 0 {
				p.f("[!] %s: %.1f%% covered, not covered: %s\n", report.Terminal(f.File), f.Percent, f.uncovered())
			}
		}
		p.f("%.1f%% of the rules' lines are covered\n", c.Percent)
	}
	skipped := ""
	if r.Skipped > 0 {
		skipped = fmt.Sprintf(", %d skipped", r.Skipped)
	}
	if r.Failed > 0 {
		p.f("[✗] %d of %s failed%s\n", r.Failed, report.Count(len(r.Tests), "test"), skipped)
	} else {
		p.f("[✓] %s passed%s\n", report.Count(r.Passed, "test"), skipped)
	}
	return p.err
}

// TestJSON writes the results of the tests as JSON.
func TestJSON(w io.Writer, r TestReport) error { return writeJSON(w, r) }

// The JUnit format, as testmo/junitxml describes it.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Skipped  int          `xml:"skipped,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"` // the package
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name      string        `xml:"name,attr"`
		ClassName string        `xml:"classname,attr"`
		File      string        `xml:"file,attr"`
		Line      int           `xml:"line,attr"`
		Failure   *junitFailure `xml:"failure"`
		Skipped   *struct{}     `xml:"skipped"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// TestJUnit writes the results of the tests as JUnit XML, one suite per package.
func TestJUnit(w io.Writer, r TestReport) error {
	all := junitSuites{Name: "codexlock policy test", Tests: len(r.Tests), Failures: r.Failed, Skipped: r.Skipped}
	byPackage := map[string]int{}
	for _, t := range r.Tests {
		i, ok := byPackage[t.Package]
		if !ok {
			i = len(all.Suites)
			byPackage[t.Package] = i
			all.Suites = append(all.Suites, junitSuite{Name: t.Package})
		}
		suite := &all.Suites[i]
		c := junitCase{Name: t.Name, ClassName: t.Package, File: t.File, Line: t.Line}
		suite.Tests++
		switch t.Result {
		case Failed:
			suite.Failures++
			c.Failure = &junitFailure{Message: "did not hold", Type: "failed", Text: fmt.Sprintf("%s:%d: %s", t.File, max(t.AtLine, t.Line), t.At)}
		case Skipped:
			suite.Skipped++
			c.Skipped = &struct{}{}
		}
		suite.Cases = append(suite.Cases, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
