package github_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/github"
	"github.com/codexlock/codexlock/internal/github/githubtest"
	"github.com/codexlock/codexlock/internal/report"
)

const sha = "0123456789abcdef0123456789abcdef01234567"

// budget is the time of a run in these tests.
const budget = 20 * time.Minute

// A clock whose time passes only by sleeping.
type clock struct {
	mu    sync.Mutex // the server reads it too
	now   time.Time
	slept time.Duration
}

func (c *clock) time() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) clock() github.Clock {
	return github.Clock{
		Now: c.time,
		Sleep: func(ctx context.Context, d time.Duration) error {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.now, c.slept = c.now.Add(d), c.slept+d
			return ctx.Err()
		},
	}
}

func start(t *testing.T) (*githubtest.Server, *github.Client, *clock) {
	t.Helper()
	s, err := githubtest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		for _, e := range s.Errors() {
			t.Errorf("against GitHub's description: %s", e)
		}
	})
	c := &clock{now: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)}
	s.Now = c.time
	client, err := github.NewClient(s.URL, "token", "o", "r", c.clock(), c.now.Add(budget))
	if err != nil {
		t.Fatal(err)
	}
	return s, client, c
}

var run = attempt(1)

// attempt is the check run of an attempt of one workflow run.
func attempt(n int) github.Run {
	e := github.Event{Name: "pull_request", Owner: "o", Repo: "r", CheckSHA: sha, RunID: "7", Attempt: fmt.Sprint(n)}
	id := github.Identify(e, github.Inputs{}, env(), nil)
	return github.Run{Name: "Codexlock", SHA: sha, Identity: id, DetailsURL: "https://github.com/o/r/actions/runs/1"}
}

func verdict(annotations int) github.Verdict {
	v := github.Verdict{Conclusion: "failure", Title: "Denied", Summary: "## Denied"}
	for i := range annotations {
		v.Annotations = append(v.Annotations, report.Annotation{
			Path: "Codex-Lock.json", StartLine: i + 1, EndLine: i + 1, StartColumn: 1, EndColumn: 1,
			Level: "failure", Title: "lock.drift", Message: fmt.Sprintf("number %d", i),
		})
	}
	return v
}

// asWanted asserts that there is one check run, closed as it should be, with
// every annotation once and in order.
func asWanted(t *testing.T, s *githubtest.Server, v github.Verdict) {
	t.Helper()
	runs := s.Runs()
	if len(runs) != 1 {
		t.Fatalf("%d check runs, want one", len(runs))
	}
	r := runs[0]
	if r.Status != "completed" || r.Conclusion != v.Conclusion || r.HeadSHA != sha || r.Name != "Codexlock" || r.Summary != v.Summary {
		t.Errorf("the check run is %s, %s, on %s", r.Status, r.Conclusion, r.HeadSHA)
	}
	want := len(v.Annotations)
	if len(r.Annotations) != want {
		t.Fatalf("%d annotations, want %d", len(r.Annotations), want)
	}
	for i, a := range r.Annotations {
		if a.Message != v.Annotations[i].Message || a.StartLine != i+1 {
			t.Errorf("annotation %d is %+v", i, a)
		}
	}
}

func TestEveryAnnotationOnce(t *testing.T) {
	for _, n := range []int{0, 1, 49, 50, 51, 120, 1200} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			s, client, _ := start(t)
			check, err := client.Start(t.Context(), run)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.Runs()[0]; got.Status != "in_progress" || got.Conclusion != "" {
				t.Errorf("it begins as %s, %s", got.Status, got.Conclusion)
			}
			if unannotated, err := check.Finish(t.Context(), verdict(n)); err != nil || unannotated != nil {
				t.Fatal(unannotated, err)
			}
			asWanted(t, s, verdict(n))
			if !strings.HasSuffix(check.URL(), "/runs/1") {
				t.Errorf("url is %q", check.URL())
			}
		})
	}
}

