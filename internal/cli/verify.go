package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// A verification is the verify command, filled in.
type verification struct {
	world      host.World
	gate       gate
	all        bool
	quiet      bool
	noColor    bool
	quarantine bool
	formats    []string
	effective  string
	adopt      string
}

func verifyCommand(w host.World) *cobra.Command {
	v := verification{world: w, gate: newGate(w)}
	v.gate.maxDenials, v.gate.warn, v.gate.note, v.gate.self, v.gate.tests = maxDenials, w.Warn, w.Note, self(w), tests(w)
	cmd := &cobra.Command{
		Use:   "verify [PATH...]",
		Short: "Verify the artifacts of a change, of everything, or of the named paths",
		Long: `verify compares the work tree with HEAD (or --base) and judges every artifact
that differs; with --all every artifact there is; with paths just those. With
--head it reads commits only and never the work tree. With --staged it judges
what the next commit would hold: what git add put into the index, as
git diff --cached shows it, and not the files in the work tree.

Configuration, policies and schemas always come from the base commit. With
--base main the artifacts are compared with the commit that the change was
forked from, and checked with the rules of main as it is now.`,
		Example: `  codexlock verify                        what I changed since HEAD
  codexlock verify --all                  everything
  codexlock verify --base main --head pr  a pull request, from commits alone
  codexlock verify --staged               what I am about to commit
  codexlock verify --all --write-baseline what is wrong today may stand until it changes
  codexlock verify --all --log            everything, and into the audit log
  codexlock verify -f json=report.json -f text assets/sources/model.bin`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := v.understand(cmd, args); err != nil {
				return err
			}
			return v.run(cmd.Context())
		},
	}
	v.flags(cmd)
	return cmd
}

func (v *verification) flags(cmd *cobra.Command) {
	g := &v.gate
	g.log.flags(cmd, v.world)
	f := cmd.Flags()
	f.BoolVar(&v.all, "all", false, "verify every artifact, not only the changed ones")
	f.BoolVar(&g.staged, "staged", false, "verify what is staged (git add), and not the work tree")
	g.baseFlags(cmd, "the commit to verify (default: the work tree)")
	f.StringArrayVarP(&v.formats, "format", "f", nil, "format[=FILE], repeatable: "+strings.Join(report.Formats(), ", ")+" (default text)")
	f.StringVar(&g.config, "config", g.config, "the configuration file (default codexlock.yaml or .github/codexlock.yaml)")
	f.StringArrayVar(&g.policies, "policy", nil, "a directory of rules, or a bundle pinned by digest, in place of the configuration's, repeatable")
	f.BoolVar(&g.offline, "offline", g.offline, "use no network: rule bundles come from the cache only")
	f.StringVar(&v.effective, "effective-time", "", "judge as of this time, YYYY-MM-DDTHH:MM:SSZ (default now)")
	f.StringVar(&g.minimumLevel, "minimum-level", "", "a-plus or tier-1 (default the configuration's)")
	f.StringVar(&g.layout, "layout", "git", "git, or strict: files below assets/sources/ have mode 0444 on the disk too")
	f.BoolVar(&g.failOnWarn, "fail-on-warn", false, "deny on warnings too")
	f.BoolVar(&v.quarantine, "quarantine", false, "with --all: move sources that drifted, and their companions, to assets/quarantine/")
	f.DurationVar(&g.timeout, "timeout", defaultTimeout, "end with 3 where verification takes longer; 0 for no limit")
	f.IntVar(&g.jobs, "jobs", 0, "how many artifacts to verify at once (default: one per core)")
	f.StringVar(&v.adopt, "write-baseline", "", "with --all: record every denial that a baseline can cover in FILE, and end with 0 where none is left (default the configuration's baseline)")
	f.Lookup("write-baseline").NoOptDefVal = " "
	f.BoolVar(&v.noColor, "no-color", false, "no colours, even on a terminal")
	f.BoolVarP(&v.quiet, "quiet", "q", false, "only findings and the last line")
}

// understand makes of flags, arguments and environment what is asked for.
func (v *verification) understand(cmd *cobra.Command, args []string) (err error) {
	g := &v.gate
	g.scope, g.paths = facts.Changed, args
	switch {
	case v.all && len(args) > 0:
		return exit.Usagef("--all and paths: want one of the two")
	case v.all:
		g.scope = facts.All
	case len(args) > 0:
		g.scope = facts.Paths
	}
	if g.now, err = effectiveTime(v.effective, v.world); err != nil {
		return err
	}
	if err := g.fromEnvironment(cmd, v.world.Env); err != nil {
		return err
	}
	if g.timeout, err = timeoutOf(g.timeout, cmd.Flags().Changed("timeout"), v.world.Env); err != nil {
		return err
	}
	if err := g.log.fromEnvironment(cmd); err != nil {
		return err
	}
	switch {
	case g.staged && cmd.Flags().Changed("head"):
		return exit.Usagef("--staged judges what is staged, and --head a commit: want one of the two")
	case g.staged:
		g.head = "" // a flag before a variable
	}
	switch {
	case g.log.on && g.head != "":
		return exit.Usagef("--log adds to the work tree's log, and --head reads commits only: want one of the two")
	case g.log.on && g.staged:
		return exit.Usagef("--log adds to the work tree's log, and --staged judges what is staged: want one of the two")
	}
	if v.quarantine {
		if err := g.mayQuarantine(v.world); err != nil {
			return err
		}
	}
	if cmd.Flags().Changed("write-baseline") {
		if !v.all {
			return exit.Usagef("--write-baseline records the current findings of all artifacts: use it with --all")
		}
		g.adopt = adopt(v.world, v.adopt)
	}
	return nil
}

