package use

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/codexlock/codexlock/internal/artifact"
)

// seals are all there are: nobody can write, grow, shrink, or remove a seal.
const seals = unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE

// mfdExec asks for memory that may be executed (MFD_EXEC, Linux 6.3).
const mfdExec = 0x10

// Memory returns a Hold that copies the file into memory, seals it, and only then hashes it.
// program says that it is a program that the kernel executes.
func Memory(program func(head []byte) bool) Hold {
	return func(f *os.File, size int64) (content, error) {
		if err := fitsMemory(size); err != nil {
			return nil, err
		}
		head := make([]byte, 4)
		n, _ := f.ReadAt(head, 0)
		m, err := sealable(f.Name(), program(head[:n]))
		if err != nil {
			return nil, err
		}
		copied, err := io.Copy(onlyWriter{m}, io.LimitReader(f, MaxMemory+1))
		if err == nil {
			err = fitsMemory(copied)
		}
		if err == nil {
			_, err = unix.FcntlInt(m.Fd(), unix.F_ADD_SEALS, seals)
		}
		if err != nil {
			m.Close()
			return nil, fmt.Errorf("copy into sealed memory: %w", err)
		}
		return reopened(m)
	}
}

// SealedProgram returns a file in memory that the kernel executes and that nobody can change.
func SealedProgram(data []byte) (*os.File, error) {
	m, err := sealable("codexlock", true)
	if err != nil {
		return nil, err
	}
	if _, err = m.Write(data); err == nil {
		_, err = unix.FcntlInt(m.Fd(), unix.F_ADD_SEALS, seals)
	}
	if err != nil {
		m.Close()
		return nil, fmt.Errorf("copy into sealed memory: %w", err)
	}
	c, err := reopened(m)
	if err != nil {
		return nil, err
	}
	return c.(heldFile).File, nil
}

// onlyWriter hides what io.Copy would use instead of Write: the number of bytes is bounded
// by us.
type onlyWriter struct{ io.Writer }

// sealable returns an empty file in memory.
func sealable(name string, program bool) (*os.File, error) {
	flags := unix.MFD_ALLOW_SEALING | unix.MFD_CLOEXEC
	with := flags | unix.MFD_NOEXEC_SEAL
	if program {
		with = flags | mfdExec
	}
	fd, err := unix.MemfdCreate("codexlock", with)
	if errors.Is(err, unix.EINVAL) { // before Linux 6.3
		fd, err = unix.MemfdCreate("codexlock", flags)
	}
	if errors.Is(err, unix.EACCES) && program {
		return nil, hinted("hold it in a file without a name: --hold tmpfile:DIR", "this system allows no program in memory (vm.memfd_noexec)")
	}
	if err != nil {
		return nil, fmt.Errorf("memfd_create: %w", err)
	}
	return os.NewFile(uintptr(fd), name), nil
}

// reopened returns a descriptor that can only read and whose offset nobody shares, and
// closes the other one.
func reopened(f *os.File) (content, error) {
	defer f.Close()
	r, err := os.Open("/proc/self/fd/" + strconv.Itoa(int(f.Fd())))
	if err != nil {
		return nil, fmt.Errorf("open the copy to read it: %w", err)
	}
	return heldFile{r}, nil
}

// TemporaryFile returns a Hold that copies the file into one without a name, in a folder: by
// reference where the file system can. Nobody can open it by a name, and no writer is left
// when it is hashed.
func TemporaryFile(dir string) Hold {
	return func(f *os.File, _ int64) (content, error) {
		fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC|unix.O_EXCL, 0o500)
		if err != nil {
			return nil, hinted("name a folder that you may write to, on a file system that has O_TMPFILE", "file without a name in %s: %w", dir, err)
		}
		t := os.NewFile(uintptr(fd), f.Name())
		if !cloned(t, f) {
			if _, err := io.Copy(t, f); err != nil {
				t.Close()
				return nil, fmt.Errorf("copy into %s: %w", dir, err)
			}
		}
		return reopened(t)
	}
}

// A leased file is content in its own file, of which the kernel reports everybody who opens
// it to write, and lets them wait (fcntl(2), leases).
type leased struct {
	heldFile
	broken chan os.Signal
}

// Lease holds the file itself, with a read lease.
func Lease(f *os.File, _ int64) (content, error) {
	broken := make(chan os.Signal, 1)
	signal.Notify(broken, unix.SIGIO)
	own, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	l := leased{heldFile{os.NewFile(uintptr(own), f.Name())}, broken}
	if _, err := unix.FcntlInt(l.Fd(), unix.F_SETLEASE, unix.F_RDLCK); err != nil {
		l.Close()
		return nil, hinted("a lease needs that you own the file and that nobody has it open to write; otherwise: --hold tmpfile:DIR", "lease: %w", err)
	}
	return l, nil
}

func (l leased) hash() (artifact.Digest, int64, error) {
	d, n, err := l.heldFile.hash()
	if err == nil && !l.whole() {
		err = errors.New("somebody opened it to write while it was hashed")
	}
	return d, n, err
}

// whole reports whether nobody has opened the file to write since the lease was taken.
func (l leased) whole() bool {
	kind, err := unix.FcntlInt(l.Fd(), unix.F_GETLEASE, 0)
	return err == nil && kind == unix.F_RDLCK
}

// Broken returns a channel that is closed when somebody opens a leased file to write, before
// they can; nil for content that nobody can change.
func (h *Held) Broken() <-chan struct{} {
	l, ok := h.content.(leased)
	if !ok {
		return nil
	}
	done, again := make(chan struct{}), make(chan struct{})
	go func() {
		for {
			time.Sleep(time.Second) // the signal can have come before anybody listened
			again <- struct{}{}
		}
	}()
	go func() {
		defer close(done)
		for l.whole() {
			select {
			case <-l.broken:
			case <-again:
			}
		}
	}()
	return done
}

// cloned makes one file the other by reference, where the file system can.
func cloned(t, f *os.File) bool { return unix.IoctlFileClone(int(t.Fd()), int(f.Fd())) == nil }
