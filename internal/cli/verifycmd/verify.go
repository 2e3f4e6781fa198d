// Package verifycmd has the commands that ask the gate and write nothing of the repository but a
// baseline: verify, explain, facts, status and config.
package verifycmd

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/cli/attestcmd"
	"github.com/codexlock/codexlock/internal/cli/auditlog"
	"github.com/codexlock/codexlock/internal/cli/flags"
	"github.com/codexlock/codexlock/internal/cli/terminal"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/signing"
)

// A verification is one run of the verify command.
type verification struct {
	world      host.World
	options    gate.Options
	log        auditlog.Log
	all        bool
	quiet      bool
	noColor    bool
	excepted   bool // list the excepted findings
	quarantine bool
	formats    []string
	shard      string // I/N
	baseline   string // the file of --write-baseline
}

// Verify returns the verify command.
func Verify(w host.World) *cobra.Command {
	v := verification{world: w}
	cmd := &cobra.Command{
		Use:   "verify [PATH...]",
		Short: "Verify the artifacts of a change, of everything, or of the named paths",
		Long: `verify compares the work tree with HEAD (or --base) and judges every artifact
that differs; with --all every artifact; with paths only those. With
--head it reads commits only and never the work tree. With --staged it judges
the content of the next commit: the files that git add put into the index, as
git diff --cached shows them, and not the files in the work tree.

Configuration, policies and schemas always come from the base commit. With
--base main the artifacts are compared with the commit that the change was
forked from, and checked with the rules of main as it is now.`,
		Example: `  codexlock verify                        what I changed since HEAD
  codexlock verify --all                  everything
  codexlock verify --base main --head pr  a pull request, from commits alone
  codexlock verify --staged               what I am about to commit
  codexlock verify --all --write-baseline record current findings until the file changes
  codexlock verify --all --valid-for 36h  everything, and until the day after tomorrow
  codexlock verify --all --log            everything, and into the audit log
  codexlock verify -f json=report.json -f text assets/sources/model.bin`,
		RunE: func(cmd *cobra.Command, args []string) error {
			g, err := v.gate(cmd, args)
			if err != nil {
				return err
			}
			return v.run(cmd.Context(), g)
		},
	}
	v.flags(cmd)
	return cmd
}

func (v *verification) flags(cmd *cobra.Command) {
	o := &v.options
	o.Settings = gate.Settings{
		Layout: gate.Default("git"), Timeout: gate.Default(gate.DefaultTimeout), MaxDenials: gate.MaxDenials, RunTests: true,
	}
	v.log.Flags(cmd, v.world)
	f := cmd.Flags()
	f.BoolVar(&v.all, "all", false, "verify every artifact, not only the changed ones")
	f.StringVar(&v.shard, "shard", "", "with --all and --head: verify the part I of N, such as 2/3; codexlock report merges the JSON reports of all parts")
	f.BoolVar(&o.Base.Staged, "staged", false, "verify what is staged (git add), and not the work tree")
	flags.Base(cmd, o, "the commit to verify (default: the work tree)")
	f.StringArrayVarP(&v.formats, "format", "f", nil, "format[=FILE], repeatable: "+strings.Join(report.Formats(), ", ")+" (default text)")
	flags.Config(cmd, o)
	f.StringArrayVar(&o.Sources.Policies, "policy", nil, "a directory of rules, or a bundle pinned by digest, in place of the configuration's, repeatable")
	f.VarPF(&o.Sources.Offline, "offline", "", "use no network: rule bundles come from the cache only").NoOptDefVal = "true"
	flags.EffectiveTime(cmd, &o.EffectiveTime, "judge as of this time")
	f.DurationVar(&o.Settings.ValidFor, "valid-for", 0, "deny what expires within this time too, such as 36h")
	f.Var(&o.Settings.MinimumLevel, "minimum-level", "a-plus or tier-1 (default the configuration's)")
	f.Var(&o.Settings.Layout, "layout", "git, or strict: files below assets/sources/ have mode 0444 on the disk too")
	f.VarPF(&o.Settings.FailOnWarn, "fail-on-warn", "", "deny on warnings too").NoOptDefVal = "true"
	f.BoolVar(&v.quarantine, "quarantine", false, "with --all: move sources that drifted, and their companions, to assets/quarantine/")
	f.Var(&o.Settings.Timeout, "timeout", "end with 3 if verification takes longer; 0 for no limit")
	f.IntVar(&o.Settings.Jobs, "jobs", 0, "how many artifacts to verify at once (default: one per core)")
	f.StringVar(&v.baseline, "write-baseline", "", "with --all: record every denial that a baseline can cover in FILE, and end with 0 if none is left (default the configuration's baseline)")
	f.Lookup("write-baseline").NoOptDefVal = " "
	f.BoolVar(&v.noColor, "no-color", false, "no colours, even on a terminal")
	f.BoolVar(&v.excepted, "show-excepted", false, "list the excepted findings, not only their number")
	f.BoolVarP(&v.quiet, "quiet", "q", false, "only denials and the last line")
}

