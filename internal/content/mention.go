package content

import (
	"bytes"
	"strings"

	"github.com/codexlock/codexlock/internal/lazyregexp"
)

const (
	// lineAround is how much of a line is read on each side of a word.
	lineAround = 200
	// encodedRun is how many letters and digits without white space are no language.
	encodedRun = 32
	// maxMentions is how many words of a text are looked at this closely; beyond it
	// every word counts.
	maxMentions = 10_000
)

// A use is a word with the line that it stands in.
type use struct {
	word          string // in lower case
	before, after string // of the same line, lineAround bytes at most
	prose         bool   // the text is not code
}

func (s *Scanner) useOf(h hit) use {
	u := use{word: h.word, prose: s.grammar.prose}
	u.before = string(s.buf[max(h.start-lineAround, 0):h.start])
	u.before = u.before[strings.LastIndexAny(u.before, "\r\n")+1:]
	u.after = string(s.buf[h.end:min(h.end+lineAround, len(s.buf))])
	if i := strings.IndexAny(u.after, "\r\n"); i >= 0 {
		u.after = u.after[:i]
	}
	return u
}

// isMention reports whether a word only looks like a placeholder where it stands: in
// encoded data, in a sentence about the word, or as a pattern that stands for digits.
func (s *Scanner) isMention(h hit) bool {
	u := s.useOf(h)
	if h.word == notImplemented {
		return u.isDescription()
	}
	return s.isEncoded(h) || u.isCodeSpan() || u.isPattern() || u.isNoun() || u.prose && !u.isMarker()
}

var (
	// implementedBy follows where something is implemented, only not there.
	implementedBy = lazyregexp.New(`^\s+(?:by|via|using|natively|through|(?:in|inside|within|with)\s+(?:python|pure|native|c|c\+\+|go|rust|java|hardware|software|production))\b`)
	status501     = lazyregexp.New(`(?:\b501\W{0,4}|NOT_IMPLEMENTED\W{1,6}|NotImplemented\W{1,6})$`)
)

// isDescription recognizes "not implemented" as the reason phrase of HTTP's status 501,
// and as a statement about how something else is implemented.
func (u use) isDescription() bool {
	return status501.MatchString(u.before) || implementedBy.MatchString(strings.ToLower(u.after))
}

// isEncoded reports whether a word stands in base64: in a long run of it, or in the last
// line of a block.
func (s *Scanner) isEncoded(h hit) bool {
	start, end := h.start, h.end
	for start > 0 && h.start-start < lineAround && isEncoding(s.buf[start-1]) {
		start--
	}
	for end < len(s.buf) && end-h.end < lineAround && isEncoding(s.buf[end]) {
		end++
	}
	run := s.buf[start:end]
	if isRandom(run, encodedRun) {
		return true
	}
	if end < len(s.buf) && s.buf[end] != '\n' && s.buf[end] != '\r' {
		return false
	}
	// A block's last line stands below one that is encoded, as far to the right.
	above := s.buf[max(start-lineAround, 0):start]
	indent := above[bytes.LastIndexByte(above, '\n')+1:]
	above = bytes.TrimRight(above[:len(above)-len(indent)], "\r\n")
	line := above[bytes.LastIndexByte(above, '\n')+1:]
	return len(run)%4 == 0 && bytes.HasPrefix(line, indent) && len(bytes.TrimLeft(indent, " \t")) == 0 &&
		isRandom(line[len(indent):], encodedRun) && bytes.IndexByte(line[len(indent):], ' ') < 0
}

