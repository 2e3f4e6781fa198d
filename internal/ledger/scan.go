package ledger

import (
	"strings"

	"github.com/codexlock/codexlock/internal/schemas"
)

// scan reads an entry at an offset of valid UTF-8 and returns the offset of its end, or 0
// if it is not a plain entry. The strict decoder accepts every entry that scan accepts (a
// fuzz test compares them), at ten times the cost.
func (e *plainEntry) scan(text string, at int) (end int) {
	*e = plainEntry{lastTime: e.lastTime}
	if at = token(text, at, '{'); at == 0 {
		return 0
	}
	for n := 0; ; n++ {
		if n >= plainFields {
			if end = token(text, at, '}'); end > 0 && e.isWhole() {
				return end
			}
		}
		if n > 0 {
			if at = token(text, at, ','); at == 0 {
				return 0
			}
		}
		key, next := quoted(text, at)
		if at = token(text, next, ':'); next == 0 || at == 0 {
			return 0
		}
		if at = e.field(key, text, at); at == 0 {
			return 0
		}
	}
}

// plainFields is the smallest number of fields of a plainEntry.
const plainFields = 5

// isWhole reports whether all fields that an entry must have were read.
func (e *plainEntry) isWhole() bool {
	return e.path != "" && e.sha256 != "" && e.tolerance != "" && e.domain != "" && e.verifiedAt != ""
}

// field reads the value of one field; each field may occur once.
func (e *plainEntry) field(key, text string, at int) (end int) {
	if key == "drift_tolerance" {
		return e.number(text, at)
	}
	value, end := quoted(text, at)
	if end == 0 {
		return 0
	}
	var into *string
	fits := false
	switch key {
	case "path":
		into, fits = &e.path, isLiteral(value)
	case "sha256":
		into, fits = &e.sha256, isDigest(value)
	case "trust_domain":
		into, fits = &e.domain, isDomain(value)
	case "verified_at":
		into, fits = &e.verifiedAt, e.isTime(value)
	case "inputs":
		into, fits = &e.inputs, value == NoInputs || value == SomeInputs
	}
	if !fits || *into != "" {
		return 0
	}
	*into = value
	return end
}

// number reads a tolerance of zero in its usual spellings.
func (e *plainEntry) number(text string, at int) (end int) {
	at = skipSpace(text, at)
	for _, zero := range []string{"0.0", "0"} {
		if !strings.HasPrefix(text[at:], zero) {
			continue
		}
		end = at + len(zero)
		if e.tolerance != "" || end == len(text) || strings.IndexByte(",}"+space, text[end]) < 0 {
			return 0
		}
		e.tolerance = zero
		return end
	}
	return 0
}

// space has the characters that JSON allows between two tokens.
const space = " \t\r\n"

func skipSpace(text string, at int) int {
	for at < len(text) && (text[at] == ' ' || text[at] == '\n' || text[at] == '\r' || text[at] == '\t') {
		at++
	}
	return at
}

// token returns the offset after the next token if that is c, else 0.
func token(text string, at int, c byte) int {
	if at = skipSpace(text, at); at == len(text) || text[at] != c {
		return 0
	}
	return at + 1
}

// quoted returns the text up to the next quote and the offset after it, or 0 if no string
// follows. The value may contain characters that a JSON string must escape.
func quoted(text string, at int) (value string, end int) {
	if at = token(text, at, '"'); at == 0 {
		return "", 0
	}
	n := strings.IndexByte(text[at:], '"')
	if n < 0 {
		return "", 0
	}
	return text[at : at+n], at + n + 1
}

// isLiteral reports whether a JSON string needs no escapes for a text.
func isLiteral(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == '\\' {
			return false
		}
	}
	return s != ""
}

// isTime reports whether a text is a time, as schemas.IsUTCSeconds does. Most entries have
// the same time as the entry before, which is cached.
func (e *plainEntry) isTime(s string) bool {
	if s != e.lastTime {
		if !schemas.IsUTCSeconds(s) {
			return false
		}
		e.lastTime = s
	}
	return true
}

// hexDigits are the characters of a digest.
var hexDigits = func() (t [256]bool) {
	for _, c := range []byte("0123456789abcdef") {
		t[c] = true
	}
	return t
}()

// isDigest reports whether a text is 64 lower-case hex characters.
func isDigest(s string) bool {
	if len(s) != 64 {
		return false
	}
	for i := range len(s) {
		if !hexDigits[s[i]] {
			return false
		}
	}
	return true
}

// maxDomainBytes is the longest name of a trust domain.
const maxDomainBytes = 64

// isDomain reports whether a text is the name of a trust domain by the schema.
func isDomain(s string) bool {
	if s == "" || len(s) > maxDomainBytes {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && (i == 0 || c != '.' && c != '_' && c != '-') {
			return false
		}
	}
	return true
}
