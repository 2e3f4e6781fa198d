package ledger_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/schemas"
)

func entry(path string) ledger.Entry {
	return ledger.Entry{
		Path: path, SHA256: artifact.HashBytes([]byte(path)), DriftTolerance: ledger.Zero,
		TrustDomain: "runtime-core", VerifiedAt: "2025-11-09T12:00:00Z",
	}
}

func decode(t testing.TB, data []byte) *ledger.Ledger {
	t.Helper()
	l, doc, err := ledger.Decode(data)
	if err != nil || doc == nil {
		t.Fatalf("%v, document %v\n%s", err, doc != nil, data)
	}
	return l
}

func TestEncodeForm(t *testing.T) {
	l := &ledger.Ledger{Artifacts: []ledger.Entry{entry("b"), entry(`a"é`)}}
	want := `{
  "artifacts": [
    {
      "path": "a\"é",
      "sha256": "` + artifact.HashBytes([]byte(`a"é`)).String() + `",
      "drift_tolerance": 0.0,
      "trust_domain": "runtime-core",
      "verified_at": "2025-11-09T12:00:00Z"
    },
    {
      "path": "b",
      "sha256": "` + artifact.HashBytes([]byte("b")).String() + `",
      "drift_tolerance": 0.0,
      "trust_domain": "runtime-core",
      "verified_at": "2025-11-09T12:00:00Z"
    }
  ]
}
`
	if got := string(l.Encode()); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if l.Artifacts[0].Path != "b" {
		t.Error("writing sorted the ledger itself")
	}
	empty := "{\n  \"artifacts\": []\n}\n"
	if got := string((&ledger.Ledger{}).Encode()); got != empty {
		t.Errorf("an empty ledger is %s", got)
	}
	if l := decode(t, []byte(empty)); len(l.Artifacts) != 0 || string(l.Encode()) != empty {
		t.Error("an empty ledger does not read back")
	}
}

// TestAnyOrderAndSpelling reads the standard's own example, which is no canonical one.
func TestAnyOrderAndSpelling(t *testing.T) {
	digest := strings.Repeat("ab", 32)
	data := []byte(`{"artifacts":[
	 {"verified_at":"2025-11-09T12:00:00Z","trust_domain":"x","drift_tolerance":0,"sha256":"` + digest + `","path":"z"},
	 {"path":"a","sha256":"` + digest + `","drift_tolerance":0.25,"trust_domain":"x","verified_at":"2025-11-09T12:00:00Z"},
	 {"path":"z","sha256":"` + digest + `","drift_tolerance":0.0,"trust_domain":"y","verified_at":"2025-11-09T12:00:00Z"}]}`)
	l := decode(t, data)
	if len(l.Artifacts) != 3 || l.Artifacts[0].DriftTolerance != "0" || l.Artifacts[1].DriftTolerance != "0.25" {
		t.Fatalf("got %+v", l.Artifacts)
	}
	if i, ok := l.Lookup("z"); !ok || i != 0 || !slices.Equal(l.All("z"), []int{0, 2}) || !slices.Equal(l.All("a"), []int{1}) || l.All("q") != nil {
		t.Errorf("z is at %v, %v", l.All("z"), l.All("a"))
	}
	l.Artifacts[1].Extensions = `{"a":[15,{}],"b":"<\u0041>"}`
	once := l.Encode()
	if want := "Z\",\n      \"extensions\": {\n        \"a\": [\n          15,\n          {}\n        ],\n        \"b\": \"<\\u0041>\"\n      }\n    }"; !bytes.Contains(once, []byte(want)) {
		t.Errorf("extensions are not kept:\n%s", once)
	}
	if !bytes.Contains(once, []byte(`"drift_tolerance": 0.25`)) || bytes.Contains(once, []byte(`: 0,`)) {
		t.Errorf("tolerances are not kept or not made canonical:\n%s", once)
	}
	again := decode(t, once)
	if !bytes.Equal(again.Encode(), once) {
		t.Errorf("written otherwise the second time:\n%s", again.Encode())
	}
	if all := again.All("z"); len(all) != 2 || again.Artifacts[all[0]].TrustDomain != "x" {
		t.Error("duplicates lost their order")
	}
}

func TestSetAndRemove(t *testing.T) {
	l := &ledger.Ledger{Artifacts: []ledger.Entry{entry("a"), entry("b"), entry("a"), entry("c")}}
	changed := entry("a")
	changed.TrustDomain = "new"
	l.Set(changed)
	if all := l.All("a"); len(all) != 1 || l.Artifacts[all[0]] != changed || len(l.Artifacts) != 3 {
		t.Errorf("got %+v", l.Artifacts)
	}
	l.Set(entry("d"))
	changed = entry("b")
	changed.TrustDomain = "new"
	l.Set(changed)
	l.Remove("c")
	l.Remove("none")
	for path, want := range map[string]bool{"a": true, "b": true, "c": false, "d": true} {
		i, ok := l.Lookup(path)
		if ok != want || (ok && l.Artifacts[i].Path != path) {
			t.Errorf("%s is at %d, %v", path, i, ok)
		}
	}
	if i, _ := l.Lookup("b"); l.Artifacts[i] != changed || len(l.Artifacts) != 3 {
		t.Errorf("got %+v", l.Artifacts)
	}
}

