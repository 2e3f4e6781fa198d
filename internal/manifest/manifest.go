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
// Outputs and Network tell an empty list, which is a statement, from none; Toolchain
// tells null from none.
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
	// Unstated says that nobody stated what made the artifact. It is written as null,
	// which is a statement; a manifest without a toolchain makes none.
	Unstated bool `json:"-"`
}

// SetShort sets a tool that is written as null.
func (t *Tool) SetShort(value any) bool {
	*t = Tool{Unstated: value == nil}
	return t.Unstated
}

// MarshalJSON writes the tool as [Decode] reads it.
func (t Tool) MarshalJSON() ([]byte, error) {
	if t.Unstated {
		return []byte("null"), nil
	}
	type object Tool
	return marshal(object(t))
}

// A Reference is a file that the artifact was made from, or that was made with it.
type Reference struct {
	Path   string          `json:"path"` // as written
	SHA256 artifact.Digest `json:"sha256"`
	// Plain says that it is written as a path only: no hash is recorded.
	Plain bool `json:"-"`
}

// SetShort sets a reference that is written as a plain path.
func (r *Reference) SetShort(value any) bool {
	path, ok := value.(string)
	*r = Reference{Path: path, Plain: ok}
	return ok
}

// MarshalJSON writes the reference as [Decode] reads it.
func (r Reference) MarshalJSON() ([]byte, error) {
	if r.Plain {
		return marshal(r.Path)
	}
	type object Reference
	return marshal(object(r))
}

// marshal is [json.Marshal] that leaves <, > and & as they are.
func marshal(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
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

// MayHaveInputs reports, without decoding, whether a manifest's text can name an
// input: wherever a text without an escape spells out the key, another value than an
// empty list may follow.
func MayHaveInputs(data []byte) bool {
	if bytes.IndexByte(data, '\\') >= 0 {
		return true
	}
	for {
		_, after, found := bytes.Cut(data, []byte(`"inputs"`))
		if !found {
			return false
		}
		value, colon := bytes.CutPrefix(bytes.TrimLeft(after, space), []byte(":"))
		list, open := bytes.CutPrefix(bytes.TrimLeft(value, space), []byte("["))
		if !colon || !open || !bytes.HasPrefix(bytes.TrimLeft(list, space), []byte("]")) {
			return true
		}
		data = after
	}
}

// space is what JSON allows between two tokens.
const space = " \t\r\n"
