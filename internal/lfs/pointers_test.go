package lfs

import (
	"strings"
	"testing"
)

// TestReadAttributes: a name has the filter lfs exactly if gitattributes(5) gives it.
func TestReadAttributes(t *testing.T) {
	for _, tt := range []struct {
		lines, name string
		want        bool
	}{
		{"*.bin filter=lfs", "model.bin", true},
		{"*.bin filter=lfs", "a/model.bin", true},
		{"*.bin filter=lfs", "model.txt", false},
		{"a/*.bin filter=lfs", "a/model.bin", true},
		{"a/*.bin filter=lfs", "b/a/model.bin", false},
		{"/model.bin filter=lfs", "a/model.bin", false},
		{"*.bin\tdiff=lfs filter=lfs -text", "model.bin", true},
		{"*.bin filter=lfs\n*.bin -filter", "model.bin", false},
		{"*.bin filter=lfs\n*.bin !filter", "model.bin", false},
		{"*.bin filter=lfs\n*.bin filter=other", "model.bin", false},
		{"[attr]big filter=lfs\n*.bin big", "model.bin", true},
		{"[attr]big filter=lfs\n*.bin -big", "model.bin", false},
		{"[attr]small -filter\n*.bin filter=lfs\n*.bin small", "model.bin", false},
		{"# *.bin filter=lfs", "model.bin", false},
		{"\"a b.bin\" filter=lfs", "a b.bin", true},
		{"\"a b.bin filter=lfs", "a b.bin", false},
		{"bin/ filter=lfs", "bin", false},
		{"{a,b}.bin filter=lfs", "a.bin", false},
	} {
		filter, macros := "", map[string]string{}
		for line := range strings.Lines(tt.lines) {
			readAttributes(strings.TrimSpace(line), tt.name, macros, &filter)
		}
		if (filter == "lfs") != tt.want {
			t.Errorf("%q: the filter of %s is %q, want lfs: %t", tt.lines, tt.name, filter, tt.want)
		}
	}
}
