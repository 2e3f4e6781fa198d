package workbench_test

import (
	"bytes"
	"encoding/xml"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/workbench"
)

// TestJUnitAddsUp reads the XML back as a consumer does: the counts are those of
// what is inside, and what came from outside is data.
func TestJUnitAddsUp(t *testing.T) {
	hostile := "]]></failure><testcase name=\"forged\"/>\x1b[31m"
	r := workbench.TestReport{Passed: 1, Failed: 1, Skipped: 1, Tests: []workbench.Test{
		{Package: "acme.a_test", Name: "test_passes", File: "a_test.rego", Line: 3, Result: workbench.Passed},
		{Package: "acme.b_test", Name: "test_fails", File: "b_test.rego", Line: 5, Result: workbench.Failed, At: hostile, AtLine: 6},
		{Package: "acme.a_test", Name: "todo_test_later", File: "a_test.rego", Line: 9, Result: workbench.Skipped},
	}}
	var out bytes.Buffer
	if err := workbench.TestJUnit(&out, r); err != nil {
		t.Fatal(err)
	}
	var read struct {
		XMLName  xml.Name `xml:"testsuites"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Skipped  int      `xml:"skipped,attr"`
		Suites   []struct {
			Name     string `xml:"name,attr"`
			Tests    int    `xml:"tests,attr"`
			Failures int    `xml:"failures,attr"`
			Skipped  int    `xml:"skipped,attr"`
			Cases    []struct {
				Name    string    `xml:"name,attr"`
				Class   string    `xml:"classname,attr"`
				Failure *string   `xml:"failure"`
				Skipped *struct{} `xml:"skipped"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(out.Bytes(), &read); err != nil {
		t.Fatalf("not well formed: %v\n%s", err, out.String())
	}
	tests, failures, skipped := 0, 0, 0
	for _, s := range read.Suites {
		if s.Tests != len(s.Cases) {
			t.Errorf("suite %s says %d tests and has %d", s.Name, s.Tests, len(s.Cases))
		}
		tests, failures, skipped = tests+s.Tests, failures+s.Failures, skipped+s.Skipped
		for _, c := range s.Cases {
			if c.Class != s.Name || c.Name == "" || c.Name == "forged" {
				t.Errorf("case %q of class %q in suite %q", c.Name, c.Class, s.Name)
			}
			if c.Failure != nil && !strings.Contains(*c.Failure, "forged") {
				t.Errorf("the failure does not say what failed: %q", *c.Failure)
			}
		}
	}
	if len(read.Suites) != 2 || tests != 3 || failures != 1 || skipped != 1 || read.Tests != 3 || read.Failures != 1 || read.Skipped != 1 {
		t.Errorf("counts do not add up:\n%s", out.String())
	}
}
