// Package baseline reads and writes the file with the findings that a repository had when
// it adopted the gate. An entry covers one finding about an artifact as long as the
// offending statement is unchanged and, if the finding is in another file than the
// artifact, the artifact is unchanged too. The policy engine decides which findings an
// entry covers; this package only reads and writes the file.
package baseline

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/kinds"
	"github.com/codexlock/codexlock/internal/schemas"
)

// Path is the default path of the file.
const Path artifact.Path = "codexlock-baseline.json"

// The versions of the file. The first has no statements: an entry names the finding by a
// fingerprint of file and position.
const (
	first   = 1
	current = 2
)

// An Entry covers one finding, if all its fields match the finding.
type Entry struct {
	Path        string `json:"path"`                  // the artifact, or the file of a finding about the whole change
	Rule        string `json:"rule"`                  // its code, with the finding's term: script.shellcheck:SC2086
	SHA256      string `json:"sha256,omitempty"`      // of the artifact's content; "": the finding is in the artifact, and the statement is enough
	File        string `json:"file,omitempty"`        // the file of the finding
	Statement   string `json:"statement,omitempty"`   // SHA-256 of the offending statement's text, or of the whole file
	Fingerprint string `json:"fingerprint,omitempty"` // of version 1, in place of file and statement
}

// Decode reads a baseline strictly. The document, with the position of every value, is
// returned even if the file does not match its schema. Its error for bad input is a
// *schemas.Error.
func Decode(data []byte) ([]Entry, *schemas.Document, error) {
	var file struct {
		Version  int64   `json:"version"`
		Findings []Entry `json:"findings"`
	}
	doc, err := schemas.Decode(kinds.Baseline, data, &file)
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
		return nil, doc, &schemas.Error{Kind: kinds.Baseline, Problems: []schemas.Problem{{Pointer: Pointer(i), Position: at, Message: message}}}
	}
	return file.Findings, doc, nil
}

// Pointer is the RFC 6901 pointer to the i-th entry.
func Pointer(i int) string { return fmt.Sprintf("/findings/%d", i) }

// Sorted returns the entries in the order of the file: by path and rule, each once.
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
// that a diff shows only added and fixed findings.
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
		b.Truncate(b.Len() - 1) // the line end: a comma may have to come before it
	}
	if len(entries) > 0 {
		b.WriteString("\n  ")
	}
	b.WriteString("]\n}\n")
	return b.Bytes(), nil
}
