package github_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/github"
)

const (
	merge = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	zeros = "0000000000000000000000000000000000000000"
)

// event reads a payload as a runner would hand it over.
func event(t *testing.T, name, file string, vars []string, edits ...string) (github.Event, error) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "events", file))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(edits); i += 2 {
		if !bytes.Contains(text, []byte(edits[i])) {
			t.Fatalf("%s does not contain %s", file, edits[i])
		}
		text = bytes.ReplaceAll(text, []byte(edits[i]), []byte(edits[i+1]))
	}
	return github.ReadEvent(env(append([]string{"GITHUB_EVENT_NAME", name}, vars...)...), text)
}

func env(pairs ...string) func(string) (string, bool) {
	vars := map[string]string{
		"GITHUB_SHA": merge, "GITHUB_REPOSITORY": "Codertocat/Hello-World", "GITHUB_RUN_ID": "7", "GITHUB_RUN_ATTEMPT": "1",
	}
	for i := 0; i < len(pairs); i += 2 {
		vars[pairs[i]] = pairs[i+1]
	}
	return func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
}

const (
	before = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	after  = "6113728f27ae82c7b1a177c8d03f9e96e0adf246"
	pull   = "ec26c3e57ca3a959ca5aad62de7213c562f8c821"
	queued = "3a2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b"
)

// TestEvents is the table of events: what is judged, what it is compared with,
// and which branch's tip is believed.
func TestEvents(t *testing.T) {
	onMaster := []string{"GITHUB_REF", "refs/heads/master"}
	for name, c := range map[string]struct {
		event, file string
		edits, env  []string
		want        github.Event // as far as it says something
	}{
		"pull request": {"pull_request", "pull_request.json", nil, nil, github.Event{Base: merge + "^1", Head: merge, CheckSHA: pull}},
		"default branch": {"push", "push_branch.json", []string{zeros, before}, nil,
			github.Event{Base: before, Head: after, All: true, CheckSHA: after}},
		"default branch, first": {"push", "push_branch.json", nil, nil, github.Event{First: true, Head: after, All: true, CheckSHA: after}},
		"branch": {"push", "push_branch.json", []string{zeros, before, `"refs/heads/master"`, `"refs/heads/topic"`}, nil,
			github.Event{BaseBranch: "master", Head: after, CheckSHA: after}},
		"branch, first": {"push", "push_branch.json", []string{`"refs/heads/master"`, `"refs/heads/topic"`}, nil,
			github.Event{BaseBranch: "master", Head: after, CheckSHA: after}},
		"a branch in the folder of the default one": {"push", "push_branch.json", []string{`"refs/heads/master"`, `"refs/heads/master/x"`}, onMaster,
			github.Event{BaseBranch: "master", Head: after, CheckSHA: after}},
		"tag": {"push", "push_tag.json", nil, nil, github.Event{BaseBranch: "master", Head: merge, CheckSHA: merge}},
		"a tag called like the default branch": {"push", "push_tag.json", []string{"refs/tags/simple-tag", "refs/tags/master"}, nil,
			github.Event{BaseBranch: "master", Head: merge, CheckSHA: merge}},
		"deletion": {"push", "push_deleted.json", nil, nil, github.Event{Deleted: true, CheckSHA: zeros}},
		"by hand": {"workflow_dispatch", "workflow_dispatch.json", nil, []string{"GITHUB_REF", "refs/heads/main"},
			github.Event{Base: merge, Head: merge, All: true, CheckSHA: merge}},
		"by hand, on a branch": {"workflow_dispatch", "workflow_dispatch.json", nil, []string{"GITHUB_REF", "refs/heads/topic"},
			github.Event{BaseBranch: "main", Head: merge, CheckSHA: merge}},
		"by hand, on a tag": {"workflow_dispatch", "workflow_dispatch.json", nil, []string{"GITHUB_REF", "refs/tags/main"},
			github.Event{BaseBranch: "main", Head: merge, CheckSHA: merge}},
		"called": {"workflow_call", "workflow_dispatch.json", nil, []string{"GITHUB_REF", "refs/heads/topic"},
			github.Event{BaseBranch: "main", Head: merge, CheckSHA: merge}},
		"on schedule": {"schedule", "workflow_dispatch.json", nil, nil, github.Event{Base: merge, Head: merge, All: true, CheckSHA: merge}},
		"on schedule, on a branch": {"schedule", "workflow_dispatch.json", nil, []string{"GITHUB_REF", "refs/heads/topic"},
			github.Event{BaseBranch: "main", Head: merge, CheckSHA: merge}},
		"target": {"pull_request_target", "pull_request.json", nil, onMaster,
			github.Event{BaseBranch: "master", Tip: merge, Head: pull, CheckSHA: pull}},
		"target of a branch": {"pull_request_target", "pull_request.json", []string{`"ref":"master"`, `"ref":"release"`}, onMaster,
			github.Event{BaseBranch: "release", Head: pull, CheckSHA: pull}},
		"queue": {"merge_group", "merge_group.json", nil, nil, github.Event{}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := event(t, c.event, c.file, c.env, c.edits...)
			if err != nil {
				t.Fatal(err)
			}
			if name == "queue" {
				if len(got.Base) != 40 || len(got.Head) != 40 || got.Base == got.Head || got.CheckSHA != got.Head || got.All {
					t.Errorf("got %+v", got)
				}
				return
			}
			want := c.want
			want.Name, want.Owner, want.Repo, want.Fork, want.DefaultBranch, want.RunID, want.Attempt = got.Name, "Codertocat", "Hello-World", got.Fork, got.DefaultBranch, "7", "1"
			if strings.HasPrefix(c.event, "pull_request") {
				want.Number = 2
			}
			if got != want {
				t.Errorf("got %+v\nwant %+v", got, want)
			}
		})
	}
}

