package cli

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

// candidates are the artifacts of the work tree that may be attested again, as the gate
// judges them. Where the repository is denied as a whole, that is printed.
func candidates(ctx context.Context, out io.Writer, r *repo.Repository, g *gate.Gate) ([]signing.Candidate, error) {
	tree, err := r.WorkTree(ctx)
	if err != nil {
		return nil, err
	}
	all, err := signing.Candidates(ctx, tree, g)
	return all, printWhole(out, err)
}

// printWhole prints why a repository is denied as a whole, where that is the error.
func printWhole(out io.Writer, err error) error {
	var whole *signing.RepositoryDeniedError
	if errors.As(err, &whole) {
		for _, f := range whole.Findings {
			fmt.Fprintf(out, "[✗] %s: %s\n      hint: %s\n", report.Terminal(f.File), report.Terminal(signing.Line(f)), report.Terminal(f.Fix))
		}
		fmt.Fprintf(out, "[✗] %s\n", whole)
	}
	return err
}

// printSkipped prints the selected artifacts that were not attested, and returns their number
// and whether one of them is denied.
func printSkipped(w host.World, all []signing.Candidate) (n int, failed bool) {
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

// conclude prints the last line of a command that attested artifacts. The command is denied if
// a denied artifact was skipped.
func conclude(w host.World, failed bool, format string, args ...any) error {
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
