package report

import (
	"fmt"
	"io"
	"math"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Terminal makes text from outside safe to print on a terminal or in a log:
// whatever would move the cursor, colour, hide or reorder is written out, and
// so is what is not UTF-8. A number sign before a bracket is written out too: a
// log may be an action's, whose runner obeys ##[name] wherever it stands in a line.
func Terminal(s string) string { return visible(s, func(rune) bool { return false }) }

// visible writes out every rune that does not show as itself, and those that
// also says.
func visible(s string, also func(rune) bool) string {
	if showsItself(s, also) {
		return s
	}
	var out strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&out, `\x%02x`, s[i])
		case hidden(r) || also(r) || r == '#' && strings.HasPrefix(s[i+size:], "["):
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

// invisible are the runes that show as nothing, as a blank that is not a space,
// or only change how others show or in which order they are read.
var invisible = []*unicode.RangeTable{
	unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp, unicode.Zs,
	unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector,
}

// hidden reports whether a name or a message can trick a reader with a rune.
func hidden(r rune) bool {
	return r != ' ' && (unicode.In(r, invisible...) || r == '\u2800') // the Braille pattern without a dot
}

// commandData escapes the data of a workflow command, as the runner reads it
// back (actions/runner, ActionCommand.cs). It hides nothing: see Terminal.
func commandData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

// commandProperty escapes a property of a workflow command.
func commandProperty(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(commandData(s))
}

// Code is text from outside as a Markdown code span, which nothing in it can
// end: the fence is longer than any run of backticks. A bar is written out, so
// that it stays inside a cell of a table.
func Code(s string) string { return code(s, math.MaxInt) }

// maxBackticks bounds a run of backticks that is shown as it is. GitHub's
// parser takes no run of more than 80 for a fence (cmark-gfm, MAXBACKTICKS).
const maxBackticks = 16

// code is Code over at most so many bytes of text.
func code(s string, limit int) string {
	long := strings.Contains(s, strings.Repeat("`", maxBackticks+1))
	s = clip(visible(s, func(r rune) bool { return r == '|' || r == '`' && long }), limit)
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

// clip cuts text to so many bytes, at a rune's end, and says that it did where
// that fits.
func clip(s string, limit int) string {
	mark := " … (cut)"
	if len(s) <= limit {
		return s
	}
	if limit < len(mark) {
		mark = ""
	}
	cut := max(limit-len(mark), 0)
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + mark
}

// JSON is a writer of JSON to a terminal or a log: it writes out, as escapes that
// every reader of JSON undoes, each rune that Terminal would write out. Where these
// stand in JSON they are in a string. Each Write has to hold whole runes, as
// encoding/json writes them.
func JSON(w io.Writer) io.Writer { return inertJSON{w} }

type inertJSON struct{ to io.Writer }

func (j inertJSON) Write(text []byte) (int, error) {
	out := make([]byte, 0, len(text)+64)
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		next := i + size
		switch {
		case r == '#' && (next == len(text) || text[next] == '['), r != '\n' && hidden(r):
			for _, unit := range utf16.AppendRune(nil, r) {
				out = fmt.Appendf(out, `\u%04x`, unit)
			}
		default:
			out = append(out, text[i:next]...)
		}
		i = next
	}
	if n, err := j.to.Write(out); err != nil {
		return min(n, len(text)), err
	}
	return len(text), nil
}
