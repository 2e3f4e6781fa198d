//go:build !linux

package outfile

import "golang.org/x/sys/unix"

// folderFlags open a folder to resolve names in it.
const folderFlags = unix.O_RDONLY | unix.O_DIRECTORY
