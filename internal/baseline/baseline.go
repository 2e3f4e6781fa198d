// Package baseline reads and writes the file in which a repository keeps the
// findings that it had when it adopted the gate. An entry covers one finding
// about an artifact as long as the artifact's content is what it was. Which
// findings those are, the policy engine knows; this package knows the file.
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

// An Entry is one finding. All four have to be the finding's own: what a
// reviewer reads in the first three cannot hide another behind the last.
type Entry struct {
	Path        string `json:"path"`   // the artifact
	Rule        string `json:"rule"`   // its code, with the finding's term: script.shellcheck:SC2086
	SHA256      string `json:"sha256"` // of the artifact's content
	Fingerprint string `json:"fingerprint"`
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
	return file.Findings, doc, err
}

// Pointer is where the i-th entry stands (RFC 6901).
func Pointer(i int) string { return fmt.Sprintf("/findings/%d", i) }

// Sorted are the entries by path and rule, each once: the order of the file.
func Sorted(entries []Entry) []Entry {
	sorted := slices.Clone(entries)
	slices.SortFunc(sorted, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Rule, b.Rule),
			cmp.Compare(a.Fingerprint, b.Fingerprint), cmp.Compare(a.SHA256, b.SHA256))
	})
	return slices.Compact(sorted)
}

// Encode writes the file: sorted, one finding a line, so that a diff shows just
// what was taken in and what was mended.
func Encode(entries []Entry) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("{\n  \"version\": 1,\n  \"findings\": [")
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
