// Package progress counts the steps of long work, and the bytes that it reads, for whoever
// waits for it. Work counts through its context, and knows neither a terminal nor the time;
// without somebody who waits it costs nothing.
package progress

import (
	"context"
	"io"
	"math"
	"runtime"
	"sync"
)

// A State is how far a piece of work is.
type State struct {
	What        string
	Done, Total int   // steps
	Read        int64 // bytes of files, those of complete steps and others

	// Steps is Done and the parts of the steps whose file is read at the moment, so that time
	// can be estimated while the first large file is read.
	Steps float64
}

// A Reporter is called after each step and each read, never twice at a time for one piece of
// work.
type Reporter func(State)

// A watch is who waits, and the work that is done at the moment.
type watch struct {
	report Reporter

	lock    sync.Mutex
	current *Count
}

type key struct{}

// With returns a context whose work is reported. Without a Reporter, it is not reported.
func With(ctx context.Context, r Reporter) context.Context {
	return context.WithValue(ctx, key{}, &watch{report: r})
}

// A Count counts the steps of one piece of work. The nil Count counts nothing.
type Count struct {
	report Reporter

	lock  sync.Mutex
	state State
	parts float64 // how much of their files the steps that are not complete have read
	ended int     // files that were read to their end, and whose step is not complete
}

// Start begins a piece of work of so many steps. Files that are read with its context belong to
// it until another one begins.
func Start(ctx context.Context, what string, total int) *Count {
	w, ok := ctx.Value(key{}).(*watch)
	if !ok || w.report == nil {
		return nil
	}
	w.lock.Lock()
	defer w.lock.Unlock()
	w.current = &Count{report: w.report, state: State{What: what, Total: total}}
	return w.current
}

// Step counts one step.
func (c *Count) Step() {
	if c != nil {
		c.add(func() {
			c.state.Done++
			if c.ended > 0 {
				c.ended--
				c.parts = max(0, c.parts-1)
			}
		})
	}
}

// add changes the count and reports it.
func (c *Count) add(change func()) {
	c.lock.Lock()
	defer c.lock.Unlock()
	change()
	// No more steps are in work than there are processors; a step can read several files.
	c.state.Steps = math.Min(float64(c.state.Total), float64(c.state.Done)+math.Min(c.parts, float64(runtime.GOMAXPROCS(0))))
	c.report(c.state)
}

// Reader returns r, which has size bytes, with every read counted as part of the work that is
// done with the context.
func Reader(ctx context.Context, size int64, r io.Reader) io.Reader {
	w, ok := ctx.Value(key{}).(*watch)
	if !ok || w.report == nil {
		return r
	}
	w.lock.Lock()
	defer w.lock.Unlock()
	return w.current.Reader(size, r)
}

// Reader returns r, which has size bytes, with every read counted.
func (c *Count) Reader(size int64, r io.Reader) io.Reader {
	if c == nil {
		return r
	}
	return &reader{count: c, size: size, r: r}
}

type reader struct {
	count *Count
	size  int64
	r     io.Reader
	ended bool
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	r.count.add(func() {
		r.count.state.Read += int64(n)
		r.count.parts += float64(n) / float64(max(r.size, int64(n), 1))
		if err != nil && !r.ended {
			r.ended = true
			r.count.ended++
		}
	})
	return n, err
}
