package txn

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// StateDir is the folder below the Git directory that holds locks and journals.
const StateDir = "codexlock"

// A Lock is an advisory lock (flock(2)) of a file in StateDir, which the kernel releases when
// the process ends. The file is never renamed or removed.
type Lock struct {
	Name     string        // of the file
	Holder   string        // what its holder does, for messages: "writes in this repository"
	Patience time.Duration // the longest wait for it
}

// workTree is the lock of a work tree's writer. The longest wait for it is longer than any
// writer holds it, and shorter than the timeout of a job.
var workTree = Lock{Name: "lock", Holder: "writes in this repository", Patience: 30 * time.Second}

// A LockedError means that another process held a lock for too long.
type LockedError struct {
	Path     string
	Holder   string // what it does
	Patience time.Duration
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("%s: another codexlock %s and did not end within %s", e.Path, e.Holder, e.Patience)
}

// Take takes the lock until release is called. Its error can be a *LockedError.
func (l Lock) Take(ctx context.Context, gitDir string, how Sharing) (release func(), err error) {
	state := Tree{root: gitDir}
	dir, err := state.enter(StateDir)
	if errors.Is(err, fs.ErrNotExist) {
		if err := state.mkdir(StateDir, 0o755); err != nil {
			return nil, fmt.Errorf("make lock: %w", err)
		}
		dir, err = state.enter(StateDir)
	}
	if err != nil {
		return nil, fmt.Errorf("make lock: %w", err)
	}
	defer dir.leave()
	fd, err := open(dir.fd, l.Name, unix.O_RDWR|unix.O_CREAT|unix.O_NOFOLLOW, 0o644)
	name := gitDir + "/" + StateDir + "/" + l.Name
	if err != nil {
		return nil, fmt.Errorf("make lock: %w", &fs.PathError{Op: "open", Path: name, Err: err})
	}
	f := os.NewFile(uintptr(fd), name)
	if err := take(ctx, f, how, l.Patience); err != nil {
		f.Close()
		if errors.Is(err, errHeld) {
			err = &LockedError{name, l.Holder, l.Patience}
		}
		return nil, err
	}
	return func() { f.Close() }, nil
}
