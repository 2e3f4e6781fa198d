// Package baseline reads and writes the file in which a repository keeps the
// findings that it had when it adopted the gate. An entry covers one finding
// about an artifact as long as the offending statement is what it was and, where the
// finding is in another file than the artifact, the artifact's content is too. Which findings those are, the policy engine knows; this
// package knows the file.
package baseline

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/schemas"
)

// Path is where the file stands where nobody says otherwise.
const Path artifact.Path = "codexlock-baseline.json"

// The versions of the file. The first names no statement: what an entry says of
// another file than the artifact, it says by a fingerprint of file and place.
const (
	first   = 1
	current = 2
)

// An Entry is one finding. All that it names has to be the finding's own.
type Entry struct {
	Path        string `json:"path"`                  // the artifact
	Rule        string `json:"rule"`                  // its code, with the finding's term: script.shellcheck:SC2086
	SHA256      string `json:"sha256,omitempty"`      // of the artifact's content; "": the finding is in the artifact, and its statement says enough
	File        string `json:"file,omitempty"`        // where the finding is
	Statement   string `json:"statement,omitempty"`   // SHA-256 of the offending statement's text, or of the whole file
	Fingerprint string `json:"fingerprint,omitempty"` // of version 1, in place of file and statement
}

// Decode reads a baseline strictly. The document is there, with the position of
// every value, even where the file does not fit its schema. Its error for bad
// input is a *schemas.Error.
func Decode(data []byte) ([]Entry, *schemas.Document, error) {
	var file struct {
		Version  int64   `json:"version"`
		Findings []Entry `json:"findings"`
	}
	doc, err := schemas.Decode(schemas.Baseline, data, &file)
	if err != nil {
		return nil, doc, err
	}
	for i, e := range file.Findings {
		message := ""
		switch {
		case file.Version == first && (e.Fingerprint == "" || e.SHA256 == "" || e.File+e.Statement != ""):
			message = "an entry of version 1 has path, rule, sha256 and fingerprint"
		case file.Version == current && (e.Fingerprint != "" || e.File == "" || e.Statement == ""):
			message = "an entry of version 2 has path, rule, file and statement"
		case e.SHA256 == "" && e.File != e.Path:
			message = "an entry about another file than the artifact has sha256, the artifact's"
		default:
			continue
		}
		at, _ := doc.Position(Pointer(i))
		return nil, doc, &schemas.Error{Kind: schemas.Baseline, Problems: []schemas.Problem{{Pointer: Pointer(i), Position: at, Message: message}}}
	}
	return file.Findings, doc, nil
}

// Pointer is where the i-th entry stands (RFC 6901).
func Pointer(i int) string { return fmt.Sprintf("/findings/%d", i) }

// Sorted are the entries by path and rule, each once: the order of the file.
func Sorted(entries []Entry) []Entry {
	sorted := slices.Clone(entries)
	slices.SortFunc(sorted, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Rule, b.Rule),
			cmp.Compare(a.File, b.File), cmp.Compare(a.Statement, b.Statement),
			cmp.Compare(a.Fingerprint, b.Fingerprint), cmp.Compare(a.SHA256, b.SHA256))
	})
	return slices.Compact(sorted)
}

// Encode writes the file in its current version: sorted, one finding a line, so
// that a diff shows just what was added and what was fixed.
func Encode(entries []Entry) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("{\n  \"version\": 2,\n  \"findings\": [")
	line := json.NewEncoder(&b)
	line.SetEscapeHTML(false)
	for i, e := range Sorted(entries) {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n    ")
		if err := line.Encode(e); err != nil {
			return nil, fmt.Errorf("write the baseline: %w", err)
		}
		b.Truncate(b.Len() - 1) // the line's end, which a comma may have to precede
	}
	if len(entries) > 0 {
		b.WriteString("\n  ")
	}
	b.WriteString("]\n}\n")
	return b.Bytes(), nil
}
