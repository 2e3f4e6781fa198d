package git

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// MergeBases returns the best common ancestors of two commits, in Git's order: one in an
// ordinary history, none without common history, several if branches were merged into each
// other. Where a shallow clone's history ends before all of them are certain, the error is
// a *MissingHistoryError.
func (r *Repository) MergeBases(ctx context.Context, a, b Commit) ([]Commit, error) {
	if a == b {
		return []Commit{a}, nil
	}
	out, err := r.git.output(ctx, "merge-base", "--all", "--end-of-options", string(a), string(b))
	if err != nil && !IsNone(err) {
		return nil, fmt.Errorf("find the merge base of %s and %s: %w", a, b, err)
	}
	var bases []Commit
	for line := range strings.Lines(string(out)) {
		id := strings.TrimSuffix(line, "\n")
		if !r.format.valid(id) {
			return nil, fmt.Errorf("find the merge base of %s and %s: git answers %q", a, b, id)
		}
		bases = append(bases, Commit(id))
	}
	if r.shallow {
		// Where the history ends before it reaches the bases, there may be others behind.
		unknown, err := r.endsWithin(ctx, []Commit{a, b}, bases)
		if err != nil {
			return nil, fmt.Errorf("find the merge base of %s and %s: %w", a, b, err)
		}
		if unknown {
			return nil, &MissingHistoryError{A: a, B: b}
		}
	}
	return bases, nil
}

// IsNone reports whether git ended with 1, its answer "none" to a question.
func IsNone(err error) bool {
	var failed *GitError
	var ended *exec.ExitError
	return errors.As(err, &failed) && errors.As(failed.Err, &ended) && ended.ExitCode() == 1
}

// A MissingHistoryError is a shallow clone with too little history to find the merge base of two
// commits.
type MissingHistoryError struct{ A, B Commit }

func (e *MissingHistoryError) Error() string {
	return fmt.Sprintf("the merge base of %s and %s cannot be determined: this clone is shallow and its history ends before it", e.A, e.B)
}

// HintOn is the next step on a system that runs jobs (see exit.CI).
func (e *MissingHistoryError) HintOn(ci string) string { return Deepen(ci, 0) }

// maxTouching bounds how many earlier states of a file are looked at.
const maxTouching = 1000

// Touching returns the commits along first parents, from and including tip, that
// changed one of the paths: the newest first, and no more than 1,000 of them.
func (r *Repository) Touching(ctx context.Context, tip Commit, paths []string) ([]Commit, error) {
	args := append([]string{"--first-parent", fmt.Sprintf("--max-count=%d", maxTouching), "--end-of-options", string(tip), "--"}, paths...)
	out, err := r.git.output(ctx, "rev-list", args...)
	if err != nil {
		return nil, fmt.Errorf("list the commits that changed %s: %w", strings.Join(paths, ", "), err)
	}
	var commits []Commit
	for line := range strings.Lines(string(out)) {
		id := strings.TrimSuffix(line, "\n")
		if !r.format.valid(id) {
			return nil, fmt.Errorf("list the commits that changed %s: git answers %q", strings.Join(paths, ", "), id)
		}
		commits = append(commits, Commit(id))
	}
	return commits, nil
}

// Remotes returns the URLs of the remote origin as the clone's own configuration
// has them, before any insteadOf, and whether the clone has remotes at all.
func (r *Repository) Remotes(ctx context.Context) (origin []string, any bool, err error) {
	out, err := r.git.output(ctx, "config", "--local", "--null", "--get-regexp", `^remote\..*\.(url|pushurl)$`)
	switch {
	case IsNone(err):
		return nil, false, nil
	case err != nil:
		return nil, false, fmt.Errorf("read the remotes: %w", err)
	}
	for pair := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		name, url, _ := strings.Cut(pair, "\n")
		any = true
		if name == "remote.origin.url" {
			origin = append(origin, url)
		}
	}
	return origin, any, nil
}
