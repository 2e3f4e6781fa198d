package gate

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// TestWithinDoesNotWaitForEver: work that does not heed its context is left behind,
// and neither its end nor its panic is a pass.
func TestWithinDoesNotWaitForEver(t *testing.T) {
	ctx, stop := (&Gate{options: Options{Settings: Settings{Timeout: Given(time.Millisecond)}}}).Limited(t.Context())
	defer stop()
	stuck := make(chan struct{})
	defer close(stuck)
	var late *timeoutError
	if err := within(ctx, func() error { <-stuck; return nil }); !errors.As(err, &late) {
		t.Errorf("stuck: %v", err)
	}
	if err := within(ctx, func() error { return errors.New("git was killed") }); !errors.As(err, &late) {
		t.Errorf("failed for it: %v", err)
	}
	mine := errors.New("mine")
	if err := within(context.Background(), func() error { return mine }); !errors.Is(err, mine) {
		t.Errorf("another error: %v", err)
	}
	defer func() {
		if p, _ := recover().(string); !strings.Contains(p, "oops") || !strings.Contains(p, "timeout_test.go") {
			t.Errorf("panicked with %q", p)
		}
	}()
	within(context.Background(), func() error { panic("oops") })
	t.Error("the panic was lost")
}
