package artifacttest

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/ledger"
)

// frozen are the SHA-256 of the templates. Tests that they made stand in repositories:
// a template that changes would make all of those somebody's own. To change what attest
// writes, add a file and an entry in templates, and its digest here.
var frozen = map[string]string{
	"template.short.test.sh": "78217bebf4fb27b5c2dded5d1d5f1b477ed8fe2e4164b1aedd3fc3416d65d02f",
	"template.test.sh":       "308435139b692ea71bdff03113342c1e2b386c4adf49e65aba48067a7b9748d5",
	"template.1.test.sh":     "d7b9dc12f2210d9b7e53fe1ba46f788a0e2ce8c8c80b2f7349f9efda23173ffd",
}

func TestTemplatesAreFrozenAndListed(t *testing.T) {
	files, err := templateFiles.ReadDir(".")
	if err != nil || len(files) == 0 {
		t.Fatalf("no templates: %v", err)
	}
	if len(files) != len(templates) || len(frozen) != len(templates) {
		t.Errorf("%d files, %d in templates, %d in frozen: want each form in all three", len(files), len(templates), len(frozen))
	}
	unfilled := regexp.MustCompile(`@[A-Z_]+@`)
	for i, name := range templates {
		text, err := templateFiles.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != frozen[name] {
			t.Errorf("%s has SHA-256 %x, want the frozen %s", name, sum, frozen[name])
		}
		made := render(t, someTest, templates[i])
		if !IsOurs([]byte(made)) {
			t.Errorf("a test of %s has no line by which it is known", name)
		}
		if left := unfilled.FindString(made); left != "" {
			t.Errorf("a test of %s still has %s", name, left)
		}
	}
}

var someTest = Test{At: "a/x.test", Artifact: "a/x", Manifest: "a/x.manifest.json", Record: "a/x.vaulttime.json", KeyEnv: "VAULTTIME_KEY"}

