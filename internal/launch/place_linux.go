package launch

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/codexlock/codexlock/internal/use"
)

// What a call does with a file.
type reading int

// The ways of reading.
const (
	reads          reading = iota
	readsNothing           // writes, or holds the name only
	readsAndWrites         // both
	executes
)

// A call is a system call that names a file.
type call struct {
	pid         uint32
	dir         int // a descriptor of the process, or unix.AT_FDCWD
	name        string
	at          uint64 // where the name is, in the memory of the process
	reads       reading
	closeOnExec bool
	beneath     bool // an absolute name is seen from dir (openat2, RESOLVE_IN_ROOT)
}

// readCall reads what a call names, in the memory of the process.
func readCall(q *request) (c call, err error) {
	c = call{pid: q.pid, dir: unix.AT_FDCWD}
	var pointer, flags uint64
	switch int(q.nr) {
	case sysOpen:
		pointer, flags = q.args[0], q.args[1]
	case sysCreat:
		pointer, flags = q.args[0], unix.O_WRONLY|unix.O_CREAT|unix.O_TRUNC
	case unix.SYS_OPENAT:
		c.dir, pointer, flags = int(int32(q.args[0])), q.args[1], q.args[2]
	case unix.SYS_OPENAT2:
		c.dir, pointer = int(int32(q.args[0])), q.args[1]
		how := make([]byte, 24) // struct open_how
		if n, err := readMemory(q.pid, q.args[2], how); err != nil || n < len(how) {
			return c, fmt.Errorf("read open_how: %w", errors.Join(err, errShort))
		}
		flags = binary.NativeEndian.Uint64(how)
		c.beneath = binary.NativeEndian.Uint64(how[16:])&(unix.RESOLVE_IN_ROOT|unix.RESOLVE_BENEATH) != 0
	case unix.SYS_EXECVE:
		pointer, c.reads = q.args[0], executes
	case unix.SYS_EXECVEAT:
		c.dir, pointer, c.reads = int(int32(q.args[0])), q.args[1], executes
	default:
		return c, fmt.Errorf("system call %d", q.nr)
	}
	c.at, c.closeOnExec = pointer, flags&unix.O_CLOEXEC != 0
	switch {
	case c.reads == executes:
	case flags&(unix.O_PATH|unix.O_DIRECTORY) != 0, flags&unix.O_ACCMODE == unix.O_WRONLY, flags&unix.O_TRUNC != 0:
		c.reads = readsNothing
	case flags&unix.O_ACCMODE != unix.O_RDONLY:
		c.reads = readsAndWrites
	}
	text := make([]byte, unix.PathMax)
	n, err := readMemory(q.pid, pointer, text)
	end := bytes.IndexByte(text[:n], 0)
	switch {
	case end >= 0:
		c.name = string(text[:end])
		return c, nil
	case n == len(text):
		return c, nil // longer than any name: the kernel refuses it
	}
	return c, fmt.Errorf("read the name: %w", errors.Join(err, errShort))
}

var errShort = errors.New("its memory cannot be read")

// readMemory reads as much of a process's memory as can be read, up to len(into).
func readMemory(pid uint32, at uint64, into []byte) (int, error) {
	page := uint64(os.Getpagesize())
	first := min(int(page-at%page), len(into))
	local := []unix.Iovec{{Base: &into[0]}}
	local[0].SetLen(len(into))
	remote := []unix.RemoteIovec{{Base: uintptr(at), Len: first}}
	if first < len(into) {
		remote = append(remote, unix.RemoteIovec{Base: uintptr(at) + uintptr(first), Len: len(into) - first})
	}
	n, err := unix.ProcessVMReadv(int(pid), local, remote, 0)
	return max(n, 0), err
}

// A place knows where the protected files are, whatever they are called.
type place struct {
	v    *use.Verifier
	root unix.Stat_t
	self unix.Stat_t // the root of this process's file system
	dir  int         // the repository's top folder
}

func newPlace(v *use.Verifier) (*place, error) {
	p := &place{v: v, dir: v.Directory()}
	if err := unix.Fstat(p.dir, &p.root); err != nil {
		return nil, err
	}
	return p, unix.Stat("/", &p.self)
}

// protected returns the path of the protected file that a call names, "" where it names
// another file. The name itself is looked at first, from the folder that the process is in:
// who exchanges a folder on the way for a link must not make the file one that is not
// protected. Then where the name leads to counts as well.
func (p *place) protected(c call) (string, error) {
	if c.name == "" {
		if c.reads != executes || c.dir == unix.AT_FDCWD {
			return "", nil // a descriptor that was opened already, or an error
		}
		c.name = proc(c.pid, "fd/"+strconv.Itoa(c.dir))
	}
	chrooted, err := p.chrooted(c.pid)
	if err != nil {
		return "", err
	}
	if c.beneath {
		c.name = strings.TrimLeft(c.name, "/")
	}
	if !chrooted {
		rel, err := p.byName(c)
		if err != nil {
			return "", err
		}
		if rel != "" && p.v.Protects(rel) {
			return rel, nil
		}
	}
	rel, err := p.byPlace(c, chrooted)
	if err != nil || rel == "" || !p.v.Protects(rel) {
		return "", err
	}
	return rel, nil
}