// at makes one fault happen to one request.
func at(request int, f githubtest.Fault) func(int, *http.Request) githubtest.Fault {
	return func(n int, _ *http.Request) githubtest.Fault {
		if n == request {
			return f
		}
		return ""
	}
}

// writes makes a fault happen to every write that is chosen.
func writes(f githubtest.Fault, chosen func(body string) bool) func(int, *http.Request) githubtest.Fault {
	return func(_ int, r *http.Request) githubtest.Fault {
		if r.Method == http.MethodGet {
			return ""
		}
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		if chosen(string(body)) {
			return f
		}
		return ""
	}
}

func isBatch(body string) bool { return strings.Contains(body, `"annotations"`) }

// TestPassingFaultsAreRiddenOut: what passes by itself does not cost the verdict, nor an
// annotation, whichever request it meets.
func TestPassingFaultsAreRiddenOut(t *testing.T) {
	for _, f := range githubtest.Transient {
		for request := range 6 {
			t.Run(fmt.Sprintf("%s at %d", f, request), func(t *testing.T) {
				s, client, _ := start(t)
				s.Fault = at(request, f)
				check, err := client.Start(t.Context(), run)
				if err != nil {
					t.Fatal(err)
				}
				if unannotated, err := check.Finish(t.Context(), verdict(60)); err != nil || unannotated != nil {
					t.Fatal(unannotated, err)
				}
				asWanted(t, s, verdict(60))
			})
		}
	}
}

func TestFaultsThatStayEnd(t *testing.T) {
	for _, f := range githubtest.Faults {
		s, client, c := start(t)
		s.Fault = func(int, *http.Request) githubtest.Fault { return f }
		_, err := client.Start(t.Context(), run)
		if (err == nil) != (f == githubtest.LimitLast) {
			t.Errorf("%s: %v", f, err)
		}
		if c.slept > budget || s.Requests() > 60 {
			t.Errorf("%s: %d requests in %s", f, s.Requests(), c.slept)
		}
	}
}

// TestReadOnlyTokenHasItsOwnError: only what GitHub says to a token without the permission
// counts as one. A token that expired, or is barred, is no reason to do without a check run.
func TestReadOnlyTokenHasItsOwnError(t *testing.T) {
	for f, want := range map[githubtest.Fault]bool{githubtest.Forbidden: true, githubtest.Barred: false, githubtest.Unauthorized: false, githubtest.Limit403Bare: false} {
		for request := range 2 {
			s, client, _ := start(t)
			s.Fault = func(n int, _ *http.Request) githubtest.Fault {
				if n >= request {
					return f
				}
				return ""
			}
			_, err := client.Start(t.Context(), run)
			var readOnly *github.ReadOnlyTokenError
			if err == nil || errors.As(err, &readOnly) != want {
				t.Errorf("%s at request %d: %v", f, request, err)
			}
		}
	}
}

// TestPostedByAReadOnlyToken: a refusal after a check run was posted is not that of a token
// that cannot post one, since the check run may be there.
func TestPostedByAReadOnlyToken(t *testing.T) {
	for _, stays := range []bool{false, true} {
		s, client, _ := start(t)
		s.Fault = func(n int, r *http.Request) githubtest.Fault {
			switch {
			case n == 1:
				return githubtest.DropAfter
			case n == 2 || stays && n > 2:
				return githubtest.Forbidden
			}
			return ""
		}
		_, err := client.Start(t.Context(), run)
		var readOnly *github.ReadOnlyTokenError
		var unclosed *github.UnclosedError
		if err == nil || errors.As(err, &readOnly) || errors.As(err, &unclosed) != stays {
			t.Errorf("stays %v: %v", stays, err)
		}
		if r := s.Runs()[0]; !stays && r.Conclusion != "failure" || stays && r.Status != "in_progress" {
			t.Errorf("stays %v: %+v", stays, r)
		}
	}
}

