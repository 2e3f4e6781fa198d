package ruleset

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/codexlock/codexlock/internal/decision"
)

// everyReferenceLeads finds what is never defined or never read, for both are
// silent in Rego: a reference below data that no rule defines is undefined for
// ever, and a set that is neither deny nor warn and that nothing reads was
// probably meant to be one of them.
func (s *Set) everyReferenceLeads(modules []*module, schema any) []*Error {
	var faults []*Error
	for _, r := range s.Rules {
		faults = append(faults, s.ownSubject(r)...)
	}
	for _, m := range modules {
		faults = append(faults, s.dataLeads(s.Compiler.Modules[m.name])...)
		i := slices.IndexFunc(s.Rules, func(r *Rule) bool { return r.Ref.Equal(m.Package.Path) })
		if i < 0 { // helpers, or no rule
			continue
		}
		faults = append(faults, certainMessages(s.Rules[i], m, schema)...)
		for _, r := range s.Compiler.Modules[m.name].Rules {
			if name := NameOf(r); s.unread(r, name) {
				faults = append(faults, ErrorAt(r.Location, hintMisspelt, "rule %s is read by nothing: only deny and warn are asked", name))
			}
		}
	}
	return faults
}

// ownSubject refuses a rule that reads facts about what it is not asked about:
// they are absent whenever it is asked.
func (s *Set) ownSubject(r *Rule) []*Error {
	var faults []*Error
	for _, m := range s.Compiler.Modules {
		if !m.Package.Path.Equal(r.Ref) {
			continue
		}
		ast.WalkRefs(m, func(ref ast.Ref) bool {
			if len(ref) < 2 || !ref.HasPrefix(ast.InputRootRef) {
				return false
			}
			name, _ := ref[1].Value.(ast.String)
			switch {
			case name == "" || name == "effective_time" || name == "settings":
			case r.Subject == SubjectArtifact && (name == SubjectRepository || name == SubjectExceptions):
				faults = append(faults, ErrorAt(ref[0].Location, fmt.Sprintf("say custom.subject: %s in its METADATA", string(name)),
					"rule %s is about an artifact and reads input.%s", r.Code, string(name)))
			case r.Subject == SubjectRepository && name == SubjectExceptions:
				faults = append(faults, ErrorAt(ref[0].Location, "say custom.subject: exceptions in its METADATA",
					"rule %s is about a repository and reads input.exceptions", r.Code))
			case r.Subject != SubjectArtifact && string(name) != r.Subject:
				faults = append(faults, ErrorAt(ref[0].Location, "leave custom.subject out of its METADATA, so that it is asked about each artifact",
					"rule %s is about %s and reads input.%s", r.Code, aboutWords[r.Subject], string(name)))
			}
			return false
		})
	}
	return faults
}

var aboutWords = map[string]string{SubjectRepository: "a repository", SubjectExceptions: "exceptions"}

// unread reports whether a rule looks as if it should be asked, and is not.
func (s *Set) unread(r *ast.Rule, name string) bool {
	if name == string(decision.Deny) || name == string(decision.Warn) || len(s.Compiler.Graph.Dependents(r)) > 0 {
		return false
	}
	return r.Head.RuleKind() == ast.MultiValue || Near(name, string(decision.Deny)) || Near(name, string(decision.Warn))
}

// Near reports whether one name may be a misspelling of the other.
func Near(a, b string) bool { return levenshtein.ComputeDistance(a, b) <= 2 }

// dataLeads finds a reference to data that is not there. There is no data but
// what rules define.
func (s *Set) dataLeads(m *ast.Module) []*Error {
	var faults []*Error
	ast.WalkRefs(m, func(ref ast.Ref) bool {
		if !ref.HasPrefix(ast.DefaultRootRef) || m.Package.Path.Equal(ref) {
			return false
		}
		if ground := ref.GroundPrefix(); len(ground) > 1 && len(s.Compiler.GetRules(ground)) == 0 {
			faults = append(faults, ErrorAt(ref[0].Location, "there is no data but what rules define", "undefined ref: %s", ref))
		}
		return false
	})
	return faults
}

// knownValues finds a comparison of an enumerated fact with what it never is:
// `input.checks.ledger == "difers"` would be false for ever, without a word.
func knownValues(m *ast.Module, schema any) []*Error {
	var faults []*Error
	ast.WalkExprs(m, func(x *ast.Expr) bool {
		if !x.IsCall() || len(x.Operands()) != 2 {
			return false
		}
		switch x.Operator().String() {
		case ast.Equality.Name, ast.Equal.Name, ast.NotEqual.Name:
			faults = append(faults, compares(schema, x.Operand(0), x.Operand(1))...)
			faults = append(faults, compares(schema, x.Operand(1), x.Operand(0))...)
		case ast.Member.Name:
			faults = append(faults, among(schema, x.Operand(0), x.Operand(1))...)
		}
		return false
	})
	return faults
}

// among checks every member of a written collection.
func among(schema any, fact, collection *ast.Term) (faults []*Error) {
	if members, ok := collection.Value.(interface{ Foreach(func(*ast.Term)) }); ok {
		members.Foreach(func(t *ast.Term) { faults = append(faults, compares(schema, fact, t)...) })
	}
	return faults
}

// compares checks a constant against the values of a fact.
func compares(schema any, fact, constant *ast.Term) []*Error {
	ref, isRef := fact.Value.(ast.Ref)
	text, isText := constant.Value.(ast.String)
	if !isRef || !isText || !ref.HasPrefix(ast.InputRootRef) {
		return nil
	}
	values := EnumOf(schema, ref[1:])
	if len(values) == 0 || slices.Contains(values, string(text)) {
		return nil
	}
	return []*Error{ErrorAt(constant.Location, hintInput, "%s is never %q, it is one of %s", ref, string(text), strings.Join(values, ", "))}
}

// EnumOf returns the values that the schema allows at a path; nil if it allows any.
func EnumOf(schema any, path ast.Ref) []string {
	root, _ := schema.(map[string]any)
	node := root
	for _, t := range path {
		node = resolved(root, node)
		name, ok := t.Value.(ast.String)
		if !ok { // an index or a variable: one of an array
			node, _ = node["items"].(map[string]any)
			continue
		}
		properties, _ := node["properties"].(map[string]any)
		node, _ = properties[string(name)].(map[string]any)
	}
	all, _ := resolved(root, node)["enum"].([]any)
	var values []string
	for _, v := range all {
		s, _ := v.(string)
		values = append(values, s)
	}
	return values
}

// resolved follows a reference to #/$defs.
func resolved(root, node map[string]any) map[string]any {
	ref, _ := node["$ref"].(string)
	name, ok := strings.CutPrefix(ref, "#/$defs/")
	if !ok {
		return node
	}
	defs, _ := root["$defs"].(map[string]any)
	target, _ := defs[name].(map[string]any)
	return target
}
