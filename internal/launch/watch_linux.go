package launch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/codexlock/codexlock/internal/use"
)

// firstSocket is the smallest descriptor of the child's socket, above those that a caller
// passes on by habit.
const firstSocket = 64

// watched executes an interpreter as a child and answers for it when it opens a file
// (seccomp_unotify(2)): a protected file is verified at that moment, and the child gets a
// descriptor of the verified bytes. The kernel never resolves the name of a protected file.
// A *noWatchError says that it is not possible here; nothing was executed then.
func (c *Command) watched(ctx context.Context, argv []string) (int, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(pair[0])
	socket, err := unix.FcntlInt(uintptr(pair[1]), unix.F_DUPFD, firstSocket) // not closed by exec
	_ = unix.Close(pair[1])
	if err != nil {
		return 0, err
	}
	// Whom the child leaves behind stays ours, so that we may read what it asks.
	_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
	child, err := c.start("/proc/self/exe", append([]string{c.Self, ChildArgument, strconv.Itoa(socket)}, argv...), c.env())
	_ = unix.Close(socket)
	if err != nil {
		return 0, err
	}
	listener, err := receive(pair[0])
	if err != nil {
		_, waitErr := child.wait(nil)
		return 0, errors.Join(err, waitErr)
	}
	w, err := newWatcher(ctx, c, listener)
	if err != nil {
		_ = child.process.Kill()
		_, waitErr := child.wait(nil)
		return 0, errors.Join(err, waitErr)
	}
	go w.serve()
	code, err := child.wait(nil)
	if err != nil {
		return 0, err
	}
	if failed := complaint(pair[0]); failed != "" {
		return 0, &noWatchError{failed}
	}
	if w.others() {
		c.Warn(&LaunchError{c.Held.Path.String() + ": processes that it started go on, and can open no file any more", "for a script that starts services: --as fd"})
	}
	return code, nil
}

// receive gets the listener from the child, or why it has none.
func receive(socket int) (int, error) {
	text, rights := make([]byte, 512), make([]byte, unix.CmsgSpace(4))
	var n, oobn int
	var err error
	for {
		n, oobn, _, _, err = unix.Recvmsg(socket, text, rights, unix.MSG_CMSG_CLOEXEC)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err != nil {
		return 0, err
	}
	messages, err := unix.ParseSocketControlMessage(rights[:oobn])
	if err == nil && len(messages) == 1 {
		if fds, err := unix.ParseUnixRights(&messages[0]); err == nil && len(fds) == 1 {
			return fds[0], nil
		}
	}
	if n == 0 {
		return 0, &noWatchError{"the child ended before it could be watched"}
	}
	return 0, &noWatchError{string(text[:n])}
}

// complaint returns why the child could not become the interpreter, or "".
func complaint(socket int) string {
	text := make([]byte, 512)
	n, _, _, _, err := unix.Recvmsg(socket, text, nil, unix.MSG_DONTWAIT)
	if err != nil || n <= 0 {
		return ""
	}
	return string(text[:n])
}

// The structures of seccomp_unotify(2).
type (
	request struct {
		id         uint64
		pid, flags uint32
		nr         int32
		arch       uint32
		ip         uint64
		args       [6]uint64
	}
	response struct {
		id    uint64
		value int64
		errno int32
		flags uint32
	}
	addFD struct {
		id                 uint64
		flags, source, new uint32
		newFlags           uint32
	}
)

// A watcher answers the calls of the watched processes.
type watcher struct {
	c        *Command
	ctx      context.Context
	listener int
	place    *place
	held     map[string]*use.Held // what was verified, by path
	renamed  map[renaming]renamed // the names that were replaced
	refused  map[string]bool      // what was complained about
}

func newWatcher(ctx context.Context, c *Command, listener int) (*watcher, error) {
	p, err := newPlace(c.Verifier)
	if err != nil {
		return nil, err
	}
	return &watcher{c: c, ctx: ctx, listener: listener, place: p, held: map[string]*use.Held{c.Held.Path.String(): c.Held}, refused: map[string]bool{}, renamed: map[renaming]renamed{}}, nil
}

func (w *watcher) ioctl(call uintptr, arg unsafe.Pointer) unix.Errno {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(w.listener), call, uintptr(arg))
	return errno
}

// serve answers until nobody is watched any more.
func (w *watcher) serve() {
	runtime.LockOSThread()
	for {
		var q request
		switch errno := w.ioctl(unix.SECCOMP_IOCTL_NOTIF_RECV, unsafe.Pointer(&q)); errno {
		case 0:
			w.answer(&q)
		case unix.EINTR, unix.ENOENT: // the process that asked is gone
			if !w.waits() {
				return
			}
		default:
			return
		}
	}
}

