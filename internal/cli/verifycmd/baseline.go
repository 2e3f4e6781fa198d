package verifycmd

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/codexlock/codexlock/internal/baseline"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/host"
)

// writeBaseline writes a baseline to the file of the flag, or to the one that the configuration
// names. It has an effect once it is in the base commit.
func writeBaseline(w host.World, written string) func(gate.Baseline) error {
	return func(b gate.Baseline) error {
		name := cmp.Or(b.Configured, baseline.Path)
		file := filepath.Join(b.Root, name.String())
		if written = strings.TrimSpace(written); written != "" {
			file = w.Path(written)
		}
		text, err := baseline.Encode(b.Entries)
		if err != nil {
			return err
		}
		if err := w.WriteFile(file, func(f io.Writer) error { _, err := f.Write(text); return err }); err != nil {
			return fmt.Errorf("write the baseline: %w", err)
		}
		w.Note(fmt.Sprintf("recorded %d of %d findings in %s (entries: %d)", b.Recorded, b.Recorded+b.Left, filepath.Base(file), len(b.Entries)))
		if b.Left > 0 {
			w.Note(fmt.Sprintf("%d cannot be in a baseline and are still denied: findings about the whole change or about a missing file, and of rules that are never excepted", b.Left))
		}
		if b.Configured == "" {
			w.Note("hint: name it in codexlock.yaml, and commit both: baseline: " + name.String())
		}
		return nil
	}
}
