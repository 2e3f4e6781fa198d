package script

import (
	"slices"

	"mvdan.cc/sh/v3/syntax"

	"github.com/codexlock/codexlock/internal/script/programs"
	"github.com/codexlock/codexlock/internal/script/words"
)

// functions are those that a script defines.
type functions struct {
	names map[string]bool // all of them
	// defined is where each is defined for certain; one that is defined under a
	// condition, or removed again, is not here: its name may be a program's.
	defined map[string]uint
	bodies  []*syntax.FuncDecl // at the top level, in order
	// runs are where the top level calls what may call a function.
	runs []uint
	// executes are those that execute their arguments.
	executes map[string]bool
}

// collect finds the functions of a script.
func (f *functions) collect(file *syntax.File) {
	f.names, f.defined, f.executes = map[string]bool{}, map[string]uint{}, map[string]bool{}
	removed := map[string]bool{}
	syntax.Walk(file, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.FuncDecl:
			if n.Name != nil {
				f.names[n.Name.Value] = true
				f.executes[n.Name.Value] = f.executes[n.Name.Value] || executes(n)
			}
		case *syntax.CallExpr:
			if len(n.Args) > 0 && n.Args[0].Lit() == "unset" {
				for _, word := range n.Args[1:] {
					text, _ := words.Literal(word)
					removed[text] = true
				}
			}
		}
		return true
	})
	for _, s := range file.Stmts {
		d, ok := s.Cmd.(*syntax.FuncDecl)
		if !ok {
			if f.mayRun(s) {
				f.runs = append(f.runs, s.Pos().Offset())
			}
			continue
		}
		if d.Name == nil || s.Background {
			continue
		}
		f.bodies = append(f.bodies, d)
		if _, ok := f.defined[d.Name.Value]; !ok && !removed[d.Name.Value] && !removed[""] {
			f.defined[d.Name.Value] = d.Pos().Offset()
		}
	}
}

// mayRun reports whether a statement of the top level may call a function.
func (f *functions) mayRun(s *syntax.Stmt) bool {
	found := false
	syntax.Walk(s, func(n syntax.Node) bool {
		call, ok := n.(*syntax.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		text, whole := words.Literal(call.Args[0])
		found = found || !whole || f.names[text] || slices.Contains([]string{"eval", "source", ".", "trap", "command", "builtin"}, text)
		return true
	})
	return found
}

// executes reports whether a function runs its arguments as a command.
func executes(d *syntax.FuncDecl) bool {
	found := false
	syntax.Walk(d.Body, func(n syntax.Node) bool {
		call, ok := n.(*syntax.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		text, whole := words.Literal(call.Args[0])
		found = found || isArguments(call.Args[0]) || whole && isWrapper(text) && slices.ContainsFunc(call.Args, isArguments)
		return true
	})
	return found
}

// isWrapper reports whether a program executes its operands.
func isWrapper(name string) bool {
	p := programs.Named(name)
	return p != nil && (slices.Contains(p.Operands, "command") || slices.Contains(p.Operands, "remote"))
}

// isArguments reports whether a word is "$@", $*, or the first of them.
func isArguments(word *syntax.Word) bool {
	parts := word.Parts
	if len(parts) == 1 {
		if quoted, ok := parts[0].(*syntax.DblQuoted); ok {
			parts = quoted.Parts
		}
	}
	p := words.Parameter(parts)
	return p != nil && p.Param != nil && slices.Contains([]string{"@", "*", "1", "2", "3"}, p.Param.Value)
}

// own reports whether a name that is called at a place is certainly that of a
// function: one that is defined before the call, or before anything can run the
// function that makes the call.
func (f *functions) own(name string, at uint) bool {
	defined, ok := f.defined[name]
	if !ok || defined < at {
		return ok
	}
	for _, d := range f.bodies {
		if d.Pos().Offset() <= at && at < d.End().Offset() {
			return !slices.ContainsFunc(f.runs, func(run uint) bool { return at < run && run < defined })
		}
	}
	return false
}
