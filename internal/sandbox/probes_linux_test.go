package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A probe tries one way out. It returns nil where it got through.
type probe struct {
	name  string
	try   func(target) error
	where string // where it succeeds outside: "" anywhere, root, nowhere (the machine may not have it)
}

// A target is what is to be reached.
type target struct {
	dir    string // a folder of the caller's that anybody may write
	victim int    // a process of the caller's, with a secret in its environment
	addr   string // where somebody listens, TCP and UDP
}

const secret = "VAULTTIME_KEY=a-secret-that-no-test-may-see"

func call(nr uintptr, args ...uintptr) error {
	args = append(args, 0, 0, 0, 0, 0, 0)
	if _, _, errno := syscall.Syscall6(nr, args[0], args[1], args[2], args[3], args[4], args[5]); errno != 0 {
		return errno
	}
	return nil
}

func pointer(s string) uintptr { return uintptr(unsafe.Pointer(unsafe.StringData(s + "\x00"))) }

func open(name string, flags int) error {
	fd, err := unix.Open(name, flags|unix.O_CLOEXEC, 0o644)
	if err == nil {
		unix.Close(fd)
	}
	return err
}

func socket(family, kind, protocol int) error {
	_, err := unix.Socket(family, kind, protocol)
	return err
}

func dial(network, address string) error {
	c, err := net.Dial(network, address)
	if err != nil {
		return err
	}
	_, err = c.Write([]byte("out"))
	return err
}

func (t target) proc(name string) string { return fmt.Sprintf("/proc/%d/%s", t.victim, name) }

// own makes a file in the home, for probes that carry it out.
func own() (string, error) {
	name := filepath.Join(os.Getenv("HOME"), fmt.Sprint("own-", os.Getpid()))
	return name, os.WriteFile(name, []byte("own"), 0o644)
}

