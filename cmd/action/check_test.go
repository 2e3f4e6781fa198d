package main

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/github/githubtest"
)

// from makes a fault happen to every request from one on.
func from(request int, f githubtest.Fault) func(int, *http.Request) githubtest.Fault {
	return func(n int, _ *http.Request) githubtest.Fault {
		if n >= request {
			return f
		}
		return ""
	}
}

// only makes a fault happen to one request.
func only(request int, f githubtest.Fault) func(int, *http.Request) githubtest.Fault {
	return func(n int, _ *http.Request) githubtest.Fault {
		if n == request {
			return f
		}
		return ""
	}
}

// The requests of a run with annotations.
const (
	look = iota
	create
	lookAgain
	annotate
	closing
)

// TestCheckRunIsTrue: what the check run, the exit code, the outputs, the summary and the log
// say after one kind of fault each.
func TestCheckRunIsTrue(t *testing.T) {
	f := newFixture(t)
	for name, c := range map[string]struct {
		pull       string
		fault      func(int, *http.Request) githubtest.Fault
		vars       map[string]string
		code       int
		conclusion string // of the check run; "": it was not posted; "in_progress"
		output     string
		stdout     []string
		stderr     []string
		summary    []string
	}{
		"nothing":  {pull: "trusted", conclusion: "success", output: "success", summary: []string{"## ✅ All artifacts trusted and current"}},
		"a denial": {pull: "denied", code: 1, conclusion: "failure", output: "failure", summary: []string{"## ❌ Denied: "}},
		"a token that expires before the verdict": {
			pull: "trusted", fault: from(lookAgain, githubtest.Unauthorized), code: 3, conclusion: "in_progress", output: "failure",
			stdout:  []string{`::error title=Codexlock::the check run "Codexlock" could not be closed and may stay in progress: `, "401", "%0Ahint: run the job again"},
			summary: []string{"## ❌ The verdict is not posted", "401", "## ✅ All artifacts trusted and current"},
		},
		"a token that expires while annotating": {
			pull: "denied", fault: from(annotate, githubtest.Unauthorized), code: 3, conclusion: "in_progress", output: "failure",
			stdout: []string{"::error title=Codexlock::the check run"}, summary: []string{"## ❌ The verdict is not posted"},
		},
		"a token that is refused": {
			pull: "trusted", fault: from(look, githubtest.Unauthorized), code: 3, output: "failure",
			stderr: []string{"401 Bad credentials"}, summary: []string{"## ❌ Could not verify"},
		},
		"a token of a barred address": {pull: "trusted", fault: from(look, githubtest.Barred), code: 3, output: "failure", stderr: []string{"IP allow list"}},
		"a read-only token": {
			pull: "denied", fault: from(look, githubtest.Forbidden), code: 1, output: "failure",
			vars:   map[string]string{"HEAD_REPOSITORY": "o/r"},
			stdout: []string{"::error file="}, stderr: []string{"the token may not write check runs (HTTP 403): the findings are workflow commands", "hint: give the job the permission checks: write"},
		},
		"a fork": {
			pull: "denied", fault: from(look, githubtest.Forbidden), code: 1, output: "failure",
			vars:   map[string]string{"HEAD_REPOSITORY": "somebody/r"},
			stdout: []string{"::notice title=Codexlock::Denied: ", "::error file=", "::notice title=Codexlock::maintainer: "}, stderr: []string{"the token of a fork's pull request may not write check runs: the findings are workflow commands, and the result is that of this job"},
			summary: []string{"contributor: this pull request is from a fork, which has no key and needs none: nothing is left for you to do", "maintainer: review the commits, then attest them: Actions, Attest, Run workflow, with pull request 3"},
		},
		"a limit of a day": {
			pull: "trusted", fault: from(closing-1, githubtest.Limit429Long), code: 3, conclusion: "in_progress", output: "failure",
			stderr: []string{"GitHub's rate limit asks to wait 24h0m0s, and this run has 20m0s left", "hint: run the job again later"},
		},
		"annotations that are refused": {
			pull: "denied", fault: only(annotate, githubtest.Invalid), code: 1, conclusion: "failure", output: "failure",
			stdout: []string{"::error file="}, stderr: []string{"the check run has the verdict without annotations: ", "422"},
		},
		"an answer that was lost": {pull: "denied", fault: only(annotate, githubtest.DropAfter), code: 1, conclusion: "failure", output: "failure"},
		"a verdict that is not taken": {
			pull: "trusted", fault: from(annotate, githubtest.NotFound), code: 3, conclusion: "in_progress", output: "failure",
			stdout: []string{"::error title=Codexlock::the check run"}, summary: []string{"## ❌ The verdict is not posted"},
		},
		"a repository that leads elsewhere": {
			pull: "trusted", vars: map[string]string{"GITHUB_REPOSITORY": "o/../../x"}, code: 3, output: "failure",
			stderr: []string{`GITHUB_REPOSITORY is "o/../../x", want OWNER/NAME`},
		},
		"no token": {
			pull: "denied", vars: map[string]string{"INPUT_GITHUB-TOKEN": ""}, code: 1, output: "failure", stdout: []string{"::error file="},
		},
		"no token, and a check run that is asked for": {
			pull: "denied", vars: map[string]string{"INPUT_GITHUB-TOKEN": "", "INPUT_ANNOTATE": "check"}, code: 2, output: "failure",
			stderr: []string{"no GITHUB_API_URL or github-token"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			if c.fault != nil {
				s.Fault = c.fault
			}
			j := f.run(t.Context(), t, s, c.pull, c.vars)
			if j.code != c.code {
				t.Errorf("exit code %d, want %d\n%s", j.code, c.code, j.stderr)
			}
			if got := standing(s); got != c.conclusion {
				t.Errorf("the check run is %q, want %q", got, c.conclusion)
			}
			if got := j.outputOf("conclusion"); got != c.output {
				t.Errorf("the output is %q, want %q", got, c.output)
			}
			contains(t, "standard output", j.stdout, c.stdout)
			contains(t, "standard error", j.stderr, c.stderr)
			contains(t, "the summary", j.summary, c.summary)
		})
	}
}

