package trees

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// What a tree may have at most. The largest public monorepos have some 500,000
// files with paths of 70 bytes, and no file system in use takes a path longer than
// PATH_MAX, 4096. A tree bomb (56 KB of objects make 10^10 paths) meets one of
// these in seconds.
const (
	MaxEntries   = 1_000_000 // files and folders
	maxDepth     = 64
	maxPathBytes = 4096
	maxNameBytes = 128 << 20 // of all paths together: what listing costs in memory
	maxTree      = 64 << 20  // of one tree object: over a million files in a folder
	maxTreeCache = 16 << 20  // tree objects kept to be met again in the same commit
	maxAhead     = 4096      // folders of a folder that are read before they are met
	maxTreeAhead = 256 << 10 // of one of those: some 5,000 names
)

// Limits count the paths of a tree on their way in, and end the listing of one
// that has too many.
type Limits struct {
	Of      string // what is listed, for messages
	Entries int    // how many were counted
	Bytes   int    // of their paths
}

// Count counts a path; over a limit, the error is a *MalformedTreeError.
func (l *Limits) Count(path string) error {
	l.Entries++
	l.Bytes += len(path)
	switch {
	case l.Entries > MaxEntries:
		return l.exceeded("has over %d entries", MaxEntries)
	case len(path) > maxPathBytes:
		return l.exceeded("has a path of %d bytes, at most %d are allowed: %q…", len(path), maxPathBytes, path[:64])
	case l.Bytes > maxNameBytes:
		return l.exceeded("has paths of over %d bytes in all", maxNameBytes)
	case strings.Count(path, "/") >= maxDepth:
		return l.exceeded("has folders more than %d deep at %q", maxDepth, path)
	}
	return nil
}

func (l *Limits) malformed(format string, args ...any) *MalformedTreeError {
	return &MalformedTreeError{Tree: l.Of, Reason: fmt.Sprintf(format, args...)}
}

// exceeded is a tree that is larger than any that is verified.
func (l *Limits) exceeded(format string, args ...any) *MalformedTreeError {
	err := l.malformed(format, args...)
	err.TooLarge = true
	return err
}

// modes are the modes that git writes, and what stands where one is.
var modes = [...]struct {
	kind Kind
	text string
}{{File, "100644"}, {File, "100755"}, {Symlink, "120000"}, {Submodule, "160000"}, {Directory, "040000"}}

// A column is a list of entries in bytewise order of their paths. It keeps a
// million of them in some 100 MB: paths and ids stand in one text each, and an
// Entry that is read from it shares them.
type column struct {
	paths string
	oids  string
	ends  []uint32 // of each path in paths
	modes []uint8  // into the table modes
	width int      // of an id, in hex
}

func (c *column) len() int { return len(c.ends) }

func (c *column) path(i int) string {
	start := uint32(0)
	if i > 0 {
		start = c.ends[i-1]
	}
	return c.paths[start:c.ends[i]]
}

func (c *column) at(i int) Entry {
	mode := modes[c.modes[i]]
	return Entry{Path: c.path(i), Kind: mode.kind, Mode: mode.text, Size: -1, OID: c.oids[i*c.width : (i+1)*c.width]}
}

// find is the index of a path, or of the first one after it.
func (c *column) find(path string) (i int, ok bool) {
	low, high := 0, c.len()
	for low < high {
		mid := int(uint(low+high) >> 1)
		if c.path(mid) < path {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low, low < c.len() && c.path(low) == path
}

// A columnBuilder gathers entries for a column.
type columnBuilder struct {
	column
	paths, oids strings.Builder
	last        string
	unsorted    bool
}

// add appends what stands in a folder, which is "" or ends in a slash, with its id in
// binary. It returns the path, which shares the bytes of the listing.
func (b *columnBuilder) add(folder string, name, oid []byte, mode uint8) (path string) {
	start := b.paths.Len()
	makeRoom(&b.paths, len(folder)+len(name))
	b.paths.WriteString(folder)
	b.paths.Write(name)
	var digits [2 * sha256.Size]byte
	b.width = hex.Encode(digits[:], oid)
	makeRoom(&b.oids, b.width)
	b.oids.Write(digits[:b.width])
	return b.end(start, mode)
}

// end notes the path that begins at a byte of the paths and ends where they end.
func (b *columnBuilder) end(start int, mode uint8) (path string) {
	path = b.paths.String()[start:]
	b.unsorted = b.unsorted || path < b.last
	b.last = path
	b.ends = append(b.ends, uint32(b.paths.Len()))
	b.modes = append(b.modes, mode)
	return path
}

// maxDoubling is up to which size a text of a column is doubled when it is full: it is
// copied half as often as by the quarter that append adds, and most listings are smaller.
// Of a larger one the memory counts.
const maxDoubling = 16 << 20

func makeRoom(b *strings.Builder, size int) {
	if n := b.Len(); b.Cap()-n < size && n < maxDoubling {
		b.Grow(max(n, size, 4096))
	}
}

// done is the column, in order. Files come in order from every tree that git
// writes; folders do not, for git orders them as if a slash ended their names.
func (b *columnBuilder) done() column {
	c := b.column
	c.paths, c.oids = b.paths.String(), b.oids.String()
	if !b.unsorted {
		return c
	}
	order := make([]uint32, c.len())
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(i, j uint32) int { return cmp.Compare(c.path(int(i)), c.path(int(j))) })
	sorted := columnBuilder{column: column{width: c.width}}
	sorted.paths.Grow(len(c.paths))
	sorted.oids.Grow(len(c.oids))
	for _, i := range order {
		start := sorted.paths.Len()
		sorted.paths.WriteString(c.path(int(i)))
		sorted.oids.WriteString(c.oids[int(i)*c.width : (int(i)+1)*c.width])
		sorted.end(start, c.modes[i])
	}
	return sorted.done()
}
