package attest

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"syscall"
	"testing"
)

// TestAcrossFileSystems moves for real to another file system, where there is one.
func TestAcrossFileSystems(t *testing.T) {
	p, other := oldPlace(t), t.TempDir()
	if err := os.Mkdir(p.root+"/mnt", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount(other, p.root+"/mnt", "", syscall.MS_BIND, ""); err != nil {
		t.Skipf("mount: %v; Copy does the same in TestKilledAnywhere", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(p.root+"/mnt", 0); err != nil {
			t.Error(err)
		}
	})
	c := Change{Moves: []Move{{From: "y", To: "mnt/y", Mode: 0o444}}}
	if err := CommitChange(context.Background(), p.root, p.git, c); err != nil || string(p.read("mnt/y")) != "y" {
		t.Fatal(err)
	}
	if _, err := os.Lstat(p.root + "/y"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it stands in both places: %v", err)
	}
}

// TestHardLinksAreCopied: what is moved has no other name through which it changes.
func TestHardLinksAreCopied(t *testing.T) {
	p := oldPlace(t)
	if err := os.Link(p.root+"/y", p.root+"/elsewhere"); err != nil {
		t.Fatal(err)
	}
	c := Change{Moves: []Move{{From: "y", To: "in/place", Mode: 0o444}}}
	if err := CommitChange(context.Background(), p.root, p.git, c); err != nil {
		t.Fatal(err)
	}
	p.write("elsewhere", "changed")
	if got := string(p.read("in/place")); got != "y" {
		t.Errorf("it changed through its other name: %q", got)
	}
	if _, err := os.Lstat(p.root + "/y"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it stands in both places: %v", err)
	}
}
