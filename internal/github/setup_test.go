package github_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/github"
)

// TestSetup: names of required checks come from rulesets and from the protection of the branch.
func TestSetup(t *testing.T) {
	answers := map[string]string{
		"/repos/o/r":                                  `{"default_branch": "trunk"}`,
		"/repos/o/r/rules/branches/trunk":             `[{"type": "deletion"}, {"type": "required_status_checks", "parameters": {"required_status_checks": [{"context": "Codexlock gate", "integration_id": 15368}], "strict_required_status_checks_policy": false}}]`,
		"/repos/o/r/branches/trunk":                   `{"name": "trunk", "protection": {"enabled": true, "required_status_checks": {"enforcement_level": "everyone", "contexts": ["build"]}}}`,
		"/repos/o/r/actions/workflows/renew.yml/runs": `{"total_count": 1, "workflow_runs": [{"id": 1, "conclusion": "failure"}]}`,
		"/repos/o/r/actions/workflows/none.yml/runs":  `{"total_count": 0, "workflow_runs": []}`,
		"/repos/o/r/environments/codexlock":           `{"id": 1, "name": "codexlock", "protection_rules": [{"id": 2, "type": "wait_timer", "wait_timer": 5}, {"id": 3, "type": "required_reviewers", "prevent_self_review": true, "reviewers": [{"type": "Team", "reviewer": {"id": 4, "name": "models"}}]}]}`,
		"/repos/o/r/environments/a b/c":               `{"id": 5, "name": "a b/c", "protection_rules": [{"id": 6, "type": "branch_policy"}]}`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := answers[r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			text = `{"message": "Not Found"}`
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	client, err := github.NewClient(server.URL, "token", "o", "r", github.Clock{Now: time.Now, Sleep: github.Sleep}, time.Now().Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	branch, err := client.DefaultBranch(t.Context())
	if err != nil || branch != "trunk" {
		t.Fatalf("DefaultBranch: %q, %v", branch, err)
	}
	checks, err := client.RequiredChecks(t.Context(), branch)
	if err != nil || !slices.Equal(checks, []string{"Codexlock gate", "build"}) {
		t.Errorf("RequiredChecks: %q, %v", checks, err)
	}
	for file, want := range map[string]string{"renew.yml": "failure", "none.yml": ""} {
		if got, err := client.LastRun(t.Context(), file, branch); err != nil || got != want {
			t.Errorf("LastRun of %s: %q, %v, want %q", file, got, err, want)
		}
	}
	for name, want := range map[string]github.Protection{"codexlock": {Exists: true, Reviewers: true}, "a b/c": {Exists: true}, "absent": {}} {
		if got, err := client.Environment(t.Context(), name); err != nil || got != want {
			t.Errorf("Environment %q: %+v, %v, want %+v", name, got, err, want)
		}
	}
	if _, err := client.RequiredChecks(t.Context(), "other"); err == nil {
		t.Error("RequiredChecks of a branch that GitHub does not know: no error")
	}
	if _, err := client.LastRun(t.Context(), "absent.yml", branch); err == nil {
		t.Error("LastRun of a workflow that GitHub does not know: no error")
	}
}
