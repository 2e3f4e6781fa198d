package ledger_test

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/schemas"
)

const zeros = `"0000000000000000000000000000000000000000000000000000000000000000"`

// plain is an entry that Read does not have to parse.
const plain = `{"path":"a","sha256":` + zeros + `,"drift_tolerance":0.0,"trust_domain":"x","verified_at":"2026-01-01T00:00:00Z"}`

// ledgers are texts, well-formed and not, that a reader of ledgers has to tell apart.
func ledgers() []string {
	canonical := &ledger.Ledger{Artifacts: []ledger.Entry{entry("a"), entry("b/é.bin"), entry("c")}}
	texts := []string{
		"", " ", "{}", "[]", "null", "\ufeff{\"artifacts\":[]}", `{"artifacts":[]}`, " {\n \"artifacts\" : [ ] } \n", `{"artifacts":[]} x`, `{"artifacts":[]`,
		`{"artifacts":{}}`, `{"artifacts":[,]}`, `{"artifact\u0073":[` + plain + `]}`, `{"artifacts":[],"artifacts":[]}`, `{"artifacts":[],"more":1}`,
		`{"more":1,"artifacts":[` + plain + `]}`, `{"artifacts":[1]}`, `{"artifacts":[` + plain + `,]}`, `{"artifacts":[` + plain + plain + `]}`,
		string(canonical.Encode()), string(canonical.Encode()) + "{}", `{"artifacts":[` + plain + "\n,\t" + plain + `]}`, "{\"artifacts\":[\xff]}",
		`{"artifacts":[` + plain + `,{"path":"b","sha256":"x"}]}`, `{"artifacts":[` + strings.Repeat(`{"path":1},`, 150) + plain + `]}`,
	}
	for _, change := range [][2]string{
		{`"a"`, `""`}, {`"a"`, `"\u0061"`}, {`"a"`, `"\q"`}, {`"a"`, "\"\x01\""}, {`"a"`, "\"\x7f\""}, {`"a"`, `"../a"`}, {`"a"`, `"a`}, {`"a"`, `null`},
		{`0.0`, `0`}, {`0.0`, `-0`}, {`0.0`, `00`}, {`0.0`, `0.00`}, {`0.0`, `0.5`}, {`0.0`, `0.0.`}, {`0.0`, `0.`}, {`0.0`, `0x`}, {`0.0`, `"0.0"`}, {`0.0`, `1e400`}, {`0.0`, strings.Repeat("1", 40)},
		{`"x"`, `"-x"`}, {`"x"`, `"x y"`}, {`"x"`, `"` + strings.Repeat("x", 64) + `"`}, {`"x"`, `"` + strings.Repeat("x", 65) + `"`}, {`"x"`, `"é"`},
		{`2026-01-01T`, `2026-02-29T`}, {`2026-01-01T`, `1969-01-01T`}, {`00:00:00Z`, `24:00:00Z`}, {`00:00:00Z`, `00:00:00+00:00`},
		{`"0000`, `"A000`}, {`"0000`, `"000`}, {`"path"`, `"Path"`}, {`"path":"a"`, `"path":"a","path":"a"`}, {`"path":"a",`, ``}, {`"drift_tolerance":0.0,`, ``},
		{`00Z"`, `00Z","extensions":{"a":[1,{"b":"c"}]}`}, {`00Z"`, `00Z","extensions":1`}, {`00Z"`, `00Z","more":1`}, {`00Z"`, `00Z",`}, {`,"trust`, ` , "trust`}, {`,"trust`, `;"trust`}, {`}`, ``}, {`:`, ` : `},
		{`00Z"`, `00Z","inputs":"none"`}, {`00Z"`, `00Z","inputs":"some"`}, {`00Z"`, `00Z","inputs":"any"`}, {`00Z"`, `00Z","inputs":false`}, {`00Z"`, `00Z","inputs":"none","inputs":"none"`},
		{`00Z"`, `00Z","inputs":"none","extensions":{}`}, {`"path":"a"`, `"inputs":"none","path":"a"`}, {`"path":"a"`, `"inputs":"some"`}, {`00Z"`, `00Z","inputs":"none",`},
		{`"path":"a","sha256":` + zeros, `"sha256":` + zeros + `,"path":"a"`}, {`"path":"a"`, `"path":"a","sha256":` + zeros},
	} {
		changed := strings.Replace(plain, change[0], change[1], 1)
		texts = append(texts, `{"artifacts":[`+changed+`]}`, "{\n\"artifacts\":[\n "+plain+",\n "+changed+",\n "+plain+"]}\n")
	}
	return texts
}

