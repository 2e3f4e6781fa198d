package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/codexlock/codexlock/internal/cli"
	"github.com/codexlock/codexlock/internal/github/githubtest"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/workflowtest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"action":           main,
		"codexlock-action": main,
		"codexlock":        func() { os.Exit(cli.Main(host.Here())) },
	})
}

// TestAction runs the action as a runner does, against a server that is checked
// by GitHub's own description: an event in, requests and an exit code out.
func TestAction(t *testing.T) {
	scripts, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts in testdata, %v", err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata", RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: setup,
		Cmds:  map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "posted": posted, "faults": faults, "pin": pin, "denied": denied, "host": hosting, "step": step, "sample": sample},
	})
}

// setup gives each script a server of its own and the environment of a runner.
func setup(env *testscript.Env) error {
	s, err := githubtest.Start()
	if err != nil {
		return err
	}
	env.Values["server"] = s
	env.Defer(s.Close)
	for name, value := range map[string]string{
		"HOME": env.WorkDir, "GIT_CONFIG_GLOBAL": filepath.Join(env.WorkDir, ".gitconfig"), "GIT_CONFIG_NOSYSTEM": "1", "USER": "tester",
		"KEY":            "a-key-of-this-specification-0123456789abcdef",
		"GITHUB_ACTIONS": "true", "GITHUB_API_URL": s.URL, "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "o/r",
		"GITHUB_RUN_ID": "7", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_WORKSPACE": filepath.Join(env.WorkDir, "repo"),
		"GITHUB_EVENT_PATH": filepath.Join(env.WorkDir, "event.json"), "GITHUB_OUTPUT": filepath.Join(env.WorkDir, "output"),
		"GITHUB_STEP_SUMMARY": filepath.Join(env.WorkDir, "summary"), "INPUT_GITHUB-TOKEN": "token",
	} {
		env.Setenv(name, value)
	}
	config := "[user]\n\tname = Tester\n\temail = tester@localhost\n[init]\n\tdefaultBranch = main\n[commit]\n\tgpgsign = false\n[protocol \"file\"]\n\tallow = always\n"
	for name, text := range map[string]string{".gitconfig": config, "output": "", "summary": ""} {
		if err := os.WriteFile(filepath.Join(env.WorkDir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func server(ts *testscript.TestScript) *githubtest.Server {
	return ts.Value("server").(*githubtest.Server)
}

// exits runs a command and asserts its exit code, and that nothing which was
// sent breaks GitHub's description or holds the key.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG...]")
	}
	code := "0"
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		code = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if code != args[0] {
		ts.Fatalf("%s ended with %s, want exit code %s", strings.Join(args[1:], " "), code, args[0])
	}
	s := server(ts)
	if breaches := s.Errors(); len(breaches) > 0 {
		ts.Fatalf("against GitHub's description: %s", strings.Join(breaches, "; "))
	}
	key := ts.Getenv("KEY")
	out := strings.ReplaceAll(ts.ReadFile("stdout"), "::add-mask::"+key+"\n", "")
	for name, text := range map[string]string{
		"stdout": out, "stderr": ts.ReadFile("stderr"), "a request": s.Bodies(),
		"the outputs": ts.ReadFile(ts.Getenv("GITHUB_OUTPUT")), "the summary": ts.ReadFile(ts.Getenv("GITHUB_STEP_SUMMARY")),
	} {
		if strings.Contains(text, key) {
			ts.Fatalf("%s holds the key", name)
		}
	}
}

// hosting serves the repositories of a folder over HTTP, as a Git host does to whoever has
// the present token, and names it as the server of the run: host FOLDER.
func hosting(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: host FOLDER")
	}
	path, err := exec.Command("git", "--exec-path").Output()
	ts.Check(err)
	backend := &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(path)), "git-http-backend"),
		Env:  []string{"GIT_PROJECT_ROOT=" + ts.MkAbs(args[0]), "GIT_HTTP_EXPORT_ALL=1", "HOME=" + ts.Getenv("HOME"), "GIT_CONFIG_GLOBAL=" + ts.Getenv("GIT_CONFIG_GLOBAL")},
	}
	want := ts.Getenv("INPUT_GITHUB-TOKEN")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, token, _ := r.BasicAuth(); user != "x-access-token" || token != want {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		backend.ServeHTTP(w, r)
	}))
	ts.Defer(server.Close)
	ts.Setenv("GITHUB_SERVER_URL", server.URL)
}

// step writes the script of a workflow's step to a file: step WORKFLOW NAME FILE.
func step(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: step WORKFLOW NAME FILE")
	}
	text, err := workflowtest.Script(args[0], args[1])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(text), 0o644))
}

// sample gives a script the inputs that the documentation gives the action: sample PAGE JOB.
func sample(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sample PAGE JOB")
	}
	all, err := workflowtest.Samples()
	ts.Check(err)
	for _, s := range all {
		if s.File != args[0] {
			continue
		}
		for _, step := range s.Jobs[args[1]].Steps {
			if strings.HasPrefix(step.Uses, "codexlock/codexlock@") {
				for name, value := range step.With {
					ts.Setenv("INPUT_"+strings.ToUpper(name), value)
				}
				return
			}
		}
	}
	ts.Fatalf("%s has no job %s with the action", args[0], args[1])
}

// denied asserts that the report of the last run denies for a rule: denied RULE.
func denied(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: denied RULE")
	}
	var report struct {
		Findings []struct{ Rule, Severity string }
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("repo/report.json")), &report))
	for _, f := range report.Findings {
		if f.Rule == args[0] && f.Severity == "deny" {
			return
		}
	}
	ts.Fatalf("the report does not deny for %s: %+v", args[0], report.Findings)
}

// pin sets $AT to how a file is pinned: pin FILE.
func pin(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: pin FILE")
	}
	ts.Setenv("AT", fmt.Sprintf("#sha256=%x", sha256.Sum256([]byte(ts.ReadFile(args[0])))))
}

// posted writes the check runs that the server has to a file: posted FILE.
func posted(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: posted FILE")
	}
	text, err := json.Marshal(server(ts).Runs())
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), text, 0o644))
}

// faults makes every write fail in a way: faults FAULT, or faults none.
func faults(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: faults FAULT")
	}
	s := server(ts)
	s.Fault = func(_ int, r *http.Request) githubtest.Fault {
		if args[0] == "none" || r.Method == http.MethodGet {
			return ""
		}
		return githubtest.Fault(args[0])
	}
}