// TestLimitsAreWaitedFor: a limit without a time costs a minute, one with a time that time,
// and one that ends after the run's time an error at once.
func TestLimitsAreWaitedFor(t *testing.T) {
	for f, want := range map[githubtest.Fault]time.Duration{
		githubtest.Limit403Bare: time.Minute, githubtest.Limit429: time.Minute, githubtest.Limit429For: 7 * time.Second,
		githubtest.Limit403: 3 * time.Second, githubtest.LimitHour: 21 * time.Second, githubtest.LimitLast: 0,
	} {
		for request := range 2 { // a read, and a write
			s, client, c := start(t)
			s.Fault = at(request, f)
			if _, err := client.Start(t.Context(), run); err != nil || c.slept != want {
				t.Errorf("%s at request %d: waited %s, want %s; %v", f, request, c.slept, want, err)
			}
		}
	}
	s, client, c := start(t)
	s.Fault = at(1, githubtest.Limit429Long)
	_, err := client.Start(t.Context(), run)
	var limit *github.LimitError
	if !errors.As(err, &limit) || c.slept != 0 || limit.Wait != 24*time.Hour {
		t.Errorf("a limit of a day: %v, after %s", err, c.slept)
	}
}

// TestServersClockCounts: the time of a reset is compared with the clock of the server that
// names it, not with one that runs ahead or behind.
func TestServersClockCounts(t *testing.T) {
	for _, skew := range []time.Duration{-301 * time.Second, 301 * time.Second} {
		s, client, c := start(t)
		s.Now = func() time.Time { return c.time().Add(skew) }
		s.Fault = at(0, githubtest.LimitHour)
		if _, err := client.Start(t.Context(), run); err != nil || c.slept != 21*time.Second {
			t.Errorf("with a skew of %s: waited %s; %v", skew, c.slept, err)
		}
	}
}

// TestLastRequestOfTheHour: an answer that says so does not make the library refuse the next
// request by itself.
func TestLastRequestOfTheHour(t *testing.T) {
	s, client, _ := start(t)
	s.Now = time.Now // of the library
	s.Fault = func(int, *http.Request) githubtest.Fault { return githubtest.LimitLast }
	check, err := client.Start(t.Context(), run)
	if err == nil {
		_, err = check.Finish(t.Context(), verdict(60))
	}
	if err != nil {
		t.Fatal(err)
	}
	asWanted(t, s, verdict(60))
}

// TestBatchIsRepeatedOnlyIfItIsMissing: the server appends annotations, so that one whose
// answer was lost is counted before it is sent again.
func TestBatchIsRepeatedOnlyIfItIsMissing(t *testing.T) {
	for _, f := range []githubtest.Fault{githubtest.DropAfter, githubtest.Error502, githubtest.HTMLAfter, githubtest.Truncated, githubtest.DropBefore, githubtest.Error500, githubtest.HTML} {
		s, client, _ := start(t)
		n := 0
		s.Fault = writes(f, func(body string) bool {
			n++
			return isBatch(body) && n%2 == 0
		})
		check, err := client.Start(t.Context(), run)
		if err != nil {
			t.Fatal(err)
		}
		if unannotated, err := check.Finish(t.Context(), verdict(160)); err != nil || unannotated != nil {
			t.Fatalf("%s: %v, %v", f, unannotated, err)
		}
		asWanted(t, s, verdict(160))
	}
}

