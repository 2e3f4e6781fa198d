// Package manifest reads and writes X.manifest.json, which records the origin of an
// artifact: creator, time, tool, inputs and outputs (ZT-11.1, P4). Rules decide whether a
// manifest is complete.
package manifest

import (
	"bytes"
	"encoding/json"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/schemas"
)

// A Manifest is X.manifest.json. Only the digest is required. In Inputs, Outputs and
// Network an empty list, which is a statement, differs from a missing one (nil); in
// Toolchain null differs from a missing one.
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

// A Tool is the tool that made the artifact.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	// Unstated means that nobody named the tool that made the artifact. It is written as null,
	// which is a statement; a manifest without a toolchain has none.
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

// A Reference is an input or an output of an artifact.
type Reference struct {
	Path   string          `json:"path"` // as written
	SHA256 artifact.Digest `json:"sha256"`
	// Plain means that only the path is written and no hash is recorded.
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

// marshal is [json.Marshal] without the escapes of <, > and &.
func marshal(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
}

// Decode reads a manifest strictly. The document, with the position of every value, is
// returned even if the manifest does not match its schema. Its error for bad input is a
// *schemas.Error.
func Decode(data []byte) (Manifest, *schemas.Document, error) {
	var m Manifest
	doc, err := schemas.Decode(schemas.Manifest, data, &m)
	if err != nil {
		return Manifest{}, doc, err
	}
	return m, doc, nil
}

// Encode writes the manifest as a file: two-space indent, the standard's order
// of fields, a final newline. Extensions are kept, with the spelling of their numbers.
func (m Manifest) Encode() []byte {
	file := struct {
		Manifest
		// These fields hide those of Manifest: an empty list is written, and the text of
		// extensions is copied.
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
		panic(err) // only strings, and a text that the strict decoder read
	}
	return out.Bytes()
}

// MayHaveInputs reports, without decoding, whether a manifest can name an input. It is
// false only for a text without escapes in which every key "inputs" has an empty list.
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

// space has the characters that JSON allows between two tokens.
const space = " \t\r\n"
