// Package doctorcmd has the doctor command: it reads a repository's setup and prints what
// weakens the gate.
package doctorcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/attributes"
	"github.com/codexlock/codexlock/internal/cli/flags"
	"github.com/codexlock/codexlock/internal/cli/initcmd"
	"github.com/codexlock/codexlock/internal/cli/lockcmd"
	"github.com/codexlock/codexlock/internal/doctor"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/signing"
	"github.com/codexlock/codexlock/internal/trees"
)

// formats are the formats of doctor.
var formats = map[string]func(doctor.Diagnosis, io.Writer) error{
	"json": doctor.Diagnosis.JSON,
	"text": doctor.Diagnosis.Text,
}

// New returns the doctor command.
func New(w host.World) *cobra.Command {
	var o gate.Options
	var written []string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Show what in this repository's setup weakens the gate",
		Long: `doctor reads the workflows, .gitattributes, the configuration and this clone's merge
driver, all in the work tree, and prints what is wrong, why it matters and how to fix it:
a gate that does not run, can be skipped or is filtered by path; actions without a
commit; a pull request's code where secrets are; a token with too few or too many
permissions; a key that is not in an environment; renewal that is missing, or less often
than records expire. It follows calls of workflows in the same repository. It needs no
key. It verifies no artifact: that is what verify does.

With GITHUB_TOKEN and GITHUB_REPOSITORY=OWNER/NAME in the environment it asks GitHub
whether a merge to the default branch requires the gate's check, whether somebody has to
approve the jobs that attest, and how the last renewal ended. The token needs to read
contents, metadata and actions.

It ends with 1 if something weakens the gate, and with 0 if all it has is advice.`,
		Example: `  codexlock doctor
  codexlock doctor -f json | jq -r '.findings[].what'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			outputs, err := flags.Outputs(w, written, func(format string) error {
				_, err := flags.Printer(format, formats)
				return err
			})
			if err != nil {
				return err
			}
			g, err := gate.New(w, o)
			if err != nil {
				return err
			}
			return run(cmd.Context(), w, g, outputs)
		},
	}
	cmd.Flags().StringArrayVarP(&written, "format", "f", nil, "format[=FILE], repeatable: text, json (default text)")
	flags.Config(cmd, &o)
	return cmd
}

func run(ctx context.Context, w host.World, g *gate.Gate, outputs []flags.Output) error {
	setup, err := read(ctx, w, g)
	if err != nil {
		return err
	}
	if setup.Answer, err = ask(ctx, w, &setup); err != nil {
		return err
	}
	d := doctor.Examine(setup)
	for _, out := range outputs {
		if err := out.Write(w, func(to io.Writer) error { return formats[out.Format](d, to) }); err != nil {
			return fmt.Errorf("write %s: %w", out.Format, err)
		}
	}
	if d.Weakened {
		return exit.ErrDenied
	}
	return nil
}

// read reads the setup of the work tree.
func read(ctx context.Context, w host.World, g *gate.Gate) (s doctor.Setup, err error) {
	r, err := repo.Open(ctx, w.Dir)
	if err != nil {
		return s, err
	}
	defer r.Close()
	tree, err := r.WorkTree(ctx)
	if err != nil {
		return s, err
	}
	if s.Config, err = g.ConfigurationIn(ctx, r, tree); err != nil {
		return s, err
	}
	s.Configured = s.Config.File != ""
	if s.Workflows, err = workflows(ctx, tree); err != nil {
		return s, err
	}
	driver, err := r.MergeDriver(ctx, w.Env)
	if err != nil {
		return s, err
	}
	s.Driver, s.DriverSet = driver != "", lockcmd.MergeDriver
	return s, lines(ctx, w, r, tree, &s)
}

// workflows reads the workflows that GitHub reads: files in the folder, not below it.
func workflows(ctx context.Context, tree trees.Tree) ([]doctor.Workflow, error) {
	names, err := tree.Names(ctx)
	if err != nil {
		return nil, err
	}
	var all []doctor.Workflow
	for _, name := range names {
		if path.Dir(name)+"/" != initcmd.WorkflowFolder || !strings.HasSuffix(name, ".yml") && !strings.HasSuffix(name, ".yaml") {
			continue
		}
		entry, there, err := tree.Lookup(ctx, artifact.Path(name))
		if err != nil {
			return nil, err
		}
		if !there {
			continue
		}
		if entry.Kind != trees.File {
			all = append(all, doctor.Unread(name, fmt.Sprintf("it is a %s, and GitHub runs workflows that are files", entry.Kind)))
			continue
		}
		data, err := tree.Read(ctx, entry, document.MaxCompanionBytes)
		var large *git.TooLargeError
		if errors.As(err, &large) {
			all = append(all, doctor.Unread(name, fmt.Sprintf("it has more than %d bytes", document.MaxCompanionBytes)))
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, doctor.ParseWorkflow(name, data))
	}
	return all, nil
}

// lines finds the lines that .gitattributes lacks, and the lines and files that overrule it.
func lines(ctx context.Context, w host.World, r *repo.Repository, tree trees.Tree, s *doctor.Setup) error {
	root, err := attributes.Root(ctx, tree, s.Config, initcmd.WorkflowPath)
	if err != nil {
		return err
	}
	s.Repeated = root.Repeated()
	for _, line := range root.Added {
		if !slices.Contains(s.Repeated, line) {
			s.Attributes = append(s.Attributes, line)
		}
	}
	if _, there, err := tree.Lookup(ctx, attributes.Path); err != nil {
		return err
	} else if !there {
		for line := range strings.Lines(string(root.File.Data)) {
			if line = strings.TrimSpace(line); !strings.HasPrefix(line, "#") {
				s.Attributes = append(s.Attributes, line)
			}
		}
	}
	view, err := r.View(ctx, w.Env)
	if err != nil {
		return err
	}
	candidates, err := signing.NewSelector(w.Dir, r, tree, view, s.Config).Candidates(ctx)
	if err != nil {
		return err
	}
	files, _, err := attributes.Overruled(ctx, view, tree, s.Config, candidates)
	for _, f := range files {
		// What its own lines lack, or overrule, is known already.
		if f.File.Path != attributes.Path || len(root.Added) == 0 {
			s.Overruled = append(s.Overruled, f.File.Path.String())
		}
	}
	return err
}
