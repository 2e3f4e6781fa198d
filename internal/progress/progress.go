// Package progress counts the steps of long work for whoever waits for it. Work counts
// through its context, and knows neither a terminal nor the time; without somebody who
// waits it costs nothing.
package progress

import (
	"context"
	"sync/atomic"
)

// A Reporter is called after each step, from several goroutines, with what is done and how
// many of how many steps are.
type Reporter func(what string, done, total int)

type key struct{}

// With returns a context whose work is reported.
func With(ctx context.Context, r Reporter) context.Context { return context.WithValue(ctx, key{}, r) }

// A Count counts the steps of one piece of work. The nil Count counts nothing.
type Count struct {
	report Reporter
	what   string
	total  int
	done   atomic.Int64
}

// Start begins a piece of work of so many steps.
func Start(ctx context.Context, what string, total int) *Count {
	r, ok := ctx.Value(key{}).(Reporter)
	if !ok {
		return nil
	}
	return &Count{report: r, what: what, total: total}
}

// Step counts one step.
func (c *Count) Step() {
	if c != nil {
		c.report(c.what, int(c.done.Add(1)), c.total)
	}
}
