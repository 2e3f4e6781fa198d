package policycmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/workbench"
)

func docsCommand(w host.World) *cobra.Command {
	var out string
	var check bool
	cmd := &cobra.Command{
		Use:   "docs [DIR...]",
		Short: "Write what the rules say of themselves: docs/rules.md, and the table in DIR/README.md",
		Long: `docs writes a page about every rule that the gate would use with the rules on the disk:
code, requirement, severity, title, description, next step and page. If DIR/README.md
has the lines <!-- rules:begin --> and <!-- rules:end -->, docs writes the table of the
rules in DIR between them. With --check it writes nothing and ends with 1 if a page is
out of date.

Without DIR it reads the directories that codexlock.yaml on the disk names.`,
		Example: `  codexlock policy docs
  codexlock policy docs --check`,
		RunE: func(cmd *cobra.Command, args []string) error {
			pages, err := rulePages(cmd.Context(), w, args, path.Clean(filepath.ToSlash(out)))
			if err != nil {
				return err
			}
			if check {
				return checkPages(w, pages)
			}
			return writePages(w, pages)
		},
	}
	cmd.Flags().StringVar(&out, "out", "docs/rules.md", "the page to write")
	cmd.Flags().BoolVar(&check, "check", false, "only check whether the pages are up to date")
	return cmd
}

// A page is a file that is written from the rules.
type page struct {
	name    string // seen from the working directory
	text    string
	current bool // the file on the disk is the same
}

func rulePages(ctx context.Context, w host.World, named []string, out string) ([]page, error) {
	dirs, sources, err := workSources(ctx, w, named)
	if err != nil {
		return nil, err
	}
	engine, err := policy.New(ctx, sources)
	if err != nil {
		return nil, err
	}
	rules := workbench.Document(engine.Rules(), dirs, func(name string) bool {
		_, err := os.Stat(w.Path(name))
		return err == nil
	})
	text, err := workbench.RulesPage(rules, out)
	if err != nil {
		return nil, err
	}
	before, err := os.ReadFile(w.Path(out))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	pages := []page{{name: out, text: text, current: err == nil && string(before) == text}}
	for _, dir := range dirs {
		name := path.Join(dir, "README.md")
		before, err := os.ReadFile(w.Path(name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		text, ok, err := workbench.Table(string(before), rules, name)
		if err != nil {
			return nil, err
		}
		if ok {
			pages = append(pages, page{name: name, text: text, current: string(before) == text})
		}
	}
	return pages, nil
}

func checkPages(w host.World, pages []page) error {
	stale := false
	for _, p := range pages {
		if p.current {
			fmt.Fprintf(w.Stdout, "[✓] %s is what the rules say\n", p.name)
			continue
		}
		stale = true
		fmt.Fprintf(w.Stdout, "[✗] %s is not what the rules say\n      hint: write it anew: codexlock policy docs\n", p.name)
	}
	if stale {
		return exit.ErrDenied
	}
	return nil
}

func writePages(w host.World, pages []page) error {
	for _, p := range pages {
		if p.current {
			fmt.Fprintf(w.Stdout, "kept    %s\n", p.name)
			continue
		}
		if err := w.WritePage(p.name, p.text); err != nil {
			return err
		}
		fmt.Fprintf(w.Stdout, "wrote   %s\n", p.name)
	}
	return nil
}
