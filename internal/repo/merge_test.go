package repo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/trees"
)

// listedSlowly is what a listing is by definition: what is in the index, what git lists
// as untracked, and what is included, each looked up.
func listedSlowly(t *testing.T, s sandbox, work *workTree) []string {
	t.Helper()
	names := strings.Split(s.Git("ls-files", "-z")+"\x00"+s.Git("ls-files", "-z", "--others", "--exclude-standard"), "\x00")
	if work.also != nil {
		for _, folder := range work.also.folders {
			if e, ok, err := work.lookup(t.Context(), folder); folder != "." && (err != nil || !ok || e.Kind != trees.Directory) {
				continue
			}
			err := filepath.WalkDir(s.Path(folder), func(full string, d fs.DirEntry, err error) error {
				name, _ := filepath.Rel(s.Dir, full)
				_, git := os.Lstat(filepath.Join(full, ".git"))
				repository := d.IsDir() && git == nil && name != folder
				switch {
				case err != nil:
					return err
				case name == ".git":
					return fs.SkipDir
				case (!d.IsDir() || repository) && work.also.keep(name):
					names = append(names, name)
				}
				if repository {
					return fs.SkipDir
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for i, name := range names {
		names[i] = strings.TrimSuffix(name, "/")
	}
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool {
		if name == "" {
			return true
		}
		_, ok, err := work.lookup(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		return !ok
	})
}

// unruly makes a work tree in which the disk, the index and what is ignored differ in
// every way.
func unruly(t *testing.T) sandbox {
	s := newSandbox(t)
	for _, name := range []string{
		"a.txt", "a/b.txt", "a/c/d.txt", "a-b/x", "a0/x", "gone/x", "removed.txt", "becomes-folder", "becomes-file/x", "becomes-link/x",
		"in/kept.txt", "in/deep/kept.txt", "in/removed.txt", "sparse/x.txt", "z.txt", "tracked-repository/x", "in/tracked-repository/x",
	} {
		s.Write(name, name)
	}
	s.Write(".gitignore", "*.ign\n/ignored/\n/in/ignored/\n")
	head := s.commit()
	s.Git("update-index", "--add", "--cacheinfo", "160000,"+string(head)+",sub")
	s.Git("update-index", "--add", "--cacheinfo", "160000,"+string(head)+",in/sub")
	s.Git("update-index", "--add", "--cacheinfo", "160000,"+string(head)+",in/empty-sub")
	s.Git("update-index", "--skip-worktree", "sparse/x.txt")
	for _, name := range []string{"gone", "removed.txt", "becomes-folder", "becomes-file", "becomes-link", "in/removed.txt", "sparse"} {
		os.RemoveAll(s.Path(name))
	}
	os.Symlink("a", s.Path("becomes-link"))
	os.Symlink("nowhere", s.Path("in/link"))
	os.Symlink("../a", s.Path("in/link-to-folder"))
	os.Mkdir(s.Path("in/empty"), 0o755)
	os.Mkdir(s.Path("in/empty-sub"), 0o755)
	for _, name := range []string{
		"becomes-folder/x", "becomes-file", "a/x.ign", "a/new.txt", "ignored/deep/x", "ignored/in/x", "in/x.ign", "in/ignored/kept.txt",
		"in/new.txt", "in/deep/other", "new/deep/x", "sub/x", "sub/.git", "in/sub/x", "in/sub/.git", "in/deep/.gitignore", "in/empty-sub/junk",
	} {
		s.Write(name, name)
	}
	for _, name := range []string{"nested", "in/nested", "in/deep/nested.other", "tracked-repository", "in/tracked-repository"} {
		s.Git("init", "-q", name)
		s.Write(name+"/inside.txt", "x")
	}
	for _, name := range []string{"fifo", "in/fifo"} {
		if err := syscall.Mkfifo(s.Path(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// TestListingFindsTheSame: the disk and the index are read side by side, and it makes
// no difference to what is listed.
func TestListingFindsTheSame(t *testing.T) {
	s := unruly(t)
	n := 0
	for name, folders := range map[string][]string{
		"as git lists it": nil, "a folder": {"in"}, "two of them": {"a/c", "in/deep"}, "one in another": {"in", "in/deep"}, "the root": {"."},
		"a link": {"becomes-link"}, "a repository": {"nested"}, "one in it": {"in", "in/nested"}, "below what is ignored": {"ignored/in"},
		"a file": {"a.txt"}, "none": {"none/below"}, "a submodule": {"sub", "in/sub"}, "a tracked one": {"tracked-repository"},
	} {
		for what, keep := range map[string]func(string) bool{
			"all": func(string) bool { return true }, "some": func(name string) bool { return !strings.HasSuffix(name, "other") && !strings.HasSuffix(name, ".git") },
		} {
			var tree trees.Tree = mustWorkTree(t, s.open())
			if folders != nil {
				tree = trees.Including(tree, folders, keep, nil)
			}
			want := listedSlowly(t, s, tree.(*workTree))
			names, err := tree.Names(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			equal(t, name+", "+what, names, want...)
			var paths []string
			for e, err := range tree.Entries(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				paths = append(paths, e.Path)
			}
			equal(t, name+", "+what+": entries", paths, want...)
			n += len(want)
		}
	}
	if n == 0 {
		t.Fatal("nothing was listed")
	}
}

// A tree with an inclusion belongs to one measurement; any other one is what is on the
// disk at the time of asking.
func TestListingIsKeptForOneMeasurement(t *testing.T) {
	s := newSandbox(t)
	s.Write("in/a", "a")
	s.commit()
	work := mustWorkTree(t, s.open())
	all := func(string) bool { return true }
	measured := trees.Including(work, []string{"in"}, all, nil)
	for _, step := range []struct{ add, work, measured, next string }{
		{"in/b", "in/a in/b", "in/a in/b", "in/a in/b"},
		{"in/c", "in/a in/b in/c", "in/a in/b", "in/a in/b in/c"},
	} {
		s.Write(step.add, "x")
		for want, tree := range map[string]trees.Tree{"work " + step.work: work, "measured " + step.measured: measured, "next " + step.next: trees.Including(work, []string{"in"}, all, nil)} {
			names, err := tree.Names(t.Context())
			_, want, _ := strings.Cut(want, " ")
			if err != nil || strings.Join(names, " ") != want {
				t.Errorf("after %s: %q, %v, want %q", step.add, names, err, want)
			}
		}
	}
}

// TestOpenings counts what is opened: each folder once for all names, each file once
// to be looked up and read, and nothing to find out that there is nothing untracked.
func TestOpenings(t *testing.T) {
	s := newSandbox(t)
	const folders, files = 10, 20
	var want []string
	for i := range folders {
		for j := range files {
			name := fmt.Sprintf("in/%02d/%02d", i, j)
			s.Write(name, name)
			want = append(want, name)
		}
	}
	s.commit()
	r := s.open()
	count := func(what string, most int64, do func()) {
		t.Helper()
		before := r.top.opened.Load()
		do()
		if got := r.top.opened.Load() - before; got > most {
			t.Errorf("%s opens %d times, want at most %d", what, got, most)
		}
	}
	tree := trees.Including(mustWorkTree(t, r), []string{"in"}, func(string) bool { return true }, nil)
	started := r.Runner().Processes()
	count("listing", folders+2, func() {
		names, err := tree.Names(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "names", names, want...)
	})
	count("listing again", 0, func() { _, _ = tree.Names(t.Context()) })
	if got := r.Runner().Processes() - started; got != 1 {
		t.Errorf("listing starts git %d times, want once, for the index", got)
	}
	count("reading", int64(len(want)), func() {
		for _, name := range want {
			f, ok, err := tree.Open(t.Context(), artifact.Path(name))
			if err != nil || !ok {
				t.Fatal(ok, err)
			}
			if data, err := f.Read(t.Context(), 100); err != nil || string(data) != name {
				t.Fatalf("%q, %v", data, err)
			}
			f.Close()
		}
	})
	count("comparing what does not matter", 1, func() {
		deltas(t, r, r.EmptyTree(), tree, func(name string) bool { return name == want[0] })
	})
	if n := testing.AllocsPerRun(100, func() {
		f, _, _ := tree.Open(t.Context(), artifact.Path(want[0]))
		_, _ = f.Read(t.Context(), 100)
		f.Close()
	}); n > 15 {
		t.Errorf("looking a file up and reading it makes %v allocations, want at most 15", n)
	}
}

// What was opened is what Lookup finds, whatever it is.
func TestOpenFindsWhatLookupFinds(t *testing.T) {
	s := unruly(t)
	n := 0
	for side, tree := range map[string]trees.Tree{"work tree": mustWorkTree(t, s.open()), "commit": mustTree(t, s.open(), git.Commit(s.Git("rev-parse", "HEAD")))} {
		for _, name := range []artifact.Path{"a.txt", "a", "a/c/d.txt", "none", "a.txt/x", "none/x", "becomes-link", "becomes-link/x", "in/link", "fifo",
			"sub", "nested", "sparse/x.txt", "sparse", "in/empty"} {
			e, ok, err := tree.Lookup(t.Context(), name)
			f, found, openErr := tree.Open(t.Context(), name)
			if err != nil || openErr != nil || ok != found || f.Entry != e {
				t.Errorf("%s: Open(%q) = %+v, %v, %v, want %+v, %v, %v", side, name, f, found, openErr, e, ok, err)
				continue
			}
			data, err := f.Read(t.Context(), 1000)
			want, readErr := tree.Read(t.Context(), e, 1000)
			if ok && (string(data) != string(want) || fmt.Sprint(err) != fmt.Sprint(readErr)) {
				t.Errorf("%s: Read of %q = %q, %v, want %q, %v", side, name, data, err, want, readErr)
			}
			f.Close()
			n++
		}
	}
	if n < 20 {
		t.Fatalf("%d names were compared", n)
	}
}

func TestOpenedFileThatChanges(t *testing.T) {
	s := newSandbox(t)
	for name, size := range map[string]int64{"grows": 11, "grows much": 5 << 20, "shrinks": 3, "is emptied": 0} {
		for how, read := range map[string]func(*trees.Handle) error{
			"Read": func(f *trees.Handle) error { _, err := f.Read(t.Context(), 100); return err },
			"Hash": func(f *trees.Handle) error { _, _, _, err := f.Hash(t.Context(), nil); return err },
		} {
			s.Write("a", "0123456789")
			f, _, err := mustWorkTree(t, s.open()).Open(t.Context(), "a")
			if err != nil {
				t.Fatal(err)
			}
			os.Truncate(s.Path("a"), size)
			if err := read(f); err == nil || !strings.Contains(err.Error(), "changed while it was read") {
				t.Errorf("%s of a file that %s: %v, want an error", how, name, err)
			}
		}
	}
	s.Write("a", "0123456789")
	f, _, _ := mustWorkTree(t, s.open()).Open(t.Context(), "a")
	var large *git.TooLargeError
	if _, err := f.Read(t.Context(), 9); !errors.As(err, &large) || large.Size != 10 {
		t.Errorf("Read over its limit: %v, want a *TooLargeError", err)
	}
	if data, err := f.Read(t.Context(), 10); err != nil || string(data) != "0123456789" {
		t.Errorf("Read once more = %q, %v, want the bytes", data, err)
	}
}

// A work tree is not opened any more after the repository was closed.
func TestClosedWorkTree(t *testing.T) {
	s := newSandbox(t)
	s.Write("a", "a")
	for _, used := range []bool{false, true} {
		r := s.open()
		work := mustWorkTree(t, r)
		if used {
			lookup(t, work, "a")
		}
		r.Close()
		if _, _, err := work.Open(t.Context(), "a"); err == nil {
			t.Errorf("Open after Close, used before: %v: no error", used)
		}
	}
}
