package schemas

import (
	"strconv"
	"strings"
	"sync"
)

// A Document is a parsed text with the position of each value. Its methods are safe for
// concurrent use.
type Document struct {
	kind   Kind
	text   string // JSON; what a YAML text means, where places is set
	tokens []token
	places []Position // of each token, where text is not what was read

	lines    sync.Once
	blocks   []block
	indexing sync.Mutex
	elements map[int][]uint32 // of long arrays: where each element's token is
}

// Kind returns the kind of the document.
func (d *Document) Kind() Kind { return d.kind }

// Position returns the position of the value at an RFC 6901 pointer.
func (d *Document) Position(pointer string) (Position, bool) {
	i, ok := d.find(pointer)
	if !ok {
		return Position{}, false
	}
	return d.position(i), true
}

// Raw returns the JSON text of the value at an RFC 6901 pointer, as written.
func (d *Document) Raw(pointer string) (string, bool) {
	i, ok := d.find(pointer)
	if !ok {
		return "", false
	}
	return d.raw(i), true
}

func (d *Document) raw(i int) string { return d.text[d.tokens[i].start:d.tokens[i].end] }

func (d *Document) string(i int) string { return decoded(d.text, d.tokens[i]) }

func (d *Document) position(i int) Position {
	if d.places != nil {
		return d.places[i]
	}
	return d.place(int(d.tokens[i].start))
}

// find returns the token of the value at a pointer.
func (d *Document) find(pointer string) (int, bool) {
	i := 0
	for pointer != "" {
		if pointer[0] != '/' {
			return 0, false
		}
		part := pointer[1:]
		if n := strings.IndexByte(part, '/'); n >= 0 {
			part, pointer = part[:n], part[n:]
		} else {
			pointer = ""
		}
		var ok bool
		if i, ok = d.child(i, part); !ok {
			return 0, false
		}
	}
	return i, true
}

// child is the value that one part of a pointer leads to.
func (d *Document) child(i int, part string) (int, bool) {
	t := d.tokens[i]
	switch t.kind {
	case tokenObject:
		if strings.Contains(part, "~") {
			part = unescapePointer(part)
		}
		for k := i + 1; k < int(t.next); k = int(d.tokens[k+1].next) {
			if d.string(k) == part {
				return k + 1, true
			}
		}
	case tokenArray:
		n, err := strconv.ParseUint(part, 10, 32)
		if err != nil || n >= uint64(t.count) || strconv.FormatUint(n, 10) != part {
			return 0, false
		}
		return d.element(i, int(n)), true
	}
	return 0, false
}

// longArray is the number of elements from which an array is indexed, so that finding an element
// costs the same at the end as at the beginning.
const longArray = 64

// element is the n-th element of the array i.
func (d *Document) element(i, n int) int {
	t := d.tokens[i]
	if t.count < longArray {
		e := i + 1
		for ; n > 0; n-- {
			e = int(d.tokens[e].next)
		}
		return e
	}
	d.indexing.Lock()
	defer d.indexing.Unlock()
	index, ok := d.elements[i]
	if !ok {
		index = make([]uint32, 0, t.count)
		for e := uint32(i + 1); e < t.next; e = d.tokens[e].next {
			index = append(index, e)
		}
		if d.elements == nil {
			d.elements = make(map[int][]uint32)
		}
		d.elements[i] = index
	}
	return int(index[n])
}

// EscapePointer returns a key as one part of an RFC 6901 pointer.
func EscapePointer(key string) string {
	return strings.ReplaceAll(strings.ReplaceAll(key, "~", "~0"), "/", "~1")
}

// unescapePointer returns the key that one part of an RFC 6901 pointer stands for.
func unescapePointer(part string) string {
	return strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~")
}

// pointer is the RFC 6901 pointer of a token; a key has that of its value. It is
// worked out from the token alone, so that documents without problems pay nothing.
func (d *Document) pointer(target int) string {
	var b strings.Builder
	i := 0
	for i != target {
		t := d.tokens[i]
		e, n := i+1, 0
		if t.kind == tokenObject {
			for int(d.tokens[e+1].next) <= target {
				e = int(d.tokens[e+1].next)
			}
			b.WriteByte('/')
			b.WriteString(EscapePointer(d.string(e)))
			if e == target {
				break
			}
			i = e + 1
			continue
		}
		for int(d.tokens[e].next) <= target {
			e = int(d.tokens[e].next)
			n++
		}
		b.WriteByte('/')
		b.WriteString(strconv.Itoa(n))
		i = e
	}
	return b.String()
}

// blockBytes is the distance between indexed positions. Finding a position takes the time to
// read one block, also in a text of one line.
const blockBytes = 1024

// A block is the position of an indexed byte.
type block struct {
	line  uint32 // counts from 0
	chars uint32 // since that line's first byte
}

// place returns the position of a byte of the text.
func (d *Document) place(offset int) Position {
	d.lines.Do(d.measure)
	n := min(offset/blockBytes, len(d.blocks)-1)
	b := d.blocks[n]
	b.step(d.text[n*blockBytes : offset])
	return Position{int(b.line) + 1, int(b.chars) + 1}
}

func (d *Document) measure() {
	d.blocks = make([]block, 1, len(d.text)/blockBytes+1)
	var b block
	for at := 0; at+blockBytes <= len(d.text); at += blockBytes {
		b.step(d.text[at : at+blockBytes])
		d.blocks = append(d.blocks, b)
	}
}

// step moves on over text.
func (b *block) step(text string) {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\n':
			b.line++
			b.chars = 0
		case c&0xc0 != 0x80: // the first byte of a character
			b.chars++
		}
	}
}
