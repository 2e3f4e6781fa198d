package report_test

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
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
		Excerpt: &decision.Excerpt{Text: "a" + s, From: 3, Width: 5, Cut: true},
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
	for _, o := range []report.Options{{}, {Quiet: true}, {Columns: 20}} {
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
		checkCommand(t, found[i+1], f)
	}
	if p := found[len(r.Findings)+1]; p.name != "notice" || len(p.properties) != 1 || p.properties["title"] != "Codexlock preview (not the verdict)" {
		t.Errorf("github of %q: the preview is %+v", s, p)
	}
	first := found[0]
	if first.name != "notice" || len(first.properties) != 1 || first.properties["title"] != "Codexlock" || first.data != report.Title(r) {
		t.Errorf("github of %q: begins with %+v", s, first)
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
	about := f.Artifact
	if about == "" {
		about = f.File
	}
	message := about + ": " + f.Message
	if f.Requirement != "" {
		message += " [" + f.Requirement + "]"
	}
	message = report.Terminal(message)
	want := map[string]string{"title": report.Terminal(f.Rule)}
	if annotatable(f.File) {
		want["file"], want["line"], want["col"] = f.File, fmt.Sprint(f.Line), fmt.Sprint(f.Column)
	} else {
		message += "\n" + report.Terminal(fmt.Sprintf("at %s:%d:%d", f.File, f.Line, f.Column))
	}
	end := ""
	if f.Excepted {
		end += "\n" + report.Terminal("excepted until "+f.Suppression.Expires+" by "+f.Suppression.Owner+": "+f.Suppression.Reason)
	}
	if f.Fix != "" {
		end += "\nhint: " + report.Terminal(f.Fix)
	}
	if got.name != name {
		t.Errorf("command is %q, want %q", got.name, name)
	}
	for key, value := range want {
		cut, isCut := strings.CutSuffix(got.properties[key], " … (cut)")
		if got := strings.TrimSpace(got.properties[key]); got != strings.TrimSpace(value) && !(isCut && key == "title" && len(value) > 255 && strings.HasPrefix(value, cut)) {
			t.Errorf("%s is %.300q, want %.300q", key, got, value)
		}
	}
	if len(got.properties) != len(want) {
		t.Errorf("properties %v, want just file, line, col and title", got.properties)
	}
	data, page, hasPage := strings.Cut(got.data, "\nrule: https://")
	if hasPage && strings.Contains(page, "\n") {
		t.Errorf("data goes on after the rule's page: %.300q", got.data)
	}
	if len(message)+len(end) <= 2000 {
		if data != message+end {
			t.Errorf("data is %.300q, want %.300q", got.data, message+end)
		}
		return
	}
	if len(got.data) > 4096 || !strings.HasPrefix(got.data, message[:min(len(message), 1500)]) || f.Fix != "" && !strings.Contains(got.data, "\nhint: ") && !f.Excepted {
		t.Errorf("data of %d bytes is %.300q, want it to begin with %.300q and to have the hint", len(got.data), got.data, message)
	}
}

// annotatable is the test's own idea of a path that GitHub can take.
func annotatable(file string) bool {
	for _, part := range strings.Split(file, "/") {
		if part == ".." {
			return false
		}
	}
	return file != "" && file[0] != '/' && len(file) <= 4096 && report.Terminal(file) == file
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
		annotations, all := report.Annotations(r, nil)
		if len(annotations) != len(r.Findings) || all != len(r.Findings) {
			t.Fatalf("%d of %d annotations, want %d", len(annotations), all, len(r.Findings))
		}
		for i, a := range annotations {
			inert(t, "annotation", a.Path+a.Title+a.Message)
			if want := [...]string{"failure", "warning", "notice"}[i]; a.Level != want {
				t.Errorf("level is %s, want %s", a.Level, want)
			}
			if len(a.Title) > 255 || len(a.Message) > 64<<10 || a.StartLine < 1 || a.EndLine < a.StartLine || a.StartColumn < 1 || a.EndColumn < a.StartColumn {
				t.Errorf("annotation of %.50q is out of GitHub's bounds", s)
			}
			if f := r.Findings[i]; a.Path != f.File && (a.Path != "" || annotatable(f.File)) {
				t.Errorf("path is %q, want %q, or none if it cannot be taken", a.Path, f.File)
			}
		}
	}
	long := report.Report{Findings: []decision.Finding{{File: "a", Message: strings.Repeat("\u202e", 64<<10), Fix: "do it"}}}
	if a, _ := report.Annotations(long, nil); a[0].StartLine != 1 || len(a[0].Message) > 64<<10 || !strings.HasSuffix(a[0].Message, "\nhint: do it") {
		t.Errorf("line %d, %d bytes, want line 1, at most 64 KiB and the hint", a[0].StartLine, len(a[0].Message))
	}
}

