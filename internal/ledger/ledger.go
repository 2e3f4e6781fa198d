// Package ledger reads and writes Codex-Lock.json, the ledger of trusted
// artifacts. It keeps duplicates and tolerances, because rules judge them. It judges
// nothing and opens no file.
package ledger

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/schemas"
)

// Path is the path of a repository's ledger.
const Path artifact.Path = "Codex-Lock.json"

// Zero is the only drift tolerance that the standard allows (ZT-3.5).
const Zero schemas.Number = "0.0"

// An Entry records that an artifact is trusted (ZT-3.1). Its path is the text of the
// file and may not be a valid path: rules judge that.
type Entry struct {
	Path           string          `json:"path"`
	SHA256         artifact.Digest `json:"sha256"`
	DriftTolerance schemas.Number  `json:"drift_tolerance"`
	TrustDomain    string          `json:"trust_domain"`
	VerifiedAt     string          `json:"verified_at"` // YYYY-MM-DDTHH:MM:SSZ
	// Inputs is whether the artifact's manifest names inputs (ZT-11.1): NoInputs,
	// SomeInputs, or "" where only the manifest says it.
	Inputs     string      `json:"inputs,omitempty"`
	Extensions schemas.Raw `json:"extensions,omitempty"`
}

// What an entry says of the inputs of its artifact.
const (
	NoInputs   = "none"
	SomeInputs = "some"
)

// A Ledger is Codex-Lock.json. Artifacts are in the order of the file; after a call of
// Lookup or All, change them only with Set and Remove. Reading is safe for concurrent
// use.
type Ledger struct {
	Artifacts []Entry

	index atomic.Pointer[index] // built by the first lookup, nil after a change
}

type index struct {
	first map[string]int
	all   map[string][]int // only for paths with several entries
}

// Decode reads a ledger strictly, in any order and with duplicates. The document, with
// the position of every value, is returned even if the ledger does not match its
// schema. Its error for bad input is a *schemas.Error.
func Decode(data []byte) (*Ledger, *schemas.Document, error) {
	var file struct {
		Artifacts []Entry `json:"artifacts"`
	}
	doc, err := schemas.Decode(schemas.Ledger, data, &file)
	if err != nil {
		return nil, doc, err
	}
	return &Ledger{Artifacts: file.Artifacts}, doc, nil
}

// Encode writes the ledger as a file: sorted by the bytes of the path (entries
// of one path in their order), two-space indent, a final newline, so that a diff shows
// only changed entries. Every spelling of a zero tolerance becomes 0.0; any other
// number is kept, because writing must not hide it.
func (l *Ledger) Encode() []byte {
	if len(l.Artifacts) == 0 {
		return []byte("{\n  \"artifacts\": []\n}\n")
	}
	sorted := slices.Clone(l.Artifacts)
	slices.SortStableFunc(sorted, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) })
	out := make([]byte, 0, 64+320*len(sorted))
	out = append(out, head...)
	for i, e := range sorted {
		if i > 0 {
			out = append(out, ",\n"...)
		}
		out = appendEntry(out, e)
	}
	return append(append(out, '\n'), tail...)
}

// The text before and after the entries.
const (
	head = "{\n  \"artifacts\": [\n"
	tail = "  ]\n}\n"
)

// appendEntry writes an entry without the comma and the line end after it.
func appendEntry(out []byte, e Entry) []byte {
	out = append(out, "    {\n      \"path\": "...)
	out = appendString(out, e.Path)
	out = append(out, ",\n      \"sha256\": "...)
	out = appendString(out, e.SHA256.String())
	out = append(out, ",\n      \"drift_tolerance\": "...)
	out = append(out, tolerance(e.DriftTolerance)...)
	out = append(out, ",\n      \"trust_domain\": "...)
	out = appendString(out, e.TrustDomain)
	out = append(out, ",\n      \"verified_at\": "...)
	out = appendString(out, e.VerifiedAt)
	if e.Inputs != "" {
		out = append(out, ",\n      \"inputs\": "...)
		out = appendString(out, e.Inputs)
	}
	if e.Extensions != "" {
		out = append(out, ",\n      \"extensions\": "...)
		out = appendIndented(out, e.Extensions)
	}
	return append(out, "\n    }"...)
}

