// Package txntest is for tests of what changes a work tree: a scratch work tree, and a
// harness that kills a program before every one of its steps.
package txntest

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/txn"
)

// A Place is a work tree with a Git directory.
type Place struct {
	T         testing.TB
	Root, Git string
}

// New makes a place with files, by their paths.
func New(t testing.TB, files map[string]string) Place {
	t.Helper()
	p := Place{t, MemoryDir(t), ""}
	p.Git = p.Root + "/.git"
	if err := os.Mkdir(p.Git, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		p.Write(name, text)
	}
	return p
}

// MemoryDir returns a temporary folder in memory, where there is such: a test that
// breaks a writer hundreds of times need not wait for a disk as often.
func MemoryDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "codexlock-test")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// Write writes a file, and makes the folders above it.
func (p Place) Write(name, text string) {
	p.T.Helper()
	full := filepath.Join(p.Root, name)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		p.T.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
		p.T.Fatal(err)
	}
}

// Read reads a file.
func (p Place) Read(name string) []byte {
	p.T.Helper()
	data, err := os.ReadFile(filepath.Join(p.Root, name))
	if err != nil {
		p.T.Fatal(err)
	}
	return data
}

// State returns every file, folder and mode of the tree but the Git directory's lock.
func (p Place) State() map[string]string {
	p.T.Helper()
	state := map[string]string{}
	err := filepath.WalkDir(p.Root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(p.Root, name)
		if rel == ".git/codexlock" || rel == ".git/codexlock/lock" || rel == "." {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		text := info.Mode().String()
		switch {
		case info.Mode().IsRegular():
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			text += " " + artifact.HashBytes(data).String()
		case info.Mode()&fs.ModeSymlink != 0:
			to, _ := os.Readlink(name)
			text += " " + to
		}
		state[rel] = text
		return nil
	})
	if err != nil {
		p.T.Fatal(err)
	}
	return state
}

// Difference tells what differs between two states, "" for nothing.
func Difference(got, want map[string]string) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if got[name] != want[name] {
			out = append(out, fmt.Sprintf("%s is %.40s, want %.40s", name, got[name], want[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if _, ok := got[name]; !ok {
			out = append(out, name+" is gone")
		}
	}
	return strings.Join(out, "\n")
}

// OnStep counts the steps that change a file system, and does something before the n-th.
func OnStep(t testing.TB, n int, do func(op, name string) error) (count *int) {
	count = new(int)
	txn.Hooks.Step = func(op, name string) error {
		*count++
		if *count == n {
			return do(op, name)
		}
		return nil
	}
	t.Cleanup(Calm)
	return count
}

// Calm has steps go on undisturbed.
func Calm() { txn.Hooks.Step = func(op, name string) error { return nil } }

// Kill kills this process, as a power cut does.
func Kill(string, string) error { return syscall.Kill(os.Getpid(), syscall.SIGKILL) }

// The child of KilledAnywhere is the same test binary with these flags.
var (
	killAt   = flag.Int("kill-at", 0, "in TestKillHelper, the step to be killed before")
	killRoot = flag.String("kill-root", "", "in TestKillHelper, the work tree")
	killWhat = flag.String("kill-what", "", "in TestKillHelper, what to do")
)

// KillHelper is what the test TestKillHelper of a package calls, which is no test: Run starts
// it in another process. do makes the change that is called what.
func KillHelper(t *testing.T, do func(p Place, what string) error) {
	if *killRoot == "" {
		t.Skip("run by other tests")
	}
	OnStep(t, *killAt, Kill)
	if err := do(Place{t, *killRoot, *killRoot + "/.git"}, *killWhat); err != nil {
		t.Fatal(err)
	}
}

// Run starts TestKillHelper in another process, which is killed before a step; 0: it is not.
func (p Place) Run(what string, at int) (killed bool) {
	p.T.Helper()
	out, err := exec.Command(os.Args[0], "-test.run=^TestKillHelper$", "-test.count=1",
		fmt.Sprintf("-kill-at=%d", at), "-kill-root="+p.Root, "-kill-what="+what).CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL {
		return true
	}
	if err != nil {
		p.T.Fatalf("%s, killed at %d: %v\n%s", what, at, err, out)
	}
	return false
}

// KilledAnywhere kills a writer before every step that changes the file system. Recover
// then has to leave the old tree or the new one, to the byte. place makes a work tree, and
// TestKillHelper changes it.
func KilledAnywhere(t *testing.T, what string, place func(testing.TB) Place) {
	p := place(t)
	before := p.State()
	if p.Run(what, 0) {
		t.Fatal("killed without being asked to")
	}
	after := p.State()
	if Difference(before, after) == "" {
		t.Fatal("the writer changes nothing")
	}
	old, new, n := 0, 0, 1
	for ; ; n++ {
		p := place(t)
		if !p.Run(what, n) {
			break
		}
		pending := txn.Pending(p.Git)
		done, err := txn.Recover(p.Root, p.Git)
		if err != nil {
			t.Fatalf("killed at %d: %v", n, err)
		}
		got := p.State()
		switch {
		case Difference(got, before) == "":
			old++
			if pending || done != 0 {
				t.Errorf("killed at %d: pending %v, %d files recovered, the old tree", n, pending, done)
			}
		case Difference(got, after) == "":
			new++
		default:
			t.Errorf("killed at %d: neither old nor new.\nAgainst old:\n%s\nAgainst new:\n%s", n, Difference(got, before), Difference(got, after))
		}
		if again, err := txn.Recover(p.Root, p.Git); again != 0 || err != nil || txn.Pending(p.Git) {
			t.Errorf("killed at %d: a second recovery did %d files, %v", n, again, err)
		}
	}
	if old < 10 || new < 5 {
		t.Errorf("%d steps, %d old and %d new: too few to mean anything", n, old, new)
	}
}
