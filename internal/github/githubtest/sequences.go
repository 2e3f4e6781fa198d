package githubtest

import (
	"fmt"
	"os"
	"strconv"
)

// Sequences returns how many random fault sequences a test runs, and the seed of the first:
// CODEXLOCK_FAULTS and CODEXLOCK_FAULT_SEED, or else few and 1.
func Sequences(few int) (n int, seed uint64, err error) {
	n, seed = few, 1
	if s, ok := os.LookupEnv("CODEXLOCK_FAULTS"); ok {
		if n, err = strconv.Atoi(s); err != nil || n < 1 {
			return 0, 0, fmt.Errorf("CODEXLOCK_FAULTS is %q, want a number from 1", s)
		}
	}
	if s, ok := os.LookupEnv("CODEXLOCK_FAULT_SEED"); ok {
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			return 0, 0, fmt.Errorf("CODEXLOCK_FAULT_SEED is %q, want a number", s)
		}
	}
	return n, seed, nil
}
