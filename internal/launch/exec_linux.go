package launch

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/owned"
	"github.com/codexlock/codexlock/internal/use"
)

// maxText is how much of a script is searched for signs.
const maxText = 4 << 20

func (c *Command) run(ctx context.Context) (int, error) {
	head, err := c.Held.Head(maxShebang)
	if err != nil {
		return 0, err
	}
	if IsProgram(head) {
		if c.As == Path {
			return 0, &LaunchError{c.Held.Path.String() + ": is a program, not a script, and --as path is for scripts", "leave --as away"}
		}
		return c.exec(fdPath(c.Held.File()), append([]string{c.Name}, c.Args...))
	}
	line, ok, err := ParseShebang(head)
	switch {
	case err != nil:
		return 0, c.deny("script.shebang", "write the first line: #!/usr/bin/env bash", "%v", err)
	case !ok:
		return 0, c.deny("script.shebang", "begin it with #!/usr/bin/env bash, then attest it", "is neither a program nor a script: it does not begin with #!")
	}
	program, err := c.interpreter(line)
	if err != nil {
		return 0, err
	}
	argv := append([]string{program}, line.Args...)
	way, reason, err := c.way()
	if err != nil {
		return 0, err
	}
	if way == Path {
		code, err := c.watched(ctx, append(append(argv, plainName(c.Name)), c.Args...))
		if c.As != Auto || !errors.As(err, &reason) {
			return code, err
		}
	}
	if reason != nil && c.As == Auto {
		if err := c.mayLoseName(reason); err != nil {
			return 0, err
		}
	}
	return c.exec(program, append(append(argv, kept(c.Held.File())), c.Args...))
}

// A noWatchError is a system that does not let this process answer for the opens of a child.
type noWatchError struct{ reason string }

func (e *noWatchError) Error() string { return e.reason }

// Hint is the next step.
func (e *noWatchError) Hint() string {
	return "for a script that does without its own name and reads no sibling: --as fd"
}

// way returns how the script is to be executed. reason is why it is not by path.
func (c *Command) way() (way string, reason *noWatchError, err error) {
	if c.As != Auto {
		return c.As, nil, nil
	}
	text, err := c.text()
	if err != nil {
		return "", nil, err
	}
	if os.Geteuid() != 0 && needsPrivileges(text) {
		return FD, &noWatchError{"it may call a program that gains privileges, such as sudo, which --as path does not allow"}, nil
	}
	return Path, nil, nil
}

func (c *Command) text() ([]byte, error) { return c.Held.Head(maxText) }

// mayLoseName refuses a script that may look for itself where it would get another name.
func (c *Command) mayLoseName(reason *noWatchError) error {
	text, err := c.text()
	if err != nil {
		return err
	}
	if looksForItself(text) {
		return &LaunchError{
			c.Held.Path.String() + ": cannot be executed under its own name, which it may look for: " + reason.reason,
			"if it does without its own name and reads no sibling: --as fd",
		}
	}
	return nil
}

// plainName returns a name that no interpreter takes for an option.
func plainName(name string) string {
	if strings.HasPrefix(name, "-") {
		return "./" + name
	}
	return name
}

// interpreter returns the program that a first line names: that of the trust file, the one
// at an absolute path, or the first of that name in SystemPath. Only root and this user may
// be able to write it.
func (c *Command) interpreter(line Shebang) (string, error) {
	pin, pinned := c.Verifier.Interpreter(line.Name)
	name := line.Path
	if pinned {
		name = pin.Path
	}
	found, real, err := findProgram(name, line.Name)
	var refused *owned.Error
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", &use.NotFoundError{Path: c.Held.Path.String(), Message: "its interpreter " + firstOf(name, line.Name) + " is not found", Next: "install it, or say in the trust file where it is: interpreters: {" + line.Name + ": {path: /…}}"}
	case errors.As(err, &refused):
		return "", c.deny("script.shebang", refused.Next, "its interpreter %v", refused)
	case err != nil:
		return "", err
	case c.Verifier.Contains(real):
		return "", c.deny("script.shebang", "name an interpreter of the system", "its interpreter %s is in the repository, and nothing verifies it", real)
	}
	if pinned && pin.SHA256 != nil {
		f, err := os.Open(real)
		if err != nil {
			return "", err
		}
		defer f.Close()
		got, _, err := artifact.Hash(f, nil)
		if err != nil {
			return "", err
		}
		if got != *pin.SHA256 {
			return "", c.deny("script.shebang", "find out who replaced it, or pin the new one in the trust file", "its interpreter %s has sha256 %s, pinned is %s", real, got.String()[:12]+"…", pin.SHA256.String()[:12]+"…")
		}
	}
	// The name decides what some programs do (busybox, a Python environment), so it is kept.
	return found, nil
}