// checkRead holds Read to what Decode says of a text.
func checkRead(t *testing.T, text string) {
	t.Helper()
	want, wantDoc, wantErr := ledger.Decode([]byte(text))
	got, doc, err := ledger.Read([]byte(text))
	if fmt.Sprint(err) != fmt.Sprint(wantErr) || (got == nil) != (want == nil) {
		t.Fatalf("%q: %v, want %v", text, err, wantErr)
	}
	if err != nil {
		problems, wanted := err.(*schemas.Error).Problems, wantErr.(*schemas.Error).Problems
		if !slices.Equal(problems, wanted) || (doc == nil) != (wantDoc == nil) {
			t.Fatalf("%q: %v, want %v", text, problems, wanted)
		}
		return
	}
	if got.Len() != len(want.Artifacts) {
		t.Fatalf("%q: %d entries, want %d", text, got.Len(), len(want.Artifacts))
	}
	pointers := []string{"", "/", "/artifacts", "/artifacts/", "/artifacts/-1", "/artifacts/00", "/more", "/artifactsx", fmt.Sprintf("/artifacts/%d", got.Len())}
	for i, e := range want.Artifacts {
		if got.Entry(i) != e || got.Path(i) != e.Path || !slices.Equal(got.All(e.Path), want.All(e.Path)) || !got.Has(e.Path) {
			t.Fatalf("%q: entry %d is %+v at %v, want %+v at %v", text, i, got.Entry(i), got.All(e.Path), e, want.All(e.Path))
		}
		for _, field := range []string{"", "/path", "/sha256", "/drift_tolerance", "/trust_domain", "/verified_at", "/extensions", "/extensions/a/1/b", "/none"} {
			pointers = append(pointers, ledger.Pointer(i)+field)
		}
	}
	for _, pointer := range pointers {
		at, there := got.Position(pointer)
		wantAt, wantThere := wantDoc.Position(pointer)
		raw, _ := got.Raw(pointer)
		if wantRaw, _ := wantDoc.Raw(pointer); at != wantAt || there != wantThere || raw != wantRaw {
			t.Fatalf("%q: %q is %q at %v, want %q at %v", text, pointer, raw, at, wantRaw, wantAt)
		}
	}
	if got.Has("\x00") || got.All("\x00") != nil {
		t.Errorf("%q: a path that is not there has an entry", text)
	}
}

func TestReadAsDecode(t *testing.T) {
	for _, text := range ledgers() {
		checkRead(t, text)
	}
}

func FuzzRead(f *testing.F) {
	for _, text := range ledgers() {
		f.Add(text)
	}
	f.Fuzz(checkRead)
}

// TestDiffering compares ledgers in every relation with what the entries' values say.
func TestDiffering(t *testing.T) {
	text := func(entries ...string) string { return `{"artifacts":[` + strings.Join(entries, ",") + `]}` }
	named := func(name, domain string) string {
		return strings.NewReplacer(`"a"`, `"`+name+`"`, `"x"`, `"`+domain+`"`).Replace(plain)
	}
	a, b, c := named("a", "x"), named("b", "x"), named("c", "x")
	spaced := strings.ReplaceAll(b, `":`, "\" : ")
	for _, test := range []struct {
		f, g string
		want []string
	}{
		{text(), text(), nil},
		{text(a, b, c), text(a, b, c), nil},
		{text(a, b, c), text(c, b, a), nil},
		{text(a, b, c), text(a, spaced, c), nil},
		{text(a, b, c), text(a, named("b", "y"), c), []string{"b"}},
		{text(a, b, c), text(a, c), []string{"b"}},
		{text(a, c), text(a, b, c), []string{"b"}},
		{text(a, b), text(a, b, b), []string{"b"}},
		{text(a, b, b, c), text(b, a, c, b), nil},
		{text(a, b, named("b", "y")), text(a, named("b", "y"), b), []string{"b"}},
		{text(), text(a, a, b), []string{"a", "b"}},
		{text(a, strings.Replace(b, "0.0", "0", 1)), text(a, b), []string{"b"}},
	} {
		f, _, err := ledger.Read([]byte(test.f))
		if err != nil {
			t.Fatal(err)
		}
		g, _, err := ledger.Read([]byte(test.g))
		if err != nil {
			t.Fatal(err)
		}
		got := ledger.Differing(f, g)
		slices.Sort(got)
		if !slices.Equal(got, test.want) {
			t.Errorf("%s\n%s\ndiffer in %q, want %q", test.f, test.g, got, test.want)
		}
		for _, path := range []string{"a", "b", "c", "d"} {
			if same := ledger.SameEntries(f, g, path); same == slices.Contains(test.want, path) {
				t.Errorf("%s\n%s\nsay the same of %s: %v", test.f, test.g, path, same)
			}
		}
	}
}

