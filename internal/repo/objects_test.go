package repo

import (
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/git/gittest"
	"github.com/codexlock/codexlock/internal/trees"

	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
)

func hashOf(t testing.TB, tree trees.Tree, p artifact.Path) error {
	t.Helper()
	_, _, _, err := tree.Hash(t.Context(), lookup(t, tree, p), nil)
	return err
}

// What git serves without a word is still not believed.
func TestCorruptObjects(t *testing.T) {
	for name, bad := range map[string][]byte{
		"other bytes":  gittest.Deflate("blob 5\x00wrong"),
		"cut short":    gittest.Deflate("blob 5\x00right")[:9],
		"short":        gittest.Deflate("blob 5\x00rig"),
		"long":         gittest.Deflate("blob 5\x00righteous"),
		"another type": gittest.Deflate("tree 0\x00"),
		"garbage":      []byte("garbage"),
		"empty":        {},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t)
			s.Write("a.txt", "right")
			head := s.commit()
			oid := s.Git("rev-parse", "HEAD:a.txt")
			r := s.open()
			tree := mustTree(t, r, head)
			if err := hashOf(t, tree, "a.txt"); err != nil {
				t.Fatal(err)
			}
			s.Forge(oid, bad)
			r = s.open()
			tree = mustTree(t, r, head)
			for range 2 {
				err := hashOf(t, tree, "a.txt")
				var corrupt *git.CorruptObjectError
				var missing *git.MissingObjectError
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
	s.Write("a.txt", "right")
	head := s.commit()
	root := s.Git("rev-parse", "HEAD^{tree}")
	s.Forge(root, gittest.Deflate("tree 0\x00"))
	var corrupt *git.CorruptObjectError
	if _, err := s.open().Tree(t.Context(), head); !errors.As(err, &corrupt) {
		t.Errorf("a forged tree: %v, want a *CorruptObjectError", err)
	}
	text := "tree " + s.Object("tree", "") + "\n\nforged\n"
	s.Forge(string(head), gittest.Deflate(fmt.Sprintf("commit %d\x00%s", len(text), text)))
	if _, err := s.open().Tree(t.Context(), head); !errors.As(err, &corrupt) {
		t.Errorf("a forged commit: %v, want a *CorruptObjectError", err)
	}
}

func TestMissingObject(t *testing.T) {
	s := newSandbox(t)
	s.Write("a.txt", "a")
	s.Write("b.txt", "b")
	head := s.commit()
	oid := s.Git("rev-parse", "HEAD:a.txt")
	os.Remove(s.Loose(oid))
	r := s.open()
	tree := mustTree(t, r, head)
	err := hashOf(t, tree, "a.txt")
	var missing *git.MissingObjectError
	if !errors.As(err, &missing) || missing.OID != oid || missing.Path != "a.txt" || !strings.Contains(missing.HintOn("GitHub Actions"), "fetch-depth") {
		t.Errorf("Hash: %v, want a *MissingObjectError that names object %s and has a hint", err, oid)
	}
	if err := hashOf(t, tree, "b.txt"); err != nil {
		t.Errorf("after a missing object: %v, want the next one read", err)
	}
}

func TestTruncatedPack(t *testing.T) {
	s := newSandbox(t)
	for i := range 20 {
		s.Write(fmt.Sprintf("f%02d", i), strings.Repeat(fmt.Sprint("line ", i*i*i, "\n"), 500*(i+1)))
	}
	head := s.commit()
	s.Git("repack", "-q", "-a", "-d")
	packs, err := filepath.Glob(s.Path(".git/objects/pack/*.pack"))
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

func TestReadLimit(t *testing.T) {
	s := newSandbox(t)
	s.Write("small", "123456")
	s.Write("large", strings.Repeat("x", 3<<20))
	head := s.commit()
	r := s.open()
	tree := mustTree(t, r, head)
	for p, size := range map[artifact.Path]int64{"small": 6, "large": 3 << 20} {
		for range 3 {
			var large *git.TooLargeError
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

// Many readers at once share few processes.
func TestConcurrentReadersAndProcesses(t *testing.T) {
	s := newSandbox(t)
	s.Write("a/0", "base")
	base := s.commit()
	const artifacts = 500
	for i := range artifacts {
		s.Write(fmt.Sprintf("a/%d", i), fmt.Sprintf("artifact %d", i))
		s.Write(fmt.Sprintf("a/%d.test", i), "test")
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
	if n := r.Runner().Processes(); n > 3+8 {
		t.Errorf("%d git processes for %d artifacts, want at most %d", n, artifacts, 3+8)
	}
}
