package report

import (
	"bytes"
	"slices"
)

// beginnings are how the formats begin: with the first text, and a second one after it.
var beginnings = [][2]string{
	{"[✓] "}, {"[✗] "}, {"[!] "}, {"[~] "}, {"[?] "}, {"[i] "}, // text
	{`{`, `"schema": "` + Schema + `"`},
	{"::notice title=Codexlock::"},
	{"## ✅ "}, {"## ⚠️ "}, {"## ❌ "}, {"## ◐ "}, // markdown
	{`{"$schema":"https://docs.oasis-open.org/sarif/`, `"name":"Codexlock"`},
	{`<?xml version="1.0" encoding="UTF-8"?>`, `<testsuites name="codexlock`},
	{"<!DOCTYPE html>", "<title>Codexlock: "},
	{"<svg ", `aria-label="` + badgeLabel + `: `},
	{`{"schemaVersion":1,"label":"` + badgeLabel + `"`},
}

// EarlierBytes is how much of a file Earlier has to see.
const EarlierBytes = 4 << 10

// Earlier reports whether a file begins as a report does, in any format: another report may
// replace it.
func Earlier(head []byte) bool {
	return slices.ContainsFunc(beginnings, func(b [2]string) bool {
		rest, ok := bytes.CutPrefix(head, []byte(b[0]))
		return ok && bytes.Contains(rest[:min(len(rest), EarlierBytes)], []byte(b[1]))
	})
}
