package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/action"
	"github.com/codexlock/codexlock/internal/cli"
	"github.com/codexlock/codexlock/internal/github/githubtest"
	"github.com/codexlock/codexlock/internal/host"
)

// A fixture is a repository with a pull request that is trusted and one that is denied.
type fixture struct {
	dir, home string
	heads     map[string]string // merge commit of each pull request
	tips      map[string]string // its head
	base      string
}

// testKey signs the fixture.
const testKey = "a-key-of-this-specification-0123456789abcdef"

// drifted is the number of artifacts that the denied pull request changes.
const drifted = 60

func newFixture(t *testing.T) *fixture {
	t.Helper()
	home := t.TempDir()
	f := &fixture{dir: filepath.Join(home, "repo"), home: home, heads: map[string]string{}, tips: map[string]string{}}
	config := "[user]\n\tname = Tester\n\temail = tester@localhost\n[init]\n\tdefaultBranch = main\n"
	if err := os.WriteFile(filepath.Join(home, ".gitconfig"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(f.dir, "assets/sources"), 0o755); err != nil {
		t.Fatal(err)
	}
	var names []string
	for i := range drifted {
		names = append(names, fmt.Sprintf("assets/sources/%02d.bin", i))
	}
	f.git(t, "init", "-q")
	f.write(t, "weights", names...)
	f.codexlock(t, "init")
	f.codexlock(t, append([]string{"attest"}, names...)...)
	f.git(t, "add", "-A")
	f.git(t, "commit", "-q", "-m", "base")
	f.base = f.git(t, "rev-parse", "HEAD")
	for _, name := range []string{"trusted", "denied"} {
		f.git(t, "checkout", "-q", "-b", "pr-"+name, "main")
		if name == "denied" {
			f.write(t, "drift", names...)
		} else {
			f.write(t, "new", "assets/sources/new.bin")
			f.codexlock(t, "attest", "assets/sources/new.bin")
		}
		f.git(t, "add", "-A")
		f.git(t, "commit", "-q", "-m", name)
		f.tips[name] = f.git(t, "rev-parse", "HEAD")
		f.git(t, "checkout", "-q", "--detach", "main")
		f.git(t, "merge", "-q", "--no-ff", "-m", "merge", "pr-"+name)
		f.heads[name] = f.git(t, "rev-parse", "HEAD")
	}
	return f
}

func (f *fixture) write(t *testing.T, text string, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(f.dir, name), []byte(text+name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func (f *fixture) git(t *testing.T, args ...string) string {
	t.Helper()
	c := exec.Command("git", args...)
	c.Dir = f.dir
	c.Env = append(os.Environ(), "HOME="+f.home, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+filepath.Join(f.home, ".gitconfig"))
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func (f *fixture) codexlock(t *testing.T, args ...string) {
	t.Helper()
	var out bytes.Buffer
	w := f.world(map[string]string{})
	w.Args, w.Stdout, w.Stderr = append([]string{"codexlock"}, args...), &out, &out
	if code := cli.Main(t.Context(), w); code != 0 {
		t.Fatalf("codexlock %s: exit code %d\n%s", strings.Join(args, " "), code, out.String())
	}
}

// world is the process of a command, with these variables and the key.
func (f *fixture) world(vars map[string]string) host.World {
	env := map[string]string{
		"HOME": f.home, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": filepath.Join(f.home, ".gitconfig"),
		"PATH": os.Getenv("PATH"), "VAULTTIME_KEY": testKey, "USER": "tester",
	}
	maps.Copy(env, vars)
	return host.World{
		Stdin: strings.NewReader(""), Dir: f.dir, Now: time.Now, Random: rand.Reader,
		Env:   func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		Names: func() []string { return slices.Collect(maps.Keys(env)) },
	}
}

// A runnerJob is one run of the action, as a runner starts it, with a clock that only passes
// by waiting.
type runnerJob struct {
	code                             int
	stdout, stderr, summary, outputs string
	took                             time.Duration
}

func (f *fixture) run(ctx context.Context, t *testing.T, s *githubtest.Server, pull string, vars map[string]string) runnerJob {
	t.Helper()
	dir := t.TempDir()
	event := fmt.Sprintf(`{"number":3,"pull_request":{"base":{"ref":"main","sha":"%s"},"head":{"sha":"%s","repo":{"full_name":"%s"}}},"repository":{"full_name":"o/r","default_branch":"main"}}`,
		f.base, f.tips[pull], vars["HEAD_REPOSITORY"])
	for name, text := range map[string]string{"event.json": event, "output": "", "summary": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	all := map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_API_URL": s.URL, "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "o/r",
		"GITHUB_RUN_ID": "7", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_WORKSPACE": f.dir, "GITHUB_EVENT_NAME": "pull_request", "GITHUB_SHA": f.heads[pull],
		"GITHUB_EVENT_PATH": filepath.Join(dir, "event.json"), "GITHUB_OUTPUT": filepath.Join(dir, "output"), "GITHUB_STEP_SUMMARY": filepath.Join(dir, "summary"),
		"INPUT_GITHUB-TOKEN": "token",
	}
	maps.Copy(all, vars)
	var out, errs bytes.Buffer
	w := f.world(all)
	w.Args, w.Stdout, w.Stderr = []string{"action"}, &out, &errs
	began := time.Now()
	clock := began
	w.Now = func() time.Time { return clock }
	w.Sleep = func(ctx context.Context, d time.Duration) error {
		clock = clock.Add(d)
		return ctx.Err()
	}
	s.Now = w.Now
	j := runnerJob{code: action.Main(ctx, w), stdout: out.String(), stderr: errs.String(), took: clock.Sub(began)}
	j.summary, j.outputs = readText(t, filepath.Join(dir, "summary")), readText(t, filepath.Join(dir, "output"))
	for _, text := range []string{strings.ReplaceAll(j.stdout, "::add-mask::"+testKey+"\n", ""), j.stderr, j.summary, j.outputs, s.Bodies()} {
		if strings.Contains(text, testKey) {
			t.Error("the key was written")
		}
	}
	return j
}

func readText(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// outputOf returns an output of a job.
func (j runnerJob) outputOf(name string) string {
	_, after, ok := strings.Cut(j.outputs, name+"<<")
	if !ok {
		return ""
	}
	lines := strings.SplitN(after, "\n", 3)
	return lines[1]
}

func newServer(t *testing.T) *githubtest.Server {
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
	return s
}
