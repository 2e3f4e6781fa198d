package host

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/codexlock/codexlock/internal/outfile"
	"github.com/codexlock/codexlock/internal/shellquote"
)

// maxKeyFileBytes is how large a key file may be: many times what a key of random bytes
// needs, and small enough that a wrong name is noticed.
const maxKeyFileBytes = 4096

// othersMode are the permission bits that let anybody but the owner read, write or run a
// file.
const othersMode fs.FileMode = 0o077

// A KeyFileError is a file that may not hold a key.
type KeyFileError struct{ Path, Got, Want, Next string }

func (e *KeyFileError) Error() string {
	return fmt.Sprintf("key file %s: %s, want %s; no key was read", e.Path, e.Got, e.Want)
}

// Hint is the next step.
func (e *KeyFileError) Hint() string { return e.Next }

// Usage says that the user corrects it.
func (e *KeyFileError) Usage() bool { return true }

// KeyFile reads the key that a file holds: its text without the newlines at its end, as
// $(cat FILE) gives it to a shell. The file is a regular one that nobody but its owner may
// read (mode 0600 or less); a symbolic link, a device or a FIFO is refused. Its errors are
// *KeyFileError and those of the system.
func (w World) KeyFile(name string) ([]byte, error) {
	fd, err := unix.Open(w.Path(name), unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	switch {
	case errors.Is(err, unix.ELOOP):
		return nil, &KeyFileError{Path: name, Got: "is a symbolic link", Want: "a regular file", Next: "name the file that the link leads to"}
	case err != nil:
		return nil, &KeyFileError{Path: name, Got: err.Error(), Want: "a regular file that can be read", Next: "make a key there: codexlock keys generate --output FILE"}
	}
	f := os.NewFile(uintptr(fd), name)
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, &KeyFileError{Path: name, Got: "is not a regular file", Want: "one", Next: "make a key: codexlock keys generate --output FILE"}
	case info.Mode().Perm()&othersMode != 0:
		return nil, &KeyFileError{
			Path: name, Got: fmt.Sprintf("has mode %04o, so that others can use it", info.Mode().Perm()), Want: "0600",
			Next: "if nobody else has read it: chmod 600 " + shellquote.Quoted(name),
		}
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFileBytes+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxKeyFileBytes {
		return nil, &KeyFileError{Path: name, Got: fmt.Sprintf("is longer than %d bytes", maxKeyFileBytes), Want: "a key", Next: "make a key: codexlock keys generate --output FILE"}
	}
	key := strings.TrimRight(string(text), "\n")
	if key == "" {
		return nil, &KeyFileError{Path: name, Got: "is empty", Want: "a key", Next: "make a key in another file: codexlock keys generate --output FILE"}
	}
	return []byte(key), nil
}

// WriteKeyFile writes a key to a new file with mode 0600, and a newline after it. A file
// or link that exists is a *KeyFileError: it may be the only copy of another key.
func (w World) WriteKeyFile(name, key string) error {
	err := outfile.Folder{Root: w.top()}.Create(w.Path(name), 0o600, []byte(key+"\n"))
	var system *fs.PathError
	switch {
	case errors.Is(err, fs.ErrExist):
		return &KeyFileError{Path: name, Got: "exists", Want: "a new file, because it may be the only copy of a key", Next: "name another file"}
	case errors.As(err, &system):
		return &KeyFileError{Path: name, Got: system.Err.Error(), Want: "a file that can be made", Next: "name a file in a folder that exists and that you may write to"}
	}
	return err
}
