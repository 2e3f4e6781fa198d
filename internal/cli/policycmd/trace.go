package policycmd

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/cli/flags"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/workbench"
)

func traceCommand(w host.World) *cobra.Command {
	var o gate.Options
	var format string
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "trace CODE PATH",
		Short: "Say why a rule finds something in an artifact, or does not",
		Long: `trace evaluates one rule for one artifact and shows the facts that it read, every body
that was tried and which expression held or failed, with file and line, and the
findings. A rule about the whole change needs no PATH.

The rules are those that the gate uses: the embedded ones and the base commit's. With
--policy they are read from the disk.`,
		Example: `  codexlock policy trace lock.drift assets/sources/model.bin
  codexlock policy trace acme.owner assets/sources/model.bin --policy policies`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			print, err := flags.Printer(format, map[string]func(io.Writer, workbench.Trace) error{
				"text": workbench.TraceText, "json": workbench.TraceJSON,
			})
			if err != nil {
				return err
			}
			o.Selection = gate.Selection{Scope: facts.Paths, Paths: args[1:], MeasureNamed: true}
			t, err := trace(cmd.Context(), w, o, args[0], timeout)
			if err != nil {
				return err
			}
			return print(w.Stdout, t)
		},
	}
	flags.Measure(cmd, &o)
	f := cmd.Flags()
	f.StringVarP(&format, "format", "f", "text", "text, json")
	f.StringArrayVar(&o.Sources.Policies, "policy", nil, "a directory of rules on the disk in place of the base commit's, repeatable")
	f.DurationVar(&timeout, "timeout", policy.DefaultDeadline, "how long the rule may take")
	return cmd
}

// trace evaluates one rule with the facts that the gate would give it.
func trace(ctx context.Context, w host.World, o gate.Options, code string, timeout time.Duration) (workbench.Trace, error) {
	none := workbench.Trace{}
	engine, err := workRules(ctx, w, o)
	if err != nil {
		return none, err
	}
	probe, err := engine.NewRuleEvaluator(ctx, code, timeout)
	if err != nil {
		return none, err
	}
	whole := probe.Subject == "repository"
	switch {
	case probe.Subject == "exceptions":
		return none, exit.Usagef("rule %s judges exceptions, after all other rules: codexlock verify prints its findings", code)
	case !whole && len(o.Selection.Paths) == 0:
		return none, exit.Usagef("rule %s is about an artifact: want its path, codexlock policy trace %s PATH", code, code)
	case whole && len(o.Selection.Paths) > 0:
		return none, exit.Usagef("rule %s is about the whole change and takes no path: codexlock policy trace %s", code, code)
	case whole:
		o.Selection.Scope = facts.Changed
	}
	g, err := gate.New(w, o)
	if err != nil {
		return none, err
	}
	m, err := g.Measure(ctx)
	if err != nil {
		return none, err
	}
	input, err := policy.InputValue(&m.Input)
	if err != nil {
		return none, err
	}
	subject := "the change"
	if !whole {
		subject = m.Input.Artifact.Path
	}
	return workbench.NewTrace(ctx, probe, input, subject)
}

// workRules returns the gate's rules, or with --policy those on the disk.
func workRules(ctx context.Context, w host.World, o gate.Options) (*policy.Engine, error) {
	if len(o.Sources.Policies) == 0 {
		g, err := gate.New(w, o)
		if err != nil {
			return nil, err
		}
		return g.Rules(ctx)
	}
	_, sources, err := workSources(ctx, w, o.Sources.Policies)
	if err != nil {
		return nil, err
	}
	engine, err := policy.New(ctx, sources)
	if err != nil {
		return nil, fmt.Errorf("compile the rules: %w", err)
	}
	return engine, nil
}
