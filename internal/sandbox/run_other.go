//go:build !linux

package sandbox

import "context"

// Run fails: this system has no sandbox.
func Run(context.Context, Job) (Result, error) {
	return Result{State: Unavailable, Detail: "it needs Linux"}, nil
}

func enter([]string) int { return 125 }
