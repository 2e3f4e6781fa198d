package attest

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
)

// The child of TestKilledAnywhere is this test binary with these flags.
var (
	killAt   = flag.Int("kill-at", 0, "in TestKillHelper, the step to be killed before")
	killRoot = flag.String("kill-root", "", "in TestKillHelper, the repository")
	killWhat = flag.String("kill-what", "", "in TestKillHelper, attest or recover")
)

func kill(int) error { return syscall.Kill(os.Getpid(), syscall.SIGKILL) }

// onStep counts the steps, and does something before the n-th.
func onStep(t testing.TB, n int, do func(step int) error) (count *int) {
	count = new(int)
	step = func(op, name string) error {
		*count++
		if *count == n {
			return do(n)
		}
		return nil
	}
	t.Cleanup(func() { step = func(op, name string) error { return nil } })
	return count
}

// TestKillHelper is no test: it is what TestKilledAnywhere kills.
func TestKillHelper(t *testing.T) {
	if *killRoot == "" {
		t.Skip("run by TestKilledAnywhere")
	}
	onStep(t, *killAt, kill)
	p := place{t, *killRoot, *killRoot + "/.git"}
	switch *killWhat {
	case "attest":
		p.mustAttest(options(t), "a/x", "y")
	case "together":
		atOnce = 1
		fallthrough
	case "commit":
		if err := Commit(context.Background(), p.root, p.git, newFolders); err != nil {
			t.Fatal(err)
		}
	case "change together":
		atOnce = 1
		fallthrough
	case "change":
		if err := CommitChange(context.Background(), p.root, p.git, everything()); err != nil {
			t.Fatal(err)
		}
	case "ingest", "quarantine", "release":
		if err := p.intake(*killWhat); err != nil {
			t.Fatal(err)
		}
	case "recover":
		if _, err := Recover(p.root, p.git); err != nil {
			t.Fatal(err)
		}
	default:
		t.Fatalf("nothing to do: %q", *killWhat)
	}
}

var newFolders = []File{
	{Path: "n/e/w/one", Mode: 0o755, Data: []byte("one")}, {Path: "n/e/two", Mode: 0o644, Data: []byte("two")}, {Path: "a/x", Mode: 0o644, Data: []byte("replaced")}, {Path: "empty", Mode: 0o644, Data: nil},
}

// everything is a change of every sort. What it moves by copying stands for what
// is on another file system.
func everything() Change {
	return Change{
		Files: []File{{Path: "n/e/w/one", Mode: 0o444, Data: []byte("one")}, {Path: "a/x", Mode: 0o644, Data: []byte("replaced")}},
		Moves: []Move{
			{From: "y", To: "n/moved", Mode: 0o444}, {From: "z", To: "q/copied", Mode: 0o400, Copy: true},
			{From: "in/\xff\n", To: "q/named", Mode: 0o400}, {From: "in/new", To: "z.manifest.json", Mode: 0o444, Replace: true},
			{From: "in/run", To: "z.test", Mode: 0o444, Replace: true, Copy: true},
		},
		Removes: []RawPath{"y.manifest.json", "in/\xfe"},
	}
}

// run starts the helper and reports whether it was killed.
func (p place) run(what string, at int) (killed bool) {
	p.t.Helper()
	out, err := exec.Command(os.Args[0], "-test.run=^TestKillHelper$", "-test.count=1",
		fmt.Sprintf("-kill-at=%d", at), "-kill-root="+p.root, "-kill-what="+what).CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL {
		return true
	}
	if err != nil {
		p.t.Fatalf("%s, killed at %d: %v\n%s", what, at, err, out)
	}
	return false
}

func oldPlace(t testing.TB) place {
	p := newPlace(t, map[string]string{"a/x": "x", "y": "y", "z": "z", "in/\xff\n": "no UTF-8", "in/\xfe": "nor this", "in/new": "new", "in/run": "run"})
	p.mustAttest(options(t), "z")
	p.write("y.manifest.json", "{}")
	return p
}

