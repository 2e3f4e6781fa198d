//go:build !linux

package usemain

// guard does nothing: this system has nothing to ask for.
func guard() {}
