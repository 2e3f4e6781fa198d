// Package candidates finds and prints the artifacts that a command may attest again: renew,
// migrate, export and keys rotate share it.
package candidates

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/signing"
)

// Find returns the artifacts of the work tree with the gate's result for each, which decides
// whether they may be attested again. If the repository is denied as a whole, it prints why.
func Find(ctx context.Context, out io.Writer, r *repo.Repository, g *gate.Gate) ([]signing.Candidate, error) {
	tree, err := r.WorkTree(ctx)
	if err != nil {
		return nil, err
	}
	all, err := signing.Candidates(ctx, r, tree, g)
	return all, PrintWhole(out, err)
}

// PrintWhole prints why a repository is denied as a whole, if that is the error, and returns
// the error.
func PrintWhole(out io.Writer, err error) error {
	var whole *signing.RepositoryDeniedError
	if errors.As(err, &whole) {
		for _, f := range whole.Findings {
			fmt.Fprintf(out, "[✗] %s: %s\n      hint: %s\n", report.Terminal(f.File), report.Terminal(signing.Line(f)), report.Terminal(f.Fix))
		}
		fmt.Fprintf(out, "[✗] %s\n", whole)
	}
	return err
}

// PrintSkipped prints the selected artifacts that were not attested, and returns their number
// and whether one of them is denied.
func PrintSkipped(w host.World, all []signing.Candidate) (n int, failed bool) {
	for _, s := range all {
		reason := s.Refused()
		if reason == "" {
			continue
		}
		n++
		mark := "!"
		if len(s.Denied) > 0 || s.Failed {
			mark, failed = "✗", true
		}
		fmt.Fprintf(w.Stdout, "[%s] %s skipped: %s\n", mark, report.Terminal(s.Path.String()), report.Terminal(reason))
	}
	return n, failed
}

// Conclude prints the last line of a command that attested artifacts. The command is denied if
// a denied artifact was skipped.
func Conclude(w host.World, failed bool, format string, args ...any) error {
	mark := "✓"
	if failed {
		mark = "✗"
	}
	fmt.Fprintf(w.Stdout, "[%s] %s\n", mark, fmt.Sprintf(format, args...))
	if failed {
		return exit.ErrDenied
	}
	return nil
}
