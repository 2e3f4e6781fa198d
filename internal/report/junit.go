package report

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/decision"
)

// The elements of a JUnit report, as Ant's junitreport writes them and CI systems read
// them: Jenkins, GitLab, Azure Pipelines.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"`
		Timestamp  string          `xml:"timestamp,attr,omitempty"`
		Hostname   string          `xml:"hostname,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		File    string        `xml:"file,attr,omitempty"`
		Time    string        `xml:"time,attr"`
		Failure *junitFailure `xml:"failure"` // one: some readers take the last of several
		Skipped *junitSkipped `xml:"skipped"`
		Out     string        `xml:"system-out,omitempty"`
	}
	junitSkipped struct {
		Message string `xml:"message,attr"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// wholeChange is the test case of the findings about no single artifact.
const wholeChange = "the whole change"

// writeJUnit writes the report as a JUnit test suite: a test case for each artifact, and
// one for the change as a whole. A case fails if the artifact is denied, and some case
// fails if the verdict is a denial.
func writeJUnit(out io.Writer, r Report, _ Options) error {
	suite := junitSuite{Name: "codexlock", Time: "0", Timestamp: strings.TrimSuffix(utcTime(r.EffectiveTime), "Z"), Hostname: "localhost"}
	for _, p := range [][2]string{
		{"conclusion", string(r.Conclusion)}, {"title", Title(r)}, {"level", r.Level}, {"scope", r.Scope}, {"base", r.Base}, {"head", r.Head},
		{"effective_time", r.EffectiveTime}, {"valid_until", r.ValidUntil}, {"policy", r.Policy.Digest},
	} {
		if p[1] != "" {
			suite.Properties = append(suite.Properties, junitProperty{p[0], Terminal(p[1])})
		}
	}
	warningsDeny := r.warningsDeny()
	about := map[string][]cause{}
	for _, c := range causes(r.Findings) {
		about[c.Artifact] = append(about[c.Artifact], c)
	}
	for _, a := range r.Artifacts {
		class := a.TrustDomain
		if class == "" {
			class = "artifacts"
		}
		c := junitCaseOf(Terminal(class), Terminal(a.Path), about[a.Path], warningsDeny)
		c.File = Terminal(a.Path)
		suite.Cases = append(suite.Cases, c)
		delete(about, a.Path)
	}
	var rest []cause // about no artifact of the report
	for _, path := range slices.Sorted(maps.Keys(about)) {
		rest = append(rest, about[path]...)
	}
	suite.Cases = slices.Insert(suite.Cases, 0, junitCaseOf("codexlock", wholeChange, rest, warningsDeny))
	if s := r.Shard; s != nil {
		suite.Name = "codexlock " + s.Name()
		suite.Cases = append(suite.Cases, junitCase{Class: "codexlock", Name: "the other shards", Time: "0", Skipped: &junitSkipped{Title(r)}})
		suite.Skipped = 1
	}
	failed := 0
	for _, c := range suite.Cases {
		if c.Failure != nil {
			failed++
		}
	}
	if r.Conclusion == Failure && failed == 0 { // the verdict has another reason
		suite.Cases[0].Failure = &junitFailure{Message: Title(r), Type: "codexlock", Text: terminalLines(append([]string{Title(r)}, r.Notes...))}
		failed++
	}
	suite.Tests, suite.Failures = len(suite.Cases), failed
	w := bufio.NewWriterSize(out, 64<<10)
	fmt.Fprint(w, xml.Header)
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(junitSuites{Name: "codexlock", Tests: suite.Tests, Failures: failed, Suites: []junitSuite{suite}}); err != nil {
		return err
	}
	_ = w.WriteByte('\n')
	return w.Flush()
}

// junitCaseOf returns a test case with its failures; what does not fail it is its output.
func junitCaseOf(class, name string, all []cause, warningsDeny bool) junitCase {
	c := junitCase{Class: class, Name: name, Time: "0"}
	var out, failures []string
	for _, one := range all {
		text := message(one) + "\nat " + Terminal(place(one.Finding))
		if denies(one.Finding) || warningsDeny && one.Severity == decision.Warn && !one.Excepted {
			if c.Failure == nil {
				c.Failure = &junitFailure{Message: Terminal(one.Message), Type: Terminal(one.Rule)}
			}
			failures = append(failures, "["+Terminal(one.Rule)+"] "+text)
			continue
		}
		verb := "warning"
		if one.Excepted {
			verb = "excepted"
		}
		out = append(out, verb+" ["+Terminal(one.Rule)+"]: "+text)
	}
	c.Out = strings.Join(out, "\n")
	if c.Failure != nil {
		c.Failure.Text = strings.Join(failures, "\n\n")
		if n := len(failures); n > 1 {
			c.Failure.Message += fmt.Sprintf(" (and %d more)", n-1)
		}
	}
	return c
}
