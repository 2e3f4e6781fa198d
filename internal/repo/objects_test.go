package repo

import (
	"bytes"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
)

// loose is where git keeps an object that is in no pack.
func (s sandbox) loose(oid string) string { return s.path(".git/objects/" + oid[:2] + "/" + oid[2:]) }

// forge puts other bytes in the place of an object.
func (s sandbox) forge(oid string, data []byte) {
	s.t.Helper()
	os.Remove(s.loose(oid))
	if err := os.WriteFile(s.loose(oid), data, 0o644); err != nil {
		s.t.Fatal(err)
	}
}

func deflated(text string) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	io.WriteString(w, text)
	w.Close()
	return b.Bytes()
}

func hashOf(t testing.TB, tree Tree, p artifact.Path) error {
	t.Helper()
	_, _, _, err := tree.Hash(t.Context(), lookup(t, tree, p), nil)
	return err
}

// What git serves without a word is still not believed.
func TestCorruptObjects(t *testing.T) {
	for name, bad := range map[string][]byte{
		"other bytes":  deflated("blob 5\x00wrong"),
		"cut short":    deflated("blob 5\x00right")[:9],
		"short":        deflated("blob 5\x00rig"),
		"long":         deflated("blob 5\x00righteous"),
		"another type": deflated("tree 0\x00"),
		"garbage":      []byte("garbage"),
		"empty":        {},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t)
			s.write("a.txt", "right")
			head := s.commit()
			oid := s.git("rev-parse", "HEAD:a.txt")
			r := s.open()
			tree := mustTree(t, r, head)
			if err := hashOf(t, tree, "a.txt"); err != nil {
				t.Fatal(err)
			}
			s.forge(oid, bad)
			r = s.open()
			tree = mustTree(t, r, head)
			for range 2 {
				err := hashOf(t, tree, "a.txt")
				var corrupt *CorruptObjectError
				var missing *MissingObjectError
				if !errors.As(err, &corrupt) && !errors.As(err, &missing) || !strings.Contains(err.Error(), oid) {
					t.Errorf("Hash: %v, want an error that names object %s", err, oid)
				}
				if _, err := tree.Read(t.Context(), lookup(t, tree, "a.txt"), 100); err == nil {
					t.Error("Read of a corrupt object has no error")
				}
			}
		})
	}
	// Nor a forged tree or commit.
	s := newSandbox(t)
	s.write("a.txt", "right")
	head := s.commit()
	root := s.git("rev-parse", "HEAD^{tree}")
	s.forge(root, deflated("tree 0\x00"))
	var corrupt *CorruptObjectError
	if _, err := s.open().Tree(t.Context(), head); !errors.As(err, &corrupt) {
		t.Errorf("a forged tree: %v, want a *CorruptObjectError", err)
	}
	text := "tree " + s.object("tree", "") + "\n\nforged\n"
	s.forge(string(head), deflated(fmt.Sprintf("commit %d\x00%s", len(text), text)))
	if _, err := s.open().Tree(t.Context(), head); !errors.As(err, &corrupt) {
		t.Errorf("a forged commit: %v, want a *CorruptObjectError", err)
	}
}

func TestMissingObject(t *testing.T) {
	s := newSandbox(t)
	s.write("a.txt", "a")
	s.write("b.txt", "b")
	head := s.commit()
	oid := s.git("rev-parse", "HEAD:a.txt")
	os.Remove(s.loose(oid))
	r := s.open()
	tree := mustTree(t, r, head)
	err := hashOf(t, tree, "a.txt")
	var missing *MissingObjectError
	if !errors.As(err, &missing) || missing.OID != oid || missing.Path != "a.txt" || !strings.Contains(err.Error(), "fetch-depth") {
		t.Errorf("Hash: %v, want a *MissingObjectError that names object %s and fetch-depth", err, oid)
	}
	if err := hashOf(t, tree, "b.txt"); err != nil {
		t.Errorf("after a missing object: %v, want the next one read", err)
	}
}

func TestTruncatedPack(t *testing.T) {
	s := newSandbox(t)
	for i := range 20 {
		s.write(fmt.Sprintf("f%02d", i), strings.Repeat(fmt.Sprint("line ", i*i*i, "\n"), 500*(i+1)))
	}
	head := s.commit()
	s.git("repack", "-q", "-a", "-d")
	packs, err := filepath.Glob(s.path(".git/objects/pack/*.pack"))
	if err != nil || len(packs) != 1 {
		t.Fatalf("%d packs, %v", len(packs), err)
	}
	os.Chmod(packs[0], 0o644)
	info, _ := os.Stat(packs[0])
	if err := os.Truncate(packs[0], info.Size()/3); err != nil {
		t.Fatal(err)
	}
	r := s.open()
	tree, err := r.Tree(t.Context(), head)
	for i := 0; err == nil && i < 20; i++ {
		err = hashOf(t, tree, artifact.Path(fmt.Sprintf("f%02d", i)))
	}
	if err == nil {
		t.Error("a truncated pack was read to its end")
	}
}

// A process that dies is the end of reading, not a reason to start another.
func TestKilledReader(t *testing.T) {
	s := newSandbox(t)
	s.write("a.txt", "a")
	head := s.commit()
	r := s.open()
	tree := mustTree(t, r, head)
	started := r.git.started.Load()
	for _, p := range r.objects.idle {
		p.kill()
		p.cmd.Process.Wait()
	}
	for range 3 {
		var failed *GitError
		if err := hashOf(t, tree, "a.txt"); !errors.As(err, &failed) || failed.Command != "cat-file" {
			t.Errorf("Hash: %v, want a *GitError of cat-file", err)
		}
	}
	if n := r.git.started.Load(); n != started {
		t.Errorf("%d processes were started after one died, want none", n-started)
	}
}

