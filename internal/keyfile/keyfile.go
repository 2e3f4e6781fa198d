// Package keyfile reads the file that holds a key. It refuses every file that somebody
// else than its owner could have read.
package keyfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"strings"

	"github.com/codexlock/codexlock/internal/shellquote"
)

// maxBytes is how large a key file may be: many times what a key of random bytes
// needs, and small enough that a wrong name is noticed.
const maxBytes = 4096

// othersMode are the permission bits that let anybody but the owner read, write or run a
// file.
const othersMode fs.FileMode = 0o077

// An Error is a file that may not hold a key.
type Error struct{ Path, Got, Want, Next string }

func (e *Error) Error() string {
	return fmt.Sprintf("key file %s: %s, want %s; no key was read", e.Path, e.Got, e.Want)
}

// Hint is the next step.
func (e *Error) Hint() string { return e.Next }

// Usage says that the user corrects it.
func (e *Error) Usage() bool { return true }

// Read reads the key that a file holds: its text without the newlines at its end, as
// $(cat FILE) gives it to a shell. The file is a regular one that nobody but its owner may
// read (mode 0600 or less; Windows has no modes); a symbolic link, a device or a FIFO is
// refused. name is what messages call it. Its errors are *Error and those of the system.
func Read(path, name string) ([]byte, error) {
	f, err := open(path)
	switch {
	case errors.Is(err, errLink):
		return nil, &Error{Path: name, Got: "is a symbolic link", Want: "a regular file", Next: "name the file that the link leads to"}
	case err != nil:
		var system *fs.PathError
		if errors.As(err, &system) {
			err = system.Err
		}
		return nil, &Error{Path: name, Got: err.Error(), Want: "a regular file that can be read", Next: "make a key there: codexlock keys generate --output FILE"}
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, &Error{Path: name, Got: "is not a regular file", Want: "one", Next: "make a key: codexlock keys generate --output FILE"}
	case runtime.GOOS != "windows" && info.Mode().Perm()&othersMode != 0:
		return nil, &Error{
			Path: name, Got: fmt.Sprintf("has mode %04o, so that others can use it", info.Mode().Perm()), Want: "0600",
			Next: "if nobody else has read it: chmod 600 " + shellquote.Quoted(name),
		}
	}
	text, err := io.ReadAll(io.LimitReader(f, maxBytes+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxBytes {
		return nil, &Error{Path: name, Got: fmt.Sprintf("is longer than %d bytes", maxBytes), Want: "a key", Next: "make a key: codexlock keys generate --output FILE"}
	}
	key := strings.TrimRight(string(text), "\n")
	if key == "" {
		return nil, &Error{Path: name, Got: "is empty", Want: "a key", Next: "make a key in another file: codexlock keys generate --output FILE"}
	}
	return []byte(key), nil
}

// errLink is what open returns for a symbolic link.
var errLink = errors.New("is a symbolic link")
