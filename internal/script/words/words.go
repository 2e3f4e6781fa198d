// Package words has what is known of the words of a script's commands before it runs: their
// texts without quotes, with a hole for each part that is not known. It resolves no variable
// itself, and does not know what a word means to the program that gets it.
package words

import (
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// Hole stands in the text of a word for what is known only when the script runs. It
// is a name, so that code around it can be parsed wherever it stands.
const Hole = "_codexlock_hole_"

// An Argument is a word of a command: its text without quotes, with a hole for each
// part that is known only at run time.
type Argument struct {
	Word *syntax.Word
	Code string
}

// Text is the argument up to its first hole.
func (a Argument) Text() string {
	text, _, _ := strings.Cut(a.Code, Hole)
	return text
}

// Whole reports that all of it is known.
func (a Argument) Whole() bool { return !strings.Contains(a.Code, Hole) }

// After is the argument without its first n bytes.
func (a Argument) After(n int) Argument { return Argument{a.Word, a.Code[min(n, len(a.Code)):]} }

// With is another text in place of the argument's.
func (a Argument) With(code string) Argument { return Argument{a.Word, code} }

// Fields are the words of the argument's text.
func (a Argument) Fields() []Argument {
	var args []Argument
	for _, field := range strings.Fields(a.Code) {
		args = append(args, Argument{a.Word, field})
	}
	return args
}

// Joined is the text of words that a program joins with blanks.
func Joined(args []Argument) string {
	var codes []string
	for _, a := range args {
		codes = append(codes, a.Code)
	}
	return strings.Join(codes, " ")
}

// Literal is a word's text up to its first part that is known only at run time;
// whole reports that there is none.
func Literal(word *syntax.Word) (literal string, whole bool) {
	if word == nil {
		return "", true
	}
	a := Argument{word, Text(word.Parts, func(*syntax.ParamExp, bool) (string, bool) { return "", false })}
	return a.Text(), a.Whole()
}

// Text is the text of a word's parts without quotes, with a hole for each part that value
// does not know.
func Text(parts []syntax.WordPart, value func(p *syntax.ParamExp, quoted bool) (text string, ok bool)) string {
	var b strings.Builder
	writeParts(&b, parts, false, value)
	return b.String()
}

func writeParts(b *strings.Builder, parts []syntax.WordPart, quoted bool, value func(*syntax.ParamExp, bool) (string, bool)) {
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
			writeParts(b, part.Parts, true, value)
		case *syntax.ParamExp:
			if text, ok := value(part, quoted); ok {
				b.WriteString(text)
				continue
			}
			b.WriteString(Hole)
		default:
			b.WriteString(Hole)
		}
	}
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

// Parameter is the only part of a word, where that is a parameter without quotes.
func Parameter(parts []syntax.WordPart) *syntax.ParamExp {
	if len(parts) != 1 {
		return nil
	}
	p, _ := parts[0].(*syntax.ParamExp)
	return p
}

// IsPlain reports that a parameter is expanded as it is.
func IsPlain(p *syntax.ParamExp) bool {
	return !p.Excl && !p.Length && !p.Width && !p.IsSet && p.Slice == nil && p.Repl == nil && p.Exp == nil && p.Names == 0
}
