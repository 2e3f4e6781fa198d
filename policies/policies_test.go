package policies_test

import (
	"context"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/ruleset"
	"github.com/codexlock/codexlock/internal/workbench"
	"github.com/codexlock/codexlock/policies"
)

// metadata is what a rule's package says of itself.
type metadata struct {
	Scope       string              `yaml:"scope"`
	Title       string              `yaml:"title"`
	Description string              `yaml:"description"`
	Schemas     []map[string]string `yaml:"schemas"`
	Custom      map[string]string   `yaml:"custom"`
}

// rules are the codes of all rules, by their folders.
func rules(t *testing.T) []string {
	t.Helper()
	folders, err := fs.Glob(os.DirFS("."), "*/*")
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, f := range folders {
		if info, err := os.Stat(f); err == nil && info.IsDir() && path.Dir(f) != "lib" {
			codes = append(codes, strings.ReplaceAll(f, "/", "."))
		}
	}
	if len(codes) < 25 {
		t.Fatalf("%d rules found, want all of them", len(codes))
	}
	return codes
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

// TestEveryRuleIsWhole: a rule, its test and its page stand in one folder, and
// the first two are in what is embedded.
func TestEveryRuleIsWhole(t *testing.T) {
	for _, code := range rules(t) {
		area, name, _ := strings.Cut(code, ".")
		dir := area + "/" + name + "/"
		for _, file := range []string{name + ".rego", name + "_test.rego"} {
			if _, err := fs.Stat(policies.FS, dir+file); err != nil {
				t.Error(err)
			}
		}
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != 3 {
			t.Errorf("%s holds %d files, want the rule, its test and README.md: %v", dir, len(entries), err)
		}
		rule, test := read(t, dir+name+".rego"), read(t, dir+name+"_test.rego")
		if !strings.Contains(rule, "\npackage codexlock."+code+"\n") {
			t.Errorf("%s is not package codexlock.%s", dir, code)
		}
		for _, kind := range []string{"_passes if", "_found if", "_missing_facts_are_found if"} {
			if !regexp.MustCompile(`(?m)^test_[a-z0-9_]*` + kind).MatchString(test) {
				t.Errorf("%s has no test whose name ends in %q", dir, strings.TrimSuffix(kind, " if"))
			}
		}
	}
}

func TestMetadataIsComplete(t *testing.T) {
	requirement := regexp.MustCompile(`^(ZT-\d+(\.\d+)?|P\d)$`)
	for _, code := range rules(t) {
		_, name, _ := strings.Cut(code, ".")
		text := read(t, strings.ReplaceAll(code, ".", "/")+"/"+name+".rego")
		notes, _, ok := strings.Cut(text, "\npackage ")
		notes, begins := strings.CutPrefix(notes, "# METADATA\n")
		if !ok || !begins {
			t.Errorf("%s does not begin with METADATA", code)
			continue
		}
		var m metadata
		if err := yaml.Unmarshal([]byte(regexp.MustCompile(`(?m)^# ?`).ReplaceAllString(notes, "")), &m); err != nil {
			t.Errorf("%s: %v", code, err)
			continue
		}
		severity := "warn"
		if strings.Contains(text, "\ndeny contains ") {
			severity = "deny"
		}
		level := ""
		if code == "vaulttime.missing" || code == "vaulttime.expired" {
			level = "tier-1" // ZT-13 knows only these two
		}
		switch {
		case m.Scope != "package" || m.Title == "" || m.Description == "":
			t.Errorf("%s: scope %q, title %q, description %q, want package and two texts", code, m.Scope, m.Title, m.Description)
		case len(m.Schemas) != 1 || m.Schemas[0]["input"] != "schema.facts":
			t.Errorf("%s: schemas %v, want input: schema.facts", code, m.Schemas)
		case !requirement.MatchString(m.Custom["requirement"]) || m.Custom["fix"] == "" || m.Custom["problem"] == "":
			t.Errorf("%s: requirement %q, fix %q, problem %q, want each", code, m.Custom["requirement"], m.Custom["fix"], m.Custom["problem"])
		case m.Custom["severity"] != severity:
			t.Errorf("%s: severity %q, and the worst it says is %s", code, m.Custom["severity"], severity)
		case m.Custom["level"] != level:
			t.Errorf("%s: level %q, want %q", code, m.Custom["level"], level)
		case (m.Custom["subject"] == "repository") != strings.Contains(text, "input.repository."),
			(m.Custom["subject"] == "exceptions") != strings.Contains(text, "input.exceptions."):
			t.Errorf("%s: subject %q, and it reads the other one", code, m.Custom["subject"])
		}
		for key := range m.Custom {
			if !slices.Contains([]string{"requirement", "severity", "fix", "subject", "level", "kind", "cause", "excepted", "optional", "problem", "line", "excerpt"}, key) {
				t.Errorf("%s: METADATA custom.%s is unknown", code, key)
			}
		}
	}
}

// TestTheRulesAreDocumented: docs/rules.md and the table in README.md are what the
// rules say of themselves.
func TestTheRulesAreDocumented(t *testing.T) {
	embedded, err := ruleset.Embedded(policies.FS)
	if err != nil {
		t.Fatal(err)
	}
	embedded.Name = "policies"
	engine, err := policy.New(context.Background(), []ruleset.Source{embedded})
	if err != nil {
		t.Fatal(err)
	}
	rules := workbench.Document(engine.Rules(), []string{"policies"}, func(string) bool { return true })
	page, err := workbench.RulesPage(rules, "docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	list := read(t, "README.md")
	table, ok, err := workbench.Table(list, rules, "policies/README.md")
	if err != nil || !ok {
		t.Fatalf("README.md has no place for the table, %v", err)
	}
	if read(t, "../docs/rules.md") != page || list != table {
		t.Error("docs/rules.md or the table in policies/README.md is not what the rules say; from the repository's root: go run ./cmd/codexlock policy docs")
	}
}

// areas are the rules that there have to be, by area.
var areas = map[string]string{
	"lock":      "missing schema entry_missing drift tolerance duplicate orphan unsafe_path verified_at",
	"manifest":  "missing schema hash provenance inputs",
	"vaulttime": "missing schema hash signature unverifiable expired future ttl domain unbound proof rollback",
	"test":      "missing not_executable verifies failed",
	"script":    "syntax shebang strict_mode posix usage shellcheck config_source privilege network idempotence",
	"content":   "placeholder secret",
	"layout":    "immutable consumed irregular collision companions",
	"chain":     "broken signature domain",
	"trust":     "unknown_domain paths shared_key weak_key rotation_due",
	"audit":     "rewritten signature",
	"gate":      "self_change script",
	"use":       "unverified unverified_build unverified_data weakened unread",
}

// TestEveryRequirementIsMet: a rule's requirement is one of the standard, whose row
// leads to the rule; and each requirement is named by a rule, or has a section that
// says how it is met without one.
func TestEveryRequirementIsMet(t *testing.T) {
	embedded, err := ruleset.Embedded(policies.FS)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := policy.New(context.Background(), []ruleset.Source{embedded})
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^\| ((?:ZT-|P)[\d.]+) \| .* \| (.*) \|$`).FindAllStringSubmatch(read(t, "../docs/standards/PROMETHEUS_ZERO_TRUST_STANDARD.md"), -1) {
		rows[m[1]] = m[2]
	}
	if len(rows) < 50 {
		t.Fatalf("the standard has %d rows", len(rows))
	}
	named, codes := map[string]bool{}, map[string]bool{}
	for _, r := range engine.Rules() {
		named[r.Requirement], codes[r.Code] = true, true
		if !strings.Contains(rows[r.Requirement], "["+r.Code+"](") {
			t.Errorf("%s is for %s, whose row in the standard does not lead to it", r.Code, r.Requirement)
		}
	}
	for area, names := range areas {
		for _, name := range strings.Fields(names) {
			if !codes[area+"."+name] {
				t.Errorf("there is no rule %s.%s", area, name)
			}
		}
	}
	otherwise := read(t, "../docs/standards/met-otherwise.md")
	for id, row := range rows {
		section := regexp.MustCompile(`(?m)^## ` + regexp.QuoteMeta(id) + `\n(.+)$`).FindStringSubmatch(otherwise)
		switch {
		case !named[id] && (section == nil || len(section[1]) < 80):
			t.Errorf("no rule names %s, and docs/standards/met-otherwise.md does not say how it is met", id)
		case named[id] && section != nil:
			t.Errorf("%s is named by a rule, and docs/standards/met-otherwise.md says that it is not", id)
		case strings.Contains(row, "Not enforced"):
			t.Errorf("%s is not enforced", id)
		}
	}
	for _, m := range regexp.MustCompile(`\]\((\.\./[^)#]+)`).FindAllStringSubmatch(otherwise, -1) {
		if _, err := os.Stat("../docs/standards/" + m[1]); err != nil {
			t.Errorf("docs/standards/met-otherwise.md leads to what is not there: %v", err)
		}
	}
}

// TestEveryRuleHasAPage: the page says what fails, what is printed and what
// passes, and the list of rules leads to it.
func TestEveryRuleHasAPage(t *testing.T) {
	list := read(t, "README.md")
	codes := rules(t)
	for _, code := range codes {
		dir := strings.ReplaceAll(code, ".", "/")
		page := read(t, dir+"/README.md")
		at := 0
		for _, part := range []string{
			"# " + code + "\n", "\nRequirement: ", "\n## Fails\n", "```sh\n", "\n## Prints\n", "<!-- prints:begin -->\n",
			"[" + code + "]\n", "      hint: ", "<!-- prints:end -->\n", "\n## Passes\n", "```sh\n",
		} {
			next := strings.Index(page[at:], part)
			if next < 0 {
				t.Errorf("%s/README.md: want %q after %d bytes", dir, part, at)
				break
			}
			at += next + 1
		}
		if !strings.Contains(list, "| ["+code+"]("+dir+"/README.md) | ") {
			t.Errorf("README.md does not list %s", code)
		}
	}
	if n := strings.Count(list, "\n| ["); n != len(codes) {
		t.Errorf("README.md lists %d rules, there are %d", n, len(codes))
	}
}
