package cli

import (
	"math"
	"runtime/debug"
)

// memoryGoal is how much memory the collector tries to stay below: well below the
// 1 GiB that a change may cost. A change of a million files needs some 550 MiB; without
// a goal the collector lets a heap grow to twice what it needs.
const memoryGoal = 640 << 20

// limitMemory sets the goal where the owner of the machine has set none (GOMEMLIMIT).
func (w World) limitMemory() {
	if _, set := w.Env("GOMEMLIMIT"); !set && debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(memoryGoal)
	}
}
