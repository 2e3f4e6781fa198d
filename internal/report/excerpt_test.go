package report_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/report"
)

// TestTheMarkIsUnderTheText: whatever stands before it on the line, and however narrow the
// terminal is.
func TestTheMarkIsUnderTheText(t *testing.T) {
	for name, test := range map[string]struct {
		excerpt decision.Excerpt
		column  int
		columns int
		want    string // the line and the mark
	}{
		"plain":               {decision.Excerpt{Text: `  "a": "b",`, Width: 3}, 8, 0, "      7 |   \"a\": \"b\",\n        |        ^~~\n"},
		"one character":       {decision.Excerpt{Text: "{", Width: 1}, 1, 0, "      7 | {\n        | ^\n"},
		"tabs":                {decision.Excerpt{Text: "\tx\ty", Width: 1}, 4, 0, "      7 |         x       y\n        |                 ^\n"},
		"a tab that is meant": {decision.Excerpt{Text: "ab\tc", Width: 1}, 3, 0, "      7 | ab      c\n        |   ^~~~~~\n"},
		"wide":                {decision.Excerpt{Text: "漢字: 値x", Width: 1}, 5, 0, "      7 | 漢字: 値x\n        |       ^~\n"},
		"combining":           {decision.Excerpt{Text: "e\u0301x", Width: 1}, 3, 0, "      7 | e\u0301x\n        |  ^\n"},
		"hidden":              {decision.Excerpt{Text: "a\u202eb\x1bc", Width: 1}, 5, 0, "      7 | a\\u{202E}b\\u{001B}c\n        |                   ^\n"},
		"a command":           {decision.Excerpt{Text: "##[error]x", Width: 1}, 10, 0, "      7 | #\\u{0023}[error]x\n        |                 ^\n"},
		"a part":              {decision.Excerpt{Text: "bcd", From: 41, Width: 2, Cut: true}, 42, 0, "      7 | …bcd…\n        |   ^~\n"},
		"narrow":              {decision.Excerpt{Text: strings.Repeat("a", 100) + "bcd" + strings.Repeat("e", 100), Width: 3}, 101, 40, "      7 | …aaaaaaaaaaaaaaaaaaaaaaaaabcd…\n        |                           ^~~\n"},
		"20 columns":          {decision.Excerpt{Text: strings.Repeat("a", 100) + strings.Repeat("b", 50), Width: 50}, 101, 20, "      7 | …aaaaaaaaaabbbbbbbbbb…\n        |            ^~~~~~~~~~\n"},
	} {
		f := finding("acme.x", model, model, "m")
		f.Line, f.Column, f.Excerpt = 7, test.column, &test.excerpt
		got := write(t, "text", message(nil, f), report.Options{Columns: test.columns})
		if !strings.Contains(got, test.want) {
			t.Errorf("%s: got\n%swant\n%s", name, got, test.want)
		}
	}
}

// TestAnExcerptWithoutItsColumnIsNotShown: a report that was edited marks nothing.
func TestAnExcerptWithoutItsColumnIsNotShown(t *testing.T) {
	for name, e := range map[string]decision.Excerpt{
		"behind the text": {Text: "abc", Width: 1}, "before the text": {Text: strings.Repeat("a", 99), From: 50, Width: 1}, "no UTF-8": {Text: strings.Repeat("\xff", 99), Width: 1},
	} {
		f := finding("acme.x", model, model, "m")
		f.Excerpt = &e
		if got := write(t, "text", message(nil, f), report.Options{}); strings.Contains(got, " | ") {
			t.Errorf("%s: it shows\n%s", name, got)
		}
	}
}

func FuzzExcerpt(f *testing.F) {
	for _, s := range naughty {
		f.Add(s, 1, 1, 3, 20)
	}
	f.Fuzz(func(t *testing.T, s string, from, width, column, columns int) {
		one := finding("acme.x", model, model, "m")
		one.Column, one.Excerpt = column, &decision.Excerpt{Text: s, From: from, Width: width}
		text := write(t, "text", message(nil, one), report.Options{Columns: columns})
		inert(t, "text", text)
		if n := strings.Count(text, "\n"); n > 6 || !utf8.ValidString(text) {
			t.Errorf("%q: %d lines:\n%s", s, n, text)
		}
	})
}
