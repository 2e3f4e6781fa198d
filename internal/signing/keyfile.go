package signing

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/keys"
	"github.com/codexlock/codexlock/internal/repo"
)

// A TrackedKeyError is a key in a file that Git tracks: whoever can read the repository can
// sign.
type TrackedKeyError struct{ File string }

func (e *TrackedKeyError) Error() string {
	return fmt.Sprintf("key file %s is tracked by Git, so everybody who can read the repository may have the key; nothing was signed", e.File)
}

// Hint is the next step.
func (e *TrackedKeyError) Hint() string {
	return "make a new key in a file that Git does not track: codexlock keys generate --output FILE; if the old one was committed, it has leaked: codexlock keys revoke ID"
}

// Usage says that the user corrects it.
func (e *TrackedKeyError) Usage() bool { return true }

// A KeyFileState is what Git makes of a key file.
type KeyFileState string

// The states of a key file.
const (
	KeyFileApart     KeyFileState = "apart"     // outside the work tree, or ignored
	KeyFileUntracked KeyFileState = "untracked" // the next git add would add it
	KeyFileTracked   KeyFileState = "tracked"   // in the index
)

// StateOfKeyFile asks Git what it makes of a file; name is absolute or relative to the
// working directory.
func StateOfKeyFile(ctx context.Context, w host.World, r *repo.Repository, name string) (KeyFileState, error) {
	folder, err := filepath.EvalSymlinks(filepath.Dir(w.Path(name)))
	if err != nil {
		return "", err
	}
	root, err := filepath.EvalSymlinks(r.Root())
	if err != nil {
		return "", err
	}
	within, err := filepath.Rel(root, filepath.Join(folder, filepath.Base(name)))
	within = filepath.ToSlash(within)
	if err != nil || within == ".." || strings.HasPrefix(within, "../") || strings.HasPrefix(within, ".git/") {
		return KeyFileApart, nil
	}
	p, err := artifact.ParsePath(within)
	if err != nil {
		return KeyFileUntracked, nil // Git has names that no artifact has
	}
	untracked, err := r.Untracked(ctx, nil, []artifact.Path{p})
	if err != nil {
		return "", err
	}
	if len(untracked) == 0 {
		return KeyFileTracked, nil
	}
	view, err := r.View(ctx, w.Env)
	if err != nil {
		return "", err
	}
	ignored, err := view.Ignored(ctx, untracked)
	if err != nil {
		return "", err
	}
	if _, is := ignored[p]; is {
		return KeyFileApart, nil
	}
	return KeyFileUntracked, nil
}

// refuseTrackedKeys refuses to sign with a key that is in the repository.
func refuseTrackedKeys(ctx context.Context, w host.World, r *repo.Repository, c config.Config) error {
	for _, name := range keys.Files(c, w.Env) {
		state, err := StateOfKeyFile(ctx, w, r, name)
		if err != nil {
			return err
		}
		if state == KeyFileTracked {
			return &TrackedKeyError{File: name}
		}
	}
	return nil
}