var probes = []probe{
	{name: "read a file outside", try: func(t target) error { return open(t.dir+"/file", unix.O_RDONLY) }},
	{name: "list the root", try: func(target) error { _, err := os.ReadDir("/"); return err }},
	{name: "read /etc/shadow", where: "root", try: func(target) error { return open("/etc/shadow", unix.O_RDONLY) }},
	{name: "read the caller's environment", try: func(t target) error {
		text, err := os.ReadFile(t.proc("environ"))
		if err == nil && !bytes.Contains(text, []byte(secret)) {
			err = errors.New("no secret in it")
		}
		return err
	}},
	{name: "read the supervisor's environment", where: "root", try: func(target) error {
		return open(fmt.Sprintf("/proc/%d/environ", os.Getppid()), unix.O_RDONLY)
	}},
	{name: "open the caller's memory", try: func(t target) error { return open(t.proc("mem"), unix.O_RDWR) }},
	{name: "read the caller's folder link", try: func(t target) error { _, err := os.Readlink(t.proc("cwd")); return err }},
	{name: "read /proc/1/cmdline", try: func(target) error { return open("/proc/1/cmdline", unix.O_RDONLY) }},
	{name: "have a secret name in the environment", try: func(target) error {
		for _, pair := range os.Environ() {
			for _, prefix := range []string{"VAULTTIME", "GITHUB_", "ACTIONS_", "INPUT_", "RUNNER_"} {
				if strings.HasPrefix(pair, prefix) {
					return nil
				}
			}
		}
		return errors.New("none")
	}},
	{name: "ptrace", try: func(t target) error {
		if err := unix.PtraceSeize(t.victim); err != nil {
			return err
		}
		return unix.PtraceDetach(t.victim)
	}, where: "nowhere"}, // another thread than the tracer's may be asked to detach
	{name: "process_vm_readv", try: func(t target) error {
		var b [1]byte
		local := []unix.Iovec{{Base: &b[0], Len: 1}}
		_, err := unix.ProcessVMReadv(t.victim, local, []unix.RemoteIovec{{Base: uintptr(unsafe.Pointer(&victimByte)), Len: 1}}, 0)
		return err
	}},
	{name: "kcmp", try: func(t target) error {
		return call(unix.SYS_KCMP, uintptr(t.victim), uintptr(os.Getpid()), 5)
	}, where: "nowhere"},
	{name: "pidfd_open", try: func(t target) error { _, err := unix.PidfdOpen(t.victim, 0); return err }},
	{name: "signal the caller", try: func(t target) error { return unix.Kill(t.victim, unix.SIGCONT) }},
	{name: "signal the supervisor", try: func(target) error { return unix.Kill(os.Getppid(), unix.SIGCONT) }},
	{name: "limit the caller", try: func(t target) error {
		return unix.Prlimit(t.victim, unix.RLIMIT_CORE, &unix.Rlimit{}, nil)
	}},
	{name: "slow the caller down", try: func(t target) error { return unix.Setpriority(unix.PRIO_PROCESS, t.victim, 1) }},
	{name: "bind the caller to a core", try: func(t target) error {
		var set unix.CPUSet
		set.Set(0)
		return unix.SchedSetaffinity(t.victim, &set)
	}},
	{name: "TCP", try: func(t target) error { return dial("tcp", t.addr) }},
	{name: "MPTCP", try: func(target) error { return socket(unix.AF_INET, unix.SOCK_STREAM, 262) }, where: "nowhere"},
	{name: "UDP", try: func(t target) error { return dial("udp", t.addr) }},
	{name: "IPv6", try: func(target) error { return socket(unix.AF_INET6, unix.SOCK_DGRAM, 0) }, where: "nowhere"},
	{name: "unix socket by path", try: func(t target) error { return dial("unix", t.dir+"/socket") }},
	{name: "abstract unix socket", try: func(t target) error { return dial("unix", "@"+t.dir) }},
	{name: "socketpair", try: func(target) error { _, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0); return err }},
	{name: "netlink", try: func(target) error { return socket(unix.AF_NETLINK, unix.SOCK_RAW, 0) }},
	{name: "packet socket", try: func(target) error { return socket(unix.AF_PACKET, unix.SOCK_RAW, 0) }, where: "root"},
	{name: "vsock", try: func(target) error { return socket(unix.AF_VSOCK, unix.SOCK_STREAM, 0) }, where: "nowhere"},
	{name: "io_uring", try: func(target) error {
		var params [120]byte
		return call(unix.SYS_IO_URING_SETUP, 1, uintptr(unsafe.Pointer(&params)))
	}, where: "nowhere"},
	{name: "bpf", try: func(target) error {
		attr := [16]uint32{2, 4, 4, 1}
		return call(unix.SYS_BPF, 0, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr))
	}, where: "nowhere"},
	{name: "userfaultfd", try: func(target) error { return call(unix.SYS_USERFAULTFD, 1) }, where: "nowhere"},
	{name: "perf_event_open", try: func(target) error {
		attr := unix.PerfEventAttr{Type: unix.PERF_TYPE_SOFTWARE, Size: uint32(unsafe.Sizeof(unix.PerfEventAttr{}))}
		_, err := unix.PerfEventOpen(&attr, 0, -1, -1, 0)
		return err
	}, where: "nowhere"},
	{name: "keyctl", try: func(target) error { _, err := unix.KeyctlGetKeyringID(-3, true); return err }, where: "nowhere"},
	{name: "user namespace", try: func(target) error { return unix.Unshare(unix.CLONE_FS | unix.CLONE_NEWUTS) }, where: "root"},
	{name: "clone3", try: func(target) error {
		args := [11]uint64{1 << 63} // no such flag: whoever gets in is told EINVAL
		if err := call(unix.SYS_CLONE3, uintptr(unsafe.Pointer(&args)), unsafe.Sizeof(args)); err != unix.EINVAL {
			return err
		}
		return nil
	}},
	{name: "clone a user namespace", try: func(target) error {
		// Together with CLONE_FS it is EINVAL for whoever may ask at all.
		if err := call(unix.SYS_CLONE, unix.CLONE_NEWUSER|unix.CLONE_FS|uintptr(unix.SIGCHLD)); err != unix.EINVAL {
			return err
		}
		return nil
	}},
	{name: "setns", try: func(target) error {
		// No file at all: EBADF for whoever may ask.
		if err := unix.Setns(-1, 0); err != unix.EBADF {
			return err
		}
		return nil
	}},
	{name: "mount", try: func(t target) error {
		err := unix.Mount("none", t.dir+"/mounted", "tmpfs", 0, "")
		if err == nil {
			err = unix.Unmount(t.dir+"/mounted", 0)
		}
		return err
	}, where: "root"},
	{name: "chroot", try: func(target) error { return unix.Chroot("/") }, where: "root"},
	{name: "open_by_handle_at", try: func(target) error {
		handle, _, err := unix.NameToHandleAt(unix.AT_FDCWD, "/usr", 0)
		_ = handle
		return err
	}, where: "nowhere"},
	{name: "write a file outside", try: func(t target) error { return open(t.dir+"/new", unix.O_WRONLY|unix.O_CREAT) }},
	{name: "change a file outside", try: func(t target) error { return open(t.dir+"/file", unix.O_WRONLY) }},
	{name: "truncate a file outside", try: func(t target) error { return unix.Truncate(t.dir+"/file", 1) }},
	{name: "remove a file outside", try: func(t target) error { return unix.Unlink(t.dir + "/gone") }},
	{name: "make a folder outside", try: func(t target) error { return unix.Mkdir(t.dir+"/folder", 0o755) }},
	{name: "write through a symlink", try: func(t target) error {
		link := filepath.Join(os.Getenv("HOME"), "out")
		if err := os.Symlink(t.dir+"/file", link); err != nil {
			return nil // in the home that must be possible
		}
		defer os.Remove(link)
		return open(link, unix.O_WRONLY)
	}},
	{name: "link a file in", try: func(t target) error { return os.Link(t.dir+"/file", os.Getenv("HOME")+"/in") }},
	{name: "move a file out", try: func(t target) error {
		name, err := own()
		if err != nil {
			return nil // in the home that must be possible
		}
		return os.Rename(name, t.dir+"/moved")
	}},
	{name: "chmod outside", try: func(t target) error { return unix.Chmod(t.dir+"/file", 0o666) }},
	{name: "chown outside", try: func(t target) error { return unix.Chown(t.dir+"/file", os.Getuid(), -1) }},
	{name: "change times outside", try: func(t target) error {
		return unix.UtimesNanoAt(unix.AT_FDCWD, t.dir+"/file", []unix.Timespec{{Sec: 1}, {Sec: 1}}, 0)
	}},
	{name: "change attributes outside", try: func(t target) error { return unix.Setxattr(t.dir+"/file", "user.x", []byte("x"), 0) }, where: "nowhere"},
	{name: "shared memory by key", try: func(target) error {
		id, err := unix.SysvShmGet(unix.IPC_PRIVATE, 4096, 0o600)
		if err == nil {
			_, err = unix.SysvShmCtl(id, unix.IPC_RMID, nil)
		}
		return err
	}},
	{name: "shared memory by name", try: func(target) error {
		name := fmt.Sprint("/dev/shm/codexlock-probe-", os.Getpid())
		defer os.Remove(name)
		return open(name, unix.O_WRONLY|unix.O_CREAT)
	}},
	{name: "message queue", try: func(target) error { return call(unix.SYS_MQ_OPEN, pointer("codexlock-probe"), unix.O_RDONLY) }, where: "nowhere"},
	{name: "device", try: func(t target) error {
		name := filepath.Join(os.Getenv("HOME"), "device")
		defer os.Remove(name)
		if err := unix.Mknod(name, unix.S_IFBLK|0o600, int(unix.Mkdev(7, 0))); err != nil {
			return err
		}
		return nil
	}, where: "root"},
	{name: "become root", try: func(target) error { return syscall.Setuid(0) }, where: "root"},
	{name: "gain privileges", try: func(target) error {
		held, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
		if err == nil && held == 1 {
			err = errors.New("no_new_privs is set")
		}
		return err
	}},
	{name: "hold a capability", try: func(target) error {
		header, data := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, [2]unix.CapUserData{}
		err := unix.Capget(&header, &data[0])
		if err == nil && data[0].Permitted|data[1].Permitted == 0 {
			err = errors.New("none")
		}
		return err
	}, where: "root"},
	{name: "core dump", try: func(target) error {
		return unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: 1 << 20, Max: 1 << 20})
	}},
	{name: "change the tree", try: func(target) error {
		self, err := filepath.Abs(os.Args[0])
		if err != nil {
			return err
		}
		return open(filepath.Join(filepath.Dir(self), "new"), unix.O_WRONLY|unix.O_CREAT)
	}, where: "nowhere"},
	{name: "use an inherited file", try: func(target) error {
		_, err := unix.FcntlInt(inheritedFile, unix.F_GETFD, 0)
		return err
	}},
	{name: "have a terminal or an input", try: func(target) error {
		n, err := os.Stdin.Read(make([]byte, 1))
		if n == 0 && errors.Is(err, io.EOF) {
			return errors.New("its input is empty")
		}
		return err
	}},
}

