package cli

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/explain"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/host"
)

func explainCommand(w host.World) *cobra.Command {
	g := newGate(w)
	g.warn, g.scope, g.measureNamed = w.Warn, facts.Paths, true
	var every bool
	var effective, format string
	cmd := &cobra.Command{
		Use:   "explain PATH",
		Short: "Say what the gate makes of one file, and why",
		Long: `explain says whether a file is an artifact and why, what stands beside it, its
trust domain and key (never the key itself), how long it is valid, which rules
hold and which have findings, its level, and the next step. It ends with 0
whatever the rules found: the verdict is codexlock verify's.`,
		Example: `  codexlock explain assets/sources/model.bin
  codexlock explain --rules assets/sources/model.bin
  codexlock explain -f json README.md`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			print, err := formOf(format, map[string]func(io.Writer, explain.Explanation) error{
				"text": func(to io.Writer, e explain.Explanation) error { return explain.Text(to, e, every) },
				"json": func(to io.Writer, e explain.Explanation) error { return writeIndented(to, e) },
			})
			if err != nil {
				return err
			}
			if g.now, err = effectiveTime(effective, w); err != nil {
				return err
			}
			g.paths = args
			if err := g.fromEnvironment(cmd, w.Env); err != nil {
				return err
			}
			e, err := g.explain(cmd.Context())
			if err != nil {
				return err
			}
			return print(w.Stdout, e)
		},
	}
	g.measureFlags(cmd, &effective)
	f := cmd.Flags()
	f.StringVarP(&format, "format", "f", "text", "text, json")
	f.StringArrayVar(&g.policies, "policy", nil, "a directory of rules in place of the configuration's, repeatable")
	f.BoolVar(&every, "rules", false, "name the rules that hold, too")
	return cmd
}

// explain judges one artifact just as verify does.
func (g gate) explain(ctx context.Context) (explain.Explanation, error) {
	none := explain.Explanation{}
	r, err := g.open(ctx)
	if err != nil {
		return none, err
	}
	defer r.Close()
	e, err := g.prepare(ctx, r)
	if err != nil {
		return none, err
	}
	m, standing, err := theArtifact(ctx, e.change, g.paths[0])
	if err != nil {
		return none, err
	}
	if m, err = e.engine.Complete(ctx, m, 0); err != nil {
		return none, err
	}
	c := explain.Case{
		Asked: e.options.Paths[0].String(), Base: e.options.BaseCommit, Now: g.now, Config: &e.options.Config,
		Standing: standing, Locate: m.Locate, Input: m.Input, Rules: e.engine.Rules(),
	}
	if standing.Artifact {
		c.Decision, err = e.engine.Decide(ctx, e.change, e.asked)
	}
	return explain.New(c), err
}
