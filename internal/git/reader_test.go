package git

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// blob commits all files and returns the id of one of them.
func (s sandbox) blob(name string) string {
	s.T.Helper()
	s.commit()
	return s.Git("rev-parse", "HEAD:"+name)
}

func readBlob(r *Repository, oid string) error {
	_, err := r.objects.Read(context.Background(), Request{OID: oid, Kind: "blob", Path: "a.txt", Limit: 1 << 30})
	return err
}

// A process that dies is the end of reading, not a reason to start another.
func TestKilledReader(t *testing.T) {
	s := newSandbox(t)
	s.Write("a.txt", "a")
	oid := s.blob("a.txt")
	r := s.open()
	if err := readBlob(r, oid); err != nil {
		t.Fatal(err)
	}
	started := r.git.started.Load()
	for _, p := range r.objects.idle {
		p.kill()
		p.cmd.Process.Wait()
	}
	for range 3 {
		var failed *GitError
		if err := readBlob(r, oid); !errors.As(err, &failed) || failed.Command != "cat-file" {
			t.Errorf("a read: %v, want a *GitError of cat-file", err)
		}
	}
	if n := r.git.started.Load(); n != started {
		t.Errorf("%d processes were started after one died, want none", n-started)
	}
}

func TestClosedRepository(t *testing.T) {
	s := newSandbox(t)
	s.Write("a.txt", "a")
	oid := s.blob("a.txt")
	r := s.open()
	if err := readBlob(r, oid); err != nil {
		t.Fatal(err)
	}
	process := r.objects.idle[0]
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if process.cmd.ProcessState == nil {
		t.Error("Close left a process behind")
	}
	if err := readBlob(r, oid); !errors.Is(err, errClosed) {
		t.Errorf("a read after Close: %v, want errClosed", err)
	}
	if err := r.Close(); err != nil {
		t.Errorf("the second Close: %v", err)
	}
}

func TestCancelledRead(t *testing.T) {
	s := newSandbox(t)
	s.Write("a.txt", strings.Repeat("x", 1<<20))
	oid := s.blob("a.txt")
	r := s.open()
	if err := readBlob(r, oid); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := r.objects.Stream(ctx, Request{OID: oid, Kind: "blob", Path: "a.txt", Limit: 1 << 30}, func(_ int64, r io.Reader) error {
		cancel()
		time.Sleep(50 * time.Millisecond)
		_, err := io.Copy(io.Discard, r)
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled read: %v, want context.Canceled", err)
	}
	if err := readBlob(r, oid); err != nil {
		t.Errorf("the read after it: %v", err)
	}
}

// Who reads slowly makes git wait; that is not git's silence for ever, and no error.
func TestSlowReader(t *testing.T) {
	s := newSandbox(t)
	s.Write("a.txt", strings.Repeat("x", 1<<20))
	oid := s.blob("a.txt")
	r := s.open()
	if err := readBlob(r, oid); err != nil {
		t.Fatal(err)
	}
	q := Request{OID: oid, Kind: "blob", Path: "a.txt", Limit: 1 << 30}
	for range 2 {
		err := r.objects.Stream(t.Context(), q, func(_ int64, r io.Reader) error {
			time.Sleep(patience + patience/5)
			_, err := io.Copy(io.Discard, r)
			return err
		})
		if err != nil {
			t.Errorf("a slow read: %v", err)
		}
		if err := readBlob(r, oid); err != nil {
			t.Errorf("the read after it: %v", err)
		}
	}
}

// A process that dies while many objects are read ends that, with the file's name.
func TestReadEachEndsWithItsProcess(t *testing.T) {
	s := newSandbox(t)
	s.Write("a.txt", "a")
	q := Request{OID: s.blob("a.txt"), Kind: "blob", Path: "a.txt", Limit: 10}
	r := s.open()
	use := func(_ int, data []byte, err error) {
		if err != nil || string(data) != "a" {
			t.Errorf("got %q, %v", data, err)
		}
	}
	if err := r.objects.ReadEach(t.Context(), []Request{q, q}, use); err != nil {
		t.Fatal(err)
	}
	for _, p := range r.objects.idle {
		p.kill()
		p.cmd.Process.Wait()
	}
	var failed *GitError
	if err := r.objects.ReadEach(t.Context(), []Request{q}, use); !errors.As(err, &failed) || !strings.Contains(err.Error(), "a.txt") {
		t.Errorf("with a dead process: %v, want a *GitError that names the file", err)
	}
}
