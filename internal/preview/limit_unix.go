//go:build unix

package preview

import "syscall"

// limit sets the process's limits: cpu seconds of CPU time, and the constants of this
// package. The process cannot raise them again.
func limit(cpu uint64) error {
	for resource, most := range map[int]uint64{
		syscall.RLIMIT_CPU:  cpu,
		syscall.RLIMIT_DATA: maxMemory,
		syscall.RLIMIT_CORE: 0,
		// Files that it opens for writing stay empty.
		syscall.RLIMIT_FSIZE: 0,
	} {
		if err := syscall.Setrlimit(resource, &syscall.Rlimit{Cur: most, Max: most}); err != nil {
			return err
		}
	}
	return nil
}
