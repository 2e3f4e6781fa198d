package launch

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/codexlock/codexlock/internal/use"
)

// A watched process that executes a protected file would have the kernel read it again, by
// its name. The kernel cannot be handed a file for that. So the process executes another
// file: one in memory that nobody can change, whose first line names this program, which
// becomes the interpreter, or the program, that was verified (Sibling). Its name has to stand
// where the process has the name of the protected file, and is written there.

// execute answers a call that executes a protected file. It returns 0 where the call may go
// on, or the error that it ends with.
func (w *watcher) execute(q *request, c call, name string) unix.Errno {
	h, errno := w.verified(name)
	if errno != 0 {
		return errno
	}
	if h.Mode&0o111 == 0 {
		return unix.EACCES
	}
	plan, errno := w.plan(h, c)
	if errno != 0 {
		return errno
	}
	err := w.redirect(q, c, plan)
	if err == nil {
		return 0
	}
	next := "have the script call it so: codexlock run -- " + name
	if short := (*shortNameError)(nil); errors.As(err, &short) {
		next = "have the script call it by a longer name, such as \"$PWD/" + path.Base(name) + "\"; or so: codexlock run -- " + name
	}
	w.complain(name, &use.Denial{Path: name, Rule: "use.unverified", Message: fmt.Sprintf("is executed by a script that is verified at use, and cannot be handed over: %v", err), Next: next})
	return unix.EACCES
}

// plan returns the interpreter of a script, "" for a program, its arguments, and the name of
// the file.
func (w *watcher) plan(h *use.Held, c call) ([]string, unix.Errno) {
	name := plainName(c.name)
	if c.dir != unix.AT_FDCWD && !strings.HasPrefix(c.name, "/") {
		name = "/dev/fd/" + strconv.Itoa(c.dir) + "/" + c.name // as the kernel calls it
	}
	head, err := h.Head(maxShebang)
	if err != nil {
		w.complain(h.Path.String(), err)
		return nil, unix.EIO
	}
	if IsProgram(head) {
		return []string{"", name}, 0
	}
	line, ok, err := ParseShebang(head)
	if err == nil && !ok {
		return nil, unix.ENOEXEC // a shell then opens it
	}
	own := *w.c
	own.Held = h
	var program string
	if err == nil {
		program, err = own.interpreter(line)
	} else {
		err = own.deny("script.shebang", "write the first line: #!/usr/bin/env bash", "%v", err)
	}
	if err != nil {
		w.complain(h.Path.String(), err)
		return nil, unix.EACCES
	}
	return append(append([]string{program}, line.Args...), name), 0
}

// A shortNameError is a name that has no room for another one.
type shortNameError struct{ name, other string }

func (e *shortNameError) Error() string {
	return fmt.Sprintf("its name %q is shorter than %q", e.name, e.other)
}

// redirect has the call execute the file in memory.
func (w *watcher) redirect(q *request, c call, plan []string) error {
	if least := "/dev/fd/3"; len(c.name) < len(least) {
		return &shortNameError{c.name, least}
	}
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	defer self.Close()
	program, errno := w.add(q, self, 0, unix.O_CLOEXEC)
	if errno != 0 {
		return errno
	}
	text := fmt.Sprintf("#!/proc/self/fd/%d %s\n%s", program, SiblingArgument, strings.Join(plan, "\x00"))
	file, err := use.SealedProgram([]byte(text))
	if err != nil {
		return err
	}
	defer file.Close()
	at, errno := w.add(q, file, 0, 0)
	if errno != 0 {
		return errno
	}
	name := "/dev/fd/" + strconv.Itoa(at)
	if len(name) > len(c.name) {
		return &shortNameError{c.name, name}
	}
	return w.rename(q, c, name)
}

// A renaming is where a process has the name of a file in memory instead of another name.
type renaming struct {
	process uint32
	at      uint64
	name    string
}

// A renamed is the name that was there, and who executes it.
type renamed struct {
	name    string
	pid     uint32
	cmdline string // before that
}

// patience is how long a process has to be through with a name before it is replaced again.
const patience = time.Second

// settle waits until a process has executed what it was led to, or is gone: until then the
// kernel may not have read the name.
func (r renamed) settle() {
	for range patience / time.Millisecond {
		if now, err := os.ReadFile(proc(r.pid, "cmdline")); err != nil || string(now) != r.cmdline {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// maxRenamings is how many of them are remembered.
const maxRenamings = 4096

// rename replaces the name in the memory of the process. It is not given back: a process that
// executes something has another memory then. Its parent has the same one until then where
// it used vfork, and may use the place for something else the moment after; should it
// execute the name again, original knows which one is meant.
func (w *watcher) rename(q *request, c call, name string) error {
	memory, err := os.OpenFile(proc(q.pid, "mem"), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer memory.Close()
	process, parent := group(q.pid)
	for key, before := range w.renamed {
		if key.at == c.at && (key.process == process || key.process == parent) {
			before.settle()
		}
	}
	cmdline, err := os.ReadFile(proc(q.pid, "cmdline"))
	if err != nil {
		return err
	}
	if !w.asks(q) { // the memory would be another process's
		return errors.New("the process is gone")
	}
	if _, err := memory.WriteAt(append([]byte(name), 0), int64(c.at)); err != nil {
		return err
	}
	if len(w.renamed) >= maxRenamings {
		clear(w.renamed)
	}
	now := renamed{c.name, q.pid, string(cmdline)}
	w.renamed[renaming{process, c.at, name}], w.renamed[renaming{parent, c.at, name}] = now, now
	return nil
}

// original returns the call with the name that was replaced.
func (w *watcher) original(c call) call {
	if c.reads != executes || !strings.HasPrefix(c.name, "/dev/fd/") {
		return c
	}
	process, parent := group(c.pid)
	for _, p := range []uint32{process, parent} {
		if before, ok := w.renamed[renaming{p, c.at, c.name}]; ok {
			c.name = before.name
			break
		}
	}
	return c
}

// group returns the process of a thread and its parent, 0 where they are gone.
func group(thread uint32) (process, parent uint32) {
	status, _ := os.ReadFile(proc(thread, "status"))
	number := func(field string) uint32 {
		_, rest, _ := strings.Cut(string(status), "\n"+field+":\t")
		digits, _, _ := strings.Cut(rest, "\n")
		n, _ := strconv.ParseUint(digits, 10, 32)
		return uint32(n)
	}
	return number("Tgid"), number("PPid")
}

// Sibling is the program with SiblingArgument, executed by a watched process: it becomes what
// the file in memory says. args are the name of that file, and those of the script. It
// returns only an error.
func Sibling(args, env []string) error {
	if len(args) == 0 {
		return errors.New(SiblingArgument + " is for codexlock itself")
	}
	number, _ := strings.CutPrefix(args[0], "/dev/fd/")
	fd, err := strconv.Atoi(number)
	if err != nil {
		return fmt.Errorf("%s: %w", SiblingArgument, err)
	}
	file := os.NewFile(uintptr(fd), args[0])
	text, err := io.ReadAll(file)
	if err != nil {
		return fmt.Errorf("%s: %w", SiblingArgument, err)
	}
	_ = file.Close()
	_, rest, _ := strings.Cut(string(text), "\n")
	plan := strings.Split(rest, "\x00")
	argv, program := append(slices.Clone(plan), args[1:]...), plan[0]
	if program == "" {
		name := plan[len(plan)-1]
		verified, err := os.Open(name)
		if err != nil {
			return err
		}
		argv, program = argv[1:], fdPath(verified)
	}
	return execError(program, syscall.Exec(program, argv, env))
}