// render fills a template in by replacing its slots' names, which is what a form means.
func render(t testing.TB, test Test, template string) string {
	t.Helper()
	text, err := templateFiles.ReadFile(template)
	if err != nil {
		t.Fatal(err)
	}
	// The path as a line of the ledger's file has it.
	entry := ledger.Ledger{Artifacts: []ledger.Entry{{Path: test.Artifact.String()}}}
	_, line, _ := strings.Cut(string(entry.Encode()), `      "path": `)
	written, _, _ := strings.Cut(line, ",\n")
	word := func(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
	return strings.NewReplacer(
		"'@ROOT@'", word(strings.Repeat("../", strings.Count(test.At.String(), "/"))+"."),
		"'@ARTIFACT@'", word(test.Artifact.String()),
		"'@MANIFEST@'", word(test.Manifest.String()),
		"'@RECORD@'", word(test.Record.String()),
		"'@LEDGER@'", word(ledger.Path.String()),
		"'@WRITTEN@'", word(written),
		"@KEY_ENV@", test.KeyEnv,
		"@OURS@", ours,
	).Replace(string(text))
}

// testsOf are a plain test and those of paths that a shell or JSON could take amiss,
// and of a variable whose name is an empty word.
func testsOf() []Test {
	tests := []Test{someTest}
	for _, p := range []artifact.Path{"x", "it's/a 'b'/c", `q"uo"te`, "a/b/c/@ARTIFACT@", "'@KEY_ENV@'", "модель <1>&.bin", "$(id)`id`", "-rf", "@", artifact.Path(strings.Repeat("'", 300) + "d")} {
		tests = append(tests,
			Test{At: p.Companion(artifact.Test), Artifact: p, Manifest: p.Companion(artifact.Manifest), Record: p.Companion(artifact.VaultTime), KeyEnv: "VAULTTIME_KEY_A1"},
			Test{At: p.MirroredCompanion(artifact.Test), Artifact: p, Manifest: p.Companion(artifact.Manifest), Record: p.MirroredCompanion(artifact.VaultTime), KeyEnv: "_"},
			Test{At: p.Companion(artifact.Test), Artifact: p, Manifest: p.Companion(artifact.Manifest), Record: p.Companion(artifact.VaultTime)})
	}
	return tests
}

// TestRenderAndWrote holds Render and Wrote to the templates with their slots replaced.
func TestRenderAndWrote(t *testing.T) {
	for _, test := range testsOf() {
		for i, name := range templates {
			text := render(t, test, name)
			test.Form = Form(i)
			if got := string(test.Render()); got != text {
				t.Errorf("%+v: rendered\n%s\nwant\n%s", test, got, text)
			}
			if form, ok := test.Wrote([]byte(text)); !ok || form != test.Form {
				t.Errorf("%+v: a test of %s is not known again", test, name)
			}
			other := test
			other.Artifact, other.KeyEnv = "another", "IGNORED"
			if _, ok := other.Wrote([]byte(text)); ok {
				t.Errorf("%+v: a test of %s is taken for another artifact's", test, name)
			}
		}
	}
}

// TestShortened: a test in a longer form gets the short one, with the variable that it names; a
// short one stays, and so does any other text, and the test of the script that it would call.
func TestShortened(t *testing.T) {
	for _, test := range testsOf() {
		want := test
		want.Form = Short
		for i, name := range templates {
			text := []byte(render(t, test, name))
			other := test
			other.KeyEnv = "IGNORED"
			short, ok := other.Shortened(text)
			if ok != (Form(i) != Short) || ok && string(short) != string(want.Render()) {
				t.Errorf("%+v: %s becomes, %v,\n%s", test, name, ok, short)
			}
			if _, ok := other.Shortened(append(text, '\n')); ok {
				t.Errorf("%+v: %s with one more line is shortened", test, name)
			}
		}
	}
	own := someTest
	own.Artifact = IngestPath
	if _, ok := own.Shortened([]byte(render(t, own, templates[Long]))); ok {
		t.Errorf("the test of %s is shortened, and would call itself", IngestPath)
	}
}

func wrote(test Test, text []byte) bool {
	_, ok := test.Wrote(text)
	return ok
}

// TestWroteKnowsBytes changes every byte of a test, cuts it everywhere, and adds to it.
func TestWroteKnowsBytes(t *testing.T) {
	for _, name := range templates {
		text := []byte(render(t, someTest, name))
		for i := range text {
			text[i] ^= 1
			if wrote(someTest, text) {
				t.Errorf("%s: byte %d changed, and it is known", name, i)
			}
			text[i] ^= 1
			if wrote(someTest, text[:i]) {
				t.Errorf("%s: cut at byte %d, and it is known", name, i)
			}
		}
		if wrote(someTest, append(slices.Clone(text), '\n')) || wrote(someTest, nil) {
			t.Errorf("%s: longer or empty, and it is known", name)
		}
	}
}

// TestWroteTakesOneVariable: whatever its name is, it stands at every place of it, and
// is nothing but a name.
func TestWroteTakesOneVariable(t *testing.T) {
	for _, name := range templates {
		text := render(t, someTest, name)
		for at := 0; ; {
			i := strings.Index(text[at:], someTest.KeyEnv)
			if i < 0 {
				break
			}
			at += i + len(someTest.KeyEnv)
			if wrote(someTest, []byte(text[:at]+"_2"+text[at:])) {
				t.Errorf("%s: two variables at byte %d, and it is known", name, at)
			}
		}
		for _, bad := range []string{"A-$(id)", "A;id", "A B", "é", "A\n", "@KEY_ENV@"} {
			with := someTest
			with.KeyEnv = bad
			if wrote(someTest, []byte(render(t, with, name))) || wrote(with, []byte(render(t, with, name))) {
				t.Errorf("%s: a variable %q, and it is known", name, bad)
			}
		}
	}
}

// TestWroteRendersNothing bounds the work: every judged artifact has a test.
func TestWroteRendersNothing(t *testing.T) {
	text := someTest.Render()
	if n := testing.AllocsPerRun(100, func() { someTest.Wrote(text) }); n > 4 {
		t.Errorf("%v allocations, want at most 4", n)
	}
}

func BenchmarkWrote(b *testing.B) {
	text := someTest.Render()
	b.ReportAllocs()
	for b.Loop() {
		someTest.Wrote(text)
	}
}
