package manifest

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// Merge merges two manifests of one artifact with a common base, which may be nil. A record
// signs the bytes of a manifest, so the result is one of the two, and not a mixture. If
// both state the same, it is the one that was generated later; if only one side changed what
// it states, it is that one. Otherwise ok is false.
func Merge(base *Manifest, ours, theirs Manifest) (merged Manifest, ok bool) {
	o, t := statement(ours), statement(theirs)
	switch {
	case bytes.Equal(o, t):
		if theirs.GeneratedAt > ours.GeneratedAt { // one format, in UTC: bytes sort as times do
			return theirs, true
		}
		return ours, true
	case base == nil:
		return Manifest{}, false
	}
	b := statement(*base)
	switch {
	case bytes.Equal(o, b):
		return theirs, true
	case bytes.Equal(t, b):
		return ours, true
	}
	return Manifest{}, false
}

// statement is what a manifest states, but for when it was generated.
func statement(m Manifest) []byte {
	m.GeneratedAt = ""
	return m.Encode()
}

// Differing returns the names of the fields that differ between two manifests, sorted,
// without generated_at.
func Differing(a, b Manifest) []string {
	var fields [2]map[string]json.RawMessage
	for i, m := range []Manifest{a, b} {
		if err := json.Unmarshal(statement(m), &fields[i]); err != nil {
			panic(err) // it was just encoded
		}
	}
	var names []string
	for i, side := range fields {
		for name, value := range side {
			if other, there := fields[1-i][name]; !there || !bytes.Equal(value, other) {
				names = append(names, name)
			}
		}
	}
	slices.SortFunc(names, strings.Compare)
	return slices.Compact(names)
}
