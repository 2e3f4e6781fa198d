package workbench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/codexlock/codexlock/internal/policy"
)

// DefaultTimeout is how long one test may take.
const DefaultTimeout = 5 * time.Second

// grace is how long after its time a test may take to notice it.
const grace = 2 * time.Second

// TestOptions say which tests are run, and how.
type TestOptions struct {
	Run      string        // a regular expression over data.PACKAGE.NAME; "": all
	Timeout  time.Duration // of one test
	Coverage bool
}

// What became of a test.
const (
	Passed  = "passed"
	Failed  = "failed"
	Skipped = "skipped"
)

// A TestReport is what became of all tests, by place.
type TestReport struct {
	Tests    []Test    `json:"tests"`
	Passed   int       `json:"passed"`
	Failed   int       `json:"failed"`
	Skipped  int       `json:"skipped"`
	Coverage *Coverage `json:"coverage,omitempty"`
}

// A Test is one test and what became of it.
type Test struct {
	Package string   `json:"package"` // without the leading "data."
	Name    string   `json:"name"`
	File    string   `json:"file"`
	Line    int      `json:"line"`
	Result  string   `json:"result"`
	At      string   `json:"at,omitempty"` // the expression that failed
	AtLine  int      `json:"at_line,omitempty"`
	Cases   []string `json:"cases,omitempty"` // those that failed, where it has cases
}

// An ErrNoTests is a run that ran nothing: a wrong directory or pattern looks just
// so, and is not a pass.
type ErrNoTests struct{ Run string }

func (e *ErrNoTests) Error() string {
	if e.Run != "" {
		return fmt.Sprintf("no test matches --run %q", e.Run)
	}
	return "no test found, want rules named test_… in files named …_test.rego"
}

// Hint is the next step.
func (e *ErrNoTests) Hint() string {
	if e.Run != "" {
		return "it is a regular expression over data.PACKAGE.NAME"
	}
	return "start a rule with its tests: codexlock policy new AREA.RULE"
}

// RunTests runs the tests of a suite with OPA's runner, in the gate's sandbox. A
// test that fails is a result; one that cannot be run to its end is an error.
func RunTests(ctx context.Context, s *policy.Suite, o TestOptions) (TestReport, error) {
	report := TestReport{Tests: []Test{}}
	runner := tester.NewRunner().SetCompiler(s.Compiler).SetModules(s.Modules).
		SetTimeout(o.Timeout).RaiseBuiltinErrors(true).CapturePrintOutput(false).Filter(o.Run)
	covered := cover.New()
	if o.Coverage {
		// One pass, as the gate evaluates: the others only say why a line is not covered.
		runner = runner.SetCoverageQueryTracer(covered).SetCoverageRuns(nil)
	}
	results, err := runner.RunTests(ctx, nil)
	var faults ast.Errors
	if errors.As(err, &faults) {
		return report, s.Fault(err)
	}
	if err != nil {
		return report, fmt.Errorf("run the tests: %w", err)
	}
	all, err := collect(ctx, results, o)
	if err != nil {
		return report, err
	}
	for _, r := range all {
		report.add(ctx, s, r)
	}
	if len(report.Tests) == 0 {
		return report, &ErrNoTests{Run: o.Run}
	}
	if o.Coverage {
		report.Coverage = coverageOf(covered.Report(s.ByFile(s.Rules)), s.Rules)
	}
	return report, nil
}

// collect takes the results as they come, and does not wait for a test that does
// not heed its time. Of several faults the first by place is told.
func collect(ctx context.Context, results <-chan *tester.Result, o TestOptions) ([]*tester.Result, error) {
	var all []*tester.Result
	late := time.NewTimer(o.Timeout + grace)
	defer late.Stop()
	for open := true; open; {
		var r *tester.Result
		select {
		case r, open = <-results:
			if open {
				all = append(all, r)
				late.Reset(o.Timeout + grace)
			}
		case <-late.C:
			return nil, fmt.Errorf("a test did not end within %s, nor when it was interrupted", o.Timeout)
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	slices.SortFunc(all, func(a, b *tester.Result) int {
		return cmp.Or(cmp.Compare(a.Location.File, b.Location.File), cmp.Compare(a.Location.Row, b.Location.Row), cmp.Compare(a.Name, b.Name))
	})
	for _, r := range all {
		if r.Error != nil {
			return nil, testFault(r, o)
		}
	}
	return all, nil
}

// testFault is a test that could not be run to its end.
func testFault(r *tester.Result, o TestOptions) error {
	fault := &policy.PolicyError{
		File: r.Location.File, Line: r.Location.Row, Column: r.Location.Col,
		Message: fmt.Sprintf("%s: %v", r.Name, r.Error),
		Next:    "make the rule answer whatever its input is",
	}
	var told *topdown.Error
	switch {
	case topdown.IsCancel(r.Error) || errors.Is(r.Error, context.DeadlineExceeded):
		fault.Message = fmt.Sprintf("%s did not end within %s", r.Name, o.Timeout)
		fault.Next = "bound what the rule walks over, or give the tests more time: --timeout"
	case errors.As(r.Error, &told):
		fault.Message = fmt.Sprintf("%s: %s: %s", r.Name, told.Code, told.Message)
		if told.Location != nil && told.Location.File != "" {
			fault.File, fault.Line, fault.Column = told.Location.File, told.Location.Row, told.Location.Col
		}
	}
	return fault
}

func (report *TestReport) add(ctx context.Context, s *policy.Suite, r *tester.Result) {
	t := Test{
		Package: strings.TrimPrefix(r.Package, "data."), Name: r.Name, File: r.Location.File, Line: r.Location.Row, Result: Passed,
	}
	switch {
	case r.Skip:
		t.Result = Skipped
		report.Skipped++
	case r.Fail:
		t.Result = Failed
		report.Failed++
		t.At, t.AtLine = whereFailed(ctx, s, r)
		for name, sub := range r.SubResults.Iter {
			if sub.Fail {
				t.Cases = append(t.Cases, strings.Join(name, "/"))
			}
		}
	default:
		report.Passed++
	}
	report.Tests = append(report.Tests, t)
}

// whereFailed evaluates a failed test once more and watches for the expression
// that did not hold: the last one of its own body that was tried in vain.
func whereFailed(ctx context.Context, s *policy.Suite, r *tester.Result) (text string, line int) {
	ctx, cancel := context.WithTimeout(ctx, DefaultTimeout)
	defer cancel()
	w := newWitness(ast.NewObject())
	_, err := rego.New(rego.Compiler(s.Compiler), rego.Query(r.Package+"."+r.Name), rego.QueryTracer(w)).Eval(ctx)
	if err != nil {
		return "", 0
	}
	for _, t := range w.order {
		if t.rule.Location.File != r.Location.File || t.rule.Location.Row != r.Location.Row {
			continue
		}
		for _, step := range t.own() {
			if step.failed > 0 {
				text, line = oneLine(t.text(step)), step.at.Row
			}
		}
	}
	return text, line
}
