package verifycmd

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/cli/flags"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/report"
)

// Config returns the config command.
func Config(w host.World) *cobra.Command {
	cmd := &cobra.Command{
		Use: "config", Short: "Check codexlock.yaml before it is committed", Args: cobra.NoArgs,
		Example: "  codexlock config check",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(configCheckCommand(w))
	return cmd
}

func configCheckCommand(w host.World) *cobra.Command {
	var options gate.Options
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Validate codexlock.yaml on the disk and preview what it would change",
		Long: `check loads codexlock.yaml as it is on the disk, with the rules, the schemas and the
baseline that it names, and prints the first error with its position. Other commands use
the configuration of a commit, so an edit has no effect on them until it is merged.

It warns of a pattern that matches no file of the work tree: a pattern of artifacts,
critical_paths, a trust domain's paths, or an exception; and of a site of use.sites that
has no file. If the gate's files differ from those of the last commit, it previews which
findings would vanish or appear in the whole work tree.

Exit codes: 0 it can be used, 2 it cannot, 3 could not check.`,
		Example: `  codexlock config check
  codexlock config check --config draft.yaml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return checkConfiguration(cmd.Context(), w, options) },
	}
	flags.Config(cmd, &options)
	flags.EffectiveTime(cmd, &options.EffectiveTime, "preview as of this time")
	return cmd
}

func checkConfiguration(ctx context.Context, w host.World, options gate.Options) error {
	options.Sources.Place, options.Selection.Scope = gate.Disk, facts.Changed
	g, err := gate.New(w, options)
	if err != nil {
		return err
	}
	done, err := g.CheckConfiguration(ctx)
	if err != nil {
		return err
	}
	for _, p := range done.Unmatched {
		fmt.Fprintf(w.Stdout, "[!] %s\n      hint: %s\n", report.Terminal(p.Error()), report.Terminal(p.Hint()))
	}
	if err := report.Preview(w.Stdout, done.Preview); err != nil {
		return err
	}
	switch {
	case done.NoPreview != "":
		w.Note("no preview: " + done.NoPreview)
	case done.Committed:
		w.Note("the gate's files are those of the last commit")
	}
	file := cmp.Or(done.Config.File.String(), "the default configuration")
	fmt.Fprintf(w.Stdout, "[✓] %s can be used (%s)\n", report.Terminal(file), report.Count(len(done.Config.Domains), "trust domain"))
	return nil
}
