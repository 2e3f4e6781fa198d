// Package hookcmd has the commands that a Git server runs: codexlock hook …. They read what
// git tells a hook, have the gate judge each updated ref, and print what the client reads.
package hookcmd

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/report"
)

// defaultBudget is the time for a whole push. GitHub Enterprise Server ends all pre-receive
// hooks of a push together after 5 seconds.
const defaultBudget = 4 * time.Second

// New returns the hook command.
func New(w host.World) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "hook",
		Short:   "For Git servers: judge a push before it is accepted",
		Example: "  codexlock hook pre-receive   in the file hooks/pre-receive of a repository on the server",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(preReceive(w))
	return cmd
}

func preReceive(w host.World) *cobra.Command {
	timeout := gate.Default(defaultBudget)
	cmd := &cobra.Command{
		Use:   "pre-receive",
		Short: "Judge the commits of a push by the rules of the default branch",
		Long: `pre-receive is run by git receive-pack, in the repository on the server, with a line
OLD NEW REF for each updated ref on standard input. It judges each pushed commit by the
configuration, rules and keys of the default branch as it was before the push, and
refuses the whole push if one is denied. A push to the default branch is compared with
its last commit; another branch or a tag with the commit that it was forked from.

A deleted ref passes, except the default branch. refs/codexlock/* is not judged here:
records are verified when they are read. In an empty repository the first push is judged
by its own configuration.

Exit codes: 0 accepted, 1 denied, 2 usage, 3 could not verify, or out of time. Git
refuses the push for every code but 0.`,
		Example: `  #!/bin/sh
  exec codexlock hook pre-receive --timeout 4s`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			updates, err := readUpdates(w.Stdin)
			if err != nil {
				return err
			}
			return (&push{world: w, timeout: timeout}).judge(cmd.Context(), updates)
		},
	}
	cmd.Flags().Var(&timeout, "timeout", "refuse the push if verification takes longer; 0 for no limit")
	return cmd
}

// A push judges the updates of one push.
type push struct {
	world   host.World
	timeout gate.Option[time.Duration]
	main    branch
	judged  map[comparison]bool // whether it was denied
}

// A branch is the default branch as it is before the push.
type branch struct {
	ref string     // its full name; "" where HEAD names a commit
	tip git.Commit // "": it does not exist
}

// A comparison is one evaluation: a commit, and what it is compared with.
type comparison struct {
	head, base git.Commit
	exact      bool // compared with the base itself, not with the merge base
}

// judge judges the updates within the time of the push.
func (p *push) judge(ctx context.Context, updates []update) error {
	// The gate reads the variables that stand in for flags.
	g, err := gate.New(p.world, gate.Options{Variables: true, Settings: gate.Settings{Timeout: p.timeout}})
	if err != nil {
		return err
	}
	limited, stop := g.Limited(ctx)
	defer stop()
	err = p.all(limited, updates)
	if err != nil && ctx.Err() == nil && limited.Err() != nil {
		return &lateError{context.Cause(limited)}
	}
	return err
}

// all judges every update, so that the client sees all that is denied.
func (p *push) all(ctx context.Context, updates []update) error {
	r, err := repo.OpenPushed(ctx, p.world.Dir, p.world.Env)
	if err != nil {
		return err
	}
	defer r.Close()
	if p.main.ref, p.main.tip, err = r.DefaultBranch(ctx); err != nil {
		return err
	}
	p.judged = map[comparison]bool{}
	denied := false
	for _, u := range updates {
		d, err := p.update(ctx, r, u)
		if err != nil {
			return &updateError{u.ref, err}
		}
		denied = denied || d
	}
	if denied {
		return exit.ErrDenied
	}
	return nil
}

// update judges the update of one ref.
func (p *push) update(ctx context.Context, r *repo.Repository, u update) (denied bool, err error) {
	switch {
	case u.isRecords():
		return false, nil
	case u.deletes() && u.ref == p.main.ref:
		_, err := fmt.Fprintf(p.world.Stdout, "[✗] %s: the default branch was deleted by this push, want it to stay: its rules judge every other push\n", report.Terminal(u.ref))
		return true, err
	case u.deletes():
		return false, nil
	}
	c := comparison{base: p.main.tip, exact: u.ref == p.main.ref}
	if c.head, err = commitOf(ctx, r, u.new); err != nil {
		return false, err
	}
	if c.base == "" && !u.creates() {
		if c.base, err = commitOf(ctx, r, u.old); err != nil {
			return false, err
		}
		c.exact = true
	}
	denied, known := p.judged[c]
	if !known {
		denied, err = p.evaluate(ctx, u.ref, c)
		p.judged[c] = denied
	}
	return denied, err
}

// commitOf returns the commit that an object id names, through a tag too. It asks git in a
// process of its own only for a tag: a push can have many refs.
func commitOf(ctx context.Context, r *repo.Repository, id string) (git.Commit, error) {
	if _, err := r.ReadCommit(ctx, git.Commit(id)); err == nil {
		return git.Commit(id), nil
	}
	return r.Commit(ctx, id)
}

// evaluate runs the gate for one comparison, and prints what was denied.
func (p *push) evaluate(ctx context.Context, ref string, c comparison) (denied bool, err error) {
	r, err := repo.OpenPushed(ctx, p.world.Dir, p.world.Env) // the gate closes it
	if err != nil {
		return false, err
	}
	o := gate.Options{
		Base:      gate.Base{Head: gate.Given(c.head.String()), First: c.base == ""},
		Selection: gate.Selection{Scope: facts.Changed},
		Sources:   gate.Sources{Repository: r, Place: gate.TrustedCommit},
		Settings:  gate.Settings{MaxDenials: gate.MaxDenials, RunTests: true}, // the time is the whole push's
	}
	switch {
	case c.exact && c.base != "":
		o.Base.Exact = gate.Given(c.base.String())
	case c.base != "":
		o.Base.Trusted = gate.Given(c.base.String())
	}
	g, err := gate.New(p.world, o)
	if err != nil {
		return false, err
	}
	err = g.Evaluate(ctx, func(found gate.Outcome) error {
		denied = found.Report.Conclusion == report.Failure
		if !denied {
			_, err := fmt.Fprintf(p.world.Stdout, "[✓] %s: %s verified\n", report.Terminal(ref), report.Count(found.Report.Counts.Artifacts, "changed artifact"))
			return err
		}
		for _, note := range found.Report.Notes {
			fmt.Fprintf(p.world.Stdout, "codexlock: %s\n", report.Terminal(note))
		}
		fmt.Fprintf(p.world.Stdout, "%s:\n", report.Terminal(ref))
		return report.Write("text", p.world.Stdout, found.Report, report.Options{Quiet: true})
	})
	return denied, err
}

// An updateError is a ref that could not be judged, so that the push is refused.
type updateError struct {
	ref string
	err error
}

func (e *updateError) Error() string {
	return fmt.Sprintf("%s could not be verified, so the push is refused: %v", e.ref, e.err)
}

func (e *updateError) Unwrap() error { return e.err }

// A lateError is a push that could not be judged in time.
type lateError struct{ cause error }

func (e *lateError) Error() string { return "the push is refused: " + e.cause.Error() }

// Hint is the next step.
func (e *lateError) Hint() string {
	return "push fewer commits or refs at once, or ask the server's administrator for a longer --timeout of codexlock hook pre-receive"
}
