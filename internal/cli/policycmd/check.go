package policycmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/cli/flags"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/ruleset"
	"github.com/codexlock/codexlock/internal/workbench"
	"github.com/codexlock/codexlock/policies"
)

func checkCommand(w host.World) *cobra.Command {
	var format string
	var noRegal bool
	cmd := &cobra.Command{
		Use:   "check [DIR...]",
		Short: "Say all that is wrong with rules, before the gate does",
		Long: `check reads the rules on the disk together with the embedded ones, and reports all
problems: what the gate refuses (compile errors, facts that do not exist, built-ins
that are not allowed, a misspelt deny, answers that are not findings), incomplete
METADATA, tests that do not compile, and the findings of Regal, if it is installed.

Without DIR it reads the directories that codexlock.yaml on the disk names.

Exit codes: 0 no problems, 1 problems, 2 usage, 3 could not check.`,
		Example: `  codexlock policy check
  codexlock policy check policies -f json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			print, err := flags.Printer(format, map[string]checkPrinter{"text": workbench.CheckText, "json": workbench.CheckJSON})
			if err != nil {
				return err
			}
			dirs, sources, err := workSources(cmd.Context(), w, args)
			if err != nil {
				return err
			}
			findings, err := workbench.Check(sources)
			if err != nil {
				return err
			}
			if !noRegal {
				if findings, err = withRegal(cmd.Context(), w, dirs, findings); err != nil {
					return err
				}
			}
			if err := print(w.Stdout, findings); err != nil {
				return err
			}
			if len(findings) > 0 {
				return exit.ErrDenied
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&format, "format", "f", "text", "text, json")
	cmd.Flags().BoolVar(&noRegal, "no-regal", false, "do not run Regal, even if it is installed")
	return cmd
}

type checkPrinter = func(w io.Writer, findings []workbench.Finding) error

// withRegal adds the findings of Regal. Regal cannot read rules that do not compile; then the
// compiler's errors are enough.
func withRegal(ctx context.Context, w host.World, dirs []string, findings []workbench.Finding) ([]workbench.Finding, error) {
	more, err := workbench.Regal(ctx, w.Dir, dirs)
	switch {
	case errors.Is(err, workbench.ErrNoRegal):
		fmt.Fprintln(w.Stderr, "codexlock: regal is not installed: what it would find is not looked for")
	case err != nil && len(findings) > 0:
		fmt.Fprintln(w.Stderr, "codexlock: regal could not read the rules: what it would find is not looked for")
	case err != nil:
		return nil, err
	}
	return append(findings, more...), nil
}

// workSources reads rules from the disk, next to the embedded ones. dirs are their directories,
// seen from the working directory.
func workSources(ctx context.Context, w host.World, named []string) (dirs []string, sources []ruleset.Source, err error) {
	embedded, err := ruleset.Embedded(policies.FS)
	if err != nil {
		return nil, nil, err
	}
	if dirs, err = workDirs(ctx, w, named); err != nil {
		return nil, nil, err
	}
	var worked []ruleset.Source
	for _, dir := range dirs {
		s, err := sourceOnDisk(w, dir)
		if err != nil {
			return nil, nil, err
		}
		worked = append(worked, s)
	}
	return dirs, workbench.Sources(embedded, worked), nil
}

// sourceOnDisk reads the rules of one directory, seen from the working directory.
func sourceOnDisk(w host.World, dir string) (ruleset.Source, error) {
	modules, err := gate.ModulesOnDisk(w.Dir, dir)
	if errors.Is(err, os.ErrNotExist) || err == nil && len(modules) == 0 {
		return ruleset.Source{}, exit.AsUsage(&noRulesError{dir})
	}
	return ruleset.Source{Name: dir, Modules: modules}, err
}

// A noRulesError is a directory without rules.
type noRulesError struct{ dir string }

func (e *noRulesError) Error() string { return fmt.Sprintf("%q holds no .rego file", e.dir) }

// Hint is the next step.
func (e *noRulesError) Hint() string {
	return "name the directory, or start a rule there: codexlock policy new AREA.RULE"
}

// workDirs returns the directories of rules: the named ones, or those of the configuration on
// the disk.
func workDirs(ctx context.Context, w host.World, named []string) ([]string, error) {
	if len(named) > 0 {
		return named, nil
	}
	root := w.Dir
	r, err := repo.Open(ctx, w.Dir)
	var none *git.NotARepositoryError
	switch {
	case err == nil:
		root = r.Root()
		defer r.Close()
	case !errors.As(err, &none):
		return nil, err
	}
	g, err := gate.New(w, gate.Options{})
	if err != nil {
		return nil, err
	}
	c, err := g.ConfigurationOnDisk(root)
	if err != nil {
		return nil, err
	}
	var dirs []string
	for _, dir := range c.Policies {
		full := filepath.Join(root, dir)
		if rel, err := filepath.Rel(w.Dir, full); err == nil {
			full = rel
		}
		dirs = append(dirs, strings.TrimSuffix(filepath.ToSlash(full), "/"))
	}
	return dirs, nil
}
