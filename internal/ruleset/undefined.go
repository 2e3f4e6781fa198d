package ruleset

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/codexlock/codexlock/internal/decision"
)

// certainMessages refuses a denial whose message needs a fact that may be absent
// and that its body does not ask for: where the fact is absent the whole denial
// is undefined, and lost without a word. It sees facts that the rule names
// itself, not those that a helper does; our own rules have tests for that.
func certainMessages(r *Rule, m *module, schema any) []*Error {
	if m.source.Standard {
		return nil
	}
	var faults []*Error
	for _, def := range m.Rules {
		if name := decision.Severity(NameOf(def)); name != decision.Deny && name != decision.Warn {
			continue
		}
		needed, given := messageFacts(def)
		for _, ref := range needed {
			if !alwaysThere(schema, r.Subject, ref, given) {
				faults = append(faults, ErrorAt(ref[0].Location, "take it with object.get and a default, or make it a condition",
					"rule %s: %s may be absent, and its denial would be lost with it", r.Code, ref))
			}
		}
	}
	return faults
}

// messageFacts are the facts that a rule's message is made of, and those whose
// absence its conditions already turn into an answer.
func messageFacts(def *ast.Rule) (needed, given []ast.Ref) {
	conditions := ast.NewVarSet()
	for _, x := range def.Body {
		if assigned(x) == "" {
			conditions.Update(x.Vars(ast.VarVisitorParams{}))
		}
	}
	needed = inputRefs(def.Head.Key)
	for _, x := range def.Body {
		v := assigned(x)
		switch {
		case x.Negated:
		case v != "" && !conditions.Contains(v):
			needed = append(needed, inputRefs(x.Operand(1))...)
		default:
			given = append(given, inputRefs(x)...)
		}
	}
	return needed, given
}

// assigned is the variable that an expression gives a value, "" for a condition.
func assigned(x *ast.Expr) ast.Var {
	if !x.IsAssignment() {
		return ""
	}
	v, _ := x.Operand(0).Value.(ast.Var)
	return v
}

// inputRefs are the facts that a node needs to be defined: not those inside a
// comprehension or an every, which are defined without them.
func inputRefs(node any) []ast.Ref {
	var refs []ast.Ref
	ast.NewGenericVisitor(func(x any) bool {
		switch x := x.(type) {
		case *ast.ArrayComprehension, *ast.SetComprehension, *ast.ObjectComprehension, *ast.Every:
			return true
		case ast.Ref:
			if len(x) > 1 && x.HasPrefix(ast.InputRootRef) {
				refs = append(refs, x)
			}
		}
		return false
	}).Walk(node)
	return refs
}

// alwaysThere reports whether every part of a fact's path is required by the
// schema, or asked for by a condition. A rule is asked only where its subject is.
func alwaysThere(schema any, subject string, ref ast.Ref, given []ast.Ref) bool {
	root, _ := schema.(map[string]any)
	node := root
	for i, t := range ref[1:] {
		asked := slices.ContainsFunc(given, func(g ast.Ref) bool { return g.HasPrefix(ref[:i+2]) })
		name, ok := t.Value.(ast.String)
		if !ok { // an index or a variable
			if !asked {
				return false
			}
			node, _ = resolved(root, node)["items"].(map[string]any)
			continue
		}
		node = resolved(root, node)
		required, _ := node["required"].([]any)
		if !asked && !slices.Contains(required, any(string(name))) && (i > 0 || string(name) != subject) {
			return false
		}
		properties, _ := node["properties"].(map[string]any)
		node, _ = properties[string(name)].(map[string]any)
	}
	return true
}
