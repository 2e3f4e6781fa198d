package audit

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/txn"
	"github.com/codexlock/codexlock/internal/txn/txntest"
)

// The children of these tests are this test binary with these flags.
var (
	helpRoot  = flag.String("help-root", "", "in TestHelper, the work tree")
	helpTimes = flag.Int("help-times", 1, "in TestHelper, how many entries to append, one by one")
	helpKill  = flag.Int("help-kill", 0, "in TestHelper, the step to be killed before")
	helpLimit = flag.Uint64("help-limit", 0, "in TestHelper, the most bytes that a file may have")
)

// TestHelper is no test: it is what others start, kill and bring into need.
func TestHelper(t *testing.T) {
	if *helpRoot == "" {
		t.Skip("run by other tests")
	}
	if *helpLimit > 0 {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: *helpLimit, Max: *helpLimit}); err != nil {
			t.Fatal(err)
		}
	}
	if *helpKill > 0 {
		txn.Hooks.Piece = killPiece
		txntest.OnStep(t, *helpKill, txntest.Kill)
	}
	for i := range *helpTimes {
		if _, err := writer(*helpRoot).Append(context.Background(), entries(i, 1)); err != nil {
			t.Fatal(err)
		}
	}
}

// help starts the helper.
func help(root string, args ...string) *exec.Cmd {
	return exec.Command(os.Args[0], append([]string{"-test.run=^TestHelper$", "-test.count=1", "-help-root=" + root}, args...)...)
}

func killed(err error) bool {
	var exit *exec.ExitError
	return errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL
}

var testKey = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))

func public(asked string) (ed25519.PublicKey, bool) {
	return testKey.Public().(ed25519.PublicKey), asked == id
}

func writer(root string) Writer {
	return Writer{Root: root, GitDir: filepath.Join(root, ".git"), Public: public, Signer: &Signer{
		KeyID: id, Public: testKey.Public().(ed25519.PublicKey),
		Sign: func(text []byte) ([]byte, error) { return ed25519.Sign(testKey, text), nil },
	}}
}

func entries(from, n int) (out []Entry) {
	for i := range n {
		out = append(out, Entry{Artifact: fmt.Sprintf("assets/sources/%d", from+i), VerifiedBy: "ci", VerifiedAt: "2026-01-01T00:00:00Z", Result: Pass, Level: "a-plus", TrustDomain: "default"})
	}
	return out
}

// scratch is a folder with a Git directory, in memory where the system has such a place:
// what is tested survives a process and not a power cut, and fsync is what takes time.
func scratch(t testing.TB) string { return txntest.New(t, nil).Root }

// fresh is a work tree with a log of n lines.
func fresh(t testing.TB, n int) string {
	t.Helper()
	root := scratch(t)
	if n == 0 {
		return root
	}
	if _, err := writer(root).Append(context.Background(), entries(0, n)); err != nil {
		t.Fatal(err)
	}
	return root
}

// state is all that a reader of the work tree sees.
func state(t testing.TB, root string) string {
	t.Helper()
	var out strings.Builder
	files, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.IsDir() {
			continue
		}
		data, err := os.ReadFile(filepath.Join(root, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "%s\n%s\n", f.Name(), data)
	}
	return out.String()
}

// sound asserts that log and checkpoint agree, and returns how many lines there are.
func sound(t testing.TB, root string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, Path.String()))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(filepath.Join(root, CheckpointPath.String())); err == nil {
			t.Error("a checkpoint of no log")
		}
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	log, err := Read(text)
	if err != nil || log.Chain != Intact {
		t.Fatalf("log: %+v, %v", log, err)
	}
	point, err := os.ReadFile(filepath.Join(root, CheckpointPath.String()))
	if err != nil {
		t.Fatal(err)
	}
	c, err := ReadCheckpoint(point, public)
	if err != nil || c.Signature != Valid || c.Size != int64(log.Lines) || c.Root != log.Root || c.Origin != log.Origin() {
		t.Fatalf("checkpoint %+v, %v of a log of %d lines, root %s, origin %s", c, err, log.Lines, log.Root, log.Origin())
	}
	return log.Lines
}

func TestAppend(t *testing.T) {
	root := scratch(t)
	var origin string
	for i, n := range []int{1, 3, 1, 20} {
		got, err := writer(root).Append(context.Background(), entries(i, n))
		lines := sound(t, root)
		if err != nil || int(got.Lines) != lines || int(got.From) != lines-n || !got.Signed {
			t.Fatalf("%+v, %v, %d lines", got, err, lines)
		}
		text, _ := os.ReadFile(filepath.Join(root, Path.String()))
		log, _ := Read(text)
		if origin != "" && log.Origin() != origin {
			t.Errorf("the log's name was %s and is %s", origin, log.Origin())
		}
		origin = log.Origin()
	}
	if got, err := writer(root).Append(context.Background(), nil); err != nil || got != (Appended{}) {
		t.Errorf("nothing to append: %+v, %v", got, err)
	}
	if _, err := writer(root).Append(context.Background(), []Entry{{Artifact: "a"}}); err == nil || sound(t, root) != 25 {
		t.Errorf("an entry that no reader takes was appended: %v", err)
	}
}

