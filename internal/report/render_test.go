package report_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/kinds"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/schemas"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	model = "assets/sources/model.bin"
	sum   = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
)

func judged(path, change string, level artifact.Level) decision.Artifact {
	a := decision.Artifact{Path: path, Change: change, Level: level, SHA256: sum, TrustDomain: "default", Proof: "content"}
	if change == "removed" {
		a.SHA256, a.TrustDomain, a.Proof = "", "", ""
	}
	return a
}

func finding(rule, path, file, message string) decision.Finding {
	return decision.Finding{
		Rule: rule, Severity: decision.Deny, Requirement: "ZT-3.3", Artifact: path, File: file, Line: 5, Column: 17,
		Message: message, Fix: "attest it again: codexlock attest " + path, Fingerprint: sum[:32],
	}
}

func warning(f decision.Finding) decision.Finding { f.Severity = decision.Warn; return f }

func exception(f decision.Finding) decision.Finding {
	f.Excepted = true
	f.Suppression = &decision.Suppression{By: "exception", Reason: "mended in May", Owner: "@models", Expires: "2026-06-01T00:00:00Z"}
	return f
}

func adopted(f decision.Finding) decision.Finding {
	f.Excepted, f.Suppression = true, &decision.Suppression{By: "baseline"}
	return f
}

func message(artifacts []decision.Artifact, findings ...decision.Finding) report.Report {
	slices.SortStableFunc(findings, decision.CompareFindings) // as a decision has them
	return report.New(decision.Decision{
		Source: "embedded", Digest: "sha256:" + sum, Rules: 30, Found: found(findings), Answers: 30 * len(artifacts),
		Artifacts: artifacts, Findings: findings,
	}, report.Meta{Scope: "changed", Base: sum[:40], Head: sum[24:], EffectiveTime: "2026-01-01T12:00:00Z"})
}

// found describes the rules of findings, as a decision does.
func found(findings []decision.Finding) []decision.FoundRule {
	var rules []decision.FoundRule
	for _, f := range findings {
		if slices.ContainsFunc(rules, func(r decision.FoundRule) bool { return r.Code == f.Rule }) {
			continue
		}
		r := decision.FoundRule{Code: f.Rule, Title: "The title of " + f.Rule, Description: "What " + f.Rule + " requires."}
		if !strings.HasPrefix(f.Rule, "acme.") {
			r.Page = decision.PageURL(f.Rule)
		}
		rules = append(rules, r)
	}
	slices.SortFunc(rules, func(a, b decision.FoundRule) int { return strings.Compare(a.Code, b.Code) })
	return rules
}

