package policy_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/content"
	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/kinds"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/ruleset"
	"github.com/codexlock/codexlock/internal/schemas"
	"github.com/codexlock/codexlock/internal/script/artifacttest"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

// validInput is what is measured of an artifact with which nothing is wrong.
func validInput(path string) facts.Input {
	size, ttl := int64(4), int64(720)
	none := []facts.Problem{}
	return facts.Input{
		EffectiveTime: "2026-03-01T12:00:00Z",
		Settings:      facts.Settings{Keyless: "deny", LFS: "oid", MinimumLevel: "a-plus", Configured: true, RunTests: "never", Layout: "git"},
		Artifact:      &facts.Artifact{Path: path, Change: "modified", Kind: "file", Area: "sources", Script: "no", Critical: "yes", Mode: "100644", SHA256: digest, Size: &size, Proof: "content"},
		Ledger: &facts.Ledger{
			Document: facts.Document{Path: "Codex-Lock.json", State: "valid", Problems: none},
			Entry: &facts.Entry{
				Pointer: "/artifacts/0", SHA256: digest, DriftTolerance: "0.0", TrustDomain: "core", VerifiedAt: "2026-03-01T11:00:00Z",
			},
			Listed: "once", Entries: []string{"/artifacts/0"},
		},
		Manifest: &facts.Manifest{
			Document: facts.Document{Path: path + ".manifest.json", State: "valid", Problems: none},
			Told:     []facts.ManifestField{"creator", "generated_at", "inputs", "outputs", "toolchain.name", "toolchain.version"},
			Artifact: path, SHA256: digest, Creator: "ada", GeneratedAt: "2026-03-01T11:00:00Z",
			Toolchain: &facts.Tool{Name: "codexlock", Version: "1.0.0"},
			Inputs:    &[]facts.Reference{{Pointer: "/inputs/0", Path: "in.txt", SHA256: digest, State: "match"}},
			Outputs:   &[]facts.Reference{}, Network: []string{},
		},
		VaultTime: &facts.VaultTime{
			Chain:    []facts.Link{},
			Document: facts.Document{Path: path + ".vaulttime.json", State: "valid", Problems: none},
			SHA256:   digest, Timestamp: "2026-03-01T11:00:00Z", TrustDomain: "core", TTLHours: &ttl,
			ExpiresAt: "2026-03-31T11:00:00Z", Artifact: path, KeyID: "0011223344556677",
		},
		Test:    &facts.Test{Document: facts.Document{Path: path + ".test", State: "valid", Problems: none}, Mode: "100755", Run: "not_asked", Script: ours(), Content: nothing()},
		Content: nothing(),
		Domain: &facts.Domain{
			Name: "core", State: "known", Paths: "inside", Network: []string{}, KeyID: "0011223344556677", MaxTTLHours: 720,
		},
		Base: &facts.Base{
			SHA256: digest, VerifiedAt: "2026-02-01T11:00:00Z", Timestamp: "2026-02-01T11:00:00Z", TrustDomain: "core", Proof: "present",
			RecordState: "valid", ManifestSum: "absent", TestSum: "absent", Attested: "absent",
			Content: "same", Mode: "same", Manifest: "same", Test: "same", RecordText: "differs", Record: "later",
		},
		Checks: &facts.Checks{
			Ledger: "match", Manifest: "match", VaultTime: "match", Named: "match", Signature: "valid", KeyID: "match", Epoch: "current", Proof: "valid",
			Path: "match", Time: "current", TTL: "within", Tolerance: "zero", Domain: "match", Rollback: "forward", VerifiedAt: "attested", Inputs: "match", Outputs: "none",
			ManifestSigned: "absent", TestSigned: "absent", Continuity: "continued", LFS: "absent",
		},
	}
}

