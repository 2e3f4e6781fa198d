package repo

import (
	"errors"
	"github.com/codexlock/codexlock/internal/trees"
	"io"
	"os"
	"slices"
)

// An opened is a file of the work tree that was opened for reading. It may be no
// regular file; its status says so before anything is read.
type opened interface {
	trees.Opened
	status() (status, error)
}

// A walkedFile is an opened file on systems that cannot be told to follow no symlink.
type walkedFile struct{ *os.File }

func (f walkedFile) status() (status, error) {
	info, err := f.Stat()
	if err != nil {
		return status{}, err
	}
	return statusOf(info), nil
}

// Modified is when the bytes were last written, in nanoseconds.
func (f walkedFile) Modified() (int64, error) {
	st, err := f.status()
	return st.modified, err
}

// errManyNames says that a folder has more names than the caller takes.
var errManyNames = errors.New("folder has too many names")

// children reads the names in a folder that was opened, in no order, up to limit. A
// folder's name ends with a slash. The name .git is left out, and reported: git never lists it, and it
// makes another repository of every folder but the root.
func children(folder *os.File, limit int) (names []string, git bool, err error) {
	for {
		entries, err := folder.ReadDir(chunk)
		if err == io.EOF {
			return names, git, nil
		}
		if err != nil {
			return nil, false, err
		}
		names = slices.Grow(names, len(entries))
		for _, entry := range entries {
			name := entry.Name()
			switch {
			case name == ".git":
				git = true
			case entry.IsDir():
				names = append(names, name+"/")
			default:
				names = append(names, name)
			}
		}
		if len(names) > limit {
			return nil, false, errManyNames
		}
	}
}

// chunk is how many names of a folder are read at a time.
const chunk = 4096
