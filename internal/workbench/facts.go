package workbench

import (
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// at returns the fact at a path, or nil.
func at(document ast.Value, path []string) ast.Value {
	v := document
	for _, name := range path {
		switch parent := v.(type) {
		case ast.Object:
			t := parent.Get(ast.StringTerm(name))
			if t == nil {
				return nil
			}
			v = t.Value
		case *ast.Array:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= parent.Len() {
				return nil
			}
			v = parent.Elem(i).Value
		default:
			return nil
		}
	}
	return v
}

// with returns a document with another fact at a path; nil removes it. The parents of the
// fact must exist.
func with(document ast.Value, path []string, fact ast.Value) ast.Value {
	if len(path) == 0 {
		return fact
	}
	switch parent := document.(type) {
	case ast.Object:
		pairs := make([][2]*ast.Term, 0, parent.Len()+1)
		done := false
		parent.Foreach(func(k, v *ast.Term) {
			if k.Value.Compare(ast.String(path[0])) != 0 {
				pairs = append(pairs, [2]*ast.Term{k, v})
				return
			}
			done = true
			if inner := with(v.Value, path[1:], fact); inner != nil {
				pairs = append(pairs, [2]*ast.Term{k, ast.NewTerm(inner)})
			}
		})
		if !done && len(path) == 1 && fact != nil {
			pairs = append(pairs, [2]*ast.Term{ast.StringTerm(path[0]), ast.NewTerm(fact)})
		}
		return ast.NewObject(pairs...)
	case *ast.Array:
		var elements []*ast.Term
		for i := range parent.Len() {
			e := parent.Elem(i)
			if strconv.Itoa(i) == path[0] {
				inner := with(e.Value, path[1:], fact)
				if inner == nil {
					continue
				}
				e = ast.NewTerm(inner)
			}
			elements = append(elements, e)
		}
		return ast.NewArray(elements...)
	}
	return document
}

// dotted formats a path in Rego syntax.
func dotted(path []string) string {
	var b strings.Builder
	for i, name := range path {
		switch {
		case isIndex(name):
			b.WriteString("[" + name + "]")
		case i > 0:
			b.WriteString("." + name)
		default:
			b.WriteString(name)
		}
	}
	return b.String()
}

func isIndex(name string) bool {
	_, err := strconv.Atoi(name)
	return err == nil
}

// maxShown is the longest value that is shown.
const maxShown = 72

// shown formats a fact in one line.
func shown(v ast.Value) string {
	if v == nil {
		return "absent"
	}
	text := []rune(v.String())
	if len(text) > maxShown {
		text = append(text[:maxShown-1], '…')
	}
	return string(text)
}
