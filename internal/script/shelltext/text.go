// Package shelltext takes the text of a script as text: whether it can be parsed at all, the
// tree of what Bash accepts, and the text of one statement or line with all that decides what
// it does. It knows no program and no fact about one, executes nothing and judges nothing.
package shelltext

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/codexlock/codexlock/internal/facts"
)

// MaxBytes is the largest script that is parsed, and MaxOpeners the largest number of brackets
// and keywords that can open a level of nesting: the parser is recursive, with some 8 KiB of
// stack per level, and a stack that overflows ends the program.
const (
	MaxBytes   = 256 << 10
	MaxOpeners = 10_000
)

// Unreadable returns why bytes are not the text of a script, or nil.
func Unreadable(text []byte) *facts.ScriptProblem {
	if len(text) > MaxBytes {
		return &facts.ScriptProblem{Message: fmt.Sprintf("has %d bytes, want at most %d of a script", len(text), MaxBytes), Line: 1, Column: 1}
	}
	if n := Openers(text); n > MaxOpeners {
		return &facts.ScriptProblem{Message: fmt.Sprintf("has %d brackets and keywords that open something, want at most %d of a script", n, MaxOpeners), Line: 1, Column: 1}
	}
	if i := bytes.IndexByte(text, 0); i >= 0 {
		line, column := Position(text, i)
		return &facts.ScriptProblem{Message: "holds a NUL byte, want text", Line: line, Column: column}
	}
	if !utf8.Valid(text) {
		for i := 0; i < len(text); {
			r, size := utf8.DecodeRune(text[i:])
			if r == utf8.RuneError && size == 1 {
				line, column := Position(text, i)
				return &facts.ScriptProblem{Message: "is not UTF-8", Line: line, Column: column}
			}
			i += size
		}
	}
	return nil
}

// keywords open a level, as brackets do.
var keywords = map[string]bool{
	"!": true, "case": true, "coproc": true, "do": true, "elif": true, "else": true, "for": true, "function": true, "if": true,
	"select": true, "then": true, "time": true, "until": true, "while": true,
}

// Openers counts the tokens that can open a level of nesting, quoted or not: at least as many
// as there are levels.
func Openers(text []byte) int {
	n, start := 0, 0
	for i := 0; i <= len(text); i++ {
		var c byte = ' '
		if i < len(text) {
			c = text[i]
		}
		switch {
		case 'a' <= c && c <= 'z', c == '!':
			continue
		case c == '(', c == '{', c == '`', c == '[', c == '<',
			c == '\\' && i+1 < len(text) && text[i+1] == '\n': // which may stand inside a keyword
			n++
		}
		if keywords[string(text[start:i])] {
			n++
		}
		start = i + 1
	}
	return n
}

// Position is the line and the column of a byte; the parser's own columns count
// bytes, and neither goes beyond a limit.
func Position(text []byte, offset int) (line, column int) {
	before := text[:min(max(offset, 0), len(text))]
	start := bytes.LastIndexByte(before, '\n') + 1
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[start:]) + 1
}
