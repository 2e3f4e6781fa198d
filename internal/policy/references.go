package policy

import (
	"github.com/agnivade/levenshtein"
	"github.com/open-policy-agent/opa/v1/ast"
)

// everyReferenceLeads refuses what is never defined or never read, for both are
// silent in Rego: a reference below data that no rule defines is undefined for
// ever, and a set that is neither deny nor warn and that nothing reads was
// probably meant to be one of them.
func (e *Engine) everyReferenceLeads(modules []*module) error {
	for _, m := range modules {
		if err := e.dataLeads(e.compiler.Modules[m.name]); err != nil {
			return err
		}
		if isLib(m.path()) {
			continue
		}
		for _, r := range e.compiler.Modules[m.name].Rules {
			if name := ruleName(r); e.unread(r, name) {
				return faultAt(r.Location, hintMisspelt, "rule %s is read by nothing: only deny and warn are asked", name)
			}
		}
	}
	return nil
}

// unread reports whether a rule looks as if it should be asked, and is not.
func (e *Engine) unread(r *ast.Rule, name string) bool {
	if name == string(Deny) || name == string(Warn) || len(e.compiler.Graph.Dependents(r)) > 0 {
		return false
	}
	return r.Head.RuleKind() == ast.MultiValue || near(name, string(Deny)) || near(name, string(Warn))
}

// near reports whether one name may be a misspelling of the other.
func near(a, b string) bool { return levenshtein.ComputeDistance(a, b) <= 2 }

// dataLeads finds a reference to data that is not there. There is no data but
// what rules define.
func (e *Engine) dataLeads(m *ast.Module) error {
	var fault error
	ast.WalkRefs(m, func(ref ast.Ref) bool {
		if fault != nil || !ref.HasPrefix(ast.DefaultRootRef) || m.Package.Path.Equal(ref) {
			return false
		}
		if ground := ref.GroundPrefix(); len(ground) > 1 && len(e.compiler.GetRules(ground)) == 0 {
			fault = faultAt(ref[0].Location, "there is no data but what rules define", "undefined ref: %s", ref)
		}
		return false
	})
	return fault
}
