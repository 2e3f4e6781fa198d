// Package act_test runs action.yml in a workflow, as nektos/act does it: in the image of the
// unmodified Dockerfile, with the local server in place of GitHub's API. test/image/run.sh
// builds that image and starts this.
package act_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/github/githubtest"
)

// workflow is what a repository has: a checkout, the action, and a step that reads its
// outputs.
const workflow = `on: pull_request
jobs:
  gate:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v7
      - id: gate
        uses: codexlock/codexlock@v1
        with:
          json-file: report.json
        env:
          VAULTTIME_KEY: ${{ secrets.VAULTTIME_KEY }}
      - if: always()
        env:
          OUTPUTS: ${{ toJSON(steps.gate.outputs) }}
          OUTCOME: ${{ steps.gate.outcome }}
        run: |
          echo "outcome=$OUTCOME"
          echo "outputs=$(echo $OUTPUTS)"
          echo "counts=$(grep -o '"counts": {[^}]*}' < <(tr -d '\n' < report.json) | sed 's/^"counts": //')"
`

const key = "a-key-of-the-act-test-0123456789abcdef"

// findings is how many artifacts a change adds without attesting them: more than two
// requests of annotations hold.
const findings = 120

// A run is what act printed, line by line, and how it ended.
type run struct {
	lines []line
	text  string
	err   error
}

// A line is one of act's log: a workflow command, or text of a step.
type line struct {
	Msg     string `json:"msg"`
	Command string `json:"command"`
	Content string `json:"content"` // of a summary
}

// act runs the workflow of a repository for a pull request, with the action of a folder.
func act(t *testing.T, repository, action string, server *githubtest.Server) run {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	args := []string{
		"pull_request", "--json", "--rm", "--rebuild=false", "--eventpath", filepath.Join(repository, "..", "event.json"), "--directory", repository,
		"--platform", "ubuntu-latest=debian:bookworm-slim", "--pull=false", "--container-daemon-socket", "-", "--no-cache-server",
		"--local-repository", "codexlock/codexlock@v1=" + action,
		"--secret", "GITHUB_TOKEN=token", "--secret", "VAULTTIME_KEY=" + key, "--env", "GITHUB_API_URL=" + server.URL,
	}
	cmd := exec.CommandContext(ctx, os.Getenv("CODEXLOCK_ACT"), args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "DOCKER_HOST=" + os.Getenv("DOCKER_HOST")}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	r := run{err: cmd.Run(), text: out.String()}
	for text := range strings.Lines(r.text) {
		var l line
		if json.Unmarshal([]byte(text), &l) == nil {
			r.lines = append(r.lines, l)
		}
	}
	for text := range strings.Lines(r.text) {
		// act's log names what it is asked to hide.
		if strings.Contains(text, key) && !strings.Contains(text, `"command":"add-mask"`) {
			t.Errorf("the key was printed: %s", text)
		}
	}
	return r
}

// printed returns what the last step printed after "NAME=".
func (r run) printed(t *testing.T, name string) string {
	t.Helper()
	for _, l := range r.lines {
		if value, ok := strings.CutPrefix(strings.TrimSpace(l.Msg), name+"="); ok {
			return value
		}
	}
	t.Fatalf("no step printed %s=\n%s", name, r.text)
	return ""
}

