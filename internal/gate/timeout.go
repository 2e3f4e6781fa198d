package gate

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/codexlock/codexlock/internal/decision"
)

// DefaultTimeout is the default limit of one evaluation. It is far below the six hours of a job
// of GitHub Actions, so that the check is closed with the reason.
const DefaultTimeout = 10 * time.Minute

// MaxDenials is the number of denials that ends an evaluation.
const MaxDenials = decision.MaxDenials

// timeoutGrace is the time that an evaluation has to end after the limit. After that the run ends
// without it.
const timeoutGrace = 5 * time.Second

// A timeoutError is an evaluation that did not end in time. It verified nothing.
type timeoutError struct{ after time.Duration }

func (e *timeoutError) Error() string {
	return fmt.Sprintf("verification did not finish within %s, so nothing is verified", e.after)
}

// Hint is the next step.
func (e *timeoutError) Hint() string {
	return fmt.Sprintf("give it more time: codexlock verify --timeout %s, or CODEXLOCK_TIMEOUT=%[1]s in the environment of the action's step", 3*e.after)
}

// Limited returns a context that ends at the gate's limit.
func (g *Gate) Limited(ctx context.Context) (context.Context, context.CancelFunc) {
	if g.options.Settings.Timeout.Value <= 0 {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, g.options.Settings.Timeout.Value, &timeoutError{g.options.Settings.Timeout.Value})
}

// within runs work and waits for it, but not for work that ignores the end of its context. A
// panic of the work becomes one of the caller.
func within(ctx context.Context, work func() error) error {
	done, panicked := make(chan error, 1), make(chan string, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				panicked <- fmt.Sprintf("%v\n%s", p, debug.Stack())
			}
		}()
		done <- work()
	}()
	over := make(chan struct{})
	defer context.AfterFunc(ctx, func() {
		time.AfterFunc(timeoutGrace, func() { close(over) })
	})()
	select {
	case err := <-done:
		if err != nil && ctx.Err() != nil {
			return context.Cause(ctx) // whatever failed, failed for this
		}
		return err
	case p := <-panicked:
		panic(p)
	case <-over:
		return context.Cause(ctx)
	}
}
