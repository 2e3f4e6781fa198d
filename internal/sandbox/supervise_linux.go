package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	checkInterval = 25 * time.Millisecond // interval of checking the limits
	patience      = 5 * time.Second       // for killing the remaining processes
)

// enter is Enter on Linux.
func enter(args []string) int {
	var s spec
	if err := json.Unmarshal([]byte(args[2]), &s); err != nil {
		fmt.Fprintln(os.Stderr, "codexlock: sandbox:", err)
		return 2
	}
	runtime.LockOSThread() // rights, and the signal of the parent's end, are per thread
	if args[1] == confineArg {
		return confine(s)
	}
	result, err := supervise(s, os.Stdin)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(result)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// supervise runs the script twice and ends every process that descends from it. As a
// subreaper, it becomes the parent of orphaned processes.
func supervise(s spec, lifeline io.Reader) (Result, error) {
	for _, set := range [][2]uintptr{{unix.PR_SET_DUMPABLE, 0}, {unix.PR_SET_CHILD_SUBREAPER, 1}} {
		if err := unix.Prctl(int(set[0]), set[1], 0, 0, 0); err != nil {
			return Result{State: Unavailable, Detail: "prctl: " + err.Error()}, nil
		}
	}
	gone := make(chan struct{})
	go func() { _, _ = io.Copy(io.Discard, lifeline); close(gone) }()
	var err error
	if s.UID, err = s.another(); err != nil {
		return Result{State: Unavailable, Detail: "no other user to run it as: " + err.Error()}, nil
	}
	if s.NProc, err = processLimit(s.UID); err != nil {
		return Result{}, err
	}
	before, err := fingerprint(s.Tree)
	if err != nil {
		return Result{}, err
	}
	first, err := s.run(gone)
	if err != nil || first.State != Passed {
		return first, err
	}
	second, err := s.run(gone)
	if err != nil {
		return Result{}, err
	}
	after, err := fingerprint(s.Tree)
	switch {
	case err != nil:
		return Result{}, err
	case before != after:
		return Result{State: Differs, Detail: "it changed the files that it is about"}, nil
	case second.State == Failed:
		return Result{State: Differs, Detail: "the first run passed, and the second " + second.Detail}, nil
	}
	return second, nil
}

// another returns a user who owns nothing and runs nothing else, and makes it the owner of
// the home; -1 if this process may not change its user.
func (s spec) another() (int, error) {
	if os.Geteuid() != 0 {
		return -1, nil
	}
	// Far above the ids of people and services, and different for each supervisor,
	// so that two scripts cannot reach each other. In a user namespace without such
	// ids it is nobody.
	uid := 0x7c00_0000 + os.Getpid()
	err := os.Chown(s.Home, uid, uid)
	if errors.Is(err, unix.EINVAL) {
		uid = 65534
		err = os.Chown(s.Home, uid, uid)
	}
	return uid, err
}

// processLimit returns the number of processes that the script's user may have. If that is
// the caller, its existing processes count too.
func processLimit(uid int) (uint64, error) {
	if uid >= 0 {
		return maxProcesses, nil
	}
	threads := 0
	tasks, err := filepath.Glob("/proc/[0-9]*/task/[0-9]*")
	for _, name := range tasks {
		var stat unix.Stat_t
		if unix.Stat(name, &stat) == nil && int(stat.Uid) == os.Getuid() {
			threads++
		}
	}
	return uint64(threads + maxProcesses), err
}

// fingerprint changes with every change of a file below root: only the kernel sets the time
// of a file's last status change.
func fingerprint(root string) (string, error) {
	var all strings.Builder
	err := filepath.WalkDir(root, func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var stat unix.Stat_t
		if err := unix.Lstat(name, &stat); err != nil {
			return err
		}
		fmt.Fprintf(&all, "%q %d %o %d %d %d %v %v\n", name, stat.Ino, stat.Mode, stat.Uid, stat.Nlink, stat.Size, stat.Mtim, stat.Ctim)
		return nil
	})
	return all.String(), err
}

