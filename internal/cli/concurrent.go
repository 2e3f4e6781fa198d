package cli

import (
	"fmt"
	"runtime/debug"
)

// concurrently starts work in a goroutine of its own and returns a function that waits
// for its result. A panic of the work is one of the goroutine that waits, so that it ends
// the program as any other does.
func concurrently[T any](work func() (T, error)) (wait func() (T, error)) {
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
