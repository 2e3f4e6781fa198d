package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// self is this program, even if its file was replaced meanwhile.
const self = "/proc/self/exe"

// Run writes a job's files to a temporary folder and runs its script there, twice. An error
// means that the script could not be run; it says nothing about the script.
func Run(ctx context.Context, job Job) (Result, error) {
	closeMemory()
	dir, err := os.MkdirTemp(tempRoot(), "codexlock-sandbox-")
	if err != nil {
		return Result{}, fmt.Errorf("make a sandbox: %w", err)
	}
	defer remove(dir)
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return Result{}, fmt.Errorf("make a sandbox: %w", err)
	}
	s := spec{Tree: filepath.Join(dir, "tree"), Home: filepath.Join(dir, "home"), Script: job.Script, Wall: job.Wall}
	s.Env = environment(s.Home, job.Env)
	if s.Wall <= 0 {
		s.Wall = Wall
	}
	if err := s.materialise(dir, job.Files); err != nil {
		return Result{}, fmt.Errorf("make a sandbox: %w", err)
	}
	return s.supervised(ctx)
}

// tempRoot returns a folder for temporary files that another user can pass through, because
// root runs a script as another user.
func tempRoot() string {
	dirs := []string{os.TempDir(), "/tmp", "/var/tmp"}
	if os.Geteuid() != 0 {
		return dirs[0]
	}
	for _, dir := range dirs {
		if passable(dir) {
			return dir
		}
	}
	return dirs[0]
}

// passable reports whether every user can pass through a folder.
func passable(dir string) bool {
	dir, err := filepath.EvalSymlinks(dir)
	for err == nil {
		var info fs.FileInfo
		if info, err = os.Stat(dir); err != nil || info.Mode()&0o001 == 0 {
			return false
		}
		if dir == filepath.Dir(dir) {
			return filepath.IsAbs(dir)
		}
		dir = filepath.Dir(dir)
	}
	return false
}

// closeMemory prevents every process from reading this process's memory and environment,
// with the keys, through /proc.
var closeMemory = sync.OnceFunc(func() { _ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) })

// materialise writes the files, read-only for everybody.
func (s spec) materialise(dir string, files []File) error {
	if err := os.Chmod(dir, 0o711); err != nil { // the script's user must pass through
		return err
	}
	for _, folder := range []string{s.Tree, s.Home} {
		if err := os.Mkdir(folder, 0o700); err != nil {
			return err
		}
	}
	for _, f := range files {
		if !filepath.IsLocal(f.Path) {
			return fmt.Errorf("%q is not inside the tree", f.Path)
		}
		name := filepath.Join(s.Tree, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return err
		}
		if err := write(name, f); err != nil {
			return err
		}
	}
	return filepath.WalkDir(s.Tree, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			err = os.Chmod(name, 0o555)
		}
		return err
	})
}

func write(name string, f File) error {
	mode := fs.FileMode(0o444)
	if f.Executable {
		mode = 0o555
	}
	out, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = f.Fill(out)
	return errors.Join(err, out.Chmod(mode), out.Close())
}

// remove removes the folder, whatever modes the script set.
func remove(dir string) {
	_ = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() && d.Type()&fs.ModeSymlink == 0 {
			_ = os.Chmod(name, 0o700)
		}
		return nil // a folder that cannot be entered now is entered after chmod
	})
	_ = os.RemoveAll(dir)
}

// supervised starts the supervisor with an empty environment. The supervisor ends everything
// when its standard input closes, also when this process is killed.
func (s spec) supervised(ctx context.Context) (Result, error) {
	cmd := exec.Command(self)
	cmd.Args = []string{"codexlock", superviseArg, s.encode()}
	cmd.Env, cmd.Dir = []string{}, "/"
	lifeline, err := cmd.StdinPipe()
	if err != nil {
		return Result{}, err
	}
	var out, complaint bounded
	cmd.Stdout, cmd.Stderr = &out, &complaint
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return Result{}, fmt.Errorf("start the sandbox: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { lifeline.Close() })
	// Two runs, and the time to end their processes.
	late := time.AfterFunc(2*s.Wall+2*patience+5*time.Second, func() { _ = cmd.Process.Kill() })
	err = cmd.Wait()
	stop()
	late.Stop()
	if ctx.Err() != nil {
		return Result{}, ctx.Err()
	}
	if err != nil {
		return Result{}, fmt.Errorf("the sandbox ended: %w: %s", err, bytes.TrimSpace(complaint.buf.Bytes()))
	}
	var result Result
	if err := json.Unmarshal(out.buf.Bytes(), &result); err != nil || result.State == "" {
		return Result{}, fmt.Errorf("the sandbox says nothing that can be read: %w", cmpError(err))
	}
	return result, nil
}

func cmpError(err error) error {
	if err == nil {
		return io.ErrUnexpectedEOF
	}
	return err
}

// bounded is a writer that keeps only the first bytes of the child's output.
type bounded struct{ buf bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	if left := 64<<10 - b.buf.Len(); left > 0 {
		b.buf.Write(p[:min(left, len(p))])
	}
	return len(p), nil
}
