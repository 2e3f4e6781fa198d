package report_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/report"
)

// from is a report in which everything that comes from outside is s.
func from(s string) report.Report {
	f := decision.Finding{
		Rule: s, Severity: decision.Deny, Requirement: s, Artifact: s, File: s, Line: 3, Column: 4, Message: s, Fix: s, Fingerprint: s,
	}
	other := decision.Finding{Rule: "acme.other", Severity: decision.Warn, Requirement: s, Artifact: "a", File: "b", Line: 1, Column: 1, Message: "c" + s, Fix: "##"}
	borne := exception(f)
	borne.Suppression = &decision.Suppression{By: "exception", Reason: s, Owner: s, Expires: s}
	r := report.New(decision.Decision{
		Source: s, Digest: s, Rules: 1, Answers: 1, Found: []decision.FoundRule{{Code: s, Title: s, Description: s, Page: s}, {Code: "acme.other", Page: "https://example.com/" + s}},
		Findings:  []decision.Finding{f, other, borne},
		Artifacts: []decision.Artifact{{Path: s, Change: s, SHA256: s, TrustDomain: s}, {Path: s + "x", SHA256: "y", Level: artifact.APlus}, {Path: "[x" + s}},
	}, report.Meta{Scope: s, Base: s, Head: s, EffectiveTime: s, Preview: &decision.Preview{
		State: "done", Edits: []string{s}, Before: s, After: "y" + s, Findings: decision.Effect{Appear: 1},
		Rules: decision.RuleChanges{Added: []string{s, "##"}}, ByRule: []decision.Effect{{Rule: s, Appear: 1}},
		Conclusions: []decision.Turn{{Path: s, Before: s, After: s}},
	}})
	return r
}

// inert fails the test where text that is to be read can be more than that.
func inert(t *testing.T, what, s string) {
	t.Helper()
	for i, r := range s {
		if r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD") {
			t.Errorf("%s: byte %d is not UTF-8: %q", what, i, s)
		}
		if r != '\n' && r != ' ' && (unicode.IsControl(r) || unicode.IsSpace(r) || unicode.In(r, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point)) {
			t.Errorf("%s: %U at %d does not show: %q", what, r, i, s)
		}
	}
	if strings.Contains(s, "##[") {
		t.Errorf("%s: ##[ begins a command: %q", what, s)
	}
}

// checkLogs is the oracle for what is printed into an action's log.
func checkLogs(t *testing.T, s string) {
	t.Helper()
	r := from(s)
	for _, o := range []report.Options{{}, {Quiet: true}} {
		text := write(t, "text", r, o)
		inert(t, "text", text)
		if found := runnerCommands(text); len(found) > 0 {
			t.Errorf("text of %q: the runner finds %+v in\n%s", s, found, text)
		}
	}
	colored := write(t, "text", r, report.Options{Color: true})
	if found := runnerCommands(colored); len(found) > 0 {
		t.Errorf("coloured text of %q: the runner finds %+v", s, found)
	}
	log := write(t, "github", r, report.Options{})
	inert(t, "github", log)
	if n := strings.Count(log, "\n"); n != len(r.Findings)+2 || !strings.HasSuffix(log, "\n") {
		t.Errorf("github of %q: %d lines, want %d:\n%s", s, n, len(r.Findings)+2, log)
	}
	found := runnerCommands(log)
	if len(found) != len(r.Findings)+2 {
		t.Fatalf("github of %q: %d commands, want %d: %+v", s, len(found), len(r.Findings)+2, found)
	}
	for i, f := range r.Findings {
		checkCommand(t, found[i], f)
	}
	if p := found[len(r.Findings)]; p.name != "notice" || len(p.properties) != 1 || p.properties["title"] != "Codexlock preview (not the verdict)" {
		t.Errorf("github of %q: the preview is %+v", s, p)
	}
	last := found[len(r.Findings)+1]
	if last.name != "notice" || len(last.properties) != 1 || last.properties["title"] != "Codexlock" || last.data != report.Title(r) {
		t.Errorf("github of %q: ends with %+v", s, last)
	}
}

func checkCommand(t *testing.T, got runnerCommand, f decision.Finding) {
	t.Helper()
	name := "error"
	if f.Severity == decision.Warn {
		name = "warning"
	}
	if f.Excepted {
		name = "notice"
	}
	title := f.Rule
	if f.Requirement != "" {
		title += " (" + f.Requirement + ")"
	}
	about := f.Artifact
	if about == "" {
		about = f.File
	}
	message := report.Terminal(about + ": " + f.Message)
	if f.Excepted {
		message += "\n" + report.Terminal("excepted until "+f.Suppression.Expires+" by "+f.Suppression.Owner+": "+f.Suppression.Reason)
	}
	if f.Fix != "" {
		message += "\nhint: " + report.Terminal(f.Fix)
	}
	want := map[string]string{
		"file": report.Terminal(f.File), "line": fmt.Sprint(f.Line), "col": fmt.Sprint(f.Column), "title": report.Terminal(title),
	}
	if got.name != name {
		t.Errorf("command is %q, want %q", got.name, name)
	}
	for key, value := range want {
		if got.properties[key] != value {
			t.Errorf("%s is %q, want %q", key, got.properties[key], value)
		}
	}
	if len(got.properties) != len(want) {
		t.Errorf("properties %v, want just file, line, col and title", got.properties)
	}
	whole := got.data == message && len(message) <= 4096
	if cut, ok := strings.CutSuffix(got.data, " … (cut)"); ok && len(got.data) <= 4096 {
		whole = strings.HasPrefix(message, cut) && len(message) > 4096
	}
	if !whole {
		t.Errorf("data is %.300q, want %.300q", got.data, message)
	}
}

func TestLogsHoldNoCommandOfOthers(t *testing.T) {
	for _, s := range naughty {
		checkLogs(t, s)
	}
	for _, a := range naughty[:60] { // and where two meet
		for _, b := range naughty[:60] {
			checkLogs(t, a+b)
		}
	}
}

// TestTheOracleSees: the port of the runner's parser finds what we guard against.
func TestTheOracleSees(t *testing.T) {
	for log, want := range map[string]int{
		"::error::x": 1, "\u3000::error file=a::x": 1, "a\r::error::x\r\nb": 1, "a ##[set-env name=X]y": 1, "::a::##[b]": 1,
		"x ::error::y": 0, "##error]": 0, "::error:": 0, "##\u200d[error]x": 1, "": 0,
	} {
		if got := runnerCommands(log); len(got) != want {
			t.Errorf("%q: %+v, want %d commands", log, got, want)
		}
	}
}

func FuzzLogs(f *testing.F) {
	for _, s := range naughty {
		f.Add(s)
	}
	f.Fuzz(checkLogs)
}

func TestAnnotationsAreBoundedAndInert(t *testing.T) {
	for _, s := range naughty {
		r := from(s)
		annotations := report.Annotations(r)
		if len(annotations) != len(r.Findings) {
			t.Fatalf("%d annotations, want %d", len(annotations), len(r.Findings))
		}
		for i, a := range annotations {
			inert(t, "annotation", a.Path+a.Title+a.Message)
			if want := [...]string{"failure", "warning", "notice"}[i]; a.Level != want {
				t.Errorf("level is %s, want %s", a.Level, want)
			}
			if len(a.Title) > 255 || len(a.Message) > 64<<10 || a.StartLine < 1 || a.EndLine < a.StartLine || a.StartColumn < 1 || a.EndColumn < a.StartColumn {
				t.Errorf("annotation of %.50q is out of GitHub's bounds", s)
			}
		}
	}
	if a := report.Annotations(report.Report{Findings: []decision.Finding{{Message: strings.Repeat("\u202e", 64<<10)}}}); a[0].StartLine != 1 || len(a[0].Message) > 64<<10 {
		t.Errorf("line %d, %d bytes, want line 1 and at most 64 KiB", a[0].StartLine, len(a[0].Message))
	}
}