// largeLedger is a ledger of n entries, one a line, as no writer of ours lays it out.
func largeLedger(n int, last string) []byte {
	var b bytes.Buffer
	b.WriteString(`{"artifacts":[`)
	for i := range n {
		fmt.Fprintf(&b, "%s,\n", strings.Replace(plain, `"a"`, fmt.Sprintf(`"assets/sources/%07d"`, i), 1))
	}
	b.WriteString(last + "]}\n")
	return b.Bytes()
}

// TestReadOverDecodesLimit reads a ledger that Decode does not read for its size.
func TestReadOverDecodesLimit(t *testing.T) {
	const n = 70
	long := strings.Repeat(strings.Replace(plain, `"a"`, `"`+strings.Repeat("a", 1<<20)+`"`, 1)+",\n", n)
	text := func(last string) []byte { return []byte(`{"artifacts":[` + long + last + "]}\n") }
	data := text(strings.Replace(plain, `00Z"`, `00Z","extensions":{"k":1}`, 1))
	if _, _, err := ledger.Decode(data); err == nil || !strings.Contains(err.Error(), "want at most 67108864") {
		t.Fatalf("%d bytes are not over the limit: %v", len(data), err)
	}
	f, _, err := ledger.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	if at, ok := f.Position(ledger.Pointer(n) + "/extensions/k"); !ok || at.Line != n+1 || f.Len() != n+1 || f.Entry(n).Extensions != `{"k":1}` {
		t.Errorf("the last entry is at %v: %+v", at, f.Entry(n))
	}
	for last, want := range map[string]schemas.Problem{
		`{"path":1}`:     {Pointer: ledger.Pointer(n), Position: schemas.Position{Line: n + 1, Column: 1}},
		`{"path":"a"`:    {Position: schemas.Position{Line: n + 1, Column: 12}},
		plain + `,`:      {Position: schemas.Position{Line: n + 1, Column: len(plain) + 2}},
		plain + `],"a":`: {Position: schemas.Position{Line: n + 1, Column: len(plain) + 2}},
	} {
		_, _, err := ledger.Read(text(last))
		bad, ok := err.(*schemas.Error)
		if !ok || bad.Problems[0].Position != want.Position || !strings.HasPrefix(bad.Problems[0].Pointer, want.Pointer) {
			t.Errorf("%s: %+v, want a problem at %v", last, err, want)
		}
	}
	if _, _, err := ledger.Read(make([]byte, ledger.MaxBytes+1)); err == nil || !strings.Contains(err.Error(), "want at most 335544320") {
		t.Errorf("over the limit: %v", err)
	}
}

// TestReadAllocates: a ledger costs its text and a few bytes an entry, parsed or not.
func TestReadAllocates(t *testing.T) {
	const n = 20_000
	const bytesAnEntry = 150 // of it 100 for lists that grow
	canonical := &ledger.Ledger{}
	for i := range n {
		canonical.Set(entry(fmt.Sprintf("assets/sources/%05d.bin", i)))
	}
	for name, data := range map[string][]byte{"canonical": canonical.Encode(), "lines": largeLedger(n, plain)} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f, _, err := ledger.Read(data)
		runtime.ReadMemStats(&after)
		if err != nil {
			t.Fatal(err)
		}
		if got := (after.TotalAlloc - before.TotalAlloc) / n; got > bytesAnEntry {
			t.Errorf("%s: %d bytes allocated an entry, want at most %d", name, got, bytesAnEntry)
		}
		if got := (after.Mallocs - before.Mallocs); got > 200 {
			t.Errorf("%s: %d allocations for %d entries, want at most 200", name, got, n)
		}
		runtime.KeepAlive(f)
	}
}

func BenchmarkRead(b *testing.B) {
	l := &ledger.Ledger{}
	for i := range 20_000 {
		l.Set(ledger.Entry{Path: fmt.Sprintf("assets/sources/%05d.bin", i), SHA256: artifact.HashBytes(nil), DriftTolerance: "0.0", TrustDomain: "x", VerifiedAt: "2026-01-01T00:00:00Z"})
	}
	data := l.Encode()
	b.Run("Read", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := ledger.Read(data); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Decode", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := ledger.Decode(data); err != nil {
				b.Fatal(err)
			}
		}
	})
}
