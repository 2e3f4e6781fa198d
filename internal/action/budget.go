package action

import (
	"context"
	"fmt"
	"time"

	"github.com/codexlock/codexlock/internal/gate"
)

const (
	// postingTime is the part of a run's time that is left for GitHub's API when the
	// evaluation takes as long as it may.
	postingTime = 10 * time.Minute
	// longestRun bounds a run whose evaluation has no limit: a job of a hosted runner ends
	// after six hours (GitHub docs, Actions limits).
	longestRun = 350 * time.Minute
)

// A budgetError is a run whose time is over. It verified nothing.
type budgetError struct{ budget time.Duration }

func (e *budgetError) Error() string {
	return fmt.Sprintf("the run did not finish within %s, so nothing is verified", e.budget)
}

// Hint is the next step.
func (e *budgetError) Hint() string {
	return "run the job again later; CODEXLOCK_TIMEOUT in the environment of the step gives the evaluation more time"
}

// limit bounds the run: 20 minutes, where CODEXLOCK_TIMEOUT gives the evaluation no other
// time. The timeout-minutes of the job that init writes are longer, so that the check run is
// closed with the reason before a runner ends the step.
func (a *action) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	budget := gate.DefaultTimeout + postingTime
	if written, ok := a.world.Env("CODEXLOCK_TIMEOUT"); ok {
		switch t, err := time.ParseDuration(written); {
		case err != nil: // the gate says so
		case t <= 0:
			budget = longestRun
		default:
			budget = min(t, longestRun) + postingTime
		}
	}
	a.until = a.world.Now().Add(budget)
	return context.WithTimeoutCause(ctx, budget, &budgetError{budget})
}
