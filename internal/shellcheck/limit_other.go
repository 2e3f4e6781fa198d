//go:build !linux

package shellcheck

import (
	"os"
	"time"
)

// limited is whether a process can be limited here: elsewhere only the clock does.
const limited = false

func limit(int, time.Duration, uint64) error { return nil }

func outOfTime(*os.ProcessState) bool { return false }
