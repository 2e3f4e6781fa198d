//go:build unix

package keyfile

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// open opens a file to read it, without following a symbolic link and without waiting for
// who writes to a FIFO.
func open(path string) (*os.File, error) {
	f, err := os.OpenFile(path, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if errors.Is(err, unix.ELOOP) {
		return nil, errLink
	}
	return f, err
}