// TestWorkflowRuns: a run that follows another one judges what that one was about,
// by the base branch's rules, or by the default branch's where it is not known.
func TestWorkflowRuns(t *testing.T) {
	own, fork := `{"full_name":"Codertocat/Hello-World"}`, `{"full_name":"fork/Hello-World"}`
	for name, c := range map[string]struct {
		event, branch, repo, pulls string
		want                       github.Event
	}{
		"pull request": {"pull_request", "topic", own, `{"base":{"ref":"release"}}`, github.Event{BaseBranch: "release"}},
		"two of one":   {"pull_request", "topic", own, `{"base":{"ref":"release"}},{"base":{"ref":"release"}}`, github.Event{BaseBranch: "release"}},
		"two":          {"pull_request", "topic", own, `{"base":{"ref":"release"}},{"base":{"ref":"other"}}`, github.Event{BaseBranch: "main", Tip: merge}},
		"fork":         {"pull_request", "topic", fork, ``, github.Event{BaseBranch: "main", Tip: merge, Fork: true}},
		"fork's main":  {"push", "main", fork, ``, github.Event{BaseBranch: "main", Tip: merge, Fork: true}},
		"gone":         {"pull_request", "main", `null`, ``, github.Event{BaseBranch: "main", Tip: merge, Fork: true}},
		"push":         {"push", "topic", own, ``, github.Event{BaseBranch: "main", Tip: merge}},
		"default":      {"push", "main", own, ``, github.Event{BaseBranch: "main", Tip: merge, All: true}},
	} {
		text := fmt.Sprintf(`{"repository":{"default_branch":"main"},"workflow_run":{"event":%q,"head_sha":%q,"head_branch":%q,"head_repository":%s,"pull_requests":[%s]}}`,
			c.event, queued, c.branch, c.repo, c.pulls)
		got, err := github.ReadEvent(env("GITHUB_EVENT_NAME", "workflow_run", "GITHUB_REF", "refs/heads/main"), []byte(text))
		if err != nil || got.Head != queued || got.CheckSHA != queued || got.BaseBranch != c.want.BaseBranch || got.Tip != c.want.Tip || got.All != c.want.All || got.Fork != c.want.Fork || got.Base != "" {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

// TestUnsupportedEvents: an event that nobody thought of is not judged by rules
// that nobody chose.
func TestUnsupportedEvents(t *testing.T) {
	for _, name := range []string{"pull_request_review", "pull_request_review_comment", "issue_comment", "release", "repository_dispatch", "create", "Push", "push "} {
		_, err := github.ReadEvent(env("GITHUB_EVENT_NAME", name), []byte(`{}`))
		var unsupported *github.UnsupportedEventError
		if !errors.As(err, &unsupported) {
			t.Errorf("%s: got %v", name, err)
			continue
		}
		for _, event := range github.Supported {
			if !strings.Contains(err.Error(), event) {
				t.Errorf("%s: %q does not name %s", name, err, event)
			}
		}
	}
}

func TestForks(t *testing.T) {
	for text, fork := range map[string]bool{
		`{"full_name":"Codertocat/Hello-World"}`: false, `{"full_name":"fork/Hello-World"}`: true, `null`: true,
	} {
		payload := fmt.Sprintf(`{"pull_request":{"merge_commit_sha":null,"head":{"sha":%q,"repo":%s},"base":{"sha":%q}}}`, sha, text, sha)
		e, err := github.ReadEvent(env("GITHUB_EVENT_NAME", "pull_request"), []byte(payload))
		if err != nil || e.Fork != fork || e.CheckSHA != sha {
			t.Errorf("%s: fork is %v, %v", text, e.Fork, err)
		}
	}
}

// TestEventsThatCannotBeJudged: whatever does not name its commits is an error.
func TestEventsThatCannotBeJudged(t *testing.T) {
	for name, c := range map[string]struct {
		env     []string
		payload string
	}{
		"no event":             {nil, `{}`},
		"no repository":        {[]string{"GITHUB_EVENT_NAME", "schedule", "GITHUB_REPOSITORY", "x"}, `{}`},
		"not JSON":             {[]string{"GITHUB_EVENT_NAME", "schedule"}, `{`},
		"no pull request":      {[]string{"GITHUB_EVENT_NAME", "pull_request"}, `{}`},
		"no head":              {[]string{"GITHUB_EVENT_NAME", "pull_request"}, `{"pull_request":{}}`},
		"no queue":             {[]string{"GITHUB_EVENT_NAME", "merge_group"}, `{}`},
		"no base branch":       {[]string{"GITHUB_EVENT_NAME", "pull_request_target"}, `{"pull_request":{"head":{"sha":"` + sha + `"}}}`},
		"no target":            {[]string{"GITHUB_EVENT_NAME", "pull_request_target"}, `{}`},
		"no run":               {[]string{"GITHUB_EVENT_NAME", "workflow_run"}, `{}`},
		"no default branch":    {[]string{"GITHUB_EVENT_NAME", "push"}, `{"ref":"refs/heads/x","after":"` + sha + `"}`},
		"nor by hand":          {[]string{"GITHUB_EVENT_NAME", "workflow_dispatch", "GITHUB_REF", "refs/heads/main"}, `{}`},
		"nothing after a push": {[]string{"GITHUB_EVENT_NAME", "push"}, `{"ref":"refs/heads/main","repository":{"default_branch":"main"}}`},
		"no commit":            {[]string{"GITHUB_EVENT_NAME", "schedule", "GITHUB_SHA", ""}, `{}`},
		"a flag":               {[]string{"GITHUB_EVENT_NAME", "schedule", "GITHUB_SHA", "--help"}, `{}`},
		"a name":               {[]string{"GITHUB_EVENT_NAME", "schedule", "GITHUB_SHA", "HEAD"}, `{}`},
		"a branch for a base":  {[]string{"GITHUB_EVENT_NAME", "push"}, `{"ref":"refs/heads/main","before":"main","after":"` + sha + `","repository":{"default_branch":"main"}}`},
	} {
		e, err := github.ReadEvent(env(c.env...), []byte(c.payload))
		var bad *github.EventError
		if !errors.As(err, &bad) {
			t.Errorf("%s: got %+v, %v", name, e, err)
		}
	}
}

func TestInputs(t *testing.T) {
	in, err := github.ReadInputs(env())
	if err != nil || in.Scope != "auto" || in.CheckName != "Codexlock" || in.Annotate != "auto" || in.FailOnWarn {
		t.Errorf("without inputs: %+v, %v", in, err)
	}
	for _, pair := range [][2]string{
		{"INPUT_SCOPE", "some"}, {"INPUT_ANNOTATE", "yes"}, {"INPUT_MINIMUM-LEVEL", "non-compliant"}, {"INPUT_FAIL-ON-WARN", "yes"},
	} {
		_, err := github.ReadInputs(env(pair[0], pair[1]))
		var bad *github.InputError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), pair[1]) {
			t.Errorf("%s=%s: %v", pair[0], pair[1], err)
		}
	}
}

// TestOutputsCannotBeForged: a value that looks like another output stays one
// value, as the runner reads it.
func TestOutputsCannotBeForged(t *testing.T) {
	file := filepath.Join(t.TempDir(), "output")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	forged := "x\n_GitHubActionsFileCommandDelimeter_\nconclusion<<E\nsuccess\nE\nconclusion=success"
	random := strings.NewReader(strings.Repeat("0123456789abcdef", 2))
	for range 2 {
		f, err := github.OpenRunnerFiles("", file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := f.WriteOutputs(random, []github.Output{{Name: "conclusion", Value: "failure"}, {Name: "report-file", Value: forged}}); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got := outputs(t, string(text))
	if len(got) != 2 || got["conclusion"] != "failure" || got["report-file"] != forged {
		t.Errorf("the runner reads %q", got)
	}
	f, err := github.OpenRunnerFiles("", file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.WriteOutputs(strings.NewReader("0123456789abcdef"), []github.Output{{Name: "a", Value: "codexlock_30313233343536373839616263646566"}}); err == nil {
		t.Error("a value with the delimiter was written")
	}
	if _, err := github.OpenRunnerFiles("", file+".missing"); err == nil {
		t.Error("a file that the runner did not make was written")
	}
}

// outputs reads the file as actions/runner does (FileCommandManager.cs).
func outputs(t *testing.T, text string) map[string]string {
	t.Helper()
	got := map[string]string{}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		name, delimiter, ok := strings.Cut(lines[i], "<<")
		if !ok {
			name, value, _ := strings.Cut(lines[i], "=")
			got[name] = value
			continue
		}
		var value []string
		for i++; i < len(lines) && lines[i] != delimiter; i++ {
			value = append(value, lines[i])
		}
		got[name] = strings.Join(value, "\n")
	}
	return got
}

func TestMask(t *testing.T) {
	var out bytes.Buffer
	if err := github.Mask(&out, "one%0A\n\n two\r\nthree"); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "::add-mask::one%250A\n::add-mask:: two\n::add-mask::three\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
