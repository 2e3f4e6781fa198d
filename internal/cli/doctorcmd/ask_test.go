package doctorcmd

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/doctor"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/host"
)

const gateText = "on: [pull_request, push, merge_group]\npermissions: {contents: read, checks: write}\njobs:\n  gate:\n    name: Codexlock gate\n    steps: [{uses: codexlock/codexlock@0123456789012345678901234567890123456789}]\n"

const renewText = "on: {schedule: [{cron: '17 */4 * * *'}]}\npermissions: {contents: write, pull-requests: write}\njobs:\n  renew: {steps: [{run: codexlock renew}]}\n"

const attestText = "on: workflow_dispatch\npermissions: {}\njobs:\n  attest:\n    uses: codexlock/codexlock/.github/workflows/attest.yml@0123456789012345678901234567890123456789\n    with: {version: 0123456789012345678901234567890123456789}\n    secrets: inherit\n"

// reviewed and others are answers about an environment.
const (
	reviewed = `{"name": "codexlock", "protection_rules": [{"type": "required_reviewers", "reviewers": [{"type": "User", "reviewer": {"id": 1}}]}]}`
	timed    = `{"name": "codexlock", "protection_rules": [{"type": "wait_timer"}]}`
)

// TestAsk: what GitHub requires is compared with what the gate's job is called, and what it does
// not answer is printed.
func TestAsk(t *testing.T) {
	for name, c := range map[string]struct {
		rules, conclusion, environment string // "" for an answer that the token may not have
		want, not                      []string
	}{
		"required":       {`[{"type": "required_status_checks", "parameters": {"required_status_checks": [{"context": "Codexlock gate"}]}}]`, "success", reviewed, nil, []string{"gate-required", "not asked", "renew.yml", "key-environment"}},
		"not required":   {`[]`, "success", reviewed, []string{`no check is required for a merge to trunk, want "Codexlock gate" [gate-required]`}, []string{"not asked"}},
		"wrong name":     {`[{"type": "required_status_checks", "parameters": {"required_status_checks": [{"context": "Codexlock"}]}}]`, "success", reviewed, []string{`required is "Codexlock", want "Codexlock gate" [gate-required]`}, nil},
		"renewal failed": {`[{"type": "required_status_checks", "parameters": {"required_status_checks": [{"context": "Codexlock gate"}]}}]`, "failure", reviewed, []string{"renew.yml: its last run on trunk ended with failure [renewal]"}, []string{"gate-required"}},
		"no reviewers":   {`[{"type": "required_status_checks", "parameters": {"required_status_checks": [{"context": "Codexlock gate"}]}}]`, "success", timed, []string{`attest.yml:5: the environment "codexlock" has no required reviewers [key-environment]`}, []string{"not asked"}},
		"no environment": {`[{"type": "required_status_checks", "parameters": {"required_status_checks": [{"context": "Codexlock gate"}]}}]`, "success", "none", []string{`attest.yml:5: the environment "codexlock" does not exist, and GitHub creates it without protection when a job first uses it [key-environment]`}, nil},
		"may not ask":    {"", "", "", []string{"not asked: whether an environment has required reviewers: ", "not asked: which checks a merge requires: ", "not asked: how the last renewal ended: "}, []string{"gate-required", "key-environment"}},
	} {
		t.Run(name, func(t *testing.T) {
			answers := map[string]string{
				"/repos/o/r":                        `{"default_branch": "trunk"}`,
				"/repos/o/r/branches/trunk":         `{"name": "trunk"}`,
				"/repos/o/r/rules/branches/trunk":   c.rules,
				"/repos/o/r/environments/codexlock": c.environment,
			}
			if c.conclusion != "" {
				answers["/repos/o/r/actions/workflows/renew.yml/runs"] = fmt.Sprintf(`{"total_count": 1, "workflow_runs": [{"id": 1, "conclusion": %q}]}`, c.conclusion)
			}
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				text := answers[r.URL.Path]
				if text == "none" {
					w.WriteHeader(http.StatusNotFound)
				}
				if text == "" {
					w.WriteHeader(http.StatusForbidden)
					text = `{"message": "Resource not accessible by personal access token"}`
				}
				if _, err := io.WriteString(w, text); err != nil {
					t.Error(err)
				}
			}))
			t.Cleanup(server.Close)
			setup := doctor.Setup{Configured: true, Driver: true, Workflows: []doctor.Workflow{
				doctor.ParseWorkflow(".github/workflows/codexlock.yml", []byte(gateText+"# VAULTTIME_KEY:")),
				doctor.ParseWorkflow(".github/workflows/attest.yml", []byte(attestText)),
				doctor.ParseWorkflow(".github/workflows/renew.yml", []byte(renewText)),
			}}
			var err error
			if setup.Answer, err = ask(t.Context(), world(map[string]string{"GITHUB_TOKEN": "token", "GITHUB_REPOSITORY": "o/r", "GITHUB_API_URL": server.URL}), &setup); err != nil {
				t.Fatal(err)
			}
			var text strings.Builder
			d := doctor.Examine(setup)
			if err := d.Text(&text); err != nil {
				t.Fatal(err)
			}
			for _, want := range c.want {
				if !strings.Contains(text.String(), want) {
					t.Errorf("want %q in\n%s", want, &text)
				}
			}
			for _, not := range c.not {
				if strings.Contains(text.String(), not) {
					t.Errorf("want no %q in\n%s", not, &text)
				}
			}
			if weakens := slices.ContainsFunc(d.Findings, func(f doctor.Finding) bool { return f.Check == "gate-required" || f.Check == "key-environment" }); d.Weakened != weakens {
				t.Errorf("weakened is %v, and a finding that weakens is %v", d.Weakened, weakens)
			}
		})
	}
}

func world(env map[string]string) host.World {
	return host.World{Now: time.Now, Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}
}

// TestAskNobody: without a token and a repository nobody is asked, and bad values are errors.
func TestAskNobody(t *testing.T) {
	for _, env := range []map[string]string{{}, {"GITHUB_TOKEN": "token"}, {"GITHUB_REPOSITORY": "o/r"}} {
		if a, err := ask(t.Context(), world(env), &doctor.Setup{}); a != nil || err != nil {
			t.Errorf("%v: asked: %v, %v", env, a, err)
		}
	}
	for _, env := range []map[string]string{
		{"GITHUB_TOKEN": "token", "GITHUB_REPOSITORY": "r"},
		{"GITHUB_TOKEN": "token", "GITHUB_REPOSITORY": "o/r/x"},
		{"GITHUB_TOKEN": "token", "GITHUB_REPOSITORY": "o/r", "GITHUB_API_URL": "http://example.com"},
	} {
		if _, err := ask(t.Context(), world(env), &doctor.Setup{}); exit.Code(err) != exit.Usage {
			t.Errorf("%v: %v, want a usage error", env, err)
		}
	}
}
