// Package policycmd has the commands of policy owners: codexlock policy …. They read flags,
// call internal/workbench and print the results.
package policycmd

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/cli/flags"
	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/workbench"
)

// New returns the policy command.
func New(w host.World) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "policy",
		Short: "For policy owners: list, write, check, test and document rules",
		Long: `policy is the workbench of those who own rules. It judges no artifact, needs no
key, and what it prints is no verdict.`,
		Example: `  codexlock policy new acme.size
  codexlock policy test
  codexlock policy trace lock.drift assets/sources/model.bin`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, command := range []func(host.World) *cobra.Command{
		bundleCommand,
		checkCommand,
		docsCommand,
		listCommand,
		newCommand,
		proveCommand,
		testCommand,
		traceCommand,
	} {
		cmd.AddCommand(command(w))
	}
	return cmd
}

func listCommand(w host.World) *cobra.Command {
	var o gate.Options
	var format string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the rules: code, requirement, severity, title",
		Long: `list prints every rule that the gate uses here: the embedded ones, and those of the
base commit's policies or of --policy, which is read from the disk. Outside a
Git repository it lists the embedded ones.`,
		Example: `  codexlock policy list
  codexlock policy list -f json
  codexlock policy list --policy policies`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			print, err := flags.Printer(format, map[string]func(io.Writer, []decision.Rule) error{
				"text": workbench.ListText, "json": workbench.ListJSON,
			})
			if err != nil {
				return err
			}
			o.Sources.Place = gate.Disk
			g, err := gate.New(w, o)
			if err != nil {
				return err
			}
			engine, err := g.Rules(cmd.Context())
			if err != nil {
				return err
			}
			return print(w.Stdout, engine.Rules())
		},
	}
	f := cmd.Flags()
	f.StringVarP(&format, "format", "f", "text", "text, json")
	flags.Trusted(cmd, &o)
	flags.Config(cmd, &o)
	f.StringArrayVar(&o.Sources.Policies, "policy", nil, "a directory of rules, or a bundle pinned by digest, in place of the configuration's, repeatable")
	return cmd
}
