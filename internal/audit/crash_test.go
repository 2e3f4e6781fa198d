package audit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/txn"
	"github.com/codexlock/codexlock/internal/txn/txntest"
)

// TestManyProcesses: 50 processes append 20 entries each, at the same time.
func TestManyProcesses(t *testing.T) {
	const processes, each = 50, 20
	root := scratch(t)
	var all sync.WaitGroup
	for n := range processes {
		all.Go(func() {
			if out, err := help(root, fmt.Sprintf("-help-times=%d", each)).CombinedOutput(); err != nil {
				t.Errorf("process %d: %v\n%s", n, err, out)
			}
		})
	}
	all.Wait()
	if n := sound(t, root); n != processes*each {
		t.Errorf("%d entries, want %d", n, processes*each)
	}
}

// TestKilledAnywhere kills a writer before every operation and every other byte
// that it writes, for real. The next one finds the log as it was or as it was to be.
func TestKilledAnywhere(t *testing.T) {
	cases := map[string]int{"the first entry": 0, "the next entry": 2}
	counted, all := map[string]int{}, 0
	for name, lines := range cases {
		counted[name] = countSteps(t, lines)
		all += counted[name]
	}
	if all < 1000 {
		t.Fatalf("%d points to be killed at, want 1,000", all)
	}
	for name, lines := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			steps, old, new := counted[name], 0, 0
			for n := 1; n <= steps; n++ {
				root := fresh(t, lines)
				before := state(t, root)
				if out, err := help(root, fmt.Sprintf("-help-kill=%d", n)).CombinedOutput(); !killed(err) {
					t.Fatalf("not killed at %d: %v\n%s", n, err, out)
				}
				release, err := Hold(context.Background(), root, filepath.Join(root, ".git"))
				if err != nil {
					t.Fatalf("killed at %d: %v", n, err)
				}
				release()
				switch got := sound(t, root); got {
				case lines:
					old++
					if after := state(t, root); after != before {
						t.Fatalf("killed at %d, it was\n%s\nand is\n%s", n, before, after)
					}
				case lines + 1:
					new++
				default:
					t.Fatalf("killed at %d: %d lines", n, got)
				}
				if _, err := writer(root).Append(context.Background(), entries(9, 1)); err != nil {
					t.Fatalf("killed at %d, and then: %v", n, err)
				}
				sound(t, root)
			}
			if old < 400 || new < 2 {
				t.Errorf("%d old and %d new: too few to mean anything", old, new)
			}
		})
	}
}

// killPiece is how many bytes lie between two points to be killed at.
const killPiece = 2

// countSteps is how many steps the helper takes.
func countSteps(t *testing.T, lines int) int {
	t.Helper()
	root := fresh(t, lines)
	whole := txn.Hooks.Piece
	txn.Hooks.Piece = killPiece
	defer func() { txn.Hooks.Piece = whole }()
	count := txntest.OnStep(t, 0, nil)
	if _, err := writer(root).Append(context.Background(), entries(0, 1)); err != nil {
		t.Fatal(err)
	}
	txntest.Calm()
	return *count
}

// TestFaultAnywhere fails every operation with the errors that file systems give:
// an error comes back, and the old log or the new one stands, at once.
func TestFaultAnywhere(t *testing.T) {
	for _, fault := range []error{syscall.ENOSPC, syscall.EROFS, syscall.EIO, syscall.EDQUOT, syscall.EMFILE} {
		for n, last := 1, false; !last; n++ {
			root := fresh(t, 2)
			before := state(t, root)
			count := txntest.OnStep(t, n, func(string, string) error { return fault })
			_, err := writer(root).Append(context.Background(), entries(2, 1))
			txntest.Calm()
			last = *count < n
			switch {
			case last && (err != nil || n < 15):
				t.Fatalf("%d steps, %v", n, err)
			case !last && !errors.Is(err, fault):
				t.Fatalf("%v at %d gave %v", fault, n, err)
			}
			if lines := sound(t, root); lines == 2 && state(t, root) != before {
				t.Errorf("%v at %d left\n%s", fault, n, state(t, root))
			}
			if _, err := writer(root).Append(context.Background(), entries(3, 1)); err != nil {
				t.Fatalf("after %v at %d: %v", fault, n, err)
			}
			sound(t, root)
		}
	}
}

// TestFaultThenDeath fails an operation and every one after it, as where a disk
// goes away: whoever comes next finds the old log or the new one.
func TestFaultThenDeath(t *testing.T) {
	for n := 1; ; n++ {
		root := fresh(t, 2)
		count := 0
		txn.Hooks.Step = func(string, string) error {
			if count++; count >= n {
				return syscall.EIO
			}
			return nil
		}
		_, err := writer(root).Append(context.Background(), entries(2, 1))
		txntest.Calm()
		if count < n {
			break
		}
		if err == nil {
			t.Fatalf("no error at %d", n)
		}
		if _, err := writer(root).Append(context.Background(), entries(3, 1)); err != nil {
			t.Fatalf("after death at %d: %v", n, err)
		}
		if lines := sound(t, root); lines != 3 && lines != 4 {
			t.Errorf("%d lines after death at %d", lines, n)
		}
	}
}

// TestFileLimit is a disk that is full for real: the log may not grow.
func TestFileLimit(t *testing.T) {
	root := fresh(t, 20)
	before := state(t, root)
	size := len(before)
	for _, limit := range []int{size - 3000, size - 600, 300} {
		out, err := help(root, fmt.Sprintf("-help-limit=%d", limit)).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "file too large") {
			t.Errorf("limit %d: %v\n%s", limit, err, out)
		}
		if after := state(t, root); after != before {
			t.Fatalf("limit %d left\n%s", limit, after)
		}
	}
	if _, err := writer(root).Append(context.Background(), entries(20, 1)); err != nil || sound(t, root) != 21 {
		t.Error(err)
	}
}

// TestJournalOfAnotherLog: what an append left is undone only where it left it.
func TestJournalOfAnotherLog(t *testing.T) {
	root := fresh(t, 2)
	p := placeOf(root, filepath.Join(root, ".git"))
	text, err := os.ReadFile(filepath.Join(root, Path.String()))
	if err != nil {
		t.Fatal(err)
	}
	before := state(t, root)
	for name, j := range map[string]journal{
		"other lines":   {Version: 1, Size: int64(len(text)) - 10, Lines: []byte("something else"), Checkpoint: []byte("x")},
		"a longer log":  {Version: 1, Size: int64(len(text)) + 10, Lines: []byte("x"), Checkpoint: []byte("x")},
		"a shorter one": {Version: 1, Size: 10, Lines: text[10:20], Checkpoint: []byte("x")},
		"none":          {Version: 1, Size: -1, Lines: []byte("x"), Checkpoint: []byte("x")},
	} {
		if err := p.undo(j); err != nil || state(t, root) != before {
			t.Errorf("%s: %v\n%s", name, err, state(t, root))
		}
	}
}

func TestLockIsWaitedFor(t *testing.T) {
	root := fresh(t, 1)
	git := filepath.Join(root, ".git")
	release, err := Hold(context.Background(), root, git)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := writer(root).Append(ctx, entries(1, 1)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a log that is being read was added to: %v", err)
	}
	again, err := Hold(context.Background(), root, git)
	if err != nil {
		t.Errorf("two readers: %v", err)
	} else {
		again()
	}
	release()
	if _, err := writer(root).Append(context.Background(), entries(1, 1)); err != nil || sound(t, root) != 2 {
		t.Error(err)
	}
}
