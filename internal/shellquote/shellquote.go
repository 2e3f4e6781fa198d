// Package shellquote writes words of commands so that a POSIX shell reads them back. Hints
// have commands that can be typed, about paths that anybody may have chosen.
package shellquote

import "strings"

// plain are the characters that mean themselves to a shell.
const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-"

// Word returns a word as it is, or in quotes where it needs them.
func Word(s string) string {
	if s != "" && strings.Trim(s, plain) == "" {
		return s
	}
	return Quoted(s)
}

// Path returns a path as Word does, and never as what a program takes for an option.
func Path(s string) string {
	if strings.HasPrefix(s, "-") {
		s = "./" + s
	}
	return Word(s)
}

// Quoted returns a word in single quotes.
func Quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
