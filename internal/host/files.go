package host

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/outfile"
)

// WriteFile writes a file that the user named, whole or not at all and never
// through a link of the repository.
func (w World) WriteFile(name string, fill func(io.Writer) error) error {
	return w.WriteOutput(name, nil, fill)
}

// WriteOutput is WriteFile that replaces no file of the repository but those that replaces
// allows, by their first bytes.
func (w World) WriteOutput(name string, replaces func(head []byte) bool, fill func(io.Writer) error) error {
	if stream, ok, err := w.stream(name); ok || err != nil {
		if err != nil {
			return err
		}
		defer stream.Close()
		return fill(stream)
	}
	return outfile.Folder{Root: w.top(), Replaces: replaces}.Write(w.Path(name), fill)
}

// CheckOutput returns the error that WriteOutput would return for what has the name now.
func (w World) CheckOutput(name string, replaces func(head []byte) bool) error {
	stream, ok, err := w.stream(name)
	if ok && err == nil {
		err = stream.Close()
	}
	if ok || err != nil {
		return err
	}
	return outfile.Folder{Root: w.top(), Replaces: replaces}.Check(w.Path(name))
}

// WritePage is WriteFile that makes missing folders.
func (w World) WritePage(name, text string) error {
	return outfile.Folder{Root: w.top(), Make: true}.Write(w.Path(name), func(f io.Writer) error {
		_, err := io.WriteString(f, text)
		return err
	})
}

// NewFolder resolves a folder that the user named to make or to write in: the
// result has no link in it, and no link of the repository led to it.
func (w World) NewFolder(name string) (string, error) {
	return outfile.Folder{Root: w.top()}.Folder(w.Path(name))
}

// stream opens what a name such as /dev/stdout or /dev/fd/63 stands for: a
// descriptor that the caller opened, not a file of this name.
func (w World) stream(name string) (io.WriteCloser, bool, error) {
	switch filepath.Clean(name) {
	case "/dev/stdout":
		return unclosed{w.Stdout}, true, nil
	case "/dev/stderr":
		return unclosed{w.Stderr}, true, nil
	}
	for _, dir := range []string{"/dev/fd/", "/proc/self/fd/"} {
		written, ok := strings.CutPrefix(filepath.Clean(name), dir)
		if !ok {
			continue
		}
		n, err := strconv.Atoi(written)
		if err != nil || n < 0 {
			return nil, false, exit.Usagef("%s: want a number after %s", name, dir)
		}
		fd, err := unix.FcntlInt(uintptr(n), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			return nil, false, fmt.Errorf("%s: %w", name, err)
		}
		return os.NewFile(uintptr(fd), name), true, nil
	}
	return nil, false, nil
}

// unclosed is a stream that others write to later.
type unclosed struct{ io.Writer }

func (unclosed) Close() error { return nil }

// top is the top folder of the repository that the working directory is in, or the
// working directory where it is in none. What is below it may come from a change.
func (w World) top() string {
	for dir := w.Dir; ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return w.Dir
		}
	}
}
