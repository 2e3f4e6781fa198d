package script

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/codexlock/codexlock/internal/script/words"
)

// variables are what the variables of a script hold, as far as that is certain: one
// whose only assignments are literal, and were made whenever control reaches the
// place of its use.
type variables struct {
	writes map[string][]write
	names  map[string][][]words.Argument // of the commands that variables may hold, as they are asked for
	// frozen says that code which is not read here may change any of them.
	frozen bool
}

// A write is a place where a variable gets a value.
type write struct {
	node    syntax.Node
	within  *syntax.FuncDecl // nil: at the top level
	certain bool             // it is made whenever control reaches what stands after it
	value   *syntax.Word     // nil: not a plain assignment
	array   *syntax.ArrayExpr
	append  bool
	items   []*syntax.Word // of a loop
}

// maxValue bounds the text of a variable, which others may be made of.
const maxValue = 4096

// collect notes every assignment of a script.
func (v *variables) collect(f *syntax.File) {
	v.writes, v.names = map[string][]write{}, map[string][][]words.Argument{}
	certain := map[syntax.Node]*syntax.FuncDecl{}
	v.certain(f.Stmts, nil, certain)
	var within []*syntax.FuncDecl
	var stack []syntax.Node
	syntax.Walk(f, func(n syntax.Node) bool {
		if n == nil {
			if _, ok := stack[len(stack)-1].(*syntax.FuncDecl); ok {
				within = within[:len(within)-1]
			}
			stack = stack[:len(stack)-1]
			return true
		}
		stack = append(stack, n)
		var f *syntax.FuncDecl
		if len(within) > 0 {
			f = within[len(within)-1]
		}
		if d, ok := n.(*syntax.FuncDecl); ok {
			within = append(within, d)
		}
		v.note(n, f, certain)
		return true
	})
}

// certain finds the assignments that stand directly in a list of statements, and in
// the body of a function.
func (v *variables) certain(stmts []*syntax.Stmt, within *syntax.FuncDecl, found map[syntax.Node]*syntax.FuncDecl) {
	for _, s := range stmts {
		if s.Background || s.Negated {
			continue
		}
		switch cmd := s.Cmd.(type) {
		case *syntax.CallExpr:
			if len(cmd.Args) == 0 {
				for _, a := range cmd.Assigns {
					found[a] = within
				}
			}
		case *syntax.DeclClause:
			for _, a := range cmd.Args {
				found[a] = within
			}
		case *syntax.FuncDecl:
			if block, ok := cmd.Body.Cmd.(*syntax.Block); ok && within == nil {
				v.certain(block.Stmts, cmd, found)
			}
		}
	}
}

// note keeps what a node does to variables.
func (v *variables) note(n syntax.Node, within *syntax.FuncDecl, certain map[syntax.Node]*syntax.FuncDecl) {
	add := func(name string, w write) {
		w.node, w.within = n, within
		v.writes[name] = append(v.writes[name], w)
	}
	switch n := n.(type) {
	case *syntax.Assign:
		switch _, ok := certain[n]; {
		case n.Name == nil:
			v.frozen = true
		case n.Naked:
		case n.Index != nil:
			add(n.Name.Value, write{})
		default:
			add(n.Name.Value, write{certain: ok, value: n.Value, array: n.Array, append: n.Append})
		}
	case *syntax.DeclClause:
		v.declares(n)
	case *syntax.WordIter:
		add(n.Name.Value, write{items: n.Items})
	case *syntax.ParamExp:
		if n.Exp != nil && (n.Exp.Op == syntax.AssignUnset || n.Exp.Op == syntax.AssignUnsetOrNull) && n.Param != nil {
			add(n.Param.Value, write{items: []*syntax.Word{n.Exp.Word}})
		}
	case *syntax.BinaryArithm, *syntax.UnaryArithm:
		syntax.Walk(n, func(n syntax.Node) bool {
			if word, ok := n.(*syntax.Word); ok && word.Lit() != "" {
				v.writes[word.Lit()] = append(v.writes[word.Lit()], write{node: n})
			}
			return true
		})
	case *syntax.CallExpr:
		v.calls(n, add)
	}
}

// declares looks for attributes that change what an assignment does.
func (v *variables) declares(d *syntax.DeclClause) {
	for _, a := range d.Args {
		if a.Value == nil || a.Name != nil && !a.Naked {
			continue
		}
		text, _ := words.Literal(a.Value)
		if strings.HasPrefix(text, "-") && strings.ContainsAny(text, "niluc") {
			v.frozen = true
		}
	}
}

