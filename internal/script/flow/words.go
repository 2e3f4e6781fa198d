package flow

import (
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"

	"github.com/codexlock/codexlock/internal/script/words"
)

// The characters around the number of an expression in a text that [Mask] returns. They are of
// the private use area, and mean nothing to the shell.
const (
	opens  = "\ue000"
	closes = "\ue001"
)

// Mask replaces the expressions of a workflow, ${{ ... }}, by words of the same length, and
// returns what they say, by their numbers.
func Mask(text string) (masked string, said []string) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${{")
		end := strings.Index(rest, "}}")
		if !found || end < 0 {
			b.WriteString(text)
			return b.String(), said
		}
		b.WriteString(before)
		said = append(said, strings.TrimSpace(rest[:end]))
		digits := strconv.FormatInt(int64(len(said)-1), 36)
		switch room := len("${{}}") + end - len(opens) - len(closes); {
		case room >= len(digits):
			b.WriteString(opens + strings.Repeat("0", room-len(digits)) + digits + closes)
		case room >= 0: // there is no room for the number: it is not known
			b.WriteString(opens + strings.Repeat("-", room) + closes)
		default:
			b.WriteString(strings.Repeat("_", len("${{}}")+end))
		}
		text = rest[end+len("}}"):]
	}
}

// Unmask replaces the words of [Mask] by what expression returns, or by a hole.
func Unmask(text string, expression func(int) (string, bool)) string {
	if !strings.Contains(text, opens) {
		return text
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, opens)
		digits, after, closed := strings.Cut(rest, closes)
		b.WriteString(before)
		if !found || !closed {
			b.WriteString(rest)
			return b.String()
		}
		said := words.Hole
		if n, err := strconv.ParseInt(digits, 36, 32); err == nil && expression != nil {
			if known, ok := expression(int(n)); ok {
				said = known
			}
		}
		b.WriteString(said)
		text = after
	}
}

// maxBraces bounds how many words the braces of one word make.
const maxBraces = 64

// fields are the arguments that a word becomes.
func (f *follower[V]) fields(word *syntax.Word, in *state[V]) []words.Argument {
	split := *word
	if !syntax.SplitBraces(&split) {
		return f.field(word, in)
	}
	var args []words.Argument
	for one, err := range expand.BracesSeq(nil, &split) {
		if err != nil || len(args) > maxBraces {
			return append(args, words.Argument{Code: words.Hole})
		}
		args = append(args, f.field(one, in)...)
	}
	return args
}

// field is fields for a word without braces.
func (f *follower[V]) field(word *syntax.Word, in *state[V]) []words.Argument {
	parts, quoted := word.Parts, false
	if len(parts) == 1 {
		if q, ok := parts[0].(*syntax.DblQuoted); ok {
			parts, quoted = q.Parts, true
		}
	}
	if p := words.Parameter(parts); p != nil && p.Param != nil {
		text, known := in.vars[p.Param.Value]
		all := isAll(p)
		switch {
		case known && all && strings.HasPrefix(text, "\x00"):
			var args []words.Argument
			for one := range strings.SplitSeq(text[1:], "\x00") {
				args = append(args, words.Argument{Code: one})
			}
			return args
		case known && !quoted && !all && words.IsPlain(p) && p.Index == nil && !strings.HasPrefix(text, "\x00"):
			var args []words.Argument
			for _, one := range strings.Fields(text) {
				args = append(args, words.Argument{Code: one})
			}
			if len(args) > 0 {
				return args
			}
		}
	}
	return []words.Argument{{Code: f.text(word, in)}}
}

// isAll reports whether a parameter is all elements of an array, or all arguments.
func isAll(p *syntax.ParamExp) bool {
	if !words.IsPlain(p) {
		return false
	}
	if p.Index != nil {
		index, ok := p.Index.(*syntax.Word)
		return ok && (index.Lit() == "@" || index.Lit() == "*")
	}
	return p.Param.Value == "@" || p.Param.Value == "*"
}

// text is a word with a hole for each part that is not known.
func (f *follower[V]) text(word *syntax.Word, in *state[V]) string {
	if word == nil {
		return ""
	}
	return f.textOf(word.Parts, false, in)
}

