package ruleset

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/lazyregexp"
	"github.com/open-policy-agent/opa/v1/ast"
)

// The subjects of rules.
const (
	SubjectArtifact   = "artifact"
	SubjectRepository = "repository"
	SubjectExceptions = "exceptions" // suppressions, after all else was judged
)

// Subjects lists the subjects.
var Subjects = []string{SubjectArtifact, SubjectRepository, SubjectExceptions}

// A Rule is a rule with its place in its module.
type Rule struct {
	decision.Rule
	File string
	Ref  ast.Ref // the package
	// sets are where the first deny and the first warn stand; absent: no such set.
	Sets map[decision.Severity]*ast.Location

	EffectiveAt time.Time // zero: always
	Standard    bool      // one of the embedded
}

// At returns the position of the first deny or warn, for error messages.
func (r *Rule) At() *ast.Location {
	for _, s := range []decision.Severity{decision.Deny, decision.Warn} {
		if l := r.Sets[s]; l != nil {
			return l
		}
	}
	return nil
}

// StandardPrefix is the part of a package's name that is not part of the rule's code.
const StandardPrefix = "codexlock."

// discover finds the rule in every package that is not a helper.
func discover(modules []*module) ([]*Rule, []*Error) {
	var rules []*Rule
	var faults []*Error
	byCode := map[string]*Rule{}
	for _, m := range modules {
		if isLib(m.path()) {
			continue
		}
		r, fault := ruleOf(m)
		if other, ok := byCode[r.Code]; ok && fault == nil {
			fault = ErrorAt(m.Package.Location, "rename one of the packages", "rule %s is in %s already", r.Code, other.File)
		}
		if strings.ContainsAny(r.Code, ": \t\n") && fault == nil {
			fault = ErrorAt(m.Package.Location, "rename the package", "rule %q has a name that no exception could write", r.Code)
		}
		if fault != nil {
			faults = append(faults, fault)
			continue
		}
		byCode[r.Code] = r
		rules = append(rules, r)
	}
	slices.SortFunc(rules, func(a, b *Rule) int { return strings.Compare(a.Code, b.Code) })
	return rules, faults
}

func ruleOf(m *module) (*Rule, *Error) {
	name := strings.Join(m.path(), ".")
	r := &Rule{
		Rule: decision.Rule{Code: strings.TrimPrefix(name, StandardPrefix), Source: m.file},
		File: m.file, Ref: m.Package.Path, Sets: map[decision.Severity]*ast.Location{}, Standard: m.source.Standard,
	}
	switch {
	case m.source.Standard:
		r.Source = m.source.Name
	case m.replaced != nil:
		r.Source = m.file + " (in place of the embedded rule)"
	}
	if fault := r.findSets(m); fault != nil {
		return r, fault
	}
	if len(r.Sets) == 0 {
		return r, ErrorAt(m.Package.Location, hintMisspelt, "package %s defines neither deny nor warn%s", name, guess(m))
	}
	return r, r.describe(m)
}

// guess names the rule of a module whose name is nearest to deny or warn.
func guess(m *module) string {
	for _, r := range m.Rules {
		for _, s := range []decision.Severity{decision.Deny, decision.Warn} {
			if Near(NameOf(r), string(s)) {
				return fmt.Sprintf("; did you mean %s where it says %s?", s, NameOf(r))
			}
		}
	}
	return ""
}

// findSets notes where deny and warn are defined and refuses every definition
// of them that is not a set, and every one that nobody would ask.
func (r *Rule) findSets(m *module) *Error {
	for _, def := range m.Rules {
		ref := def.Head.Ref()
		name := decision.Severity(NameOf(def))
		if name != decision.Deny && name != decision.Warn {
			if last, ok := ref[len(ref)-1].Value.(ast.String); ok && (last == ast.String(decision.Deny) || last == ast.String(decision.Warn)) {
				return ErrorAt(def.Location, fmt.Sprintf("write %s contains … in a package of its own", last),
					"%s is never asked: deny and warn stand at the top of a package", ref)
			}
			continue
		}
		if def.Default || len(ref) != 1 || len(def.Head.Args) > 0 || def.Head.RuleKind() != ast.MultiValue {
			return ErrorAt(def.Location, hintShape, "%s is %s, want a set: %s contains … if …", name, kindOf(def), name)
		}
		if r.Sets[name] == nil {
			r.Sets[name] = def.Location
		}
	}
	return nil
}

