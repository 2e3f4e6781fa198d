package dockerfile_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/uses/dockerfile"
)

// A vector is what BuildKit's parser makes of a text: github.com/moby/buildkit v0.34.2,
// frontend/dockerfile/parser. Its module has 234 others, so it was run once, for testdata.
type vector struct {
	Name, Text, Error string
	Instructions      []struct {
		Name              string
		Line              int
		Flags, Args, Docs []string
		JSON              bool
	}
}

func vectors(t testing.TB) []vector {
	t.Helper()
	name := "testdata/vectors.json"
	if other := os.Getenv("CODEXLOCK_DOCKERFILE_VECTORS"); other != "" { // of real files
		name = other
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var all []vector
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) < 20 {
		t.Fatalf("%d vectors", len(all))
	}
	return all
}

// lenient are the errors of BuildKit that are about what a file says, and not about its form.
var lenient = []string{"file with no instructions", "only one escape parser directive", "only one syntax parser directive", "only one check parser directive", "unknown instruction", "unknown flag"}

// TestAsBuildKitReads: instructions, their lines, flags, words and here-documents are those that
// BuildKit reads.
func TestAsBuildKitReads(t *testing.T) {
	for _, v := range vectors(t) {
		got, err := dockerfile.Parse(v.Text)
		if v.Error != "" {
			if err == nil && !slices.ContainsFunc(lenient, func(l string) bool { return strings.Contains(v.Error, l) }) {
				t.Errorf("%s is read, want %s", v.Name, v.Error)
			}
			continue
		}
		if err != nil || len(got) != len(v.Instructions) {
			t.Errorf("%s: %d instructions, %v, want %d", v.Name, len(got), err, len(v.Instructions))
			continue
		}
		for i, want := range v.Instructions {
			in := got[i]
			line := strings.Count(v.Text[:in.Offset], "\n") + 1
			var flags []string
			for _, f := range in.Flags {
				flags = append(flags, f.Name)
			}
			var wantFlags []string
			for _, f := range want.Flags {
				name, _, _ := strings.Cut(strings.TrimPrefix(f, "--"), "=")
				wantFlags = append(wantFlags, name)
			}
			var docs []string
			for _, d := range in.Documents {
				docs = append(docs, d.Body)
			}
			if in.Name != strings.ToUpper(want.Name) || line != want.Line || !slices.Equal(flags, wantFlags) || !slices.Equal(docs, want.Docs) {
				t.Errorf("%s, %d: %s in line %d, flags %q, documents %q, want %+v", v.Name, i, in.Name, line, flags, docs, want)
			}
			text := strings.ReplaceAll(in.Text, "\\\n", "")
			if len(in.Documents) > 0 {
				text, _, _ = strings.Cut(text, "\n")
			}
			switch {
			case in.Name != "HEALTHCHECK" && want.JSON && !slices.Equal(in.JSON, want.Args), !want.JSON && in.JSON != nil:
				t.Errorf("%s, %d: %q, want %q", v.Name, i, in.JSON, want.Args)
			case !want.JSON && slices.Contains([]string{"RUN", "CMD", "COPY", "ADD", "FROM", "WORKDIR"}, in.Name):
				if a, b := strings.Fields(text), strings.Fields(strings.Join(want.Args, " ")); !slices.Equal(a, b) {
					t.Errorf("%s, %d: %q, want %q", v.Name, i, a, b)
				}
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.Text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		all, err := dockerfile.Parse(text)
		if err != nil {
			return
		}
		for _, in := range all {
			if in.Offset < 0 || in.Offset > len(text) || in.At < in.Offset || in.At > len(text) || in.At+len(in.Text) > len(text)+1 {
				t.Errorf("%+v of %d bytes", in, len(text))
			}
		}
	})
}
