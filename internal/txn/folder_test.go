package txn_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/txn"
	"github.com/codexlock/codexlock/internal/txn/txntest"
)

// TestHeldFoldersAreFew enters more folders than may be open, and one again that was
// replaced after it had been closed.
func TestHeldFoldersAreFew(t *testing.T) {
	p := txntest.New(t, nil)
	const n = 3 * txn.MaxOpenFolders
	name := func(i int) string { return fmt.Sprintf("d%03d/e", i) }
	for i := range n {
		p.Write(name(i)+"/f", "1")
	}
	held, release := txn.NewTree(p.Root).Hold(false)
	defer release()
	for i := range n {
		if err := held.EnterFolder(name(i)); err != nil {
			t.Fatal(err)
		}
		if open := held.OpenFolders(); open > txn.MaxOpenFolders+1 {
			t.Fatalf("%d folders are open, want at most %d", open, txn.MaxOpenFolders)
		}
	}
	if err := held.Recheck(); err != nil {
		t.Errorf("nothing was replaced: %v", err)
	}
	if err := errors.Join(os.Rename(p.Root+"/"+name(0), p.Root+"/was"), os.Mkdir(p.Root+"/"+name(0), 0o755)); err != nil {
		t.Fatal(err)
	}
	var refused *txn.RefusedError
	if err := held.EnterFolder(name(0)); !errors.As(err, &refused) {
		t.Errorf("another folder in its place gave %v", err)
	}
	if err := held.Recheck(); !errors.As(err, &refused) {
		t.Errorf("rechecked: %v", err)
	}
}

// TestHeldFoldersAreLikeOthers compares what both ways of resolving a name refuse.
func TestHeldFoldersAreLikeOthers(t *testing.T) {
	p := txntest.New(t, map[string]string{"a/b/file": "1", "file": "1"})
	if err := os.Symlink("b", p.Root+"/a/link"); err != nil {
		t.Fatal(err)
	}
	plain := txn.NewTree(p.Root)
	held, release := plain.Hold(false)
	defer release()
	for _, name := range []artifact.Path{
		"a/b/file", "file", "none", "a/none", "none/none/x", "none/x", "a/link/file", "a/link/c/file", "a/link", "file/x", "file/x/y", "a/b", "a",
		artifact.Path(strings.Repeat("n", 300)), artifact.Path(strings.Repeat("n", 300) + "/x"),
	} {
		for range 2 { // the second time from memory
			_, want, _, err1 := plain.Read(name, 10)
			_, got, _, err2 := held.Read(name, 10)
			if want != got || fmt.Sprint(err1) != fmt.Sprint(err2) {
				t.Errorf("read %.20s: %v and %v, %v and %v", name, want, got, err1, err2)
			}
			want, there1, err1 := plain.Lstat(name)
			got, there2, err2 := held.Lstat(name)
			if want != got || there1 != there2 || fmt.Sprint(err1) != fmt.Sprint(err2) {
				t.Errorf("lstat %.20s: %v and %v, %v and %v", name, want, got, err1, err2)
			}
		}
	}
}

// TestReadAll reads files of other sizes than were expected, up to the limit.
func TestReadAll(t *testing.T) {
	p := txntest.New(t, map[string]string{"file": "0123456789", "empty": ""})
	for _, c := range []struct {
		name        string
		size, limit int64
		want        string
	}{
		{"file", 10, 100, "0123456789"}, {"file", 0, 100, "0123456789"}, {"file", 3, 100, "0123456789"}, {"file", 1000, 100, "0123456789"}, {"file", -1, 100, "0123456789"},
		{"file", 10, 10, "0123456789"}, {"file", 10, 4, "0123"}, {"file", 0, 4, "0123"}, {"file", 10, 0, ""}, {"empty", 0, 10, ""}, {"empty", 10, 10, ""},
	} {
		f, _, err := txn.NewTree(p.Root).Open(artifact.Path(c.name))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := f.ReadAll(c.size, c.limit); string(got) != c.want || err != nil {
			t.Errorf("%s, expected %d, limit %d: %q, %v", c.name, c.size, c.limit, got, err)
		}
		f.Close()
	}
}
