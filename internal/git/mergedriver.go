package git

import (
	"context"
	"fmt"
	"strings"
)

// mergeDriverKey is the setting of the merge driver that .gitattributes names: merge=codexlock
// (gitattributes(5), "Defining a custom merge driver").
const mergeDriverKey = "merge.codexlock.driver"

// MergeDriver returns the command of the merge driver that is configured for this clone or for
// the user, "" for none; env says where the user's configuration is.
func (r *Repository) MergeDriver(ctx context.Context, env func(string) (string, bool)) (command string, err error) {
	out, err := r.git.AsUser(env).output(ctx, "config", "--get", mergeDriverKey)
	if err != nil && !IsNone(err) {
		return "", fmt.Errorf("read %s: %w", mergeDriverKey, err)
	}
	return strings.TrimSpace(string(out)), nil
}

// ConfigureMergeDriver writes the command of the merge driver to the repository's own
// configuration, which no commit contains. A driver that is configured, there or for the
// user, stays; env says where the user's configuration is. set is whether it was written.
func (r *Repository) ConfigureMergeDriver(ctx context.Context, env func(string) (string, bool), command string) (set bool, err error) {
	if there, err := r.MergeDriver(ctx, env); err != nil || there != "" {
		return false, err
	}
	if _, err := r.git.output(ctx, "config", "--local", mergeDriverKey, command); err != nil {
		return false, fmt.Errorf("write %s: %w", mergeDriverKey, err)
	}
	return true, nil
}
