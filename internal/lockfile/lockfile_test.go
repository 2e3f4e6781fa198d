package lockfile_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/lockfile"
)

// TestTake: readers share, a writer waits until they have gone, and not for ever.
func TestTake(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	open := func() *os.File {
		t.Helper()
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	take := func(f *os.File, how int) error {
		return lockfile.Take(t.Context(), f, how, 50*time.Millisecond)
	}
	first, second, writer := open(), open(), open()
	if err := errors.Join(take(first, lockfile.Shared), take(second, lockfile.Shared)); err != nil {
		t.Fatal(err)
	}
	if err := take(writer, lockfile.Exclusive); !errors.Is(err, lockfile.ErrHeld) {
		t.Errorf("a writer among readers: %v", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := lockfile.Take(ended, writer, lockfile.Exclusive, time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("a writer that is called off: %v", err)
	}
	first.Close()
	go func() {
		time.Sleep(20 * time.Millisecond)
		second.Close()
	}()
	if err := lockfile.Take(t.Context(), writer, lockfile.Exclusive, time.Minute); err != nil {
		t.Errorf("a writer after the readers: %v", err)
	}
	writer.Close()
	if err := take(writer, lockfile.Exclusive); err == nil || errors.Is(err, lockfile.ErrHeld) {
		t.Errorf("a file that is closed: %v", err)
	}
}
