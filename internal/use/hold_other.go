//go:build !linux

package use

import (
	"fmt"
	"io"
	"os"
)

// TemporaryFile returns a Hold that copies the file into a new one in a folder, which only
// the user may open. It is removed when it is closed.
func TemporaryFile(dir string) Hold {
	return func(f *os.File, _ int64) (content, error) {
		t, err := os.CreateTemp(dir, ".codexlock-use-")
		if err != nil {
			return nil, hinted("name a folder that you may write to", "temporary file: %w", err)
		}
		if _, err := io.Copy(t, f); err != nil {
			t.Close()
			os.Remove(t.Name())
			return nil, fmt.Errorf("copy into %s: %w", dir, err)
		}
		return temporary{heldFile{t}}, nil
	}
}

// A temporary file is removed when it is closed.
type temporary struct{ heldFile }

func (t temporary) Close() error {
	t.heldFile.Close()
	return os.Remove(t.Name())
}

// Lease needs Linux.
func Lease(*os.File, int64) (content, error) {
	return nil, hinted("use --hold tmpfile:DIR", "--hold lease needs Linux")
}

// cloned makes one file the other by reference, where the file system can.
func cloned(_, _ *os.File) bool { return false }

// Memory is [Private]: no other process is handed these bytes here.
func Memory(func(head []byte) bool) Hold { return Private }