// chrooted reports whether a process sees another file system than this one.
func (p *place) chrooted(pid uint32) (bool, error) {
	var root unix.Stat_t
	if err := unix.Stat(proc(pid, "root"), &root); err != nil {
		return false, err
	}
	return root.Dev != p.self.Dev || root.Ino != p.self.Ino, nil
}

func proc(pid uint32, name string) string {
	return "/proc/" + strconv.FormatUint(uint64(pid), 10) + "/" + name
}

// byName returns the path below the root that a name has, links aside.
func (p *place) byName(c call) (string, error) {
	name := c.name
	if !filepath.IsAbs(name) {
		dir, err := p.folder(c)
		if err != nil {
			return "", err
		}
		name = dir + "/" + name
	}
	return p.v.Relative(filepath.Clean(name)), nil
}

// folder returns the name of the folder that a relative name is seen from. Below the root it
// is the root's name and the path from there, though both are called otherwise meanwhile.
func (p *place) folder(c call) (string, error) {
	fd, err := unix.Open(p.base(c), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ENOENT) {
		return "/", nil // the call fails
	}
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	rel, below, err := p.below(fd)
	if err != nil {
		return "", err
	}
	if below {
		return filepath.Join(p.v.Root(), rel), nil
	}
	return os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
}

// base is the link in /proc to the folder that a relative name is seen from.
func (p *place) base(c call) string {
	if c.dir == unix.AT_FDCWD {
		return proc(c.pid, "cwd")
	}
	return proc(c.pid, "fd/"+strconv.Itoa(c.dir))
}

// maxDepth is more than a name can have parts.
const maxDepth = unix.PathMax

// below reports whether a folder is the root or in it, and where: by what the folders are,
// not by what they are called.
func (p *place) below(fd int) (rel string, below bool, err error) {
	at, err := unix.Dup(fd)
	if err != nil {
		return "", false, err
	}
	defer func() { _ = unix.Close(at) }()
	var now, last unix.Stat_t
	for depth := 0; depth < maxDepth; depth++ {
		if err := unix.Fstat(at, &now); err != nil {
			return "", false, err
		}
		if now.Dev == p.root.Dev && now.Ino == p.root.Ino {
			rel, err := p.from(fd)
			return rel, true, err
		}
		if depth > 0 && now.Dev == last.Dev && now.Ino == last.Ino { // the top
			return "", false, nil
		}
		last = now
		up, err := unix.Openat(at, "..", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			return "", false, err
		}
		_ = unix.Close(at)
		at = up
	}
	return "", false, errors.New("the folder is too deep")
}

// maxMoved is how often two names are read until nobody moves a folder in between.
const maxMoved = 50

// from returns the path of a folder or file from the root.
func (p *place) from(fd int) (string, error) {
	for range maxMoved {
		root, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(p.dir))
		if err != nil {
			return "", err
		}
		name, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
		if err != nil {
			return "", err
		}
		again, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(p.dir))
		if err != nil {
			return "", err
		}
		if rel, err := filepath.Rel(root, name); root == again && err == nil && (rel == "." || filepath.IsLocal(rel)) {
			return rel, nil
		}
	}
	return "", errors.New("its folder was moved again and again")
}

// byPlace returns the path below the root of the file that a name leads to, through whatever
// links, "" where it leads elsewhere or nowhere.
func (p *place) byPlace(c call, chrooted bool) (string, error) {
	name, start := ownNames(c), unix.AT_FDCWD
	how := unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC}
	if !filepath.IsAbs(name) || chrooted {
		base := p.base(c)
		if filepath.IsAbs(name) {
			base, how.Resolve = proc(c.pid, "root"), unix.RESOLVE_IN_ROOT
		}
		fd, err := unix.Open(base, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		defer unix.Close(fd)
		start = fd
	}
	fd, err := unix.Openat2(start, name, &how)
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR), errors.Is(err, unix.ELOOP), errors.Is(err, unix.ENAMETOOLONG), errors.Is(err, unix.EACCES):
		return "", nil // for the process too
	case err != nil:
		return "", err
	}
	defer unix.Close(fd)
	real, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
	if err != nil {
		return "", err
	}
	root, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(p.dir))
	if err != nil {
		return "", err
	}
	rel, below := strings.CutPrefix(real, strings.TrimSuffix(root, "/")+"/")
	if !below {
		return "", nil
	}
	return rel, nil
}

// ownNames returns the name with what stands for the process itself in /proc replaced by its
// number.
func ownNames(c call) string {
	name := c.name
	for short, long := range map[string]string{"/dev/fd/": "fd/", "/dev/stdin": "fd/0", "/proc/self/": "", "/proc/thread-self/": ""} {
		if rest, ok := strings.CutPrefix(name, short); ok {
			return proc(c.pid, long+rest)
		}
	}
	return name
}

// The kernel's structures have these sizes.
var (
	_ [80]byte = [unsafe.Sizeof(request{})]byte{}
	_ [24]byte = [unsafe.Sizeof(response{})]byte{}
	_ [24]byte = [unsafe.Sizeof(addFD{})]byte{}
)
