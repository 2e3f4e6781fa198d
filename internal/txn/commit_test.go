package txn_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/txn"
	"github.com/codexlock/codexlock/internal/txn/txntest"
)

// TestKillHelper is no test: it is what TestKilledAnywhere kills.
func TestKillHelper(t *testing.T) {
	txntest.KillHelper(t, func(p txntest.Place, what string) error {
		if strings.HasSuffix(what, "together") {
			txn.Hooks.AtOnce = 1
		}
		switch what {
		case "commit", "together":
			return txn.Commit(context.Background(), p.Root, p.Git, newFolders)
		case "change", "change together":
			return txn.CommitChange(context.Background(), p.Root, p.Git, everything())
		case "recover":
			_, err := txn.Recover(p.Root, p.Git)
			return err
		}
		return fmt.Errorf("nothing to do: %q", what)
	})
}

var newFolders = []txn.File{
	{Path: "n/e/w/one", Mode: 0o755, Data: []byte("one")}, {Path: "n/e/two", Mode: 0o644, Data: []byte("two")}, {Path: "a/x", Mode: 0o644, Data: []byte("replaced")}, {Path: "empty", Mode: 0o644, Data: nil},
}

// everything is a change of every sort. What it moves by copying stands for what
// is on another file system.
func everything() txn.Change {
	return txn.Change{
		Files: []txn.File{{Path: "n/e/w/one", Mode: 0o444, Data: []byte("one")}, {Path: "a/x", Mode: 0o644, Data: []byte("replaced")}},
		Moves: []txn.Move{
			{From: "y", To: "n/moved", Mode: 0o444}, {From: "z", To: "q/copied", Mode: 0o400, Copy: true},
			{From: "in/\xff\n", To: "q/named", Mode: 0o400}, {From: "in/new", To: "z.manifest.json", Mode: 0o444, Replace: true},
			{From: "in/run", To: "z.test", Mode: 0o444, Replace: true, Copy: true},
		},
		Removes: []txn.RawPath{"y.manifest.json", "in/\xfe"},
		Emptied: []string{"in", "a"}, // a is not empty, and stays
	}
}

// oldPlace has what everything changes. The folder of the lock is there, so that making it
// is no step.
func oldPlace(t testing.TB) txntest.Place {
	p := txntest.New(t, map[string]string{
		"a/x": "x", "y": "y", "y.manifest.json": "{}", "in/\xff\n": "no UTF-8", "in/\xfe": "nor this", "in/new": "new", "in/run": "run",
		"z": "z", "z.manifest.json": "manifest", "z.test": "test", "z.vaulttime.json": "record", "Codex-Lock.json": "ledger",
	})
	if err := os.Mkdir(p.Git+"/"+txn.StateDir, 0o755); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestKilledAnywhere kills a writer before every step that changes the file
// system. Recover then has to leave the old tree or the new one, to the byte.
func TestKilledAnywhere(t *testing.T) {
	for _, what := range []string{"commit", "change", "together", "change together"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			txntest.KilledAnywhere(t, what, oldPlace)
		})
	}
}

// TestKilledInRecovery kills the recovery itself, everywhere.
func TestKilledInRecovery(t *testing.T) {
	t.Parallel()
	for what, decided := range map[string]int{"commit": decidedAt(t), "change": changeDecidedAt} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			fresh := oldPlace(t)
			before := fresh.State()
			fresh.Run(what, 0)
			killInRecovery(t, what, decided, before, fresh.State())
		})
	}
}

// changeDecidedAt is the step that decides the change of everything: 5 to sync
// what is moved, 4 for the journal, 4 folders, 2 files of 4 steps, 2 copies of 3.
const changeDecidedAt = 5 + 4 + 4 + 2*4 + 2*3 + 1

