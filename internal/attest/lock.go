package attest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// stateDir is the folder below the Git directory that holds the lock and the journal.
const stateDir = "codexlock"

// A writer waits for another one for lockAttempts times lockPause, half a minute:
// longer than any writer holds the lock, and shorter than a job's patience.
const (
	lockAttempts = 1500
	lockPause    = 20 * time.Millisecond
)

// A LockedError is another writer that did not end in time.
type LockedError struct{ Path string }

func (e *LockedError) Error() string {
	return fmt.Sprintf("%s: another codexlock writes in this repository and did not end within %s", e.Path, lockAttempts*lockPause)
}

// lock makes this the one writer in the repository until release is called. The
// lock is on a file that is never renamed, and ends with the process.
func lock(ctx context.Context, gitDir string) (release func(), err error) {
	state := tree{gitDir}
	dir, err := state.folder(stateDir)
	if errors.Is(err, fs.ErrNotExist) {
		if err := state.mkdir(stateDir); err != nil {
			return nil, fmt.Errorf("make lock: %w", err)
		}
		dir, err = state.folder(stateDir)
	}
	if err != nil {
		return nil, fmt.Errorf("make lock: %w", err)
	}
	defer dir.Close()
	fd, err := open(int(dir.Fd()), "lock", unix.O_RDWR|unix.O_CREAT|unix.O_NOFOLLOW, 0o644)
	name := gitDir + "/" + stateDir + "/lock"
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	f := os.NewFile(uintptr(fd), name)
	for range lockAttempts {
		err := uninterrupted(func() error { return unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) })
		if err == nil {
			return func() { f.Close() }, nil
		}
		if err != unix.EWOULDBLOCK {
			f.Close()
			return nil, &fs.PathError{Op: "flock", Path: name, Err: err}
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, fmt.Errorf("wait for %s: %w", name, ctx.Err())
		case <-time.After(lockPause):
		}
	}
	f.Close()
	return nil, &LockedError{name}
}
