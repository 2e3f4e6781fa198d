package content

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// unescaped decodes the escapes of strings as JSON and most languages have them, and
// says where each byte came from. So `"api_key = \"...\""`, a line of a notebook's
// cell, is read as the line that a person sees. ok is false where nothing is escaped
// that could hide a secret: a quote or a letter.
func unescaped(text []byte) (decoded []byte, at []int, ok bool) {
	if !bytes.Contains(text, []byte(`\"`)) && !bytes.Contains(text, []byte(`\u`)) {
		return nil, nil, false
	}
	decoded, at = make([]byte, 0, len(text)), make([]int, 0, len(text))
	for i := 0; i < len(text); {
		c, n := unescape(text[i:])
		for range len(c) {
			at = append(at, i)
		}
		decoded = append(decoded, c...)
		i += n
	}
	return decoded, at, true
}

// unescape is the character that a text begins with, decoded, and how many bytes of
// the text it takes.
func unescape(text []byte) (decoded []byte, n int) {
	if text[0] != '\\' || len(text) == 1 {
		return text[:1], 1
	}
	switch c := text[1]; c {
	case '"', '\'', '\\', '/':
		return text[1:2], 2
	case 'n', 'r':
		return newline, 2
	case 't':
		return tab, 2
	case 'u':
		r, ok := hex4(text)
		if !ok {
			return text[:1], 1
		}
		n = 6
		if low, ok := hex4(text[6:]); ok && utf16.IsSurrogate(r) {
			r, n = utf16.DecodeRune(r, low), 12
		}
		return utf8.AppendRune(nil, r), n
	}
	return text[:1], 1
}

var newline, tab = []byte("\n"), []byte("\t")

// hex4 reads a text that begins with \u and four hexadecimal digits.
func hex4(text []byte) (rune, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	v, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return rune(v), err == nil
}
