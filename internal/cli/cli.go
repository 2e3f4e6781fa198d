// Package cli is the command line and the action's entry point: flags, wiring and
// printing. It is the only package that reads arguments, the environment,
// the clock and randomness, and it hands them on as values.
package cli

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/buildinfo"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/sandbox"
)

// A World is everything that a command takes from outside itself.
type World struct {
	Args     []string // the program's name first
	Stdin    io.Reader
	Stdout   io.Writer
	Stderr   io.Writer
	Env      func(name string) (value string, ok bool)
	Dir      string // the working directory, absolute
	Now      func() time.Time
	Random   io.Reader
	Names    func() []string                                  // the environment's variables, by name
	Sleep    func(ctx context.Context, d time.Duration) error // nil: for real
	TestWall time.Duration                                    // how long a test may run; 0: as long as the sandbox lets it
	Ending   func(code int) int                               // told the exit code, at the very end; nil: nobody is
	After    string                                           // how an earlier process of this run ended without a result; "": there was none
	Self     string                                           // our own executable; "": it is not to be started once more
}

// tests executes an artifact's test where the base commit asks for it.
func (w World) tests() *facts.Tests {
	return &facts.Tests{Run: sandbox.Run, Random: w.Random, Clock: w.Now, Wall: w.TestWall}
}

// Main runs the codexlock command and returns its exit code.
func Main(ctx context.Context, w World) (code int) {
	defer w.ended(&code)
	defer closed(w, &code)
	if code, entered := sandbox.Enter(w.Args); entered {
		return code
	}
	w.limitMemory()
	if w.isPreview() {
		return w.servePreview(ctx)
	}
	root := &cobra.Command{
		Use:           "codexlock",
		Short:         "Prove that nothing in a change is unproved",
		Long:          longHelp,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return exit.Usagef("%w; see %s --help", err, cmd.CommandPath())
	})
	for _, command := range []func(World) *cobra.Command{
		attestCommand,
		auditCommand,
		demoCommand,
		explainCommand,
		exportCommand,
		factsCommand,
		ingestCommand,
		initCommand,
		keysCommand,
		lockCommand,
		policyCommand,
		quarantineCommand,
		renewCommand,
		verifyCommand,
		versionCommand,
	} {
		root.AddCommand(command(w))
	}
	root.SetArgs(w.Args[1:])
	root.SetOut(w.Stdout)
	root.SetErr(w.Stderr)
	known := false
	noteRun(root, &known)
	err := root.ExecuteContext(ctx)
	if err != nil && !known && !exit.IsUsage(err) { // cobra's own complaint: an unknown command, a wrong number of arguments
		err = exit.AsUsage(err)
	}
	return tell(w, err)
}

// noteRun sets known once the command line named a command and its arguments
// were counted.
func noteRun(parent *cobra.Command, known *bool) {
	for _, c := range parent.Commands() {
		if inner := c.RunE; inner != nil {
			c.RunE = func(cmd *cobra.Command, args []string) error {
				*known = true
				return inner(cmd, args)
			}
		}
		noteRun(c, known)
	}
}

const longHelp = `codexlock verifies that every artifact in a change is attested and unmodified: each
has a manifest, a VaultTime record, a test and a ledger entry that match it.

Exit codes: 0 trusted, 1 denied, 2 usage or configuration, 3 could not verify.
Keys come only from the environment: VAULTTIME_KEY, or what codexlock.yaml names.`

// closed turns a panic into the exit code of a run that verified nothing.
func closed(w World, code *int) {
	if p := recover(); p != nil {
		fmt.Fprintf(w.Stderr, "codexlock: internal error: %v\n%s", p, debug.Stack())
		*code = exit.Unknown
	}
}

// tell prints what went wrong, and the next step, and returns the exit code.
func tell(w World, err error) int {
	if code := exit.Code(err); code <= exit.Denied {
		return code
	}
	printErrors(w, err)
	return exit.Code(err)
}

func versionCommand(w World) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Say what this is", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := io.WriteString(w.Stdout, buildinfo.Text()) // of flags beside it; see there
			return err
		},
	}
}
