package policycmd

import (
	"fmt"
	"io"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/cli/flags"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/ruleset"
	"github.com/codexlock/codexlock/internal/workbench"
)

func testCommand(w host.World) *cobra.Command {
	o := workbench.TestOptions{}
	var formats []string
	var threshold float64
	cmd := &cobra.Command{
		Use:   "test [DIR...]",
		Short: "Run the tests of rules, in the gate's own sandbox",
		Long: `test runs the rules named test_… of the directories' …_test.rego with OPA's
runner, as opa test does, but as the gate would evaluate them: the same built-ins,
the same types of input, together with the embedded rules and helpers. Tests may
import data.codexlock.lib.sample, facts that every rule passes, from the program.

Without DIR it reads the directories that codexlock.yaml on the disk names.

Exit codes: 0 all passed, 1 one failed or too little is covered, 2 usage, 3 a test
could not be completed, or no test ran.`,
		Example: `  codexlock policy test
  codexlock policy test policies --run owner --coverage
  codexlock policy test --threshold 100 -f text -f junit=tests.xml`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := regexp.Compile(o.Run); err != nil {
				return exit.Usagef("--run: %w", err)
			}
			switch {
			case threshold < 0 || threshold > 100:
				return exit.Usagef("--threshold is %v, want a percentage from 0 to 100", threshold)
			case o.Timeout <= 0:
				return exit.Usagef("--timeout is %s, want more than nothing", o.Timeout)
			}
			outputs, err := flags.Outputs(w, formats, knownTestFormat)
			if err != nil {
				return err
			}
			o.Coverage = o.Coverage || threshold > 0
			_, sources, err := workSources(cmd.Context(), w, args)
			if err != nil {
				return err
			}
			suite, err := ruleset.NewSuite(sources)
			if err != nil {
				return err
			}
			r, err := workbench.RunTests(cmd.Context(), suite, o)
			if err != nil {
				return err
			}
			return writeTests(w, outputs, r, threshold)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Run, "run", "", "only the tests whose data.PACKAGE.NAME this regular expression matches")
	f.BoolVar(&o.Coverage, "coverage", false, "print the coverage of the rules, and the lines that are not covered")
	f.Float64Var(&threshold, "threshold", 0, "fail below this percentage of coverage")
	f.DurationVar(&o.Timeout, "timeout", workbench.DefaultTimeout, "time limit of one test")
	f.StringArrayVarP(&formats, "format", "f", nil, "format[=FILE], repeatable: text, json, junit (default text)")
	return cmd
}

var testFormats = map[string]func(io.Writer, workbench.TestReport) error{
	"text": workbench.TestText, "json": workbench.TestJSON, "junit": workbench.TestJUnit,
}

// knownTestFormat returns an error for a format that reports of tests do not have.
func knownTestFormat(format string) error {
	_, err := flags.Printer(format, testFormats)
	return err
}

// writeTests writes the report in every format. It returns exit.ErrDenied if a test failed.
func writeTests(w host.World, outputs []flags.Output, r workbench.TestReport, threshold float64) error {
	for _, out := range outputs {
		err := out.Write(w, func(to io.Writer) error { return testFormats[out.Format](to, r) })
		if err != nil {
			return fmt.Errorf("write %s: %w", out.Format, err)
		}
	}
	if c := r.Coverage; c != nil && c.Percent < threshold {
		fmt.Fprintf(w.Stderr, "codexlock: coverage is %.1f%%, want %v%%\n", c.Percent, threshold)
		return exit.ErrDenied
	}
	if r.Failed > 0 {
		return exit.ErrDenied
	}
	return nil
}
