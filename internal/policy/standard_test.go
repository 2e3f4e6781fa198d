package policy_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/ruleset"
	"github.com/open-policy-agent/opa/v1/ast"
)

func standardEngine(t testing.TB) *policy.Engine {
	t.Helper()
	e, err := policy.New(context.Background(), []ruleset.Source{embedded(t)})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestStandardPassesWhatIsValid(t *testing.T) {
	d := decide(t, standardEngine(t), change("assets/a.bin"), policy.Options{})
	if len(d.Findings) > 0 || d.Answers != d.Rules || d.Rules == 0 {
		t.Errorf("%d rules, %d answers, findings:\n%s", d.Rules, d.Answers, messages(d))
	}
}

// mayBeAbsent are facts without which an artifact can be in order, and why.
var mayBeAbsent = map[string]string{
	"Artifact.Change":      "only tells a record that never was from one that was taken away",
	"Artifact.Critical":    "a path that is not said to be none is critical",
	"Artifact.Proof":       "bytes that are not said to be a pointer's are looked through",
	"EffectiveTime":        "time is compared in Go; rules read checks.time",
	"Settings":             "a default that asks for less is a setting too",
	"Base":                 "the artifact may be new; what is compared with the base is in checks",
	"Ledger.Document":      "the form of the ledger is judged once, with the change",
	"Ledger.Entries":       "only says where the others are; ledger.listed says whether there are any",
	"Manifest.Inputs":      "manifest.told says that there is a list, checks.inputs what holds of it",
	"Manifest.Outputs":     "manifest.told says that there is a list, checks.outputs what holds of it",
	"Ledger.Entry.Pointer": "only says where a finding is",
	"VaultTime.Timestamp":  "only says what a finding is about; Go compares it, and rules read checks.rollback and checks.time",
	"Domain":               "its name is in the record; what is compared with it is in checks",
}

// Whatever one fact of a valid artifact turns into nothing, some rule that reads
// it says so: no rule takes silence for a pass. Facts that no rule reads yet
// cannot be missed.
func TestEveryFactThatIsReadIsMissed(t *testing.T) {
	e := standardEngine(t)
	read := factsThatAreRead(t)
	n := 0
	each(reflect.ValueOf(validInput("assets/a.bin")), "", func(path []int, name, key string) {
		for exempt := range mayBeAbsent {
			if name == exempt || strings.HasPrefix(name, exempt+".") {
				return
			}
		}
		if !read[key] {
			return
		}
		c := change("assets/a.bin")
		at(reflect.ValueOf(&c.artifacts[0]).Elem(), path).SetZero()
		d, err := e.Decide(context.Background(), c, policy.Options{Now: now})
		if err == nil && len(d.Findings) == 0 {
			t.Errorf("%s is absent and nobody misses it", name)
		}
		n++
	})
	if n < 5 {
		t.Fatalf("only %d facts were taken away", n)
	}
}

// The same of what the rules about the change decide for every artifact.
func TestTheLedgersStateIsMissed(t *testing.T) {
	c := change("assets/a.bin")
	c.whole.Repository.Ledger.State = ""
	d := decide(t, standardEngine(t), c, policy.Options{})
	if len(d.Findings) == 0 || d.Artifacts[0].Level != artifact.NonCompliant {
		t.Errorf("nobody misses it: %+v", d)
	}
}

// factsThatAreRead are the paths below input, such as checks.ledger, that the
// embedded rules read directly.
func factsThatAreRead(t *testing.T) map[string]bool {
	read := map[string]bool{}
	for _, m := range embedded(t).Modules {
		if strings.HasSuffix(m.Name, "_test.rego") {
			continue
		}
		parsed, err := ast.ParseModule(m.Name, string(m.Text))
		if err != nil {
			t.Fatal(err)
		}
		ast.WalkRefs(parsed, func(ref ast.Ref) bool {
			if ref.HasPrefix(ast.InputRootRef) {
				read[strings.TrimPrefix(ref.GroundPrefix().String(), "input.")] = true
			}
			return false
		})
	}
	if len(read) == 0 {
		t.Fatal("no rule reads anything")
	}
	return read
}

// each visits the fields of an input: the way there, its name in Go, its name in Rego.
func each(v reflect.Value, key string, visit func(path []int, name, key string)) {
	var walk func(v reflect.Value, path []int, name, key string)
	walk = func(v reflect.Value, path []int, name, key string) {
		if v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		if v.Kind() != reflect.Struct {
			return
		}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			here := append(slices.Clone(path), i)
			fieldName, fieldKey := strings.TrimPrefix(name+"."+f.Name, "."), strings.TrimPrefix(key+"."+tag, ".")
			if f.Anonymous {
				fieldKey = key
			} else if !v.Field(i).IsZero() {
				visit(here, fieldName, fieldKey)
			}
			walk(v.Field(i), here, fieldName, fieldKey)
		}
	}
	walk(v, nil, "", key)
}