// denials makes a report of as many denials and warnings, each a cause of its own.
func denials(deny, warn int) report.Report {
	var d decision.Decision
	for i := range deny + warn {
		name := fmt.Sprintf("assets/%06d.bin", i)
		f := decision.Finding{
			Rule: "lock.drift", Cause: "lock.drift", Requirement: "ZT-3.3", Severity: decision.Deny, Artifact: name, File: "Codex-Lock.json", Line: i + 1, Column: 3,
			Message: "sha256 is 9f86…, Codex-Lock.json records 2c26…", Fix: "codexlock attest " + name, Fingerprint: fmt.Sprint(i),
		}
		if i >= deny {
			f.Severity = decision.Warn
		}
		d.Findings = append(d.Findings, f)
		d.Artifacts = append(d.Artifacts, decision.Artifact{Path: name})
	}
	d.Found = []decision.FoundRule{{Code: "lock.drift", Title: "The artifact matches the ledger", Problem: "Content differs from the ledger", Page: decision.PageURL("lock.drift")}}
	return report.New(d, report.Meta{})
}

// TestCommandsAreThoseThatARunnerShows: the verdict first, ten errors and ten warnings, and
// how many more there are and where.
func TestCommandsAreThoseThatARunnerShows(t *testing.T) {
	for _, c := range []struct {
		deny, warn, errors, warnings int
		more                         string
	}{
		{0, 0, 0, 0, ""}, {10, 10, 10, 10, ""}, {11, 3, 10, 3, "1 more error: here"}, {70, 11, 10, 10, "60 more errors, 1 more warning: here"}, {2, 30, 2, 10, "20 more warnings: here"},
	} {
		var b strings.Builder
		r := denials(c.deny, c.warn)
		if err := report.WriteCommands(&b, r, nil, "here"); err != nil {
			t.Fatal(err)
		}
		commands := runnerCommands(b.String())
		n := map[string]int{}
		for _, command := range commands {
			n[command.name]++
		}
		if n["error"] != c.errors || n["warning"] != c.warnings || n["notice"] > 10 || commands[0].name != "notice" || commands[0].data != report.Title(r) {
			t.Errorf("%d denials, %d warnings: %v, the first is %+v", c.deny, c.warn, n, commands[0])
		}
		if last := commands[len(commands)-1]; c.more != "" && last.data != c.more || c.more == "" && strings.Contains(last.data, "more") {
			t.Errorf("%d denials, %d warnings: ends with %q, want %q", c.deny, c.warn, last.data, c.more)
		}
	}
}

// touched are the lines that a change touched, by file; all of a file without lines.
type touched map[string][]int

func (p touched) Touched(file string) bool { _, ok := p[file]; return ok }

func (p touched) Line(file string, line int) (int, bool) {
	return line, p.Touched(file) && (len(p[file]) == 0 || slices.Contains(p[file], line))
}

func (p touched) First(file string) int {
	if len(p[file]) == 0 {
		return 1
	}
	return p[file][0]
}

