package git

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// DefaultBranch returns the full name of the branch that HEAD names, and its commit, "" if
// there is no such branch. If HEAD names a commit, there is no name.
func (r *Repository) DefaultBranch(ctx context.Context) (ref string, tip Commit, err error) {
	out, err := r.git.output(ctx, "symbolic-ref", "--quiet", "HEAD")
	switch {
	case IsNone(err): // HEAD names a commit
		tip, err = r.resolve(ctx, "HEAD")
		return "", tip, err
	case err != nil:
		return "", "", fmt.Errorf("read HEAD: %w", err)
	}
	ref = strings.TrimSuffix(string(out), "\n")
	tip, err = r.resolve(ctx, ref)
	if missing := (*MissingCommitError)(nil); !errors.As(err, &missing) {
		return ref, tip, err
	}
	absent, absentErr := r.isAbsent(ctx, ref)
	switch {
	case absentErr != nil:
		return "", "", absentErr
	case !absent:
		return "", "", err
	}
	return ref, "", nil
}
