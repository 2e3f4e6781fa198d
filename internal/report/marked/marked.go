// Package marked shows the line of a finding, with a mark under the text that the finding is
// about, as wide as a terminal is.
package marked

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"

	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/escape"
)

// A Line is the line of a finding, safe to print, with the text that the finding is about.
type Line struct {
	Number                string
	Before, Marked, After string
	Indent                string // as wide as Before
	Under                 string // as wide as Marked: ^~~~
}

const (
	tabStop     = 8  // columns
	leastSource = 20 // columns that a line of a source has at least, however narrow the terminal is
	ellipsis    = "…"
)

// A cell is what one character of a source shows as.
type cell struct {
	text    string
	columns int
}

// Of returns the line of a finding; ok is false if the report does not have it.
// columns is how wide the number and the line may be together; 0 or less: any width.
func Of(f decision.Finding, columns int) (l Line, ok bool) {
	s := f.Excerpt
	if s == nil {
		return Line{}, false
	}
	at := f.Column - max(s.From, 1) // of the first marked character
	cells := cellsOf(s.Text)
	if at < 0 || at > len(cells) || !utf8.ValidString(s.Text) {
		return Line{}, false
	}
	end := min(at+max(s.Width, 1), len(cells))
	l.Number = strconv.Itoa(f.Line)
	first, last := 0, len(cells)
	if columns > 0 {
		first, last = window(cells, at, end, max(columns-len(l.Number)-len(" | ")-2, leastSource))
	}
	l.Before, l.Marked, l.After = join(cells[first:at]), join(cells[at:min(end, last)]), join(cells[min(end, last):last])
	if first > 0 || s.From > 1 {
		l.Before = ellipsis + l.Before
	}
	if last < len(cells) || s.Cut {
		l.After += ellipsis
	}
	l.Indent = strings.Repeat(" ", columnsOf(cells[first:at])+utf8.RuneCountInString(l.Before)-utf8.RuneCountInString(join(cells[first:at])))
	l.Under = "^" + strings.Repeat("~", max(columnsOf(cells[at:min(end, last)])-1, 0))
	return l, true
}

// window returns which of the cells fit into so many columns, the first marked one
// included.
func window(cells []cell, at, end, columns int) (first, last int) {
	used := columnsOf(cells[:at])
	for ; used+min(columnsOf(cells[at:end]), columns/2) > columns; first++ {
		used -= cells[first].columns
	}
	used = 0
	for last = first; last < len(cells) && used+cells[last].columns <= columns; last++ {
		used += cells[last].columns
	}
	return first, max(last, at)
}

// cellsOf returns what the characters of a line show as: tabs as spaces, and what is not
// visible as itself escaped as Terminal does.
func cellsOf(text string) []cell {
	cells := make([]cell, 0, len(text))
	column := 0
	for i, r := range text {
		c := cell{text: string(r), columns: runeColumns(r)}
		switch {
		case r == '\t':
			c.columns = tabStop - column%tabStop
			c.text = strings.Repeat(" ", c.columns)
		case escape.Hidden(r) || r == '#' && strings.HasPrefix(text[i+1:], "["):
			c.text = fmt.Sprintf(`\u{%04X}`, r)
			c.columns = len(c.text)
		}
		column += c.columns
		cells = append(cells, c)
	}
	return cells
}

// runeColumns returns how many columns of a terminal a visible rune takes (UAX #11).
func runeColumns(r rune) int {
	if r < utf8.RuneSelf {
		return 1
	}
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

func join(cells []cell) string {
	var b strings.Builder
	for _, c := range cells {
		b.WriteString(c.text)
	}
	return b.String()
}

func columnsOf(cells []cell) int {
	n := 0
	for _, c := range cells {
		n += c.columns
	}
	return n
}
