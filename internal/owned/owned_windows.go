// Package owned opens files that decide what is trusted, such as a trust file.
package owned

import (
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// Open opens a regular file. Windows has no owner and mode to compare: who may write
// the file is a matter of its access control list.
func Open(name string) (*os.File, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: is not a regular file", name)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Append opens a file to add to it, and makes it where it is missing.
func Append(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := Lock(f); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// OpenLog opens a file to add lines to it, and makes it where it is missing.
func OpenLog(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
}

// Lock waits until no other process holds the file's lock. Closing the file lets go of it.
func Lock(f *os.File) error {
	return windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, new(windows.Overlapped))
}

// SyncFolder does nothing: a new name is durable with its file here.
func SyncFolder(string) error { return nil }