func firstOf(name, otherwise string) string {
	if name != "" {
		return name
	}
	return otherwise
}

// findProgram checks the program with an absolute name or, for another name, the first of
// that name in SystemPath that nobody else can write. It returns its name, and the name
// without links.
func findProgram(absolute, name string) (found, real string, err error) {
	if absolute != "" {
		real, err = owned.Program(absolute)
		return absolute, real, err
	}
	err = fs.ErrNotExist
	for _, dir := range SystemPath {
		at := filepath.Join(dir, name)
		real, refused := owned.Program(at)
		if refused == nil {
			return at, real, nil
		}
		if errors.Is(err, fs.ErrNotExist) {
			err = refused
		}
	}
	return "", "", err
}

// fdPath names a file by its descriptor.
func fdPath(f *os.File) string { return "/proc/self/fd/" + strconv.Itoa(int(f.Fd())) }

// kept lets a descriptor survive the exec, and returns its name for the child.
func kept(f *os.File) string {
	_, _ = unix.FcntlInt(f.Fd(), unix.F_SETFD, 0)
	if _, err := os.Lstat("/dev/fd"); err != nil {
		return fdPath(f)
	}
	return "/dev/fd/" + strconv.Itoa(int(f.Fd()))
}

// exec becomes the program. Go's own limit of open files is undone by syscall.Exec.
func (c *Command) exec(program string, argv []string) (int, error) {
	return 0, execError(program, syscall.Exec(program, argv, c.env()))
}

// execError explains why a program could not be executed.
func execError(program string, err error) error {
	if errors.Is(err, unix.ENOENT) {
		return &use.NotFoundError{Path: program, Message: "no such program, or its own loader is missing"}
	}
	return &LaunchError{program + ": " + err.Error(), "see whether the file system allows programs (noexec), and whether it is a program of this machine"}
}

func (c *Command) open(ctx context.Context) (int, error) {
	f := c.Held.File()
	argv := make([]string, len(c.Args))
	for i, arg := range c.Args {
		argv[i] = strings.ReplaceAll(arg, "{}", "/dev/fd/"+strconv.Itoa(int(f.Fd())))
	}
	program, err := c.lookPath(argv[0])
	if err != nil {
		return 0, err
	}
	kept(f)
	if c.Held.Broken() != nil {
		return c.leased(ctx, program, argv)
	}
	return c.exec(program, argv)
}

// lookPath finds the command, by the PATH that it is going to have. A protected file as the
// command would not be verified.
func (c *Command) lookPath(name string) (string, error) {
	found := name
	if !strings.Contains(name, "/") {
		found = ""
		for _, pair := range c.env() {
			path, ok := strings.CutPrefix(pair, "PATH=")
			for _, dir := range filepath.SplitList(path) {
				at := filepath.Join(dir, name)
				if info, err := os.Stat(at); ok && found == "" && err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0 {
					found = at
				}
			}
		}
	}
	if found == "" {
		return "", &use.NotFoundError{Path: name, Message: "no such command", Next: "folders inside the repository and relative ones do not count; name it by its path"}
	}
	if p, err := c.Verifier.Path(found); err == nil && c.Verifier.Protects(p.String()) {
		return "", &use.Denial{Path: p.String(), Rule: "use.unverified", Message: "is a protected file, and nothing verifies it as the command", Next: "execute it: codexlock run -- " + p.String()}
	}
	return found, nil
}
