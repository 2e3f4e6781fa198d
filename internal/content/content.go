// Package content searches texts for placeholders and secrets (ZT-9.1, ZT-9.2). It returns
// their positions and judges nothing. It returns the kind and the position of a secret,
// never the secret.
package content

import (
	"bytes"
	"fmt"
	"sync"
	"unicode/utf8"

	"github.com/codexlock/codexlock/internal/facts"
	"golang.org/x/text/encoding/unicode"
)

// Limits of what is looked through. A text of any size is, piece by piece; only
// what makes the search slow is bounded.
const (
	// chunk is how much of a text is held at once: every file that somebody
	// writes by hand fits into it whole.
	chunk = 4 << 20
	// overlap is how much of a piece is looked at again with the next one, so that
	// nothing is cut in two: the longest window that a keyword opens.
	overlap = maxWindow + keyBlock
	// headBytes is how far git looks for a NUL byte to tell a binary file
	// (FIRST_FEW_BYTES in its xdiff-interface.c).
	headBytes = 8000
)

// maxPlaces bounds how many places of one sort are told of one text: each is a
// finding, so one that is left out lets nothing pass.
const maxPlaces = 20

// NoFindings returns the facts of a text without placeholders and secrets.
func NoFindings() facts.Content {
	return facts.Content{State: "text", Placeholders: []facts.Placeholder{}, Secrets: []facts.Secret{}}
}

// Search searches a text in memory. The budget may be nil.
func Search(name string, text []byte, b *Budget) (facts.Content, error) {
	s := NewScanner(name).Within(b)
	if _, err := s.Write(text); err != nil {
		return facts.Content{}, err
	}
	return s.Facts()
}

// A Scanner looks through the bytes that are written to it.
type Scanner struct {
	facts    facts.Content
	grammar  grammar
	buf      []byte
	found    []hit  // the room for what is found in buf
	from     int    // what stands before this in buf was looked at already
	at       place  // of the first byte of buf
	cut      bool   // something was dropped from buf
	suspect  int    // bytes that gitleaks was asked about
	pods     []span // of buf; see isPod
	podsRead bool
	budget   *Budget
	err      error
}

// NewScanner looks through a text of this name, whose ending says in which
// language it is.
func NewScanner(name string) *Scanner {
	return &Scanner{facts: NoFindings(), grammar: grammarOf(name), at: place{1, 1}}
}

// Within makes the scanner take from the budget of a run.
func (s *Scanner) Within(b *Budget) *Scanner {
	s.budget = b
	return s
}

// Write takes the next bytes. It fails where the rules cannot be read.
func (s *Scanner) Write(p []byte) (int, error) {
	n := len(p)
	s.begin(p)
	for len(p) > 0 && s.facts.State == "text" && s.err == nil {
		if n := len(s.buf) + len(p); n > cap(s.buf) && n > smallText && cap(s.buf) < chunk {
			s.buf = append((*chunks.Get().(*[]byte))[:0], s.buf...)
		}
		k := min(len(p), chunk-len(s.buf))
		s.buf = append(s.buf, p[:k]...)
		p = p[k:]
		if len(s.buf) == chunk {
			s.look(false)
		}
	}
	return n, s.err
}

// chunks are the room for texts that are not small, each used by one scanner at a time.
var chunks = sync.Pool{New: func() any { b := make([]byte, 0, chunk); return &b }}

// smallText is the size up to which a text has room of its own.
const smallText = 256 << 10

// Facts are what was found, once all is written.
func (s *Scanner) Facts() (facts.Content, error) {
	if s.facts.State == "text" && s.err == nil {
		s.look(true)
	}
	if cap(s.buf) == chunk {
		chunks.Put(&s.buf)
	}
	s.buf, s.found = nil, nil
	return s.facts, s.err
}

// look looks through what is held, and drops all of it that need not be seen again.
func (s *Scanner) look(last bool) {
	if !s.cut && isUTF16(s.buf) && !s.utf16(last) {
		return
	}
	until := len(s.buf)
	if !last {
		until -= overlap
	}
	if !s.cut && s.grammar.prose && bytes.HasPrefix(s.buf, []byte("#!")) {
		s.grammar = shell // of whatever language: those that begin so have its comments
	}
	s.pods, s.podsRead = nil, false
	s.budget.grant((until - s.from) / honestShare)
	h := s.hits(suspicious(s.buf))
	s.placeholders(h, until, last)
	s.secrets(h, until)
	if last || s.facts.State != "text" {
		return
	}
	drop := until - 1 // one character more tells where a word begins
	s.at = s.at.after(s.buf[:drop])
	s.buf = append(s.buf[:0], s.buf[drop:]...)
	s.from, s.cut = 1, true
}

// begin tells a binary file by its first bytes, before more of it is held.
func (s *Scanner) begin(p []byte) {
	if s.cut || len(s.buf) >= headBytes || isUTF16(s.buf) || len(s.buf) == 0 && isUTF16(p) {
		return
	}
	if bytes.IndexByte(p[:min(len(p), headBytes-len(s.buf))], 0) >= 0 {
		s.facts.State = "binary"
	}
}

// isUTF16 reports whether a text begins with the mark of UTF-16.
func isUTF16(text []byte) bool {
	return bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff"))
}

// utf16 turns a text that begins with the mark of UTF-16 into UTF-8.
func (s *Scanner) utf16(whole bool) bool {
	if !whole {
		return s.unread(fmt.Sprintf("has over %d bytes of UTF-16, the most that is read", chunk))
	}
	text, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Bytes(s.buf)
	if err != nil {
		return s.unread("begins as UTF-16 and is none")
	}
	s.buf = text
	return true
}

func (s *Scanner) unread(problem string) bool {
	s.facts.State, s.facts.Problem = "unread", problem
	return false
}

// A place is a line and a column.
type place struct{ line, column int }

// after is the place behind a text that begins here.
func (p place) after(text []byte) place {
	i := bytes.LastIndexByte(text, '\n')
	if i < 0 {
		return place{p.line, p.column + utf8.RuneCount(text)}
	}
	return place{p.line + bytes.Count(text, []byte("\n")), 1 + utf8.RuneCount(text[i+1:])}
}

// placeOf is where the i-th byte of what is held stands.
func (s *Scanner) placeOf(i int) place { return s.at.after(s.buf[:i]) }
