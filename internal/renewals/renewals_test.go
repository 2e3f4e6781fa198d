package renewals

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

var start = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

// git runs git in a folder, in a configuration of its own.
func runGit(t testing.TB, dir, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "protocol.file.allow=always", "-c", "gc.auto=0"}, args...)...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "LC_ALL=C",
		"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.org")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %q: %v: %s", args, err, stderr.String())
	}
	return strings.TrimSuffix(string(out), "\n")
}

// clone is a new repository, with a remote where one is given.
func clone(t testing.TB, remote string) (string, *repo.Repository) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "work")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	runGit(t, dir, "", "init", "-q", "-b", "main")
	runGit(t, dir, "", "commit", "-q", "--allow-empty", "-m", "first")
	if remote != "" {
		runGit(t, dir, "", "remote", "add", "origin", "file://"+remote)
	}
	r, err := repo.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return dir, r
}

func key(t testing.TB) vaulttime.Key {
	t.Helper()
	k, err := vaulttime.NewKey([]byte("a-key-for-tests-0123456789abcdef0123456789"))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// record is a record of a path, proved, of a time.
func record(t testing.TB, k vaulttime.Key, p artifact.Path, at time.Time) Entry {
	t.Helper()
	r := vaulttime.Record{SHA256: artifact.HashBytes([]byte(p)), Timestamp: vaulttime.TimeOf(at), TrustDomain: "default", TTLHours: 24, Path: &p}
	if err := k.Sign(&r); err != nil {
		t.Fatal(err)
	}
	return Entry{Record: r, Text: r.Encode()}
}

func writer(t testing.TB, r *repo.Repository, now time.Time) *Writer {
	t.Helper()
	k := key(t)
	w := &Writer{Repository: r, Now: now, Standing: func(r vaulttime.Record) Standing {
		if k.VerifyProof(r) {
			return Proved
		}
		return Refused
	}}
	m, ok, err := r.Remote(t.Context(), []string{"PATH=" + os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1", "HOME=" + t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if ok {
		w.Remote = &m
	}
	return w
}

// put adds records to what is there, the later one of two.
func put(entries ...Entry) func(map[artifact.Path]Entry) {
	return func(all map[artifact.Path]Entry) {
		for _, e := range entries {
			if stands, ok := all[*e.Record.Path]; !ok || e.Record.Timestamp.After(stands.Record.Timestamp.Time) {
				all[*e.Record.Path] = e
			}
		}
	}
}

func held(t testing.TB, r *repo.Repository) map[artifact.Path]Entry {
	t.Helper()
	s, err := Open(t.Context(), r, true)
	if err != nil || s.Note() != "" {
		t.Fatalf("open: %v %s", err, s.Note())
	}
	all, ignored, err := s.All(t.Context())
	if err != nil || len(ignored) > 0 {
		t.Fatalf("all: %v %v", ignored, err)
	}
	return all
}

// TestHostileRef: whatever the ref holds, what is no record of its path is ignored with a
// reason, and the records beside it are read.
func TestHostileRef(t *testing.T) {
	k := key(t)
	dir, r := clone(t, "")
	good, other := record(t, k, "a/good", start), record(t, k, "a/other", start)
	nameless := good.Record
	nameless.Path, nameless.Proof, nameless.KeyID, nameless.Chain = nil, "", "", nil
	blob := func(text string) string { return runGit(t, dir, text, "hash-object", "-w", "--stdin") }
	ok, large := blob(string(good.Text)), blob(string(good.Text)+strings.Repeat(" ", 10<<20))
	head := runGit(t, dir, "", "rev-parse", "HEAD")
	absent := strings.Repeat("1", 40)
	sub := runGit(t, dir, strings.Join([]string{
		"100644 blob " + ok + "\tgood.vaulttime.json",
		"100644 blob " + blob(string(other.Text)) + "\tmoved.vaulttime.json",
		"100644 blob " + blob(string(nameless.Encode())) + "\tnameless.vaulttime.json",
		"100644 blob " + large + "\tlarge.vaulttime.json",
		"100644 blob " + blob("{}") + "\tempty.vaulttime.json",
		"100644 blob " + blob("\x00\xff") + "\tbinary.vaulttime.json",
		"120000 blob " + ok + "\tlink.vaulttime.json",
		"160000 commit " + head + "\tmodule.vaulttime.json",
		"100644 blob " + absent + "\tgone.vaulttime.json",
		"100644 blob " + ok + "\tREADME.md",
		"",
	}, "\n"), "mktree", "--missing")
	empty := runGit(t, dir, "", "mktree")
	folder := runGit(t, dir, "100644 blob "+ok+"\tx\n", "mktree")
	root := runGit(t, dir, "040000 tree "+sub+"\ta\n040000 tree "+empty+"\tempty\n040000 tree "+folder+"\tfolder.vaulttime.json\n100644 blob "+ok+"\t.vaulttime.json\n", "mktree")
	runGit(t, dir, "", "update-ref", Ref, runGit(t, dir, "", "commit-tree", "-m", "m", "-p", head, root))

	for _, whole := range []bool{false, true} {
		s, err := Open(t.Context(), r, whole)
		if err != nil || s.Note() != "" {
			t.Fatalf("open: %v, %s", err, s.Note())
		}
		for name, want := range map[artifact.Path]State{
			"a/good": Readable, "a/moved": Foreign, "a/nameless": Foreign, "a/large": Unreadable, "a/empty": Unreadable, "a/binary": Unreadable,
			"a/link": Unreadable, "a/module": Unreadable, "a/gone": Unreadable, "folder": Unreadable, "a/none": Absent, "a/good/below": Absent,
		} {
			f, err := s.Record(t.Context(), name)
			if err != nil || f.State != want || (f.Reason == "") != (want == Readable || want == Absent) {
				t.Errorf("%s: %s %q %v, want %s", name, f.State, f.Reason, err, want)
			}
		}
		all, ignored, err := s.All(t.Context())
		if err != nil || !slices.Equal(slices.Collect(maps.Keys(all)), []artifact.Path{"a/good"}) {
			t.Errorf("all: %v %v", all, err)
		}
		if len(ignored) != 11 {
			t.Errorf("%d files are ignored, want 11: %v", len(ignored), ignored)
		}
		for _, i := range ignored {
			if i.Reason == "" {
				t.Errorf("%s is ignored without a reason", i.Name)
			}
		}
	}
	// The next write leaves none of it.
	done, err := writer(t, r, start).Write(t.Context(), put(record(t, k, "b", start)))
	if err != nil || !done.Changed || done.Records != 2 {
		t.Fatalf("write: %+v %v", done, err)
	}
	if got := runGit(t, dir, "", "ls-tree", "-r", "--name-only", Ref); got != "a/good.vaulttime.json\nb.vaulttime.json" {
		t.Errorf("the ref holds %q", got)
	}
	if n := runGit(t, dir, "", "rev-list", "--count", Ref); n != "1" {
		t.Errorf("the ref has %s commits", n)
	}
}

// TestUnreadableRef: a ref that cannot be read is one without records, and is written anew.
func TestUnreadableRef(t *testing.T) {
	k := key(t)
	for name, ref := range map[string]func(dir string) string{
		"a blob": func(dir string) string { return runGit(t, dir, "x", "hash-object", "-w", "--stdin") },
		"a tag": func(dir string) string {
			runGit(t, dir, "", "tag", "-a", "-m", "m", "t")
			return runGit(t, dir, "", "rev-parse", "t")
		},
		"an absent object": func(string) string { return strings.Repeat("1", 40) },
		"an absent tree": func(dir string) string {
			return runGit(t, dir, "tree "+strings.Repeat("1", 40)+"\nauthor A <a> 0 +0000\ncommitter A <a> 0 +0000\n\nm\n", "hash-object", "-t", "commit", "-w", "--stdin")
		},
		"an odd mode": func(dir string) string {
			blob := runGit(t, dir, "x", "hash-object", "-w", "--stdin")
			id := make([]byte, 20)
			fmt.Sscanf(blob, "%x", &id)
			tree := runGit(t, dir, "1234567 x\x00"+string(id), "hash-object", "-t", "tree", "-w", "--stdin", "--literally")
			return runGit(t, dir, "tree "+tree+"\nauthor A <a> 0 +0000\ncommitter A <a> 0 +0000\n\nm\n", "hash-object", "-t", "commit", "-w", "--stdin")
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, r := clone(t, "")
			file := filepath.Join(dir, ".git", filepath.FromSlash(Ref))
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(ref(dir)+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			for _, whole := range []bool{false, true} {
				s, err := Open(t.Context(), r, whole)
				if err != nil || !strings.Contains(s.Note(), "cannot be read") {
					t.Fatalf("open: %v, %q", err, s.Note())
				}
				if f, err := s.Record(t.Context(), "x"); err != nil || f.State != Absent {
					t.Errorf("a record: %+v %v", f, err)
				}
			}
			if done, err := writer(t, r, start).Write(t.Context(), put(record(t, k, "x", start))); err != nil || done.Records != 1 || len(done.Dropped) == 0 {
				t.Errorf("write: %+v %v", done, err)
			}
			if got := held(t, r); len(got) != 1 {
				t.Errorf("the ref holds %v", got)
			}
		})
	}
	_, r := clone(t, "")
	if s, err := Open(t.Context(), r, false); err != nil || !strings.Contains(s.Note(), "is not here") {
		t.Errorf("no ref: %v %q", err, s.Note())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, r, false); !errors.Is(err, context.Canceled) {
		t.Errorf("ended: %v", err)
	}
}

// TestWriteDrops: what is over or has a false proof does not stay in the ref, and does not
// replace what is proved.
func TestWriteDrops(t *testing.T) {
	k := key(t)
	_, r := clone(t, "")
	w := writer(t, r, start.Add(23*time.Hour))
	forged := record(t, k, "forged", start.Add(22*time.Hour))
	forged.Record.TTLHours = 1000
	forged.Text = forged.Record.Encode()
	if done, err := w.Write(t.Context(), put(record(t, k, "old", start), record(t, k, "new", start.Add(time.Hour)), forged)); err != nil || done.Pushed {
		t.Fatal(done, err)
	}
	if got := slices.Sorted(maps.Keys(held(t, r))); len(got) != 3 {
		t.Fatalf("written: %v", got)
	}
	w.Now = start.Add(24*time.Hour + time.Minute)
	if _, err := w.Write(t.Context(), func(map[artifact.Path]Entry) {}); err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(maps.Keys(held(t, r))); !slices.Equal(got, []artifact.Path{"new"}) {
		t.Errorf("kept: %v", got)
	}
	before, _, _ := r.Ref(t.Context(), Ref)
	if done, err := w.Write(t.Context(), func(map[artifact.Path]Entry) {}); err != nil || done.Changed {
		t.Errorf("nothing to write: %+v %v", done, err)
	}
	if after, _, _ := r.Ref(t.Context(), Ref); after != before {
		t.Error("the ref was written though nothing changed")
	}
}

// TestRace: two clones renew at the same time. Whoever pushes second takes over what the
// first one wrote; of one artifact the later record stays, in every order.
func TestRace(t *testing.T) {
	k := key(t)
	for name, first := range map[string]bool{"the earlier first": true, "the later first": false} {
		t.Run(name, func(t *testing.T) {
			server, _ := clone(t, "")
			_, one := clone(t, server)
			_, two := clone(t, server)
			early, late := put(record(t, k, "both", start), record(t, k, "one", start)), put(record(t, k, "both", start.Add(time.Hour)), record(t, k, "two", start.Add(time.Hour)))
			if !first {
				early, late = late, early
			}
			interrupted := false
			a, b := writer(t, one, start.Add(2*time.Hour)), writer(t, two, start.Add(2*time.Hour))
			done, err := a.Write(t.Context(), func(all map[artifact.Path]Entry) {
				if !interrupted { // the other one writes after this one has read
					interrupted = true
					if done, err := b.Write(t.Context(), late); err != nil || !done.Pushed {
						t.Errorf("the other: %+v %v", done, err)
					}
				}
				early(all)
			})
			if err != nil || !done.Pushed || done.Records != 3 {
				t.Fatalf("%+v %v", done, err)
			}
			if err := b.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
			for name, r := range map[string]*repo.Repository{"one": one, "two": two} {
				got := held(t, r)
				if len(got) != 3 || !got["both"].Record.Timestamp.Equal(start.Add(time.Hour)) {
					t.Errorf("%s holds %v", name, got)
				}
			}
			if n := runGit(t, server, "", "rev-list", "--count", Ref); n != "1" {
				t.Errorf("the ref has %s commits", n)
			}
		})
	}
}

// TestProofsAreCheckedOnce: of bringing the ref up to date and writing to it, one checks the
// proof of a record.
func TestProofsAreCheckedOnce(t *testing.T) {
	k := key(t)
	server, _ := clone(t, "")
	_, one := clone(t, server)
	if _, err := writer(t, one, start).Write(t.Context(), put(record(t, k, "a", start), record(t, k, "b", start))); err != nil {
		t.Fatal(err)
	}
	_, two := clone(t, server)
	w := writer(t, two, start.Add(time.Hour))
	standing, checked := w.Standing, map[string]int{}
	var mutex sync.Mutex
	w.Standing = func(r vaulttime.Record) Standing {
		mutex.Lock()
		defer mutex.Unlock()
		checked[r.Path.String()]++
		return standing(r)
	}
	if err := w.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(t.Context(), put(record(t, k, "c", start.Add(time.Hour)))); err != nil {
		t.Fatal(err)
	}
	if want := map[string]int{"a": 1, "b": 1}; !maps.Equal(checked, want) {
		t.Errorf("proofs were checked %v times, want %v", checked, want)
	}
}

// TestRetiring: a record of a retiring key stays until one of the current key is there, which
// replaces it whatever the times are.
func TestRetiring(t *testing.T) {
	k := key(t)
	_, r := clone(t, "")
	w := writer(t, r, start.Add(time.Hour))
	retiring := record(t, k, "a", start.Add(time.Hour))
	standing := w.Standing
	w.Standing = func(r vaulttime.Record) Standing {
		if r.Proof == retiring.Record.Proof {
			return Retiring
		}
		return standing(r)
	}
	if _, err := w.Write(t.Context(), put(retiring)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(t.Context(), func(map[artifact.Path]Entry) {}); err != nil || len(held(t, r)) != 1 {
		t.Fatalf("%v, the ref holds %v", err, held(t, r))
	}
	current := record(t, k, "a", start)
	if !w.Better(current, retiring) || w.Better(retiring, current) {
		t.Error("the record of a retiring key is better than one of the current key")
	}
}

// TestBetter: of two proved records the one of the later attestation stays, whichever was
// renewed later, and of one attestation the later one.
func TestBetter(t *testing.T) {
	w := writer(t, func() *repo.Repository { _, r := clone(t, ""); return r }(), start)
	of := func(attested, renewed int) Entry {
		e := record(t, key(t), "a", start.Add(time.Duration(renewed)*time.Second))
		at := vaulttime.TimeOf(start.Add(time.Duration(attested) * time.Second))
		e.Record.AttestedAt = &at
		if err := key(t).Sign(&e.Record); err != nil {
			t.Fatal(err)
		}
		e.Text = e.Record.Encode()
		return e
	}
	for _, c := range []struct {
		name        string
		better, bad Entry
	}{
		{"a later attestation, renewed in the same second", of(20, 60), of(10, 60)},
		{"a later attestation, renewed by a clock that is behind", of(20, 58), of(10, 60)},
		{"one attestation, renewed later", of(10, 61), of(10, 60)},
		{"a record without attested_at counts with its time", record(t, key(t), "a", start.Add(time.Minute)), of(10, 90)},
	} {
		if !w.Better(c.better, c.bad) || w.Better(c.bad, c.better) {
			t.Errorf("%s: it does not stay", c.name)
		}
	}
}

// TestMadeByThisRun: the proof of a record that the run signed is not checked; what the record
// is worth decides all the same.
func TestMadeByThisRun(t *testing.T) {
	_, r := clone(t, "")
	w := writer(t, r, start.Add(time.Hour))
	first := record(t, key(t), "a", start)
	if _, err := w.Write(t.Context(), put(first)); err != nil {
		t.Fatal(err)
	}
	standing := w.Standing
	w.Standing = func(r vaulttime.Record) Standing {
		if r.Proof != first.Record.Proof {
			t.Error("a proof that this run made is checked")
		}
		return standing(r)
	}
	for _, made := range []Standing{Proved, Retiring} {
		later := record(t, key(t), "a", start.Add(time.Minute))
		later.Made = &made
		if got, want := w.Better(later, first), made == Proved; got != want {
			t.Errorf("a later record that is worth %d is better: %t", made, got)
		}
	}
}

// TestRaceEnds: who is never first says so, after some tries, and leaves the others' records.
func TestRaceEnds(t *testing.T) {
	k := key(t)
	server, _ := clone(t, "")
	_, one := clone(t, server)
	_, two := clone(t, server)
	a, b := writer(t, one, start), writer(t, two, start)
	n := 0
	_, err := a.Write(t.Context(), func(all map[artifact.Path]Entry) {
		n++
		if _, err := b.Write(t.Context(), put(record(t, k, artifact.Path(fmt.Sprint("n", n)), start))); err != nil {
			t.Error(err)
		}
		put(record(t, k, "mine", start))(all)
	})
	var moved *git.RefMovedError
	if !errors.As(err, &moved) || n != maxTries {
		t.Errorf("after %d tries: %v", n, err)
	}
	if err := b.Sync(t.Context()); err != nil || len(held(t, two)) != maxTries {
		t.Errorf("the others' are lost: %v %v", held(t, two), err)
	}
}

// TestUnreachableRemote: nothing is said to be pushed, and nothing is written.
func TestUnreachableRemote(t *testing.T) {
	_, r := clone(t, "/nowhere/at/all")
	w := writer(t, r, start)
	var failed *git.RemoteError
	if done, err := w.Write(t.Context(), put(record(t, key(t), "x", start))); !errors.As(err, &failed) || done.Pushed || done.Changed {
		t.Errorf("%+v %v", done, err)
	}
	if _, ok, _ := r.Ref(t.Context(), Ref); ok {
		t.Error("the ref was written")
	}
}

// TestGrowth: the repository does not grow with the number of renewals. CODEXLOCK_LONG=1
// renews 10,000 artifacts daily for a year, which is to add less than 50 MB, also with what
// Git keeps for two weeks until it collects it.
func TestGrowth(t *testing.T) {
	artifacts, days, most := 1000, 30, int64(1<<20)
	if os.Getenv("CODEXLOCK_LONG") != "" {
		artifacts, days, most = 10000, 365, 50<<20
	}
	k := key(t)
	dir, r := clone(t, "")
	w := writer(t, r, start)
	entries := make([]Entry, artifacts)
	for day := range days {
		w.Now = start.AddDate(0, 0, day)
		for i := range entries {
			entries[i] = record(t, k, artifact.Path(fmt.Sprintf("assets/sources/%02d/%d.bin", i%100, i)), w.Now)
		}
		if done, err := w.Write(t.Context(), put(entries...)); err != nil || done.Records != artifacts {
			t.Fatal(done, err)
		}
		if day%7 == 6 && artifacts > 1000 { // as git gc --auto does at some time, for someone
			runGit(t, dir, "", "-c", "gc.pruneExpire=now", "gc", "-q")
		}
	}
	runGit(t, dir, "", "gc", "-q", "--prune=now")
	var size int64
	err := filepath.WalkDir(filepath.Join(dir, ".git", "objects"), func(_ string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			info, err := d.Info()
			if err == nil {
				size += info.Size()
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d artifacts renewed %d times: %d KB", artifacts, days, size>>10)
	if size > most {
		t.Errorf("the repository has %d bytes after %d renewals of %d artifacts, want at most %d", size, days, artifacts, most)
	}
	if n := runGit(t, dir, "", "rev-list", "--count", "--all"); n != "2" {
		t.Errorf("%s commits, want the first and the ref's", n)
	}
}
