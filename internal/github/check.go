package github

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	gh "github.com/google/go-github/v66/github"

	"github.com/codexlock/codexlock/internal/report"
)

const (
	// batch is the number of annotations that a request may have (REST API, "Create a
	// check run", output.annotations).
	batch = 50
	// pause is the time between two writes ("at least one second between each request":
	// GitHub docs, best practices for the REST API).
	pause = time.Second
	// noteRoom is the part of a summary that Finish may need for a note of its own.
	noteRoom = 1024
	// MaxSummaryBytes bounds the summary of a verdict.
	MaxSummaryBytes = report.MaxCheckTextBytes - noteRoom
)

// A Run has the name of a check run and the commit that it is posted on.
type Run struct {
	Name       string
	SHA        string
	Identity   Identity
	DetailsURL string
}

// A Check is a check run in progress. The caller must call Finish or Abort.
type Check struct {
	client  *Client
	run     Run
	id      int64
	url     string
	started time.Time
	posted  int // number of annotations on the server
}

// URL returns the address of the check run's page.
func (k *Check) URL() string { return k.url }

// A SupersededError is an attempt that ends after a later one of the same run has begun. Its
// verdict is not posted, because GitHub shows the check run that was completed last.
type SupersededError struct{ Attempt, By int }

func (e *SupersededError) Error() string {
	return fmt.Sprintf("this is attempt %d of the workflow run, and attempt %d has begun: only the latest attempt posts a verdict", e.Attempt, e.By)
}

// An UnclosedError is a check run that is in progress on GitHub, or may be, and that nothing
// closes any more.
type UnclosedError struct {
	Name string
	Err  error
}

func (e *UnclosedError) Error() string {
	return fmt.Sprintf("the check run %q could not be closed and may stay in progress: %v", e.Name, e.Err)
}

func (e *UnclosedError) Unwrap() error { return e.Err }

// Hint is the next step.
func (e *UnclosedError) Hint() string {
	return "run the job again: the next attempt closes what this one left"
}

// Start closes what earlier attempts left in progress, and posts the check run as in
// progress, or continues the one that an earlier try posted. A completed one is never
// continued. Its error is a *ReadOnlyTokenError if the token may not write, a
// *SupersededError if a later attempt has begun, and an *UnclosedError if a check run may be
// left.
func (c *Client) Start(ctx context.Context, run Run) (*Check, error) {
	sent := false // a check run may be there
	check, err := c.start(ctx, run, &sent)
	if err == nil || !sent {
		return check, err
	}
	if readOnly := new(ReadOnlyTokenError); errors.As(err, &readOnly) {
		err = errors.New(err.Error()) // a token that may have posted one is not read-only
	}
	if failed := c.closeOwn(ctx, run, "The check run was posted, and could not be continued."); failed != nil {
		return nil, &UnclosedError{Name: run.Name, Err: fmt.Errorf("%w; closing it: %w", err, failed)}
	}
	return nil, err
}

