package doctor

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestCallsEnd: workflows that call each other, or themselves, or more jobs than anybody can
// count, are read to an end.
func TestCallsEnd(t *testing.T) {
	const pin = "codexlock/codexlock@0123456789012345678901234567890123456789"
	self := "on: [pull_request, workflow_call]\njobs:\n  a: {uses: ./.github/workflows/self.yml}\n  b: {steps: [{uses: " + pin + "}]}\n"
	ring := "on: [pull_request_target, workflow_call]\njobs:\n  a: {uses: ./.github/workflows/%s}\n  b: {steps: [{uses: " + pin + "}]}\n"
	s := Setup{Workflows: []Workflow{
		ParseWorkflow(".github/workflows/self.yml", []byte(self)),
		ParseWorkflow(".github/workflows/one.yml", fmt.Appendf(nil, ring, "two.yml")),
		ParseWorkflow(".github/workflows/two.yml", fmt.Appendf(nil, ring, "one.yml")),
	}}
	for depth := range 12 {
		var text strings.Builder
		text.WriteString("on: [push, workflow_call]\njobs:\n")
		for n := range 200 {
			fmt.Fprintf(&text, "  j%d: {uses: ./.github/workflows/deep%d.yml}\n", n, depth+1)
		}
		s.Workflows = append(s.Workflows, ParseWorkflow(fmt.Sprintf(".github/workflows/deep%d.yml", depth), []byte(text.String())))
	}
	done := make(chan Diagnosis, 1)
	go func() { done <- Examine(s) }()
	select {
	case d := <-done:
		if want := []string{"a / b", "b"}; !strings.HasPrefix(strings.Join(d.Checks, ","), strings.Join(want, ",")) {
			t.Errorf("checks are %q, want %q among them", d.Checks, want)
		}
	case <-time.After(time.Minute):
		t.Fatal("it does not end")
	}
}
