package ruleset_test

import (
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/ruleset"
	"github.com/codexlock/codexlock/policies"
)

const described = `# METADATA
# scope: package
# title: A title
# description: A description.
# custom:
#   requirement: ACME-7
#   severity: deny
#   fix: do it
package acme.x

`

// embedded returns the rules that the program carries.
func embedded(t *testing.T) ruleset.Source {
	t.Helper()
	s, err := ruleset.Embedded(policies.FS)
	if err != nil || len(s.Modules) == 0 {
		t.Fatalf("%d embedded modules, %v", len(s.Modules), err)
	}
	return s
}

// owner returns an owner's modules, given as file name and text in turn.
func owner(files ...string) ruleset.Source {
	s := ruleset.Source{Name: "base"}
	for i := 0; i < len(files); i += 2 {
		s.Modules = append(s.Modules, ruleset.Module{Name: files[i], Text: []byte(files[i+1])})
	}
	return s
}

func check(t *testing.T, sources ...ruleset.Source) []string {
	t.Helper()
	faults, err := ruleset.Check(sources)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, f := range faults {
		lines = append(lines, f.Error())
		if f.Next == "" {
			t.Errorf("no hint: %v", f)
		}
	}
	return lines
}

func TestCheckFindsWhatIsWrong(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"nothing", "deny contains \"a\" if input.artifact.path == \"b\"", ""},
		{"a message from facts", "deny contains sprintf(\"%v\", [input.artifact.path])", ""},
		{"an object", "deny contains {\"msg\": msg, \"file\": input.artifact.path, \"line\": n} if {\n\tmsg := input.artifact.path\n\tn := count(msg)\n}", ""},
		{"a template", "deny contains $\"is {input.artifact.path}\"", ""},
		{"a number", "deny contains 42", "a.rego:11:1: rule acme.x: deny holds 42 (number), want a message or an object with one"},
		{"nothing in it", "deny contains \"\"", "a.rego:11:1: rule acme.x: deny holds \"\" (string), want a message that says something"},
		{"a list", "deny contains [input.artifact.path]", "deny holds [input.artifact.path] (array)"},
		{"another key", "deny contains {\"message\": input.artifact.path}", "deny holds an object with the key \"message\" (string)"},
		{"no msg", "deny contains {\"file\": input.artifact.path}", "want a message that says something"},
		{"a blank msg", "deny contains {\"msg\": \" \", \"file\": input.artifact.path}", "want a message that says something"},
		{"a fact that is no text", "deny contains n if n := count(input.artifact.path)", "a.rego:11:1: rule acme.x: deny holds number, want a message or an object with one"},
		{"msg that is no text", "deny contains {\"msg\": n} if n := count(input.artifact.path)", "deny holds object<msg: number>, want a message or an object with one"},
		{"a network", "deny contains \"a\" if http.send({\"method\": \"get\", \"url\": \"http://127.0.0.1\"})", "a.rego:11:22: built-in http.send is not allowed in rules"},
		{"two misspelt facts", "deny contains \"a\" if {\n\tinput.artifact.sha265 == \"b\"\n\tinput.artifact.pth == \"b\"\n}",
			"a.rego:12:2: undefined ref: input.artifact.sha265\na.rego:13:2: undefined ref: input.artifact.pth"},
		{"two kinds of fault", "deny contains \"a\" if {\n\tinput.checks.ledger == \"difers\"\n}\n\nwran contains \"b\"",
			"a.rego:12:25: input.checks.ledger is never \"difers\", it is one of match, differs, absent\na.rego:15:1: rule wran is read by nothing: only deny and warn are asked"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := strings.Join(check(t, owner("a.rego", described+tt.text)), "\n")
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) || strings.Count(got, "\n") != strings.Count(tt.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestCheckWantsMetadata(t *testing.T) {
	const rule = "deny contains \"a\" if input.artifact.path == \"b\""
	got := check(t, owner("a.rego", "package acme.x\n\n"+rule))
	if len(got) != 1 || got[0] != "a.rego:1:1: package acme.x has no METADATA of scope package" {
		t.Errorf("got %q", got)
	}
	for _, line := range strings.Split(strings.TrimSpace(described), "\n")[2:8] {
		name := strings.Trim(strings.SplitN(line, ":", 2)[0], "# ")
		text := strings.Replace(described, line+"\n", "", 1)
		if name == "custom" {
			text, name = strings.ReplaceAll(described, "#   ", "# x-"), "fix"
		}
		if got := check(t, owner("a.rego", text+rule)); len(got) != 1 || !strings.Contains(got[0], name) {
			t.Errorf("without %q: got %q", line, got)
		}
	}
}

// Every faulty module is named, and a fault of one hides none of another.
func TestCheckGoesThroughEveryModule(t *testing.T) {
	got := check(t, owner(
		"a.rego", "package acme.a\n\ndenny contains \"a\"",
		"b.rego", strings.Replace(described, "acme.x", "acme.b", 1)+"deny contains \"a\" if input.artifact.sha265 == \"b\"",
		"c.rego", strings.Replace(described, "acme.x", "acme.c", 1)+"deny := \"a\"",
	))
	want := []string{"a.rego:1:1: package acme.a defines neither", "a.rego:1:1: package acme.a has no METADATA", "b.rego:11:22: undefined ref", "c.rego:11:1: deny is a single value"}
	if len(got) != len(want) {
		t.Fatalf("got %q", got)
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("got %q, want %q", got[i], want[i])
		}
	}
	if got := check(t, owner("a.rego", "package acme.a\n\ndeny contains {", "b.rego", "package acme.b\n\ndeny contains [")); len(got) < 2 {
		t.Errorf("got %q, want a fault of each", got)
	}
}

func TestCheckCompilesTests(t *testing.T) {
	rule := described + "deny contains \"a\" if input.artifact.path == \"b\""
	const test = "package acme.x_test\n\nimport data.acme.x\n\ntest_found if x.deny == {\"a\"} with input.artifact.path as \"b\"\n"
	if got := check(t, embedded(t), owner("a.rego", rule, "a_test.rego", test)); len(got) > 0 {
		t.Errorf("got %q", got)
	}
	for _, broken := range []string{"test_x if {\n", "test_x if opa.runtime().env\n", "test_x if unknown(1)\n"} {
		if got := check(t, embedded(t), owner("a.rego", rule, "a_test.rego", test+broken)); len(got) != 1 || !strings.HasPrefix(got[0], "a_test.rego:") {
			t.Errorf("%q: got %q", broken, got)
		}
	}
}

func TestCheckFindsNothingInTheStandard(t *testing.T) {
	if got := check(t, embedded(t)); len(got) > 0 {
		t.Errorf("got %q", got)
	}
	if got := check(t, embedded(t), ruleset.Source{Name: "base"}); len(got) != 1 || !strings.Contains(got[0], "no rule in source") {
		t.Errorf("got %q", got)
	}
}
