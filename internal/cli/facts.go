package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/attest"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/schemas"
)

func factsCommand(w host.World) *cobra.Command {
	g := newGate(w)
	var whole bool
	var effective string
	cmd := &cobra.Command{
		Use:   "facts PATH | --repository",
		Short: "Print the facts about one artifact, or about the whole change",
		Long: `facts prints what a rule sees as its input, as JSON in the form of
schemas/facts.json: all that is measured about one artifact, or with
--repository about the change as a whole. A companion's path stands for its
artifact. Nothing is judged, and no key or MAC is among the facts.`,
		Example: `  codexlock facts assets/sources/model.bin
  codexlock facts --repository --base main --head pr
  codexlock facts assets/sources/model.bin | opa eval -I -d policies 'data.codexlock.lock.drift'`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if whole == (len(args) == 1) {
				return exit.Usagef("want the path of one artifact, or --repository")
			}
			g.scope, g.paths, g.measureNamed = facts.Paths, args, true
			if whole {
				g.scope = facts.Changed
			}
			var err error
			if g.now, err = effectiveTime(effective, w); err != nil {
				return err
			}
			if err := g.fromEnvironment(cmd, w.Env); err != nil {
				return err
			}
			text, err := g.facts(cmd.Context())
			if err != nil {
				return err
			}
			_, err = w.Stdout.Write(text)
			return err
		},
	}
	g.measureFlags(cmd, &effective)
	cmd.Flags().BoolVar(&whole, "repository", false, "the whole change in place of one artifact")
	return cmd
}

// measureFlags are the flags that say what is measured, against what, and when.
func (g *gate) measureFlags(cmd *cobra.Command, effective *string) {
	f := cmd.Flags()
	g.baseFlags(cmd, "the commit to look at (default: the work tree)")
	f.StringVar(&g.config, "config", g.config, "the configuration file (default codexlock.yaml or .github/codexlock.yaml)")
	f.StringVar(effective, "effective-time", "", "measure as of this time, YYYY-MM-DDTHH:MM:SSZ (default now)")
}

// facts measures what was asked for, and prints nothing that is not of the
// published form.
func (g gate) facts(ctx context.Context) ([]byte, error) {
	m, err := g.measureOne(ctx)
	if err != nil {
		return nil, err
	}
	if err := schemas.ValidateAny(schemas.Facts, m.Input); err != nil {
		return nil, fmt.Errorf("the facts do not have the form of schemas/facts.json, which is a fault of codexlock: %w", err)
	}
	var b bytes.Buffer
	err = writeIndented(&b, m.Input)
	return b.Bytes(), err
}

// measureOne measures one artifact, or the whole change where the scope is not
// paths. Of a file that is no artifact nobody would judge the facts.
func (g gate) measureOne(ctx context.Context) (facts.Measurement, error) {
	none := facts.Measurement{}
	r, err := g.open(ctx)
	if err != nil {
		return none, err
	}
	defer r.Close()
	o, err := g.measured(ctx, r)
	if err != nil {
		return none, err
	}
	change, err := facts.Collect(ctx, o)
	if err != nil {
		return none, err
	}
	if g.scope != facts.Paths {
		return change.Repository(ctx)
	}
	m, standing, err := theArtifact(ctx, change, g.paths[0])
	if err == nil && m.Second != nil {
		m, err = g.complete(ctx, r, m)
	}
	if err == nil && !standing.Artifact {
		err = &notArtifactError{m.Input.Artifact.Path, standing}
	}
	return m, err
}

// complete adds what depends on the rules' answers.
func (g gate) complete(ctx context.Context, r *repo.Repository, m facts.Measurement) (facts.Measurement, error) {
	e, err := g.ready(ctx, r)
	if err != nil {
		return m, err
	}
	return e.engine.Complete(ctx, m, 0)
}

// open opens the repository, and finishes first what an interrupted attest left.
func (g gate) open(ctx context.Context) (*repo.Repository, error) {
	r, err := repo.Open(ctx, g.dir)
	if err != nil || g.head != "" || g.staged {
		return r, err
	}
	// What was decided and not finished is neither the earlier state nor the new one.
	if _, err := attest.Recover(r.Root(), r.GitDir()); err != nil {
		r.Close()
		return nil, fmt.Errorf("finish an interrupted attest: %w", err)
	}
	return r, nil
}

// theArtifact measures the one artifact that a path names, or the file, and says
// which of the two it is.
func theArtifact(ctx context.Context, change *facts.Collector, written string) (facts.Measurement, facts.Standing, error) {
	if n := change.Len(); n != 1 {
		return facts.Measurement{}, facts.Standing{}, exit.Usagef("%q holds %d artifacts, want the path of one", written, n)
	}
	m, err := change.Artifact(ctx, 0)
	if err != nil {
		return m, facts.Standing{}, err
	}
	s, err := change.Standing(ctx, m.Input.Artifact.Path)
	return m, s, err
}

// A notArtifactError is a file that nothing calls an artifact.
type notArtifactError struct {
	path     string
	standing facts.Standing
}

func (e *notArtifactError) Error() string {
	if e.standing.Excluded != "" {
		return fmt.Sprintf("%q is no artifact: artifacts.exclude says %q, and %s does not list it", e.path, e.standing.Excluded, ledger.Path)
	}
	return fmt.Sprintf("%q is no artifact: no pattern of artifacts.include matches it, and %s does not list it", e.path, ledger.Path)
}

// Hint is the next step.
func (e *notArtifactError) Hint() string {
	return "add it to artifacts.include of codexlock.yaml and commit that, or attest it: codexlock attest " + policy.Quoted(e.path)
}

// Usage says that the user corrects it.
func (e *notArtifactError) Usage() bool { return true }

// writeIndented writes a value as JSON for people and programs, the same bytes
// each time.
func writeIndented(w io.Writer, v any) error {
	e := json.NewEncoder(report.JSON(w))
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
