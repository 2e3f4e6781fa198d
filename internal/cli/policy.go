package cli

import (
	"cmp"
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/workbench"
	"github.com/codexlock/codexlock/policies"
)

func policyCommand(w host.World) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "policy",
		Short: "For policy owners: list, write, check, test and document rules",
		Long: `policy is the workbench of those who own rules. It judges no artifact, needs no
key, and what it prints is no verdict.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, command := range []func(host.World) *cobra.Command{
		policyCheckCommand,
		policyDocsCommand,
		policyListCommand,
		policyNewCommand,
		policyProveCommand,
		policyTestCommand,
		policyTraceCommand,
	} {
		cmd.AddCommand(command(w))
	}
	return cmd
}

func policyListCommand(w host.World) *cobra.Command {
	g := newGate(w)
	g.warn = w.Warn
	var format string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the rules: code, requirement, severity, title",
		Long: `list names every rule that the gate would ask here: the embedded ones, and those
of the base commit's policies or of --policy, which is read from the disk. Outside a
Git repository it lists the embedded ones.`,
		Example: `  codexlock policy list
  codexlock policy list -f json
  codexlock policy list --policy policies`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			print, err := formOf(format, map[string]func(io.Writer, []policy.Rule) error{
				"text": workbench.ListText, "json": workbench.ListJSON,
			})
			if err != nil {
				return err
			}
			if err := checkRevisions(cmd, w.Env); err != nil {
				return err
			}
			g.disk = true
			engine, err := g.ruleSet(cmd.Context())
			if err != nil {
				return err
			}
			return print(w.Stdout, engine.Rules())
		},
	}
	f := cmd.Flags()
	f.StringVarP(&format, "format", "f", "text", "text, json")
	f.StringVar(&g.base, "base", "", "the trusted base commit (default HEAD)")
	f.StringVar(&g.config, "config", g.config, "the configuration file (default codexlock.yaml or .github/codexlock.yaml)")
	f.StringArrayVar(&g.policies, "policy", nil, "a directory of rules, or a bundle pinned by digest, in place of the configuration's, repeatable")
	return cmd
}

// formOf is the printer of the format that was asked for.
func formOf[P any](format string, forms map[string]P) (P, error) {
	p, ok := forms[format]
	if !ok {
		names := slices.Sorted(maps.Keys(forms))
		return p, exit.Usagef("--format is %q, want one of %s", format, strings.Join(names, ", "))
	}
	return p, nil
}

// ruleSet compiles the rules that the gate would ask in the working directory.
// Where there is no commit to believe, those are the embedded ones and what
// --policy names.
func (g gate) ruleSet(ctx context.Context) (*policy.Engine, error) {
	r, err := repo.Open(ctx, g.dir)
	var none *repo.NotARepositoryError
	if errors.As(err, &none) {
		return g.rulesOnDisk(ctx)
	}
	if err != nil {
		return nil, err
	}
	defer r.Close()
	base, err := g.commit(ctx, r, cmp.Or(g.base, "HEAD"))
	var empty *repo.NoCommitsError
	if errors.As(err, &empty) {
		return g.rulesOnDisk(ctx)
	}
	if err != nil {
		return nil, err
	}
	tree, err := r.Tree(ctx, base)
	if err != nil {
		return nil, err
	}
	source := settings{gate: g, repository: r, base: tree}
	c, err := source.config(ctx)
	if err != nil {
		return nil, err
	}
	return source.engine(ctx, c)
}

func (g gate) rulesOnDisk(ctx context.Context) (*policy.Engine, error) {
	embedded, err := policy.Embedded(policies.FS)
	if err != nil {
		return nil, err
	}
	sources := []policy.Source{embedded}
	dirs, bundles, err := written(g.policies)
	if err != nil {
		return nil, err
	}
	for _, dir := range dirs {
		modules, err := modulesOnDisk(g.dir, dir)
		if err != nil {
			return nil, err
		}
		if len(modules) == 0 {
			return nil, exit.Usagef("policies %q: no .rego file there", dir)
		}
		sources = append(sources, policy.Source{Name: dir, Modules: modules})
	}
	for _, b := range bundles {
		source, err := g.bundle(ctx, b, nil, func() ([]byte, error) { return bundleOnDisk(join(g.dir, b.Path)) })
		if err != nil {
			return nil, err
		}
		sources = append(sources, source)
	}
	return policy.New(ctx, sources)
}
