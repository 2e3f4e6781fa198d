package supervisor

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// attributes end the worker with its supervisor.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

// closeMemory keeps other processes of the user from reading this one's environment,
// which holds the keys.
func closeMemory() { _ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }
