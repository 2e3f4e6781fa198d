package manifest_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/manifest"
	"github.com/codexlock/codexlock/internal/schemas"
)

func full() manifest.Manifest {
	return manifest.Manifest{
		Artifact: "assets/sources/модель <1>.bin", SHA256: artifact.HashBytes([]byte("x")), Creator: "build@example.org", GeneratedAt: "2025-11-09T12:00:00Z",
		Toolchain: &manifest.Tool{Name: "gcc", Version: "14.2"},
		Inputs:    &[]manifest.Reference{{Path: "src/main.c", SHA256: artifact.HashBytes([]byte("c"))}},
		Outputs:   &[]manifest.Reference{}, Network: []string{},
		Extensions: schemas.Raw(`{"n":-12,"big":9007199254740991,"html":"<&>"}`),
	}
}

func TestEncodeForm(t *testing.T) {
	want := `{
  "artifact": "assets/sources/модель <1>.bin",
  "sha256": "` + artifact.HashBytes([]byte("x")).String() + `",
  "creator": "build@example.org",
  "generated_at": "2025-11-09T12:00:00Z",
  "toolchain": {
    "name": "gcc",
    "version": "14.2"
  },
  "inputs": [
    {
      "path": "src/main.c",
      "sha256": "` + artifact.HashBytes([]byte("c")).String() + `"
    }
  ],
  "outputs": [],
  "network": [],
  "extensions": {
    "n": -12,
    "big": 9007199254740991,
    "html": "<&>"
  }
}
`
	if got := string(full().Encode()); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	bare := manifest.Manifest{SHA256: artifact.HashBytes([]byte("x"))}
	if got := string(bare.Encode()); got != "{\n  \"sha256\": \""+bare.SHA256.String()+"\"\n}\n" {
		t.Errorf("a bare manifest is %s", got)
	}
}

func TestRoundTrip(t *testing.T) {
	for name, m := range map[string]manifest.Manifest{"full": full(), "bare": {SHA256: artifact.HashBytes(nil)}} {
		file := m.Encode()
		got, doc, err := manifest.Decode(file)
		if err != nil || doc == nil {
			t.Fatalf("%s: %v\n%s", name, err, file)
		}
		if !bytes.Equal(got.Encode(), file) {
			t.Errorf("%s: written otherwise the second time:\n%s", name, got.Encode())
		}
		got.Extensions, m.Extensions = "", ""
		if !reflect.DeepEqual(got, m) {
			t.Errorf("%s: got %+v, want %+v", name, got, m)
		}
	}
}

// TestShortForms reads and writes what has no hash or no toolchain (ZT-11.1): a plain
// path stays one, and null does not become an absent toolchain.
func TestShortForms(t *testing.T) {
	digest := artifact.HashBytes([]byte("x"))
	zero := strings.Repeat("0", 64)
	m := manifest.Manifest{
		SHA256: digest, Toolchain: &manifest.Tool{Unstated: true},
		Inputs:  &[]manifest.Reference{{Path: "src/<&>é.c", Plain: true}, {Path: "src/main.c", SHA256: digest}},
		Outputs: &[]manifest.Reference{{Path: "log", Plain: true}, {Path: "zero"}},
	}
	want := `{
  "sha256": "` + digest.String() + `",
  "toolchain": null,
  "inputs": [
    "src/<&>é.c",
    {
      "path": "src/main.c",
      "sha256": "` + digest.String() + `"
    }
  ],
  "outputs": [
    "log",
    {
      "path": "zero",
      "sha256": "` + zero + `"
    }
  ]
}
`
	if got := string(m.Encode()); got != want {
		t.Fatalf("got %s\nwant %s", got, want)
	}
	got, _, err := manifest.Decode([]byte(want))
	if err != nil || !reflect.DeepEqual(got, m) {
		t.Errorf("got %+v, %v, want %+v", got, err, m)
	}
	for _, bad := range []string{
		`"inputs":[1]`, `"inputs":[null]`, `"inputs":[["a"]]`, `"inputs":"a"`, `"inputs":[{"path":"a"}]`, `"inputs":null`,
		`"toolchain":"gcc"`, `"toolchain":{}`, `"toolchain":{"name":"gcc"}`, `"toolchain":[]`, `"toolchain":{"name":null,"version":"1"}`,
	} {
		if m, _, err := manifest.Decode([]byte(`{"sha256":"` + digest.String() + `",` + bad + `}`)); err == nil {
			t.Errorf("%s: read as %+v, want an error", bad, m)
		}
	}
}

func TestMayHaveInputs(t *testing.T) {
	for text, want := range map[string]bool{
		`{"sha256":"a"}`: false, `{"inputs":[]}`: false, "{\"inputs\" :\n\t[ \r\n], \"outputs\": [\"a\"]}": false, `{"inputs":["a"]}`: true,
		`{"inputs": [ {"path":"a"}]}`: true, `{"\u0069nputs":["a"]}`: true, `{"creator":"inputs","inputs":[]}`: true, `{"inputs":[],"inputs":["a"]}`: true,
		`{"inputs"`: true, `{"inputs":[`: true, ``: false,
	} {
		if got := manifest.MayHaveInputs([]byte(text)); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	good := string(full().Encode())
	digest := full().SHA256.String()
	for _, bad := range []string{
		"", "{}", "[]", good + "x", strings.Replace(good, digest, strings.ToUpper(digest), 1), strings.Replace(good, `"creator"`, `"Creator"`, 1),
		strings.Replace(good, `"creator"`, `"made_by"`, 1), strings.Replace(good, `"version": "14.2"`, `"version": 14.2`, 1),
		strings.Replace(good, "12:00:00Z", "12:00:00.5Z", 1), strings.Replace(good, `"outputs": []`, `"outputs": {}`, 1),
		strings.Replace(good, "9007199254740991", "1e10000000", 1), strings.Replace(good, `"n":`, `"big":`, 1),
	} {
		m, _, err := manifest.Decode([]byte(bad))
		var schemaErr *schemas.Error
		if !errors.As(err, &schemaErr) || !m.SHA256.IsZero() {
			t.Errorf("%s\ngave %+v, %v", bad, m, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(full().Encode())
	f.Add([]byte(`{"sha256":"` + strings.Repeat("0", 64) + `","toolchain":null,"inputs":["a",{"path":"b","sha256":"` + strings.Repeat("0", 64) + `"}]}`))
	f.Add([]byte(`{"sha256":"` + strings.Repeat("0", 64) + `","extensions":{"a":[[],{}," \u2028"]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, _, err := manifest.Decode(data)
		if err != nil {
			return
		}
		once := m.Encode()
		again, _, err := manifest.Decode(once)
		if err != nil {
			t.Fatalf("what was written is refused: %v\n%s", err, once)
		}
		if !bytes.Equal(again.Encode(), once) {
			t.Errorf("written otherwise the second time:\n%s\n%s", once, again.Encode())
		}
	})
}