// validRepository is what is measured of a change with which nothing is wrong.
func validRepository(artifacts int) facts.Input {
	return facts.Input{
		EffectiveTime: "2026-03-01T12:00:00Z",
		Settings:      facts.Settings{Keyless: "deny", LFS: "oid", MinimumLevel: "a-plus", Configured: true, RunTests: "never", Layout: "git"},
		Repository: &facts.Repository{
			Scope: "changed", Base: "c0ffee", Head: "f00d", Artifacts: artifacts,
			Ledger:      facts.Document{Path: "Codex-Lock.json", State: "valid", Problems: []facts.Problem{}},
			UnsafePaths: []facts.UnsafePath{}, TrustedBase: "commit", GateChanges: []facts.GateChange{}, EditedGate: "unedited", GateProblems: []facts.GateProblem{}, Collisions: []facts.Collision{}, Keys: []facts.DomainKey{},
			Script:    facts.GateScript{Path: "ingest_archive.test.sh", State: "present", Mode: "100755", Origin: "init"},
			UseChecks: &facts.UseChecks{Uses: "absent", Weakened: "no", Files: "parsed"},
			Log: facts.Log{
				Document: facts.Document{Path: "MANIFEST.integrity.json", State: "absent", Problems: []facts.Problem{}},
				Change:   "unchanged", History: "absent", Chain: "absent",
				Checkpoint: facts.Checkpoint{
					Document:  facts.Document{Path: "MANIFEST.integrity.checkpoint", State: "absent", Problems: []facts.Problem{}},
					Signature: "absent", Covers: "absent", Before: "absent",
				},
			},
		},
	}
}

// measured is a change whose facts are at hand.
type measured struct {
	whole     facts.Input
	artifacts []facts.Input
	locate    func(file, pointer string) (int, int, bool)
}

func (m measured) Len() int { return len(m.artifacts) }

func (m measured) Artifact(ctx context.Context, i int) (facts.Measurement, error) {
	return facts.Measurement{Input: m.artifacts[i], Locate: m.locate}, ctx.Err()
}

func (m measured) Repository(ctx context.Context) (facts.Measurement, error) {
	return facts.Measurement{Input: m.whole, Locate: m.locate}, ctx.Err()
}

func change(paths ...string) measured {
	m := measured{whole: validRepository(len(paths))}
	for _, p := range paths {
		m.artifacts = append(m.artifacts, validInput(p))
	}
	return m
}

