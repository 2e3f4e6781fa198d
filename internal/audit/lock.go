package audit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/codexlock/codexlock/internal/lockfile"
)

// stateDir is the folder below the Git directory with the lock and the journal.
const stateDir = "codexlock"

// lockName is the lock file, which is never renamed or removed.
const lockName = "log.lock"

// patience is how long a writer waits for the others: 50 of them with 20 entries
// each took less on a slow disk.
const patience = time.Minute

// A LockedError means that another process held the log's lock for too long.
type LockedError struct{ Path string }

func (e *LockedError) Error() string {
	return fmt.Sprintf("%s: another codexlock writes the audit log and did not end within %s", e.Path, patience)
}

// lock takes the log's lock, to write or to read, until release
// is called or the process ends, however it ends.
func (p place) lock(ctx context.Context, how int) (release func(), err error) {
	if err := os.MkdirAll(string(p.state), 0o755); err != nil {
		return nil, fmt.Errorf("make the log's lock: %w", err)
	}
	f, err := os.OpenFile(p.state.at(lockName), os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o644)
	if err != nil {
		return nil, fmt.Errorf("make the log's lock: %w", err)
	}
	if err := lockfile.Take(ctx, f, how, patience); err != nil {
		f.Close()
		if errors.Is(err, lockfile.ErrHeld) {
			err = &LockedError{f.Name()}
		}
		return nil, err
	}
	return func() { f.Close() }, nil
}

// Hold keeps writers away while log and checkpoint of a work tree are read. It first undoes
// the incomplete append of a killed writer. On a read-only file system there is no lock
// and no writer.
func Hold(ctx context.Context, root, gitDir string) (release func(), err error) {
	p := placeOf(root, gitDir)
	if p.interrupted() {
		release, err := p.lock(ctx, lockfile.Exclusive)
		if err != nil {
			return nil, err
		}
		err = p.recover()
		release()
		if err != nil {
			return nil, err
		}
	}
	release, err = p.lock(ctx, lockfile.Shared)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EROFS) {
		return func() {}, nil
	}
	return release, err
}

// A place is a work tree, and the folder with the journal, the lock and the cached tail of
// its log.
type place struct{ tree, state folder }

func placeOf(root, gitDir string) place {
	return place{folder(root), folder(filepath.Join(gitDir, stateDir))}
}
