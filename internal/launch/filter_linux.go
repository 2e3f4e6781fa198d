package launch

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The errors that a watched child's system calls get instead of being executed.
const (
	denyENOSYS = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
	denyEPERM  = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
)

// filter is the seccomp filter of a watched child. Each call that opens or executes a file by
// a name is asked about; io_uring, which opens without a call, and handles, which open
// without a name, do not exist; a call of another architecture, whose numbers mean other
// things, ends the process.
func filter() []unix.SockFilter {
	const (
		load  = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		least = unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K
		yield = unix.BPF_RET | unix.BPF_K
	)
	f := []unix.SockFilter{
		{Code: load, K: 4}, // seccomp_data.arch
		{Code: equal, K: auditArch, Jt: 1},
		{Code: yield, K: unix.SECCOMP_RET_KILL_PROCESS},
		{Code: load, K: 0}, // seccomp_data.nr
		{Code: least, K: otherABI, Jf: 1},
		{Code: yield, K: denyENOSYS},
	}
	answer := func(nr int, with uint32) {
		if nr >= 0 {
			f = append(f, unix.SockFilter{Code: equal, K: uint32(nr), Jf: 1}, unix.SockFilter{Code: yield, K: with})
		}
	}
	for _, nr := range []int{sysOpen, sysCreat, unix.SYS_OPENAT, unix.SYS_OPENAT2, unix.SYS_EXECVE, unix.SYS_EXECVEAT} {
		answer(nr, unix.SECCOMP_RET_USER_NOTIF)
	}
	answer(unix.SYS_IO_URING_SETUP, denyENOSYS)
	answer(unix.SYS_OPEN_BY_HANDLE_AT, denyEPERM)
	return append(f, unix.SockFilter{Code: yield, K: unix.SECCOMP_RET_ALLOW})
}

// Child is the program with ChildArgument: it has itself watched and becomes the
// interpreter. It returns only an error, after it sent it to the watcher.
func Child(args, env []string) error {
	runtime.LockOSThread()
	if len(args) < 2 {
		return errors.New(ChildArgument + " is for codexlock itself")
	}
	socket, err := strconv.Atoi(args[0])
	if err != nil {
		return fmt.Errorf("%s: %w", ChildArgument, err)
	}
	unix.CloseOnExec(socket)
	listener, err := watchThis()
	if err != nil {
		_, _ = unix.Write(socket, []byte(err.Error()))
		return err
	}
	err = unix.Sendmsg(socket, nil, unix.UnixRights(listener), nil, 0)
	if err != nil {
		return err
	}
	_ = unix.Close(listener)
	// The watcher answers from here on, for this exec too.
	err = execError(args[1], syscall.Exec(args[1], args[1:], env))
	_, _ = unix.Write(socket, []byte(err.Error()))
	return err
}

// watchThis installs the filter for this thread, and returns the descriptor at which its
// calls are answered.
func watchThis() (int, error) {
	if auditArch == 0 {
		return 0, errors.New("no seccomp filter for this architecture")
	}
	if os.Geteuid() != 0 {
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return 0, fmt.Errorf("no_new_privs: %w", err)
		}
	}
	f := filter()
	program := unix.SockFprog{Len: uint16(len(f)), Filter: &f[0]}
	var fd uintptr
	var errno unix.Errno
	for _, flags := range []uintptr{unix.SECCOMP_FILTER_FLAG_NEW_LISTENER | unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER} {
		fd, _, errno = unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&program)))
		if errno != unix.EINVAL { // before Linux 5.19
			break
		}
	}
	switch {
	case errno == unix.EBUSY:
		return 0, errors.New("this process is watched already, such as by another codexlock run")
	case errno != 0:
		return 0, fmt.Errorf("seccomp: %w", errno)
	}
	return int(fd), nil
}