// TestAnnotationsStandInTheDiff: at the finding's line if the change touched it, or else where
// it touched the artifact or a companion; and those in the diff come before others of equal
// weight.
func TestAnnotationsStandInTheDiff(t *testing.T) {
	f := decision.Finding{
		Rule: "lock.drift", Severity: decision.Deny, Requirement: "ZT-3.3", Artifact: "a.bin", File: "Codex-Lock.json", Line: 7, Column: 17,
		Message: "got, want", Fix: "do", Fingerprint: "1",
	}
	for name, c := range map[string]struct {
		places report.Places
		at     string
	}{
		"nobody knows":           {nil, "Codex-Lock.json:7:17"},
		"the line":               {touched{"Codex-Lock.json": {7}, "a.bin": nil}, "Codex-Lock.json:7:17"},
		"the artifact":           {touched{"a.bin": {3}}, "a.bin:3:1"},
		"another line, and it":   {touched{"Codex-Lock.json": {2}, "a.bin": nil}, "a.bin:1:1"},
		"a companion":            {touched{"a.bin.vaulttime.json": {4}}, "a.bin.vaulttime.json:4:1"},
		"a mirrored companion":   {touched{"assets/manifests/a.bin.manifest.json": {4}}, "assets/manifests/a.bin.manifest.json:4:1"},
		"another line of a file": {touched{"Codex-Lock.json": {2}}, "Codex-Lock.json:7:17"},
		"nothing of it":          {touched{"b.bin": nil}, "Codex-Lock.json:7:17"},
	} {
		r := report.New(decision.Decision{Findings: []decision.Finding{f}}, report.Meta{})
		a, _ := report.Annotations(r, c.places)
		if at := fmt.Sprintf("%s:%d:%d", a[0].Path, a[0].StartLine, a[0].StartColumn); at != c.at {
			t.Errorf("%s: stands at %s, want %s", name, at, c.at)
		}
		if own := c.at == "Codex-Lock.json:7:17"; strings.Contains(a[0].Message, "\nat Codex-Lock.json:7:17") == own {
			t.Errorf("%s: message is %q", name, a[0].Message)
		}
	}
	r := denials(60, 60)
	in := touched{"assets/000059.bin": nil, "assets/000119.bin": nil}
	a, all := report.Annotations(r, in)
	if len(a) != report.MaxAnnotations || all != 120 || a[0].Path != "assets/000059.bin" || a[1].Path != "Codex-Lock.json" || a[49].Level != "failure" {
		t.Errorf("%d of %d annotations, the first in %s and %s", len(a), all, a[0].Path, a[1].Path)
	}
	if want := "50 of 120 causes are annotated, the worst first; the table has the others."; report.AnnotationsNote(len(a), all) != want {
		t.Errorf("%q, want %q", report.AnnotationsNote(len(a), all), want)
	}
	want := "assets/000059.bin: sha256 is 9f86…, Codex-Lock.json records 2c26… [ZT-3.3]\nat Codex-Lock.json:60:3\n" +
		"hint: codexlock attest assets/000059.bin\nrule: https://github.com/codexlock/codexlock/blob/main/policies/lock/drift/README.md"
	if a[0].Title != "Content differs from the ledger [lock.drift]" || a[0].Message != want {
		t.Errorf("%q\n%q\nwant\n%q", a[0].Title, a[0].Message, want)
	}
}

// TestManyFindings: 100,000 of them cost seconds, and the texts stay within GitHub's limits.
func TestManyFindings(t *testing.T) {
	r := denials(100_000, 0)
	began := time.Now()
	a, all := report.Annotations(r, touched{})
	text := report.Markdown(r, report.MaxCheckTextBytes)
	if err := report.WriteCommands(io.Discard, r, touched{}, "here"); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(began); d > 20*time.Second {
		t.Errorf("it took %s", d)
	}
	if len(a) != 50 || all != 100_000 || len(text) > report.MaxCheckTextBytes {
		t.Errorf("%d of %d annotations, a summary of %d bytes", len(a), all, len(text))
	}
}
