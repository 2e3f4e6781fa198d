package exit_test

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/attest"
	"github.com/codexlock/codexlock/internal/changeset"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/github"
	"github.com/codexlock/codexlock/internal/outfile"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/ruleset"
	"github.com/codexlock/codexlock/internal/workbench"
)

// TestErrorsSayWhatTheyAre: the exit code of every kind of error that a user corrects, and
// whether it has a next step, wrapped and joined as commands return it.
func TestErrorsSayWhatTheyAre(t *testing.T) {
	for _, test := range []struct {
		err  error
		code int
		hint bool
	}{
		{nil, exit.Trusted, false},
		{exit.ErrDenied, exit.Denied, false},
		{errors.New("disk"), exit.Unknown, false},
		{fs.ErrPermission, exit.Unknown, true},
		{exit.Usagef("--base: %w", &git.MissingCommitError{Revision: "x"}), exit.Usage, true},
		{&config.Error{File: "codexlock.yaml"}, exit.Usage, false},
		{&report.UnknownFormatError{Format: "x"}, exit.Usage, false},
		{&changeset.NoArtifactError{Path: "x"}, exit.Usage, true},
		{&attest.WeakKeyError{Domain: "d"}, exit.Usage, true},
		{&attest.RefusedError{Path: "x", Next: "do"}, exit.Usage, true},
		{&attest.RefusedError{Path: "x", Unsettled: true}, exit.Unknown, false},
		{&attest.RefusedError{Path: "x", Unsettled: true, Err: exit.Usagef("y")}, exit.Usage, false},
		{&outfile.OutsideError{Path: "x"}, exit.Usage, true},
		{&outfile.KindError{Path: "x"}, exit.Usage, true},
		{&github.UnsupportedEventError{Event: "x"}, exit.Usage, true},
		{&git.NotARepositoryError{Dir: "x"}, exit.Unknown, true},
		{&git.NoCommitsError{Root: "x"}, exit.Unknown, true},
		{&git.MissingCommitError{Revision: "x"}, exit.Unknown, true},
		{&policy.UnknownRuleError{Code: "x"}, exit.Usage, true},
		{&workbench.NameError{Code: "x", Next: "do"}, exit.Usage, true},
		{&workbench.ExistsError{Path: "x"}, exit.Usage, true},
		{&gate.NotArtifactError{Path: "x"}, exit.Usage, true},
		{&ruleset.Error{Message: "x", Next: "do"}, exit.Unknown, true},
	} {
		for _, err := range []error{test.err, fmt.Errorf("read: %w", test.err), errors.Join(errors.New("first"), test.err)} {
			if test.err == nil {
				err = nil
			}
			if got := exit.Code(err); got != test.code {
				t.Errorf("%T: exit code of %v is %d, want %d", test.err, err, got, test.code)
			}
			if got := exit.Hint(err); (got != "") != test.hint {
				t.Errorf("%T: hint of %v is %q", test.err, err, got)
			}
		}
	}
}

// TestHintsFitTheSystem: how more history is fetched depends on who cloned.
func TestHintsFitTheSystem(t *testing.T) {
	for _, err := range []error{
		&git.MissingCommitError{Revision: "x", Shallow: true}, &git.MissingHistoryError{}, fmt.Errorf("read: %w", &git.MissingObjectError{OID: "x"}),
	} {
		for ci, want := range map[exit.CI]string{exit.GitHub: "fetch-depth: ", exit.GitLab: "GIT_DEPTH: ", exit.NoCI: "git fetch --unshallow"} {
			hint := exit.HintOn(err, ci)
			for _, other := range []string{"fetch-depth: ", "GIT_DEPTH: ", "git fetch --unshallow"} {
				if strings.Contains(hint, other) != (other == want) {
					t.Errorf("%T on %q: hint %q, want %q in it and no other", err, ci, hint, want)
				}
			}
		}
	}
	if exit.Hint(&git.MissingHistoryError{}) != exit.HintOn(&git.MissingHistoryError{}, exit.NoCI) {
		t.Error("Hint is another one than that of no system")
	}
}
