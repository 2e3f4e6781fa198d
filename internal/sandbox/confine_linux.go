package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/landlock-lsm/go-landlock/landlock"
	llsyscall "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
)

// refusedPrefix begins the message about a layer that is not available.
const refusedPrefix = "refused: "

// refusals is the descriptor for that message: the first after the standard ones.
const refusals = 3

// toolchain are the paths that a script may read and run in addition to its own files:
// nothing of /proc, /sys, /run, /home and /root, and of /etc only what programs need to
// start.
var (
	toolchain = []string{"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc/alternatives"}
	openFiles = []string{
		"/etc/ld.so.cache", "/etc/localtime", "/etc/nsswitch.conf", "/etc/passwd", "/etc/group", "/etc/ssl/openssl.cnf",
		"/dev/full", "/dev/random", "/dev/urandom", "/dev/zero",
	}
)

// confine removes, in this process, every permission that the script must not have, tests
// that it is removed, and becomes the script.
func confine(s spec) int {
	out := os.NewFile(refusals, "refusals")
	for _, layer := range []struct {
		name string
		put  func() error
	}{
		{"files of others", closeFiles},
		{"parent", followParent},
		{"limits", s.limit},
		{"user", s.become},
		{"parent", followParent}, // changing the user resets the signal
		{"tree", func() error { return os.Chdir(s.Tree) }},
		{"no new privileges", dropPrivileges},
		{"Landlock", s.landlock},
		{"seccomp", filterCalls},
		{"check", s.confined},
	} {
		if err := layer.put(); err != nil {
			fmt.Fprintf(out, "%s%s: %v", refusedPrefix, layer.name, err)
			return 125
		}
	}
	err := syscall.Exec("./"+s.Script, []string{"./" + s.Script}, s.Env)
	fmt.Fprintf(out, "cannot be started: %v", err)
	return 126
}

// closeFiles closes files that were open when the gate was started.
func closeFiles() error {
	return unix.CloseRange(refusals, ^uint(0)>>1&0xffff_ffff, unix.CLOSE_RANGE_CLOEXEC)
}

// followParent ends this process together with the supervisor.
func followParent() error {
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return err
	}
	if os.Getppid() == 1 && os.Getpid() != 1 {
		return errors.New("the supervisor is gone")
	}
	return nil
}

// limit sets the limits of one process; the supervisor checks all of them together.
func (s spec) limit() error {
	unix.Umask(0o022)
	// If memory runs out, the kernel kills the script first.
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0)
	for _, l := range []struct {
		resource int
		most     uint64
	}{
		{unix.RLIMIT_CORE, 0},
		{unix.RLIMIT_CPU, uint64(s.Wall.Seconds()) + 1},
		{unix.RLIMIT_FSIZE, maxFile},
		{unix.RLIMIT_NOFILE, maxOpenFiles},
		{unix.RLIMIT_NPROC, s.NProc},
		{unix.RLIMIT_DATA, maxMemory}, // not AS: some runtimes reserve far more than they use
		{unix.RLIMIT_MEMLOCK, 0},
		{unix.RLIMIT_MSGQUEUE, 0},
	} {
		var now unix.Rlimit
		if err := unix.Getrlimit(l.resource, &now); err != nil {
			return err
		}
		l.most = min(l.most, now.Max)
		if err := unix.Setrlimit(l.resource, &unix.Rlimit{Cur: l.most, Max: l.most}); err != nil {
			return fmt.Errorf("%d: %w", l.resource, err)
		}
	}
	return nil
}

// become changes to another user without groups, if the process may.
func (s spec) become() error {
	if s.UID < 0 {
		return nil
	}
	for _, set := range []func() error{
		func() error { return syscall.Setgroups(nil) },
		func() error { return syscall.Setresgid(s.UID, s.UID, s.UID) },
		func() error { return syscall.Setresuid(s.UID, s.UID, s.UID) },
	} {
		if err := set(); err != nil {
			return err
		}
	}
	if syscall.Setuid(0) == nil {
		return errors.New("it can become root again")
	}
	return nil
}

func dropPrivileges() error {
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return err
	}
	return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
}

// landlock allows the script to read the toolchain and its tree, and to write its home. It
// requires a fixed version, not the best available one: version 3 forbids changing files,
// version 6 also signals to processes outside, which another user prevents too.
func (s spec) landlock() error {
	version, err := llsyscall.LandlockGetABIVersion()
	if err != nil {
		return err
	}
	strict := landlock.V6
	switch {
	case version >= 6:
	case s.UID < 0:
		return fmt.Errorf("version %d: run as an ordinary user it needs version 6 (Linux 6.12)", version)
	case version < 3:
		return fmt.Errorf("version %d: it needs version 3 (Linux 6.2)", version)
	default:
		strict = landlock.V3
	}
	return strict.Restrict(
		landlock.RODirs(toolchain...).IgnoreIfMissing(),
		landlock.ROFiles(openFiles...).IgnoreIfMissing(),
		landlock.RWFiles("/dev/null"),
		landlock.RODirs(s.Tree),
		landlock.RWDirs(s.Home).WithRefer(),
	)
}

// confined tries each forbidden action: a kernel that accepts every layer but enforces none
// is refused too.
func (s spec) confined() error {
	if fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0); err == nil {
		unix.Close(fd)
		return errors.New("a socket can still be made")
	}
	for _, name := range []string{"/", "/proc/self/environ", "/etc/hostname"} {
		fd, err := unix.Open(name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err == nil {
			unix.Close(fd)
			return fmt.Errorf("%s can still be read", name)
		}
	}
	if fd, err := unix.Open(filepath.Join(s.Tree, s.Script), unix.O_WRONLY|unix.O_CLOEXEC, 0); err == nil {
		unix.Close(fd)
		return errors.New("the tree can still be written")
	}
	return nil
}
