package excerpt

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/codexlock/codexlock/internal/decision"
)

// textOf is a text of which lines may be shown.
func textOf(data string) *readableText {
	t := &readableText{name: "x", data: []byte(data), starts: []int{0}, whole: true}
	for i, c := range t.data {
		if c == '\n' {
			t.starts = append(t.starts, i+1)
		}
	}
	return t
}

func TestExcerpts(t *testing.T) {
	long := strings.Repeat("é", 300) + `"value", ` + strings.Repeat("x", 300)
	for name, test := range map[string]struct {
		text         string
		line, column int
		want         *decision.Excerpt
	}{
		"a value":              {"{\n  \"sha256\": \"abc\",\n}\n", 2, 13, &decision.Excerpt{Text: `  "sha256": "abc",`, Width: 5}},
		"an escaped quote":     {`"a\"b" c`, 1, 1, &decision.Excerpt{Text: `"a\"b" c`, Width: 6}},
		"an open quote":        {`"abc`, 1, 1, &decision.Excerpt{Text: `"abc`, Width: 4}},
		"a word":               {"set -e; local x", 1, 9, &decision.Excerpt{Text: "set -e; local x", Width: 5}},
		"a bracket":            {"{}", 1, 1, &decision.Excerpt{Text: "{}", Width: 1}},
		"a line end of DOS":    {"ab\r\ncd\r\n", 2, 1, &decision.Excerpt{Text: "cd", Width: 2}},
		"the last line":        {"ab\ncd", 2, 2, &decision.Excerpt{Text: "cd", Width: 1}},
		"behind the line":      {"ab\ncd", 1, 3, nil},
		"behind the text":      {"ab\n", 3, 1, nil},
		"an empty line":        {"\n\n", 2, 1, nil},
		"no line":              {"ab", 0, 1, nil},
		"the middle of a long": {long, 1, 301, &decision.Excerpt{Text: strings.Repeat("é", 60) + `"value", ` + strings.Repeat("x", 131), From: 241, Width: 7, Cut: true}},
		"the start of a long":  {long, 1, 2, &decision.Excerpt{Text: strings.Repeat("é", 200), Width: 199, Cut: true}},
		"a line that is large": {strings.Repeat("a", maxLine+1), 1, 5, nil},
	} {
		got := textOf(test.text).excerpt(test.line, test.column)
		if (got == nil) != (test.want == nil) || got != nil && *got != *test.want {
			t.Errorf("%s: got %+v, want %+v", name, got, test.want)
		}
	}
	if (*readableText)(nil).excerpt(1, 1) != nil {
		t.Error("a text that may not be shown has an excerpt")
	}
}

// FuzzExcerpts: an excerpt is valid UTF-8, bounded, and has the column in it.
func FuzzExcerpts(f *testing.F) {
	f.Add("a\nbc\t\"d\"\r\n", 2, 3)
	f.Add(strings.Repeat("漢", 500), 1, 400)
	f.Fuzz(func(t *testing.T, text string, line, column int) {
		if !utf8.ValidString(text) {
			return
		}
		e := textOf(text).excerpt(line, column)
		if e == nil {
			return
		}
		n, at := utf8.RuneCountInString(e.Text), column-max(e.From, 1)
		if !utf8.ValidString(e.Text) || n > excerptLength || at < 0 || at >= n || e.Width < 1 || at+e.Width > n || strings.Contains(e.Text, "\n") {
			t.Errorf("%q %d:%d: %+v", text, line, column, e)
		}
	})
}