func at(v reflect.Value, path []int) reflect.Value {
	for _, i := range path {
		if v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		v = v.Field(i)
	}
	return v
}

// A comparison that is not made is not a pass: of every check, "absent" is found.
func TestEveryCheckThatIsReadIsMissedWhenAbsent(t *testing.T) {
	e := standardEngine(t)
	read := factsThatAreRead(t)
	n := 0
	checks := reflect.TypeFor[facts.Checks]()
	for i := range checks.NumField() {
		key := "checks." + checks.Field(i).Tag.Get("json")
		if !read[key] {
			continue
		}
		for _, value := range []string{"", "nonsense"} {
			c := change("assets/a.bin")
			reflect.ValueOf(c.artifacts[0].Checks).Elem().Field(i).SetString(value)
			d, err := e.Decide(context.Background(), c, policy.Options{Now: now})
			if err == nil && len(d.Findings) == 0 {
				t.Errorf("%s is %q and nobody minds", key, value)
			}
		}
		n++
	}
	if n == 0 {
		t.Fatal("no check was tried")
	}
}

// What an evaluation allocates grows with the rules, never with the artifacts
// before it.
func TestAllocationsOfADecisionAreLinear(t *testing.T) {
	e := standardEngine(t)
	of := func(n int) float64 {
		var paths []string
		for i := range n {
			paths = append(paths, fmt.Sprintf("assets/%d.bin", i))
		}
		c := change(paths...)
		return testing.AllocsPerRun(3, func() { decide(t, e, c, policy.Options{Workers: 1}) })
	}
	few, many := of(20), of(200)
	if perArtifact := (many - few) / 180; perArtifact > 1.1*few/20 {
		t.Errorf("%.0f allocations an artifact among 200, %.0f among 20", perArtifact, few/20)
	}
}

func TestConvertingFactsAllocatesLittle(t *testing.T) {
	in := validInput("assets/a.bin")
	const most = 267 // of about 100 facts in fifteen objects
	if got := testing.AllocsPerRun(20, func() {
		if _, err := policy.FactsValue(in); err != nil {
			t.Fatal(err)
		}
	}); got > most {
		t.Errorf("%.0f allocations, want at most %d", got, most)
	}
}

// Which embedded rules can be silenced is a promise of the documentation: those
// on whose findings others rely never, and only the rules of style by a setting.
func TestWhichRulesCanBeSilenced(t *testing.T) {
	never := func(code string) bool {
		return strings.HasSuffix(code, ".schema") || strings.HasPrefix(code, "layout.") || strings.HasPrefix(code, "gate.") ||
			code == "script.syntax" || code == "lock.missing"
	}
	optional := []string{"content.placeholder", "script.config_source", "script.idempotence", "script.posix", "script.shellcheck", "script.usage", "use.unverified_build", "use.unverified_data"}
	found := 0
	for _, r := range standardEngine(t).Rules() {
		if never(r.Code) != (r.Excepted == "never") {
			t.Errorf("%s: excepted is %q", r.Code, r.Excepted)
		}
		if slices.Contains(optional, r.Code) != r.Optional {
			t.Errorf("%s: optional is %v", r.Code, r.Optional)
		}
		if r.Optional {
			found++
		}
	}
	if found < 6 {
		t.Errorf("%d rules are optional, want at least 6", found)
	}
}

