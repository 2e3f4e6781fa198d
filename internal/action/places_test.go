package action

import (
	"strings"
	"testing"
)

// version is a file of one letter a line.
func version(letters string) [][]byte {
	return linesOf([]byte(strings.Join(strings.Split(letters, ""), "\n") + "\n"))
}

// TestLines: where a line of the judged commit is in the commit that is shown, and whether the
// change touched it.
func TestLines(t *testing.T) {
	for _, c := range []struct {
		base, judged, shown string
		line, at            int
		touched             bool
		first               int
	}{
		{"abc", "abXc", "abXc", 3, 3, true, 3},
		{"abc", "abXc", "abXc", 4, 4, false, 3},
		{"abc", "abXc", "abXc", 1, 1, false, 3},
		{"NNabcdef", "NNabXcdef", "abXcdef", 5, 3, true, 3}, // the base branch added two lines above
		{"NNabcdef", "NNabXcdef", "abXcdef", 9, 7, false, 3},
		{"NNabcdef", "NNabXcdef", "abXcdef", 1, 1, false, 3}, // a line that only the base branch has
		{"abcd", "aXbYcd", "aXbYcd", 3, 3, false, 2},         // between two that were added
		{"abc", "ac", "ac", 2, 2, false, 2},                  // a line was removed
		{"abc", "abc", "abc", 2, 2, false, 3},
		{"abc", "abc", "abc", 9, 3, false, 3}, // a line that is beyond the end
		{"aaa", "aaaaa", "aaaaa", 5, 5, true, 4},
	} {
		f := &touchedFile{base: version(c.base), judged: version(c.judged), shown: version(c.shown)}
		if at, touched := f.line(c.line); at != c.at || touched != c.touched || f.first() != c.first {
			t.Errorf("%s, %s, %s: line %d is at %d, touched %v, the first is %d; want %d, %v, %d", c.base, c.judged, c.shown, c.line, at, touched, f.first(), c.at, c.touched, c.first)
		}
	}
	f := &touchedFile{new: true, judged: version("ab"), shown: version("ab")}
	if at, touched := f.line(2); at != 2 || !touched || f.first() != 1 {
		t.Errorf("a new file: %d, %v, %d", at, touched, f.first())
	}
	binary := &touchedFile{new: true}
	if at, touched := binary.line(7); at != 1 || !touched || binary.first() != 1 {
		t.Errorf("a file without lines: %d, %v, %d", at, touched, binary.first())
	}
}
