package main

import (
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/workflowtest"
)

// TestGitLabTemplate: each job of the template for GitLab CI has the whole history, runs
// whatever files change, must succeed, and keeps the report that its script writes.
func TestGitLabTemplate(t *testing.T) {
	jobs, err := workflowtest.GitLabJobs()
	if err != nil || len(jobs) != 2 {
		t.Fatalf("%d jobs, %v, want 2", len(jobs), err)
	}
	for name, job := range jobs {
		script := strings.Join(job.Script, "\n")
		if job.Variables["GIT_DEPTH"] != "0" {
			t.Errorf("%s: GIT_DEPTH is %q, want 0", name, job.Variables["GIT_DEPTH"])
		}
		if job.Image.Name != "$CODEXLOCK_IMAGE" || len(job.Image.Entrypoint) != 1 || job.Image.Entrypoint[0] != "" {
			t.Errorf("%s: image %+v, want $CODEXLOCK_IMAGE with an empty entrypoint", name, job.Image)
		}
		if report := job.Artifacts.Reports.JUnit; report == "" || job.Artifacts.When != "always" || !strings.Contains(script, " -f junit="+report) {
			t.Errorf("%s: the report %q is kept %q, want always the one that the script writes", name, report, job.Artifacts.When)
		}
		if job.AllowFailure {
			t.Errorf("%s: allow_failure is set", name)
		}
		for _, rule := range job.Rules {
			if len(rule) != 1 || rule["if"] == "" {
				t.Errorf("%s: rule %q, want an if alone: a job that does not run judges nothing", name, rule)
			}
		}
		if len(job.Rules) != 1 {
			t.Errorf("%s: %d rules, want 1", name, len(job.Rules))
		}
	}
}