// kindOf says what a rule defines that is not a set.
func kindOf(def *ast.Rule) string {
	switch {
	case len(def.Head.Args) > 0:
		return "a function"
	case len(def.Head.Ref()) > 1:
		return "an object"
	}
	return "a single value"
}

// requirementForm is ZT-n, ZT-n.m, or one of the principles; ownerForm is a name
// that owners give a requirement of theirs; codeForm is the code of a rule.
var (
	requirementForm = lazyregexp.New(`^(ZT-\d+(\.\d+)?|P\d)$`)
	codeForm        = lazyregexp.New(`^[a-z0-9_]+(\.[a-z0-9_]+)+$`)
	ownerForm       = lazyregexp.New(`^[A-Za-z][A-Za-z0-9._-]{0,63}$`)
)

// describe reads the rule's METADATA. What our own rules must say, an owner's
// may leave out.
func (r *Rule) describe(m *module) *Error {
	r.Requirement, r.Severity, r.Title, r.Subject, r.Level = "owner", decision.Warn, r.Code, SubjectArtifact, artifact.NonCompliant
	if r.Sets[decision.Deny] != nil {
		r.Severity = decision.Deny
	}
	if m.replaced != nil {
		r.Kind, r.Cause, r.Excerpt = decision.Kind(noteOf(m.replaced, "kind")), noteOf(m.replaced, "cause"), noteOf(m.replaced, "excerpt")
	}
	notes := packageNotes(m)
	if notes == nil {
		r.Optional = r.owners(m)
		if m.source.Standard {
			return ErrorAt(m.Package.Location, "describe the package in a METADATA comment", "rule %s has no METADATA of scope package", r.Code)
		}
		return nil
	}
	if notes.Title != "" {
		r.Title = notes.Title
	}
	r.Description = notes.Description
	custom := customNotes{rule: r, at: notes.Location, values: notes.Custom}
	severity, level := string(r.Severity), r.Level.String()
	form, want := ownerForm, "a name such as ZT-3.3 or ACME-7"
	if m.source.Standard {
		form, want = requirementForm, "ZT-n.m or Pn of the standard"
	}
	custom.read("requirement", &r.Requirement, form.MatchString, want, m.source.Standard)
	custom.read("severity", &severity, func(s string) bool { return s == string(r.Severity) },
		fmt.Sprintf("%s, for that is the worst that it defines", r.Severity), m.source.Standard)
	custom.read("fix", &r.Fix, func(s string) bool { return strings.TrimSpace(s) != "" }, "the next step", m.source.Standard)
	custom.read("line", &r.Line, func(s string) bool { return strings.TrimSpace(s) != "" && !strings.Contains(s, "\n") }, "the one line that fixes it", false)
	custom.read("problem", &r.Problem, isProblem, fmt.Sprintf("what is wrong, in at most %d words", decision.MaxProblemWords), false)
	custom.read("subject", &r.Subject, func(s string) bool { return slices.Contains(Subjects, s) }, "artifact, repository or exceptions", false)
	kind := string(r.Kind)
	custom.read("kind", &kind, decision.IsKind, "one of "+strings.Join(decision.Kinds, ", "), false)
	r.Kind = decision.Kind(kind)
	custom.read("cause", &r.Cause, codeForm.MatchString, "the code of the rule that leads, such as lock.drift", false)
	custom.read("excepted", &r.Excepted, func(s string) bool { return s == decision.ExceptedNever }, "never, or no such key", false)
	custom.read("excerpt", &r.Excerpt, func(s string) bool { return s == decision.ExcerptNever }, "never, or no such key", false)
	custom.readOlder()
	custom.read("effective_on", &r.EffectiveOn, isTime, "a time such as 2027-01-01T00:00:00Z, from when on the rule denies", false)
	custom.read("level", &level, func(s string) bool { return s == artifact.Tier1.String() || s == artifact.NonCompliant.String() }, "tier-1 or non-compliant", false)
	r.Optional = r.owners(m) && r.Excepted != decision.ExceptedNever
	custom.readBool("optional", &r.Optional)
	if r.Optional && r.Excepted == decision.ExceptedNever && custom.fault == nil {
		custom.fault = ErrorAt(notes.Location, "remove one of the two", "rule %s is optional and never excepted", r.Code)
	}
	if custom.fault != nil {
		return custom.fault
	}
	if t, err := time.Parse(time.RFC3339, r.EffectiveOn); err == nil {
		r.EffectiveAt, r.EffectiveOn = t, decision.TimeText(t)
	}
	if m.source.Standard && (notes.Title == "" || notes.Description == "") {
		return ErrorAt(notes.Location, "say in METADATA what the rule is about", "rule %s has no title or no description", r.Code)
	}
	r.Level, _ = artifact.ParseLevel(level) // one of the two that were read
	return nil
}

