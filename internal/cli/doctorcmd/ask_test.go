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

// TestAsk: what GitHub requires is compared with what the gate's job is called, and what it does
// not answer is printed.
func TestAsk(t *testing.T) {
	for name, c := range map[string]struct {
		rules, conclusion string // "" for an answer that the token may not have
		want, not         []string
	}{
		"required":       {`[{"type": "required_status_checks", "parameters": {"required_status_checks": [{"context": "Codexlock gate"}]}}]`, "success", nil, []string{"gate-required", "not asked", "renew.yml"}},
		"not required":   {`[]`, "success", []string{`no check is required for a merge to trunk, want "Codexlock gate" [gate-required]`}, []string{"not asked"}},
		"wrong name":     {`[{"type": "required_status_checks", "parameters": {"required_status_checks": [{"context": "Codexlock"}]}}]`, "success", []string{`required is "Codexlock", want "Codexlock gate" [gate-required]`}, nil},
		"renewal failed": {`[{"type": "required_status_checks", "parameters": {"required_status_checks": [{"context": "Codexlock gate"}]}}]`, "failure", []string{"renew.yml: its last run on trunk ended with failure [renewal]"}, []string{"gate-required"}},
		"may not ask":    {"", "", []string{"not asked: which checks a merge requires: ", "not asked: how the last renewal ended: "}, []string{"gate-required"}},
	} {
		t.Run(name, func(t *testing.T) {
			answers := map[string]string{
				"/repos/o/r":                      `{"default_branch": "trunk"}`,
				"/repos/o/r/branches/trunk":       `{"name": "trunk"}`,
				"/repos/o/r/rules/branches/trunk": c.rules,
			}
			if c.conclusion != "" {
				answers["/repos/o/r/actions/workflows/renew.yml/runs"] = fmt.Sprintf(`{"total_count": 1, "workflow_runs": [{"id": 1, "conclusion": %q}]}`, c.conclusion)
			}
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				text := answers[r.URL.Path]
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
				doctor.ParseWorkflow(".github/workflows/renew.yml", []byte(renewText)),
			}}
			var err error
			if setup.Answer, err = ask(t.Context(), world(map[string]string{"GITHUB_TOKEN": "token", "GITHUB_REPOSITORY": "o/r", "GITHUB_API_URL": server.URL}), setup.Workflows); err != nil {
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
			if required := slices.ContainsFunc(d.Findings, func(f doctor.Finding) bool { return f.Check == "gate-required" }); d.Weakened != required {
				t.Errorf("weakened is %v, and a finding about the required check is %v", d.Weakened, required)
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
		if a, err := ask(t.Context(), world(env), nil); a != nil || err != nil {
			t.Errorf("%v: asked: %v, %v", env, a, err)
		}
	}
	for _, env := range []map[string]string{
		{"GITHUB_TOKEN": "token", "GITHUB_REPOSITORY": "r"},
		{"GITHUB_TOKEN": "token", "GITHUB_REPOSITORY": "o/r/x"},
		{"GITHUB_TOKEN": "token", "GITHUB_REPOSITORY": "o/r", "GITHUB_API_URL": "http://example.com"},
	} {
		if _, err := ask(t.Context(), world(env), nil); exit.Code(err) != exit.Usage {
			t.Errorf("%v: %v, want a usage error", env, err)
		}
	}
}
