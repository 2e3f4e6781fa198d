package shelltext

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"mvdan.cc/sh/v3/syntax"

	"github.com/codexlock/codexlock/internal/lazyregexp"
)

// Statement returns the text of the statement at a position of a script, together with every
// statement that determines its effect: those that name a variable or a function that it
// uses, and those that call the function that contains it. The text stays the same if its
// position or other statements change. If the effect cannot be narrowed down (eval,
// positional parameters, a script that cannot be parsed), it is the whole text.
func Statement(text []byte, line, column int) (statement []byte) {
	defer func() {
		if recover() != nil { // the parser's fault
			statement = text
		}
	}()
	if Unreadable(text) != nil {
		return text
	}
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(bytes.NewReader(text), "")
	if err != nil {
		return text
	}
	s := slicer{text: text, functions: map[string]bool{}}
	s.collect(file)
	at := offsetOf(text, line, column)
	i := s.at(at)
	if i < 0 {
		return bytes.TrimSpace(lineAt(text, at)) // a comment, the first line
	}
	if slice, ok := s.slice(i); ok && !s.open {
		return slice
	}
	return text
}

// A slicer splits a script into parts, each a statement that is no compound one, or
// the head of a loop, and knows what they name.
type slicer struct {
	text      []byte
	parts     []part
	functions map[string]bool
	open      bool // something can change what any statement does
	dynamic   bool // something sets variables whose names cannot be known
}

type part struct {
	start, end int
	open       bool            // what it does is decided by its caller, or by names that cannot be known
	names      map[string]bool // variables and functions that it uses
	mentions   map[string]bool // every word in it
}

// opening commands can change what any statement does.
var opening = []string{"eval", "source", ".", "alias", "unalias", "enable"}

var setters = map[string]bool{"read": true, "mapfile": true, "readarray": true, "getopts": true, "let": true}

var word = lazyregexp.New(`[A-Za-z_][A-Za-z0-9_]*`)

// collect finds the parts, outermost first. within names the functions around them.
func (s *slicer) collect(file *syntax.File) {
	syntax.Walk(file, func(n syntax.Node) bool {
		if f, ok := n.(*syntax.FuncDecl); ok && f.Name != nil {
			s.functions[f.Name.Value] = true
		}
		return true
	})
	s.list(file, nil)
}

// list adds the statements below a node that are not inside another part.
func (s *slicer) list(node syntax.Node, within []string) {
	syntax.Walk(node, func(n syntax.Node) bool {
		stmt, ok := n.(*syntax.Stmt)
		if !ok {
			return true
		}
		if len(stmt.Redirs) > 0 {
			s.add(stmt, int(stmt.Pos().Offset()), int(stmt.End().Offset()), within)
			return false
		}
		switch cmd := stmt.Cmd.(type) {
		case *syntax.FuncDecl:
			inner := slices.Clone(within)
			if cmd.Name != nil {
				inner = append(inner, cmd.Name.Value)
			}
			s.list(cmd.Body, inner)
			return false
		case *syntax.ForClause:
			s.add(cmd.Loop, int(stmt.Pos().Offset()), int(cmd.DoPos.Offset()), within)
			for _, inner := range cmd.Do {
				s.list(inner, within)
			}
			return false
		case *syntax.Block, *syntax.IfClause, *syntax.WhileClause, *syntax.CaseClause, *syntax.Subshell:
			return true
		}
		s.add(stmt, int(stmt.Pos().Offset()), int(stmt.End().Offset()), within)
		return false
	})
}

// add notes a part and what it names.
func (s *slicer) add(node syntax.Node, start, end int, within []string) {
	p := part{start: start, end: end, names: map[string]bool{}, mentions: map[string]bool{}}
	for _, f := range within {
		p.names[f], p.mentions[f] = true, true
	}
	syntax.Walk(node, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.ParamExp:
			p.open = p.open || n.Excl || n.Param == nil
			if n.Param != nil {
				p.variable(n.Param.Value)
			}
		case *syntax.Assign:
			s.assign(n)
		case *syntax.Redirect:
			if n.Hdoc != nil {
				p.end = max(p.end, int(n.Hdoc.End().Offset()))
			}
		case *syntax.CallExpr:
			s.call(&p, n)
		}
		return true
	})
	for _, w := range word.FindAll(s.text[p.start:p.end], -1) {
		p.mentions[string(w)] = true
	}
	s.parts = append(s.parts, p)
}