// TestRefusedAnnotationsDoNotCostTheVerdict: whatever is wrong with the annotations, the
// verdict is posted, and says that they are missing.
func TestRefusedAnnotationsDoNotCostTheVerdict(t *testing.T) {
	for _, f := range []githubtest.Fault{githubtest.Invalid, githubtest.Barred, githubtest.Error500, githubtest.Limit429Long, githubtest.DropBefore} {
		for _, conclusion := range []string{"success", "neutral", "failure"} {
			s, client, c := start(t)
			s.Fault = writes(f, isBatch)
			check, err := client.Start(t.Context(), run)
			if err != nil {
				t.Fatal(err)
			}
			v := verdict(60)
			v.Conclusion = conclusion
			unannotated, err := check.Finish(t.Context(), v)
			if unannotated == nil || err != nil {
				t.Fatalf("%s: %v, %v", f, unannotated, err)
			}
			r := s.Runs()[0]
			if r.Status != "completed" || r.Conclusion != conclusion || len(r.Annotations) != 0 {
				t.Errorf("%s: %+v", f, r)
			}
			if !strings.Contains(r.Summary, "did not take the annotations") || !strings.HasSuffix(r.Summary, v.Summary) || c.slept > 3*time.Minute {
				t.Errorf("%s: after %s the summary is %q", f, c.slept, r.Summary)
			}
		}
	}
}

