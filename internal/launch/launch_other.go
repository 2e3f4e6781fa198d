//go:build !linux

package launch

import "context"

func (c *Command) run(context.Context) (int, error) {
	return 0, &LaunchError{"run needs Linux: no other system can execute exactly the bytes that were verified", "copy the artifact, which verifies the copy: codexlock copy PATH DEST"}
}

func (c *Command) open(context.Context) (int, error) {
	return 0, &LaunchError{"open with a command needs Linux", "print the verified bytes: codexlock open PATH; or copy them: codexlock copy PATH DEST"}
}

// Child needs Linux.
func Child([]string, []string) error { return &LaunchError{"run needs Linux", ""} }

// Sibling needs Linux.
func Sibling([]string, []string) error { return &LaunchError{"run needs Linux", ""} }
