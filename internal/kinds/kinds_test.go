package kinds_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/kinds"
	"github.com/codexlock/codexlock/internal/schemas"
)

// TestEverySchemaHasAKind: each published schema is that of one kind, and can be read.
func TestEverySchemaHasAKind(t *testing.T) {
	files, err := os.ReadDir("../../schemas")
	if err != nil || len(files) != len(kinds.All) {
		t.Errorf("%d schema files (%v), want one for each of %d kinds", len(files), err, len(kinds.All))
	}
	for _, f := range files {
		kind := schemas.Kind(strings.TrimSuffix(f.Name(), ".json"))
		if !slices.Contains(kinds.All, kind) {
			t.Errorf("%s is the schema of no kind", f.Name())
			continue
		}
		want, err := os.ReadFile(filepath.Join("../../schemas", f.Name()))
		if err != nil || string(schemas.Source(kind)) != string(want) {
			t.Errorf("the schema of kind %s is not %s (%v)", kind, f.Name(), err)
		}
	}
}
