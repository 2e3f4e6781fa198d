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
func event(t *testing.T, name, file string, edits ...string) (github.Event, error) {
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
	return github.ReadEvent(env("GITHUB_EVENT_NAME", name), text)
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

func TestEvents(t *testing.T) {
	for name, c := range map[string]struct {
		event, file string
		edits       []string
		want        github.Event // as far as it says something
	}{
		"pull request": {"pull_request", "pull_request.json", nil,
			github.Event{Base: merge + "^1", Head: merge, CheckSHA: "ec26c3e57ca3a959ca5aad62de7213c562f8c821"}},
		"a fork's": {"pull_request", "pull_request.json", []string{`"head":{"label":"Codertocat:changes"`, `"head":{"label":"Codertocat:changes","repo":{"full_name":"fork/Hello-World"},"x":0`},
			github.Event{Base: merge + "^1", Head: merge, CheckSHA: "ec26c3e57ca3a959ca5aad62de7213c562f8c821"}},
		"push": {"push", "push_branch.json", []string{zeros, strings.Repeat("b", 40)},
			github.Event{Base: strings.Repeat("b", 40), Head: "6113728f27ae82c7b1a177c8d03f9e96e0adf246", CheckSHA: "6113728f27ae82c7b1a177c8d03f9e96e0adf246"}},
		"a branch's first push": {"push", "push_branch.json", nil,
			github.Event{NewBranch: true, Head: "6113728f27ae82c7b1a177c8d03f9e96e0adf246", CheckSHA: "6113728f27ae82c7b1a177c8d03f9e96e0adf246"}},
		"a tag": {"push", "push_tag.json", nil,
			github.Event{NewBranch: true, Head: "6113728f27ae82c7b1a177c8d03f9e96e0adf246", CheckSHA: "6113728f27ae82c7b1a177c8d03f9e96e0adf246"}},
		"a deletion":  {"push", "push_deleted.json", nil, github.Event{Deleted: true, CheckSHA: merge}},
		"a queue":     {"merge_group", "merge_group.json", nil, github.Event{}},
		"by hand":     {"workflow_dispatch", "workflow_dispatch.json", nil, github.Event{Head: merge, All: true, CheckSHA: merge}},
		"on schedule": {"schedule", "workflow_dispatch.json", nil, github.Event{Head: merge, All: true, CheckSHA: merge}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := event(t, c.event, c.file, c.edits...)
			if err != nil {
				t.Fatal(err)
			}
			if name == "a queue" {
				if len(got.Base) != 40 || len(got.Head) != 40 || got.Base == got.Head || got.CheckSHA != got.Head || got.All {
					t.Errorf("got %+v", got)
				}
				return
			}
			if got.Base != c.want.Base || got.Head != c.want.Head || got.All != c.want.All || got.CheckSHA != c.want.CheckSHA ||
				got.NewBranch != c.want.NewBranch || got.Deleted != c.want.Deleted || got.Owner != "Codertocat" || got.Repo != "Hello-World" {
				t.Errorf("got %+v\nwant %+v", got, c.want)
			}
		})
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
		"the base's own token": {[]string{"GITHUB_EVENT_NAME", "pull_request_target"}, `{"pull_request":{"head":{"sha":"` + sha + `"}}}`},
		"no commit":            {[]string{"GITHUB_EVENT_NAME", "schedule", "GITHUB_SHA", ""}, `{}`},
		"a flag":               {[]string{"GITHUB_EVENT_NAME", "schedule", "GITHUB_SHA", "--help"}, `{}`},
		"a name":               {[]string{"GITHUB_EVENT_NAME", "schedule", "GITHUB_SHA", "HEAD"}, `{}`},
		"a branch for a base":  {[]string{"GITHUB_EVENT_NAME", "push"}, `{"before":"main","after":"` + sha + `"}`},
	} {
		e, err := github.ReadEvent(env(c.env...), []byte(c.payload))
		var bad *github.EventError
		if !errors.As(err, &bad) {
			t.Errorf("%s: got %+v, %v", name, e, err)
		}
	}
}

func TestExternalIDIsOneAttempts(t *testing.T) {
	a, err := event(t, "pull_request", "pull_request.json")
	if err != nil {
		t.Fatal(err)
	}
	b := a
	b.Attempt = "2"
	if again := github.ExternalID(a); github.ExternalID(b) == again || len(github.ExternalID(a)) != 64 {
		t.Errorf("%s, %s", github.ExternalID(a), github.ExternalID(b))
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
		if err := github.WriteOutputs(file, random, []github.Output{{Name: "conclusion", Value: "failure"}, {Name: "report-file", Value: forged}}); err != nil {
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
	if err := github.WriteOutputs(file, strings.NewReader("0123456789abcdef"), []github.Output{{Name: "a", Value: "codexlock_30313233343536373839616263646566"}}); err == nil {
		t.Error("a value with the delimiter was written")
	}
	if err := github.WriteOutputs(file+".missing", strings.NewReader(strings.Repeat("x", 16)), []github.Output{{Name: "a", Value: "b"}}); err == nil {
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