// rules compiles modules, given as file name and text in turn.
func rules(t testing.TB, files ...string) *policy.Engine {
	t.Helper()
	e, err := policy.New(context.Background(), []ruleset.Source{owner(files...)})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func owner(files ...string) ruleset.Source {
	s := ruleset.Source{Name: "base"}
	for i := 0; i < len(files); i += 2 {
		s.Modules = append(s.Modules, ruleset.Module{Name: files[i], Text: []byte(files[i+1])})
	}
	return s
}

func decide(t testing.TB, e *policy.Engine, c facts.Change, o policy.Options) decision.Decision {
	t.Helper()
	o.Now = now
	d, err := e.Decide(context.Background(), c, o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// messages are a decision's findings, one a line.
func messages(d decision.Decision) string {
	var lines []string
	for _, f := range d.Findings {
		lines = append(lines, string(f.Severity)+" "+f.Rule+" "+f.Message)
	}
	return strings.Join(lines, "\n")
}

func TestFactsOfTheTestsAreValid(t *testing.T) {
	for _, in := range []facts.Input{validInput("a.bin"), validRepository(1)} {
		if err := schemas.ValidateAny(kinds.Facts, in); err != nil {
			t.Error(err)
		}
	}
}

// What a rule may not be, from what others accept: each of these passed with
// conftest or with a query of one reference a line.
func TestFaultyRulesAreRefused(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"misspelt deny", "package acme.x\n\ndenny contains \"a\" if input.artifact.path", `a.rego:1:1: package acme.x defines neither deny nor warn; did you mean deny where it says denny?`},
		{"misspelt beside warn", "package acme.x\n\nwarn contains \"w\" if false\n\ndenny contains \"a\" if input.artifact.path", "a.rego:5:1: rule denny is read by nothing"},
		{"violation beside warn", "package acme.x\n\nwarn contains \"w\" if false\n\nviolation contains \"a\" if input.artifact.path", "a.rego:5:1: rule violation is read by nothing"},
		{"only a helper", "package main\n\n_x := 1", "defines neither deny nor warn"},
		{"exception in Rego", "package main\n\nexception contains [\"\"] if true\n\ndeny contains \"always\"", "rule exception is read by nothing"},
		{"misspelt field", "package acme.x\n\ndeny contains \"a\" if input.artifact.sha265 == \"b\"", "a.rego:3:22: undefined ref: input.artifact.sha265"},
		{"misspelt field deep", "package acme.x\n\ndeny contains \"a\" if input.ledger.entry.sha265 == \"b\"", "a.rego:3:22: undefined ref: input.ledger.entry.sha265"},
		{"misspelt field in an array", "package acme.x\n\ndeny contains \"a\" if input.manifest.inputs[_].stat == \"b\"", "undefined ref: input.manifest.inputs[_].stat"},
		{"no such field in a message", "package acme.x\n\ndeny contains msg if msg := sprintf(\"%v\", [input.nope])", "undefined ref: input.nope"},
		{"misspelt input", "package acme.x\n\ndeny contains \"a\" if inptu.artifact.path", "var inptu is unsafe"},
		{"value that a fact never has", "package acme.x\n\ndeny contains \"a\" if input.checks.ledger == \"difers\"", `a.rego:3:45: input.checks.ledger is never "difers", it is one of match, differs, absent`},
		{"value that a fact never has in a set", "package acme.x\n\ndeny contains \"a\" if input.checks.ledger in {\"differs\", \"abset\"}", `is never "abset"`},
		{"value that a fact never has negated", "package acme.x\n\ndeny contains \"a\" if not input.checks.ledger == \"mtach\"", `is never "mtach"`},
		{"misspelt data", "package acme.x\n\ndeny contains \"a\" if data.acme.lib.bad", "a.rego:3:22: undefined ref: data.acme.lib.bad"},
		{"complete deny", "package acme.x\n\ndeny := \"a\"", "a.rego:3:1: deny is a single value, want a set"},
		{"boolean deny", "package acme.x\n\ndeny if input.artifact.path", "deny is a single value, want a set"},
		{"default deny", "package acme.x\n\ndefault deny := false", "deny is a single value, want a set"},
		{"object deny", "package acme.x\n\ndeny[\"a\"] := 1", "deny is an object, want a set"},
		{"old form of a set", "package acme.x\n\ndeny[msg] if msg := input.artifact.path", "deny is an object, want a set"},
		{"function deny", "package acme.x\n\ndeny(x) := x", "deny is a function, want a set"},
		{"deny that nobody asks", "package acme\n\ndeny contains \"a\" if false\n\nx.deny contains \"a\"", "x.deny is never asked"},
		{"not Rego", "package acme.x\n\ndeny contains", "a.rego:3:"},
		{"empty", "", "a.rego"},
		{"unused local", "package acme.x\n\ndeny contains \"a\" if {\n\tx := 1\n}", "assigned var x unused"},
		{"recursion", "package acme.x\n\ndeny contains x if some x in deny", "recursive"},
		{"message that may be undefined", "package acme.x\n\ndeny contains {\"msg\": msg} if {\n\tnot input.checks.ledger == \"match\"\n\tmsg := sprintf(\"is %v\", [input.artifact.sha256])\n}", "a.rego:5:27: rule acme.x: input.artifact.sha256 may be absent, and its denial would be lost with it"},
		{"file that may be undefined", "package acme.x\n\ndeny contains {\"msg\": \"a\", \"file\": input.ledger.path} if not input.checks.ledger == \"match\"", "input.ledger.path may be absent"},
		{"artifact rule that reads the change", "package acme.x\n\ndeny contains \"a\" if input.repository.scope == \"all\"", "a.rego:3:22: rule acme.x is about an artifact and reads input.repository"},
		{"repository rule that reads an artifact", "# METADATA\n# scope: package\n# custom:\n#   subject: repository\npackage acme.x\n\ndeny contains \"a\" if input.artifact.kind == \"file\"", "rule acme.x is about a repository and reads input.artifact"},
		{"severity that it is not", "# METADATA\n# scope: package\n# custom:\n#   severity: warn\npackage acme.x\n\ndeny contains \"a\"", `custom.severity of rule acme.x is "warn", want deny`},
		{"level that is none", "# METADATA\n# scope: package\n# custom:\n#   level: a-plus\npackage acme.x\n\ndeny contains \"a\"", `custom.level of rule acme.x is "a-plus", want tier-1 or non-compliant`},
		{"excepted that is none", "# METADATA\n# scope: package\n# custom:\n#   excepted: always\npackage acme.x\n\ndeny contains \"a\"", `custom.excepted of rule acme.x is "always", want never`},
		{"optional that is none", "# METADATA\n# scope: package\n# custom:\n#   optional: sometimes\npackage acme.x\n\ndeny contains \"a\"", `custom.optional of rule acme.x is "sometimes", want true or false`},
		{"optional and never", "# METADATA\n# scope: package\n# custom:\n#   optional: true\n#   excepted: never\npackage acme.x\n\ndeny contains \"a\"", `rule acme.x is optional and never excepted`},
		{"cause that is no code", "# METADATA\n# scope: package\n# custom:\n#   cause: Drift\npackage acme.x\n\ndeny contains \"a\"", `custom.cause of rule acme.x is "Drift", want the code of the rule that leads`},
		{"problem of many words", "# METADATA\n# scope: package\n# custom:\n#   problem: one two three four five six seven\npackage acme.x\n\ndeny contains \"a\"", `custom.problem of rule acme.x is "one two three four five six seven", want what is wrong, in at most 6 words`},
		{"subject that is none", "# METADATA\n# scope: package\n# custom:\n#   subject: repo\npackage acme.x\n\ndeny contains \"a\"", `custom.subject of rule acme.x is "repo", want artifact, repository or exceptions`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := policy.New(context.Background(), []ruleset.Source{owner("a.rego", tt.text)})
			var fault *ruleset.Error
			if !errors.As(err, &fault) || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v\nwant a PolicyError with %q", err, tt.want)
			}
		})
	}
}