// owners reports whether the rule is one that the owner added: neither embedded
// nor in place of an embedded one. Such a rule is optional unless it says
// otherwise; what replaces a rule of integrity is one.
func (r *Rule) owners(m *module) bool { return !m.source.Standard && m.replaced == nil }

// noteOf is a value of custom in the METADATA of an embedded rule: what replaces the rule
// has the same, unless it says otherwise.
func noteOf(m *module, key string) string {
	if notes := packageNotes(m); notes != nil {
		value, _ := notes.Custom[key].(string)
		return value
	}
	return ""
}

func isProblem(s string) bool {
	n := len(strings.Fields(s))
	return n > 0 && n <= decision.MaxProblemWords
}

func isTime(s string) bool {
	_, err := time.Parse(time.RFC3339, s)
	return err == nil
}

// packageNotes are a module's METADATA of scope package.
func packageNotes(m *module) *ast.Annotations {
	for _, a := range m.Annotations {
		if a.Scope == "package" {
			return a
		}
	}
	return nil
}

// customNotes reads the custom part of METADATA and keeps its first fault.
type customNotes struct {
	rule   *Rule
	at     *ast.Location
	values map[string]any
	fault  *Error
}

func (c *customNotes) read(key string, into *string, valid func(string) bool, want string, required bool) {
	got, ok := c.values[key]
	if t, isTime := got.(time.Time); isTime { // as YAML has it, where it is not quoted
		got = decision.TimeText(t)
	}
	if c.fault != nil || !ok && !required {
		return
	}
	s, isString := got.(string)
	switch {
	case !ok:
		c.fault = ErrorAt(c.at, "add it to the METADATA of the package", "rule %s has no custom.%s, want %s", c.rule.Code, key, want)
	case !isString || !valid(s):
		c.fault = ErrorAt(c.at, "correct it in the METADATA of the package", "custom.%s of rule %s is %q, want %s", key, c.rule.Code, fmt.Sprint(got), want)
	default:
		*into = s
	}
}

// readBool reads a value that is true or false.
func (c *customNotes) readBool(key string, into *bool) {
	got, ok := c.values[key]
	if c.fault != nil || !ok {
		return
	}
	b, isBool := got.(bool)
	if !isBool {
		c.fault = ErrorAt(c.at, "correct it in the METADATA of the package", "custom.%s of rule %s is %q, want true or false", key, c.rule.Code, fmt.Sprint(got))
		return
	}
	*into = b
}

// readOlder reads custom.exceptions: refused, the older spelling of excepted:
// never. Owners' rules that have it must not become excepted.
func (c *customNotes) readOlder() {
	older := ""
	c.read("exceptions", &older, func(s string) bool { return s == "refused" }, "excepted: never in its place, or no such key", false)
	if older != "" {
		c.rule.Excepted = decision.ExceptedNever
	}
}
