package outfile_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/codexlock/codexlock/internal/outfile"
)

// fill writes a text.
func fill(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

// place makes a repository with a folder in it, and a folder next to it.
func place(t *testing.T) (root, outside string) {
	t.Helper()
	top := t.TempDir()
	root, outside = filepath.Join(top, "repo"), filepath.Join(top, "elsewhere")
	for _, dir := range []string{filepath.Join(root, "sub"), outside} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	put(t, filepath.Join(outside, "victim"), "precious")
	return root, outside
}

func put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, target, name string) {
	t.Helper()
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
}

func holds(t *testing.T, name, want string) {
	t.Helper()
	got, err := os.ReadFile(name)
	if err != nil || string(got) != want {
		t.Errorf("%s holds %q, %v, want %q", name, got, err, want)
	}
}

// nothingLeft checks that no temporary file is left in a folder.
func nothingLeft(t *testing.T, dir string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(dir, ".codexlock-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("temporary files are left: %v, %v", left, err)
	}
}

func TestLinksOfTheRepositoryAreNotFollowed(t *testing.T) {
	for name, make := range map[string]func(t *testing.T, root, outside string) string{
		"the file itself": func(t *testing.T, root, outside string) string {
			link(t, filepath.Join(outside, "victim"), filepath.Join(root, "victim"))
			return filepath.Join(root, "victim")
		},
		"a folder above it": func(t *testing.T, root, outside string) string {
			link(t, outside, filepath.Join(root, "out"))
			return filepath.Join(root, "out", "victim")
		},
		"two folders above it": func(t *testing.T, root, outside string) string {
			link(t, "../..", filepath.Join(root, "sub", "up"))
			return filepath.Join(root, "sub", "up", "elsewhere", "victim")
		},
		"within the repository": func(t *testing.T, root, _ string) string {
			link(t, "sub", filepath.Join(root, "same"))
			return filepath.Join(root, "same", "victim")
		},
		"from outside into the repository and out of it again": func(t *testing.T, root, outside string) string {
			link(t, filepath.Join(root, "sub"), filepath.Join(outside, "in"))
			link(t, outside, filepath.Join(root, "sub", "out"))
			return filepath.Join(outside, "in", "out", "victim")
		},
		"a link to nothing": func(t *testing.T, root, outside string) string {
			link(t, filepath.Join(outside, "new"), filepath.Join(root, "new"))
			return filepath.Join(root, "new")
		},
	} {
		t.Run(name, func(t *testing.T) {
			root, outside := place(t)
			file := make(t, root, outside)
			for _, confined := range []bool{false, true} {
				err := outfile.Folder{Root: root, Confined: confined, Make: true}.Write(file, fill("report"))
				var refused *outfile.LinkError
				if !errors.As(err, &refused) || refused.Hint() == "" {
					t.Errorf("confined %v: %v, want a *LinkError", confined, err)
				}
			}
			holds(t, filepath.Join(outside, "victim"), "precious")
			if _, err := os.Lstat(filepath.Join(outside, "new")); err == nil {
				t.Error("a file was made outside")
			}
			nothingLeft(t, root)
			nothingLeft(t, outside)
		})
	}
}

func TestTheSystemsLinksAreFollowed(t *testing.T) {
	root, outside := place(t)
	top := filepath.Dir(root)
	link(t, outside, filepath.Join(top, "tmp")) // as macOS has /tmp
	link(t, top, filepath.Join(top, "home"))    // the repository is reached through one
	for _, file := range []string{
		filepath.Join(top, "tmp", "a.json"),
		filepath.Join(top, "home", "repo", "sub", "b.json"),
		filepath.Join(top, "home", "tmp", "c.json"),
		filepath.Join(root, "..", "elsewhere", "d.json"),
	} {
		if err := (outfile.Folder{Root: filepath.Join(top, "home", "repo")}).Write(file, fill("report")); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		holds(t, file, "report")
	}
}

