package txn

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
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
	try := func(f *os.File, how Sharing) error {
		return take(t.Context(), f, how, 50*time.Millisecond)
	}
	first, second, writer := open(), open(), open()
	if err := errors.Join(try(first, Shared), try(second, Shared)); err != nil {
		t.Fatal(err)
	}
	if err := try(writer, Exclusive); !errors.Is(err, errHeld) {
		t.Errorf("a writer among readers: %v", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := take(ended, writer, Exclusive, time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("a writer that is called off: %v", err)
	}
	first.Close()
	go func() {
		time.Sleep(20 * time.Millisecond)
		second.Close()
	}()
	if err := take(t.Context(), writer, Exclusive, time.Minute); err != nil {
		t.Errorf("a writer after the readers: %v", err)
	}
	writer.Close()
	if err := try(writer, Exclusive); err == nil || errors.Is(err, errHeld) {
		t.Errorf("a file that is closed: %v", err)
	}
}
