// Package artifacttest has the tests of artifacts: the forms of X.test that attest writes, the
// script ingest_archive.test.sh that init writes, and how a test that leaves the work to that
// script is recognized. It executes no test and judges nothing.
package artifacttest

import (
	"bytes"
	"embed"
	"strings"
	"sync"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/script"
)

// templateFiles hold the forms of X.test, one each. A released one is frozen: tests
// that it made stand in repositories and are known by their bytes.
//
//go:embed template*.test.sh
var templateFiles embed.FS

// A Form is one of the forms of X.test that a release of attest wrote.
type Form int

// The forms. A new one is one more file and one more entry in templates.
const (
	Long            Form = iota // verifies the artifact itself
	Short                       // calls ingest_archive.test.sh --verify, which does
	LongWithOpenSSL             // of earlier releases: openssl has the key among its arguments
)

// templates are the files of the forms.
var templates = [...]string{Long: "template.test.sh", Short: "template.short.test.sh", LongWithOpenSSL: "template.1.test.sh"}

// ours is the line by which a test that attest wrote is known again.
const ours = "# Written by codexlock attest, and written again by it: keep changes in a file of your own."

// IsOurs reports whether a test was written by attest, which may write it again.
func IsOurs(data []byte) bool { return bytes.Contains(data, []byte("\n"+ours+"\n")) }

// A Test is what differs between two X.test.
type Test struct {
	Form                           Form
	At, Artifact, Manifest, Record artifact.Path
	KeyEnv                         string // the environment variable that the domain's key is in
}

// A slot is a place in a template where a value of a Test goes. A path may hold any
// printable character, so each goes in as one single-quoted word; an environment
// variable's name stands anywhere.
type slot string

const (
	rootSlot     slot = "'@ROOT@'" // the repository's root, relative to the test
	artifactSlot slot = "'@ARTIFACT@'"
	manifestSlot slot = "'@MANIFEST@'"
	recordSlot   slot = "'@RECORD@'"
	ledgerSlot   slot = "'@LEDGER@'"
	writtenSlot  slot = "'@WRITTEN@'" // the artifact's path as the ledger writes it
	keyEnvSlot   slot = "@KEY_ENV@"
)

var allSlots = [...]slot{rootSlot, artifactSlot, manifestSlot, recordSlot, ledgerSlot, writtenSlot, keyEnvSlot}

// A templatePart is fixed text and the slot after it, "" at the end.
type templatePart struct {
	text []byte
	slot slot
}

// forms are the templates taken apart, in their order.
var forms = sync.OnceValue(func() [][]templatePart {
	all := make([][]templatePart, 0, len(templates))
	for _, name := range templates {
		text, err := templateFiles.ReadFile(name)
		if err != nil {
			panic(err) // it is embedded
		}
		all = append(all, takeApart(strings.ReplaceAll(string(text), "@OURS@", ours)))
	}
	return all
})

func takeApart(template string) []templatePart {
	var parts []templatePart
	for {
		at, next := len(template), slot("")
		for _, s := range allSlots {
			if i := strings.Index(template, string(s)); i >= 0 && i < at {
				at, next = i, s
			}
		}
		parts = append(parts, templatePart{[]byte(template[:at]), next})
		if next == "" {
			return parts
		}
		template = template[at+len(next):]
	}
}

// Render returns the test as attest writes it.
func (t Test) Render() []byte {
	parts := forms()[t.Form]
	size := 1024
	for _, p := range parts {
		size += len(p.text)
	}
	out := make([]byte, 0, size)
	for _, p := range parts {
		out = t.fill(append(out, p.text...), p.slot)
	}
	return out
}

// Wrote reports whether a text is, byte for byte, what attest writes for t in one of the
// forms, whatever t.Form is, and in which. It takes the name of the key's variable from the
// text.
func (t Test) Wrote(text []byte) (form Form, ok bool) {
	for form, parts := range forms() {
		if t.match(parts, text) {
			return Form(form), true
		}
	}
	return 0, false
}

// Shortened returns the short form of a test that is, byte for byte, what attest writes for t
// in a longer one, with the key's variable that the text names. ok is false for every other
// text, and for the test of the script that a short one calls.
func (t Test) Shortened(text []byte) (short []byte, ok bool) {
	if t.Artifact == IngestPath {
		return nil, false
	}
	for form, parts := range forms() {
		if Form(form) != Short && t.match(parts, text) {
			t.Form = Short
			return t.Render(), true
		}
	}
	return nil, false
}

// match compares a text with a form part by part. Where the form names the key's
// variable first, the text says which it is, and t has it then; everywhere after it must be
// the same.
func (t *Test) match(parts []templatePart, text []byte) bool {
	want, named := make([]byte, 0, 256), false
	for _, p := range parts {
		rest, found := bytes.CutPrefix(text, p.text)
		if !found {
			return false
		}
		if p.slot == keyEnvSlot && !named {
			t.KeyEnv, named = string(rest[:variableLen(rest)]), true
		}
		want = t.fill(want[:0], p.slot)
		if text, found = bytes.CutPrefix(rest, want); !found {
			return false
		}
	}
	return len(text) == 0
}

// variableLen is how many bytes at the beginning of a text can only be a variable's
// name.
func variableLen(text []byte) int {
	for i, c := range text {
		if c != '_' && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return i
		}
	}
	return len(text)
}

// fill appends what goes into a slot.
func (t *Test) fill(out []byte, s slot) []byte {
	switch s {
	case rootSlot:
		out = append(out, '\'')
		for range strings.Count(string(t.At), "/") {
			out = append(out, "../"...)
		}
		return append(out, ".'"...)
	case artifactSlot:
		return appendQuoted(out, string(t.Artifact))
	case manifestSlot:
		return appendQuoted(out, string(t.Manifest))
	case recordSlot:
		return appendQuoted(out, string(t.Record))
	case ledgerSlot:
		return appendQuoted(out, string(ledger.Path))
	case writtenSlot:
		return appendQuoted(out, string(ledger.AppendPath(nil, string(t.Artifact))))
	case keyEnvSlot:
		return append(out, t.KeyEnv...)
	}
	return out
}

// appendQuoted makes one word of s for any shell.
func appendQuoted(out []byte, s string) []byte {
	out = append(out, '\'')
	for {
		before, after, more := strings.Cut(s, "'")
		out = append(out, before...)
		if !more {
			return append(out, '\'')
		}
		out = append(out, `'\''`...)
		s = after
	}
}

// Ours returns the facts of every test that attest writes in a form: what differs between
// two of them is quoted. This package's tests show that they are the same for all paths,
// and that ShellCheck passes them.
func Ours(form Form) facts.Script {
	if form == Short {
		return oursShort()
	}
	return oursLong()
}

var (
	oursLong  = sync.OnceValue(func() facts.Script { return parseForm(Long) })
	oursShort = sync.OnceValue(func() facts.Script { return parseForm(Short) })
)

func parseForm(form Form) facts.Script {
	f := script.Parse(Test{Form: form, At: "x.test", Artifact: "x", Manifest: "x.manifest.json", Record: "x.vaulttime.json", KeyEnv: "VAULTTIME_KEY"}.Render())
	f.ShellCheck.State = "ours"
	return f
}
