package policycmd

import (
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/ruleset"
	"github.com/codexlock/codexlock/internal/workbench"
	"github.com/codexlock/codexlock/policies"
)

func newCommand(w host.World) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "new AREA.RULE",
		Short: "Start a rule: a folder with a rule that works, its test and its page",
		Long: `new writes DIR/AREA/RULE/ with RULE.rego, RULE_test.rego and README.md, and, if it is
missing, DIR/lib/sample/sample_test.rego: facts that every rule passes, of which tests
change one thing. The new rule works; edit its condition, its test and its page. new
overwrites nothing.`,
		Example: `  codexlock policy new acme.size`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			known, err := standardCodes(cmd)
			if err != nil {
				return err
			}
			written := path.Clean(filepath.ToSlash(dir))
			folder, err := ruleFolder(w, dir, args[0])
			if err != nil {
				return err
			}
			files, err := workbench.New(folder, written, args[0], known)
			if err != nil {
				return err
			}
			for _, f := range files {
				fmt.Fprintf(w.Stdout, "wrote   %s\n", path.Join(written, f))
			}
			fmt.Fprintf(w.Stdout, `
next:
  1. edit its condition, its METADATA, its test and its page
  2. see that all is well: codexlock policy check %[1]s && codexlock policy test %[1]s
  3. see what it finds here: codexlock verify --all --policy %[1]s
  4. commit: the gate asks it of every change after that
`, written)
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "policies", "the directory of rules")
	return cmd
}

// ruleFolder resolves the directory for a new rule. It refuses a symbolic link of the repository
// on the way to it, or to the folders in it that are written to.
func ruleFolder(w host.World, dir, code string) (string, error) {
	area, _, _ := strings.Cut(code, ".")
	for _, sub := range []string{area, "lib"} {
		if _, err := w.NewFolder(filepath.Join(dir, sub)); err != nil {
			return "", err
		}
	}
	return w.NewFolder(dir)
}

func standardCodes(cmd *cobra.Command) ([]string, error) {
	embedded, err := ruleset.Embedded(policies.FS)
	if err != nil {
		return nil, err
	}
	engine, err := policy.New(cmd.Context(), []ruleset.Source{embedded})
	if err != nil {
		return nil, err
	}
	return workbench.Codes(engine.Rules()), nil
}
