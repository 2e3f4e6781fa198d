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

	"github.com/codexlock/codexlock/internal/ruleset"
)

// DefaultTimeout is the time limit of one test.
const DefaultTimeout = 5 * time.Second

// grace is the time after the limit in which a test must stop.
const grace = 2 * time.Second

// TestOptions select the tests and say how they run.
type TestOptions struct {
	Run      string        // a regular expression over data.PACKAGE.NAME; "": all
	Timeout  time.Duration // of one test
	Coverage bool
}

// The results of a test.
const (
	Passed  = "passed"
	Failed  = "failed"
	Skipped = "skipped"
)

// A TestReport has the results of all tests, by position.
type TestReport struct {
	Tests    []Test    `json:"tests"`
	Passed   int       `json:"passed"`
	Failed   int       `json:"failed"`
	Skipped  int       `json:"skipped"`
	Coverage *Coverage `json:"coverage,omitempty"`
}

// A Test is one test with its result.
type Test struct {
	Package string   `json:"package"` // without the leading "data."
	Name    string   `json:"name"`
	File    string   `json:"file"`
	Line    int      `json:"line"`
	Result  string   `json:"result"`
	At      string   `json:"at,omitempty"` // the expression that failed
	AtLine  int      `json:"at_line,omitempty"`
	Cases   []string `json:"cases,omitempty"` // the failed cases, if it has cases
}

// An ErrNoTests is a run without tests, which is not a pass: the directory or the pattern
// is probably wrong.
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

// RunTests runs the tests of a suite with OPA's runner, in the gate's sandbox. A failed
// test is a result; a test that cannot be completed is an error.
func RunTests(ctx context.Context, s *ruleset.Suite, o TestOptions) (TestReport, error) {
	report := TestReport{Tests: []Test{}}
	runner := tester.NewRunner().SetCompiler(s.Compiler).SetModules(s.Modules).
		SetTimeout(o.Timeout).RaiseBuiltinErrors(true).CapturePrintOutput(false).Filter(o.Run)
	covered := cover.New()
	if o.Coverage {
		// One pass, as the gate evaluates: more would only explain uncovered lines.
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

// collect receives the results, and does not wait for a test that exceeds its time. Of
// several errors it returns the first by position.
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
			return nil, testError(r, o)
		}
	}
	return all, nil
}

// testError returns the error of a test that could not be completed.
func testError(r *tester.Result, o TestOptions) error {
	fault := &ruleset.Error{
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

func (report *TestReport) add(ctx context.Context, s *ruleset.Suite, r *tester.Result) {
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

// whereFailed evaluates a failed test again, traced, and returns the expression that
// failed: the last one of its body that was not true.
func whereFailed(ctx context.Context, s *ruleset.Suite, r *tester.Result) (text string, line int) {
	ctx, cancel := context.WithTimeout(ctx, DefaultTimeout)
	defer cancel()
	w := newCoverageTracer(ast.NewObject())
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
