package host

import (
	"math"
	"runtime"
	"runtime/debug"
)

const (
	// memoryGoal is how much memory the collector tries to stay below: well below the
	// 1 GiB that a change may cost. A change of a million files needs some 550 MiB; without
	// a goal the collector lets a heap grow to twice what it needs.
	memoryGoal = 640 << 20
	// firstCollection is the size of the heap at which the collector runs for the first
	// time. Most commands end before that, so that they do not collect at all.
	firstCollection = 64 << 20
	// collectorHeap is that size where GOGC is 100: 4 MiB (runtime, heapMinimum).
	collectorHeap = 4 << 20
)

// LimitMemory sets the goal and the first collection where the owner of the machine has
// set neither (GOMEMLIMIT, GOGC).
func (w World) LimitMemory() {
	if _, set := w.Env("GOMEMLIMIT"); !set && debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(memoryGoal)
	}
	if _, set := w.Env("GOGC"); !set {
		delayCollection()
	}
}

// delayCollection delays the first collection. After it, the heap may double as it
// always may: the object that only the collector can reach tells that it has run.
func delayCollection() {
	before := debug.SetGCPercent(100 * firstCollection / collectorHeap)
	if before != 100 {
		debug.SetGCPercent(before) // an embedding program, or a test, chose its own
		return
	}
	runtime.AddCleanup(new([64]byte), func(percent int) { debug.SetGCPercent(percent) }, before)
}
