package script

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// computesHMAC reports whether a script has both constants that RFC 2104 pads a key
// with, 0x36 and 0x5c, as words or in arithmetic: together with a SHA-256 they are an
// HMAC that needs no program with the key among its arguments.
func computesHMAC(file *syntax.File) bool {
	inner, outer := false, false
	syntax.Walk(file, func(node syntax.Node) bool {
		if lit, ok := node.(*syntax.Lit); ok {
			inner = inner || strings.EqualFold(lit.Value, "0x36")
			outer = outer || strings.EqualFold(lit.Value, "0x5c")
		}
		return true
	})
	return inner && outer
}