// calls notes the variables that commands write.
func (v *variables) calls(call *syntax.CallExpr, add func(string, write)) {
	var texts []string
	for _, word := range call.Args {
		text, _ := words.Literal(word)
		texts = append(texts, text)
	}
	if len(texts) == 0 {
		return
	}
	if slices.Contains([]string{"builtin", "command"}, texts[0]) && len(texts) > 1 {
		texts = texts[1:]
	}
	switch texts[0] {
	case "eval", "source", ".":
		v.frozen = true
	case "trap":
		v.frozen = v.frozen || len(texts) > 1 && strings.Contains(texts[1], "=")
	case "read", "mapfile", "readarray", "getopts", "unset", "printf", "wait", "let", "declare", "typeset", "local", "export", "readonly":
		for i, text := range texts[1:] {
			if texts[0] == "printf" && (i == 0 || texts[i] != "-v") && !strings.HasPrefix(text, "-v") {
				continue
			}
			if text == "" && texts[0] != "printf" {
				v.frozen = true // a name that is not known
			}
			name, _, _ := strings.Cut(strings.TrimPrefix(text, "-v"), "=")
			name, _, _ = strings.Cut(name, "[")
			add(strings.TrimRight(name, "+-*/%"), write{})
		}
	}
}

// constant is the value of a plain parameter, where it is certain.
func (w *walker) constant(p *syntax.ParamExp) (text string, ok bool) {
	if p.Param == nil || p.Index != nil || !words.IsPlain(p) {
		return "", false
	}
	all := w.certainWrites(p)
	if len(all) != 1 || all[0].array != nil || all[0].append {
		return "", false
	}
	w.resolving++
	defer func() { w.resolving-- }()
	if all[0].value == nil {
		return "", false // declared here to be set elsewhere
	}
	text = w.textOf(all[0].value)
	return text, text != "" && len(text) <= maxValue && !strings.Contains(text, words.Hole) && !strings.HasPrefix(text, "~")
}

// maxResolving bounds variables that are made of variables.
const maxResolving = 5

// certainWrites are the assignments that a parameter's value comes from; none where
// any of them is not certain.
func (w *walker) certainWrites(p *syntax.ParamExp) []write {
	if w.vars == nil || w.vars.frozen || w.resolving >= maxResolving {
		return nil
	}
	all := w.vars.writes[p.Param.Value]
	if len(all) > maxCandidates {
		return nil
	}
	for _, a := range all {
		inside := a.within == nil || a.within.Pos().Offset() < p.Pos().Offset() && p.End().Offset() <= a.within.End().Offset()
		if !a.certain || !inside || a.node.End().Offset() > p.Pos().Offset() || a.items != nil {
			return nil
		}
	}
	return all
}

// array are the words of "${name[@]}", where they are certain.
func (w *walker) array(word *syntax.Word) (args []words.Argument, ok bool) {
	parts := word.Parts
	if len(parts) == 1 {
		if quoted, is := parts[0].(*syntax.DblQuoted); is {
			parts = quoted.Parts
		}
	}
	p := words.Parameter(parts)
	if p == nil || p.Param == nil || p.Index == nil || !words.IsPlain(p) {
		return nil, false
	}
	if index, is := p.Index.(*syntax.Word); !is || index.Lit() != "@" && index.Lit() != "*" {
		return nil, false
	}
	all := w.certainWrites(p)
	w.resolving++
	defer func() { w.resolving-- }()
	for i, a := range all {
		if a.array == nil || (i > 0) != a.append {
			return nil, false
		}
		for _, e := range a.array.Elems {
			if e.Index != nil || e.Value == nil || len(args) > maxWords {
				return nil, false
			}
			args = append(args, w.fields(e.Value, word)...)
		}
	}
	return args, len(all) > 0
}

// candidates are the words that a command's name in a variable may stand for: every
// literal that the script gives the variable anywhere.
func (w *walker) candidates(word *syntax.Word) [][]words.Argument {
	parts := word.Parts
	if len(parts) == 1 {
		if quoted, ok := parts[0].(*syntax.DblQuoted); ok {
			parts = quoted.Parts
		}
	}
	p := words.Parameter(parts)
	if p == nil || p.Param == nil || w.vars == nil {
		return nil
	}
	if p.Exp == nil {
		if known, ok := w.vars.names[p.Param.Value]; ok {
			return known
		}
	}
	all := w.namesIn(p, word)
	if p.Exp == nil {
		w.vars.names[p.Param.Value] = all
	}
	return all
}

// namesIn looks for the literals that a variable is given.
func (w *walker) namesIn(p *syntax.ParamExp, word *syntax.Word) [][]words.Argument {
	var values []*syntax.Word
	var all [][]words.Argument
	if p.Exp != nil {
		values = append(values, p.Exp.Word)
	}
	for _, a := range w.vars.writes[p.Param.Value] {
		values = append(append(values, a.value), a.items...)
		if a.array != nil {
			var args []words.Argument
			for _, e := range a.array.Elems {
				if e.Value != nil {
					args = append(args, words.Argument{Word: word, Code: w.textOf(e.Value)})
				}
			}
			all = append(all, args)
		}
	}
	for _, value := range values {
		text, whole := words.Literal(value)
		var args []words.Argument
		for _, field := range strings.Fields(text) {
			args = append(args, words.Argument{Word: word, Code: field})
		}
		same := func(other []words.Argument) bool { return words.Joined(other) == words.Joined(args) }
		if whole && len(args) > 0 && len(all) <= maxCandidates && !slices.ContainsFunc(all, same) {
			all = append(all, args)
		}
	}
	return all
}

// maxCandidates bounds how many values of a variable are looked at.
const maxCandidates = 16