// standing is what the only check run of a server is.
func standing(s *githubtest.Server) string {
	runs := s.Runs()
	switch {
	case len(runs) == 0:
		return ""
	case len(runs) > 1:
		return "one of several"
	case runs[0].Status != "completed":
		return runs[0].Status
	}
	return runs[0].Conclusion
}

func contains(t *testing.T, what, text string, want []string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("%s does not contain %q:\n%s", what, w, text)
		}
	}
}

// TestSignalClosesTheCheckRun: a signal, whichever request it meets, leaves a check run that
// is cancelled, within five seconds even if GitHub does not answer.
func TestSignalClosesTheCheckRun(t *testing.T) {
	f := newFixture(t)
	for _, hangs := range []bool{false, true} {
		for request := create; request <= closing; request++ {
			s := newServer(t)
			ctx, cancel := context.WithCancel(t.Context())
			var at time.Time
			s.Fault = func(n int, _ *http.Request) githubtest.Fault {
				if n < request {
					return ""
				}
				if n == request {
					at = time.Now()
					cancel()
				}
				if hangs && n <= request+1 { // the one that it meets, and the next
					return githubtest.Hang
				}
				return ""
			}
			j := f.run(ctx, t, s, "denied", nil)
			took := time.Since(at)
			if j.code != 3 || took > 6*time.Second {
				t.Errorf("request %d: exit code %d after %s\n%s", request, j.code, took, j.stderr)
			}
			if got := standing(s); got != "cancelled" && !(got == "" && request == create) {
				t.Errorf("request %d, hangs %v: the check run is %q\n%s", request, hangs, got, j.stderr)
			}
			if j.outputOf("conclusion") != "failure" {
				t.Errorf("request %d: the output is %q", request, j.outputOf("conclusion"))
			}
		}
	}
}

// TestRunnersFilesThatCannotBeWritten: without a place for outputs or summary there is no
// verdict, so that the check run does not say that there is one.
func TestRunnersFilesThatCannotBeWritten(t *testing.T) {
	f := newFixture(t)
	for _, name := range []string{"GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"} {
		s := newServer(t)
		j := f.run(t.Context(), t, s, "trusted", map[string]string{name: filepath.Join(t.TempDir(), "missing")})
		if got := standing(s); j.code != 3 || got != "failure" {
			t.Errorf("%s: exit code %d, the check run is %q\n%s", name, j.code, got, j.stderr)
		}
		if _, err := os.Stat("/dev/full"); err != nil {
			t.Fatal(err)
		}
		s = newServer(t)
		j = f.run(t.Context(), t, s, "trusted", map[string]string{name: "/dev/full"})
		if got := standing(s); j.code != 3 || got != "failure" {
			t.Errorf("%s on a full disk: exit code %d, the check run is %q\n%s", name, j.code, got, j.stderr)
		}
	}
}
