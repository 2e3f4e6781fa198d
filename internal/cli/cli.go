// Package cli has the commands of the command line: each reads its flags, calls the gate or
// another package, and prints the result.
package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/buildinfo"
	"github.com/codexlock/codexlock/internal/buildinfo/answer"
	"github.com/codexlock/codexlock/internal/cli/attestcmd"
	"github.com/codexlock/codexlock/internal/cli/auditcmd"
	"github.com/codexlock/codexlock/internal/cli/doctorcmd"
	"github.com/codexlock/codexlock/internal/cli/fixcmd"
	"github.com/codexlock/codexlock/internal/cli/hookcmd"
	"github.com/codexlock/codexlock/internal/cli/initcmd"
	"github.com/codexlock/codexlock/internal/cli/keyscmd"
	"github.com/codexlock/codexlock/internal/cli/lockcmd"
	"github.com/codexlock/codexlock/internal/cli/policycmd"
	"github.com/codexlock/codexlock/internal/cli/renewcmd"
	"github.com/codexlock/codexlock/internal/cli/reportcmd"
	"github.com/codexlock/codexlock/internal/cli/terminal"
	"github.com/codexlock/codexlock/internal/cli/usecmd"
	"github.com/codexlock/codexlock/internal/cli/verifycmd"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/progress"
)

// Main runs the codexlock command and returns its exit code.
func Main(ctx context.Context, w host.World) (code int) {
	defer w.End(&code)
	w.LimitMemory()
	if code, served := gate.Serve(ctx, w); served {
		return code
	}
	w, report, flush := terminal.Paint(w)
	defer flush()
	if report != nil {
		ctx = progress.With(ctx, report)
	}
	root := rootCommand(w)
	root.SetArgs(w.Args[1:])
	root.SetOut(w.Stdout)
	root.SetErr(w.Stderr)
	known := false
	noteRun(root, &known)
	err := root.ExecuteContext(ctx)
	if err != nil && !known && !exit.IsUsage(err) { // cobra's own complaint: an unknown command, a wrong number of arguments
		err = exit.AsUsage(err)
	}
	return fail(w, err)
}

// rootCommand returns the root command with all commands below it.
func rootCommand(w host.World) *cobra.Command {
	root := &cobra.Command{
		Use:     "codexlock",
		Short:   "Verify that every artifact in a change is attested and unmodified",
		Long:    longHelp,
		Version: buildinfo.Version,
		Example: `  codexlock demo                      see the gate judge a tampered change
  codexlock init --generate-key       protect this repository
  codexlock attest assets/sources/model.bin
  codexlock verify --all`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(flagError)
	root.Flags().Bool("version", false, "print the version")
	root.SetVersionTemplate(answer.Text())
	for _, command := range []func(host.World) *cobra.Command{
		attestcmd.Attest,
		auditcmd.New,
		completionCommand,
		verifycmd.Config,
		initcmd.Demo,
		doctorcmd.New,
		verifycmd.Explain,
		renewcmd.Export,
		verifycmd.Facts,
		fixcmd.New,
		hookcmd.New,
		attestcmd.Ingest,
		initcmd.Init,
		keyscmd.New,
		lockcmd.New,
		manCommand,
		renewcmd.Migrate,
		attestcmd.Move,
		policycmd.New,
		attestcmd.Quarantine,
		attestcmd.Remove,
		renewcmd.Renew,
		renewcmd.Renewals,
		reportcmd.New,
		verifycmd.Status,
		verifycmd.Verify,
		versionCommand,
	} {
		root.AddCommand(command(w))
	}
	root.AddCommand(usecmd.AtUse(w))
	root.AddCommand(usecmd.Commands()...)
	explainArguments(root)
	if n := terminal.Columns(w); n > 0 {
		root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages", fmt.Sprintf(".FlagUsagesWrapped %d", n)))
	}
	return root
}

// noteRun sets known when a command starts: its name exists and the number of its arguments
// is right. A quiet command does not show its progress.
func noteRun(parent *cobra.Command, known *bool) {
	for _, c := range parent.Commands() {
		if inner := c.RunE; inner != nil {
			c.RunE = func(cmd *cobra.Command, args []string) error {
				*known = true
				if quiet, err := cmd.Flags().GetBool("quiet"); err == nil && quiet {
					cmd.SetContext(progress.With(cmd.Context(), nil))
				}
				return inner(cmd, args)
			}
		}
		noteRun(c, known)
	}
}

const longHelp = `codexlock verifies that every artifact in a change is attested and unmodified: each
has a manifest, a VaultTime record, a test and a ledger entry that match it.

Exit codes: 0 trusted, 1 denied, 2 usage or configuration, 3 could not verify.
Keys come only from the environment: VAULTTIME_KEY, or the source in codexlock.yaml.`

// fail prints an error with its hint, unless it is a denial, and returns the exit code.
func fail(w host.World, err error) int {
	if code := exit.Code(err); code <= exit.Denied {
		return code
	}
	printErrors(w, err)
	return exit.Code(err)
}

func versionCommand(w host.World) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Example: "  codexlock version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := io.WriteString(w.Stdout, answer.Text())
			return err
		},
	}
}
