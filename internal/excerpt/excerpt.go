// Package excerpt reads the lines that findings are about, for readers of a report. It shows
// none of a text that may hold a secret.
package excerpt

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/content"
	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/trees"
)

const (
	// excerptBefore and excerptLength are which part of a long line a report has: so many
	// characters before the finding's column, and so many in all.
	excerptBefore, excerptLength = 60, 200
	// wholeScan is how large a text is that is searched for secrets as a whole. Of a larger
	// one, such as the ledger of many artifacts, so many bytes around the column are. The
	// search reads 0.3 MB/s of the worst text.
	wholeScan, scanAround = 32 << 10, 8 << 10
	// maxLine is the longest line of which a part is shown, in bytes.
	maxLine = 1 << 20
)

// Add gives the first findings the lines that they are about. No line is shown of a text in
// which a rule with custom.excerpt: never has a finding. Not every text is searched by such a
// rule, so none is shown either of a text in which a secret is found here, or that could not be
// searched.
func Add(ctx context.Context, head trees.Tree, findings []decision.Finding, rules []decision.FoundRule) error {
	texts := map[string]*readableText{}
	for file := range decision.Concealed(findings, rules) {
		texts[file] = nil
	}
	for i := range findings[:min(len(findings), decision.MaxExcerpts)] {
		f := &findings[i]
		if !f.Placed {
			continue
		}
		text, known := texts[f.File]
		if !known {
			var err error
			if text, err = readText(ctx, head, f.File); err != nil {
				return fmt.Errorf("read the line of a finding in %s: %w", f.File, err)
			}
			texts[f.File] = text
		}
		f.Excerpt = text.excerpt(f.Line, f.Column)
	}
	return nil
}

// A readableText is a text of which lines may be shown. The nil text has none.
type readableText struct {
	name   string
	data   []byte
	starts []int // of the lines
	whole  bool  // all of it was searched for secrets
}

// readText reads a text of which lines may be shown; nil if it is none.
func readText(ctx context.Context, head trees.Tree, name string) (*readableText, error) {
	path, err := artifact.ParsePath(name)
	if err != nil {
		return nil, nil //nolint:nilerr // a finding may be about a name that is no path
	}
	limit := int64(document.MaxCompanionBytes)
	if path == ledger.Path {
		limit = document.MaxLedgerBytes
	}
	file, err := document.Read(ctx, head, path, limit)
	if err != nil || file.State != facts.DocumentState("valid") || !utf8.Valid(file.Data) || bytes.IndexByte(file.Data, 0) >= 0 {
		return nil, err
	}
	t := &readableText{name: name, data: file.Data, starts: []int{0}}
	if t.whole = len(t.data) <= wholeScan; t.whole && hasSecret(name, t.data) {
		return nil, nil
	}
	for at, c := range t.data {
		if c == '\n' {
			t.starts = append(t.starts, at+1)
		}
	}
	return t, nil
}

// hasSecret reports whether a text has a secret, or could not be searched.
func hasSecret(name string, text []byte) bool {
	found, err := content.Search(name, text, nil)
	return err != nil || len(found.Secrets) > 0 || found.State != "text"
}

// excerpt returns the part of a line around a column, both counted from 1; nil if there is no
// such place, or it may not be shown.
func (t *readableText) excerpt(line, column int) *decision.Excerpt {
	if t == nil || line < 1 || line > len(t.starts) || column < 1 {
		return nil
	}
	start, end := t.starts[line-1], len(t.data)
	if line < len(t.starts) {
		end = t.starts[line] - 1
	}
	if end-start > maxLine {
		return nil
	}
	text := bytes.TrimSuffix(t.data[start:end], []byte("\r"))
	at, from := 0, 0 // bytes of the line before the column, and before what is shown
	for n := 1; n < column && at < len(text); n++ {
		_, size := utf8.DecodeRune(text[at:])
		at += size
		if n >= column-excerptBefore {
			continue
		}
		from = at
	}
	if at >= len(text) {
		return nil
	}
	e := &decision.Excerpt{From: column - utf8.RuneCount(text[from:at])}
	if utf8.RuneCount(text[:min(len(text), utf8.UTFMax*excerptLength)]) <= excerptLength && len(text) <= utf8.UTFMax*excerptLength {
		from, e.From = 0, 1
	}
	shown := text[from:]
	for n, i := 0, 0; i < len(shown); n++ {
		if n == excerptLength {
			shown, e.Cut = shown[:i], true
			break
		}
		_, size := utf8.DecodeRune(shown[i:])
		i += size
	}
	if !t.whole && hasSecret(t.name, t.data[max(start+at-scanAround, 0):min(start+at+scanAround, len(t.data))]) {
		return nil
	}
	e.Text, e.Width = string(shown), valueWidth([]rune(string(shown[at-from:])))
	if e.From == 1 {
		e.From = 0 // as the report has it
	}
	return e
}

// valueWidth returns how many characters the value or word at the start of a text has.
func valueWidth(text []rune) int {
	if text[0] == '"' {
		for i := 1; i < len(text); i++ {
			switch text[i] {
			case '\\':
				i++
			case '"':
				return i + 1
			}
		}
		return len(text)
	}
	for i, r := range text {
		if strings.ContainsRune(" \t,;|&(){}[]<>", r) {
			return max(i, 1)
		}
	}
	return len(text)
}
