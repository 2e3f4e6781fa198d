package keyfile

import (
	"io/fs"
	"os"
)

// open opens a file to read it, unless it is a symbolic link.
func open(path string) (*os.File, error) {
	if info, err := os.Lstat(path); err != nil || info.Mode()&fs.ModeSymlink != 0 {
		if err == nil {
			err = errLink
		}
		return nil, err
	}
	return os.Open(path)
}
