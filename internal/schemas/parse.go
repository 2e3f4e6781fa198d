package schemas

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits on what is read, so that a hostile document costs a bounded amount of
// time and memory, whatever its bytes are.
const (
	maxDepth       = 32      // containers inside each other
	maxTokens      = 8 << 20 // values and keys; a ledger of 64 MiB has half as many
	maxKeys        = 1 << 16 // of one object
	maxNumberChars = 32      // of a number that is kept as written
	linearKeys     = 16      // objects up to this size find duplicates without a map
)

type tokenKind uint8

const (
	tokenNull tokenKind = iota
	tokenFalse
	tokenTrue
	tokenNumber
	tokenString
	tokenArray
	tokenObject
)

// A token is one value or key. Those of a document lie in one flat array, in the
// order of the text: a container is followed by all that is inside it, an
// object's keys stand before their values.
type token struct {
	start, end uint32 // in the text, end exclusive, quotes included
	next       uint32 // index of the token after this value and all inside it
	count      uint32 // elements of an array, keys of an object
	kind       tokenKind
	escaped    bool // a string with a backslash in it
}

// numbers says which numbers a form may hold.
type numbers uint8

const (
	integers numbers = iota // integers within ±(2^53-1)
	// ledgerNumbers are integers, and for /artifacts/N/drift_tolerance any
	// number, as written: what it should be is a rule's to say.
	ledgerNumbers
	anyNumber // RFC 8259, of any length
)

// A syntaxError is the reason why a text is not a document, with its position.
type syntaxError struct {
	offset  int
	message string
}

type parser struct {
	text    string
	tokens  []token
	at      int
	depth   int
	numbers numbers
}

// Parse reads the strict JSON form of a document: RFC 8259 exactly, in valid
// UTF-8 without byte order mark, no duplicate keys, no lone surrogates, nothing
// after the one value, within the limits on size, depth and numbers. It does not
// look at the schema. Its error is an [*Error].
func Parse(kind Kind, data []byte) (*Document, error) {
	if limit := kind.limit(); len(data) > limit {
		return nil, tooLarge(kind, len(data), limit)
	}
	rule := integers
	if kind == Ledger {
		rule = ledgerNumbers
	}
	return parseText(kind, string(data), rule)
}

// ParseAny is [Parse] of a text about documents of a kind, such as a JSON Schema of
// them: at most 1 MiB, with numbers of any form.
func ParseAny(kind Kind, data []byte) (*Document, error) {
	if len(data) > MaxBytes {
		return nil, tooLarge(kind, len(data), MaxBytes)
	}
	return parseText(kind, string(data), anyNumber)
}

func parseText(kind Kind, text string, rule numbers) (*Document, error) {
	d := &Document{kind: kind, text: text}
	tokens, bad := parse(d.text, rule)
	if bad != nil {
		return nil, &Error{Kind: kind, Problems: []Problem{{
			Position: d.place(bad.offset), Message: bad.message,
		}}}
	}
	d.tokens = tokens
	return d, nil
}

func tooLarge(kind Kind, size, limit int) *Error {
	return &Error{Kind: kind, Problems: []Problem{{
		Position: Position{1, 1},
		Message:  fmt.Sprintf("document has %d bytes, want at most %d", size, limit),
	}}}
}

// parse turns one JSON text into tokens.
func parse(text string, rule numbers) ([]token, *syntaxError) {
	if strings.HasPrefix(text, "\ufeff") {
		return nil, &syntaxError{0, "text starts with a byte order mark, want none: save it as UTF-8 without BOM"}
	}
	if !utf8.ValidString(text) {
		return nil, invalidUTF8(text)
	}
	p := parser{text: text, numbers: rule, tokens: make([]token, 0, 8+len(text)/16)}
	p.space()
	if p.at == len(text) {
		return nil, &syntaxError{p.at, "text is empty, want a JSON value"}
	}
	if bad := p.value(""); bad != nil {
		return nil, bad
	}
	if p.space(); p.at < len(text) {
		return nil, p.fail("%s after the end of the document, want nothing", p.got())
	}
	return p.tokens, nil
}

func invalidUTF8(text string) *syntaxError {
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && n == 1 {
			return &syntaxError{i, fmt.Sprintf("byte 0x%02x is not UTF-8, want text in UTF-8", text[i])}
		}
		i += n
	}
	return &syntaxError{0, "text is not UTF-8"}
}

func (p *parser) fail(format string, args ...any) *syntaxError {
	return &syntaxError{p.at, fmt.Sprintf(format, args...)}
}

// got names the character that the parser stands before.
func (p *parser) got() string {
	if p.at >= len(p.text) {
		return "end of the text"
	}
	r, _ := utf8.DecodeRuneInString(p.text[p.at:])
	return fmt.Sprintf("%q", r)
}