// waits reports whether somebody is watched.
func (w *watcher) waits() bool {
	fds := []unix.PollFd{{Fd: int32(w.listener), Events: unix.POLLIN}}
	_, err := unix.Poll(fds, 0)
	return err != nil || fds[0].Revents&unix.POLLHUP == 0
}

// othersPatience is how long processes have to end after the script.
const othersPatience = 50 * time.Millisecond

// others reports whether processes go on that are watched.
func (w *watcher) others() bool {
	for range 10 {
		if !w.waits() {
			return false
		}
		time.Sleep(othersPatience / 10)
	}
	return true
}

// answer answers one call. What cannot be read or compared is refused.
func (w *watcher) answer(q *request) {
	r := response{id: q.id, flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE}
	call, err := readCall(q)
	call = w.original(call)
	var p string
	if err == nil {
		p, err = w.place.protected(call)
	}
	if err == nil && !w.asks(q) {
		return // what was read may be another process's
	}
	switch {
	case err != nil:
		r = refusal(q, unix.EACCES)
		w.complain("codexlock: "+call.name, fmt.Errorf("a watched process opens what cannot be compared with the protected files: %w", err))
	case p == "" || call.reads == readsNothing:
		if p != "" && p != w.c.Held.Path.String() {
			delete(w.held, p) // it is about to be changed
		}
	case call.reads == executes:
		if errno := w.execute(q, call, p); errno != 0 {
			r = refusal(q, errno)
		}
	case call.reads == readsAndWrites:
		r = refusal(q, unix.EACCES)
		w.complain(p, &use.Denial{Path: p, Rule: "layout.immutable", Message: "is opened to read and to write, and a protected file is only read"})
	default:
		if errno := w.hand(q, p, call.closeOnExec); errno == 0 {
			return
		} else {
			r = refusal(q, errno)
		}
	}
	_ = w.ioctl(unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(&r))
}

// asks reports whether a process still waits for the answer to its call.
func (w *watcher) asks(q *request) bool {
	return w.ioctl(unix.SECCOMP_IOCTL_NOTIF_ID_VALID, unsafe.Pointer(&q.id)) == 0
}

func refusal(q *request, errno unix.Errno) response {
	return response{id: q.id, errno: -int32(errno)}
}

// complain prints a refusal once.
func (w *watcher) complain(what string, err error) {
	if !w.refused[what] {
		w.refused[what] = true
		w.c.Warn(err)
	}
}

// verified returns a protected file, verified when it is first asked for, or the error that
// the call ends with.
func (w *watcher) verified(name string) (*use.Held, unix.Errno) {
	if h, ok := w.held[name]; ok {
		return h, 0
	}
	p, err := w.c.Verifier.Below(name)
	var h *use.Held
	if err == nil {
		h, err = w.c.Verifier.Verify(w.ctx, p, use.Run, w.c.Hold)
	}
	var missing *use.NotFoundError
	switch {
	case errors.As(err, &missing):
		return nil, unix.ENOENT
	case err != nil:
		w.complain(name, err)
		return nil, unix.EACCES
	}
	w.held[name] = h
	return h, 0
}

// hand gives the process a descriptor of the verified bytes of a protected file, as the
// result of its call. It returns 0 or the error that the call ends with.
func (w *watcher) hand(q *request, name string, closeOnExec bool) unix.Errno {
	h, errno := w.verified(name)
	if errno != 0 {
		return errno
	}
	// A description of its own, so that nobody shares the offset.
	f, err := os.Open(fdPath(h.File()))
	if err != nil {
		w.complain(name, err)
		return unix.EACCES
	}
	defer f.Close()
	flags := uint32(0)
	if closeOnExec {
		flags = unix.O_CLOEXEC
	}
	switch _, errno := w.add(q, f, unix.SECCOMP_ADDFD_FLAG_SEND, flags); errno {
	case 0, unix.ENOENT: // or the process is gone
		return 0
	case unix.EMFILE:
		return errno
	default:
		w.complain(name, &LaunchError{fmt.Sprintf("%s: hand over the verified bytes: %v", name, errno), "--as path needs Linux 5.14"})
		return unix.EACCES
	}
}

// add gives the process a descriptor, and returns its number there.
func (w *watcher) add(q *request, f *os.File, how, flags uint32) (int, unix.Errno) {
	add := addFD{id: q.id, flags: how, source: uint32(f.Fd()), newFlags: flags}
	n, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(w.listener), unix.SECCOMP_IOCTL_NOTIF_ADDFD, uintptr(unsafe.Pointer(&add)))
	return int(n), errno
}
