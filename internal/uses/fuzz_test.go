package uses

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/facts"
)

// checkReading holds what is read of any text: it ends, twice with the same result, and each use
// is at a place of the file and of an artifact.
func checkReading(t *testing.T, name, text string) {
	t.Helper()
	if len(text) > 1<<16 {
		t.Skip()
	}
	started := time.Now()
	read := func() *reader {
		return usesOf(t, map[string]string{name: text}, "workflows", "docker", "make", "compose", "pre-commit")
	}
	r := read()
	if took := time.Since(started); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
	lines := strings.Count(text, "\n") + 1
	for _, u := range r.out.Uses {
		if u.Line < 1 || u.Line > lines || u.Column < 1 || u.Path == "" || (u.By == "") != (u.Verified == facts.VerificationNone) {
			t.Errorf("%+v", u)
		}
	}
	if again := read(); !slices.Equal(shorts(again), shorts(r)) {
		t.Errorf("%q, and then %q", shorts(r), shorts(again))
	}
}

// seeds adds the texts of the tests.
func seeds(f *testing.F, more ...string) {
	for _, text := range more {
		f.Add(text)
	}
}

func FuzzWorkflow(f *testing.F) {
	for _, text := range honest {
		f.Add(text)
	}
	for _, text := range softened {
		f.Add(text)
	}
	all, err := filepath.Glob("../../.github/workflows/*.yml")
	if err != nil || len(all) == 0 {
		f.Fatal("no workflows")
	}
	for _, name := range all {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) { checkReading(t, workflow, text) })
}

func FuzzCompositeAction(f *testing.F) {
	seeds(f, "runs:\n  using: composite\n  steps:\n    - shell: bash\n      run: scripts/x.sh\n", "runs: {using: node20, main: x.js}\n")
	f.Fuzz(func(t *testing.T, text string) { checkReading(t, ".github/actions/a/action.yml", text) })
}

func FuzzDockerfile(f *testing.F) {
	for _, tt := range dockerfiles {
		f.Add(tt.text)
	}
	f.Fuzz(func(t *testing.T, text string) { checkReading(t, "Dockerfile", text) })
}

func FuzzMakefile(f *testing.F) {
	for _, tt := range makefiles {
		f.Add(tt.text)
	}
	f.Fuzz(func(t *testing.T, text string) { checkReading(t, "Makefile", text) })
}

func FuzzCompose(f *testing.F) {
	for _, tt := range composes {
		f.Add(tt.text)
	}
	f.Fuzz(func(t *testing.T, text string) { checkReading(t, "compose.yml", text) })
}

func FuzzPreCommit(f *testing.F) {
	for _, tt := range hooks {
		f.Add(tt.text)
	}
	f.Fuzz(func(t *testing.T, text string) { checkReading(t, ".pre-commit-config.yaml", text) })
}
