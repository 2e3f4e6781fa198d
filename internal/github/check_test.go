package github_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/github"
	"github.com/codexlock/codexlock/internal/github/githubtest"
	"github.com/codexlock/codexlock/internal/report"
)

const sha = "0123456789abcdef0123456789abcdef01234567"

// A clock whose time passes only by sleeping.
type clock struct {
	now   time.Time
	slept time.Duration
}

func (c *clock) clock() github.Clock {
	return github.Clock{
		Now: func() time.Time { return c.now },
		Sleep: func(ctx context.Context, d time.Duration) error {
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
	client, err := github.NewClient(s.URL, "token", "o", "r", c.clock())
	if err != nil {
		t.Fatal(err)
	}
	return s, client, c
}

var run = github.Run{Name: "Codexlock", SHA: sha, ExternalID: "e1", DetailsURL: "https://github.com/o/r/actions/runs/1"}

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
	want := min(len(v.Annotations), 1000)
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
			if err := check.Finish(t.Context(), verdict(n)); err != nil {
				t.Fatal(err)
			}
			asWanted(t, s, verdict(n))
			if !strings.HasSuffix(check.URL(), "/runs/1") {
				t.Errorf("url is %q", check.URL())
			}
		})
	}
}

// TestFaults makes each fault happen to each request, alone and twice in a row,
// and pairs of them: the verdict is posted once and rightly, or there is an
// error. It is never an error that looks like a success.
func TestFaults(t *testing.T) {
	const annotations = 70
	scripts, posted := 0, 0
	try := func(name string, fault func(n int) githubtest.Fault) {
		t.Run(name, func(t *testing.T) {
			scripts++
			s, client, c := start(t)
			s.Fault = func(n int, _ *http.Request) githubtest.Fault { return fault(n) }
			check, err := client.Start(t.Context(), run)
			if err == nil {
				err = check.Finish(t.Context(), verdict(annotations))
			}
			if c.slept > 11*time.Minute {
				t.Errorf("it waited for %s", c.slept)
			}
			if err != nil {
				return // the caller's exit code says so
			}
			posted++
			asWanted(t, s, verdict(annotations))
		})
	}
	for at := range 9 {
		for i, f := range githubtest.Faults {
			try(fmt.Sprintf("%s at %d", f, at), func(n int) githubtest.Fault {
				if n == at {
					return f
				}
				return ""
			})
			g := githubtest.Faults[(i+at+1)%len(githubtest.Faults)]
			try(fmt.Sprintf("%s at %d, then %s", f, at, g), func(n int) githubtest.Fault {
				switch n {
				case at:
					return f
				case at + 1:
					return g
				}
				return ""
			})
		}
	}
	if scripts < 200 || posted < scripts/3 {
		t.Errorf("%d fault scripts, of which %d were ridden out", scripts, posted)
	}
}

// TestPassingFaultsAreRiddenOut: what passes by itself does not cost the verdict.
func TestPassingFaultsAreRiddenOut(t *testing.T) {
	for _, f := range []githubtest.Fault{
		githubtest.DropBefore, githubtest.DropAfter, githubtest.Error500, githubtest.Error502, githubtest.Error503,
		githubtest.Limit429, githubtest.Limit429For, githubtest.Limit403,
	} {
		for at := range 7 {
			t.Run(fmt.Sprintf("%s at %d", f, at), func(t *testing.T) {
				s, client, _ := start(t)
				s.Fault = func(n int, _ *http.Request) githubtest.Fault {
					if n == at {
						return f
					}
					return ""
				}
				check, err := client.Start(t.Context(), run)
				if err != nil {
					t.Fatal(err)
				}
				if err := check.Finish(t.Context(), verdict(60)); err != nil {
					t.Fatal(err)
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
		if _, err := client.Start(t.Context(), run); err == nil {
			t.Errorf("%s: it started", f)
		}
		if c.slept > 11*time.Minute || s.Requests() > 60 {
			t.Errorf("%s: %d requests in %s", f, s.Requests(), c.slept)
		}
	}
}

func TestReadOnlyTokenHasItsOwnError(t *testing.T) {
	for _, f := range []githubtest.Fault{githubtest.Forbidden, githubtest.Unauthorized} {
		for at := range 2 {
			s, client, _ := start(t)
			s.Fault = func(n int, _ *http.Request) githubtest.Fault {
				if n == at {
					return f
				}
				return ""
			}
			_, err := client.Start(t.Context(), run)
			var readOnly *github.ReadOnlyTokenError
			if !errors.As(err, &readOnly) {
				t.Errorf("%s at request %d: %v", f, at, err)
			}
		}
	}
}

// TestAttemptIsFoundAgain: one attempt has one check run, on whatever page it
// stands, and somebody else's of the same name is left alone.
func TestAttemptIsFoundAgain(t *testing.T) {
	s, client, _ := start(t)
	s.PageSize = 2
	for i := range 5 {
		s.Add(githubtest.CheckRun{Name: run.Name, HeadSHA: sha, ExternalID: fmt.Sprintf("other %d", i), Status: "completed", Conclusion: "success"})
	}
	for range 2 {
		check, err := client.Start(t.Context(), run)
		if err != nil {
			t.Fatal(err)
		}
		if err := check.Abort(t.Context(), "failure", "Could not verify", "no"); err != nil {
			t.Fatal(err)
		}
	}
	runs := s.Runs()
	if len(runs) != 6 || runs[5].Conclusion != "failure" || runs[0].Conclusion != "success" {
		t.Errorf("%+v", runs)
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
	if err := check.Finish(ctx, verdict(3)); err == nil {
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
		if err := check.Finish(t.Context(), github.Verdict{Conclusion: conclusion}); err == nil {
			t.Errorf("%q was posted", conclusion)
		}
	}
	if s.Runs()[0].Status != "in_progress" {
		t.Error("the check run was closed")
	}
}

func TestTokenStaysWithItsHost(t *testing.T) {
	for _, url := range []string{"http://api.github.com", "http://10.0.0.1", "ftp://127.0.0.1", "api.github.com", "://"} {
		if _, err := github.NewClient(url, "token", "o", "r", (&clock{}).clock()); err == nil {
			t.Errorf("the token would go to %q", url)
		}
	}
	s, client, _ := start(t)
	s.Fault = func(int, *http.Request) githubtest.Fault { return githubtest.Elsewhere }
	if _, err := client.Start(t.Context(), run); err == nil || !strings.Contains(err.Error(), "refused the redirect") {
		t.Errorf("a redirect to another host: %v", err)
	}
}