// TestAppendReadsWhatIsNew: the log is read again only where it may have changed.
func TestAppendReadsWhatIsNew(t *testing.T) {
	root := fresh(t, 50)
	p := placeOf(root, filepath.Join(root, ".git"))
	info := func() txn.State {
		f, seen, err := p.open(Path)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		return seen
	}
	if end, err := p.loadTail(info()); err != nil || end.tree.size != 50 {
		t.Fatalf("forgotten at once: %v", err)
	}
	later := time.Unix(0, info().MTime).Add(time.Second)
	if err := os.Chtimes(filepath.Join(root, Path.String()), later, later); err != nil {
		t.Fatal(err)
	}
	if _, err := p.loadTail(info()); err == nil {
		t.Error("a touched log is taken for the one that was left")
	}
	if _, err := writer(root).Append(context.Background(), entries(50, 1)); err != nil || sound(t, root) != 51 {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(p.gitDir, tailCacheName), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := writer(root).Append(context.Background(), entries(51, 1)); err != nil || sound(t, root) != 52 {
		t.Error(err)
	}
}

// TestAppendRefuses what is not the log that was signed. Nothing is written.
func TestAppendRefuses(t *testing.T) {
	log, point := Path.String(), CheckpointPath.String()
	edit := func(name, old, new string) func(string) error {
		return func(root string) error {
			text, err := os.ReadFile(filepath.Join(root, name))
			if err != nil || !bytes.Contains(text, []byte(old)) {
				return fmt.Errorf("no %q in %s, %v", old, name, err)
			}
			return os.WriteFile(filepath.Join(root, name), bytes.Replace(text, []byte(old), []byte(new), 1), 0o644)
		}
	}
	link := func(name, to string) func(string) error {
		return func(root string) error {
			return errors.Join(os.Remove(filepath.Join(root, name)), os.Symlink(to, filepath.Join(root, name)))
		}
	}
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	unsigned := func(w *Writer) { w.Signer = nil }
	for name, test := range map[string]struct {
		change func(root string) error
		writer func(*Writer)
		want   string
	}{
		"a line changed":       {edit(log, "PASS", "FAIL"), nil, "line 2 does not follow"},
		"the last one changed": {edit(log, `"seq":2`, `"seq":3`), nil, "line 3 does not follow"},
		"torn":                 {edit(log, "\"}\n", "\"}"), nil, "line 1"},
		"cut off": {func(root string) error {
			text, err := os.ReadFile(filepath.Join(root, log))
			return errors.Join(err, os.WriteFile(filepath.Join(root, log), text[:bytes.IndexByte(text, '\n')+1], 0o644))
		}, nil, "is of a log of 3 lines"},
		"removed":        {func(root string) error { return os.Remove(filepath.Join(root, log)) }, nil, "is missing, but its checkpoint exists"},
		"made by hand":   {func(root string) error { return os.WriteFile(filepath.Join(root, log), []byte(byHand), 0o644) }, nil, "made by hand"},
		"another size":   {edit(point, "\n3\n", "\n2\n"), nil, "signature does not hold"},
		"no note":        {edit(point, "\n\n", "\n"), nil, "is no signed note"},
		"another key":    {nil, func(w *Writer) { w.Public = func(string) (ed25519.PublicKey, bool) { return nil, false } }, "no key to check"},
		"no key":         {nil, unsigned, "no key to sign"},
		"a symlink":      {link(log, outside), nil, "is a symlink"},
		"a dangling one": {link(log, "nowhere"), nil, "is a symlink"},
		"/dev/null":      {link(log, "/dev/null"), nil, "is a symlink"},
		"a symlink, too": {link(point, outside), nil, "is a symlink"},
		"a FIFO": {func(root string) error {
			return errors.Join(os.Remove(filepath.Join(root, log)), syscall.Mkfifo(filepath.Join(root, log), 0o644))
		}, nil, "is a special file"},
		"a folder": {func(root string) error {
			return errors.Join(os.Remove(filepath.Join(root, log)), os.Mkdir(filepath.Join(root, log), 0o755))
		}, nil, "is a folder"},
		"a long point": {func(root string) error {
			return os.WriteFile(filepath.Join(root, point), make([]byte, maxCheckpoint+1), 0o644)
		}, nil, "is longer"},
		"a long log": {func(root string) error { return os.Truncate(filepath.Join(root, log), MaxBytes) }, nil, "line 4"},
		"a stale journal": {func(root string) error {
			return os.WriteFile(filepath.Join(root, ".git", journalName), []byte("{}"), 0o644)
		}, nil, "is no journal"},
	} {
		root := fresh(t, 3)
		if test.change != nil {
			if err := test.change(root); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		before := lstates(t, root)
		w := writer(root)
		if test.writer != nil {
			test.writer(&w)
		}
		_, err := w.Append(context.Background(), entries(3, 1))
		var refused *RefusedError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
		if after := lstates(t, root); after != before {
			t.Errorf("%s: refused, and something changed:\n%s\nwas\n%s", name, after, before)
		}
	}
	if text, err := os.ReadFile(outside); err != nil || len(text) > 0 {
		t.Errorf("written through a symlink: %q, %v", text, err)
	}
}

const byHand = `{"artifact":"a","sha256":"","vaulttime":"","verified_by":"ci","verified_at":"2026-01-01T00:00:00Z","result":"PASS"}` + "\n"

// lstates are the files of a folder by mode, size and, where they are regular, content.
func lstates(t testing.TB, root string) string {
	t.Helper()
	var out strings.Builder
	files, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "%s %s\n", f.Name(), info.Mode())
		if info.Mode().IsRegular() {
			data, err := os.ReadFile(filepath.Join(root, f.Name()))
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&out, "%x\n", sha256.Sum256(data))
		}
	}
	return out.String()
}

func TestUnsignedLog(t *testing.T) {
	root := scratch(t)
	w := writer(root)
	w.Signer = nil
	for i := range 3 {
		if got, err := w.Append(context.Background(), entries(i, 1)); err != nil || got.Signed || got.Lines != int64(i+1) {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	// A key that comes later signs what is there.
	if got, err := writer(root).Append(context.Background(), entries(3, 1)); err != nil || !got.Signed || sound(t, root) != 4 {
		t.Errorf("%+v, %v", got, err)
	}
}
