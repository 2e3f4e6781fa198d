package txn_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"github.com/codexlock/codexlock/internal/txn"
	"github.com/codexlock/codexlock/internal/txn/txntest"
)

// TestOutputsAreAllOrNothing fails every step of what makes a file or a folder that a user
// names. The earlier state stays, and no temporary file.
func TestOutputsAreAllOrNothing(t *testing.T) {
	output := func(do func(*txn.Output) error) func(root string) error {
		return func(root string) error {
			out, err := txn.OpenOutput(root+"/file", false)
			if err != nil {
				return err
			}
			defer out.Close()
			return do(out)
		}
	}
	for name, c := range map[string]struct {
		files map[string]string
		do    func(root string) error
	}{
		"folder": {nil, func(root string) error {
			return txn.NewFolder(root+"/folder", map[string]string{"a": "1", "b": "2"})
		}},
		"new file": {nil, output(func(out *txn.Output) error { return out.Create(0o600, []byte("key")) })},
		"replaced": {map[string]string{"file": "earlier"}, output(func(out *txn.Output) error {
			mode := fs.FileMode(0o640)
			return out.Replace(&mode, func(w io.Writer) error {
				_, err := io.WriteString(w, "later")
				return err
			})
		})},
	} {
		t.Run(name, func(t *testing.T) {
			n := 1
			for ; ; n++ {
				p := txntest.New(t, c.files)
				before := p.State()
				count := txntest.OnStep(t, n, func(string, string) error { return syscall.ENOSPC })
				err := c.do(p.Root)
				txntest.Calm()
				if *count < n {
					if err != nil || txntest.Difference(p.State(), before) == "" {
						t.Errorf("nothing failed, and it gave %v", err)
					}
					break
				}
				if !errors.Is(err, syscall.ENOSPC) {
					t.Errorf("failed at %d, it gave %v", n, err)
				}
				if diff := txntest.Difference(p.State(), before); diff != "" {
					t.Errorf("failed at %d, it left\n%s", n, diff)
				}
			}
			if n < 4 {
				t.Errorf("%d steps: too few to mean anything", n)
			}
		})
	}
}

// TestNewThingsReplaceNothing: what has the name stays, a symlink to nothing too.
func TestNewThingsReplaceNothing(t *testing.T) {
	p := txntest.New(t, map[string]string{"file": "1", "folder/file": "1"})
	if err := os.Symlink("nowhere", p.Root+"/link"); err != nil {
		t.Fatal(err)
	}
	before := p.State()
	for _, name := range []string{"file", "folder", "link"} {
		if err := txn.NewFolder(p.Root+"/"+name, map[string]string{"a": "1"}); !errors.Is(err, fs.ErrExist) {
			t.Errorf("a folder over %s gave %v", name, err)
		}
		out, err := txn.OpenOutput(p.Root+"/"+name, false)
		if err != nil {
			t.Fatal(err)
		}
		if err := out.Create(0o600, []byte("key")); !errors.Is(err, fs.ErrExist) {
			t.Errorf("a file over %s gave %v", name, err)
		}
		out.Close()
	}
	if diff := txntest.Difference(p.State(), before); diff != "" {
		t.Error(diff)
	}
}
