// Package lockfile waits for the advisory lock of a file (flock(2)), which the kernel releases
// when the process ends. It opens and creates no file.
package lockfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// How a lock is shared.
const (
	Shared    = unix.LOCK_SH // with others who read
	Exclusive = unix.LOCK_EX // with nobody
)

// ErrHeld is a lock that another process did not let go in time.
var ErrHeld = errors.New("another process holds the lock")

// pause is how long a waiter sleeps between two attempts.
const pause = 10 * time.Millisecond

// Take waits for the lock of an open file, at most as long as patience; closing the
// file lets go of it. The file stays open where it is not taken.
func Take(ctx context.Context, f *os.File, how int, patience time.Duration) error {
	for range patience / pause {
		err := try(f, how)
		if err == nil {
			return nil
		}
		if err != unix.EWOULDBLOCK {
			return &fs.PathError{Op: "flock", Path: f.Name(), Err: err}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", f.Name(), ctx.Err())
		case <-time.After(pause):
		}
	}
	return ErrHeld
}

// try asks again where a signal came between (EINTR).
func try(f *os.File, how int) error {
	for {
		if err := unix.Flock(int(f.Fd()), how|unix.LOCK_NB); err != unix.EINTR {
			return err
		}
	}
}