func (p *parser) space() {
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ' ', '\n', '\r', '\t':
			p.at++
		default:
			return
		}
	}
}

func (p *parser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

// push adds the token of a value that starts at start and ends before p.at.
func (p *parser) push(kind tokenKind, start int) *syntaxError {
	if len(p.tokens) >= maxTokens {
		return &syntaxError{start, fmt.Sprintf("document has more than %d values", maxTokens)}
	}
	p.tokens = append(p.tokens, token{
		start: uint32(start), end: uint32(p.at), next: uint32(len(p.tokens) + 1), kind: kind,
	})
	return nil
}

// value reads one value; key is the key that it stands under, if any.
func (p *parser) value(key string) *syntaxError {
	switch c := p.peek(); {
	case c == '"':
		return p.string()
	case c == '{':
		return p.container(tokenObject)
	case c == '[':
		return p.container(tokenArray)
	case c == '-' || c >= '0' && c <= '9':
		return p.number(key)
	case c == 't':
		return p.word("true", tokenTrue)
	case c == 'f':
		return p.word("false", tokenFalse)
	case c == 'n':
		return p.word("null", tokenNull)
	}
	return p.fail("%s, want a JSON value", p.got())
}

func (p *parser) word(word string, kind tokenKind) *syntaxError {
	if !strings.HasPrefix(p.text[p.at:], word) {
		return p.fail("%s, want a JSON value", p.got())
	}
	start := p.at
	p.at += len(word)
	return p.push(kind, start)
}

func (p *parser) container(kind tokenKind) *syntaxError {
	if p.depth++; p.depth > maxDepth {
		return p.fail("values are nested more than %d deep", maxDepth)
	}
	self, start := len(p.tokens), p.at
	p.at++
	if bad := p.push(kind, start); bad != nil {
		return bad
	}
	var count uint32
	var bad *syntaxError
	if kind == tokenObject {
		count, bad = p.members(self)
	} else {
		count, bad = p.elements()
	}
	if bad != nil {
		return bad
	}
	p.at++
	p.depth--
	t := &p.tokens[self]
	t.end, t.next, t.count = uint32(p.at), uint32(len(p.tokens)), count
	return nil
}

// elements reads up to the closing bracket of an array.
func (p *parser) elements() (uint32, *syntaxError) {
	var n uint32
	if p.space(); p.peek() == ']' {
		return 0, nil
	}
	for {
		p.space()
		if bad := p.value(""); bad != nil {
			return 0, bad
		}
		n++
		p.space()
		switch p.peek() {
		case ',':
			p.at++
		case ']':
			return n, nil
		default:
			return 0, p.fail("%s in an array, want a comma or ]", p.got())
		}
	}
}

// members reads up to the closing brace of the object whose token is self.
func (p *parser) members(self int) (uint32, *syntaxError) {
	var n uint32
	var seen map[string]struct{}
	if p.space(); p.peek() == '}' {
		return 0, nil
	}
	for {
		if p.space(); p.peek() != '"' {
			return 0, p.fail("%s in an object, want a key in double quotes", p.got())
		}
		at := len(p.tokens)
		if bad := p.string(); bad != nil {
			return 0, bad
		}
		key := p.decoded(at)
		if n == linearKeys {
			seen = p.keys(self, at)
		}
		if p.duplicate(self, at, key, seen) {
			return 0, &syntaxError{int(p.tokens[at].start), fmt.Sprintf("key %s stands here twice, want it once", quote(key))}
		}
		if n++; n > maxKeys {
			return 0, p.fail("object has more than %d keys", maxKeys)
		}
		if p.space(); p.peek() != ':' {
			return 0, p.fail("%s after key %s, want a colon", p.got(), quote(key))
		}
		p.at++
		p.space()
		if bad := p.value(key); bad != nil {
			return 0, bad
		}
		p.space()
		switch p.peek() {
		case ',':
			p.at++
		case '}':
			return n, nil
		default:
			return 0, p.fail("%s in an object, want a comma or }", p.got())
		}
	}
}

// keys are those of the object self that stand before the token end.
func (p *parser) keys(self, end int) map[string]struct{} {
	seen := make(map[string]struct{}, 2*linearKeys)
	for k := self + 1; k < end; k = int(p.tokens[k+1].next) {
		seen[p.decoded(k)] = struct{}{}
	}
	return seen
}

// duplicate tells whether the object self has the key already, before the token
// at; seen, if not nil, knows them all and learns this one.
func (p *parser) duplicate(self, at int, key string, seen map[string]struct{}) bool {
	if seen != nil {
		_, found := seen[key]
		seen[key] = struct{}{}
		return found
	}
	for k := self + 1; k < at; k = int(p.tokens[k+1].next) {
		if p.decoded(k) == key {
			return true
		}
	}
	return false
}

func (p *parser) decoded(i int) string { return decoded(p.text, p.tokens[i]) }
