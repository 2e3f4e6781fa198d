//go:build unix

package preview

import "syscall"

// limit binds the process to what it may use: seconds of CPU time, and the rest.
// It cannot take it back.
func limit(cpu uint64) error {
	for resource, most := range map[int]uint64{
		syscall.RLIMIT_CPU:  cpu,
		syscall.RLIMIT_DATA: maxMemory,
		syscall.RLIMIT_CORE: 0,
		// No file that it could open would be more than empty.
		syscall.RLIMIT_FSIZE: 0,
	} {
		if err := syscall.Setrlimit(resource, &syscall.Rlimit{Cur: most, Max: most}); err != nil {
			return err
		}
	}
	return nil
}
