package schemas

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Elements is a document that consists of one list, such as a ledger, whose elements
// are parsed one at a time. A parsed document takes as much memory again as its text,
// and a reader needs few of the elements. Elements keeps the text and the
// offset of each element. Its methods are safe for concurrent use.
type Elements struct {
	whole  *Document // its text and lines; no tokens
	key    string    // of the list
	item   *schema   // of each element
	object int       // where the document begins
	list   int       // where the list begins
	spans  []span
}

// A span is where an element stands in the text, end exclusive.
type span struct{ start, end uint32 }

// A Recognizer reports where an element ends that begins at a byte of the text. It
// returns 0 for an element that it does not recognize. It may recognize only elements
// that the strict parser accepts, that fit the schema and that hold so many values and
// keys; it is a faster way to read them.
type Recognizer struct {
	End    func(text string, at int) (end int)
	Values int
}

// ReadElements reads a document of a kind whose schema is an object with one list
// under key. Its answer about a text that [Decode] reads (of up to 64 MiB) is that of
// Decode: the same error, and a document with the positions of an invalid text. other
// is called for each element that the recognizer did not recognize, in order; where it
// returns an error, the document is read in the way of Decode.
//
// A longer text, of up to limit bytes, is read as far as its first problem. text is kept.
func ReadElements(kind Kind, key, text string, limit int, r Recognizer, other func(i int, d *Document) error) (*Elements, *Document, error) {
	if limit = max(limit, kind.limit()); len(text) > limit {
		return nil, nil, tooLarge(kind, len(text), limit)
	}
	schema := kind.registration().schema()
	e := &Elements{whole: &Document{kind: kind, text: text}, key: key, item: schema.properties[schema.property(key)].schema.items}
	bad := e.scan(r, other)
	switch {
	case bad == nil:
		return e, nil, nil
	case len(text) > kind.limit():
		return nil, nil, &Error{Kind: kind, Problems: []Problem{*bad}}
	}
	d, err := Decode(kind, []byte(text), nil)
	if err != nil {
		return nil, d, err
	}
	e.spans = e.spans[:0]
	list, _ := d.child(0, key)
	e.object, e.list = int(d.tokens[0].start), int(d.tokens[list].start)
	for t := list + 1; t < int(d.tokens[list].next); t = int(d.tokens[t].next) {
		e.spans = append(e.spans, span{d.tokens[t].start, d.tokens[t].end})
	}
	for i := range e.spans {
		if err := other(i, e.Document(i)); err != nil {
			return nil, d, err
		}
	}
	return e, nil, nil
}

// scan reads the elements. It returns the first problem, which may be that the text is
// written in another way than scan reads.
func (e *Elements) scan(r Recognizer, other func(int, *Document) error) *Problem {
	text := e.whole.text
	if !utf8.ValidString(text) {
		return e.problem(*invalidUTF8(text))
	}
	p := parser{text: text, numbers: ledgerNumbers}
	if bad := e.begin(&p); bad != nil {
		return e.problem(*bad)
	}
	values := 3 // the document, the key and the list
	for i := 0; ; i++ {
		if p.space(); i == 0 && p.peek() == ']' {
			break
		}
		start := p.at
		if p.at = r.End(text, start); p.at > 0 {
			values += r.Values
			e.spans = append(e.spans, span{uint32(start), uint32(p.at)})
		} else {
			n, problem := e.element(&p, start, other)
			if problem != nil {
				return problem
			}
			values += n
		}
		if p.space(); p.peek() == ']' {
			break
		}
		if p.peek() != ',' {
			return e.problem(*p.fail("%s in an array, want a comma or ]", p.got()))
		}
		p.at++
	}
	p.at++
	if len(text) <= e.whole.kind.limit() && values > maxTokens {
		return e.problem(syntaxError{0, "document has too many values"})
	}
	return e.end(&p)
}

// begin reads up to the bracket that opens the list.
func (e *Elements) begin(p *parser) *syntaxError {
	for _, want := range []string{"{", `"` + e.key + `"`, ":", "["} {
		p.space()
		if !strings.HasPrefix(p.text[p.at:], want) {
			return p.fail("%s, want %s: a document of over %d bytes has nothing but one list", p.got(), want, e.whole.kind.limit())
		}
		switch want {
		case "{":
			e.object = p.at
		case "[":
			e.list = p.at
		}
		p.at += len(want)
	}
	return nil
}