// reports are what there is to tell, by name.
func reports() map[string]report.Report {
	good := []decision.Artifact{judged(model, "modified", artifact.APlus), judged("assets/sources/vocab.txt", "added", artifact.APlus)}
	bad := []decision.Artifact{judged(model, "modified", artifact.NonCompliant), judged("assets/sources/vocab.txt", "added", artifact.APlus)}
	late := []decision.Artifact{judged(model, "modified", artifact.Tier1)}
	drift := finding("lock.drift", model, "Codex-Lock.json", "sha256 is 8dc98c97682c…, Codex-Lock.json records ca61ce52a25a…")
	drift.Excerpt = &decision.Excerpt{Text: `      "sha256": "ca61ce52a25a9f04bf2df801143a4c2d6bfe8a59e3b3ebf17ffa2cbb915c146e",`, Width: 66}
	expired := finding("vaulttime.expired", model, model+".vaulttime.json", "expired at 2026-01-01T00:00:00Z, and it is 2026-01-01T12:00:00Z")
	loose := warning(finding("vaulttime.unbound", model, model+".vaulttime.json", "record has no proof"))
	missing := finding("lock.missing", "", "Codex-Lock.json", "is missing, want the ledger of trusted artifacts in the repository's root")
	keyless := finding("vaulttime.unverifiable", model, model+".vaulttime.json", `VaultTime signature was not checked: this run has no key for trust domain "default"`)
	loose.Kind, keyless.Kind = decision.KindUnbound, decision.KindUnchecked
	own := finding("acme.size", model, model, "has 3 GiB, want at most 2")
	own.Requirement, own.Fix = "", ""
	edited := message(good)
	edited.Preview = &decision.Preview{
		State: "done", Edits: []string{"codexlock.yaml"}, Artifacts: 7, Before: "denied", After: "warned",
		Findings: decision.Effect{Appear: 1, Vanish: 3, Change: 2},
		Rules:    decision.RuleChanges{Added: []string{}, Removed: []string{"acme.names"}, Changed: []string{"acme.old", "acme.size"}},
		ByRule: []decision.Effect{
			{Rule: "acme.names", Vanish: 3}, {Rule: "acme.size", Appear: 1}, {Rule: "script.posix", Change: 2},
		},
		Conclusions: []decision.Turn{{Path: model, Before: "denied", After: "trusted"}}, More: 12,
	}
	misspelt := message(good)
	misspelt.Preview = &decision.Preview{
		State: "failed", Problem: "the edited policies do not compile: policies/x.rego:3:1: undefined ref", Edits: []string{"policies/x.rego"},
		Rules:  decision.RuleChanges{Added: []string{}, Removed: []string{}, Changed: []string{}},
		ByRule: []decision.Effect{}, Conclusions: []decision.Turn{},
	}
	workTree := message(good[:1])
	workTree.Base, workTree.Head = "", ""
	current := []decision.Artifact{judged(model, "modified", artifact.APlus), judged("assets/sources/vocab.txt", "added", artifact.APlus)}
	current[0].ExpiresAt, current[1].ExpiresAt = "2026-01-02T12:00:00Z", "2026-01-02T11:00:00Z"
	style := finding("script.posix", model, model, "uses local, which POSIX does not have")
	style.Excepted = true
	style.Suppression = &decision.Suppression{By: "rules", Reason: "bash only", Owner: "@tools", Expires: "2026-12-31T00:00:00Z"}
	turnedDown := message(current, style, exception(own), exception(expired))
	turnedDown.Settings = []decision.TurnedDown{
		{Rule: "script.posix", Level: "off", Reason: "bash only", Owner: "@tools", Expires: "2026-12-31T00:00:00Z"},
		{Rule: "script.usage", Level: "warn", Reason: "adopting", Owner: "@tools", Expires: "2026-12-31T00:00:00Z"},
	}
	recorded := func(rule, file, words string) decision.Finding {
		f := finding(rule, model, file, words)
		f.Cause = "lock.drift"
		return f
	}
	edited1 := finding("gate.self_change", "", "codexlock.yaml", "this change edits the gate")
	edited2 := finding("gate.self_change", "", "policies/x.rego", "this change edits the gate")
	edited1.Cause, edited2.Cause = "gate.self_change", "gate.self_change"
	used := finding("use.unverified", "", ".github/workflows/deploy.yml", `2 uses in job "deploy" are not verified: line 5 executes scripts/deploy.sh, line 9 sources scripts/lib.sh`)
	withUses := message(good, warning(used))
	withUses.Uses = &decision.Uses{Total: 41, Verified: 39}
	own2 := own
	own2.Artifact, own2.File = "assets/sources/vocab.txt", "assets/sources/vocab.txt"
	oneCause := message(bad,
		recorded("vaulttime.hash", model+".vaulttime.json", "sha256 is 8dc98c97682c…, the record has ca61ce52a25a…"),
		own2,
		recorded("manifest.hash", model+".manifest.json", "sha256 is 8dc98c97682c…, the manifest has ca61ce52a25a…"),
		recorded("lock.drift", "Codex-Lock.json", "sha256 is 8dc98c97682c…, Codex-Lock.json records ca61ce52a25a…"),
		own, warning(edited1), warning(edited2),
	)
	return map[string]report.Report{
		"causes":       oneCause,
		"turned_off":   turnedDown,
		"success":      message(good),
		"work_tree":    workTree,
		"neutral":      message(good, loose),
		"failure":      message(bad, drift, expired, own, loose),
		"whole_change": message(good, missing),
		"excepted":     message(bad, exception(drift), adopted(own)),
		"lower_level":  message(late, warning(expired)),
		"empty":        message(nil),
		"removed":      message([]decision.Artifact{judged(model, "removed", artifact.APlus)}),
		"keyless":      message(good, warning(keyless)),
		"keyless_deny": message(bad, keyless),
		"preview":      edited,
		"no_preview":   misspelt,
		"uses":         withUses,
	}
}

// A form is a way to print a report.
type form struct {
	end, format string
	options     report.Options
}

// forms are the ways to tell a report, each with the end of its golden's name.
var forms = []form{
	{"txt", "text", report.Options{}},
	{"quiet.txt", "text", report.Options{Quiet: true}},
	{"color.txt", "text", report.Options{Color: true}},
	{"json", "json", report.Options{}},
	{"commands", "github", report.Options{}},
	{"md", "markdown", report.Options{}},
	{"sarif", "sarif", report.Options{}},
	{"junit.xml", "junit", report.Options{}},
}

