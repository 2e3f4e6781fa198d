package launch

import "golang.org/x/sys/unix"

// auditArch is the number of this architecture in a filter (linux/audit.h).
const auditArch = unix.AUDIT_ARCH_X86_64

// otherABI is the bit that marks system calls of another ABI of this architecture (x32).
const otherABI = 0x40000000

// sysOpen and sysCreat are the older calls that open a file.
const (
	sysOpen  = unix.SYS_OPEN
	sysCreat = unix.SYS_CREAT
)
