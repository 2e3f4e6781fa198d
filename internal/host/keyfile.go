package host

import (
	"errors"
	"io/fs"

	"github.com/codexlock/codexlock/internal/keyfile"
	"github.com/codexlock/codexlock/internal/outfile"
)

// KeyFile reads the key that a file holds; see [keyfile.Read].
func (w World) KeyFile(name string) ([]byte, error) { return keyfile.Read(w.Path(name), name) }

// WriteKeyFile writes a key to a new file with mode 0600, and a newline after it. A file
// or link that exists is a *keyfile.Error: it may be the only copy of another key.
func (w World) WriteKeyFile(name, key string) error {
	err := outfile.Folder{Root: w.top()}.Create(w.Path(name), 0o600, []byte(key+"\n"))
	var system *fs.PathError
	var folder *outfile.MissingFolderError
	got := ""
	switch {
	case errors.Is(err, fs.ErrExist):
		return &keyfile.Error{Path: name, Got: "exists", Want: "a new file, because it may be the only copy of a key", Next: "name another file"}
	case errors.As(err, &folder):
		got = "the folder " + folder.Folder + " does not exist"
	case errors.As(err, &system):
		got = system.Err.Error()
	default:
		return err
	}
	return &keyfile.Error{Path: name, Got: got, Want: "a file that can be made", Next: "name a file in a folder that exists and that you may write to"}
}
