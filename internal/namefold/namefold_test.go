package namefold

import "testing"

// TestFold: names that some system takes for one fold to one, and no others.
func TestFold(t *testing.T) {
	for _, same := range [][]string{
		{"assets/sources/x", "Assets/SOURCES/X", "assets./sources /x"},
		{"straße", "STRASSE", "strasse", "STRA\u1e9eE"},
		{"caf\u00e9", "cafe\u0301", "CAFE\u0301", "CAF\u00c9"},
		{"\u212a", "k", "K"},           // the Kelvin sign
		{"\u017f", "s"},                // long s
		{"\ufb03", "ffi", "FFI"},       // a ligature
		{"\u03c3", "\u03c2", "\u03a3"}, // sigma, final sigma
		{"\u1fb3", "\u03b1\u03b9", "\u0391\u0345"},
		{"a\u200db", "ab", "\ufeffAB"},
		{"x. . ", "x"},
	} {
		for _, name := range same[1:] {
			if Fold(name) != Fold(same[0]) {
				t.Errorf("Fold(%+q) = %+q, Fold(%+q) = %+q, want one", name, Fold(name), same[0], Fold(same[0]))
			}
		}
		if folded := Fold(same[0]); Fold(folded) != folded {
			t.Errorf("Fold(%+q) = %+q, want itself", folded, Fold(folded))
		}
	}
	different := []string{"a", "b", "a/b", "ab", "a.b", "a b", "\u00e9", "e", ".", "..", ".a", "i", "\u0131"}
	for i, name := range different {
		for _, other := range different[:i] {
			if Fold(name) == Fold(other) {
				t.Errorf("Fold(%+q) = Fold(%+q) = %+q, want two", name, other, Fold(name))
			}
		}
	}
	if !SameButCase("Stra\u00dfe", "STRASSE") || SameButCase("x.", "x") {
		t.Error("SameButCase does not tell case from what systems ignore")
	}
}
