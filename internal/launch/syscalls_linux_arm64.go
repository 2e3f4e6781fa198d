package launch

import "golang.org/x/sys/unix"

// auditArch is the number of this architecture in a filter (linux/audit.h).
const auditArch = unix.AUDIT_ARCH_AARCH64

// otherABI is a bit that no system call has.
const otherABI = 0x40000000

// sysOpen and sysCreat do not exist here.
const (
	sysOpen  = -1
	sysCreat = -2
)
