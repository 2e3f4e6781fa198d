package ruleset

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"

	"github.com/codexlock/codexlock/internal/decision"
)

// Check returns all problems of the rules of some sources, by position: errors of [Compile],
// answers that an evaluation would always refuse, missing METADATA of owners' rules, and
// tests that do not compile.
func Check(sources []Source) ([]*Error, error) {
	set, modules, faults, err := build(sources)
	if err != nil {
		return nil, err
	}
	for _, m := range modules {
		faults = append(faults, undescribed(m)...)
	}
	if set != nil {
		faults = append(faults, set.answers(modules)...)
		more, err := checkTests(sources, modules)
		if err != nil {
			return nil, err
		}
		faults = append(faults, more...)
	}
	slices.SortStableFunc(faults, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.CompactFunc(faults, func(a, b *Error) bool { return a.Error() == b.Error() }), nil
}

// undescribed finds missing METADATA of an owner's rule. The gate accepts that; readers of
// its findings need it.
func undescribed(m *module) []*Error {
	if m.source.Standard || isLib(m.path()) {
		return nil
	}
	notes := packageNotes(m)
	if notes == nil {
		return []*Error{ErrorAt(m.Package.Location, hintMetadata, "package %s has no METADATA of scope package", strings.Join(m.path(), "."))}
	}
	var missing []string
	for name, text := range map[string]string{"title": notes.Title, "description": notes.Description} {
		if text == "" {
			missing = append(missing, name)
		}
	}
	for _, name := range []string{"requirement", "severity", "fix"} {
		if _, ok := notes.Custom[name]; !ok {
			missing = append(missing, "custom."+name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	return []*Error{ErrorAt(notes.Location, hintMetadata, "METADATA of package %s has no %s", strings.Join(m.path(), "."), strings.Join(missing, ", no "))}
}

// answers finds rules that can never give a valid answer.
func (s *Set) answers(modules []*module) []*Error {
	var faults []*Error
	for _, r := range s.Rules {
		i := slices.IndexFunc(modules, func(m *module) bool { return m.Package.Path.Equal(r.Ref) })
		for _, def := range modules[i].Rules {
			at := Slot{Rule: r, Severity: decision.Severity(NameOf(def))}
			if at.Severity != decision.Deny && at.Severity != decision.Warn {
				continue
			}
			if fault := at.written(def); fault != nil {
				faults = append(faults, fault)
			} else if fault := at.typed(def, s.Compiler.TypeEnv.GetByRef(r.Ref.Append(ast.StringTerm(string(at.Severity))))); fault != nil {
				faults = append(faults, fault)
			}
		}
	}
	return faults
}

// written checks a head that says what the answer is, whatever the facts are.
func (s Slot) written(def *ast.Rule) *Error {
	value := def.Head.Key.Value
	switch v := value.(type) {
	case ast.Ref, ast.Var, ast.Call, *ast.TemplateString:
		return nil // known only when it is asked
	case ast.Object:
		if !v.IsGround() || ast.ContainsRefs(v) || ast.ContainsClosures(v) || hasCalls(v) {
			value = constants(v)
		}
	}
	_, err := element(s, value)
	var fault *Error
	if errors.As(err, &fault) {
		fault.File, fault.Line, fault.Column = def.Location.File, def.Location.Row, def.Location.Col
	}
	return fault
}

func hasCalls(v ast.Value) bool {
	found := false
	ast.WalkTerms(v, func(t *ast.Term) bool {
		_, call := t.Value.(ast.Call)
		found = found || call
		return found
	})
	return found
}

// constants is an object with something that is as a rule should have it in place
// of what is known only when the rule is asked.
func constants(o ast.Object) ast.Object {
	filled := ast.NewObject()
	o.Foreach(func(k, v *ast.Term) {
		key, _ := k.Value.(ast.String)
		if key == "count" { // the message begins with it, which is not known either
			return
		}
		switch v.Value.(type) {
		case ast.String, ast.Number, ast.Boolean, ast.Null, *ast.Array, ast.Object, ast.Set:
		default:
			if v = ast.StringTerm("/"); key == "line" || key == "column" {
				v = ast.IntNumberTerm(1)
			}
		}
		filled.Insert(k, v)
	})
	return filled
}

// typed checks what the type checker knows of a set's members: none of them may
// be a message, or an object that has one.
func (s Slot) typed(def *ast.Rule, t types.Type) *Error {
	set, ok := t.(*types.Set)
	if !ok || mayAnswer(set.Of()) {
		return nil
	}
	return ErrorAt(def.Location, hintShape, "rule %s: %s holds %s, want a message or an object with one", s.Rule.Code, s.Severity, types.Sprint(set.Of()))
}

func mayAnswer(t types.Type) bool {
	switch t := t.(type) {
	case types.Any:
		return len(t) == 0 || slices.ContainsFunc(t, mayAnswer)
	case types.String:
		return true
	case *types.Object:
		msg := t.Select("msg")
		return mayBeText(msg)
	}
	return t == nil
}

func mayBeText(t types.Type) bool {
	switch t := t.(type) {
	case types.Any:
		return len(t) == 0 || slices.ContainsFunc(t, mayBeText)
	case types.String:
		return true
	}
	return false
}

// checkTests compiles the owners' tests with the rules, and with the samples of
// the standard that they may take facts from.
func checkTests(sources []Source, modules []*module) ([]*Error, error) {
	schema, err := InputSchema()
	if err != nil {
		return nil, err
	}
	tests, own := testsOf(sources)
	if own == 0 {
		return nil, nil
	}
	if faults := parse(tests); len(faults) > 0 {
		return faults, nil
	}
	_, faults := compile(append(slices.Clone(modules), tests...), schema)
	return faults, nil
}
