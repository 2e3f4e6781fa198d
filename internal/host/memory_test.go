package host

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// TestFirstCollectionIsLate: the collector waits for a heap of 64 MiB, once.
func TestFirstCollectionIsLate(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	percent := func() int {
		p := debug.SetGCPercent(100)
		debug.SetGCPercent(p)
		return p
	}
	delayCollection()
	if got := percent(); got != 1600 {
		t.Errorf("the first collection waits for %d%% of 4 MiB, want 1600%%", got)
	}
	for deadline := time.Now().Add(10 * time.Second); percent() != 100 && time.Now().Before(deadline); {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	if got := percent(); got != 100 {
		t.Errorf("after a collection the heap may grow by %d%%, want 100%%", got)
	}
}

// TestGOGCIsTheOwners: whoever sets it gets it.
func TestGOGCIsTheOwners(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	w := World{Env: func(name string) (string, bool) { return "50", name == "GOGC" || name == "GOMEMLIMIT" }}
	w.LimitMemory()
	if got := debug.SetGCPercent(100); got != 100 {
		t.Errorf("GOGC is set, and the heap may grow by %d%%, want 100%%", got)
	}
}