// An owner's rule is optional unless it says otherwise; one that replaces an
// embedded rule is not, whatever that one was.
func TestOwnersRulesAreOptional(t *testing.T) {
	meta := func(lines string) string {
		return "# METADATA\n# scope: package\n# custom:\n" + lines + "package acme.x\n\ndeny contains \"a\"\n"
	}
	for name, tt := range map[string]struct {
		text     string
		excepted string
		optional bool
	}{
		"no METADATA":     {"package acme.x\n\ndeny contains \"a\"\n", "", true},
		"nothing said":    {meta("#   requirement: ACME-1\n"), "", true},
		"not optional":    {meta("#   optional: false\n"), "", false},
		"excepted never":  {meta("#   excepted: never\n"), "never", false},
		"older spelling":  {meta("#   exceptions: refused\n"), "never", false},
		"replaces":        {"package codexlock.script.posix\n\ndeny contains \"a\"\n", "", false},
		"replaces, says":  {strings.Replace(meta("#   optional: true\n"), "acme.x", "codexlock.script.posix", 1), "", true},
		"said for itself": {meta("#   optional: true\n"), "", true},
	} {
		e, err := policy.New(context.Background(), []ruleset.Source{embedded(t), {Name: "own", Modules: []ruleset.Module{{Name: "x.rego", Text: []byte(tt.text)}}}})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, r := range e.Rules() {
			if strings.HasPrefix(r.Source, "x.rego") && (r.Excepted != tt.excepted || r.Optional != tt.optional) {
				t.Errorf("%s: excepted %q, optional %v", name, r.Excepted, r.Optional)
			}
		}
	}
}

// A rule that replaces an embedded one means the same to commands, unless it says
// otherwise: a replaced lock.drift must not have tests of drifted artifacts executed.
func TestReplacedRulesKeepTheirKind(t *testing.T) {
	meta := "# METADATA\n# scope: package\n# custom:\n#   kind: %s\n"
	for name, tt := range map[string]struct {
		text string
		want decision.Kind
	}{
		"no METADATA":  {"package codexlock.lock.drift\n\ndeny contains \"a\"\n", decision.KindDrift},
		"nothing said": {"# METADATA\n# scope: package\n# title: Own\npackage codexlock.lock.drift\n\ndeny contains \"a\"\n", decision.KindDrift},
		"said":         {fmt.Sprintf(meta, "record") + "package codexlock.lock.drift\n\ndeny contains \"a\"\n", decision.KindRecord},
		"of none":      {"package codexlock.script.posix\n\ndeny contains \"a\"\n", ""},
		"an owner's":   {"package acme.x\n\ndeny contains \"a\"\n", ""},
	} {
		e, err := policy.New(context.Background(), []ruleset.Source{embedded(t), {Name: "own", Modules: []ruleset.Module{{Name: "x.rego", Text: []byte(tt.text)}}}})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		found := false
		for _, r := range e.Rules() {
			if strings.HasPrefix(r.Source, "x.rego") {
				found = true
				if r.Kind != tt.want {
					t.Errorf("%s: kind %q, want %q", name, r.Kind, tt.want)
				}
			}
		}
		if !found {
			t.Errorf("%s: the rule is not there", name)
		}
	}
	_, err := policy.New(context.Background(), []ruleset.Source{embedded(t), {Name: "own", Modules: []ruleset.Module{{Name: "x.rego", Text: []byte(fmt.Sprintf(meta, "drfit") + "package acme.x\n\ndeny contains \"a\"\n")}}}})
	if err == nil || !strings.Contains(err.Error(), `custom.kind of rule acme.x is "drfit", want one of drift, `) {
		t.Errorf("a misspelt kind: %v", err)
	}
}