// isEncoding reports whether base64 can have a byte, as a string of JSON holds it.
func isEncoding(c byte) bool {
	return strings.IndexByte(alphanumeric+`+/=_-\`, c) >= 0
}

// isRandom reports whether a text has so many letters and digits, of all three kinds.
func isRandom(text []byte, n int) bool {
	lower, upper, digits := 0, 0, 0
	for _, c := range text {
		switch {
		case 'a' <= c && c <= 'z':
			lower++
		case 'A' <= c && c <= 'Z':
			upper++
		case '0' <= c && c <= '9':
			digits++
		}
	}
	return lower > 0 && upper > 0 && digits > 0 && lower+upper+digits >= n
}

// isCodeSpan recognizes what is quoted as code in Markdown and in comments.
func (u use) isCodeSpan() bool {
	return strings.Count(strings.ReplaceAll(u.before, "``", "`"), "`")%2 == 1 && strings.Contains(u.after, "`")
}

var (
	patternBefore = lazyregexp.New(`[A-Za-z0-9}\])>][-./:=]$|[$%<{|]$|[:=~(]\s*["']$|\\$`)
	patternAfter  = lazyregexp.New(`^(?:[-./][A-Za-z0-9{]|[%>}|])`)
	article       = lazyregexp.New(`(?i)(?:^|[^\w])(?:an?|the|this|that|these|those|each|every|any)\s+$`)
)

// isPattern recognizes XXX as what stands for digits or a name: CVE-XXXX-XXX, foo.XXX,
// <XXX>, "password": "XXX", the XXX of a request.
func (u use) isPattern() bool {
	if u.word != "xxx" {
		return false
	}
	quoted := strings.HasSuffix(u.before, `"`) || strings.HasSuffix(u.before, `'`)
	if patternBefore.MatchString(u.before) && (!quoted || u.after != "" && strings.IndexByte(`"'|`, u.after[0]) >= 0) {
		return true
	}
	return patternAfter.MatchString(u.after) || article.MatchString(u.before) && !strings.HasPrefix(u.after, ":")
}

const anyWord = `(?:TODO|FIXME|XXX|HACK)`

var (
	// group joins words: TODO/FIXME, TODO and FIXME.
	groupBefore = lazyregexp.New(`(?:` + anyWord + `(?:\s*[/,|&+]\s*|\s+(?:and|or)\s+|\s+))+$`)
	groupAfter  = lazyregexp.New(`^(?:(?:\s*[/,|&+]\s*|,?\s+(?:and|or)\s+)` + anyWord + `)*`)
	noun        = lazyregexp.New(`(?i)^[ -](?:(?:list|item|task|management)s?[ -])?(?:apps?|applications?|lists?|items?|comments?|markers?|tags?|entry|entries|notes?|annotations?|mvc|examples?|demos?|tutorials?|trackers?|managers?|boards?|tasks?|files?|pages?|components?|backends?|frontends?|api|projects?|samples?|services?)\b`)
	product     = lazyregexp.New(`(?i)^[ -](?:(?:list|item|task|management)s?[ -](?:apps?|applications?|examples?|demos?|tutorials?|trackers?|managers?|components?|backends?|frontends?|api|projects?|services?)|apps?|applications?|mvc)\b`)
	lastIsWord  = lazyregexp.New(`[\pL\d)\]"'’,]\s+$`)
)

// isNoun recognizes a word that names something, as in "a TODO app" and "finds TODO and
// FIXME comments".
func (u use) isNoun() bool {
	before := groupBefore.ReplaceAllString(u.before, "")
	after := u.after[len(groupAfter.FindString(u.after)):]
	grouped := len(before) < len(u.before) || len(after) < len(u.after)
	return product.MatchString(after) || (grouped || lastIsWord.MatchString(before)) && noun.MatchString(after)
}

var (
	markerBefore = lazyregexp.New(`^[\s#*>+;%~|/<!"'(\[{@.:\\-]*(?:\d+[.)]\s*)?(?:\[[ xX]?\]\s*)?$|[^\pL\pN\s"')\]}]\s*$|\\[ntr]\s*$|<[\w /="'-]*>\s*$`)
	markerAfter  = lazyregexp.New(`^(?:\([^()]*\))?\s*(?::|$|[\])>|?!.]*\s*$|\\[nr"]|["'][,\s\])}]*$|</|-->|\*/)|^(?:\(|-\d)`)
)

// isMarker reports whether a word of prose stands where a placeholder does: it begins a
// line or a sentence, or a colon follows, or nothing.
func (u use) isMarker() bool {
	before := groupBefore.ReplaceAllString(u.before, "")
	if markerBefore.MatchString(before) {
		return true
	}
	return markerAfter.MatchString(u.after) && (!article.MatchString(before) || strings.ContainsAny(u.after, ":("))
}
