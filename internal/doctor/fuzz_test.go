package doctor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzExamine: no text of two workflows that call each other ends the examination early.
func FuzzExamine(f *testing.F) {
	seeds, err := filepath.Glob("../../.github/workflows/*.yml")
	if err != nil || len(seeds) == 0 {
		f.Fatalf("no workflows, %v", err)
	}
	for _, name := range seeds {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text, []byte("on: [push, workflow_call]\njobs: {a: {uses: ./.github/workflows/one.yml}}\n"))
	}
	f.Add([]byte("on: {schedule: [{cron: '*/5 * * * MON-FRI'}], workflow_call: }\njobs: {a: {uses: ./.github/workflows/two.yml, secrets: inherit}}\n"),
		[]byte("on: {workflow_call: }\njobs: {a: {steps: [{run: codexlock renew --within 3h}, {uses: codexlock/codexlock@v1, env: {VAULTTIME_KEY: '${{ secrets.x }}'}}]}}\n"))
	f.Fuzz(func(t *testing.T, one, two []byte) {
		s := Setup{Workflows: []Workflow{ParseWorkflow(".github/workflows/one.yml", one), ParseWorkflow(".github/workflows/two.yml", two)}}
		s.Answer = &Answer{Branch: "main", Required: []string{}, Environments: map[string]Protection{}}
		for _, name := range s.Environments() {
			s.Answer.Environments[name] = Protection{}
		}
		d := Examine(s)
		for _, finding := range d.Findings {
			if finding.What == "" || finding.Why == "" || finding.Fix == "" || strings.ContainsRune(finding.File, '\n') {
				t.Errorf("%+v is incomplete", finding)
			}
		}
	})
}