// IsZero reports whether a number is zero, in any spelling. It checks the digits, because
// as a float64 the number 1e-400 would be zero.
func IsZero(n schemas.Number) bool {
	mantissa := string(n)
	if i := strings.IndexAny(mantissa, "eE"); i >= 0 {
		mantissa = mantissa[:i]
	}
	return mantissa != "" && !strings.ContainsAny(mantissa, "123456789")
}

func tolerance(n schemas.Number) string {
	if n == "" || IsZero(n) {
		return string(Zero)
	}
	return string(n)
}

// appendIndented writes a text that the strict decoder read, numbers as written.
func appendIndented(out []byte, text schemas.Raw) []byte {
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(text), "      ", "  "); err != nil {
		panic(err)
	}
	return append(out, b.Bytes()...)
}

// AppendPath appends a path as Encode writes it, a JSON string.
func AppendPath(out []byte, path string) []byte { return appendString(out, path) }

// appendString writes a JSON string with only the escapes that JSON requires.
func appendString(out []byte, s string) []byte {
	out = append(out, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			out = append(out, '\\', byte(r))
		case r == '\n':
			out = append(out, `\n`...)
		case r == '\t':
			out = append(out, `\t`...)
		case r == '\r':
			out = append(out, `\r`...)
		case r < 0x20:
			out = append(out, `\u00`...)
			if r < 0x10 {
				out = append(out, '0')
			}
			out = strconv.AppendInt(out, int64(r), 16)
		default:
			out = utf8.AppendRune(out, r)
		}
	}
	return append(out, '"')
}

func (l *Ledger) lookup() *index {
	if x := l.index.Load(); x != nil {
		return x
	}
	x := &index{first: make(map[string]int, len(l.Artifacts)), all: map[string][]int{}}
	for i := range l.Artifacts {
		path := l.Artifacts[i].Path
		first, again := x.first[path]
		switch {
		case !again:
			x.first[path] = i
		case len(x.all[path]) == 0:
			x.all[path] = []int{first, i}
		default:
			x.all[path] = append(x.all[path], i)
		}
	}
	l.index.Store(x)
	return x
}

// Lookup returns the first entry of a path.
func (l *Ledger) Lookup(path string) (i int, ok bool) {
	i, ok = l.lookup().first[path]
	return i, ok
}

// All are the entries of a path, in the order of the file; more than one are
// duplicates.
func (l *Ledger) All(path string) []int {
	x := l.lookup()
	if all, ok := x.all[path]; ok {
		return slices.Clone(all)
	}
	if i, ok := x.first[path]; ok {
		return []int{i}
	}
	return nil
}

// Set makes e the only entry of its path.
func (l *Ledger) Set(e Entry) {
	x := l.lookup()
	i, found := x.first[e.Path]
	switch {
	case !found:
		x.first[e.Path] = len(l.Artifacts)
		l.Artifacts = append(l.Artifacts, e)
	case len(x.all[e.Path]) == 0:
		l.Artifacts[i] = e
	default:
		l.Remove(e.Path)
		l.Set(e)
	}
}

// Remove removes every entry of a path.
func (l *Ledger) Remove(path string) {
	if _, found := l.Lookup(path); !found {
		return
	}
	l.Artifacts = slices.DeleteFunc(l.Artifacts, func(e Entry) bool { return e.Path == path })
	l.index.Store(nil)
}

// Relocate gives entries new paths, by their old ones, and removes those whose new path is
// "". No entry may have a new path already.
func (l *Ledger) Relocate(paths map[string]string) {
	kept := l.Artifacts[:0]
	for _, e := range l.Artifacts {
		to, ok := paths[e.Path]
		if ok && to == "" {
			continue
		}
		if ok {
			e.Path = to
		}
		kept = append(kept, e)
	}
	clear(l.Artifacts[len(kept):])
	l.Artifacts = kept
	l.index.Store(nil)
}

// Pointer is the RFC 6901 pointer to the i-th entry of a ledger's file.
func Pointer(i int) string { return "/artifacts/" + strconv.Itoa(i) }