// A message may hold what is always there, what a condition asks for, and what
// has a default.
func TestCertainMessagesAreAllowed(t *testing.T) {
	for _, text := range []string{
		"deny contains sprintf(\"%v\", [input.artifact.path])",
		"deny contains sprintf(\"%v\", [input.artifact.sha256]) if input.artifact.sha256 != \"a\"",
		"deny contains sprintf(\"%v\", [input.ledger.path]) if input.ledger.state == \"invalid\"\n\nwarn contains sprintf(\"%v\", [object.get(input, [\"test\", \"mode\"], \"none\")])",
		"deny contains msg if {\n\tsha := input.artifact.sha256\n\tsha != \"a\"\n\tmsg := sprintf(\"%v\", [sha])\n}",
		"deny contains msg if {\n\tsome i in input.manifest.inputs\n\ti.state == \"differs\"\n\tmsg := i.path\n}",
		"deny contains sprintf(\"%v\", [count([p | some p in input.ledger.problems])])",
	} {
		_, err := policy.New(context.Background(), []ruleset.Source{owner("a.rego", "package acme.x\n\n"+text)})
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestHints(t *testing.T) {
	_, err := policy.New(context.Background(), []ruleset.Source{owner("a.rego", "package acme.x\n\ndeny contains \"a\" if input.artifact.sha265 == \"b\"")})
	var fault *ruleset.Error
	if !errors.As(err, &fault) || !strings.HasPrefix(fault.Next, "did you mean sha256?") || fault.Line != 3 || fault.Column != 22 || fault.File != "a.rego" {
		t.Errorf("got %#v", fault)
	}
}

func TestNoRulesAreNoPass(t *testing.T) {
	good := owner("a.rego", "package acme.x\n\ndeny contains \"a\" if false")
	tests := map[string][]ruleset.Source{
		"no source":              nil,
		"an empty source":        {{Name: "base"}},
		"an empty source beside": {good, {Name: "other"}},
		"only tests":             {good, owner("a_test.rego", "package acme.y_test\n\ntest_x if true")},
		"only helpers":           {good, owner("lib.rego", "package acme.lib.y\n\nx := 1")},
		"only an empty standard": {{Name: "embedded", Standard: true}},
	}
	for name, sources := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := policy.New(context.Background(), sources)
			var fault *ruleset.Error
			if !errors.As(err, &fault) || !strings.Contains(err.Error(), "no rule in") {
				t.Fatalf("got %v, want no rule in …", err)
			}
		})
	}
}

