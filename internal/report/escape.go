package report

import (
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/codexlock/codexlock/internal/escape"
)

// Terminal is [escape.Terminal].
func Terminal(s string) string { return escape.Terminal(s) }

// commandData escapes the data of a workflow command, as the runner
// unescapes it (actions/runner, ActionCommand.cs). For invisible runes see Terminal.
func commandData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

// commandProperty escapes a property of a workflow command.
func commandProperty(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(commandData(s))
}

// Code formats text from outside as a Markdown code span that the text cannot end: the
// fence is longer than any run of backticks. It escapes bars, so that the text stays in
// its table cell.
func Code(s string) string { return code(s, math.MaxInt) }

// CodeWithin is Code for at most limit bytes of the text.
func CodeWithin(s string, limit int) string { return code(s, limit) }

// maxBackticks is the longest run of backticks that is shown unchanged. GitHub's parser
// accepts no fence of more than 80 (cmark-gfm, MAXBACKTICKS).
const maxBackticks = 16

// code is Code for at most limit bytes of the text.
func code(s string, limit int) string {
	long := strings.Contains(s, strings.Repeat("`", maxBackticks+1))
	s = clip(escape.Visible(s, func(r rune) bool { return r == '|' || r == '`' && long }), limit)
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

// clip shortens text to limit bytes, at the end of a rune, and adds a remark if that fits.
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

// JSON returns a writer for JSON to a terminal or a log. It replaces each rune that
// Terminal would escape by a JSON escape; in JSON such runes occur only in strings. Each
// Write must contain whole runes, as those of encoding/json do.
func JSON(w io.Writer) io.Writer { return inertJSON{w} }

type inertJSON struct{ to io.Writer }

func (j inertJSON) Write(text []byte) (int, error) {
	out := make([]byte, 0, len(text)+64)
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		next := i + size
		switch {
		case r == '#' && (next == len(text) || text[next] == '['), r != '\n' && escape.Hidden(r):
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