func killInRecovery(t *testing.T, what string, decided int, before, after map[string]string) {
	for _, at := range []int{decided - 2, decided + 8} {
		kills := 0
		for n := 1; ; n++ {
			p := oldPlace(t)
			if !p.Run(what, at) {
				t.Fatalf("not killed at %d", at)
			}
			pending := txn.Pending(p.Git)
			if pending != (at > decided) {
				t.Fatalf("%s killed at %d, pending is %v", what, at, pending)
			}
			if !p.Run("recover", n) {
				break
			}
			kills++
			if _, err := txn.Recover(p.Root, p.Git); err != nil {
				t.Fatal(err)
			}
			want := before
			if pending {
				want = after
			}
			if diff := txntest.Difference(p.State(), want); diff != "" {
				t.Errorf("%s killed at %d, and in recovery at %d:\n%s", what, at, n, diff)
			}
		}
		if kills < 3 {
			t.Errorf("the recovery of %s killed at %d was killed %d times only", what, at, kills)
		}
	}
}

// decidedAt is the step of the commit of newFolders that decides it.
func decidedAt(t testing.TB) int {
	t.Helper()
	const mkdirs, perFile = 3, 4 // n n/e n/e/w; create write write fsync
	return perFile + mkdirs + perFile*len(newFolders) + 1
}

// TestFaultAnywhere fails every step with errors that file systems give. Before
// the decision the old tree stays; after it the error says that it is pending,
// and recovery brings the new one.
func TestFaultAnywhere(t *testing.T) {
	whole := oldPlace(t)
	if err := txn.CommitChange(context.Background(), whole.Root, whole.Git, everything()); err != nil {
		t.Fatal(err)
	}
	change, after := everything(), whole.State()
	for _, fault := range []error{syscall.ENOSPC, syscall.EROFS} {
		old, pended, n := 0, 0, 1
		for ; ; n++ {
			txntest.Calm()
			p := oldPlace(t)
			before := p.State()
			// The lock's folder is made by oldPlace, so the steps are Commit's own.
			count := txntest.OnStep(t, n, func(string, string) error { return fault })
			err := txn.CommitChange(context.Background(), p.Root, p.Git, change)
			if *count < n {
				if err != nil {
					t.Fatal(err)
				}
				break
			}
			if !errors.Is(err, fault) {
				t.Fatalf("%v at %d gave %v", fault, n, err)
			}
			var path *fs.PathError
			if !errors.As(err, &path) || path.Path == "" {
				t.Errorf("%v at %d names no file: %v", fault, n, err)
			}
			txntest.Calm()
			var pending *txn.PendingError
			if !errors.As(err, &pending) {
				old++
				if diff := txntest.Difference(p.State(), before); diff != "" {
					t.Errorf("%v at %d left\n%s", fault, n, diff)
				}
				continue
			}
			pended++
			if _, err := txn.Recover(p.Root, p.Git); err != nil {
				t.Fatal(err)
			}
			if diff := txntest.Difference(p.State(), after); diff != "" {
				t.Errorf("%v at %d, recovered:\n%s", fault, n, diff)
			}
		}
		if old < 10 || pended < 5 {
			t.Errorf("%v: %d steps, %d old and %d pending: too few to mean anything", fault, n, old, pended)
		}
	}
}

// TestMovesRefuse is about what cannot be moved, or removed.
func TestMovesRefuse(t *testing.T) {
	p := oldPlace(t)
	if err := errors.Join(os.Symlink("y", p.Root+"/link"), syscall.Mkfifo(p.Root+"/fifo", 0o644), os.Symlink(t.TempDir(), p.Root+"/out")); err != nil {
		t.Fatal(err)
	}
	before := p.State()
	to := func(from txn.RawPath, to artifact.Path) txn.Change {
		return txn.Change{Moves: []txn.Move{{From: from, To: to, Mode: 0o444}}}
	}
	f, stale, err := txn.NewTree(p.Root).Open("z")
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	for name, c := range map[string]txn.Change{
		"over a file": to("y", "z"), "over a folder": to("y", "a"), "a link": to("link", "new"), "a FIFO": to("fifo", "new"), "a folder": to("a", "new"),
		"nothing": to("none", "new"), "outside": to("../x", "new"), "to outside": to("y", "../x"), "git": to(".git/config", "new"), "to git": to("y", ".git/hooks/x"),
		"through a link": to("out/x", "new"), "to a link's": to("y", "out/x"), "a name with NUL": to("y\x00", "new"), "nameless": to("", "new"), "onto itself": to("y", "y"),
		"a mode":           {Moves: []txn.Move{{From: "y", To: "new", Mode: 0o4755}}},
		"changed":          {Moves: []txn.Move{{From: "y", To: "new", Mode: 0o444, Seen: &stale}}},
		"twice":            {Moves: []txn.Move{{From: "y", To: "new", Mode: 0o444}, {From: "y", To: "newer", Mode: 0o444}}},
		"and gone":         {Moves: []txn.Move{{From: "y", To: "new", Mode: 0o444}}, Removes: []txn.RawPath{"y"}},
		"a removed folder": {Removes: []txn.RawPath{"a"}}, "a removed link": {Removes: []txn.RawPath{"link"}}, "removed outside": {Removes: []txn.RawPath{"a/../../x"}},
	} {
		c.Files = append(c.Files, txn.File{Path: "good/file", Mode: 0o644, Data: nil})
		err := txn.CommitChange(context.Background(), p.Root, p.Git, c)
		if err == nil || errors.As(err, new(*txn.PendingError)) {
			t.Errorf("%s gave %v", name, err)
		}
		if diff := txntest.Difference(p.State(), before); diff != "" {
			t.Fatalf("%s, refused, changed something:\n%s", name, diff)
		}
	}
}

