package policycmd

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/ruleset"
	"github.com/codexlock/codexlock/internal/workbench"
	"github.com/codexlock/codexlock/policies"
)

func bundleCommand(w host.World) *cobra.Command {
	var output, revision string
	cmd := &cobra.Command{
		Use:   "bundle [DIR...]",
		Short: "Write rules as an OPA bundle, and print how to pin it",
		Long: `bundle writes the embedded rules, or those of the directories DIR, as an OPA bundle:
a tar.gz archive that opa reads, and that policies in codexlock.yaml pins by its
digest. The same rules give the same bytes. Tests are left out. Check rules before
you publish them: codexlock policy check, codexlock policy test.

Exit codes: 0 written, 2 usage, 3 could not write.`,
		Example: `  codexlock policy bundle --output standard.tar.gz
  codexlock policy bundle policies --revision v3 --output acme.tar.gz
  codexlock policy bundle --output - | sha256sum`,
		RunE: func(cmd *cobra.Command, args []string) error {
			sources, roots, err := bundledSources(cmd.Context(), w, args)
			if err != nil {
				return err
			}
			var archive bytes.Buffer
			if err := workbench.WriteBundle(&archive, sources, revision, roots); err != nil {
				return err
			}
			if output == "-" {
				_, err := w.Stdout.Write(archive.Bytes())
				return err
			}
			if err := w.WriteFile(output, func(f io.Writer) error { _, err := f.Write(archive.Bytes()); return err }); err != nil {
				return err
			}
			digest := sha256.Sum256(archive.Bytes())
			_, err = fmt.Fprintf(w.Stdout, "%s#sha256=%s\n", output, hex.EncodeToString(digest[:]))
			return err
		},
	}
	cmd.Flags().StringVar(&output, "output", "bundle.tar.gz", "the file to write, - for standard output")
	cmd.Flags().StringVar(&revision, "revision", "", "what the bundle's manifest says of its version")
	return cmd
}

// bundledSources returns the rules to write: those of the directories, or the embedded
// ones, and the packages that they declare.
func bundledSources(ctx context.Context, w host.World, dirs []string) (sources []ruleset.Source, roots []string, err error) {
	if len(dirs) == 0 {
		embedded, err := ruleset.Embedded(policies.FS)
		return []ruleset.Source{embedded}, []string{"codexlock"}, err
	}
	for _, dir := range dirs {
		s, err := sourceOnDisk(w, dir)
		if err != nil {
			return nil, nil, err
		}
		sources = append(sources, s)
	}
	return sources, nil, nil
}
