package workflowtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// samples returns the samples, of which there are several.
func samples(t *testing.T) []Sample {
	t.Helper()
	all, err := Samples()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Fatalf("%d samples, want at least 10", len(all))
	}
	return all
}

var pinned = regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40}$`)

// TestSamplesArePinned: an action of somebody else is named by a commit, with its version in a
// comment; ours by COMMIT, which stands for one, except where the page says so.
func TestSamplesArePinned(t *testing.T) {
	for _, s := range samples(t) {
		for _, j := range s.Jobs {
			uses := []string{j.Uses}
			for _, step := range j.Steps {
				uses = append(uses, step.Uses)
			}
			for _, u := range uses {
				switch {
				case u == "", strings.HasPrefix(u, "codexlock/codexlock") && (strings.HasSuffix(u, "@COMMIT") || u == "codexlock/codexlock@main"):
				case !pinned.MatchString(u):
					t.Errorf("%s: %s is not pinned by a commit", s.At(), u)
				case !regexp.MustCompile(regexp.QuoteMeta(u) + ` # v\d+\.\d+\.\d+\n`).MatchString(s.Text):
					t.Errorf("%s: %s has no version in a comment", s.At(), u)
				}
			}
		}
	}
}

// called is what a reusable workflow or an action takes.
type called struct {
	On struct {
		Call struct {
			Inputs, Secrets map[string]struct{ Required bool }
		} `yaml:"workflow_call"`
	}
	Inputs map[string]struct{ Required bool }
	Jobs   map[string]struct{ Permissions map[string]string }
}

func read(t *testing.T, name string) (c called) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(name)))
	if err == nil {
		err = yaml.Unmarshal(text, &c)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestSamplesCallWhatExists: a sample gives our action and our reusable workflows the inputs and
// secrets that they have, those that they require, and the permissions that their jobs ask for.
func TestSamplesCallWhatExists(t *testing.T) {
	calls := 0
	for _, s := range samples(t) {
		for id, j := range s.Jobs {
			for _, step := range j.Steps {
				if !strings.HasPrefix(step.Uses, "codexlock/codexlock@") {
					continue
				}
				calls++
				action := read(t, "action.yml")
				for name := range step.With {
					if _, ok := action.Inputs[name]; !ok {
						t.Errorf("%s: the action has no input %s", s.At(), name)
					}
				}
			}
			workflow, ok := strings.CutPrefix(j.Uses, "codexlock/codexlock/")
			if !ok {
				continue
			}
			calls++
			workflow, _, _ = strings.Cut(workflow, "@")
			c := read(t, workflow)
			for name := range j.With {
				if _, ok := c.On.Call.Inputs[name]; !ok {
					t.Errorf("%s: %s has no input %s", s.At(), workflow, name)
				}
			}
			for name, in := range c.On.Call.Inputs {
				if _, ok := j.With[name]; in.Required && !ok {
					t.Errorf("%s: job %s lacks the input %s of %s", s.At(), id, name, workflow)
				}
			}
			for i := 0; i+1 < len(j.Secrets.Content); i += 2 {
				name := j.Secrets.Content[i].Value
				if _, ok := c.On.Call.Secrets[name]; !ok {
					t.Errorf("%s: %s has no secret %s", s.At(), workflow, name)
				}
			}
			for job, asked := range c.Jobs {
				for scope, level := range asked.Permissions {
					if given := j.Permissions[scope]; given != level && given != "write" {
						t.Errorf("%s: job %s gives %s: %q, and job %s of %s asks for %s", s.At(), id, scope, given, job, workflow, level)
					}
				}
			}
		}
	}
	if calls < 5 {
		t.Errorf("%d calls of ours, want at least 5", calls)
	}
}

// TestSamplesAreClean: actionlint finds nothing in a sample. make setup builds it.
func TestSamplesAreClean(t *testing.T) {
	program, err := filepath.Abs(filepath.Join("..", "..", "build", "bin", "actionlint"))
	if err == nil {
		_, err = os.Stat(program)
	}
	if err != nil {
		if program, err = exec.LookPath("actionlint"); err != nil {
			t.Skip("actionlint is missing: make setup")
		}
	}
	dir := t.TempDir()
	for _, s := range samples(t) {
		name := filepath.Join(dir, strings.NewReplacer("/", "-", ":", "-").Replace(s.At())+".yml")
		if err := os.WriteFile(name, []byte(s.Text), 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), program, "-no-color", name)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", s.At(), err, out)
		}
	}
}
