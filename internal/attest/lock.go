package attest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/codexlock/codexlock/internal/lockfile"
)

// stateDir is the folder below the Git directory that holds the lock and the journal.
const stateDir = "codexlock"

// patience is the longest wait for the lock: longer than any writer holds it, and shorter than
// the timeout of a job.
const patience = 30 * time.Second

// A LockedError means that another writer held the lock for too long.
type LockedError struct{ Path string }

func (e *LockedError) Error() string {
	return fmt.Sprintf("%s: another codexlock writes in this repository and did not end within %s", e.Path, patience)
}

// lock takes the repository's lock until release is called. It is on a file that is never
// renamed, and ends with the process.
func lock(ctx context.Context, gitDir string) (release func(), err error) {
	state := tree{root: gitDir}
	dir, err := state.enter(stateDir)
	if errors.Is(err, fs.ErrNotExist) {
		if err := state.mkdir(stateDir); err != nil {
			return nil, fmt.Errorf("make lock: %w", err)
		}
		dir, err = state.enter(stateDir)
	}
	if err != nil {
		return nil, fmt.Errorf("make lock: %w", err)
	}
	defer dir.leave()
	fd, err := open(dir.fd, "lock", unix.O_RDWR|unix.O_CREAT|unix.O_NOFOLLOW, 0o644)
	name := gitDir + "/" + stateDir + "/lock"
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	f := os.NewFile(uintptr(fd), name)
	if err := lockfile.Take(ctx, f, lockfile.Exclusive, patience); err != nil {
		f.Close()
		if errors.Is(err, lockfile.ErrHeld) {
			err = &LockedError{name}
		}
		return nil, err
	}
	return func() { f.Close() }, nil
}
