// Package escape makes text from outside safe to print, for every program of this
// repository. internal/report has the escapes of its formats.
package escape

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Terminal makes text from outside safe to print on a terminal or in a log. It escapes
// characters that move the cursor, colour, hide or reorder text, and bytes that are not
// UTF-8. It also escapes a number sign before a bracket, because the runner of an action
// obeys ##[name] anywhere in a line of the log.
func Terminal(s string) string { return Visible(s, func(rune) bool { return false }) }

// Visible escapes every rune that is not visible as itself, and those for which also
// returns true.
func Visible(s string, also func(rune) bool) string {
	if showsItself(s, also) {
		return s
	}
	var out strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&out, `\x%02x`, s[i])
		case Hidden(r) || also(r) || r == '#' && strings.HasPrefix(s[i+size:], "["):
			fmt.Fprintf(&out, `\u{%04X}`, r)
		default:
			out.WriteString(s[i : i+size])
		}
		i += size
	}
	return out.String()
}

// showsItself reports whether a text is printable ASCII of which nothing is written
// out. Nearly every text is, and needs neither tables nor a copy.
func showsItself(s string, also func(rune) bool) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '#' || also(rune(c)) {
			return false
		}
	}
	return true
}

// invisible are the runes that are displayed as nothing or as a blank other than a space,
// or that only change the display or the order of others.
var invisible = []*unicode.RangeTable{
	unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp, unicode.Zs,
	unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector,
}

// Hidden reports whether a rune can deceive a reader of a name or a message.
func Hidden(r rune) bool {
	return r != ' ' && (unicode.In(r, invisible...) || r == '\u2800') // the Braille pattern without a dot
}