// pullRequest makes a repository whose checkout is the merge commit of a pull request that
// adds files, and the event's payload next to it.
func pullRequest(t *testing.T, files int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "repository")
	write := func(name, text string) {
		t.Helper()
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	git := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=t", "-c", "user.email=t@localhost"}, args...)...)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	write("codexlock.yaml", "version: 1\nartifacts: {include: [\"assets/sources/**\"]}\n")
	write("Codex-Lock.json", "{\"artifacts\": []}\n")
	write(".github/workflows/gate.yml", workflow)
	git("init", "-q", "-b", "main")
	git("add", "-A")
	git("commit", "-q", "-m", "base")
	git("checkout", "-q", "-b", "topic")
	write("README.md", "no artifact\n")
	for i := range files {
		write(fmt.Sprintf("assets/sources/%03d.bin", i), fmt.Sprintln("artifact", i))
	}
	git("add", "-A")
	git("commit", "-q", "-m", "change")
	head := git("rev-parse", "HEAD")
	git("checkout", "-q", "-b", "merged", "main")
	git("merge", "-q", "--no-ff", "-m", "merge", "topic")
	git("remote", "add", "origin", "https://github.com/o/r")
	event := map[string]any{
		"number":       7,
		"pull_request": map[string]any{"number": 7, "head": map[string]any{"sha": head, "ref": "topic", "repo": map[string]any{"full_name": "o/r"}}, "base": map[string]any{"sha": git("rev-parse", "main"), "ref": "main"}},
		"repository":   map[string]any{"full_name": "o/r", "name": "r", "owner": map[string]any{"login": "o"}, "default_branch": "main"},
	}
	text, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	write("../event.json", string(text))
	return dir
}

// summary is the summary of the job.
func (r run) summary() string {
	for _, l := range r.lines {
		if l.Command == "summary" {
			return l.Content
		}
	}
	return ""
}

// start starts the server, where there is an engine: test/image/run.sh says where.
func start(t *testing.T) *githubtest.Server {
	t.Helper()
	for _, name := range []string{"CODEXLOCK_ACT", "CODEXLOCK_ACTION", "CODEXLOCK_IMAGE", "DOCKER_HOST"} {
		if os.Getenv(name) == "" {
			t.Skipf("%s is not set: make image-test sets it", name)
		}
	}
	server, err := githubtest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

// TestManyFindings: a pull request with 120 findings, from the event to the check run.
func TestManyFindings(t *testing.T) {
	server := start(t)
	r := act(t, pullRequest(t, findings), os.Getenv("CODEXLOCK_ACTION"), server)
	var ended *exec.ExitError
	if !errors.As(r.err, &ended) || ended.ExitCode() != 1 || r.printed(t, "outcome") != "failure" {
		t.Errorf("the job ended with %v, its step with %s, want a failure of both", r.err, r.printed(t, "outcome"))
	}
	runs := server.Runs()
	if len(runs) != 1 || runs[0].Status != "completed" || runs[0].Conclusion != "failure" || !strings.Contains(runs[0].Title, "120 artifacts") {
		t.Fatalf("want one check run, completed as a failure over 120 artifacts, got %+v", runs)
	}
	seen := map[githubtest.Annotation]bool{}
	for _, a := range runs[0].Annotations {
		if seen[a] {
			t.Errorf("posted twice: %+v", a)
		}
		seen[a] = true
	}
	if len(seen) < 50 || !strings.Contains(runs[0].Summary, "120") {
		t.Errorf("%d annotations, want at least 50, and a summary of all:\n%s", len(seen), runs[0].Summary)
	}
	var outputs struct {
		Conclusion, Level, Artifacts, Denied string
		URL                                  string `json:"check-run-url"`
		File                                 string `json:"report-file"`
	}
	if err := json.Unmarshal([]byte(r.printed(t, "outputs")), &outputs); err != nil {
		t.Fatal(err)
	}
	var counts struct{ Artifacts, Trusted, Deny json.Number }
	if err := json.Unmarshal([]byte(r.printed(t, "counts")), &counts); err != nil {
		t.Fatal(err)
	}
	if outputs.Conclusion != "failure" || outputs.Level != "non-compliant" || outputs.Artifacts != "120" || outputs.File != "report.json" ||
		outputs.Denied != counts.Deny.String() || counts.Artifacts != "120" || counts.Trusted != "0" || !strings.HasSuffix(outputs.URL, "/runs/1") {
		t.Errorf("outputs %+v, and the report counts %+v", outputs, counts)
	}
	if summary := r.summary(); !strings.Contains(summary, "120 artifacts") || !strings.Contains(summary, "assets/sources/000.bin") {
		t.Errorf("the job's summary is\n%s", summary)
	}
}

// TestRelease: a release's action.yml names an image; a good change passes.
func TestRelease(t *testing.T) {
	text, err := os.ReadFile("../../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	released := strings.Replace(string(text), "  image: Dockerfile\n", "  image: docker://"+os.Getenv("CODEXLOCK_IMAGE")+"\n", 1)
	if released == string(text) {
		t.Fatal("action.yml does not name the Dockerfile")
	}
	action := t.TempDir()
	if err := os.WriteFile(filepath.Join(action, "action.yml"), []byte(released), 0o644); err != nil {
		t.Fatal(err)
	}
	server := start(t)
	r := act(t, pullRequest(t, 0), action, server)
	if r.err != nil || r.printed(t, "outcome") != "success" {
		t.Errorf("the job ended with %v, its step with %s", r.err, r.printed(t, "outcome"))
	}
	if runs := server.Runs(); len(runs) != 1 || runs[0].Status != "completed" || runs[0].Conclusion == "failure" {
		t.Errorf("want one check run that passes, got %+v", runs)
	}
}
