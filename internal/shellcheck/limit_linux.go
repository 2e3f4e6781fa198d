package shellcheck

import (
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// limited is whether a process can be limited here.
const limited = true

// limit binds a process that was just started. What it allocates before that is what
// any program needs to start. Memory is what it can write to: the runtime of Haskell
// reserves a terabyte of addresses, of which it uses little.
func limit(pid int, cpu time.Duration, memory uint64) error {
	seconds := max(uint64((cpu+time.Second-1)/time.Second), 1)
	for _, l := range []struct {
		resource  int
		soft, max uint64
	}{
		{unix.RLIMIT_DATA, memory, memory},
		{unix.RLIMIT_CPU, seconds, seconds + 1}, // SIGXCPU, then SIGKILL
		{unix.RLIMIT_CORE, 0, 0},
	} {
		var before unix.Rlimit
		err := unix.Prlimit(pid, l.resource, nil, &before)
		if err == nil {
			err = unix.Prlimit(pid, l.resource, &unix.Rlimit{Cur: min(l.soft, before.Max), Max: min(l.max, before.Max)}, nil)
		}
		if errors.Is(err, unix.ESRCH) {
			return nil // it ended already
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// outOfTime reports whether a process was ended because it used up its CPU time.
func outOfTime(state *os.ProcessState) bool {
	status, ok := state.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGXCPU
}
