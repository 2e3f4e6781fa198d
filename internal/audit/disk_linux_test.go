package audit

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestFullAndReadOnlyDisk fills a small file system, and makes it read-only.
func TestFullAndReadOnlyDisk(t *testing.T) {
	root := t.TempDir()
	if err := unix.Mount("tmpfs", root, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("cannot mount a small file system here (%v); TestFileLimit and TestFaultAnywhere have the same errors", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(root, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	if err := os.Mkdir(filepath.Join(root, ".git"), 0o755); err != nil {
		t.Fatal(err)
	}
	var err error
	n := 0
	for ; err == nil && n < 1000; n++ {
		before := state(t, root)
		if _, err = writer(root).Append(context.Background(), entries(n, 10)); err != nil && state(t, root) != before {
			t.Errorf("a full disk left\n%s", state(t, root))
		}
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("after %d: %v", n, err)
	}
	sound(t, root)
	if err := unix.Mount("", root, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	before := state(t, root)
	if _, err := writer(root).Append(context.Background(), entries(n, 1)); !errors.Is(err, syscall.EROFS) || state(t, root) != before {
		t.Errorf("a read-only disk: %v", err)
	}
	release, err := Hold(context.Background(), root, filepath.Join(root, ".git"))
	if err != nil {
		t.Errorf("a read-only disk cannot be read: %v", err)
	} else {
		release()
	}
}
