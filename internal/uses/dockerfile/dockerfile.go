// Package dockerfile splits a Dockerfile into its instructions: the escape directive, lines that
// are continued, comments between them, flags, here-documents and the JSON form, with the place of
// every byte. It knows which instructions there are only as far as their form differs, and judges
// nothing.
package dockerfile

import (
	"encoding/json"
	"fmt"
	"strings"
)

// An Instruction is one of a Dockerfile.
type Instruction struct {
	Name   string // in upper case
	Offset int    // where it begins
	// Flags are the words in front that begin with --, without the dashes.
	Flags []Flag
	// Text is what follows. It has one byte for each byte of the file; At is where it begins.
	// Comments between are blanks, and so is what continues a line, unless it is a backslash in a
	// text for the shell, which reads it as Docker does.
	Text string
	At   int
	// JSON are the words of a list in the JSON form; nil for another form.
	JSON []string
	// Documents are the bodies of here-documents that follow, which are part of Text.
	Documents []Document
}

// A Flag is a flag of an instruction.
type Flag struct{ Name, Value string }

// A Document is a here-document.
type Document struct {
	Name   string // its delimiter
	Body   string
	At     int  // where the body begins
	Quoted bool // nothing in it is expanded
}

// An Error is a Dockerfile that cannot be read.
type Error struct {
	Line    int
	Message string
}

func (e *Error) Error() string { return e.Message }

// The limits of one file.
const (
	MaxBytes        = 1 << 20
	maxInstructions = 10_000
)

// documents are the instructions that may have here-documents, flagged those with flags, shells those
// whose text the shell reads, and listed those with a JSON form.
var (
	documents = map[string]bool{"RUN": true, "COPY": true, "ADD": true}
	flagged   = map[string]bool{"RUN": true, "COPY": true, "ADD": true, "FROM": true, "HEALTHCHECK": true}
	shells    = map[string]bool{"RUN": true, "CMD": true, "ENTRYPOINT": true}
	listed    = map[string]bool{"RUN": true, "COPY": true, "ADD": true, "CMD": true, "ENTRYPOINT": true, "SHELL": true, "VOLUME": true, "HEALTHCHECK": true}
)

// A parser reads one file from its start to its end.
type parser struct {
	text   string
	at     int
	line   int
	escape byte
}

// Parse splits a file. Its error is an *Error.
func Parse(text string) ([]Instruction, error) {
	if len(text) > MaxBytes {
		return nil, &Error{Line: 1, Message: fmt.Sprintf("the file has over %d bytes", MaxBytes)}
	}
	if strings.HasPrefix(text, "\ufeff") {
		text = "   " + strings.TrimPrefix(text, "\ufeff")
	}
	p := &parser{text: text, escape: '\\', line: 1}
	p.directives()
	var all []Instruction
	for p.at < len(p.text) {
		start := p.at
		line := p.next()
		trimmed := strings.TrimSpace(line)
		if trimmed == "" || trimmed[0] == '#' {
			continue
		}
		if len(all) == maxInstructions {
			return nil, &Error{Line: p.line, Message: fmt.Sprintf("the file has over %d instructions", maxInstructions)}
		}
		first := p.line - 1
		in, err := p.instruction(start, line, first)
		if err != nil {
			return nil, err
		}
		all = append(all, in)
	}
	return all, nil
}

// next returns the next line with its end.
func (p *parser) next() string {
	end := strings.IndexByte(p.text[p.at:], '\n')
	line := p.text[p.at:]
	if end >= 0 {
		line = line[:end+1]
	}
	p.at += len(line)
	p.line++
	return line
}

