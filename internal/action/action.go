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
	"strconv"
	"time"

	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/github"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/keys"
	"github.com/codexlock/codexlock/internal/outfile"
	"github.com/codexlock/codexlock/internal/renewals"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/report"
)

// An action is one run of the GitHub Action.
type action struct {
	world  host.World
	in     github.Inputs
	event  github.Event
	check  *github.Check // nil where there is none to close
	report string        // the file with the JSON report

	commits *commitFinder   // nil: the checkout was not opened
	store   *renewals.Store // the renewed records; nil: nobody asked for them
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
	if w.After != "" {
		return w.Fail(a.closeAfter(ctx))
	}
	err := a.run(ctx)
	var notEvaluated *unpostedError
	if err != nil && !errors.Is(err, exit.ErrDenied) && !errors.As(err, &notEvaluated) {
		a.abort(ctx, err)
	}
	return w.Fail(err)
}

// A crashError is a run whose process ended without a result.
type crashError struct{ how string }

func (e *crashError) Error() string {
	return "the process ended without a result (" + e.how + "): nothing was verified"
}

// closeAfter closes the check run that an earlier process of this run began.
func (a *action) closeAfter(ctx context.Context) error {
	crash := &crashError{a.world.After}
	var err error
	if err = a.mask(); err == nil {
		if a.in, err = github.ReadInputs(a.world.Env); err == nil {
			err = a.readEvent()
		}
	}
	if err == nil && !a.event.Deleted {
		_, err = a.start(ctx)
	}
	a.abort(ctx, crash)
	return errors.Join(crash, err)
}

// An unpostedError is a verdict that was reached and that GitHub does not show:
// a required check would wait for it for ever, so the step fails.
type unpostedError struct{ err error }

func (e *unpostedError) Error() string { return "post the verdict: " + e.err.Error() }
func (e *unpostedError) Unwrap() error { return e.err }

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
	commands, err := a.start(ctx)
	if err != nil {
		return err
	}
	defer a.forget()
	g, err := a.gate(ctx)
	if err != nil {
		return err
	}
	r, err := g.Run(ctx)
	if err != nil {
		return err
	}
	return a.publish(ctx, r, commands)
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

// start posts the check run as in progress. A token that may not is no error of
// the change: then, or on request, the verdict goes out as workflow commands.
func (a *action) start(ctx context.Context) (commands bool, err error) {
	if a.in.Annotate == "none" || a.in.Annotate == "commands" {
		return a.in.Annotate == "commands", nil
	}
	get := func(name string) string { v, _ := a.world.Env(name); return v }
	api := get("GITHUB_API_URL")
	if api == "" || a.in.Token == "" {
		if a.in.Annotate == "check" {
			return false, exit.Usagef("input annotate is %q, and there is no GITHUB_API_URL or github-token to post a check run with", a.in.Annotate)
		}
		return true, nil
	}
	client, err := github.NewClient(api, a.in.Token, a.event.Owner, a.event.Repo, github.Clock{Now: a.world.Now, Sleep: a.sleep})
	if err != nil {
		return false, exit.AsUsage(err)
	}
	details := ""
	if server := get("GITHUB_SERVER_URL"); server != "" && a.event.RunID != "" {
		details = server + "/" + a.event.Owner + "/" + a.event.Repo + "/actions/runs/" + a.event.RunID
	}
	a.check, err = client.Start(ctx, github.Run{
		Name: a.in.CheckName, SHA: a.event.CheckSHA, ExternalID: github.ExternalID(a.event), DetailsURL: details,
	})
	var readOnly *github.ReadOnlyTokenError
	if errors.As(err, &readOnly) && a.in.Annotate == "auto" {
		fmt.Fprintf(a.world.Stderr, "codexlock: %v\n", readOnly)
		return true, nil
	}
	return false, err
}

// gate is what the event and the inputs ask for. Its repository is open until forget.
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

// input is an input of the action; an empty one makes no choice.
func input(text string) gate.Option[string] {
	return gate.Option[string]{Value: text, Given: text != ""}
}

// publish writes the report everywhere it belongs.
func (a *action) publish(ctx context.Context, r report.Report, commands bool) error {
	if err := report.Write("text", a.world.Stdout, r, report.Options{}); err != nil {
		return fmt.Errorf("write text: %w", err)
	}
	if commands {
		if err := report.Write("github", a.world.Stdout, r, report.Options{}); err != nil {
			return fmt.Errorf("write workflow commands: %w", err)
		}
	}
	if err := a.files(ctx, r); err != nil {
		return err
	}
	if a.check != nil {
		check := a.check
		a.check = nil // from here on it is closed, or GitHub does not answer
		if err := check.Finish(ctx, github.Verdict{
			Conclusion: string(r.Conclusion), Title: report.Title(r),
			Summary: report.Markdown(r, report.MaxCheckTextBytes), Annotations: report.Annotations(r),
		}); err != nil {
			a.check = check
			return &unpostedError{errors.Join(err, a.abortWith(ctx, "failure", err))}
		}
		if err := a.outputs([]github.Output{{Name: "check-run-url", Value: check.URL()}}); err != nil {
			return err
		}
	}
	if r.Conclusion == report.Failure {
		return exit.ErrDenied
	}
	return nil
}