// gate returns the gate for flags, arguments and environment.
func (v *verification) gate(cmd *cobra.Command, args []string) (*gate.Gate, error) {
	o := &v.options
	o.Selection = gate.Selection{Scope: facts.Changed, Paths: args}
	switch {
	case o.Settings.Jobs < 0:
		return nil, exit.Usagef("--jobs is %d, want no less than 0", o.Settings.Jobs)
	case v.all && len(args) > 0:
		return nil, exit.Usagef("use either --all or paths, not both")
	case v.all:
		o.Selection.Scope = facts.All
	case len(args) > 0:
		o.Selection.Scope = facts.Paths
	}
	if cmd.Flags().Changed("shard") {
		var err error
		if o.Selection.Shard, err = artifact.ParseShard(v.shard); err != nil {
			return nil, exit.Usagef("--shard: %w", err)
		}
	}
	if cmd.Flags().Changed("write-baseline") {
		o.WriteBaseline = writeBaseline(v.world, v.baseline)
	}
	g, err := gate.New(v.world, *o)
	if err != nil {
		return nil, err
	}
	if err := v.log.FromEnvironment(cmd); err != nil {
		return nil, err
	}
	switch {
	case v.shard != "" && (!v.all || o.Base.Staged || g.ReadsWorkTree()):
		return nil, exit.Usagef("--shard verifies a part of all artifacts of a commit: use it with --all and --head")
	case v.shard != "" && (v.log.On || v.quarantine || o.WriteBaseline != nil):
		return nil, exit.Usagef("--shard verifies a part, and --log, --quarantine and --write-baseline are about all artifacts: use it without them")
	case v.log.On && o.Base.Staged:
		return nil, exit.Usagef("--log adds to the work tree's log, and --staged judges what is staged: use either of them, not both")
	case v.log.On && !g.ReadsWorkTree():
		return nil, exit.Usagef("--log adds to the work tree's log, and --head reads commits only: use either of them, not both")
	}
	if v.quarantine {
		if !v.all || !g.ReadsWorkTree() {
			return nil, exit.Usagef("--quarantine moves drifted files of the work tree: use it with --all and without --head or --staged")
		}
		if err := signing.MaySign(v.world.Env, "verify --quarantine"); err != nil {
			return nil, err
		}
	}
	if o.WriteBaseline != nil && !v.all {
		return nil, exit.Usagef("--write-baseline records the current findings of all artifacts: use it with --all")
	}
	return g, nil
}

func (v *verification) run(ctx context.Context, g *gate.Gate) error {
	outputs, err := flags.Outputs(v.world, v.formats, flags.ReportFormat)
	if err != nil {
		return err
	}
	return g.Evaluate(ctx, func(found gate.Outcome) error {
		if v.log.On {
			if err := v.log.Add(ctx, found.Repository, found.Config, report.LogEntries(found.Report, v.log.By)); err != nil {
				return err
			}
		}
		return v.present(ctx, g, outputs, found)
	})
}

// present prints the report and, with --quarantine, moves drifted sources. It returns
// exit.ErrDenied if the gate denies.
func (v *verification) present(ctx context.Context, g *gate.Gate, outputs []flags.Output, found gate.Outcome) error {
	r := found.Report
	for _, note := range r.Notes {
		fmt.Fprintf(v.world.Stderr, "codexlock: %s\n", report.Terminal(note))
	}
	if err := flags.WriteReport(v.world, outputs, r, report.Options{Quiet: v.quiet, Color: !v.noColor && terminal.Colored(v.world), ShowExcepted: v.excepted, Columns: terminal.Columns(v.world)}); err != nil {
		return err
	}
	if g.ReadsWorkTree() && !v.quiet {
		if err := printLacking(ctx, v.world, found.Repository, found.Change.Head, r); err != nil {
			return err
		}
	}
	if v.quarantine {
		if err := attestcmd.QuarantineDrifted(ctx, v.world, r, g.Now()); err != nil {
			return err
		}
	}
	if r.Conclusion == report.Failure {
		return exit.ErrDenied
	}
	return nil
}
