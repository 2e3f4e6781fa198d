// Package concurrent runs work in several goroutines and keeps its errors and panics where
// the caller sees them.
package concurrent

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// Start starts work in a goroutine of its own and returns a function that waits for its
// result. A panic of the work is one of the goroutine that waits, so that it ends the
// program as any other does.
func Start[T any](work func() (T, error)) (wait func() (T, error)) {
	type result struct {
		value    T
		err      error
		panicked string
	}
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			if p := recover(); p != nil {
				r.panicked = fmt.Sprintf("%v\n%s", p, debug.Stack())
			}
			done <- r
		}()
		r.value, r.err = work()
	}()
	return func() (T, error) {
		r := <-done
		if r.panicked != "" {
			panic(r.panicked)
		}
		return r.value, r.err
	}
}

// Each calls do for 0 to n-1, one call a core at once, and returns the error of the
// smallest. After an error none is started any more.
func Each(n int, do func(i int) error) error {
	var next atomic.Int64
	var failed atomic.Bool
	var workers sync.WaitGroup
	errs := make([]error, n)
	for range min(runtime.GOMAXPROCS(0), n) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(n) && !failed.Load(); i = next.Add(1) - 1 {
				if errs[i] = do(int(i)); errs[i] != nil {
					failed.Store(true)
				}
			}
		})
	}
	workers.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
