package ledger

import (
	"hash/maphash"
	"unsafe"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/schemas"
)

// MaxBytes is the largest ledger that Read accepts: a million entries with paths of 110
// bytes. Two such Files stay below 1 GiB of memory.
const MaxBytes = 320 << 20

// A File is the text of a ledger. Entries are decoded on demand, because a change needs
// few of them: a File takes the memory of its text and 40 bytes per entry. Its methods
// are safe for concurrent use.
type File struct {
	elements *schemas.Elements
	paths    []string // of the entries, in the order of the file
	noInputs []bool   // of each entry whether it says that its artifact has none

	seed   maphash.Seed
	slots  []uint32         // open addressing: 1 and the index of the first entry of a path; 0: free
	others map[string][]int // all entries of the paths that have several
}

// Read reads a ledger as strictly as Decode: its error for bad input is the same
// *schemas.Error, and if the text can be parsed, the document has the positions of its
// values. Read keeps data: the caller must not change it afterwards.
func Read(data []byte) (*File, *schemas.Document, error) {
	f := &File{seed: maphash.MakeSeed()}
	var e plainEntry
	recognizer := schemas.Recognizer{Values: plainValues, End: func(text string, at int) int {
		end := e.scan(text, at)
		if end > 0 {
			f.paths = append(f.paths, e.path)
			f.noInputs = append(f.noInputs, e.inputs == NoInputs)
		}
		return end
	}}
	text := unsafe.String(unsafe.SliceData(data), len(data)) // a copy would be another 300 MB
	elements, doc, err := schemas.ReadElements(schemas.Ledger, "artifacts", text, MaxBytes, recognizer, func(i int, d *schemas.Document) error {
		var e Entry
		if err := d.Fill(&e); err != nil {
			return err
		}
		f.paths = append(f.paths[:i], e.Path)
		f.noInputs = append(f.noInputs[:i], e.Inputs == NoInputs)
		return nil
	})
	if err != nil {
		return nil, doc, err
	}
	f.elements, f.paths = elements, f.paths[:elements.Len()]
	f.build()
	return f, nil, nil
}

// build fills the index of the paths.
func (f *File) build() {
	size := 16
	for size < 2*len(f.paths) {
		size *= 2
	}
	f.slots = make([]uint32, size)
	for i, path := range f.paths {
		slot := f.slot(path)
		if *slot == 0 {
			*slot = uint32(i) + 1
			continue
		}
		if f.others == nil {
			f.others = map[string][]int{}
		}
		if f.others[path] == nil {
			f.others[path] = []int{int(*slot) - 1}
		}
		f.others[path] = append(f.others[path], i)
	}
}

// slot returns the index slot of a path, used or free.
func (f *File) slot(path string) *uint32 {
	mask := uint64(len(f.slots) - 1)
	for at := maphash.String(f.seed, path) & mask; ; at = (at + 1) & mask {
		if n := f.slots[at]; n == 0 || f.paths[n-1] == path {
			return &f.slots[at]
		}
	}
}

// Len is the number of entries.
func (f *File) Len() int { return len(f.paths) }

// Path is the path of the i-th entry, as written.
func (f *File) Path(i int) string { return f.paths[i] }

// HasNoInputs reports whether the i-th entry is the only one of its path and says that
// its artifact's manifest names no inputs.
func (f *File) HasNoInputs(i int) bool { return f.noInputs[i] && f.others[f.paths[i]] == nil }

// Has reports whether a path has an entry.
func (f *File) Has(path string) bool { return *f.slot(path) != 0 }

// All are the entries of a path, in the order of the file; more than one are duplicates.
func (f *File) All(path string) []int {
	n := *f.slot(path)
	switch {
	case n == 0:
		return nil
	case f.others[path] != nil:
		return f.others[path]
	}
	return []int{int(n) - 1}
}

// Entry is the i-th entry.
func (f *File) Entry(i int) Entry {
	text := f.elements.Text(i)
	var plain plainEntry
	if plain.scan(text, 0) == len(text) {
		return plain.entry()
	}
	var e Entry
	if err := f.elements.Document(i).Fill(&e); err != nil {
		panic(err) // Read parsed it
	}
	return e
}

// SameEntries reports whether two ledgers have equal entries for a path. Entries with
// different texts can have equal values.
func SameEntries(f, g *File, path string) bool {
	return f.sameAs(f.All(path), g, g.All(path))
}

func (f *File) sameAs(mine []int, g *File, others []int) bool {
	if len(mine) != len(others) {
		return false
	}
	for n, i := range mine {
		if j := others[n]; f.elements.Text(i) != g.elements.Text(j) && f.Entry(i) != g.Entry(j) {
			return false
		}
	}
	return true
}

// Differing returns the paths whose entries differ between two ledgers, each once, in no
// particular order.
func Differing(f, g *File) []string {
	var paths []string
	j := -1 // the last match in g: the next entry is likely the next match
	for i, path := range f.paths {
		if f.others[path] == nil && g.others[path] == nil && j+1 < len(g.paths) && g.paths[j+1] == path {
			j++
			if f.elements.Text(i) != g.elements.Text(j) && f.Entry(i) != g.Entry(j) {
				paths = append(paths, path)
			}
			continue
		}
		mine, others := f.All(path), g.All(path)
		if mine[0] != i {
			continue // a duplicate: the first one was compared with all
		}
		if len(others) > 0 {
			j = others[len(others)-1]
		}
		if !f.sameAs(mine, g, others) {
			paths = append(paths, path)
		}
	}
	for j, path := range g.paths {
		if !f.Has(path) && g.All(path)[0] == j {
			paths = append(paths, path)
		}
	}
	return paths
}

// Position returns the position of the value at an RFC 6901 pointer.
func (f *File) Position(pointer string) (schemas.Position, bool) { return f.elements.Position(pointer) }

// Raw returns the JSON text of the value at an RFC 6901 pointer.
func (f *File) Raw(pointer string) (string, bool) { return f.elements.Raw(pointer) }

// A plainEntry is an entry that can be read without parsing it: the five fields, each
// once, and perhaps inputs, a tolerance of 0 or 0.0, and no escape in a text.
type plainEntry struct {
	path, sha256, tolerance, domain, verifiedAt, inputs string

	lastTime string // a valid time of an earlier entry
}

// plainValues is the largest number of values and keys of a plainEntry.
const plainValues = 13

// entry returns the Entry that the strict decoder reads from the same text.
func (e *plainEntry) entry() Entry {
	var digest artifact.Digest
	if err := digest.UnmarshalText([]byte(e.sha256)); err != nil {
		panic(err) // scan checked it
	}
	return Entry{Path: e.path, SHA256: digest, DriftTolerance: schemas.Number(e.tolerance), TrustDomain: e.domain, VerifiedAt: e.verifiedAt, Inputs: e.inputs}
}