// TestKilledAnywhere kills a writer before every step that changes the file
// system. Recover then has to leave the old tree or the new one, to the byte.
func TestKilledAnywhere(t *testing.T) {
	for _, what := range []string{"attest", "commit", "change", "together", "change together", "ingest", "quarantine", "release"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			place := oldPlace
			if slices.Contains([]string{"ingest", "quarantine", "release"}, what) {
				place = incomingPlace
			}
			p := place(t)
			before := p.state()
			if p.run(what, 0) {
				t.Fatal("killed without being asked to")
			}
			after := p.state()
			if difference(before, after) == "" {
				t.Fatal("the writer changes nothing")
			}
			old, new, n := 0, 0, 1
			for ; ; n++ {
				p := place(t)
				if !p.run(what, n) {
					break
				}
				pending := Pending(p.git)
				done, err := Recover(p.root, p.git)
				if err != nil {
					t.Fatalf("killed at %d: %v", n, err)
				}
				got := p.state()
				switch {
				case difference(got, before) == "":
					old++
					if pending || done != 0 {
						t.Errorf("killed at %d: pending %v, %d files recovered, the old tree", n, pending, done)
					}
				case difference(got, after) == "":
					new++
				default:
					t.Errorf("killed at %d: neither old nor new.\nAgainst old:\n%s\nAgainst new:\n%s", n, difference(got, before), difference(got, after))
				}
				if again, err := Recover(p.root, p.git); again != 0 || err != nil || Pending(p.git) {
					t.Errorf("killed at %d: a second recovery did %d files, %v", n, again, err)
				}
			}
			if old < 10 || new < 5 {
				t.Errorf("%d steps, %d old and %d new: too few to mean anything", n, old, new)
			}
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
			before := fresh.state()
			fresh.run(what, 0)
			killInRecovery(t, what, decided, before, fresh.state())
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
			if !p.run(what, at) {
				t.Fatalf("not killed at %d", at)
			}
			pending := Pending(p.git)
			if pending != (at > decided) {
				t.Fatalf("%s killed at %d, pending is %v", what, at, pending)
			}
			if !p.run("recover", n) {
				break
			}
			kills++
			if _, err := Recover(p.root, p.git); err != nil {
				t.Fatal(err)
			}
			want := before
			if pending {
				want = after
			}
			if diff := difference(p.state(), want); diff != "" {
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
	if err := CommitChange(context.Background(), whole.root, whole.git, everything()); err != nil {
		t.Fatal(err)
	}
	change, after := everything(), whole.state()
	for _, fault := range []error{syscall.ENOSPC, syscall.EROFS} {
		old, pended, n := 0, 0, 1
		for ; ; n++ {
			onStep(t, 0, nil)
			p := oldPlace(t)
			before := p.state()
			// The lock's folder is made by oldPlace, so the steps are Commit's own.
			count := onStep(t, n, func(int) error { return fault })
			err := CommitChange(context.Background(), p.root, p.git, change)
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
			onStep(t, 0, nil)
			var pending *PendingError
			if !errors.As(err, &pending) {
				old++
				if diff := difference(p.state(), before); diff != "" {
					t.Errorf("%v at %d left\n%s", fault, n, diff)
				}
				continue
			}
			pended++
			if _, err := Recover(p.root, p.git); err != nil {
				t.Fatal(err)
			}
			if diff := difference(p.state(), after); diff != "" {
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
	if err := errors.Join(os.Symlink("y", p.root+"/link"), syscall.Mkfifo(p.root+"/fifo", 0o644), os.Symlink(t.TempDir(), p.root+"/out")); err != nil {
		t.Fatal(err)
	}
	before := p.state()
	to := func(from RawPath, to artifact.Path) Change {
		return Change{Moves: []Move{{From: from, To: to, Mode: 0o444}}}
	}
	f, stale, err := tree{root: p.root}.open("z")
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	for name, c := range map[string]Change{
		"over a file": to("y", "z"), "over a folder": to("y", "a"), "a link": to("link", "new"), "a FIFO": to("fifo", "new"), "a folder": to("a", "new"),
		"nothing": to("none", "new"), "outside": to("../x", "new"), "to outside": to("y", "../x"), "git": to(".git/config", "new"), "to git": to("y", ".git/hooks/x"),
		"through a link": to("out/x", "new"), "to a link's": to("y", "out/x"), "a name with NUL": to("y\x00", "new"), "nameless": to("", "new"), "onto itself": to("y", "y"),
		"a mode":           {Moves: []Move{{From: "y", To: "new", Mode: 0o4755}}},
		"changed":          {Moves: []Move{{From: "y", To: "new", Mode: 0o444, seen: &stale}}},
		"twice":            {Moves: []Move{{From: "y", To: "new", Mode: 0o444}, {From: "y", To: "newer", Mode: 0o444}}},
		"and gone":         {Moves: []Move{{From: "y", To: "new", Mode: 0o444}}, Removes: []RawPath{"y"}},
		"a removed folder": {Removes: []RawPath{"a"}}, "a removed link": {Removes: []RawPath{"link"}}, "removed outside": {Removes: []RawPath{"a/../../x"}},
	} {
		c.Files = append(c.Files, File{Path: "good/file", Mode: 0o644, Data: nil})
		err := CommitChange(context.Background(), p.root, p.git, c)
		if err == nil || errors.As(err, new(*PendingError)) {
			t.Errorf("%s gave %v", name, err)
		}
		if diff := difference(p.state(), before); diff != "" {
			t.Fatalf("%s, refused, changed something:\n%s", name, diff)
		}
	}
}

func TestCommitRefuses(t *testing.T) {
	p := oldPlace(t)
	p.write("folder/file", "1")
	for at, to := range map[string]string{"link": "a", "linkfile": "y", "dangling": "nowhere", "out": t.TempDir()} {
		if err := os.Symlink(to, p.root+"/"+at); err != nil {
			t.Fatal(err)
		}
	}
	before := p.state()
	good := File{Path: "new", Mode: 0o644, Data: []byte("1")}
	for name, f := range map[string]File{
		"a folder": {Path: "folder", Mode: 0o644, Data: nil}, "through a link": {Path: "link/x", Mode: 0o644, Data: nil}, "a link": {Path: "linkfile", Mode: 0o644, Data: nil}, "a dangling link": {Path: "dangling", Mode: 0o644, Data: nil},
		"outside": {Path: "../x", Mode: 0o644, Data: nil}, "absolute": {Path: "/tmp/x", Mode: 0o644, Data: nil}, "git": {Path: ".git/hooks/pre-commit", Mode: 0o755, Data: nil}, "git, by case": {Path: ".GIT/config", Mode: 0o644, Data: nil},
		"through a link out": {Path: "out/new/x", Mode: 0o644, Data: nil}, "below a file": {Path: "y/x", Mode: 0o644, Data: nil}, "twice": good, "setuid": {Path: "s", Mode: 0o4755, Data: nil}, "mode 0": {Path: "s", Mode: 0, Data: nil},
		"a name too long": {Path: artifact.Path(strings.Repeat("n", 250)), Mode: 0o644, Data: nil},
	} {
		err := Commit(context.Background(), p.root, p.git, []File{good, f})
		if err == nil || errors.As(err, new(*PendingError)) {
			t.Errorf("%s gave %v", name, err)
		}
		if diff := difference(p.state(), before); diff != "" {
			t.Fatalf("%s, refused, changed something:\n%s", name, diff)
		}
	}
	if err := Commit(context.Background(), p.root, p.git, nil); err != nil {
		t.Errorf("nothing to do gave %v", err)
	}
}

func TestReadOnlyFolder(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write in a read-only folder; TestFaultAnywhere has EROFS at every step")
	}
	p := oldPlace(t)
	before := p.state()
	if err := os.Chmod(p.root+"/a", 0o555); err != nil {
		t.Fatal(err)
	}
	_, err := p.attest(options(t), "y", "a/x")
	if chmodErr := os.Chmod(p.root+"/a", 0o755); chmodErr != nil {
		t.Fatal(chmodErr)
	}
	if !errors.Is(err, fs.ErrPermission) || difference(p.state(), before) != "" {
		t.Errorf("got %v\n%s", err, difference(p.state(), before))
	}
}

// TestSwappedForALink replaces a folder by a link between the check and the
// write, which has to be refused and not followed (B4, B13).
func TestSwappedForALink(t *testing.T) {
	p, outside := oldPlace(t), t.TempDir()
	swapped := false
	step = func(op, name string) error {
		if op == "create" && strings.HasPrefix(name, "a/") && !swapped {
			swapped = true
			if err := os.Rename(p.root+"/a", p.root+"/was"); err != nil {
				t.Error(err)
			}
			if err := os.Symlink(outside, p.root+"/a"); err != nil {
				t.Error(err)
			}
		}
		return nil
	}
	defer func() { step = func(op, name string) error { return nil } }()
	_, err := p.attest(options(t), "a/x")
	var refused *RefusedError
	if !swapped || !errors.As(err, &refused) {
		t.Errorf("got %v, swapped %v", err, swapped)
	}
	left, readErr := os.ReadDir(outside)
	if readErr != nil || len(left) != 0 {
		t.Errorf("written through the link: %v, %v", left, readErr)
	}
}

// journalFile is the file of a journal, as a commit writes it.
func journalFile(t testing.TB, j journal) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/"+stateDir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := (writer{state: tree{root: dir}}).writeJournal(j); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(dir + "/" + journalTemp)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestJournalIsJSON holds the file that is written piece by piece to the one that
// json.Marshal writes, which earlier releases read, and reads it back.
func TestJournalIsJSON(t *testing.T) {
	whole := everything()
	for name, j := range map[string]journal{
		"empty": {Version: 1},
		"files": {Version: 1, Files: []File{{Path: "a<b>&'\"/\u00e9", Mode: 0o755, Data: []byte("\x00\xff<&>")}, {Path: "empty", Mode: 0o400, Data: []byte{}}}},
		"all":   {Version: 1, Files: whole.Files, Moves: whole.Moves, Removes: whole.Removes, Folders: []string{"n", "n/e"}},
	} {
		j.Files = append([]File{}, j.Files...)
		body, err := json.Marshal(j)
		if err != nil {
			t.Fatal(err)
		}
		want, err := json.Marshal(checkedJournal{artifact.HashBytes(body), body})
		if err != nil {
			t.Fatal(err)
		}
		got := journalFile(t, j)
		if got != string(want) {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, want)
		}
		if read, err := decodeJournal([]byte(got)); name != "empty" && (err != nil || !reflect.DeepEqual(read, j)) {
			t.Errorf("%s: read back as %+v, %v", name, read, err)
		}
	}
}

// TestJournals reads what may stand in the Git directory.
func TestJournals(t *testing.T) {
	seal := func(j journal) string { return journalFile(t, j) }
	whole := seal(journal{Version: 1, Files: []File{{Path: "new", Mode: 0o644, Data: []byte("1")}}})
	for name, text := range map[string]string{
		"torn": whole[:len(whole)/2], "empty": "", "changed": strings.Replace(whole, "new", "old", 1), "more": whole + "{}", "unknown": `{"a":1}`,
		"version": seal(journal{Version: 2}), "outside": seal(journal{Version: 1, Files: []File{{Path: "../x", Mode: 0o644, Data: nil}}}),
		"hook": seal(journal{Version: 1, Files: []File{{Path: ".git/hooks/x", Mode: 0o755, Data: nil}}}), "folder outside": seal(journal{Version: 1, Folders: []string{"../x"}}),
	} {
		p := oldPlace(t)
		before := p.state()
		// Undecided: nothing happens but that it goes.
		p.write(".git/codexlock/journal.json.tmp", text)
		if n, err := Recover(p.root, p.git); n != 0 || err != nil || Pending(p.git) || difference(p.state(), before) != "" {
			t.Errorf("%s, undecided: %d, %v\n%s", name, n, err, difference(p.state(), before))
		}
		// Decided: it should be whole, so that anything else is refused.
		p.write(".git/codexlock/journal.json", text)
		before = p.state()
		if n, err := Recover(p.root, p.git); n != 0 || err == nil || !Pending(p.git) || difference(p.state(), before) != "" {
			t.Errorf("%s, decided: %d, %v\n%s", name, n, err, difference(p.state(), before))
		}
		if _, err := p.attest(options(t), "y"); err == nil {
			t.Errorf("%s: attested in spite of it", name)
		}
	}
	p := oldPlace(t)
	p.write(".git/codexlock/journal.json", whole)
	if n, err := Recover(p.root, p.git); n != 1 || err != nil || string(p.read("new")) != "1" {
		t.Errorf("a whole journal: %d, %v", n, err)
	}
	if n, err := Recover(p.root, p.root+"/none"); n != 0 || err != nil || Pending(p.root+"/none") {
		t.Errorf("no Git directory: %d, %v", n, err)
	}
}

func TestLockIsWaitedFor(t *testing.T) {
	p := oldPlace(t)
	release, err := lock(context.Background(), p.git)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := Commit(ctx, p.root, p.git, newFolders); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a locked repository gave %v", err)
	}
	release()
	if err := Commit(context.Background(), p.root, p.git, newFolders); err != nil {
		t.Error(err)
	}
}
