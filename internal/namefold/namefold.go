// Package namefold finds file names that some file system treats as equal. It is separate from
// internal/artifact because it needs the tables of case folding, which programs that only
// read records do not need.
package namefold

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Fold returns the same text for all names that some file system treats as equal. It
// applies full case folding (Unicode's CaseFolding.txt: "ß" equals "SS"), composes
// characters (NFC), and removes from each part of a path the characters that systems
// ignore: invisible ones (HFS+), dots and spaces at its end (Windows).
func Fold(name string) string {
	ascii := isASCII(name)
	if ascii && !hasDroppedEnd(name) {
		return strings.ToLower(name)
	}
	if !ascii {
		name = strings.Map(dropInvisible, name)
	}
	parts := strings.Split(foldCase(name), "/")
	for i, part := range parts {
		if kept := strings.TrimRight(part, ". "); kept != "" { // "." and ".." are names of their own
			parts[i] = kept
		}
	}
	return strings.Join(parts, "/")
}

// foldCase folds case and composition (Unicode, D145: a canonical caseless match).
func foldCase(name string) string { return norm.NFC.String(cases.Fold().String(norm.NFD.String(name))) }

// hasDroppedEnd reports whether a part of a path ends in a dot or a space.
func hasDroppedEnd(name string) bool {
	for i := range len(name) {
		if c := name[i]; (c == '.' || c == ' ') && (i == len(name)-1 || name[i+1] == '/') {
			return true
		}
	}
	return false
}

// Inside reports whether some file system treats a path as one in dir.
func Inside(path, dir string) bool { return strings.HasPrefix(Fold(path), Fold(dir)+"/") }

// SameButCase reports whether two names differ only in case and in the composition of
// their characters.
func SameButCase(a, b string) bool { return foldCase(a) == foldCase(b) }

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func dropInvisible(r rune) rune {
	if unicode.Is(unicode.Cf, r) {
		return -1
	}
	return r
}
