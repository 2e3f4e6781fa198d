package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/schemas"
)

// lfsKey is the member of extensions that describes an artifact in Git LFS:
//
//	"lfs": {"oid": "<64 hex digits>", "size": 1048576, "content_hashed": true}
const lfsKey = "lfs"

// ErrLFSTaken is an extensions.lfs that is not an object: somebody uses the key for
// something else.
var ErrLFSTaken = errors.New(`extensions.lfs is not an object, want {"oid", "size", "content_hashed"}`)

// An LFS is the record of a Git LFS pointer in extensions.lfs, in the spelling of the
// file. A field that is not recorded is "".
type LFS struct {
	OID           string // lower-case hex; no pointer has any other text
	Size          string // a decimal number; no pointer has any other text
	ContentHashed string // true: the content was hashed, and not only its oid accepted
}

// LFS reads extensions.lfs. ok is false if it names neither an oid nor a size.
func (m Manifest) LFS() (recorded LFS, ok bool) {
	if !strings.Contains(string(m.Extensions), `lfs"`) && !strings.Contains(string(m.Extensions), `\`) {
		return LFS{}, false // nearly all manifests: they need not be parsed
	}
	var extensions, fields map[string]json.RawMessage
	if json.Unmarshal([]byte(m.Extensions), &extensions) != nil || json.Unmarshal(extensions[lfsKey], &fields) != nil {
		return LFS{}, false
	}
	recorded.OID = string(fields["oid"])
	var text string
	if json.Unmarshal(fields["oid"], &text) == nil && text != "" {
		recorded.OID = strings.TrimPrefix(text, "sha256:")
	}
	recorded.Size, recorded.ContentHashed = string(fields["size"]), string(fields["content_hashed"])
	return recorded, recorded.OID != "" || recorded.Size != ""
}

// Compare compares a pointer with the record; it returns match, oid_differs or
// size_differs.
func (l LFS) Compare(oid artifact.Digest, size int64) string {
	switch {
	case l.OID != "" && l.OID != oid.String():
		return "oid_differs"
	case l.Size != "" && l.Size != strconv.FormatInt(size, 10):
		return "size_differs"
	}
	return "match"
}

// SetLFS records a pointer's oid and size in extensions.lfs, and whether the content
// was hashed. Other members are kept. The error is ErrLFSTaken if extensions.lfs is not an
// object.
func (m *Manifest) SetLFS(oid artifact.Digest, size int64, contentHashed bool) error {
	extensions, err := objectMembers([]byte(m.Extensions))
	if err != nil {
		return fmt.Errorf("extensions: %w", err)
	}
	lfs, err := objectMembers(extensions.get(lfsKey))
	if err != nil {
		return ErrLFSTaken
	}
	lfs.set("oid", strconv.Quote(oid.String()))
	lfs.set("size", strconv.FormatInt(size, 10))
	lfs.set("content_hashed", strconv.FormatBool(contentHashed))
	extensions.set(lfsKey, lfs.text())
	m.Extensions = schemas.Raw(extensions.text())
	return nil
}

// members are the members of a JSON object, in order, with the text of their values.
type members []member

type member struct{ key, value string }

// objectMembers reads an object; an empty text is an empty object.
func objectMembers(text []byte) (members, error) {
	if len(text) == 0 {
		return nil, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return nil, errors.New("is not an object")
	}
	var all members
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
		all = append(all, member{key.(string), string(value)})
	}
	return all, nil
}

func (m members) get(key string) []byte {
	for _, x := range m {
		if x.key == key {
			return []byte(x.value)
		}
	}
	return nil
}

func (m *members) set(key, value string) {
	for i := range *m {
		if (*m)[i].key == key {
			(*m)[i].value = value
			return
		}
	}
	*m = append(*m, member{key, value})
}

func (m members) text() string {
	var b strings.Builder
	for i, x := range m {
		if i > 0 {
			b.WriteByte(',')
		}
		key, _ := json.Marshal(x.key) // a string
		fmt.Fprintf(&b, "%s:%s", key, x.value)
	}
	return "{" + b.String() + "}"
}