// end reads what stands behind the list.
func (e *Elements) end(p *parser) *Problem {
	if p.space(); p.peek() != '}' {
		return e.problem(*p.fail("%s after the list, want }", p.got()))
	}
	p.at++
	if p.space(); p.at < len(p.text) {
		return e.problem(*p.fail("%s after the end of the document, want nothing", p.got()))
	}
	return nil
}

// element parses one element and holds it to the schema. It returns how many values
// and keys it has.
func (e *Elements) element(p *parser, start int, other func(int, *Document) error) (int, *Problem) {
	p.at, p.depth, p.tokens = start, elementDepth, p.tokens[:0]
	if bad := p.value(""); bad != nil {
		return 0, e.problem(*bad)
	}
	d := &Document{kind: e.whole.kind, text: p.text, tokens: p.tokens}
	c := checker{d: d}
	if c.value(e.item, 0); len(c.Problems) > 0 {
		first := c.InOrder()[0]
		first.Pointer = e.pointer(len(e.spans)) + first.Pointer
		return 0, &first
	}
	e.spans = append(e.spans, span{uint32(start), uint32(p.at)})
	if err := other(len(e.spans)-1, d); err != nil {
		return 0, &Problem{Pointer: e.pointer(len(e.spans) - 1), Position: e.whole.place(start), Message: err.Error()}
	}
	return len(p.tokens), nil
}

// elementDepth is how many containers an element stands in.
const elementDepth = 2

func (e *Elements) pointer(i int) string { return fmt.Sprintf("/%s/%d", e.key, i) }

func (e *Elements) problem(f syntaxError) *Problem {
	return &Problem{Position: e.whole.place(f.offset), Message: f.message}
}

// Len returns the number of elements.
func (e *Elements) Len() int { return len(e.spans) }

// Text returns the text of the i-th element.
func (e *Elements) Text(i int) string { return e.whole.text[e.spans[i].start:e.spans[i].end] }

// Document returns the i-th element, parsed. Pointers into it begin at the element.
func (e *Elements) Document(i int) *Document {
	p := parser{text: e.whole.text, numbers: ledgerNumbers, at: int(e.spans[i].start), depth: elementDepth}
	if bad := p.value(""); bad != nil {
		panic("schemas: an element that was read before: " + bad.message)
	}
	return &Document{kind: e.whole.kind, text: e.whole.text, tokens: p.tokens}
}

// Position is where the value at an RFC 6901 pointer into the whole document begins.
func (e *Elements) Position(pointer string) (Position, bool) {
	start, _, ok := e.find(pointer)
	if !ok {
		return Position{}, false
	}
	return e.whole.place(start), true
}

// Raw is the JSON text of the value at an RFC 6901 pointer into the whole document.
func (e *Elements) Raw(pointer string) (string, bool) {
	start, end, ok := e.find(pointer)
	if !ok {
		return "", false
	}
	return e.whole.text[start:end], true
}

// find is where the value at a pointer stands in the text.
func (e *Elements) find(pointer string) (start, end int, ok bool) {
	text := e.whole.text
	rest, inside := strings.CutPrefix(pointer, "/"+e.key)
	switch {
	case pointer == "":
		return e.object, 1 + strings.LastIndexByte(text, '}'), true
	case !inside:
		return 0, 0, false
	case rest == "":
		last := 1 + e.list
		if n := len(e.spans); n > 0 {
			last = int(e.spans[n-1].end)
		}
		return e.list, last + 1 + strings.IndexByte(text[last:], ']'), true
	case rest[0] != '/':
		return 0, 0, false
	}
	number, inner := rest[1:], ""
	if slash := strings.IndexByte(number, '/'); slash >= 0 {
		number, inner = number[:slash], number[slash:]
	}
	n, err := strconv.ParseUint(number, 10, 32)
	if err != nil || n >= uint64(len(e.spans)) || strconv.FormatUint(n, 10) != number {
		return 0, 0, false
	}
	if inner == "" {
		return int(e.spans[n].start), int(e.spans[n].end), true
	}
	d := e.Document(int(n))
	i, ok := d.find(inner)
	if !ok {
		return 0, 0, false
	}
	return int(d.tokens[i].start), int(d.tokens[i].end), true
}
