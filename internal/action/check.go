package action

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/github"
	"github.com/codexlock/codexlock/internal/report"
)

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
	if err == nil && !a.event.Deleted && a.postsCheck() {
		var client *github.Client
		if client, err = a.client(); err == nil {
			err = client.Conclude(ctx, a.checkRun(), "failure", notVerified, notVerifiedSummary(crash))
		}
		a.printUnclosed(err)
	}
	a.abort(ctx, crash)
	return errors.Join(crash, err)
}

// An unpostedError is a verdict that was reached and that GitHub does not show: a required
// check would wait for it for ever, so the step fails.
type unpostedError struct{ err error }

func (e *unpostedError) Error() string { return "post the verdict: " + e.err.Error() }
func (e *unpostedError) Unwrap() error { return e.err }

// postsCheck reports whether the inputs ask for a check run, and there is an API for it.
func (a *action) postsCheck() bool {
	api, _ := a.world.Env("GITHUB_API_URL")
	return (a.in.Annotate == "auto" || a.in.Annotate == "check") && api != "" && a.in.Token != ""
}

// start posts the check run as in progress. If the token may not, findings are shown as workflow
// commands, and the result is that of the step.
func (a *action) start(ctx context.Context) error {
	if !a.postsCheck() {
		if a.in.Annotate == "check" {
			return exit.Usagef("input annotate is %q, and there is no GITHUB_API_URL or github-token to post a check run with", a.in.Annotate)
		}
		a.commands = a.in.Annotate != "none"
		return nil
	}
	client, err := a.client()
	if err != nil {
		return err
	}
	a.check, err = client.Start(ctx, a.checkRun())
	var readOnly *github.ReadOnlyTokenError
	if errors.As(err, &readOnly) && a.in.Annotate == "auto" {
		a.commands = true
		a.noteReadOnly(readOnly)
		return nil
	}
	return err
}

func (a *action) client() (*github.Client, error) {
	api, _ := a.world.Env("GITHUB_API_URL")
	client, err := github.NewClient(api, a.in.Token, a.event.Owner, a.event.Repo, github.Clock{Now: a.world.Now, Sleep: a.sleep}, a.until)
	if err != nil {
		return nil, exit.AsUsage(err)
	}
	return client, nil
}

// checkRun names the check run of this attempt.
func (a *action) checkRun() github.Run {
	details := ""
	if server, _ := a.world.Env("GITHUB_SERVER_URL"); server != "" && a.event.RunID != "" {
		details = server + "/" + a.event.Owner + "/" + a.event.Repo + "/actions/runs/" + a.event.RunID
	}
	return github.Run{
		Name: a.in.CheckName, SHA: a.event.CheckSHA, Identity: github.Identify(a.event, a.in, a.world.Env, a.world.Names()), DetailsURL: details,
	}
}

// post closes the check run with the verdict.
func (a *action) post(ctx context.Context, r report.Report, at report.Places) error {
	if a.check == nil {
		return nil
	}
	shown, all := report.Annotations(r, at)
	summary := report.Markdown(r, github.MaxSummaryBytes-maxNoteBytes)
	if note := report.AnnotationsNote(len(shown), all); note != "" {
		summary += "\n" + note + "\n"
	}
	unannotated, err := a.check.Finish(ctx, github.Verdict{
		Conclusion: string(r.Conclusion), Title: report.Title(r),
		Summary: summary, Annotations: shown,
	})
	var superseded *github.SupersededError
	if errors.As(err, &superseded) {
		a.check = nil // it is closed, dated back
	}
	if err != nil {
		return &unpostedError{err}
	}
	if unannotated != nil {
		a.commands = true
		a.world.Note(fmt.Sprintf("the check run has the verdict without annotations: %v", unannotated))
	}
	return nil
}

// notVerified is the title of a check run without a verdict.
const notVerified = "Could not verify"

// notVerifiedSummary returns the reason for a run without a verdict, as Markdown.
func notVerifiedSummary(cause error) string {
	summary := "Nothing was proved, so nothing passes.\n\n" + report.CodeWithin(cause.Error(), maxReasonBytes)
	if hint := exit.HintOn(cause, exit.GitHub); hint != "" {
		summary += "\n\nhint: " + report.CodeWithin(hint, maxReasonBytes)
	}
	return summary
}

// maxNoteBytes bounds the note on how many findings are annotated.
const maxNoteBytes = 256

// maxReasonBytes bounds a reason in a summary.
const maxReasonBytes = 16 << 10

// closeCheck closes the check run without a verdict.
func (a *action) closeCheck(ctx context.Context, cause error) error {
	if a.check == nil {
		return nil
	}
	check := a.check
	a.check = nil
	conclusion := "failure"
	var over *budgetError
	switch {
	case errors.As(context.Cause(ctx), &over):
		conclusion = "timed_out"
	case ctx.Err() != nil:
		conclusion = "cancelled"
	}
	return check.Abort(ctx, conclusion, notVerified, notVerifiedSummary(cause))
}

// printUnclosed prints a check run that stays in progress as an error of the job, because it is
// not noticed in a log.
func (a *action) printUnclosed(err error) {
	var unclosed *github.UnclosedError
	if errors.As(err, &unclosed) {
		if err := report.WriteCommand(a.world.Stdout, "error", "Codexlock", unclosed.Error()+"\nhint: "+unclosed.Hint()); err != nil {
			a.world.Warn(err)
		}
	}
}

// sleep waits, unless a test replaces it.
func (a *action) sleep(ctx context.Context, d time.Duration) error {
	if a.world.Sleep != nil {
		return a.world.Sleep(ctx, d)
	}
	return github.Sleep(ctx, d)
}
