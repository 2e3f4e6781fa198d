package verifycmd

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/cli/flags"
	"github.com/codexlock/codexlock/internal/explain"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/host"
)

// Explain returns the explain command.
func Explain(w host.World) *cobra.Command {
	var o gate.Options
	var every bool
	var format string
	cmd := &cobra.Command{
		Use:   "explain PATH",
		Short: "Explain the gate's result for one file",
		Long: `explain prints whether a file is an artifact and why, its companions, its trust domain
and key (never the key itself), how long it is valid, which rules hold and which have
findings, its level, and the next step. It always ends with 0: codexlock verify gives
the verdict.`,
		Example: `  codexlock explain assets/sources/model.bin
  codexlock explain --rules assets/sources/model.bin
  codexlock explain -f json README.md`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			print, err := flags.Printer(format, map[string]func(io.Writer, explain.Explanation) error{
				"text": func(to io.Writer, e explain.Explanation) error { return explain.Text(to, e, every) },
				"json": func(to io.Writer, e explain.Explanation) error { return writeIndented(to, e) },
			})
			if err != nil {
				return err
			}
			o.Selection = gate.Selection{Scope: facts.Paths, Paths: args, MeasureNamed: true}
			g, err := gate.New(w, o)
			if err != nil {
				return err
			}
			e, err := explainPath(cmd.Context(), g, args[0])
			if err != nil {
				return err
			}
			return print(w.Stdout, e)
		},
	}
	flags.Measure(cmd, &o)
	f := cmd.Flags()
	f.StringVarP(&format, "format", "f", "text", "text, json")
	f.StringArrayVar(&o.Sources.Policies, "policy", nil, "a directory of rules in place of the configuration's, repeatable")
	f.BoolVar(&every, "rules", false, "list the rules that hold, too")
	return cmd
}

// explainPath verifies one artifact as verify does, and explains the result.
func explainPath(ctx context.Context, g *gate.Gate, written string) (explain.Explanation, error) {
	none := explain.Explanation{}
	r, err := g.Open(ctx)
	if err != nil {
		return none, err
	}
	defer r.Close()
	e, err := g.Prepare(ctx, r)
	if err != nil {
		return none, err
	}
	m, standing, err := gate.MeasureNamed(ctx, e.Change, written)
	if err != nil {
		return none, err
	}
	if m, err = e.Engine.Complete(ctx, m, 0); err != nil {
		return none, err
	}
	c := explain.Case{
		Requested: e.Facts.Paths[0].String(), Base: e.Facts.BaseCommit, Now: g.Now(), Config: &e.Facts.Config,
		Eligibility: standing, Locate: m.Locate, Input: m.Input, Rules: e.Engine.Rules(),
	}
	if standing.Artifact {
		c.Decision, err = e.Decide(ctx)
	}
	return explain.New(c), err
}
