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
	ref := strings.TrimSuffix(string(out), "\n")
	if _, err := r.git.output(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", ref); err == nil {
		return false, nil
	}
	// A ref that git cannot read is not one that is missing.
	if out, err = r.git.output(ctx, "rev-parse", "--git-path", ref); err != nil {
		return false, fmt.Errorf("look for %s: %w", ref, err)
	}
	name := strings.TrimSuffix(string(out), "\n")
	if !filepath.IsAbs(name) {
		name = filepath.Join(r.git.dir, name)
	}
	_, err = os.Lstat(name)
	return os.IsNotExist(err), nil
}