// inheritedFile is a file that the caller left open, as shells do.
const inheritedFile = 57

var victimByte byte = 1

// tryProbe runs one probe, in a process of its own.
func tryProbe(name string) int {
	t := target{dir: os.Getenv("PROBE_DIR"), addr: os.Getenv("PROBE_ADDR")}
	t.victim, _ = strconv.Atoi(os.Getenv("PROBE_VICTIM"))
	for _, p := range probes {
		if p.name != name {
			continue
		}
		if err := p.try(t); err != nil {
			fmt.Printf("prevented: %v\n", err)
			return 1
		}
		return 0
	}
	fmt.Println("no such probe")
	return 0 // counts as an escape
}

// start makes what probes are to reach.
func startTarget(t *testing.T) target {
	t.Helper()
	dir, err := os.MkdirTemp("", "p") // short, for the address of a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	at := target{dir: dir}
	for name := range map[string]bool{"file": true, "gone": true} {
		if err := os.WriteFile(filepath.Join(at.dir, name), []byte("theirs"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []func() error{
		func() error { return os.Mkdir(at.dir+"/mounted", 0o777) },
		func() error { return os.Chmod(at.dir, 0o777) },
		func() error { return os.Chmod(at.dir+"/file", 0o666) },
	} {
		if err := f(); err != nil {
			t.Fatal(err)
		}
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tcp.Close() })
	at.addr = tcp.Addr().String()
	for _, name := range []string{at.dir + "/socket", "@" + at.dir} {
		l, err := net.Listen("unix", name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
	}
	if err := os.Chmod(at.dir+"/socket", 0o777); err != nil {
		t.Fatal(err)
	}
	victim := exec.Command(self)
	victim.Env = []string{"PROBE=victim", secret}
	hold, err := victim.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hold.Close(); _ = victim.Wait() })
	at.victim = victim.Process.Pid
	return at
}

func (t target) env(name string) []string {
	return []string{"PROBE=" + name, "PROBE_DIR=" + t.dir, "PROBE_ADDR=" + t.addr, fmt.Sprint("PROBE_VICTIM=", t.victim)}
}

// leaveOpen leaves a file open that children inherit.
func leaveOpen(t *testing.T) {
	t.Helper()
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := unix.Dup3(int(f.Fd()), inheritedFile, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(inheritedFile) })
}

// TestNoProbeEscapes: what gets through outside does not get through inside.
func TestNoProbeEscapes(t *testing.T) {
	available(t)
	leaveOpen(t)
	at := startTarget(t)
	tried := 0
	for _, p := range probes {
		tried++
		t.Run(p.name, func(t *testing.T) {
			r := runProgram(t, at.env(p.name)...)
			if r.State != Failed || !strings.HasPrefix(r.Detail, "ended with 1: prevented: ") {
				t.Errorf("inside: %+v, want it prevented", r)
			}
			if p.where == "nowhere" || (p.where == "root" && os.Geteuid() != 0) {
				return
			}
			outside := exec.Command(self)
			outside.Env = append(at.env(p.name), secret, "HOME="+at.dir)
			outside.Stdin = strings.NewReader("a line\n")
			if out, err := outside.CombinedOutput(); err != nil {
				t.Errorf("outside: %v: %s: the probe shows nothing", err, out)
			}
		})
	}
	if tried < 25 {
		t.Errorf("%d probes, want 25 at least", tried)
	}
}