// closeOwn closes the check run of this attempt where one is in progress.
func (c *Client) closeOwn(ctx context.Context, run Run, summary string) error {
	conclusion := "failure"
	if ctx.Err() != nil {
		conclusion = "cancelled"
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	hurried := c.hurried()
	seen, err := hurried.look(ctx, run)
	if err != nil || seen.own == nil {
		return err
	}
	return hurried.check(run, seen.own).Abort(ctx, conclusion, "Could not verify", summary)
}

// Conclude closes the check run of an attempt whose process ended without closing it, or
// posts one. A completed one stays.
func (c *Client) Conclude(ctx context.Context, run Run, conclusion, title, summary string) error {
	if seen, err := c.look(ctx, run); err == nil && seen.done {
		return nil
	}
	check, err := c.Start(ctx, run)
	if err != nil {
		return err
	}
	return check.Abort(ctx, conclusion, title, summary)
}

func (c *Client) start(ctx context.Context, run Run, sent *bool) (*Check, error) {
	var last error
	for try := range maxTries {
		if try > 0 {
			if err := c.backoff(ctx, try, last); err != nil {
				return nil, err
			}
		}
		seen, err := c.look(ctx, run)
		switch {
		case err != nil:
			return nil, fmt.Errorf("look for the check run: %w", readOnly(err))
		case seen.latest > run.Identity.attempt:
			return nil, &SupersededError{Attempt: run.Identity.attempt, By: seen.latest}
		}
		if try == 0 {
			c.closeStale(ctx, run, seen.stale)
		}
		found := seen.own
		if found == nil {
			found, _, err = c.api.Checks.CreateCheckRun(ctx, c.owner, c.repo, gh.CreateCheckRunOptions{
				Name: run.Name, HeadSHA: run.SHA, ExternalID: gh.String(run.Identity.String()), DetailsURL: optional(run.DetailsURL),
				Status: gh.String("in_progress"), StartedAt: &gh.Timestamp{Time: c.clock.Now().UTC()},
			})
			*sent = *sent || err == nil || !refused(err)
		}
		if err == nil && found.GetID() == 0 {
			err = errors.New("the answer names no check run")
		}
		if err == nil {
			return c.check(run, found), nil
		}
		if last = readOnly(err); refused(err) || ctx.Err() != nil {
			break
		}
	}
	return nil, fmt.Errorf("post the check run: %w", last)
}

func (c *Client) check(run Run, r *gh.CheckRun) *Check {
	started := r.GetStartedAt().Time
	if started.IsZero() {
		started = c.clock.Now()
	}
	return &Check{client: c, run: run, id: r.GetID(), url: r.GetHTMLURL(), started: started, posted: r.GetOutput().GetAnnotationsCount()}
}

// backoff waits before a try, longer each time, unless the time of the run ends before.
func (c *Client) backoff(ctx context.Context, try int, last error) error {
	wait := time.Second << (try - 1)
	if left := c.transport.until.Sub(c.clock.Now()); wait > left {
		return fmt.Errorf("no time is left to try again: %w", last)
	}
	return c.clock.Sleep(ctx, wait)
}

// A sight is what a look at the check runs of a commit finds of this step.
type sight struct {
	own    *gh.CheckRun   // of this attempt, not completed
	done   bool           // one of this attempt is completed
	stale  []*gh.CheckRun // of earlier attempts, not completed
	latest int            // the highest attempt
}

// look searches all pages for the check runs of this step.
func (c *Client) look(ctx context.Context, run Run) (sight, error) {
	var seen sight
	o := &gh.ListCheckRunsOptions{CheckName: gh.String(run.Name), Filter: gh.String("all"), ListOptions: gh.ListOptions{PerPage: 100}}
	for page := 1; page != 0 && page <= 100; {
		o.Page = page
		list, answer, err := c.api.Checks.ListCheckRunsForRef(ctx, c.owner, c.repo, run.SHA, o)
		if err != nil {
			return sight{}, err
		}
		for _, r := range list.CheckRuns {
			id, ok := parseIdentity(r.GetExternalID())
			if !ok || r.GetName() != run.Name || id.lineage != run.Identity.lineage {
				continue
			}
			seen.latest = max(seen.latest, id.attempt)
			switch {
			case r.GetStatus() == "completed":
				seen.done = seen.done || id == run.Identity
			case id == run.Identity:
				seen.own = r
			case id.attempt < run.Identity.attempt:
				seen.stale = append(seen.stale, r)
			}
		}
		page = answer.NextPage
	}
	return seen, nil
}

// closeStale closes check runs of earlier attempts, whose processes have ended: GitHub
// starts no attempt before. A failure is not one of this attempt, whose own check run is
// shown in their place.
func (c *Client) closeStale(ctx context.Context, run Run, stale []*gh.CheckRun) {
	for _, r := range stale {
		title := fmt.Sprintf("Superseded by attempt %d", run.Identity.attempt)
		_ = c.check(run, r).close(ctx, Verdict{Conclusion: "cancelled", Title: title, Summary: "The attempt ended without a verdict."}, c.clock.Now())
	}
}

// A Verdict is the final content of a check run.
type Verdict struct {
	Conclusion  string // success, neutral, failure, cancelled, timed_out, action_required
	Title       string
	Summary     string // Markdown, at most MaxSummaryBytes
	Annotations []report.Annotation
}

// conclusions are the allowed conclusions of a verdict. "skipped" is not among them,
// because a skipped required check passes.
var conclusions = []string{"success", "neutral", "failure", "cancelled", "timed_out", "action_required"}

// Finish posts the annotations and closes the check run: only what the server returns counts
// as posted. If the annotations cannot be posted, the verdict is posted without them, and
// unannotated is the reason. The error is a *SupersededError if a later attempt has begun;
// then the check run is closed as cancelled.
func (k *Check) Finish(ctx context.Context, v Verdict) (unannotated, err error) {
	if !slices.Contains(conclusions, v.Conclusion) {
		return nil, fmt.Errorf("close the check run: conclusion is %q, want one of %s", v.Conclusion, strings.Join(conclusions, ", "))
	}
	seen, err := k.client.look(ctx, k.run)
	if err != nil {
		return nil, fmt.Errorf("look for a later attempt: %w", err)
	}
	if seen.latest > k.run.Identity.attempt {
		return nil, k.superseded(ctx, seen)
	}
	for k.posted < len(v.Annotations) && unannotated == nil {
		next := v.Annotations[k.posted:min(k.posted+batch, len(v.Annotations))]
		if unannotated = k.annotate(ctx, v, next); ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err := k.client.clock.Sleep(ctx, pause); err != nil {
			return nil, err
		}
	}
	if unannotated != nil {
		note := report.CodeWithin("GitHub did not take the annotations, so they are missing here: "+unannotated.Error(), noteRoom/2)
		v.Summary = note + "\n\n" + v.Summary
	}
	if err := k.close(ctx, v, k.client.clock.Now()); err != nil {
		return unannotated, fmt.Errorf("close the check run: %w", err)
	}
	return unannotated, nil
}

// superseded closes the check run of an attempt that is not the latest. It is dated back to
// when it began, so that it is not shown as the latest either.
func (k *Check) superseded(ctx context.Context, seen sight) error {
	err := error(&SupersededError{Attempt: k.run.Identity.attempt, By: seen.latest})
	if seen.own == nil {
		return err // the later attempt closed it
	}
	title := fmt.Sprintf("Superseded by attempt %d", seen.latest)
	if failed := k.close(ctx, Verdict{Conclusion: "cancelled", Title: title, Summary: report.Code(err.Error())}, k.started); failed != nil {
		return &UnclosedError{Name: k.run.Name, Err: fmt.Errorf("%w; closing it: %w", err, failed)}
	}
	return err
}

// annotate posts one batch. The server appends annotations, so that a batch whose answer was
// lost is repeated only after a look at how many there are. The request has no status: that
// of a check run that somebody closed meanwhile stays.
func (k *Check) annotate(ctx context.Context, v Verdict, next []report.Annotation) error {
	want := k.posted + len(next)
	o := gh.UpdateCheckRunOptions{Name: k.run.Name, Output: output(v, next)}
	var last error
	for try := range maxTries {
		if try > 0 {
			if err := k.client.backoff(ctx, try, last); err != nil {
				return err
			}
			now, _, err := k.client.api.Checks.GetCheckRun(ctx, k.client.owner, k.client.repo, k.id)
			if err != nil {
				return fmt.Errorf("%w; counting the annotations: %w", last, err)
			}
			switch n := now.GetOutput().GetAnnotationsCount(); n {
			case want:
				k.posted = want
				return nil
			case k.posted: // it did not arrive
			default:
				return fmt.Errorf("the check run has %d annotations, want %d or %d: another process adds some", n, k.posted, want)
			}
		}
		var r *gh.CheckRun
		if r, last = k.update(ctx, o); last == nil && r.GetID() == k.id {
			k.posted = want
			return nil
		}
		if last == nil {
			last = fmt.Errorf("the answer is about check run %d, want %d", r.GetID(), k.id)
		}
		if refused(last) || ctx.Err() != nil {
			return last
		}
	}
	return last
}

// close completes the check run. It may be repeated, because it sets the same values.
func (k *Check) close(ctx context.Context, v Verdict, at time.Time) error {
	o := gh.UpdateCheckRunOptions{
		Name: k.run.Name, Status: gh.String("completed"), Conclusion: gh.String(v.Conclusion),
		CompletedAt: &gh.Timestamp{Time: at.UTC()}, Output: output(v, nil),
	}
	var last error
	for try := range maxTries {
		if try > 0 {
			if err := k.client.backoff(ctx, try, last); err != nil {
				return err
			}
		}
		var r *gh.CheckRun
		if r, last = k.update(ctx, o); last == nil && closed(r, k.id, v.Conclusion) {
			return nil
		}
		switch {
		case last == nil:
			last = fmt.Errorf("the answer says that check run %d is %q with conclusion %q", r.GetID(), r.GetStatus(), r.GetConclusion())
		case status(last) == http.StatusUnprocessableEntity && o.Output.GetSummary() != plainSummary:
			o.Output = &gh.CheckRunOutput{Title: gh.String(v.Title), Summary: gh.String(plainSummary)} // the text may be the reason
		case refused(last) || ctx.Err() != nil:
			return last
		}
	}
	now, _, err := k.client.api.Checks.GetCheckRun(ctx, k.client.owner, k.client.repo, k.id)
	switch {
	case err == nil && closed(now, k.id, v.Conclusion):
		return nil
	case err == nil:
		return last
	}
	return fmt.Errorf("%w; looking at it: %w", last, err)
}

// plainSummary stands in for a summary that GitHub refuses.
const plainSummary = "The summary of the job has the report."

func closed(r *gh.CheckRun, id int64, conclusion string) bool {
	return r.GetID() == id && r.GetStatus() == "completed" && r.GetConclusion() == conclusion
}

func (k *Check) update(ctx context.Context, o gh.UpdateCheckRunOptions) (*gh.CheckRun, error) {
	r, _, err := k.client.api.Checks.UpdateCheckRun(ctx, k.client.owner, k.client.repo, k.id, o)
	return r, err
}

// noFile is the path of an annotation without a file. The API requires a path; the
// annotations of a job that have no file get this one.
const noFile = ".github"

func output(v Verdict, annotations []report.Annotation) *gh.CheckRunOutput {
	o := &gh.CheckRunOutput{Title: gh.String(v.Title), Summary: gh.String(v.Summary)}
	for _, a := range annotations {
		out := &gh.CheckRunAnnotation{
			Path: gh.String(cmp.Or(a.Path, noFile)), StartLine: gh.Int(a.StartLine), EndLine: gh.Int(a.EndLine),
			AnnotationLevel: gh.String(a.Level), Message: gh.String(a.Message), Title: gh.String(a.Title),
		}
		if a.Details != "" {
			out.RawDetails = gh.String(a.Details)
		}
		if a.StartLine == a.EndLine { // GitHub refuses columns otherwise
			out.StartColumn, out.EndColumn = gh.Int(a.StartColumn), gh.Int(a.EndColumn)
		}
		o.Annotations = append(o.Annotations, out)
	}
	return o
}

// Abort closes the check run of a run without a verdict. It does so within a few seconds,
// even if the run's own context has ended. Its error is an *UnclosedError.
func (k *Check) Abort(ctx context.Context, conclusion, title, summary string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	hurried := *k
	hurried.client = k.client.hurried()
	if err := hurried.close(ctx, Verdict{Conclusion: conclusion, Title: title, Summary: summary}, hurried.client.clock.Now()); err != nil {
		return &UnclosedError{Name: k.run.Name, Err: err}
	}
	return nil
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
