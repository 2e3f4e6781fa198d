package content

import (
	"bytes"
	"cmp"

	"github.com/codexlock/codexlock/internal/facts"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// words are the placeholders, in lower case. All but the last count in upper case
// alone: a to-do list is no placeholder.
var words = []string{"todo", "fixme", "xxx", "hack", notImplemented}

const notImplemented = "not implemented"

// A hit is a place where one of the words or a keyword of gitleaks stands.
type hit struct {
	start, end int
	word       string // "" for a keyword
	assigns    bool   // a keyword that an operator must follow
}

// hits finds all of them in stretches of what is held, in order of where they begin, and
// of the keywords those at which a rule can match.
func (s *Scanner) hits(stretches []span) []hit {
	f := theFinder()
	all := s.found[:0]
	for _, stretch := range stretches {
		f.each(s.buf[stretch.start:stretch.end], func(start int, of []entry) {
			start += stretch.start
			for _, e := range of {
				end := start + len(e.text)
				if end > len(s.buf) || !foldsTo(s.buf[start:end], e.text) {
					continue
				}
				h := hit{start: start, end: end, assigns: e.assigns}
				if e.word {
					h.word = e.text
				} else if !plausible(s.buf, h) {
					continue
				}
				all = append(all, h)
			}
		})
	}
	s.found = all
	return all
}

// placeholders notes the words that stand where a person reads them: in prose, and
// in code in comments. What is not implemented is also said in a string.
func (s *Scanner) placeholders(all []hit, until int, last bool) {
	var spans []span
	lexed := false
	looked := 0
	for _, h := range all {
		if h.word == "" || h.start < s.from || h.start >= until || !s.isWord(h) {
			continue
		}
		if len(s.facts.Placeholders) == maxPlaces {
			return
		}
		if !lexed && last && !s.cut { // otherwise it is too long to be code, and all of it is prose
			spans, lexed = s.grammar.spans(s.buf), true
		}
		if lexed && !reads(spans, h) {
			continue
		}
		if looked++; looked <= maxMentions && s.isMention(h) {
			continue
		}
		p := s.placeOf(h.start)
		s.facts.Placeholders = append(s.facts.Placeholders, facts.Placeholder{Word: string(s.buf[h.start:h.end]), Line: p.line, Column: p.column})
	}
}

// isWord reports whether a hit is written as its word is, and stands alone.
func (s *Scanner) isWord(h hit) bool {
	if h.word != notImplemented && !bytes.Equal(s.buf[h.start:h.end], bytes.ToUpper([]byte(h.word))) {
		return false
	}
	before, _ := utf8.DecodeLastRune(s.buf[:h.start])
	if afterEscape(s.buf, h.start) {
		before = '\n'
	}
	after, _ := utf8.DecodeRune(s.buf[h.end:])
	return !inWord(before) && !inWord(after)
}

// afterEscape reports whether the escape of a line's end or of a tab stands before i, as
// in a string of a notebook.
func afterEscape(text []byte, i int) bool {
	return i >= 2 && text[i-2] == '\\' && strings.IndexByte("nrt", text[i-1]) >= 0 && (i < 3 || text[i-3] != '\\')
}

func inWord(r rune) bool {
	return r == '_' || r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// reads reports whether a word in code counts where it stands. The spans are in order.
func reads(spans []span, h hit) bool {
	i, _ := slices.BinarySearchFunc(spans, h.end, func(s span, end int) int { return cmp.Compare(s.end, end) })
	return i < len(spans) && spans[i].start <= h.start && (spans[i].comment || h.word == notImplemented)
}
