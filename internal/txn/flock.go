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

// Sharing says with whom a lock is shared.
type Sharing int

// The ways of sharing a lock (flock(2)).
const (
	Shared    Sharing = unix.LOCK_SH // with others who read
	Exclusive Sharing = unix.LOCK_EX // with nobody
)

// errHeld is a lock that another process did not let go in time.
var errHeld = errors.New("another process holds the lock")

// pause is how long a waiter sleeps between two attempts.
const pause = 10 * time.Millisecond

// take waits for the lock of an open file, at most as long as patience; closing the
// file lets go of it. The file stays open where it is not taken.
func take(ctx context.Context, f *os.File, how Sharing, patience time.Duration) error {
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
	return errHeld
}

// try asks again where a signal came between (EINTR).
func try(f *os.File, how Sharing) error {
	for {
		if err := unix.Flock(int(f.Fd()), int(how)|unix.LOCK_NB); err != unix.EINTR {
			return err
		}
	}
}
