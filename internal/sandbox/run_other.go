//go:build !linux

package sandbox

import "context"

// Run has no sandbox to offer here.
func Run(context.Context, Job) (Result, error) {
	return Result{State: Unavailable, Detail: "it needs Linux"}, nil
}

func enter([]string) int { return 125 }
