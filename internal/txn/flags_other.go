//go:build !linux

package txn

import "golang.org/x/sys/unix"

// passFlags open a folder to resolve names in it.
const passFlags = unix.O_RDONLY | unix.O_DIRECTORY
