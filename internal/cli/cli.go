// Package cli is the command line and the action's entry point: flags, wiring
// and exit codes. It is the only package that reads arguments, the environment,
// the clock and randomness, and it hands them on as values.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/attest"
	"github.com/codexlock/codexlock/internal/buildinfo"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/github"
	"github.com/codexlock/codexlock/internal/outfile"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/sandbox"
)

// The exit codes, the same for every command and format.
const (
	ExitTrusted = 0 // every artifact under judgement is trusted
	ExitDenied  = 1 // at least one is denied
	ExitUsage   = 2 // the command or the configuration cannot be understood
	ExitUnknown = 3 // it could not be verified; never a pass
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

// errDenied ends a command whose result was told already.
var errDenied = errors.New("denied")

// A usageError is a command that cannot be understood.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

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
		return usagef("%w; see %s --help", err, cmd.CommandPath())
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
	if err != nil && !known && !isUsage(err) { // cobra's own complaint: an unknown command, a wrong number of arguments
		err = &usageError{err}
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
		*code = ExitUnknown
	}
}

// tell says what went wrong, and the next step, and maps it to an exit code.
// Whatever is not known to be the user's to mend is ExitUnknown.
func tell(w World, err error) int {
	switch {
	case err == nil:
		return ExitTrusted
	case errors.Is(err, errDenied):
		return ExitDenied
	}
	printErrors(w, err)
	if isUsage(err) {
		return ExitUsage
	}
	return ExitUnknown
}

func isUsage(err error) bool {
	var usage *usageError
	var bad *config.Error
	var format *report.UnknownFormatError
	var named *facts.NoArtifactError
	var none *notArtifactError
	var weak *attest.WeakKeyError
	var refused *attest.RefusedError
	var outside *outfile.OutsideError
	var special *outfile.KindError
	var event *github.UnsupportedEventError
	return errors.As(err, &event) || errors.As(err, &none) || errors.As(err, &outside) || errors.As(err, &special) || errors.As(err, &usage) || errors.As(err, &bad) || errors.As(err, &format) || errors.As(err, &named) ||
		errors.As(err, &weak) || (errors.As(err, &refused) && !refused.Unsettled)
}

// hintFor is the next step after an error, where there is a plain one.
func hintFor(err error) string {
	var notRepo *repo.NotARepositoryError
	var noCommits *repo.NoCommitsError
	var missing *repo.MissingCommitError
	var rule *policy.PolicyError
	var weak *attest.WeakKeyError
	var merge *MergeInputError
	var nothing *facts.NoArtifactError
	var own interface{ Hint() string }
	switch {
	case errors.As(err, &notRepo):
		return "run it inside a Git repository, or make one: git init"
	case errors.As(err, &noCommits):
		return "commit first: the base commit is where configuration and policies come from"
	case errors.As(err, &missing):
		return "fetch the base too: actions/checkout with fetch-depth: 2, or git fetch --deepen=1"
	case errors.As(err, &rule):
		return rule.Hint
	case errors.As(err, &nothing):
		return "a path is seen from the working directory; codexlock verify --all names every artifact"
	case errors.As(err, &own):
		return own.Hint()
	case errors.As(err, &weak):
		return "make one: codexlock keys generate, or openssl rand -hex 32"
	case errors.As(err, &merge):
		return "fix that side first: git merge --abort, or write the ledger by hand and git add it"
	case errors.Is(err, fs.ErrPermission):
		return "nothing was changed; see who may read and write there"
	}
	return ""
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
