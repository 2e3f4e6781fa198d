package content

import (
	"encoding/binary"
	"maps"
	"slices"
	"sync"
)

// A finder finds the words and the keywords in a text, in whatever case they are
// written. Where one can begin is seen by its first three bytes, eight places at a
// time: hardly a place of a text is looked at by itself.
type finder struct {
	begins  [1 << 15]bool   // by three bytes, packed
	lists   [1 << 15]uint16 // by the same: which of entries
	entries [][]entry       // those that begin with the same; the first is empty
}

// An entry is one of the words, or a keyword.
type entry struct {
	text    string // in lower case
	word    bool
	assigns bool // a keyword that an operator must follow
}

// The lower five bits of a byte are the same for both cases of a letter. Three bytes
// are packed into fifteen.
const (
	low    = 0x1f
	packed = 1<<15 - 1
)

func pack(a, b, c byte) int { return int(a&low) | int(b&low)<<5 | int(c&low)<<10 }

var theFinder = sync.OnceValue(func() *finder {
	f := &finder{entries: [][]entry{nil}}
	assigns := keywords()
	for _, k := range slices.Sorted(maps.Keys(assigns)) {
		f.add(entry{text: k, assigns: assigns[k]})
	}
	for _, w := range words {
		f.add(entry{text: w, word: true})
	}
	for _, h := range hiding {
		f.add(entry{text: h})
	}
	return f
})

// hiding is what a letter of a keyword can be written as: the beginning of an escape, and
// the characters that (?i) takes for k and s.
var hiding = []string{`\u00`, `\u212a`, `\u017f`, "\u212a", "\u017f"}

func (f *finder) add(e entry) {
	add := func(at int) {
		if !f.begins[at] {
			f.begins[at], f.lists[at] = true, uint16(len(f.entries))
			f.entries = append(f.entries, nil)
		}
		list := &f.entries[f.lists[at]]
		*list = append(*list, e)
	}
	if len(e.text) > 2 {
		add(pack(e.text[0], e.text[1], e.text[2]))
		return
	}
	for third := range byte(low + 1) { // a keyword of two letters, whatever follows
		add(pack(e.text[0], e.text[1], third))
	}
}

// each calls candidate for each place at which one of some entries may begin, in order.
func (f *finder) each(text []byte, candidate func(start int, of []entry)) {
	i := 0
	for ; i+10 <= len(text); i += 8 {
		// Five bits of each of ten bytes in a row.
		x := binary.LittleEndian.Uint64(text[i:]) & 0x1f1f1f1f1f1f1f1f
		x = x&0x001f001f001f001f | x>>3&0x03e003e003e003e0
		x = x&0x000003ff000003ff | x>>6&0x000ffc00000ffc00
		x = x&0x00000000000fffff | x>>12&0x000000fffff00000
		x |= uint64(text[i+8]&low)<<40 | uint64(text[i+9]&low)<<45
		if !(f.begins[x&packed] || f.begins[x>>5&packed] || f.begins[x>>10&packed] || f.begins[x>>15&packed] ||
			f.begins[x>>20&packed] || f.begins[x>>25&packed] || f.begins[x>>30&packed] || f.begins[x>>35&packed]) {
			continue
		}
		for j := range 8 {
			if at := x >> (5 * j) & packed; f.begins[at] {
				candidate(i+j, f.entries[f.lists[at]])
			}
		}
	}
	for ; i+1 < len(text); i++ {
		third := byte(0)
		if i+2 < len(text) {
			third = text[i+2]
		}
		if at := pack(text[i], text[i+1], third); f.begins[at] {
			candidate(i, f.entries[f.lists[at]])
		}
	}
}

// foldsTo reports whether a text is this one in lower case.
func foldsTo(text []byte, lower string) bool {
	for i := range len(lower) {
		c := text[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
