package outfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/codexlock/codexlock/internal/txn"
)

// A standing is what has the name of a file.
type standing struct {
	there bool
	mode  fs.FileMode
	links uint64
}

// kindOf returns what has the name, or why no file may take its place.
func kindOf(out *txn.Output, at location) (s standing, err error) {
	s.mode, s.links, s.there, err = out.Stat()
	switch {
	case err != nil || !s.there:
	case s.mode.IsRegular():
		if at.replaces == nil || !at.below {
			break
		}
		var head []byte
		if head, err = out.Head(HeadBytes); err == nil && len(head) > 0 && !at.replaces(head) {
			err = &OccupiedError{Path: at.name}
		}
	case s.mode&fs.ModeSymlink != 0:
		err = &LinkError{Path: at.name, Link: at.name, Why: "itself"}
	case s.mode.IsDir():
		err = &KindError{Path: at.name, Got: "a folder", Want: "a regular file or nothing"}
	case at.confined || s.mode&(fs.ModeNamedPipe|fs.ModeCharDevice) == 0:
		err = &KindError{Path: at.name, Got: "a special file", Want: "a regular file or nothing"}
	}
	return s, err
}

// write writes the file, as what has the name allows.
func write(out *txn.Output, at location, fill func(io.Writer) error) error {
	s, err := kindOf(out, at)
	switch {
	case err != nil:
		return err
	case !s.there:
		return out.Replace(nil, fill)
	case s.mode.IsRegular():
		perm := s.mode.Perm()
		err := out.Replace(&perm, fill)
		if cannotReplace(err) && !at.below && s.links == 1 {
			return out.Overwrite(true, fill)
		}
		return err
	}
	return out.Overwrite(false, fill)
}

// cannotReplace reports whether a file can perhaps be written to though its folder
// takes no other one: it is mounted by itself, or the folder is somebody else's.
func cannotReplace(err error) bool {
	for _, no := range []error{unix.EACCES, unix.EPERM, unix.EBUSY, unix.EROFS} {
		if errors.Is(err, no) {
			return true
		}
	}
	return false
}

// stickyFolder is the mode of a folder like /tmp, where everybody may make links.
const stickyFolder = fs.ModeSticky | 0o002

// trusted reports whether a link outside the root may be followed, as Linux decides
// it for every program (fs.protected_symlinks): in a folder like /tmp a link of
// another user is not, unless the folder is that user's.
func trusted(link, dir fs.FileInfo) bool {
	if dir.Mode()&stickyFolder != stickyFolder {
		return true
	}
	l, known := link.Sys().(*syscall.Stat_t)
	d, also := dir.Sys().(*syscall.Stat_t)
	return known && also && (int(l.Uid) == os.Geteuid() || l.Uid == d.Uid)
}
