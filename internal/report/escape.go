package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Terminal makes text from outside safe to print on a terminal or in a log:
// whatever would move the cursor, colour, hide or reorder is written out, and
// so is what is not UTF-8.
func Terminal(s string) string { return visible(s, func(rune) bool { return false }) }

// visible writes out every rune that does not show as itself, and those that
// also says.
func visible(s string, also func(rune) bool) string {
	var out strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&out, `\x%02x`, s[i])
		case hidden(r) || also(r):
			fmt.Fprintf(&out, `\u{%04X}`, r)
		default:
			out.WriteString(s[i : i+size])
		}
		i += size
	}
	return out.String()
}

// hidden reports whether a rune is invisible, a control, or changes the order
// of reading: what a name or a message can trick a reader with.
func hidden(r rune) bool {
	return unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r) ||
		unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) || r == '\u00A0' || r == '\u3000' || r == '\u2800'
}

// commandData escapes the data of a workflow command, as the runner reads it
// back (actions/runner, ActionCommand.cs).
func commandData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(Terminal(s))
}

// commandProperty escapes a property of a workflow command.
func commandProperty(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(commandData(s))
}

// Code is text from outside as a Markdown code span, which nothing in it can
// end: the fence is longer than any run of backticks. A bar is written out, so
// that it stays inside a cell of a table.
func Code(s string) string {
	s = visible(s, func(r rune) bool { return r == '|' })
	if s == "" {
		return "` `"
	}
	longest, run := 0, 0
	for _, r := range s {
		if r == '`' {
			run++
			longest = max(longest, run)
			continue
		}
		run = 0
	}
	fence := strings.Repeat("`", longest+1)
	return fence + " " + s + " " + fence
}

// clip cuts text to so many bytes, at a rune's end, and says that it did.
func clip(s string, limit int) string {
	const mark = " … (cut)"
	if len(s) <= limit {
		return s
	}
	cut := max(limit-len(mark), 0)
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + mark
}
