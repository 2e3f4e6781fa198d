package verifycmd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/cli/flags"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/kinds"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/schemas"
)

// Facts returns the facts command.
func Facts(w host.World) *cobra.Command {
	var o gate.Options
	var whole bool
	cmd := &cobra.Command{
		Use:   "facts PATH | --repository",
		Short: "Print the facts about one artifact, or about the whole change",
		Long: `facts prints the input of a rule, as JSON that matches schemas/facts.json: all facts
about one artifact, or with --repository about the whole change. A companion's path
stands for its artifact. Nothing is judged, and the facts contain no key or MAC.`,
		Example: `  codexlock facts assets/sources/model.bin
  codexlock facts --repository --base main --head pr
  codexlock facts assets/sources/model.bin | opa eval -I -d policies 'data.codexlock.lock.drift'`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if whole == (len(args) == 1) {
				return exit.Usagef("want the path of one artifact, or --repository")
			}
			o.Selection = gate.Selection{Scope: facts.Paths, Paths: args, MeasureNamed: true}
			if whole {
				o.Selection.Scope = facts.Changed
			}
			g, err := gate.New(w, o)
			if err != nil {
				return err
			}
			text, err := measured(cmd.Context(), g)
			if err != nil {
				return err
			}
			_, err = w.Stdout.Write(text)
			return err
		},
	}
	flags.Measure(cmd, &o)
	cmd.Flags().BoolVar(&whole, "repository", false, "print the facts about the whole change")
	return cmd
}

// measured returns the measured facts as JSON that matches the published schema.
func measured(ctx context.Context, g *gate.Gate) ([]byte, error) {
	m, err := g.Measure(ctx)
	if err != nil {
		return nil, err
	}
	if err := schemas.ValidateAny(kinds.Facts, m.Input); err != nil {
		return nil, fmt.Errorf("the facts do not have the form of schemas/facts.json, which is a fault of codexlock: %w", err)
	}
	var b bytes.Buffer
	err = writeIndented(&b, m.Input)
	return b.Bytes(), err
}

// writeIndented writes a value as indented JSON, with the same bytes each time.
func writeIndented(w io.Writer, v any) error {
	e := json.NewEncoder(report.JSON(w))
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