func TestClosedRepository(t *testing.T) {
	s := newSandbox(t)
	s.write("a.txt", "a")
	head := s.commit()
	r := s.open()
	tree := mustTree(t, r, head)
	process := r.objects.idle[0]
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if process.cmd.ProcessState == nil {
		t.Error("Close left a process behind")
	}
	if err := hashOf(t, tree, "a.txt"); !errors.Is(err, errClosed) {
		t.Errorf("Hash after Close: %v, want errClosed", err)
	}
	if err := r.Close(); err != nil {
		t.Errorf("the second Close: %v", err)
	}
}

func TestReadLimit(t *testing.T) {
	s := newSandbox(t)
	s.write("small", "123456")
	s.write("large", strings.Repeat("x", maxDrain*3))
	head := s.commit()
	r := s.open()
	tree := mustTree(t, r, head)
	for p, size := range map[artifact.Path]int64{"small": 6, "large": maxDrain * 3} {
		for range 3 {
			var large *TooLargeError
			data, err := tree.Read(t.Context(), lookup(t, tree, p), size-1)
			if !errors.As(err, &large) || large.Path != string(p) || large.Size != size || large.Limit != size-1 || data != nil {
				t.Errorf("Read(%q) over its limit: %v, want a *TooLargeError with both numbers", p, err)
			}
			if data, err := tree.Read(t.Context(), lookup(t, tree, p), size); err != nil || int64(len(data)) != size {
				t.Errorf("Read(%q) at its limit: %d bytes, %v", p, len(data), err)
			}
		}
	}
}

func TestCancelledRead(t *testing.T) {
	s := newSandbox(t)
	s.write("a.txt", strings.Repeat("x", 1<<20))
	head := s.commit()
	r := s.open()
	tree := mustTree(t, r, head)
	e := lookup(t, tree, "a.txt")
	ctx, cancel := context.WithCancel(t.Context())
	err := r.objects.stream(ctx, request{oid: e.OID, kind: "blob", path: e.Path, limit: 1 << 30}, func(_ int64, r io.Reader) error {
		cancel()
		time.Sleep(50 * time.Millisecond)
		_, err := io.Copy(io.Discard, r)
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled read: %v, want context.Canceled", err)
	}
	if err := hashOf(t, tree, "a.txt"); err != nil {
		t.Errorf("the read after it: %v", err)
	}
}

// Who reads slowly makes git wait; that is not git's silence for ever, and no error.
func TestSlowReader(t *testing.T) {
	s := newSandbox(t)
	s.write("a.txt", strings.Repeat("x", 1<<20))
	head := s.commit()
	r := s.open()
	tree := mustTree(t, r, head)
	e := lookup(t, tree, "a.txt")
	q := request{oid: e.OID, kind: "blob", path: e.Path, limit: 1 << 30}
	for range 2 {
		err := r.objects.stream(t.Context(), q, func(_ int64, r io.Reader) error {
			time.Sleep(patience + patience/5)
			_, err := io.Copy(io.Discard, r)
			return err
		})
		if err != nil {
			t.Errorf("a slow read: %v", err)
		}
		if err := hashOf(t, tree, "a.txt"); err != nil {
			t.Errorf("the read after it: %v", err)
		}
	}
}

// Many readers at once share few processes.
func TestConcurrentReadersAndProcesses(t *testing.T) {
	s := newSandbox(t)
	s.write("a/0", "base")
	base := s.commit()
	const artifacts = 500
	for i := range artifacts {
		s.write(fmt.Sprintf("a/%d", i), fmt.Sprintf("artifact %d", i))
		s.write(fmt.Sprintf("a/%d.test", i), "test")
	}
	head := s.commit()
	r := s.open()
	c, err := r.Commit(t.Context(), "HEAD")
	if err != nil || c != head {
		t.Fatal(c, err)
	}
	from, to, work := mustTree(t, r, base), mustTree(t, r, head), mustWorkTree(t, r)
	changed := deltas(t, r, from, to, nil)
	if len(changed) != 2*artifacts {
		t.Fatalf("%d changes, want %d", len(changed), 2*artifacts)
	}
	var wg sync.WaitGroup
	for i, d := range changed {
		wg.Go(func() {
			tree := to
			if i%4 == 0 {
				tree = work
			}
			data, err := tree.Read(t.Context(), lookup(t, tree, artifact.Path(d.Path)), 100)
			if err != nil {
				t.Error(err)
				return
			}
			got, _, _, err := tree.Hash(t.Context(), lookup(t, tree, artifact.Path(d.Path)), nil)
			if err != nil || got != artifact.HashBytes(data) {
				t.Errorf("Hash(%q) = %v, %v, want that of %q", d.Path, got, err, data)
			}
			if !strings.HasSuffix(d.Path, ".test") && string(data) != "artifact "+strings.TrimPrefix(d.Path, "a/") {
				t.Errorf("Read(%q) = %q", d.Path, data)
			}
		})
	}
	wg.Wait()
	// git version, rev-parse twice, and the readers.
	if n := r.git.started.Load(); n > 3+maxReaders {
		t.Errorf("%d git processes for %d artifacts, want at most %d", n, artifacts, 3+maxReaders)
	}
}