func (f *follower[V]) textOf(parts []syntax.WordPart, quoted bool, in *state[V]) string {
	var b strings.Builder
	for i, part := range parts {
		switch part := part.(type) {
		case *syntax.DblQuoted:
			b.WriteString(f.textOf(part.Parts, true, in))
		case *syntax.CmdSubst:
			b.WriteString(f.substituted(part, in))
		case *syntax.ExtGlob:
			b.WriteString("*")
		case *syntax.ParamExp:
			if text, ok := f.parameter(part, in); ok {
				b.WriteString(text)
			} else {
				b.WriteString(words.Hole)
			}
		case *syntax.Lit:
			text := words.Text([]syntax.WordPart{part}, nil)
			if quoted {
				text = words.Text([]syntax.WordPart{&syntax.DblQuoted{Parts: []syntax.WordPart{part}}}, nil)
			} else if i == 0 && strings.HasPrefix(text, "~/") {
				text = "~" + text[1:]
			}
			b.WriteString(Unmask(text, f.expression))
		default:
			b.WriteString(Unmask(words.Text([]syntax.WordPart{part}, nil), f.expression))
		}
	}
	return b.String()
}

// parameter is the text of a parameter, where it is known.
func (f *follower[V]) parameter(p *syntax.ParamExp, in *state[V]) (text string, ok bool) {
	if p.Param == nil || p.Excl || p.Length || p.Width || p.IsSet || p.Slice != nil || p.Repl != nil || p.Names != 0 {
		return "", false
	}
	name := p.Param.Value
	text, ok = in.vars[name]
	if strings.HasPrefix(text, "\x00") {
		if index, is := p.Index.(*syntax.Word); p.Index != nil && (!is || index.Lit() != "0") {
			return "", false
		}
		text, _, _ = strings.Cut(text[1:], "\x00")
	}
	if !ok {
		switch name {
		case "PWD":
			text, ok = in.dir, true
		case "HOME":
			text, ok = "~", true
		}
	}
	if p.Exp == nil {
		return text, ok
	}
	known := ok && !strings.Contains(text, words.Hole)
	switch p.Exp.Op {
	case syntax.DefaultUnset, syntax.DefaultUnsetOrNull, syntax.AssignUnset, syntax.AssignUnsetOrNull:
		if known {
			return text, true
		}
		f.guessed = true
		return f.text(p.Exp.Word, in), true
	case syntax.ErrorUnset, syntax.ErrorUnsetOrNull:
		return text, ok
	case syntax.RemSmallSuffix:
		if suffix := f.text(p.Exp.Word, in); known && !strings.ContainsAny(suffix, `*?[\`) {
			return strings.TrimSuffix(text, suffix), true
		}
	case syntax.RemSmallPrefix:
		if prefix := f.text(p.Exp.Word, in); known && !strings.ContainsAny(prefix, `*?[\`) {
			return strings.TrimPrefix(text, prefix), true
		}
	}
	return "", false
}

// substituted is what a command writes that names a folder or a file.
func (f *follower[V]) substituted(s *syntax.CmdSubst, in *state[V]) string {
	if len(s.Stmts) != 1 {
		return words.Hole
	}
	call, ok := s.Stmts[0].Cmd.(*syntax.CallExpr)
	if !ok || len(call.Args) == 0 || len(s.Stmts[0].Redirs) > 0 {
		return words.Hole
	}
	args := make([]string, len(call.Args))
	for i, word := range call.Args {
		args[i] = f.text(word, in)
	}
	last := args[len(args)-1]
	switch joined := strings.Join(args, " "); {
	case joined == "pwd", joined == "pwd -P":
		return in.dir
	case joined == "git rev-parse --show-toplevel" && strings.HasPrefix(in.dir, Root):
		return Root
	case len(args) > 1 && (args[0] == "realpath" || args[0] == "readlink" && args[1] == "-f") && !strings.HasPrefix(last, "-"):
		return Join(in.dir, last)
	case len(args) == 2 && args[0] == "echo":
		return last
	}
	return words.Hole
}

// substitutions follows the commands in the words of a node, each in a shell of its own, whose
// success nothing waits for.
func (f *follower[V]) substitutions(n syntax.Node, in *state[V]) *state[V] {
	if n == nil {
		return in
	}
	guessed := f.guessed
	syntax.Walk(n, func(n syntax.Node) bool {
		var stmts []*syntax.Stmt
		switch n := n.(type) {
		case *syntax.CmdSubst:
			stmts = n.Stmts
		case *syntax.ProcSubst:
			stmts = n.Stmts
		default:
			return true
		}
		o := f.sub(stmts, in, true)
		next := *in
		next.v = f.Aside(in.v, f.any(o, in).v, false)
		in = &next
		return false
	})
	f.guessed = guessed
	return in
}
