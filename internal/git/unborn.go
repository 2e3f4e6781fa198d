package git

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Unborn reports whether HEAD names a branch that has no commit yet.
func (r *Repository) Unborn(ctx context.Context) (bool, error) {
	if _, ok := r.objects.headCommit(ctx); ok || ctx.Err() != nil {
		return false, ctx.Err()
	}
	out, err := r.git.output(ctx, "symbolic-ref", "--quiet", "HEAD")
	if err != nil {
		return false, nil // a commit that is not here, or nothing that git knows
	}
	return r.isAbsent(ctx, strings.TrimSuffix(string(out), "\n"))
}

// isAbsent reports whether there is no ref of this full name.
func (r *Repository) isAbsent(ctx context.Context, ref string) (bool, error) {
	if _, err := r.git.output(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", ref); err == nil {
		return false, nil
	}
	// A ref that git cannot read is not one that is missing.
	out, err := r.git.output(ctx, "rev-parse", "--git-path", ref)
	if err != nil {
		return false, fmt.Errorf("look for %s: %w", ref, err)
	}
	name := strings.TrimSuffix(string(out), "\n")
	if !filepath.IsAbs(name) {
		name = filepath.Join(r.git.dir, name)
	}
	_, err = os.Lstat(name)
	return os.IsNotExist(err), nil
}
