package repo

import "bytes"

// A textScan counts in a file what Git's convert.c counts, to tell text from binary
// and to find what it converts.
type textScan struct {
	nul, crlf, lf, cr      int64 // lf and cr: each without the other
	printable, unprintable int64
	ident                  bool // it holds $Id$, or one with a value
	pending                bool // the last byte was a CR
	last                   byte
	tail                   []byte // the end of what was seen, in which an $Id may begin
}

func (s *textScan) Write(p []byte) (int, error) {
	for _, c := range p {
		if s.pending {
			s.pending = false
			if c == '\n' {
				s.crlf++
				continue
			}
			s.cr++
		}
		s.count(c)
	}
	if len(p) > 0 {
		s.last = p[len(p)-1]
	}
	if !s.ident {
		s.findIdent(p)
	}
	return len(p), nil
}

func (s *textScan) count(c byte) {
	switch {
	case c == '\r':
		s.pending = true
	case c == '\n':
		s.lf++
	case c == 0:
		s.nul++
		s.unprintable++
	case c == 127, c < 32 && c != '\b' && c != '\t' && c != 27 && c != 12:
		s.unprintable++
	default:
		s.printable++
	}
}

func (s *textScan) findIdent(p []byte) {
	text := append(s.tail, p...)
	s.ident = bytes.Contains(text, []byte("$Id$")) || bytes.Contains(text, []byte("$Id:"))
	s.tail = bytes.Clone(text[max(0, len(text)-3):])
}

// end counts what is pending at the end of the file. A final Ctrl-Z is no byte of
// the text (DOS ended files so).
func (s *textScan) end() {
	if s.pending {
		s.cr++
		s.pending = false
	}
	if s.last == 26 && s.unprintable > 0 {
		s.unprintable--
	}
}

// binary is Git's guess.
func (s *textScan) binary() bool {
	return s.cr > 0 || s.nul > 0 || s.printable>>7 < s.unprintable
}