func (v *verification) run(ctx context.Context) error {
	outputs, err := parseOutputs(v.formats)
	if err != nil {
		return err
	}
	return v.gate.runThen(ctx, func(opened *repo.Repository, c *facts.Collector, r report.Report) error {
		return v.present(ctx, outputs, opened, c, r)
	})
}

// present tells what was found, and what follows from it.
func (v *verification) present(ctx context.Context, outputs []output, opened *repo.Repository, c *facts.Collector, r report.Report) error {
	for _, note := range r.Notes {
		fmt.Fprintf(v.world.Stderr, "codexlock: %s\n", report.Terminal(note))
	}
	if err := write(v.world, outputs, r, report.Options{Quiet: v.quiet, Color: !v.noColor && colored(v.world)}); err != nil {
		return err
	}
	if v.gate.head == "" && !v.gate.staged && !v.quiet {
		if err := tellLacking(ctx, v.world, opened, c.Head(), r); err != nil {
			return err
		}
	}
	if v.quarantine {
		if err := quarantineDrifted(ctx, v.world, r, v.gate.now); err != nil {
			return err
		}
	}
	if r.Conclusion == report.Failure {
		return exit.ErrDenied
	}
	return nil
}

// fromEnvironment fills in what no flag said: flags before CODEXLOCK_* before
// the file.
func (g *gate) fromEnvironment(cmd *cobra.Command, env func(string) (string, bool)) error {
	if err := checkRevisions(cmd, env); err != nil {
		return err
	}
	exact := ""
	if f := cmd.Flags().Lookup("base-exact"); f != nil {
		exact = f.Value.String()
	}
	named := baseNamed(cmd)
	for flag, field := range map[string]*string{
		"config": &g.config, "minimum-level": &g.minimumLevel, "base": &g.base, "base-exact": &exact, "head": &g.head, "layout": &g.layout,
	} {
		isBase := field == &g.base || field == &exact
		if v, ok := env(environmentOf(flag)); ok && v != "" && !cmd.Flags().Changed(flag) && !(isBase && named) {
			*field = v
		}
	}
	if exact != "" {
		if g.base != "" {
			return exit.Usagef("--base and --base-exact both name what to compare with: use one of them")
		}
		g.base, g.exact = exact, true
	}
	if v, ok := env("CODEXLOCK_FAIL_ON_WARN"); ok && !cmd.Flags().Changed("fail-on-warn") {
		g.failOnWarn = v == "true" || v == "1"
	}
	return nil
}

// environmentOf is the variable that stands in for a flag.
func environmentOf(flag string) string {
	return "CODEXLOCK_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// baseFlags are the flags that say which commits are compared, and which is believed.
func (g *gate) baseFlags(cmd *cobra.Command, head string) {
	f := cmd.Flags()
	f.StringVar(&g.base, "base", "", "the trusted base commit; the change is compared with its merge base with the head (default HEAD; with --head its first parent)")
	f.String("base-exact", "", "the trusted base commit, compared with directly")
	f.StringVar(&g.head, "head", "", head)
}

// effectiveTime is the one time that a run judges by.
func effectiveTime(written string, w host.World) (time.Time, error) {
	if written == "" {
		written, _ = w.Env("CODEXLOCK_EFFECTIVE_TIME")
	}
	if written == "" {
		return w.Now().UTC().Truncate(time.Second), nil
	}
	t, err := vaulttime.ParseTime(written)
	if err != nil {
		return time.Time{}, exit.Usagef("--effective-time: %w", err)
	}
	return t.Time, nil
}

// An output is a format and where it goes: "" is standard output.
type output struct{ format, file string }

func parseOutputs(written []string) ([]output, error) {
	if len(written) == 0 {
		written = []string{"text"}
	}
	known := map[string]bool{}
	for _, f := range report.Formats() {
		known[f] = true
	}
	var outputs []output
	for _, s := range written {
		format, file, toFile := strings.Cut(s, "=")
		if !known[format] {
			return nil, &report.UnknownFormatError{Format: format}
		}
		if toFile && file == "" {
			return nil, exit.Usagef("--format %q names no file, want format=FILE", s)
		}
		outputs = append(outputs, output{format, file})
	}
	return outputs, nil
}

// write tells the report in every form that was asked for. A form that cannot
// be written is an error: the reader would take its absence for a pass.
func write(w host.World, outputs []output, r report.Report, o report.Options) error {
	for _, out := range outputs {
		if out.file == "" {
			if err := report.Write(out.format, w.Stdout, r, o); err != nil {
				return fmt.Errorf("write %s: %w", out.format, err)
			}
			continue
		}
		if err := w.WriteFile(out.file, func(f io.Writer) error {
			return report.Write(out.format, f, r, report.Options{Quiet: o.Quiet})
		}); err != nil {
			return fmt.Errorf("write %s: %w", out.format, err)
		}
	}
	return nil
}

// colored reports whether standard output is a terminal that wants colours
// (https://no-color.org).
func colored(w host.World) bool {
	if v, ok := w.Env("NO_COLOR"); ok && v != "" {
		return false
	}
	f, ok := w.Stdout.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
