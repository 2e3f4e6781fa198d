package github

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	gh "github.com/google/go-github/v66/github"

	"github.com/codexlock/codexlock/internal/report"
)

const (
	// batch is the number of annotations that a request may have (REST API, "Create a
	// check run", output.annotations).
	batch = 50
	// maxAnnotations bounds the requests of one check run. Nobody reads more than a thousand
	// annotations, and the report has all of them.
	maxAnnotations = 20 * batch
	// pause is the time between two writes ("at least one second between each request":
	// GitHub docs, best practices for the REST API).
	pause = time.Second
	// closing is the time limit for closing a check run.
	closeTimeout = 5 * time.Second
)

// A Run has the name of a check run and the commit that it is posted on.
type Run struct {
	Name       string
	SHA        string
	ExternalID string
	DetailsURL string
}

// ExternalID identifies one attempt of one run on one change, so that a check run whose
// response was lost is found again and not posted twice.
func ExternalID(e Event) string {
	h := sha256.New()
	for _, part := range []string{e.Owner, e.Repo, e.Name, e.Base, e.BaseBranch, e.Head, e.CheckSHA, e.RunID, e.Attempt} {
		fmt.Fprintf(h, "%d:%s,", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// A Check is a check run in progress. The caller must call Finish or Abort.
type Check struct {
	client *Client
	run    Run
	id     int64
	url    string
	posted int // number of annotations on the server
}

// URL returns the address of the check run's page.
func (k *Check) URL() string { return k.url }

// Start posts the check run as in progress, or continues the one that an earlier try
// posted. Its error is a *ReadOnlyTokenError if the token may not write.
func (c *Client) Start(ctx context.Context, run Run) (*Check, error) {
	var last error
	for try := range maxTries {
		if try > 0 {
			if err := c.clock.Sleep(ctx, time.Second<<(try-1)); err != nil {
				return nil, err
			}
		}
		found, err := c.find(ctx, run)
		if err != nil {
			return nil, fmt.Errorf("look for the check run: %w", readOnly(err))
		}
		if found == nil {
			found, _, err = c.api.Checks.CreateCheckRun(ctx, c.owner, c.repo, gh.CreateCheckRunOptions{
				Name: run.Name, HeadSHA: run.SHA, ExternalID: gh.String(run.ExternalID), DetailsURL: optional(run.DetailsURL),
				Status: gh.String("in_progress"), StartedAt: &gh.Timestamp{Time: c.clock.Now().UTC()},
			})
		}
		if err == nil && found.GetID() == 0 {
			err = fmt.Errorf("the answer names no check run")
		}
		if err == nil {
			return &Check{client: c, run: run, id: found.GetID(), url: found.GetHTMLURL(), posted: found.GetOutput().GetAnnotationsCount()}, nil
		}
		if last = readOnly(err); refused(err) || ctx.Err() != nil {
			break
		}
	}
	return nil, fmt.Errorf("post the check run: %w", last)
}

// find searches all pages for the check run of this attempt.
func (c *Client) find(ctx context.Context, run Run) (*gh.CheckRun, error) {
	o := &gh.ListCheckRunsOptions{CheckName: gh.String(run.Name), Filter: gh.String("all"), ListOptions: gh.ListOptions{PerPage: 100}}
	for page := 1; page != 0 && page <= 100; {
		o.Page = page
		list, answer, err := c.api.Checks.ListCheckRunsForRef(ctx, c.owner, c.repo, run.SHA, o)
		if err != nil {
			return nil, err
		}
		for _, r := range list.CheckRuns {
			if r.GetName() == run.Name && r.GetExternalID() == run.ExternalID {
				return r, nil
			}
		}
		page = answer.NextPage
	}
	return nil, nil
}

// A Verdict is the final content of a check run.
type Verdict struct {
	Conclusion  string // success, neutral, failure, cancelled, timed_out, action_required
	Title       string
	Summary     string // Markdown, at most report.MaxCheckTextBytes
	Annotations []report.Annotation
}

// conclusions are the allowed conclusions of a verdict. "skipped" is not among them,
// because a skipped required check passes.
var conclusions = []string{"success", "neutral", "failure", "cancelled", "timed_out", "action_required"}

// Finish posts the annotations, closes the check run, and reads it back: only
// what the server returns counts as posted.
func (k *Check) Finish(ctx context.Context, v Verdict) error {
	if !oneOf(v.Conclusion, conclusions...) {
		return fmt.Errorf("close the check run: conclusion is %q, want one of %s", v.Conclusion, strings.Join(conclusions, ", "))
	}
	annotations := v.Annotations[:min(len(v.Annotations), maxAnnotations)]
	for k.posted < len(annotations) {
		next := annotations[k.posted:min(k.posted+batch, len(annotations))]
		if err := k.annotate(ctx, v, next); err != nil {
			return fmt.Errorf("post annotations: %w", readOnly(err))
		}
		if err := k.client.clock.Sleep(ctx, pause); err != nil {
			return err
		}
	}
	if err := k.close(ctx, v); err != nil {
		return fmt.Errorf("close the check run: %w", readOnly(err))
	}
	return nil
}

// annotate posts one batch. The server appends annotations: if a response was lost, the
// server's count shows whether they arrived.
func (k *Check) annotate(ctx context.Context, v Verdict, next []report.Annotation) error {
	want := k.posted + len(next)
	o := gh.UpdateCheckRunOptions{Name: k.run.Name, Status: gh.String("in_progress"), Output: output(v, next)}
	return k.write(ctx, o, func(r *gh.CheckRun) bool {
		if r.GetOutput().GetAnnotationsCount() < want {
			return false
		}
		k.posted = want
		return true
	})
}

func (k *Check) close(ctx context.Context, v Verdict) error {
	o := gh.UpdateCheckRunOptions{
		Name: k.run.Name, Status: gh.String("completed"), Conclusion: gh.String(v.Conclusion),
		CompletedAt: &gh.Timestamp{Time: k.client.clock.Now().UTC()}, Output: output(v, nil),
	}
	return k.write(ctx, o, func(r *gh.CheckRun) bool {
		return r.GetStatus() == "completed" && r.GetConclusion() == v.Conclusion
	})
}

// write updates the check run until the server shows the update.
func (k *Check) write(ctx context.Context, o gh.UpdateCheckRunOptions, shown func(*gh.CheckRun) bool) error {
	c := k.client
	var last error
	for try := range maxTries {
		if try > 0 {
			if err := c.clock.Sleep(ctx, time.Second<<(try-1)); err != nil {
				return err
			}
		}
		_, _, last = c.api.Checks.UpdateCheckRun(ctx, c.owner, c.repo, k.id, o)
		if last != nil && refused(last) {
			return last
		}
		now, _, err := c.api.Checks.GetCheckRun(ctx, c.owner, c.repo, k.id)
		switch {
		case err != nil:
			return err
		case shown(now):
			return nil
		case last == nil:
			last = fmt.Errorf("the server took the update and does not show it")
		}
	}
	return last
}

func output(v Verdict, annotations []report.Annotation) *gh.CheckRunOutput {
	o := &gh.CheckRunOutput{Title: gh.String(v.Title), Summary: gh.String(v.Summary)}
	for _, a := range annotations {
		out := &gh.CheckRunAnnotation{
			Path: gh.String(a.Path), StartLine: gh.Int(a.StartLine), EndLine: gh.Int(a.EndLine),
			AnnotationLevel: gh.String(a.Level), Message: gh.String(a.Message), Title: gh.String(a.Title),
		}
		if a.StartLine == a.EndLine { // GitHub refuses columns otherwise
			out.StartColumn, out.EndColumn = gh.Int(a.StartColumn), gh.Int(a.EndColumn)
		}
		o.Annotations = append(o.Annotations, out)
	}
	return o
}

// Abort closes the check run of a run without a verdict. It does so within a few seconds,
// even if the run's own context has ended.
func (k *Check) Abort(ctx context.Context, conclusion, title, summary string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	return k.Finish(ctx, Verdict{Conclusion: conclusion, Title: title, Summary: summary})
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
