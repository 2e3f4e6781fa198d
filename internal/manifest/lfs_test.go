package manifest_test

import (
	"errors"
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/manifest"
	"github.com/codexlock/codexlock/internal/schemas"
)

// TestLFS: what extensions.lfs records is read, whatever else stands there.
func TestLFS(t *testing.T) {
	oid := artifact.HashBytes([]byte("content"))
	hex := oid.String()
	for extensions, want := range map[string]string{
		``:                  "none",
		`{}`:                "none",
		`{"lfs":true}`:      "none",
		`{"lfs":{"a":1}}`:   "none",
		`{"other":"lfs\""}`: "none",
		`{"lfs":{"oid":"` + hex + `","size":7,"content_hashed":true}}`: "match",
		`{"lfs":{"oid":"sha256:` + hex + `"}}`:                         "match",
		`{"lfs":{"size":7}}`:                                           "match",
		`{"l\u0066s":{"size":8}}`:                                      "size_differs",
		`{"lfs":{"size":7.0}}`:                                         "size_differs",
		`{"lfs":{"size":"7"}}`:                                         "size_differs",
		`{"lfs":{"size":null}}`:                                        "size_differs",
		`{"lfs":{"oid":"","size":7}}`:                                  "oid_differs",
		`{"lfs":{"oid":5,"size":7}}`:                                   "oid_differs",
		`{"lfs":{"oid":"` + artifact.HashBytes(nil).String() + `"}}`:   "oid_differs",
	} {
		got := "none"
		if recorded, ok := (manifest.Manifest{Extensions: schemas.Raw(extensions)}).LFS(); ok {
			got = recorded.Compare(oid, 7)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", extensions, got, want)
		}
	}
}

// TestSetLFS keeps what others wrote, in its order and with its numbers.
func TestSetLFS(t *testing.T) {
	oid := artifact.HashBytes([]byte("content"))
	lfs := `"oid":"` + oid.String() + `","size":7,"content_hashed":`
	for extensions, want := range map[string]string{
		``: `{"lfs":{` + lfs + `false}}`,
		`{"z": 1.50, "lfs": {"note":"x<y","size":3}, "a": [1e5]}`: `{"z":1.50,"lfs":{"note":"x<y","size":7,"oid":"` + oid.String() + `","content_hashed":false},"a":[1e5]}`,
	} {
		m := manifest.Manifest{Extensions: schemas.Raw(extensions)}
		if err := m.SetLFS(oid, 7, false); err != nil || string(m.Extensions) != want {
			t.Errorf("%s: %s, %v, want %s", extensions, m.Extensions, err, want)
		}
	}
	m := manifest.Manifest{Extensions: `{"lfs":"mine"}`}
	if err := m.SetLFS(oid, 7, true); !errors.Is(err, manifest.ErrLFSTaken) || m.Extensions != `{"lfs":"mine"}` {
		t.Errorf("%v, %s", err, m.Extensions)
	}
}
