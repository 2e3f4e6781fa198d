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

// refusedPrefix begins what a process says of a layer that it could not have.
const refusedPrefix = "refused: "

// refusals is where it says so: the first file after the standard ones.
const refusals = 3

// toolchain is what a script may read and run beside its own files. Nothing of
// /proc, /sys, /run, /home and /root is in it, and of /etc only what programs
// need to start.
var (
	toolchain = []string{"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc/alternatives"}
	openFiles = []string{
		"/etc/ld.so.cache", "/etc/localtime", "/etc/nsswitch.conf", "/etc/passwd", "/etc/group", "/etc/ssl/openssl.cnf",
		"/dev/full", "/dev/random", "/dev/urandom", "/dev/zero",
	}
)

// confine gives up, in this process, everything that the script is not to have,
// makes sure that it is gone, and becomes the script.
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
		{"parent", followParent}, // who becomes another is no longer told
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

// closeFiles keeps the script from files that were open where the gate was started.
func closeFiles() error {
	return unix.CloseRange(refusals, ^uint(0)>>1&0xffff_ffff, unix.CLOSE_RANGE_CLOEXEC)
}

// followParent has this process end with the supervisor.
func followParent() error {
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return err
	}
	if os.Getppid() == 1 && os.Getpid() != 1 {
		return errors.New("the supervisor is gone")
	}
	return nil
}

// limit bounds what one process may use; the supervisor looks at them together.
func (s spec) limit() error {
	unix.Umask(0o022)
	// Should memory run out, it is the script that goes.
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

// become is another user, with no group, where that can be.
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

// landlock lets the script read the toolchain and its tree, and write its home.
// The version is never the best that happens to be there: the third forbids to
// change any file, the sixth to signal processes outside, which another user
// cannot do either.
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

// confined tries what must no longer be possible: a kernel that says yes to every
// layer and enforces none is refused too.
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