func TestCommitRefuses(t *testing.T) {
	p := oldPlace(t)
	p.Write("folder/file", "1")
	for at, to := range map[string]string{"link": "a", "linkfile": "y", "dangling": "nowhere", "out": t.TempDir()} {
		if err := os.Symlink(to, p.Root+"/"+at); err != nil {
			t.Fatal(err)
		}
	}
	before := p.State()
	good := txn.File{Path: "new", Mode: 0o644, Data: []byte("1")}
	for name, f := range map[string]txn.File{
		"a folder": {Path: "folder", Mode: 0o644, Data: nil}, "through a link": {Path: "link/x", Mode: 0o644, Data: nil}, "a link": {Path: "linkfile", Mode: 0o644, Data: nil}, "a dangling link": {Path: "dangling", Mode: 0o644, Data: nil},
		"outside": {Path: "../x", Mode: 0o644, Data: nil}, "absolute": {Path: "/tmp/x", Mode: 0o644, Data: nil}, "git": {Path: ".git/hooks/pre-commit", Mode: 0o755, Data: nil}, "git, by case": {Path: ".GIT/config", Mode: 0o644, Data: nil},
		"through a link out": {Path: "out/new/x", Mode: 0o644, Data: nil}, "below a file": {Path: "y/x", Mode: 0o644, Data: nil}, "twice": good, "setuid": {Path: "s", Mode: 0o4755, Data: nil}, "mode 0": {Path: "s", Mode: 0, Data: nil},
		"a name too long": {Path: artifact.Path(strings.Repeat("n", 250)), Mode: 0o644, Data: nil},
	} {
		err := txn.Commit(context.Background(), p.Root, p.Git, []txn.File{good, f})
		if err == nil || errors.As(err, new(*txn.PendingError)) {
			t.Errorf("%s gave %v", name, err)
		}
		if diff := txntest.Difference(p.State(), before); diff != "" {
			t.Fatalf("%s, refused, changed something:\n%s", name, diff)
		}
	}
	if err := txn.Commit(context.Background(), p.Root, p.Git, nil); err != nil {
		t.Errorf("nothing to do gave %v", err)
	}
}

func TestLockIsWaitedFor(t *testing.T) {
	p := oldPlace(t)
	w, err := txn.Begin(context.Background(), p.Root, p.Git)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := txn.Commit(ctx, p.Root, p.Git, newFolders); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a locked repository gave %v", err)
	}
	w.End()
	if err := txn.Commit(context.Background(), p.Root, p.Git, newFolders); err != nil {
		t.Error(err)
	}
}

// TestEmptied removes the folders that a change leaves empty, and no other one.
func TestEmptied(t *testing.T) {
	p := oldPlace(t)
	if err := txn.CommitChange(t.Context(), p.Root, p.Git, everything()); err != nil {
		t.Fatal(err)
	}
	state := p.State()
	if _, there := state["in"]; there || state["a/x"] == "" {
		t.Errorf("in is there: %v; a/x is %q", there, state["a/x"])
	}
}
