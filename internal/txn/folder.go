package txn

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// A folder is an open folder of a tree.
type folder struct {
	fd   int
	held *openFolder // nil where nobody else has it
}

// leave releases the folder.
func (f folder) leave() {
	if f.held == nil {
		unix.Close(f.fd)
		return
	}
	f.held.in.mu.Lock()
	f.held.users--
	f.held.in.mu.Unlock()
}

// enter opens a folder of the tree; "." is the root.
func (t Tree) enter(name string) (folder, error) {
	if t.held != nil {
		return t.held.enter(name)
	}
	fd, err := t.walk(name)
	return folder{fd: fd}, err
}

// walk opens a folder part by part, from the root on.
func (t Tree) walk(name string) (fd int, err error) {
	fd, err = open(unix.AT_FDCWD, t.root, t.folderFlags(), 0)
	if err != nil {
		return -1, &fs.PathError{Op: "open", Path: t.root, Err: err}
	}
	if name == "." {
		return fd, nil
	}
	for part := range strings.SplitSeq(name, "/") {
		next, err := t.openPart(fd, part, name)
		unix.Close(fd)
		if err != nil {
			return -1, err
		}
		fd = next
	}
	return fd, nil
}

func (t Tree) folderFlags() int {
	if t.pass {
		return passFlags
	}
	return unix.O_RDONLY | unix.O_DIRECTORY
}

// openPart opens one part of a folder's name, which is no symlink.
func (t Tree) openPart(parent int, part, name string) (fd int, err error) {
	fd, err = open(parent, part, t.folderFlags()|unix.O_NOFOLLOW, 0)
	if err == nil {
		return fd, nil
	}
	if mode, there := modeAt(parent, part); there && mode&fs.ModeSymlink != 0 {
		return -1, &RefusedError{Path: name, Reason: fmt.Sprintf("%q is a symlink, want a folder of the repository itself", part)}
	}
	return -1, pathError("open", name, err)
}

// List returns the names in a folder of the tree, sorted.
func (t Tree) List(name string) ([]string, error) {
	fd, err := t.walk(name)
	if err != nil {
		return nil, err
	}
	dir := os.NewFile(uintptr(fd), name)
	names, err := dir.Readdirnames(-1)
	if err := errors.Join(err, dir.Close()); err != nil {
		return nil, pathError("list", name, err)
	}
	slices.Sort(names)
	return names, nil
}

// maxOpenFolders bounds the folders that are open at once. It is far below the number
// of open files that systems allow, and above that of the folders that the files of
// one step are in: paths are sorted.
const maxOpenFolders = 128

// openFolders are the folders of a tree that are in use, each opened once relative to
// the one above it, and never through a symlink. Several goroutines may use them.
//
// A folder that is moved away and replaced meanwhile stays the one that was opened. So
// what was done counts only after Recheck has found every folder still in its place.
type openFolders struct {
	tree Tree // that holds none

	mu     sync.Mutex
	open   map[string]*openFolder
	known  map[string]identity // of every folder that was ever opened
	absent map[string]bool     // the folders that are not there; nil where they may be made
}

type openFolder struct {
	in    *openFolders
	fd    int
	users int
}

// An identity distinguishes a folder from another one at the same path.
type identity struct{ dev, ino uint64 }

// Hold is the tree with its folders held until release is called. Where folders may
// be made meanwhile, forMaking says that an absent one is looked for each time.
func (t Tree) Hold(forMaking bool) (held Tree, release func()) {
	h := &openFolders{tree: Tree{root: t.root, pass: t.pass}, open: map[string]*openFolder{}, known: map[string]identity{}}
	if !forMaking {
		h.absent = map[string]bool{}
	}
	return Tree{root: t.root, held: h, pass: t.pass}, h.close
}

func (h *openFolders) enter(name string) (folder, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f, err := h.get(name)
	if err != nil {
		return folder{fd: -1}, err
	}
	return folder{f.fd, f}, nil
}

// get is enter for a caller that has the lock.
func (h *openFolders) get(name string) (*openFolder, error) {
	if f, ok := h.open[name]; ok {
		f.users++
		return f, nil
	}
	if h.absent[name] {
		return nil, pathError("open", name, unix.ENOENT)
	}
	fd, err := h.openFolder(name)
	if err != nil {
		if h.absent != nil && errors.Is(err, fs.ErrNotExist) {
			h.absent[name] = true
		}
		return nil, err
	}
	if err := h.identify(name, fd); err != nil {
		unix.Close(fd)
		return nil, err
	}
	if len(h.open) >= maxOpenFolders {
		h.closeUnused()
	}
	f := &openFolder{in: h, fd: fd, users: 1}
	h.open[name] = f
	return f, nil
}

func (h *openFolders) openFolder(name string) (fd int, err error) {
	if name == "." {
		return h.tree.walk(name)
	}
	parent, err := h.get(path.Dir(name))
	if errors.Is(err, fs.ErrNotExist) {
		return -1, pathError("open", name, unix.ENOENT)
	}
	if err != nil {
		return h.tree.walk(name) // its error names the whole path
	}
	defer func() { parent.users-- }()
	return h.tree.openPart(parent.fd, path.Base(name), name)
}

// identify notes which folder was opened, and refuses another one than the last time.
func (h *openFolders) identify(name string, fd int) error {
	var st unix.Stat_t
	if err := uninterrupted(func() error { return unix.Fstat(fd, &st) }); err != nil {
		return pathError("stat", name, err)
	}
	is := identity{uint64(st.Dev), st.Ino}
	if was, known := h.known[name]; known && was != is {
		return &RefusedError{Path: name, Reason: "was replaced by another folder meanwhile; run it again", Unsettled: true}
	}
	h.known[name] = is
	return nil
}

func (h *openFolders) closeUnused() {
	maps.DeleteFunc(h.open, func(_ string, f *openFolder) bool {
		if f.users == 0 {
			unix.Close(f.fd)
		}
		return f.users == 0
	})
}

func (h *openFolders) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, f := range h.open {
		unix.Close(f.fd)
	}
	clear(h.open)
}

// Recheck opens every used folder again, from the root, and fails if one was replaced.
func (t Tree) Recheck() error {
	if t.held == nil {
		return nil
	}
	t.held.mu.Lock()
	defer t.held.mu.Unlock()
	fresh := &openFolders{tree: Tree{root: t.root, pass: t.pass}, open: map[string]*openFolder{}, known: t.held.known}
	defer fresh.close()
	for _, name := range slices.Sorted(maps.Keys(t.held.known)) {
		f, err := fresh.enter(name)
		if err != nil {
			return err
		}
		f.leave()
	}
	return nil
}
