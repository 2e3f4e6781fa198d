package use

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
)

// maxCompanionBytes bounds a companion, as the gate does.
const maxCompanionBytes = 1 << 20

// relative returns the path of a file below the root, from an absolute clean name. The name
// is not resolved: a link on the way is for openFile to refuse. The root is recognized by
// what it is, so that each of its names will do; the topmost folder of the name that is the
// root counts.
func (r *root) relative(name string) (rel string, ok bool) {
	if rel, ok := strings.CutPrefix(name, r.name+string(filepath.Separator)); ok {
		return filepath.ToSlash(rel), true
	}
	var above []string
	for dir := filepath.Dir(name); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		above = append(above, dir)
	}
	for i := len(above) - 1; i >= 0; i-- {
		if r.is(above[i]) {
			return filepath.ToSlash(name[len(above[i])+1:]), true
		}
	}
	return "", false
}

// is reports whether a name leads to the root.
func (r *root) is(name string) bool {
	info, err := os.Stat(name)
	return err == nil && os.SameFile(info, r.info)
}

// openFile opens an artifact. Its errors are Denials, a NotFoundError and those of the system.
func (r *root) openFile(p artifact.Path) (*os.File, fs.FileInfo, error) {
	f, err := r.open(p)
	switch {
	case errors.Is(err, errLink):
		return nil, nil, &Denial{Path: p.String(), Rule: "layout.irregular", Message: "a symbolic link is on the way to it", Next: "name the file itself, and find out who made the link"}
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, &NotFoundError{Path: p.String(), Message: "no such file in " + r.name}
	case err != nil:
		return nil, nil, fmt.Errorf("%s: %w", p, err)
	}
	info, err := f.Stat()
	var wrong *Denial
	switch mode := info.Mode(); {
	case err != nil:
		err = fmt.Errorf("%s: %w", p, err)
	case !mode.IsRegular():
		wrong = &Denial{Path: p.String(), Rule: "layout.irregular", Message: "is not a regular file: " + kindOf(mode)}
	case mode&(fs.ModeSetuid|fs.ModeSetgid) != 0:
		wrong = &Denial{Path: p.String(), Rule: "script.privilege", Message: "is setuid or setgid", Next: "find out who set the bits, and remove them: chmod ug-s " + p.String()}
	}
	if wrong != nil {
		err = wrong
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// kindOf names what is no regular file.
func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeNamedPipe != 0:
		return "a FIFO"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return mode.Type().String()
}

// read reads a small file. A file that is not a regular one is errIrregular; a missing one
// is fs.ErrNotExist.
func (r *root) read(p artifact.Path, limit int64) ([]byte, error) {
	f, err := r.open(p)
	if errors.Is(err, errLink) {
		return nil, errIrregular
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errIrregular
	case info.Size() > limit:
		return nil, fmt.Errorf("has %d bytes, want at most %d", info.Size(), limit)
	}
	data := make([]byte, 0, info.Size()+1)
	for {
		n, err := f.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case err == io.EOF:
			return data, nil
		case err != nil:
			return nil, err
		case int64(len(data)) > limit:
			return nil, fmt.Errorf("has over %d bytes", limit)
		case len(data) == cap(data):
			data = append(data, 0)[:len(data)]
		}
	}
}

var (
	errLink      = errors.New("a symbolic link is on the way")
	errIrregular = errors.New("is not a regular file")
)

// gitTop returns the top folder of the Git work tree around a path: the nearest folder with
// a .git that is one. A ledger that is nearer says nothing.
func gitTop(near string) (string, error) {
	for dir := filepath.Dir(near); ; dir = filepath.Dir(dir) {
		if isGit(filepath.Join(dir, ".git")) {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", hinted("name the repository's top folder: --root DIR", "%s: in no Git work tree, so its repository is unknown", near)
		}
	}
}

// isGit reports whether a name leads to a Git folder, or to the file that names one.
func isGit(name string) bool {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return false
	case info.IsDir():
		_, err := os.Stat(filepath.Join(name, "HEAD"))
		return err == nil
	case !info.Mode().IsRegular() || info.Size() > 8<<10:
		return false
	}
	text, err := os.ReadFile(name)
	return err == nil && strings.HasPrefix(string(text), "gitdir: ")
}
