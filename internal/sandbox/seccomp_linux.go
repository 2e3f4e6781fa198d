package sandbox

import (
	"errors"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// lastCall is the newest system call that was reviewed (mseal, Linux 6.10). Newer ones fail
// as not implemented, so that an unknown call is never allowed.
const lastCall = unix.SYS_MSEAL

// forbidden are the calls that no test needs and that lead out of the sandbox or often
// exposed kernel bugs. Landlock does not cover the calls that change a file's mode, owner,
// times or attributes by its name; on an open file they stay allowed.
var forbidden = []uint32{
	unix.SYS_SOCKET, unix.SYS_SOCKETPAIR, // of any family
	unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER,
	// Other processes.
	unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PROCESS_MADVISE, unix.SYS_PROCESS_MRELEASE,
	unix.SYS_KCMP, unix.SYS_PIDFD_OPEN, unix.SYS_PIDFD_GETFD, unix.SYS_PIDFD_SEND_SIGNAL,
	unix.SYS_SETPRIORITY, unix.SYS_IOPRIO_SET, unix.SYS_SCHED_SETAFFINITY, unix.SYS_SCHED_SETATTR, unix.SYS_SCHED_SETPARAM,
	unix.SYS_SCHED_SETSCHEDULER, unix.SYS_MIGRATE_PAGES, unix.SYS_MOVE_PAGES,
	// Objects that outlive a process, or are shared with others.
	unix.SYS_SHMGET, unix.SYS_SHMAT, unix.SYS_SHMCTL, unix.SYS_SEMGET, unix.SYS_SEMOP, unix.SYS_SEMCTL, unix.SYS_SEMTIMEDOP,
	unix.SYS_MSGGET, unix.SYS_MSGSND, unix.SYS_MSGRCV, unix.SYS_MSGCTL, unix.SYS_MQ_OPEN, unix.SYS_MQ_UNLINK,
	unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_KEYCTL,
	// Namespaces, mounts, roots.
	unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_CHROOT, unix.SYS_PIVOT_ROOT, unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_MOUNT_SETATTR,
	unix.SYS_MOVE_MOUNT, unix.SYS_OPEN_TREE, unix.SYS_FSOPEN, unix.SYS_FSCONFIG, unix.SYS_FSMOUNT, unix.SYS_FSPICK,
	unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_NAME_TO_HANDLE_AT, unix.SYS_FANOTIFY_INIT, unix.SYS_FANOTIFY_MARK,
	// A file's mode, owner and attributes by its name.
	unix.SYS_FCHMODAT, unix.SYS_FCHMODAT2, unix.SYS_FCHOWNAT, unix.SYS_SETXATTR, unix.SYS_LSETXATTR, unix.SYS_REMOVEXATTR, unix.SYS_LREMOVEXATTR,
	// The kernel.
	unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD, unix.SYS_PERSONALITY, unix.SYS_SYSLOG, unix.SYS_ACCT, unix.SYS_QUOTACTL,
	unix.SYS_QUOTACTL_FD, unix.SYS_SWAPON, unix.SYS_SWAPOFF, unix.SYS_REBOOT, unix.SYS_SETHOSTNAME, unix.SYS_SETDOMAINNAME,
	unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE, unix.SYS_KEXEC_LOAD, unix.SYS_KEXEC_FILE_LOAD,
	unix.SYS_CLOCK_SETTIME, unix.SYS_CLOCK_ADJTIME, unix.SYS_SETTIMEOFDAY, unix.SYS_ADJTIMEX, unix.SYS_VHANGUP,
	unix.SYS_MEMFD_SECRET, unix.SYS_LOOKUP_DCOOKIE, unix.SYS_NFSSERVCTL,
}

// The parts of a classic BPF program (seccomp(2)). The number, the architecture and the
// arguments of a call are at these offsets.
const (
	atNumber    = 0
	atArch      = 4
	atArguments = 16

	load    = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
	equal   = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
	greater = unix.BPF_JMP | unix.BPF_JGT | unix.BPF_K
	anyBit  = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
	answer  = unix.BPF_RET | unix.BPF_K

	denied  = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	unknown = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
)

// namespaces are the flags of clone that create a namespace.
const namespaces = unix.CLONE_NEWNS | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWCGROUP

func do(code uint16, k uint32, jt, jf uint8) unix.SockFilter {
	return unix.SockFilter{Code: code, Jt: jt, Jf: jf, K: k}
}

// program returns the filter. A call by another architecture's table kills the process.
func program() []unix.SockFilter {
	p := []unix.SockFilter{
		do(load, atArch, 0, 0),
		do(equal, architecture, 1, 0),
		do(answer, unix.SECCOMP_RET_KILL_PROCESS, 0, 0),
		do(load, atNumber, 0, 0),
		do(greater, lastCall, 0, 1), // also the numbers of x32
		do(answer, unknown, 0, 0),
		do(equal, unix.SYS_CLONE3, 0, 1), // its flags are behind a pointer; C libraries fall back to clone
		do(answer, unknown, 0, 0),
	}
	for _, number := range append(forbidden, forbiddenHere...) {
		p = append(p, do(equal, number, 0, 1), do(answer, denied, 0, 0))
	}
	p = append(p, // clone: no namespace
		do(equal, unix.SYS_CLONE, 0, 4),
		do(load, atArguments, 0, 0),
		do(anyBit, namespaces, 0, 1),
		do(answer, denied, 0, 0),
		do(answer, unix.SECCOMP_RET_ALLOW, 0, 0))
	p = append(p, // ioctl: no typing into a terminal
		do(equal, unix.SYS_IOCTL, 0, 5),
		do(load, atArguments+8, 0, 0),
		do(equal, unix.TIOCSTI, 1, 0),
		do(equal, unix.TIOCLINUX, 0, 1),
		do(answer, denied, 0, 0),
		do(answer, unix.SECCOMP_RET_ALLOW, 0, 0))
	p = append(p, // prlimit64: only of itself
		do(equal, unix.SYS_PRLIMIT64, 0, 4),
		do(load, atArguments, 0, 0),
		do(equal, 0, 1, 0),
		do(answer, denied, 0, 0),
		do(answer, unix.SECCOMP_RET_ALLOW, 0, 0))
	p = append(p, // utimensat: only of an open file
		do(equal, unix.SYS_UTIMENSAT, 0, 6),
		do(load, atArguments+8, 0, 0),
		do(equal, 0, 0, 3),
		do(load, atArguments+12, 0, 0),
		do(equal, 0, 0, 1),
		do(answer, unix.SECCOMP_RET_ALLOW, 0, 0),
		do(answer, denied, 0, 0))
	return append(p, do(answer, unix.SECCOMP_RET_ALLOW, 0, 0))
}

// filterCalls installs the filter for every thread.
func filterCalls() error {
	if architecture == 0 {
		return errors.New("its system calls are not known here")
	}
	filter := program()
	fprog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	thread, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&fprog)))
	runtime.KeepAlive(filter)
	switch {
	case errno != 0:
		return errno
	case thread != 0:
		return errors.New("a thread cannot have the filter")
	}
	return nil
}