// directives reads the comments at the start that say how the file is read.
func (p *parser) directives() {
	for p.at < len(p.text) {
		at, number := p.at, p.line
		line := p.next()
		comment, is := strings.CutPrefix(strings.TrimSpace(line), "#")
		name, value, isDirective := strings.Cut(comment, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if !is || !isDirective || name == "" || strings.ContainsAny(name, " \t") {
			p.at, p.line = at, number
			return
		}
		if value = strings.TrimSpace(value); name == "escape" && (value == "`" || value == `\`) {
			p.escape = value[0]
		}
	}
}

// instruction reads an instruction from its first line on.
func (p *parser) instruction(start int, line string, first int) (Instruction, error) {
	var b strings.Builder
	var ends []int // of continued lines, in the text
	name := strings.ToUpper(strings.TrimRight(firstWord(line), string(p.escape)))
	body := line
	for {
		continued, kept := p.continued(body)
		b.WriteString(kept)
		if continued {
			ends = append(ends, start+b.Len())
		}
		if !continued || p.at >= len(p.text) {
			break
		}
		for p.at < len(p.text) { // comments and empty lines between are left out
			at, number := p.at, p.line
			next := p.next()
			trimmed := strings.TrimSpace(next)
			if trimmed != "" && trimmed[0] != '#' {
				p.at, p.line = at, number
				break
			}
			b.WriteString(strings.Repeat(" ", len(next)))
		}
		if p.at >= len(p.text) {
			break
		}
		body = p.next()
	}
	text := b.String()
	in := Instruction{Name: name, Offset: start + len(text) - len(strings.TrimLeft(text, " \t"))}
	rest := strings.TrimLeft(text, " \t")
	rest = rest[len(firstWord(rest)):]
	at := start + len(text) - len(rest)
	if flagged[name] {
		in.Flags, rest, at = flags(rest, at)
	}
	trimmed := strings.TrimLeft(rest, " \t")
	at += len(rest) - len(trimmed)
	in.Text, in.At = strings.TrimRight(trimmed, " \t\r\n"), at
	if isList(&in); in.JSON == nil && shells[name] && p.escape == '\\' {
		text := []byte(in.Text)
		for _, end := range ends {
			if i := end - in.At; i >= 2 && i <= len(text) && p.text[end-1] == '\n' {
				text[i-2], text[i-1] = '\\', '\n'
			}
		}
		in.Text = string(text)
	}
	if documents[name] {
		if err := p.hereDocuments(&in, first); err != nil {
			return in, err
		}
	}
	return in, nil
}

// isList reads the JSON form.
func isList(in *Instruction) {
	if !listed[in.Name] || !strings.HasPrefix(in.Text, "[") {
		return
	}
	var list []string
	if json.Unmarshal([]byte(in.Text), &list) == nil {
		if in.JSON = list; list == nil {
			in.JSON = []string{}
		}
	}
}

func firstWord(text string) string {
	text = strings.TrimLeft(text, " \t")
	if end := strings.IndexAny(text, " \t\r\n"); end >= 0 {
		return text[:end]
	}
	return text
}

// continued reports whether a line is continued, and returns it with blanks for what says so.
func (p *parser) continued(line string) (continued bool, kept string) {
	trimmed := strings.TrimRight(line, " \t\r\n")
	if !strings.HasSuffix(trimmed, string(p.escape)) || strings.HasSuffix(trimmed, string([]byte{p.escape, p.escape})) {
		return false, line
	}
	return true, trimmed[:len(trimmed)-1] + strings.Repeat(" ", len(line)-len(trimmed)+1)
}

// flags reads the flags in front of an instruction's words.
func flags(text string, at int) ([]Flag, string, int) {
	var all []Flag
	for {
		trimmed := strings.TrimLeft(text, " \t")
		if !strings.HasPrefix(trimmed, "--") {
			return all, text, at
		}
		at += len(text) - len(trimmed)
		word := firstWord(trimmed)
		if word == "--" {
			return all, trimmed[2:], at + 2
		}
		name, value, _ := strings.Cut(word[2:], "=")
		all = append(all, Flag{strings.ToLower(name), strings.Trim(value, `"'`)})
		text = trimmed[len(word):]
		at += len(word)
	}
}

// hereDocuments reads the bodies of the here-documents that an instruction names.
func (p *parser) hereDocuments(in *Instruction, first int) error {
	for _, d := range delimiters(in.Text) {
		doc := Document{Name: d.name, Quoted: d.quoted, At: p.at}
		var raw strings.Builder
		for closed := false; !closed; {
			if p.at >= len(p.text) {
				return &Error{Line: first, Message: fmt.Sprintf("the here-document %s has no end", d.name)}
			}
			line := p.next()
			raw.WriteString(line)
			end := strings.TrimRight(line, "\r\n")
			if d.dash {
				end = strings.TrimLeft(end, "\t")
			}
			if closed = end == d.name; !closed {
				doc.Body += line
			}
		}
		gap := doc.At - in.At - len(in.Text)
		if gap < 0 {
			gap = 0
		}
		in.Text += "\n" + strings.Repeat(" ", max(gap-1, 0)) + strings.TrimRight(raw.String(), "\n")
		in.Documents = append(in.Documents, doc)
	}
	return nil
}

type delimiter struct {
	name         string
	quoted, dash bool
}

// delimiters returns the here-documents that a line names: <<NAME, <<-NAME, <<"NAME".
func delimiters(text string) []delimiter {
	var all []delimiter
	quote := byte(0)
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
			continue
		case c == '"' || c == '\'':
			quote = c
			continue
		case c == '\\':
			i++
			continue
		case !strings.HasPrefix(text[i:], "<<"):
			continue
		}
		rest := text[i+2:]
		if strings.HasPrefix(rest, "<") { // a here-string
			i += 2
			continue
		}
		d := delimiter{}
		if strings.HasPrefix(rest, "-") {
			d.dash, rest = true, rest[1:]
		}
		if rest != "" && (rest[0] == '"' || rest[0] == '\'') {
			if end := strings.IndexByte(rest[1:], rest[0]); end > 0 {
				d.name, d.quoted = rest[1:1+end], true
			}
		} else {
			end := 0
			for end < len(rest) && isName(rest[end]) {
				end++
			}
			d.name = rest[:end]
		}
		if d.name != "" && isName(d.name[0]) && (i == 0 || !isName(text[i-1]) || text[i-1] >= '0' && text[i-1] <= '9') {
			all = append(all, d)
		}
		i++
	}
	return all
}

func isName(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}