// run runs the script once. Passed is an exit code of 0.
func (s spec) run(gone <-chan struct{}) (result Result, err error) {
	started, err := s.start()
	if err != nil {
		return Result{}, err
	}
	ended := make(chan syscall.WaitStatus, 1)
	go reap(started.pid, ended)
	wall := time.NewTimer(s.Wall)
	defer wall.Stop()
	watch := time.NewTicker(checkInterval)
	defer watch.Stop()
	over := ""
	for over == "" {
		select {
		case status := <-ended:
			if err := killAll(); err != nil {
				return Result{}, err
			}
			return started.outcome(status)
		case <-wall.C:
			err := killAll()
			<-ended
			return Result{State: Timeout, Detail: fmt.Sprintf("it did not end within %s", s.Wall)}, errors.Join(err, started.close())
		case <-gone:
			_ = killAll()
			return Result{}, errors.New("the sandbox was ended")
		case <-started.flooded:
			over = fmt.Sprintf("printed more than %d bytes", maxOutput)
		case <-watch.C:
			over = s.excess()
		}
	}
	err = killAll()
	<-ended
	return Result{State: Failed, Detail: over}, errors.Join(err, started.close())
}

// reap waits for children until the first one, the script, ended.
func reap(pid int, ended chan<- syscall.WaitStatus) {
	for {
		var status syscall.WaitStatus
		got, err := syscall.Wait4(-1, &status, 0, nil)
		if got == pid || (err != nil && !errors.Is(err, syscall.EINTR)) {
			ended <- status
			return
		}
	}
}

// A process is the script while it runs.
type process struct {
	pid     int
	refusal *os.File // its message about a missing layer
	output  *output
	flooded chan struct{}
}

// start starts the process that becomes the script, with its own session and, if allowed,
// its own network and IPC namespaces.
func (s spec) start() (*process, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer write.Close()
	refusal, refuse, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer refuse.Close()
	if s.UID >= 0 { // so that /dev/stderr can be opened
		if err := write.Chown(s.UID, -1); err != nil {
			return nil, err
		}
	}
	p := &process{refusal: refusal, flooded: make(chan struct{})}
	for _, flags := range []uintptr{unix.CLONE_NEWNET | unix.CLONE_NEWIPC, 0} {
		cmd := exec.Command(self)
		cmd.Args = []string{"codexlock", confineArg, s.encode()}
		cmd.Env, cmd.Dir = []string{}, "/"
		cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = write, write, []*os.File{refuse}
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Cloneflags: flags}
		if err = cmd.Start(); err == nil {
			p.pid = cmd.Process.Pid
			_ = cmd.Process.Release() // reap waits for the process
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("start the script: %w", err)
	}
	p.output = collect(read, p.flooded)
	return p, nil
}

func (p *process) close() error {
	<-p.output.done
	return p.refusal.Close()
}

// outcome returns the result for the process's exit status, with the end of its output.
func (p *process) outcome(status syscall.WaitStatus) (Result, error) {
	text, err := io.ReadAll(io.LimitReader(p.refusal, 4<<10))
	if err := errors.Join(err, p.close()); err != nil {
		return Result{}, err
	}
	if layer, refused := strings.CutPrefix(string(text), refusedPrefix); refused {
		return Result{State: Unavailable, Detail: layer}, nil
	}
	detail := string(text) // it could not be started
	switch {
	case detail != "":
	case status.Signaled():
		detail = fmt.Sprintf("was killed (%s)", status.Signal())
	case status.ExitStatus() != 0:
		detail = fmt.Sprintf("ended with %d", status.ExitStatus())
	default:
		return Result{State: Passed}, nil
	}
	if last := lastLine(p.output.tail); last != "" {
		detail += ": " + last
	}
	return Result{State: Failed, Detail: detail}, nil
}

// An output keeps the end of what is printed.
type output struct {
	tail []byte
	done chan struct{}
}

func collect(from *os.File, flooded chan<- struct{}) *output {
	o := &output{done: make(chan struct{})}
	flood := sync.OnceFunc(func() { close(flooded) })
	go func() {
		defer close(o.done)
		defer from.Close()
		buf, total := make([]byte, 32<<10), 0
		for {
			n, err := from.Read(buf)
			if total += n; total > maxOutput {
				flood()
			}
			o.tail = append(o.tail, buf[:n]...)
			if excess := len(o.tail) - 4<<10; excess > 0 {
				o.tail = append([]byte(nil), o.tail[excess:]...)
			}
			if err != nil {
				return
			}
		}
	}()
	return o
}
