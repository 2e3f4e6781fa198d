package shelltext

import (
	"bytes"
	"errors"

	"mvdan.cc/sh/v3/syntax"
)

// Bash takes the subscript of an associative array as a string, and [a-z]* among the
// elements of an array as a pattern; the parser takes them for arithmetic and for a
// subscript. What it refuses there is replaced, byte for byte, by what it accepts, so
// that every other byte keeps its place. maxRepairs and maxRepaired bound the work.
const (
	maxRepairs  = 2000
	maxRepaired = 64 * MaxBytes
)

// Parse parses a script as Bash does.
func Parse(text []byte) (*syntax.File, error) {
	file, first := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(bytes.NewReader(text), "")
	if first == nil {
		return file, nil
	}
	repaired, err, at := bytes.Clone(text), first, errorOffset(first)
	for n, parsed := 0, 0; err != nil && n < maxRepairs && parsed < maxRepaired; n++ {
		next := repairAt(repaired, at)
		if next == nil {
			return nil, first
		}
		repaired = next
		parsed += len(repaired)
		if file, err = syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(bytes.NewReader(repaired), ""); err == nil {
			return file, nil
		}
		at = errorOffset(err)
	}
	return nil, first
}

// errorOffset is where the parser stops.
func errorOffset(err error) int {
	_, at := Problem(err)
	return at
}

// Problem returns what an error of [Parse] says, without its position, and the byte that it is
// about.
func Problem(err error) (message string, at int) {
	var parse syntax.ParseError
	var lang syntax.LangError
	switch {
	case errors.As(err, &parse):
		return parse.Text, int(parse.Pos.Offset())
	case errors.As(err, &lang):
		return "it uses " + lang.Feature, int(lang.Pos.Offset())
	}
	return err.Error(), 0
}

// repairAt replaces what the parser refuses at an offset; nil where that is no
// subscript and no pattern.
func repairAt(text []byte, at int) []byte {
	if at >= len(text) {
		return nil
	}
	if at >= 2 && text[at] == '=' && text[at-1] == '{' && text[at-2] == '$' { // ${=x}, which only Zsh expands
		return replaced(text, at, at+1)
	}
	open := openBracket(text, at)
	if open < 0 {
		return nil
	}
	end := subscriptEnd(text, open)
	if end < 0 || end < at {
		return nil
	}
	if after := end + 1; open > 0 && (text[open-1] == '(' || text[open-1] == ' ' || text[open-1] == '\t' || text[open-1] == '\n') {
		if after >= len(text) || text[after] != '=' && !bytes.HasPrefix(text[after:], []byte("+=")) {
			return replaced(text, open, open+1) // a pattern among the elements of an array
		}
	} else if open == 0 || !isNameByte(text[open-1]) {
		return replaced(text, open, open+1)
	}
	return masked(text, open+1, end)
}

// openBracket is the bracket at an offset, or the nearest one in front of it that is
// still open there.
func openBracket(text []byte, at int) int {
	depth := 0
	for i := at; i >= 0 && text[i] != '\n' && at-i < 4096; i-- {
		switch {
		case text[i] == '[' && depth == 0:
			return i
		case text[i] == '[':
			depth--
		case text[i] == ']' && i < at:
			depth++
		}
	}
	// The parser may name the word that the bracket follows.
	for i := at; i < len(text) && (isNameByte(text[i]) || text[i] == '['); i++ {
		if text[i] == '[' {
			return i
		}
	}
	return -1
}

// subscriptEnd is where the bracket at open closes; negative where what stands between
// is more than a subscript: another command could be hidden there.
func subscriptEnd(text []byte, open int) int {
	for i := open + 1; i < len(text) && i-open < 4096; i++ {
		switch text[i] {
		case ']':
			return i
		case '\n', ';', '&', '|', '<', '>', '`':
			return -1
		case '\\':
			i++
		case '\'', '"':
			end := bytes.IndexByte(text[i+1:], text[i])
			if end < 0 {
				return -1
			}
			i += end + 1
		case '$':
			i = expansionEnd(text, i)
		case '(', ')', '{', '}':
			return -1
		}
	}
	return -1
}

// expansionEnd is the last byte of the expansion that begins at a dollar sign.
func expansionEnd(text []byte, at int) int {
	i := at + 1
	if i < len(text) && (text[i] == '(' || text[i] == '{') {
		depth := 0
		for ; i < len(text); i++ {
			switch text[i] {
			case '(', '{':
				depth++
			case ')', '}':
				if depth--; depth == 0 {
					return i
				}
			}
		}
		return i
	}
	for i < len(text) && isNameByte(text[i]) {
		i++
	}
	return max(i-1, at)
}

func isNameByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// replaced is a text with underscores in place of some bytes.
func replaced(text []byte, from, to int) []byte {
	text = bytes.Clone(text)
	for i := from; i < to; i++ {
		text[i] = '_'
	}
	return text
}

// masked is a text in which everything between two places is a name, except the
// expansions, which may execute commands. It is nil where nothing changes.
func masked(text []byte, from, to int) []byte {
	masked := bytes.Clone(text)
	for i := from; i < to; i++ {
		switch {
		case text[i] == '$':
			i = expansionEnd(text, i)
		case text[i] == '"' || text[i] == '\'' || isNameByte(text[i]):
		default:
			masked[i] = '_'
		}
	}
	if bytes.Equal(masked, text) {
		return nil
	}
	return masked
}
