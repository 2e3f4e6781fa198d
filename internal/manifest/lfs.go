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

// ErrLFSTaken is an extensions.lfs that is no object: it means something else.
var ErrLFSTaken = errors.New(`extensions.lfs is not an object, want {"oid", "size", "content_hashed"}`)

// An LFS is what extensions.lfs records of a Git LFS pointer, as the JSON has it.
// A field is "" where it is not recorded.
type LFS struct {
	OID           string // lower-case hex; any other text is one that no pointer has
	Size          string // a decimal number; any other text is one that no pointer has
	ContentHashed string // true: the content was hashed, and not only its oid accepted
}

// LFS reads extensions.lfs. ok is false where there is none that names an oid or a size.
func (m Manifest) LFS() (recorded LFS, ok bool) {
	if !strings.Contains(string(m.Extensions), `lfs"`) && !strings.Contains(string(m.Extensions), `\`) {
		return LFS{}, false // as nearly all are, which need not be parsed
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

// Compare compares a pointer with what is recorded: match, oid_differs, size_differs.
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
// was hashed. Other members are kept as they are. An extensions.lfs that is no object is
// ErrLFSTaken.
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

// members are those of a JSON object, in their order, with their values as written.
type members []member

type member struct{ key, value string }

// objectMembers reads an object; no text is an empty one.
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