func write(t testing.TB, format string, r report.Report, o report.Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.Write(format, &b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestGoldens: go test ./internal/report -update writes them anew.
func TestGoldens(t *testing.T) {
	var names []string
	for name, r := range reports() {
		for _, form := range forms {
			file := filepath.Join("testdata", name+"."+form.end)
			names = append(names, file)
			got := write(t, form.format, r, form.options)
			if again := write(t, form.format, r, form.options); again != got {
				t.Errorf("%s: written twice, it differs", file)
			}
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
			}
		}
	}
	kept, err := filepath.Glob("testdata/*.*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range kept {
		if !slices.Contains(names, file) {
			t.Errorf("%s belongs to no report", file)
		}
	}
}

// TestTheSameReportGivesTheSameBytes: in every format.
func TestTheSameReportGivesTheSameBytes(t *testing.T) {
	for name, r := range reports() {
		for _, format := range report.Formats() {
			if first, second := write(t, format, r, report.Options{}), write(t, format, r, report.Options{}); first != second {
				t.Errorf("%s in %s: written twice, it differs", name, format)
			}
		}
	}
}

func TestJSONIsOfItsSchemaAndReadsBack(t *testing.T) {
	for name, r := range reports() {
		if err := schemas.ValidateAny(kinds.Report, r); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		text := write(t, "json", r, report.Options{})
		back, err := report.Read(strings.NewReader(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if again := write(t, "json", back, report.Options{}); again != text {
			t.Errorf("%s: read and written again:\n%s\nwant\n%s", name, again, text)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	good := write(t, "json", reports()["failure"], report.Options{})
	for name, text := range map[string]string{
		"nothing":         "",
		"another version": strings.Replace(good, "report/v1", "report/v2", 1),
		"an unknown key":  strings.Replace(good, `"scope"`, `"extra": 1, "scope"`, 1),
		"a part":          good[:len(good)/2],
		"more after it":   good + "{}",
	} {
		if _, err := report.Read(strings.NewReader(text)); err == nil {
			t.Errorf("%s: read", name)
		}
	}
}

// A full writer takes so many bytes and then none.
type full struct{ left int }

var errFull = errors.New("no space left")

func (f *full) Write(p []byte) (int, error) {
	n := min(len(p), f.left)
	f.left -= n
	if n < len(p) {
		return n, errFull
	}
	return n, nil
}

func TestAWritersErrorIsReturned(t *testing.T) {
	for name, r := range reports() {
		for _, form := range append(slices.Clone(forms), form{"html", "html", report.Options{}}) {
			size := len(write(t, form.format, r, form.options))
			for _, left := range []int{0, size / 2, size - 1} {
				if err := report.Write(form.format, &full{left}, r, form.options); !errors.Is(err, errFull) {
					t.Errorf("%s.%s: after %d of %d bytes: %v, want the writer's error", name, form.end, left, size, err)
				}
			}
		}
	}
}

func TestAnUnknownFormatIsNamed(t *testing.T) {
	err := report.Write("yaml", &bytes.Buffer{}, reports()["success"], report.Options{})
	var unknown *report.UnknownFormatError
	if !errors.As(err, &unknown) || unknown.Format != "yaml" {
		t.Fatalf("%v, want an *UnknownFormatError", err)
	}
	for _, name := range report.Formats() {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%q does not offer %s", err, name)
		}
	}
}

// TestExceptedFindings: text has their number, and lists them on request.
func TestExceptedFindings(t *testing.T) {
	r := reports()["turned_off"]
	brief, full := write(t, "text", r, report.Options{}), write(t, "text", r, report.Options{ShowExcepted: true})
	for _, rule := range []string{"[script.posix]", "[acme.size]", "[vaulttime.expired]"} {
		if strings.Contains(brief, rule) || !strings.Contains(full, rule) {
			t.Errorf("%s: want it in the full text only:\n%s\n%s", rule, brief, full)
		}
	}
	for _, text := range []string{brief, full, write(t, "markdown", r, report.Options{})} {
		for _, want := range []string{
			"rule script.posix is off until 2026-12-31T00:00:00Z by @tools: bash only (1 finding)",
			"rule script.usage only warns until 2026-12-31T00:00:00Z by @tools: adopting",
			"2 findings excepted until 2026-06-01T00:00:00Z by @models: mended in May [acme.size, vaulttime.expired]",
			"valid until 2026-01-02T11:00:00Z: assets/sources/vocab.txt expires first",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("want %q in\n%s", want, text)
			}
		}
	}
}

// TestEveryFindingIsShown: a cause is one finding of a report for people, which has the
// message, the place and the next step of each of its findings.
func TestEveryFindingIsShown(t *testing.T) {
	for name, r := range reports() {
		texts := map[string]string{"markdown": report.Markdown(r, report.MaxStepSummaryBytes), "text": write(t, "text", r, report.Options{ShowExcepted: true})}
		var messages strings.Builder
		annotations, _ := report.Annotations(r, nil)
		for _, a := range annotations {
			messages.WriteString(a.Path + ":" + a.Title + "\n" + a.Message + "\n")
		}
		texts["annotations"] = messages.String()
		for form, text := range texts {
			for _, f := range r.Findings {
				for _, want := range []string{f.Rule, f.Message, f.File} {
					if !strings.Contains(text, want) {
						t.Errorf("%s, %s: no %q in\n%s", name, form, want, text)
					}
				}
				if !f.Excepted && !strings.Contains(text, f.Fix) {
					t.Errorf("%s, %s: no %q in\n%s", name, form, f.Fix, text)
				}
			}
		}
	}
	if _, n := report.Annotations(reports()["causes"], nil); n != 4 {
		t.Errorf("%d annotations, want one for each of 4 causes", n)
	}
}
