package txn_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"github.com/codexlock/codexlock/internal/txn"
)

// TestAcrossFileSystems moves for real to another file system, where there is one.
func TestAcrossFileSystems(t *testing.T) {
	p, other := oldPlace(t), t.TempDir()
	if err := os.Mkdir(p.Root+"/mnt", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount(other, p.Root+"/mnt", "", syscall.MS_BIND, ""); err != nil {
		t.Skipf("mount: %v; Copy does the same in TestKilledAnywhere", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(p.Root+"/mnt", 0); err != nil {
			t.Error(err)
		}
	})
	c := txn.Change{Moves: []txn.Move{{From: "y", To: "mnt/y", Mode: 0o444}}}
	if err := txn.CommitChange(context.Background(), p.Root, p.Git, c); err != nil || string(p.Read("mnt/y")) != "y" {
		t.Fatal(err)
	}
	if _, err := os.Lstat(p.Root + "/y"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it stands in both places: %v", err)
	}
}

// TestHardLinksAreCopied: what is moved has no other name through which it changes.
func TestHardLinksAreCopied(t *testing.T) {
	p := oldPlace(t)
	if err := os.Link(p.Root+"/y", p.Root+"/elsewhere"); err != nil {
		t.Fatal(err)
	}
	c := txn.Change{Moves: []txn.Move{{From: "y", To: "in/place", Mode: 0o444}}}
	if err := txn.CommitChange(context.Background(), p.Root, p.Git, c); err != nil {
		t.Fatal(err)
	}
	p.Write("elsewhere", "changed")
	if got := string(p.Read("in/place")); got != "y" {
		t.Errorf("it changed through its other name: %q", got)
	}
	if _, err := os.Lstat(p.Root + "/y"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it stands in both places: %v", err)
	}
}
