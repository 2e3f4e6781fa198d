package collision

import (
	"fmt"
	"hash/maphash"
	"path"
	"slices"
	"testing"

	"github.com/codexlock/codexlock/internal/namefold"
)

// FuzzSuspects holds the quick look at the names to the table of all of them: where the
// table has a collision, the look finds a suspect.
func FuzzSuspects(f *testing.F) {
	f.Add([]byte("a/b\x00A/b\x00a/B"))
	f.Add([]byte("a/b\x00a.c\x00a/b.\x00\u00e9\x00e\u0301\x00STRASSE\x00stra\u00dfe"))
	f.Add([]byte("A\x00A/b\x00a\u200d\x00x \x00x"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var lists [2][]string
		for i, name := range splitZero(string(data)) {
			if name != "" && path.Clean("/" + name)[1:] == name {
				lists[i%2] = append(lists[i%2], name)
			}
		}
		all := slices.Concat(lists[0], lists[1])
		for _, list := range [][]string{lists[0], lists[1], all} {
			slices.Sort(list)
		}
		n := nodes{names: slices.Compact(all), seed: maphash.MakeSeed(), first: map[uint64]node{}}
		n.walk(func(name, other string, _ bool) {
			if !haveSuspects(lists[0], lists[1]) {
				t.Errorf("%q and %q collide in %q", name, other, all)
			}
		})
	})
}

func splitZero(text string) []string {
	var parts []string
	for {
		for i := range len(text) {
			if text[i] == 0 {
				parts, text = append(parts, text[:i]), text[i+1:]
				break
			} else if i == len(text)-1 {
				return append(parts, text)
			}
		}
		if text == "" {
			return parts
		}
	}
}

// TestFewSuspects: names with capitals or accents are no collision by themselves, and
// names without any need no table.
func TestFewSuspects(t *testing.T) {
	names := []string{"Makefile", "README.md", "a/Makefile", "a/b", "a/\u00e9", "b/README.md"}
	if haveSuspects(names, []string{"a/c", "c/Makefile"}) {
		t.Error("names that do not collide are suspected")
	}
	for _, other := range []string{"MAKEFILE", "makefile", "readme.md/x", "A/x", "a/B", "a/e\u0301", "b/readme.MD", "a/b."} {
		if !haveSuspects(names, []string{other}) {
			t.Errorf("%q is not suspected", other)
		}
	}
	var plain []string
	for i := range 10_000 {
		plain = append(plain, fmt.Sprintf("assets/sources/%05d.bin", i))
	}
	if n := testing.AllocsPerRun(2, func() { haveSuspects(plain, nil) }); n > 10 {
		t.Errorf("%v allocations for %d names, want at most 10", n, len(plain))
	}
}

// TestIsFolded: what counts as its own folded form is.
func TestIsFolded(t *testing.T) {
	for c := range rune(0x250) {
		for _, part := range []string{string(c), "a" + string(c), string(c) + "a"} {
			if isFolded(part) && namefold.Fold(part) != part {
				t.Errorf("%q folds to %q", part, namefold.Fold(part))
			}
		}
	}
}