func TestFaultyAnswersAreRefused(t *testing.T) {
	tests := []struct{ name, answer, want string }{
		{"number", `42`, "a.rego:3:1: rule acme.x: deny holds 42 (number), want a message"},
		{"empty string", `""`, `deny holds "" (string), want a message that says something`},
		{"blank string", `"  "`, "want a message that says something"},
		{"boolean", `true`, "deny holds true (boolean)"},
		{"null", `null`, "deny holds null (null)"},
		{"array", `["a"]`, `deny holds ["a"] (array)`},
		{"empty object", `{}`, "want a message that says something"},
		{"empty msg", `{"msg": ""}`, "want a message that says something"},
		{"msg that is no string", `{"msg": 1}`, `deny has 1 (number) as "msg", want a string`},
		{"no msg", `{"file": "a"}`, "want a message that says something"},
		{"empty fix", `{"msg": "a", "fix": " "}`, `deny has " " as "fix", want the next step or no fix`},
		{"fix that is no text", `{"msg": "a", "fix": 1}`, `deny has 1 (number) as "fix", want a string`},
		{"unknown key", `{"msg": "a", "details": {}}`, `deny holds an object with the key "details" (string), want only column, count, file, fix, insert, line, msg, pointer, statement, term`},
		{"key that is no string", `{"msg": "a", 1: 2}`, "with the key 1 (number)"},
		{"negative line", `{"msg": "a", "line": -1}`, `deny has -1 (number) as "line", want a whole number from 1`},
		{"line nought", `{"msg": "a", "line": 0}`, "want a whole number from 1"},
		{"half a line", `{"msg": "a", "line": 1.5}`, "want a whole number from 1"},
		{"line as text", `{"msg": "a", "line": "1"}`, "want a whole number from 1"},
		{"huge line", `{"msg": "a", "line": 99999999999999999999}`, "want a whole number from 1"},
		{"pointer and line", `{"msg": "a", "line": 1, "pointer": "/a"}`, "has both a pointer and a line"},
		{"two lines to insert", `{"msg": "a", "line": 1, "insert": "b\nc"}`, `as "insert", want one line`},
		{"nothing to insert", `{"msg": "a", "line": 1, "insert": " "}`, `as "insert", want one line`},
		{"a line to insert nowhere", `{"msg": "a", "insert": "b"}`, "has a line to insert and no line to insert it before"},
		{"column alone", `{"msg": "a", "column": 1}`, "has a column without a line"},
		{"no pointer", `{"msg": "a", "pointer": "a"}`, `has "a" as "pointer", want one of RFC 6901`},
		{"no number", `{"msg": "3 things", "count": "3"}`, `has "3" (string) as "count", want a whole number from 1`},
		{"another number", `{"msg": "3 things", "count": 30}`, `has 30 as "count", want the number with which the message begins`},
		{"count of another subject", `{"msg": "3 things", "count": 3}`, `has a "count", which is for rules about exceptions`},
		{"bad escape", `{"msg": "a", "pointer": "/a~2"}`, "want one of RFC 6901"},
		{"empty file", `{"msg": "a", "file": ""}`, `has "" as "file"`},
		{"empty statement", `{"msg": "a", "statement": ""}`, `has "" as "statement"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := rules(t, "a.rego", "package acme.x\n\ndeny contains "+tt.answer)
			d, err := e.Decide(context.Background(), change("a.bin"), policy.Options{})
			var fault *ruleset.Error
			if !errors.As(err, &fault) || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v and %d findings\nwant a PolicyError with %q", err, len(d.Findings), tt.want)
			}
			if fault.Next == "" {
				t.Error("no hint")
			}
		})
	}
}

func TestOneRuleDoesNotSilenceAnother(t *testing.T) {
	e := rules(t,
		"a.rego", "package acme.a\n\ndeny contains \"z denies\"",
		"b.rego", "package acme.b\n\ndeny contains \"b denies\" if input.artifact.path == \"other\"",
		"c.rego", "package acme.c\n\nwarn contains \"c warns\"",
		"main.rego", "package main\n\ndeny contains \"main denies\"",
	)
	d := decide(t, e, change("a.bin"), policy.Options{})
	if got, want := messages(d), "deny acme.a z denies\ndeny main main denies\nwarn acme.c c warns"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if d.Rules != 4 || d.Answers != 4 || d.Artifacts[0].Level != artifact.NonCompliant {
		t.Errorf("got %+v", d)
	}
}

// The owner's helper must not be joined with a standard one of the same name.
func TestPackagesStayApart(t *testing.T) {
	tests := []struct {
		name  string
		files []string
		want  string
	}{
		{"twice", []string{"a.rego", "package acme.x\n\ndeny contains \"a\" if not _ok\n\n_ok if false", "b.rego", "package acme.x\n\n_ok if true"},
			"b.rego:1:1: package acme.x is declared in a.rego already"},
		{"from above", []string{"a.rego", "package acme.x\n\ndeny contains \"a\" if not _ok\n\n_ok if false", "b.rego", "package acme\n\nx._ok if true\n\ndeny contains \"b\" if false"},
			"b.rego:3:1: rule x reaches into package acme.x of a.rego"},
		{"same code", []string{"a.rego", "package codexlock.acme.x\n\ndeny contains \"a\"", "b.rego", "package acme.x\n\ndeny contains \"b\""},
			"rule acme.x is in a.rego already"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := policy.New(context.Background(), []ruleset.Source{owner(tt.files...)})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
		})
	}
}

const standardRule = `# METADATA
# scope: package
# title: Hash is locked
# description: The hash must be the recorded one.
# custom:
#   requirement: ZT-3.1
#   severity: deny
#   fix: codexlock attest {artifact}
package codexlock.lock.drift

import data.codexlock.lib.text

deny contains sprintf("standard %s", [text.short]) if not _ok

_ok if input.checks.ledger == "match"
`

func standard() ruleset.Source {
	return ruleset.Source{Name: "embedded", Standard: true, Modules: []ruleset.Module{
		{Name: "lock/drift/drift.rego", Text: []byte(standardRule)},
		{Name: "lib/text/text.rego", Text: []byte("package codexlock.lib.text\n\nshort := \"s\"\n")},
		{Name: "lock/drift/drift_test.rego", Text: []byte("not even Rego")},
	}}
}

func TestReplacedStandardRule(t *testing.T) {
	own := owner("policies/drift.rego", "package codexlock.lock.drift\n\ndeny contains \"ours\"")
	e, err := policy.New(context.Background(), []ruleset.Source{standard(), own})
	if err != nil {
		t.Fatal(err)
	}
	d := decide(t, e, change("a.bin"), policy.Options{})
	if got, want := messages(d), "deny lock.drift ours"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := e.Rules()[0].Source, "policies/drift.rego (in place of the embedded rule)"; got != want {
		t.Errorf("source is %q, want %q", got, want)
	}
	if got, want := d.Source, "base"; got != want {
		t.Errorf("the decision's source is %q, want %q", got, want)
	}
}

func TestStandardHelperCannotBeReplaced(t *testing.T) {
	own := owner("a.rego", "package codexlock.lib.text\n\nshort := \"t\"", "b.rego", "package acme.x\n\ndeny contains \"a\" if false")
	_, err := policy.New(context.Background(), []ruleset.Source{standard(), own})
	if err == nil || !strings.Contains(err.Error(), "replaces a helper package of the standard") {
		t.Fatalf("got %v", err)
	}
}

// A repository that carries the standard, or a part of it, has what is embedded.
func TestCopiesOfTheStandardAreTheStandard(t *testing.T) {
	own := standard()
	own.Name, own.Standard = "base", false
	e, err := policy.New(context.Background(), []ruleset.Source{standard(), own})
	if err != nil {
		t.Fatal(err)
	}
	if got := e.Rules(); len(got) != 1 || got[0].Source != "embedded" {
		t.Errorf("got %+v", got)
	}
	own.Modules[1].Text = append(own.Modules[1].Text, '\n')
	if _, err := policy.New(context.Background(), []ruleset.Source{standard(), own}); err == nil {
		t.Error("a helper of the standard that says something else is taken")
	}
	own.Modules = own.Modules[1:]
	own.Modules[0] = standard().Modules[1]
	if _, err := policy.New(context.Background(), []ruleset.Source{standard(), own}); err == nil || !strings.Contains(err.Error(), "no rule in source") {
		t.Errorf("only a copy of a helper: got %v", err)
	}
}

func TestStandardRulesAreDescribed(t *testing.T) {
	for _, line := range []string{
		"# title: Hash is locked\n", "# description: The hash must be the recorded one.\n", "#   requirement: ZT-3.1\n",
		"#   severity: deny\n", "#   fix: codexlock attest {artifact}\n",
	} {
		s := standard()
		s.Modules[0].Text = []byte(strings.Replace(standardRule, line, "", 1))
		if _, err := policy.New(context.Background(), []ruleset.Source{s}); err == nil {
			t.Errorf("compiled without %q", line)
		}
	}
	s := standard()
	s.Modules[0].Text = []byte(strings.Replace(standardRule, "ZT-3.1", "ZT-x", 1))
	if _, err := policy.New(context.Background(), []ruleset.Source{s}); err == nil || !strings.Contains(err.Error(), `is "ZT-x"`) {
		t.Errorf("got %v", err)
	}
	e, err := policy.New(context.Background(), []ruleset.Source{standard()})
	if err != nil {
		t.Fatal(err)
	}
	want := decision.Rule{
		Code: "lock.drift", Requirement: "ZT-3.1", Severity: decision.Deny, Title: "Hash is locked",
		Description: "The hash must be the recorded one.", Fix: "codexlock attest {artifact}", Subject: "artifact",
		Level: artifact.NonCompliant, Source: "embedded",
	}
	if got := e.Rules(); len(got) != 1 || got[0] != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestDigestIsOverEveryModule(t *testing.T) {
	of := func(files ...string) string {
		return decide(t, rules(t, files...), change("a.bin"), policy.Options{}).Digest
	}
	const a, b = "package acme.a\n\ndeny contains \"a\" if false", "package acme.b\n\ndeny contains \"b\" if false"
	one := of("a.rego", a, "b.rego", b)
	if !strings.HasPrefix(one, "sha256:") || len(one) != len("sha256:")+64 {
		t.Errorf("digest is %q", one)
	}
	if other := of("b.rego", b, "a.rego", a); other != one {
		t.Error("the order of the modules changes the digest")
	}
	seen := map[string]bool{one: true}
	for _, other := range []string{of("a.rego", a), of("c.rego", a, "b.rego", b), of("a.rego", a+"\n", "b.rego", b)} {
		if seen[other] {
			t.Error("different modules have one digest")
		}
		seen[other] = true
	}
}

// ours are the facts of the test that attest writes.
func ours() *facts.Script {
	f := artifacttest.Ours(artifacttest.Long)
	return &f
}

// nothing is a content in which nothing was found.
func nothing() *facts.Content {
	f := content.NoFindings()
	return &f
}