func TestDecodeRefuses(t *testing.T) {
	good := string((&ledger.Ledger{Artifacts: []ledger.Entry{entry("a")}}).Encode())
	for _, bad := range []string{
		"", "[]", "{}", good + "{}", strings.Replace(good, `"path"`, `"Path"`, 1), strings.Replace(good, `"path": "a",`, "", 1),
		strings.Replace(good, "0.0", `"0.0"`, 1), strings.Replace(good, "12:00:00Z", "12:00:00+01:00", 1),
		strings.Replace(good, `"path": "a"`, `"path": "a", "path": "b"`, 1), strings.Replace(good, `"path"`, `"extra": 1, "path"`, 1),
		strings.Replace(good, `"sha256": "`, `"sha256": "A`, 1), strings.Replace(good, `"a"`, "\"\xff\"", 1),
	} {
		l, _, err := ledger.Decode([]byte(bad))
		var schemaErr *schemas.Error
		if l != nil || !errors.As(err, &schemaErr) {
			t.Errorf("%q gave %v, %v", bad, l, err)
		}
	}
}

func TestIsZero(t *testing.T) {
	for n, want := range map[schemas.Number]bool{
		"0": true, "0.0": true, "-0": true, "0e5": true, "0.000": true, "-0.0E-10": true,
		"1e-400": false, "0.0000001": false, "1": false, "-0.5": false, "0.1e-999": false, "": false,
	} {
		if got := ledger.IsZero(n); got != want {
			t.Errorf("%q is zero: %v", n, got)
		}
	}
}

func TestPointer(t *testing.T) {
	l := &ledger.Ledger{Artifacts: []ledger.Entry{entry("a"), entry("b")}}
	_, doc, err := ledger.Decode(l.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if at, ok := doc.Position(ledger.Pointer(1) + "/sha256"); !ok || at.Line != 12 || at.Column != 17 {
		t.Errorf("the second digest is at %v, %v", at, ok)
	}
}

// maxBytesAnEntry is what decoding may allocate for an entry of some 300 bytes;
// the document keeps the position of each of its six values.
const maxBytesAnEntry = 4096

// TestLargeLedger reads 20,000 entries, written in reverse, with memory in
// proportion to them.
func TestLargeLedger(t *testing.T) {
	const n = 20_000
	l := &ledger.Ledger{}
	for i := n; i > 0; i-- {
		l.Set(entry(fmt.Sprintf("assets/sources/%05d.bin", i)))
	}
	data := l.Encode()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	read := decode(t, data)
	runtime.ReadMemStats(&after)
	if got := (after.TotalAlloc - before.TotalAlloc) / n; got > maxBytesAnEntry {
		t.Errorf("%d bytes allocated an entry, want at most %d", got, maxBytesAnEntry)
	}
	if len(read.Artifacts) != n || !bytes.Equal(read.Encode(), data) {
		t.Errorf("%d entries read back", len(read.Artifacts))
	}
	if i, ok := read.Lookup("assets/sources/00777.bin"); !ok || i != 776 {
		t.Errorf("00777 is at %d, %v", i, ok)
	}
}

func FuzzDecode(f *testing.F) {
	l := &ledger.Ledger{Artifacts: []ledger.Entry{entry("b"), entry("a"), entry("b")}}
	f.Add(l.Encode())
	f.Add([]byte(`{"artifacts":[]}`))
	f.Add([]byte(`{"artifacts":[{"path":"","sha256":"` + strings.Repeat("0", 64) + `","drift_tolerance":0,"trust_domain":"a","verified_at":"2025-11-09T12:00:00Z","extensions":{"a":{}}}]}`))
	f.Add([]byte(`{"artifacts":[{"path":"\u0000\"","sha256":"` + strings.Repeat("0", 64) + `","drift_tolerance":-0e1,"trust_domain":"é","verified_at":"2025-11-09T12:00:00Z"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, _, err := ledger.Decode(data)
		if err != nil {
			return
		}
		once := l.Encode()
		if !json.Valid(once) {
			t.Fatalf("no JSON: %s", once)
		}
		again := decode(t, once)
		if !bytes.Equal(again.Encode(), once) {
			t.Errorf("written otherwise the second time:\n%s\n%s", once, again.Encode())
		}
		if len(again.Artifacts) != len(l.Artifacts) {
			t.Errorf("%d entries became %d", len(l.Artifacts), len(again.Artifacts))
		}
		for _, e := range l.Artifacts {
			i, ok := again.Lookup(e.Path)
			if !ok || again.Artifacts[i].Path != e.Path {
				t.Errorf("%q is lost", e.Path)
			}
		}
	})
}

func TestRelocate(t *testing.T) {
	l := &ledger.Ledger{Artifacts: []ledger.Entry{{Path: "a"}, {Path: "b"}, {Path: "c"}, {Path: "b"}}}
	if _, found := l.Lookup("a"); !found {
		t.Fatal("a is not there")
	}
	l.Relocate(map[string]string{"a": "z", "b": "", "none": "x"})
	var paths []string
	for _, e := range l.Artifacts {
		paths = append(paths, e.Path)
	}
	if _, found := l.Lookup("z"); !found || strings.Join(paths, " ") != "z c" {
		t.Errorf("got %q, z is found: %v", paths, found)
	}
}