func TestConfinedFilesAreInsideTheWorkspace(t *testing.T) {
	root, outside := place(t)
	f := outfile.Folder{Root: root, Confined: true}
	for _, file := range []string{
		filepath.Join(outside, "victim"), filepath.Join(root, "..", "elsewhere", "victim"), root + "-next", "/dev/stdout", "/dev/null",
		filepath.Join(root, "sub", "..", "..", "x"),
	} {
		var refused *outfile.OutsideError
		if err := f.Write(file, fill("report")); !errors.As(err, &refused) || refused.Hint() == "" {
			t.Errorf("%s: %v, want an *OutsideError", file, err)
		}
	}
	holds(t, filepath.Join(outside, "victim"), "precious")
	if err := f.Write(filepath.Join(root, "sub", "report.json"), fill("report")); err != nil {
		t.Error(err)
	}
	if err := unix.Mkfifo(filepath.Join(root, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	var kind *outfile.KindError
	if err := f.Write(filepath.Join(root, "fifo"), fill("report")); !errors.As(err, &kind) {
		t.Errorf("a FIFO: %v, want a *KindError", err)
	}
}

// TestAFileIsWrittenWholeOrNotAtAll: what fails leaves the earlier file, a hard link
// of it keeps what it held, and its mode stays.
func TestAFileIsWrittenWholeOrNotAtAll(t *testing.T) {
	root, _ := place(t)
	file := filepath.Join(root, "report.json")
	put(t, file, "earlier")
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(file, filepath.Join(root, "hard")); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	err := (outfile.Folder{Root: root}).Write(file, func(w io.Writer) error {
		_, _ = io.WriteString(w, "half")
		return broken
	})
	if !errors.Is(err, broken) {
		t.Errorf("got %v, want fill's error", err)
	}
	holds(t, file, "earlier")
	nothingLeft(t, root)
	if err := (outfile.Folder{Root: root}).Write(file, fill("new")); err != nil {
		t.Fatal(err)
	}
	holds(t, file, "new")
	holds(t, filepath.Join(root, "hard"), "earlier")
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode is %v, %v, want 0640", info.Mode(), err)
	}
	nothingLeft(t, root)
}

func TestSpecialFilesAndFolders(t *testing.T) {
	root, outside := place(t)
	f := outfile.Folder{Root: root}
	if err := f.Write(os.DevNull, fill("report")); err != nil {
		t.Errorf("%s: %v", os.DevNull, err)
	}
	if info, err := os.Lstat(os.DevNull); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		t.Fatalf("%s is no device any more", os.DevNull)
	}
	fifo := filepath.Join(outside, "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	read := make(chan string)
	go func() {
		text, err := os.ReadFile(fifo)
		read <- fmt.Sprint(string(text), err)
	}()
	if err := f.Write(fifo, fill("report")); err != nil {
		t.Error(err)
	}
	if got := <-read; got != "report<nil>" {
		t.Errorf("the FIFO's reader got %s", got)
	}
	var kind *outfile.KindError
	if err := f.Write(filepath.Join(root, "sub"), fill("report")); !errors.As(err, &kind) || !strings.Contains(kind.Error(), "a folder") {
		t.Errorf("a folder: %v", err)
	}
}

func TestFoldersAreMadeOnRequest(t *testing.T) {
	root, _ := place(t)
	file := filepath.Join(root, "docs", "new", "rules.md")
	if err := (outfile.Folder{Root: root}).Write(file, fill("x")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want no such folder", err)
	}
	if err := (outfile.Folder{Root: root, Make: true}).Write(file, fill("x")); err != nil {
		t.Fatal(err)
	}
	holds(t, file, "x")
}

// TestAFolderThatTakesNoFiles: a file mounted by itself, or one in a folder of
// another user, is written in place where it is outside the repository.
func TestAFolderThatTakesNoFiles(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	root, outside := place(t)
	if err := os.Chmod(outside, 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(outside, 0o755) })
	if err := (outfile.Folder{Root: root}).Write(filepath.Join(outside, "victim"), fill("report")); err != nil {
		t.Error(err)
	}
	holds(t, filepath.Join(outside, "victim"), "report")
}
