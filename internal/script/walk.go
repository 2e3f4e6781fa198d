package script

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// A walker goes through a script's tree and fills in the facts.
type walker struct {
	facts     *Facts
	text      []byte
	functions map[string]bool // that the script defines
	depth     int             // of scripts in a string, as in bash -c
	base      int             // where such a string stands
}

// maxDepth bounds scripts in strings in scripts in strings.
const maxDepth = 3

func (w *walker) file(f *syntax.File) {
	if w.depth == 0 {
		w.strictMode(f)
	}
	syntax.Walk(f, func(n syntax.Node) bool {
		if d, ok := n.(*syntax.FuncDecl); ok && d.Name != nil {
			w.functions[d.Name.Value] = true
		}
		return true
	})
	syntax.Walk(f, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.CallExpr:
			w.call(n)
		case *syntax.Redirect:
			w.redirect(n)
		case *syntax.CaseItem:
			for _, p := range n.Patterns {
				w.answersHelp(p)
			}
		case *syntax.TestClause:
			syntax.Walk(n, func(n syntax.Node) bool {
				if word, ok := n.(*syntax.Word); ok {
					w.answersHelp(word)
				}
				if u, ok := n.(*syntax.UnaryTest); ok && looksAtFile(u.Op.String()) {
					w.facts.Behaves = "yes"
				}
				return true
			})
		case *syntax.ForClause:
			if n.Select {
				w.use(&w.facts.Config, n, "select asks at the terminal")
			}
		case *syntax.Word:
			w.reference(n)
		}
		return true
	})
}

// strictMode looks for set -euo pipefail among the commands of the top level.
func (w *walker) strictMode(f *syntax.File) {
	if len(f.Stmts) > 0 {
		w.facts.FirstCommand, _ = w.at(f.Stmts[0])
	}
	for i, s := range f.Stmts {
		call, ok := s.Cmd.(*syntax.CallExpr)
		if !ok || len(call.Args) == 0 || call.Args[0].Lit() != "set" || !isStrict(call.Args[1:]) {
			continue
		}
		w.facts.StrictMode = "later"
		if i == 0 && !s.Negated && !s.Background {
			w.facts.StrictMode = "first"
		}
		return
	}
}

// isStrict reports whether the arguments of set switch on errexit, nounset and
// pipefail, however they are spelled.
func isStrict(args []*syntax.Word) bool {
	on := map[string]bool{}
	for i := 0; i < len(args); i++ {
		flags, ok := strings.CutPrefix(args[i].Lit(), "-")
		if !ok || flags == "" {
			return false
		}
		for _, flag := range flags {
			switch flag {
			case 'e':
				on["errexit"] = true
			case 'u':
				on["nounset"] = true
			case 'o':
				if i++; i >= len(args) {
					return false
				}
				on[args[i].Lit()] = true
			}
		}
	}
	return on["errexit"] && on["nounset"] && on["pipefail"]
}

// use notes a place, as long as there are not too many.
func (w *walker) use(list *[]Use, n syntax.Node, text string) {
	if len(*list) < maxUses {
		line, column := w.at(n)
		*list = append(*list, Use{Text: shorten(text), Line: line, Column: column})
	}
}

func (w *walker) at(n syntax.Node) (line, column int) {
	if w.depth > 0 { // inside a string: where that stands
		return position(w.text, w.base)
	}
	return position(w.text, int(n.Pos().Offset()))
}

// source is a node as it was written.
func (w *walker) source(n syntax.Node) string {
	from, to := int(n.Pos().Offset()), int(n.End().Offset())
	if w.depth > 0 || from < 0 || to > len(w.text) || from > to {
		var b strings.Builder
		if err := syntax.NewPrinter(syntax.SingleLine(true)).Print(&b, n); err != nil {
			return ""
		}
		return b.String()
	}
	return strings.Join(strings.Fields(string(w.text[from:to])), " ")
}

// answersHelp notes a pattern or an operand that is --help or --usage.
func (w *walker) answersHelp(word *syntax.Word) {
	if text, ok := literal(word); ok && (text == "--help" || text == "--usage") {
		w.facts.Usage = "handled"
	}
}

// unverified are the folders that nothing may consume (ZT-6.3).
var unverified = []string{"assets/incoming/", "assets/quarantine/"}

func (w *walker) reference(word *syntax.Word) {
	text, _ := literal(word)
	for _, dir := range unverified {
		if i := strings.Index(text+"/", dir); i == 0 || i > 0 && (text[i-1] == '/' || text[i-1] == '=' || text[i-1] == ' ') {
			w.use(&w.facts.References, word, text)
		}
	}
}

func (w *walker) redirect(r *syntax.Redirect) {
	target, _ := literal(r.Word)
	if rest, ok := cutAny(target, "/dev/tcp/", "/dev/udp/"); ok {
		host, _, _ := strings.Cut(rest, "/")
		w.access(r, target, host)
	}
	switch r.Op {
	case syntax.AppOut, syntax.AppAll:
		if !strings.HasPrefix(target, "/dev/") {
			w.use(&w.facts.Repeats, r, w.source(r)+" appends once more")
		}
	case syntax.RdrIn:
		if target == "/dev/tty" {
			w.use(&w.facts.Config, r, w.source(r)+" asks at the terminal")
		}
	}
}

func cutAny(s string, prefixes ...string) (rest string, ok bool) {
	for _, p := range prefixes {
		if rest, ok := strings.CutPrefix(s, p); ok {
			return rest, true
		}
	}
	return s, false
}

// literal is a word's text without its quotes, up to the first part that is known
// only when the script runs; whole reports that there is none.
func literal(word *syntax.Word) (text string, whole bool) {
	if word == nil {
		return "", true
	}
	var b strings.Builder
	whole = literalParts(&b, word.Parts)
	return b.String(), whole
}

func literalParts(b *strings.Builder, parts []syntax.WordPart) bool {
	for _, part := range parts {
		switch part := part.(type) {
		case *syntax.Lit:
			b.WriteString(unescaped(part.Value))
		case *syntax.SglQuoted:
			b.WriteString(part.Value)
		case *syntax.DblQuoted:
			if !literalParts(b, part.Parts) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// unescaped takes the backslashes of an unquoted text away.
func unescaped(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
			if s[i] == '\n' {
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
