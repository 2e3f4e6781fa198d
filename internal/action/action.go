// Package action is the GitHub Action: it reads the event and the inputs of a workflow, runs
// the gate on the event's change, and posts the verdict as a check run, or as workflow
// commands where the token may not.
package action

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/github"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/keys"
	"github.com/codexlock/codexlock/internal/renewals"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/report"
)

// An action is one run of the GitHub Action.
type action struct {
	world host.World
	in    github.Inputs
	event github.Event
	until time.Time      // when the time of the run is over
	check *github.Check  // nil: nothing has to be closed
	done  *report.Report // nil: nothing was evaluated

	commands bool   // findings are shown as workflow commands
	written  string // the file with the JSON report, once it is written

	commits *commitFinder   // nil: the checkout was not opened
	store   *renewals.Store // the renewed records; nil: they were not asked for
	fetched *repo.Fetched   // where they are; nil: nowhere
}

// Main runs the gate on the event that a GitHub workflow was started for, posts
// the verdict as a check run and returns the step's exit code: the verdict too.
func Main(ctx context.Context, w host.World) (code int) {
	a := &action{world: w}
	defer w.End(&code)
	if code, served := gate.Serve(ctx, w); served {
		return code
	}
	defer func() {
		if p := recover(); p != nil {
			a.abort(ctx, fmt.Errorf("internal error: %v", p))
			panic(p)
		}
	}()
	ctx, stop := a.limit(ctx)
	defer stop()
	if w.After != "" {
		return w.Fail(a.closeAfter(ctx))
	}
	err := a.run(ctx)
	if err != nil && !errors.Is(err, exit.ErrDenied) {
		a.abort(ctx, err)
	}
	return w.Fail(err)
}

func (a *action) run(ctx context.Context) error {
	if err := a.mask(); err != nil {
		return err
	}
	var err error
	if a.in, err = github.ReadInputs(a.world.Env); err != nil {
		return exit.AsUsage(err)
	}
	if err := a.readEvent(); err != nil {
		return err
	}
	if a.event.Deleted {
		fmt.Fprintln(a.world.Stderr, "codexlock: the ref was deleted, there is nothing to verify")
		return nil
	}
	if err := a.start(ctx); err != nil {
		return err
	}
	defer a.forget()
	g, err := a.gate(ctx)
	if err != nil {
		return err
	}
	return g.Evaluate(ctx, func(o gate.Outcome) error { return a.publish(ctx, o.Repository, o.Report) })
}

// mask asks the runner, before anything else is printed, to hide the keys.
func (a *action) mask() error {
	for _, secret := range keys.Secrets(a.world.Env, a.world.KeyFile, a.world.Names()) {
		if err := github.Mask(a.world.Stdout, secret); err != nil {
			return err
		}
	}
	return nil
}

func (a *action) readEvent() error {
	var text []byte
	if file, ok := a.world.Env("GITHUB_EVENT_PATH"); ok && file != "" {
		f, err := os.Open(file)
		if err != nil {
			return fmt.Errorf("read the event: %w", err)
		}
		defer f.Close()
		if text, err = io.ReadAll(io.LimitReader(f, github.MaxEventBytes+1)); err != nil {
			return fmt.Errorf("read the event: %w", err)
		}
		if len(text) > github.MaxEventBytes {
			return fmt.Errorf("read the event: it has over %d bytes", github.MaxEventBytes)
		}
	}
	var err error
	a.event, err = github.ReadEvent(a.world.Env, text)
	return err
}

// gate returns the gate for the event and the inputs. Its repository is open until forget.
func (a *action) gate(ctx context.Context) (*gate.Gate, error) {
	w := a.world
	w.Dir = filepath.Join(a.workspace(), a.in.WorkingDirectory)
	base, err := a.openCommits(ctx, w.Dir)
	if err != nil {
		return nil, err
	}
	o := gate.Options{
		Base:      base,
		Selection: gate.Selection{Scope: facts.Changed},
		Sources:   gate.Sources{Config: input(a.in.Config), Policies: a.in.Policies, Place: gate.TrustedCommit, Repository: a.commits.repository(), Renewals: a.renewals},
		Settings: gate.Settings{
			MinimumLevel: input(a.in.MinimumLevel), FailOnWarn: gate.Given(a.in.FailOnWarn),
			Timeout: gate.Default(gate.DefaultTimeout), MaxDenials: gate.MaxDenials, RunTests: true,
		},
	}
	if a.event.All && a.in.Scope != "changed" || a.in.Scope == "all" {
		o.Selection.Scope = facts.All
	}
	return gate.New(w, o)
}

// input returns the choice of an input; an empty one makes none.
func input(text string) gate.Option[string] {
	return gate.Option[string]{Value: text, Given: text != ""}
}
