// Package manifest reads and writes X.manifest.json: what an artifact is, who
// made it, with what and from what (ZT-11.1, P4). It judges nothing: whether a
// manifest tells enough is a rule's to say.
package manifest

import (
	"bytes"
	"encoding/json"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/schemas"
)

// A Manifest is X.manifest.json. Only the digest has to be there. Inputs,
// Outputs and Network tell an empty list, which is a statement, from none.
type Manifest struct {
	Artifact    string          `json:"artifact,omitempty"` // the artifact's path, as written
	SHA256      artifact.Digest `json:"sha256"`
	Creator     string          `json:"creator,omitempty"`
	GeneratedAt string          `json:"generated_at,omitempty"` // YYYY-MM-DDTHH:MM:SSZ
	Toolchain   *Tool           `json:"toolchain,omitempty"`
	Inputs      *[]Reference    `json:"inputs,omitempty"`
	Outputs     *[]Reference    `json:"outputs,omitempty"`
	Network     []string        `json:"network,omitempty"` // the hosts approved (ZT-5.3)
	Extensions  schemas.Raw     `json:"extensions,omitempty"`
}

// A Tool is what made the artifact.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// A Reference is a file that the artifact was made from, or that was made with it.
type Reference struct {
	Path   string          `json:"path"` // as written
	SHA256 artifact.Digest `json:"sha256"`
}

// Decode reads a manifest strictly. The document is there, with the position of
// every value, even where the manifest does not fit its schema. Its error for bad
// input is a *schemas.Error.
func Decode(data []byte) (Manifest, *schemas.Document, error) {
	var m Manifest
	doc, err := schemas.Decode(schemas.Manifest, data, &m)
	if err != nil {
		return Manifest{}, doc, err
	}
	return m, doc, nil
}

// Encode writes the manifest as a file: two-space indent, the standard's order
// of fields, a final newline. What extensions say is kept, numbers as written.
func (m Manifest) Encode() []byte {
	file := struct {
		Manifest
		// These hide the manifest's own: an empty list is written, and the text of
		// extensions is taken over as it is.
		Network    *[]string       `json:"network,omitempty"`
		Extensions json.RawMessage `json:"extensions,omitempty"`
	}{Manifest: m, Extensions: json.RawMessage(m.Extensions)}
	if m.Network != nil {
		file.Network = &m.Network
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(file); err != nil {
		panic(err) // strings, and a text that the strict decoder read
	}
	return out.Bytes()
}

// MayReference reports, without decoding, whether a manifest's text can name an
// input or an output: each has a path, and a text without an escape spells that
// out.
func MayReference(data []byte) bool {
	return bytes.Contains(data, []byte(`"path"`)) || bytes.IndexByte(data, '\\') >= 0
}