// files writes the report file, the job's summary and the outputs.
func (a *action) files(ctx context.Context, r report.Report) error {
	if a.in.JSONFile != "" {
		a.report = a.in.JSONFile
		if err := a.writeFile(a.in.JSONFile, func(f io.Writer) error { return report.Write("json", f, r, report.Options{}) }); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
	}
	if a.in.LogFile != "" {
		by := github.WithRun(repo.User(ctx, a.world.Dir, a.world.Env), a.world.Env)
		if err := a.writeFile(a.in.LogFile, func(f io.Writer) error { return report.WriteLogEntries(f, r, by) }); err != nil {
			return fmt.Errorf("write the log's entries: %w", err)
		}
	}
	if file, ok := a.world.Env("GITHUB_STEP_SUMMARY"); ok && file != "" {
		if err := github.WriteSummary(file, report.Markdown(r, report.MaxStepSummaryBytes)); err != nil {
			return fmt.Errorf("write the job's summary: %w", err)
		}
	}
	return a.outputs([]github.Output{
		{Name: "conclusion", Value: string(r.Conclusion)}, {Name: "level", Value: r.Level},
		{Name: "artifacts", Value: strconv.Itoa(r.Counts.Artifacts)}, {Name: "denied", Value: strconv.Itoa(r.Counts.Deny)},
		{Name: "warned", Value: strconv.Itoa(r.Counts.Warn)}, {Name: "valid-until", Value: r.ValidUntil}, {Name: "report-file", Value: a.report},
	})
}

// workspace is the folder that the job's steps share.
func (a *action) workspace() string {
	if dir, ok := a.world.Env("GITHUB_WORKSPACE"); ok && dir != "" {
		return dir
	}
	return a.world.Dir
}

// writeFile writes a file that an input names: inside the workspace, and through no
// link, since both the file and the folders above it may come from a change.
func (a *action) writeFile(name string, fill func(io.Writer) error) error {
	return outfile.Folder{Root: a.workspace(), Confined: true}.Write(a.world.Path(name), fill)
}

func (a *action) outputs(outputs []github.Output) error {
	file, ok := a.world.Env("GITHUB_OUTPUT")
	if !ok || file == "" {
		return nil
	}
	if err := github.WriteOutputs(file, a.world.Random, outputs); err != nil {
		return fmt.Errorf("write outputs: %w", err)
	}
	return nil
}

// abort closes the check run of a run that could not verify, and says so where
// else it would be looked for.
func (a *action) abort(ctx context.Context, cause error) {
	conclusion := "failure"
	if ctx.Err() != nil {
		conclusion = "cancelled"
	}
	if err := a.abortWith(ctx, conclusion, cause); err != nil {
		fmt.Fprintf(a.world.Stderr, "codexlock: close the check run: %s\n", report.Terminal(err.Error()))
	}
	text := "## ❌ Could not verify\n\n" + report.Code(cause.Error()) + "\n"
	if file, ok := a.world.Env("GITHUB_STEP_SUMMARY"); ok && file != "" {
		if err := github.WriteSummary(file, text); err != nil {
			fmt.Fprintf(a.world.Stderr, "codexlock: write the job's summary: %s\n", report.Terminal(err.Error()))
		}
	}
	if err := a.outputs([]github.Output{{Name: "conclusion", Value: "failure"}, {Name: "level", Value: "non-compliant"}}); err != nil {
		fmt.Fprintf(a.world.Stderr, "codexlock: %s\n", report.Terminal(err.Error()))
	}
}

// abortWith closes the check run without a verdict.
func (a *action) abortWith(ctx context.Context, conclusion string, cause error) error {
	if a.check == nil {
		return nil
	}
	check := a.check
	a.check = nil
	summary := "Nothing was proved, so nothing passes.\n\n" + report.Code(cause.Error())
	if hint := exit.Hint(cause); hint != "" {
		summary += "\n\nhint: " + report.Code(hint)
	}
	return check.Abort(ctx, conclusion, "Could not verify", summary)
}

// sleep is how the action waits: for real, unless a test's world says otherwise.
func (a *action) sleep(ctx context.Context, d time.Duration) error {
	if a.world.Sleep != nil {
		return a.world.Sleep(ctx, d)
	}
	return github.Sleep(ctx, d)
}
