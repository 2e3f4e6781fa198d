package schemas

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// A Number is the text of a JSON number.
type Number string

// Raw is the JSON text of a value, as written; "" without a value.
type Raw string

// maxInteger is the largest integer that every JSON reader keeps exactly
// (RFC 8259 section 6): 2^53 - 1.
const maxInteger = 1<<53 - 1

// plain are the bytes that a string may hold as they are.
var plain = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= 0x20 && c != '"' && c != '\\'
	}
	return t
}()

// string reads a string and adds its token.
func (p *parser) string() *syntaxError {
	start := p.at
	p.at++
	escaped := false
	for {
		for p.at < len(p.text) && plain[p.text[p.at]] {
			p.at++
		}
		switch p.peek() {
		case '"':
			p.at++
			if bad := p.push(tokenString, start); bad != nil {
				return bad
			}
			p.tokens[len(p.tokens)-1].escaped = escaped
			return nil
		case '\\':
			escaped = true
			if bad := p.escape(); bad != nil {
				return bad
			}
		default:
			if p.at == len(p.text) {
				return &syntaxError{start, "string has no closing quote"}
			}
			return p.fail("control character %s in a string, want it escaped", p.got())
		}
	}
}

// escape steps over one escape sequence, or two that make a surrogate pair.
func (p *parser) escape() *syntaxError {
	if p.at+1 < len(p.text) && strings.IndexByte(`"\/bfnrt`, p.text[p.at+1]) >= 0 {
		p.at += 2
		return nil
	}
	r, ok := hex4(p.text[p.at:])
	if !ok {
		return p.fail(`backslash without an escape that JSON knows, want one of \" \\ \/ \b \f \n \r \t \uXXXX`)
	}
	if utf16.IsSurrogate(r) {
		low, ok := hex4(p.text[p.at+6:])
		if !ok || utf16.DecodeRune(r, low) == utf8.RuneError {
			return p.fail(`%s is half of a surrogate pair, want a whole character`, p.text[p.at:p.at+6])
		}
		p.at += 6
	}
	p.at += 6
	return nil
}

// hex4 reads the \uXXXX that s starts with.
func hex4(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range []byte(s[2:6]) {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// decoded is the value of a string token of a parsed text.
func decoded(text string, t token) string {
	s := text[t.start+1 : t.end-1]
	if !t.escaped {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			b = append(b, s[i])
			i++
			continue
		}
		if s[i+1] != 'u' {
			b = append(b, simpleEscapes[s[i+1]])
			i += 2
			continue
		}
		r, _ := hex4(s[i:])
		i += 6
		if utf16.IsSurrogate(r) {
			low, _ := hex4(s[i:])
			r = utf16.DecodeRune(r, low)
			i += 6
		}
		b = utf8.AppendRune(b, r)
	}
	return string(b)
}

var simpleEscapes = [256]byte{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

// number reads a number and adds its token; key is the key it stands under.
func (p *parser) number(key string) *syntaxError {
	start := p.at
	n := numberLength(p.text[p.at:])
	if n == 0 {
		return p.fail("malformed number, want digits with no leading zero")
	}
	p.at += n
	if p.at < len(p.text) && strings.IndexByte("0123456789+-.eE", p.text[p.at]) >= 0 {
		return &syntaxError{start, "malformed number, want digits with no leading zero, one point and one exponent at most"}
	}
	written := p.text[start:p.at]
	switch {
	case p.numbers == anyNumber:
	case p.numbers == ledgerNumbers && p.depth == 3 && key == "drift_tolerance":
		if n > maxNumberChars {
			return &syntaxError{start, fmt.Sprintf("drift_tolerance has %d characters, want at most %d", n, maxNumberChars)}
		}
	case !isInteger(written):
		return &syntaxError{start, fmt.Sprintf("number is %s, want an integer from -%d to %d, with no fraction or exponent", shorten(written), int64(maxInteger), int64(maxInteger))}
	}
	return p.push(tokenNumber, start)
}

// numberLength is how many bytes of s the RFC 8259 grammar of a number covers,
// 0 where s does not start with one.
func numberLength(s string) int {
	i := 0
	digits := func() bool {
		from := i
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		return i > from
	}
	at := func(set string) bool { return i < len(s) && strings.IndexByte(set, s[i]) >= 0 }
	if at("-") {
		i++
	}
	if at("0") {
		i++
	} else if !digits() {
		return 0
	}
	if at(".") {
		if i++; !digits() {
			return 0
		}
	}
	if at("eE") {
		i++
		if at("+-") {
			i++
		}
		if !digits() {
			return 0
		}
	}
	return i
}

// isInteger tells whether a number is written as a plain integer that every
// reader keeps exactly. Two such integers are equal when their texts are.
func isInteger(s string) bool {
	if len(s) > len("-9007199254740991") || s == "-0" {
		return false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return err == nil && n >= -maxInteger && n <= maxInteger
}

// maxShown is how many characters of somebody's text a message repeats.
const maxShown = 80

func shorten(s string) string {
	if utf8.RuneCountInString(s) <= maxShown {
		return s
	}
	r := []rune(s[:min(len(s), utf8.UTFMax*maxShown)])
	return string(r[:maxShown]) + "…"
}

// quote is a text from outside in a message.
func quote(s string) string { return strconv.Quote(shorten(s)) }