// TestRefusedSummaryDoesNotCostTheVerdict: a text that GitHub refuses is left out.
func TestRefusedSummaryDoesNotCostTheVerdict(t *testing.T) {
	s, client, _ := start(t)
	s.Fault = writes(githubtest.Invalid, func(body string) bool { return strings.Contains(body, "## Denied") })
	check, err := client.Start(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := check.Finish(t.Context(), verdict(0)); err != nil {
		t.Fatal(err)
	}
	if r := s.Runs()[0]; r.Conclusion != "failure" || r.Title != "Denied" || r.Summary != "The summary of the job has the report." {
		t.Errorf("%+v", r)
	}
}

// TestExpiredToken: a token that ends half-way ends the run with an error that says what
// stays open, whichever request it meets.
func TestExpiredToken(t *testing.T) {
	for request := range 5 {
		s, client, c := start(t)
		s.Fault = func(n int, _ *http.Request) githubtest.Fault {
			if n >= request {
				return githubtest.Unauthorized
			}
			return ""
		}
		check, err := client.Start(t.Context(), run)
		if err == nil {
			if _, err = check.Finish(t.Context(), verdict(60)); err == nil {
				t.Fatalf("from request %d: the verdict was posted", request)
			}
			var unclosed *github.UnclosedError
			if err := check.Abort(t.Context(), "failure", "Could not verify", "no"); !errors.As(err, &unclosed) || !strings.Contains(err.Error(), "401") {
				t.Errorf("from request %d: %v", request, err)
			}
		}
		if c.slept > 10*time.Second {
			t.Errorf("from request %d: waited %s for a token that has ended", request, c.slept)
		}
	}
}

// TestAttemptIsFoundAgain: one attempt has one check run in progress, on whatever page it
// stands; somebody else's of the same name is left alone.
func TestAttemptIsFoundAgain(t *testing.T) {
	s, client, _ := start(t)
	s.PageSize = 2
	for i := range 5 {
		s.Add(githubtest.CheckRun{Name: run.Name, HeadSHA: sha, ExternalID: fmt.Sprintf("other %d", i), Status: "in_progress"})
	}
	for range 2 {
		if _, err := client.Start(t.Context(), run); err != nil {
			t.Fatal(err)
		}
	}
	runs := s.Runs()
	if len(runs) != 6 || runs[5].Status != "in_progress" || runs[0].Status != "in_progress" {
		t.Errorf("%+v", runs)
	}
}

// TestCompletedCheckIsNotAdopted: a verdict that was posted stays what it is.
func TestCompletedCheckIsNotAdopted(t *testing.T) {
	s, client, _ := start(t)
	for _, conclusion := range []string{"success", "failure"} {
		check, err := client.Start(t.Context(), run)
		if err != nil {
			t.Fatal(err)
		}
		v := verdict(2)
		v.Conclusion = conclusion
		if _, err := check.Finish(t.Context(), v); err != nil {
			t.Fatal(err)
		}
	}
	runs := s.Runs()
	if len(runs) != 2 || runs[0].Conclusion != "success" || runs[1].Conclusion != "failure" || len(runs[0].Annotations) != 2 {
		t.Errorf("%+v", runs)
	}
	if err := client.Conclude(t.Context(), run, "failure", "Could not verify", "a crash"); err != nil || len(s.Runs()) != 2 {
		t.Errorf("after a crash: %v, %d check runs", err, len(s.Runs()))
	}
}

// TestEarlierAttemptsAreClosed: what a killed attempt left in progress is closed by the next
// one; other jobs, steps and runs of the same name are not.
func TestEarlierAttemptsAreClosed(t *testing.T) {
	s, client, _ := start(t)
	for _, r := range []github.Run{attempt(1), attempt(2)} {
		s.Add(githubtest.CheckRun{Name: r.Name, HeadSHA: sha, ExternalID: r.Identity.String(), Status: "in_progress"})
	}
	e := github.Event{Name: "pull_request", Owner: "o", Repo: "r", CheckSHA: sha, RunID: "7", Attempt: "1"}
	other := github.Identify(e, github.Inputs{}, env("GITHUB_JOB", "other"), nil)
	s.Add(githubtest.CheckRun{Name: run.Name, HeadSHA: sha, ExternalID: other.String(), Status: "in_progress"})
	check, err := client.Start(t.Context(), attempt(3))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := check.Finish(t.Context(), verdict(3)); err != nil {
		t.Fatal(err)
	}
	runs := s.Runs()
	if len(runs) != 4 || runs[2].Status != "in_progress" || runs[3].Conclusion != "failure" {
		t.Fatalf("%+v", runs)
	}
	for _, r := range runs[:2] {
		if r.Status != "completed" || r.Conclusion != "cancelled" || r.Title != "Superseded by attempt 3" {
			t.Errorf("%+v", r)
		}
	}
}

// TestEarlierAttemptDoesNotOverwriteALater: GitHub shows the check run that was completed
// last. So an attempt that ends late posts nothing.
func TestEarlierAttemptDoesNotOverwriteALater(t *testing.T) {
	s, client, c := start(t)
	first, err := client.Start(t.Context(), attempt(1))
	if err != nil {
		t.Fatal(err)
	}
	began := c.now
	c.now = c.now.Add(time.Minute)
	s.Add(githubtest.CheckRun{Name: run.Name, HeadSHA: sha, ExternalID: attempt(2).Identity.String(), Status: "completed", Conclusion: "failure"})
	v := verdict(60)
	v.Conclusion = "success"
	var superseded *github.SupersededError
	if _, err := first.Finish(t.Context(), v); !errors.As(err, &superseded) {
		t.Errorf("the first attempt: %v", err)
	}
	r := s.Runs()[0]
	if r.Status != "completed" || r.Conclusion != "cancelled" || len(r.Annotations) != 0 || r.CompletedAt != began.Format(time.RFC3339) {
		t.Errorf("%+v, want cancelled, dated %s", r, began)
	}
	if _, err := client.Start(t.Context(), attempt(1)); !errors.As(err, &superseded) || len(s.Runs()) != 2 {
		t.Errorf("it began again: %v, %d check runs", err, len(s.Runs()))
	}
}

// TestIdentity: whatever makes two check runs two has a part in the identity, and the token
// has none.
func TestIdentity(t *testing.T) {
	e := github.Event{Name: "pull_request", Owner: "o", Repo: "r", Base: "b", BaseBranch: "main", Head: "h", CheckSHA: sha, RunID: "7", Attempt: "1"}
	in := github.Inputs{Token: "token", CheckName: "Codexlock", Policies: []string{"a"}}
	id := func(e github.Event, in github.Inputs, pairs ...string) string {
		var names []string
		for i := 0; i < len(pairs); i += 2 {
			names = append(names, pairs[i])
		}
		return github.Identify(e, in, env(pairs...), names).String()
	}
	seen := map[string]string{id(e, in): "the plain one"}
	add := func(what, external string) {
		if other, ok := seen[external]; ok {
			t.Errorf("%s has the identity of %s", what, other)
		}
		seen[external] = what
		if len(external) < 98 || len(external) > 110 || strings.Contains(external, "token") {
			t.Errorf("%s: %q", what, external)
		}
	}
	for what, change := range map[string]func(*github.Event, *github.Inputs){
		"owner": func(e *github.Event, _ *github.Inputs) { e.Owner = "p" }, "repository": func(e *github.Event, _ *github.Inputs) { e.Repo = "s" },
		"event": func(e *github.Event, _ *github.Inputs) { e.Name = "push" }, "base": func(e *github.Event, _ *github.Inputs) { e.Base = "c" },
		"base branch": func(e *github.Event, _ *github.Inputs) { e.BaseBranch = "next" }, "tip": func(e *github.Event, _ *github.Inputs) { e.Tip = "t" },
		"head": func(e *github.Event, _ *github.Inputs) { e.Head = "i" }, "commit of the check": func(e *github.Event, _ *github.Inputs) { e.CheckSHA = merge },
		"run": func(e *github.Event, _ *github.Inputs) { e.RunID = "8" }, "attempt": func(e *github.Event, _ *github.Inputs) { e.Attempt = "2" },
		"scope": func(_ *github.Event, in *github.Inputs) { in.Scope = "all" }, "config": func(_ *github.Event, in *github.Inputs) { in.Config = "c" },
		"policies": func(_ *github.Event, in *github.Inputs) { in.Policies = []string{"b"} }, "level": func(_ *github.Event, in *github.Inputs) { in.MinimumLevel = "tier-1" },
		"folder": func(_ *github.Event, in *github.Inputs) { in.WorkingDirectory = "d" }, "name": func(_ *github.Event, in *github.Inputs) { in.CheckName = "Other" },
	} {
		e, in := e, in
		change(&e, &in)
		add(what, id(e, in))
	}
	for _, name := range []string{"GITHUB_WORKFLOW_REF", "GITHUB_JOB", "GITHUB_ACTION", "GITHUB_BASE_REF", "RUNNER_NAME", "CODEXLOCK_CONFIG"} {
		add(name, id(e, in, name, "x"))
	}
	in.Token = "another"
	if _, ok := seen[id(e, in)]; !ok {
		t.Error("the token has a part in the identity")
	}
}

func TestAbortAfterTheEnd(t *testing.T) {
	s, client, _ := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	check, err := client.Start(ctx, run)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := check.Finish(ctx, verdict(3)); err == nil {
		t.Error("a cancelled run posted its verdict")
	}
	if err := check.Abort(ctx, "cancelled", "Cancelled", "no"); err != nil {
		t.Fatal(err)
	}
	if r := s.Runs()[0]; r.Status != "completed" || r.Conclusion != "cancelled" {
		t.Errorf("%+v", r)
	}
}

func TestSkippedIsNoVerdict(t *testing.T) {
	s, client, _ := start(t)
	check, err := client.Start(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	for _, conclusion := range []string{"skipped", "", "stale", "passed"} {
		if _, err := check.Finish(t.Context(), github.Verdict{Conclusion: conclusion}); err == nil {
			t.Errorf("%q was posted", conclusion)
		}
	}
	if s.Runs()[0].Status != "in_progress" {
		t.Error("the check run was closed")
	}
}

func TestTokenStaysWithItsHost(t *testing.T) {
	for _, url := range []string{"http://api.github.com", "http://10.0.0.1", "ftp://127.0.0.1", "api.github.com", "://"} {
		if _, err := github.NewClient(url, "token", "o", "r", (&clock{}).clock(), time.Time{}); err == nil {
			t.Errorf("the token would go to %q", url)
		}
	}
	s, client, _ := start(t)
	s.Fault = func(int, *http.Request) githubtest.Fault { return githubtest.Elsewhere }
	if _, err := client.Start(t.Context(), run); err == nil || !strings.Contains(err.Error(), "refused the redirect") {
		t.Errorf("a redirect to another host: %v", err)
	}
}
