// Package concurrent runs work in goroutines. A panic in the work is raised again in
// the waiting goroutine, so that it ends the program like any other panic.
package concurrent

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// Start starts work in a goroutine of its own and returns a function that waits for its
// result.
func Start[T any](work func() (T, error)) (wait func() (T, error)) {
	type result struct {
		value    T
		err      error
		panicked string
	}
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() { done <- r }()
		defer catch(&r.panicked)
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

// catch sets text to the panic that is under way, with its stack, and ends it.
func catch(text *string) {
	if p := recover(); p != nil {
		*text = fmt.Sprintf("%v\n%s", p, debug.Stack())
	}
}

// Each calls do for 0 to n-1, on all cores at once, and returns after the last call. After
// an error or a panic no further call begins; of several errors it returns that of the
// smallest number.
func Each(n int, do func(i int) error) error {
	var next atomic.Int64
	var stop atomic.Bool
	var workers sync.WaitGroup
	errs := make([]error, n)
	panics := make([]string, min(runtime.GOMAXPROCS(0), n))
	for w := range panics {
		workers.Go(func() {
			defer func() {
				if panics[w] != "" {
					stop.Store(true)
				}
			}()
			defer catch(&panics[w])
			for !stop.Load() {
				i := next.Add(1) - 1
				if i >= int64(n) {
					return
				}
				if errs[i] = do(int(i)); errs[i] != nil { // a number that was taken is always called
					stop.Store(true)
				}
			}
		})
	}
	workers.Wait()
	for _, p := range panics {
		if p != "" {
			panic(p)
		}
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