// assign notes the argument of a declaration that makes a reference of a name
// (declare -n), or that names what cannot be known.
func (s *slicer) assign(a *syntax.Assign) {
	if a.Name != nil || a.Value == nil {
		return
	}
	lit := a.Value.Lit()
	s.dynamic = s.dynamic || lit == "" || strings.HasPrefix(lit, "-") && strings.Contains(lit, "n")
}

// variable notes one that a part uses. Positional parameters are set by whoever
// calls, so that nothing narrows them down.
func (p *part) variable(name string) {
	switch {
	case word.MatchString(name) && word.FindString(name) == name:
		p.names[name] = true
	case strings.Contains("?$!0-", name):
	default:
		p.open = true
	}
}

// call notes a function that a part calls, and a command that changes others.
func (s *slicer) call(p *part, n *syntax.CallExpr) {
	if len(n.Args) == 0 {
		return
	}
	name := n.Args[0].Lit()
	if name == "builtin" || name == "command" {
		if len(n.Args) > 1 {
			name = n.Args[1].Lit()
		}
	}
	s.open = s.open || slices.Contains(opening, name)
	if s.functions[name] {
		p.names[name] = true
	}
	// Builtins that set a variable whose name is an argument.
	if setters[name] || name == "printf" && len(n.Args) > 1 && strings.HasPrefix(n.Args[1].Lit(), "-v") {
		for _, arg := range n.Args[1:] {
			s.dynamic = s.dynamic || arg.Lit() == "" && name != "printf"
		}
		s.dynamic = s.dynamic || name == "printf" && len(n.Args) > 2 && n.Args[2].Lit() == ""
	}
}

// at is the smallest part at an offset, or else the first that begins on its line;
// -1 where there is none.
func (s *slicer) at(offset int) int {
	found := -1
	for i, p := range s.parts {
		if p.start <= offset && offset < p.end && (found < 0 || p.end-p.start < s.parts[found].end-s.parts[found].start) {
			found = i
		}
	}
	if found >= 0 {
		return found
	}
	for i, p := range s.parts {
		if p.start >= offset && !bytes.Contains(s.text[offset:p.start], []byte("\n")) {
			return i
		}
	}
	return -1
}

// slice joins a part and all that decide what it does, in their order.
// ok is false where that cannot be known.
func (s *slicer) slice(first int) (joined []byte, ok bool) {
	in, names := map[int]bool{first: true}, map[string]bool{}
	for n := range s.parts[first].names {
		names[n] = true
	}
	for grown := true; grown; {
		grown = false
		for i, p := range s.parts {
			if in[i] || !mentionsAny(p.mentions, names) {
				continue
			}
			in[i], grown = true, true
			for n := range p.names {
				names[n] = true
			}
		}
	}
	if s.dynamic && len(names) > 0 {
		return nil, false
	}
	var texts [][]byte
	for i, p := range s.parts {
		if in[i] {
			if p.open {
				return nil, false
			}
			texts = append(texts, bytes.TrimSpace(s.text[p.start:p.end]))
		}
	}
	return bytes.Join(texts, []byte("\n")), true
}

func mentionsAny(words, names map[string]bool) bool {
	for n := range names {
		if words[n] {
			return true
		}
	}
	return false
}

// offsetOf is the byte at a line and a column, which counts characters; beyond the
// end of the line it is the line's last.
func offsetOf(text []byte, line, column int) int {
	at := 0
	for range max(line, 1) - 1 {
		i := bytes.IndexByte(text[at:], '\n')
		if i < 0 {
			return len(text)
		}
		at += i + 1
	}
	for range max(column, 1) - 1 {
		if at >= len(text) || text[at] == '\n' {
			break
		}
		_, size := utf8.DecodeRune(text[at:])
		at += size
	}
	return at
}

// lineAt is the line around an offset.
func lineAt(text []byte, at int) []byte {
	at = min(at, len(text))
	start := bytes.LastIndexByte(text[:at], '\n') + 1
	line, _, _ := bytes.Cut(text[start:], []byte("\n"))
	return line
}

// Line returns the text of a line, without the space around it.
func Line(text []byte, line int) []byte {
	return bytes.TrimSpace(lineAt(text, offsetOf(text, line, 1)))
}
