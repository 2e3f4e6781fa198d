package script

import (
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// hole stands in the text of a word for what is known only when the script runs. It
// is a name, so that code around it can be parsed wherever it stands.
const hole = "_codexlock_hole_"

// An argument is a word of a command: its text without quotes, with a hole for each
// part that is known only at run time.
type argument struct {
	word *syntax.Word
	code string
}

// text is the argument up to its first hole.
func (a argument) text() string {
	text, _, _ := strings.Cut(a.code, hole)
	return text
}

// whole reports that all of it is known.
func (a argument) whole() bool { return !strings.Contains(a.code, hole) }

// after is the argument without its first n bytes.
func (a argument) after(n int) argument { return argument{a.word, a.code[min(n, len(a.code)):]} }

// Literal is a word's text up to its first part that is known only at run time;
// whole reports that there is none.
func Literal(word *syntax.Word) (text string, whole bool) {
	if word == nil {
		return "", true
	}
	var b strings.Builder
	(&walker{}).write(&b, word.Parts, false)
	a := argument{word, b.String()}
	return a.text(), a.whole()
}

// maxWords bounds how many words the braces of one word make.
const maxWords = 64

// words are the arguments that words become: braces are expanded, and variables that
// have one known value.
func (w *walker) words(words []*syntax.Word) []argument {
	var args []argument
	for _, word := range words {
		if list, ok := w.array(word); ok {
			args = append(args, list...)
			continue
		}
		split := *word
		if !syntax.SplitBraces(&split) {
			args = append(args, w.fields(word, word)...)
			continue
		}
		n := 0
		for one, err := range expand.BracesSeq(nil, &split) {
			if n++; err != nil || n > maxWords {
				args = append(args, argument{word, hole})
				break
			}
			args = append(args, w.fields(one, word)...)
		}
	}
	return args
}

// fields are the arguments that one word becomes: more than one where a variable
// that is not quoted holds more.
func (w *walker) fields(word, at *syntax.Word) []argument {
	if name := variable(word.Parts); name != nil && len(word.Parts) == 1 {
		if text, ok := w.constant(name); ok && !w.splits() {
			var args []argument
			for _, field := range strings.Fields(text) {
				args = append(args, argument{at, field})
			}
			return args
		}
	}
	var b strings.Builder
	w.write(&b, word.Parts, false)
	return []argument{{at, b.String()}}
}

// textOf is a word with a hole for each part that is not known.
func (w *walker) textOf(word *syntax.Word) string {
	var b strings.Builder
	if word != nil {
		w.write(&b, word.Parts, false)
	}
	return b.String()
}

func (w *walker) write(b *strings.Builder, parts []syntax.WordPart, quoted bool) {
	for _, part := range parts {
		switch part := part.(type) {
		case *syntax.Lit:
			if quoted {
				b.WriteString(unescaped(part.Value, "$`\"\\"))
			} else {
				b.WriteString(unescaped(part.Value, ""))
			}
		case *syntax.SglQuoted:
			text := part.Value
			if part.Dollar {
				text, _, _ = expand.Format(nil, part.Value, nil)
				text, _, _ = strings.Cut(text, "\x00")
			}
			b.WriteString(text)
		case *syntax.DblQuoted:
			w.write(b, part.Parts, true)
		case *syntax.ParamExp:
			if text, ok := w.constant(part); ok && (quoted || !w.splits() && !strings.ContainsAny(text, " \t\n")) {
				b.WriteString(text)
				continue
			}
			if w.isHome(part) {
				b.WriteString("~")
				continue
			}
			b.WriteString(hole)
		default:
			b.WriteString(hole)
		}
	}
}

// isHome reports whether a parameter is the home directory of whoever runs the script.
func (w *walker) isHome(p *syntax.ParamExp) bool {
	return w.vars != nil && p.Param != nil && p.Param.Value == "HOME" && p.Index == nil && IsPlain(p) && len(w.vars.writes["HOME"]) == 0
}

// splits reports whether words are split elsewhere than at blanks.
func (w *walker) splits() bool { return len(w.vars.writes["IFS"]) > 0 }

// variable is the only part of a word, where that is a parameter without quotes.
func variable(parts []syntax.WordPart) *syntax.ParamExp {
	if len(parts) != 1 {
		return nil
	}
	p, _ := parts[0].(*syntax.ParamExp)
	return p
}

// unescaped takes the backslashes away: all of them, or in double quotes those in
// front of a character that is special there.
func unescaped(s, special string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && (special == "" || s[i+1] == '\n' || strings.IndexByte(special, s[i+1]) >= 0) {
			if i++; s[i] == '\n' {
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
