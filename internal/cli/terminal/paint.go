// Package terminal formats output for people: it colours and wraps the lines of every command if
// a stream is a terminal, shows the progress of long work, and numbers lists of steps.
package terminal

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/progress"
)

// The colours of a terminal (ECMA-48, SGR).
const (
	red, yellow, green, dim, plain = "\x1b[31m", "\x1b[33m", "\x1b[32m", "\x1b[2m", "\x1b[0m"
)

// marks are the beginnings of lines about an artifact or a step, and their colours.
var marks = []struct{ mark, color string }{
	{"[✓]", green}, {"[✗]", red}, {"[!]", yellow}, {"[~]", dim}, {"[?]", dim}, {"[i]", dim},
}

// labels are the beginnings of other lines, and their colours.
var labels = []struct{ label, color string }{
	{"codexlock: hint:", dim}, {"codexlock: warning:", yellow}, {"hint:", dim}, {"next:", dim},
}

// A painter writes lines to a terminal: it colours marks, and wraps long lines that begin with
// one to the width. It does not change any other line, such as JSON.
type painter struct {
	out     io.Writer
	color   bool
	columns int    // the width; 0: lines are not wrapped
	bar     *bar   // on the same terminal; nil for none
	line    []byte // the incomplete last line
}

// Paint returns a World whose streams are painted if they are terminals or colours are forced.
// report shows the progress of long work; it is nil if standard error is no terminal, or a dumb
// one, which cannot erase a line. flush writes an incomplete last line.
func Paint(w host.World) (painted host.World, report progress.Reporter, flush func()) {
	var b *bar
	if _, columns := w.Terminal(w.Stderr); columns > 0 && !dumb(w) {
		b = &bar{out: w.Stderr, now: w.Now, columns: columns}
		report = b.report
	}
	var painters []*painter
	for _, stream := range []*io.Writer{&w.Stdout, &w.Stderr} {
		color, columns := w.Terminal(*stream)
		color = color && !slices.Contains(flagsOf(w.Args), "--no-color")
		if color || columns > 0 {
			p := &painter{out: *stream, color: color, columns: columns, bar: b}
			painters = append(painters, p)
			*stream = p
		}
	}
	return w, report, func() {
		b.clear()
		for _, p := range painters {
			_, _ = p.out.Write(p.line)
		}
	}
}

// dumb reports whether the terminal has no control sequences.
func dumb(w host.World) bool {
	kind, _ := w.Env("TERM")
	return kind == "dumb"
}

// flagsOf returns the arguments before "--".
func flagsOf(args []string) []string {
	if end := slices.Index(args, "--"); end >= 0 {
		return args[:end]
	}
	return args
}

// Colored reports whether standard output has colours.
func Colored(w host.World) bool {
	p, ok := w.Stdout.(*painter)
	return ok && p.color
}

// Columns returns the width to which the lines of standard output are wrapped, 0 for none.
func Columns(w host.World) int {
	if p, ok := w.Stdout.(*painter); ok {
		return p.columns
	}
	return 0
}

// Write writes the complete lines, and keeps an incomplete one.
func (p *painter) Write(text []byte) (int, error) {
	last := bytes.LastIndexByte(text, '\n')
	if last < 0 {
		p.line = append(p.line, text...)
		return len(text), nil
	}
	whole := string(p.line) + string(text[:last])
	p.line = append(p.line[:0], text[last+1:]...)
	var b strings.Builder
	for line := range strings.SplitSeq(whole, "\n") {
		b.WriteString(p.paint(line))
		b.WriteByte('\n')
	}
	p.bar.clear()
	if _, err := io.WriteString(p.out, b.String()); err != nil {
		return 0, err
	}
	return len(text), nil
}

// paint wraps a line and colours its beginning.
func (p *painter) paint(line string) string {
	if strings.Contains(line, "\x1b") { // it has colours already: a report's, whose marks are in brackets
		mark, rest, ok := strings.Cut(line, "] ")
		if !ok || !strings.HasPrefix(mark, "[\x1b[") || strings.Contains(rest, "\x1b") {
			return line
		}
		return mark + "]" + wrap(" "+rest, 3, 6, p.columns)
	}
	text := strings.TrimLeft(line, " ")
	indent := line[:len(line)-len(text)]
	for _, m := range marks {
		if rest, ok := strings.CutPrefix(text, m.mark); ok {
			return indent + p.colored(m.mark, m.color) + wrap(rest, len(indent)+3, 6, p.columns)
		}
	}
	for _, l := range labels {
		if rest, ok := strings.CutPrefix(text, l.label); ok {
			return indent + p.colored(l.label, l.color) + rest // a command in it is copied as one line
		}
	}
	if strings.HasPrefix(line, "codexlock: ") {
		return wrap(line, 0, 11, p.columns)
	}
	return line
}

func (p *painter) colored(text, color string) string {
	if !p.color {
		return text
	}
	return color + text + plain
}

// A narrow terminal has no room for deep indents, and one with less than leastColumns breaks
// lines where it likes.
const narrow, narrowIndent, leastColumns = 40, 2, 12

// wrap breaks a text at spaces, so that no line is longer than columns unless a single word is.
// The text begins at column at, and the other lines at indent, or less on a narrow terminal.
func wrap(text string, at, indent, columns int) string {
	if columns < leastColumns || at+utf8.RuneCountInString(text) <= columns {
		return text
	}
	if columns < narrow {
		indent = min(indent, narrowIndent)
	}
	var b strings.Builder
	for i, word := range strings.Split(text, " ") {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case at+1+n > columns && at > indent:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			at = indent
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += n
	}
	return b.String()
}
