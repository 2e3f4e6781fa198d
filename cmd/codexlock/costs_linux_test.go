package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/codexlock/codexlock/internal/cli"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/host"
)

// The repositories that are compared: what one artifact more costs is the difference
// of what they cost, divided by that of their sizes. So start-up is not in it.
const fewArtifacts, manyArtifacts = 200, 400

// costSlack is how far the bounds of memory are above what was measured when they were
// set: a regression by a factor is caught, another version of Go is not.
const costSlack = 1.3

// A costCase is a command whose costs are counted, not timed, so that the figures are
// the same on every machine.
type costCase struct {
	name    string
	args    []string
	code    int
	later   time.Duration // after the time at which everything was attested
	keyless bool
	prepare func(t *testing.T, r *costRepository) // before the command, not counted
	bounds  costs
}

// costs are what one artifact more costs, and how many git processes a command starts
// in all.
type costs struct {
	allocations, bytes float64
	openings           float64 // of files and folders below assets/sources, by whatever process
	git                float64
}

// The bounds. To measure again, run
//
//	go test ./cmd/codexlock -run TestCosts -v -count 1
//
// which logs every line as it would be written here, and replace them: by lower ones
// after an improvement, by higher ones with a reason in the commit.
var costCases = []costCase{
	{name: "clean", args: []string{"verify", "--all"},
		bounds: costs{184, 22773, 4.5, 6}},
	{name: "expired", args: []string{"verify", "--all"}, code: exit.Denied, later: 48 * time.Hour,
		bounds: costs{805, 60996, 4.5, 6}},
	{name: "keyless", args: []string{"verify", "--all"}, code: exit.Denied, keyless: true,
		bounds: costs{826, 63882, 4.5, 6}},
	{name: "drifted", args: []string{"verify", "--all"}, code: exit.Denied, prepare: drift,
		bounds: costs{1453, 95439, 5.5, 9}},
	{name: "one path", args: []string{"verify", "assets/sources/0/a0000.txt"}, // what the others cost
		bounds: costs{36, 3200, 0.5, 6}},
	{name: "changed", args: []string{"verify", "--base", "HEAD^1", "--head", "HEAD"},
		bounds: costs{358, 41349, 0.5, 8}},
	{name: "unchanged", args: []string{"verify", "--base", "HEAD", "--head", "HEAD"},
		bounds: costs{3, 518, 0.5, 7}},
	{name: "renew", args: []string{"renew", "--within", "24h"}, later: time.Hour,
		bounds: costs{443, 79509, 10.5, 8}},
	{name: "attest", args: []string{"attest", "--all"}, prepare: drift,
		bounds: costs{529, 71077, 7.5, 10}},
}

// TestCosts holds what one artifact more costs: the difference between two repositories,
// divided by that of their sizes, so that start-up is not in it.
func TestCosts(t *testing.T) {
	few, many := newCostRepository(t, fewArtifacts), newCostRepository(t, manyArtifacts)
	for _, c := range costCases {
		t.Run(c.name, func(t *testing.T) {
			few.costs(t, c) // computes what a process computes once
			a, b := few.costs(t, c), many.costs(t, c)
			each := func(a, b float64) float64 { return (b - a) / (manyArtifacts - fewArtifacts) }
			got := costs{each(a.allocations, b.allocations), each(a.bytes, b.bytes), each(a.openings, b.openings), b.git}
			// A collection at a bad moment empties the pools, which are then filled anew: what
			// counts is the median of some runs.
			for all := []float64{got.bytes}; got.bytes > c.bounds.bytes && len(all) < 11; {
				for range 2 {
					all = append(all, each(few.costs(t, c).bytes, many.costs(t, c).bytes))
				}
				slices.Sort(all)
				got.bytes = all[len(all)/2]
			}
			t.Logf("bounds: costs{%s}}, // measured %.1f", bound(got), got)
			for _, figure := range []struct {
				name      string
				got, most float64
			}{
				{"allocations an artifact", got.allocations, c.bounds.allocations},
				{"bytes an artifact", got.bytes, c.bounds.bytes},
				{"openings an artifact", got.openings, c.bounds.openings},
				{"git processes", got.git, c.bounds.git},
			} {
				if figure.got > figure.most {
					t.Errorf("%.2f %s, want at most %g", figure.got, figure.name, figure.most)
				}
			}
			if b.git > a.git+1 { // a process more is started where two read objects at one time
				t.Errorf("%g git processes for %d artifacts, %g for %d: their number grows", a.git, fewArtifacts, b.git, manyArtifacts)
			}
		})
	}
}

// TestGitProcesses holds how many git processes the common commands start, but for the
// one that says its version, which a process asks once.
func TestGitProcesses(t *testing.T) {
	const name = "assets/sources/0/a0000.txt"
	r := newCostRepository(t, 2)
	for _, c := range []struct {
		args string
		most float64
		edit bool // every artifact first
	}{
		{args: "--help", most: 0},
		{args: "policy list", most: 3},
		{args: "init", most: 7},
		{args: "verify", most: 4},
		{args: "verify --all", most: 4},
		{args: "verify " + name, most: 4},
		{args: "verify --base HEAD^1 --head HEAD", most: 6},
		{args: "explain " + name, most: 4},
		{args: "facts " + name, most: 4},
		{args: "attest " + name, most: 7, edit: true},
		{args: "attest --changed", most: 9, edit: true},
		{args: "attest --all", most: 9},
		{args: "renew --within 24h", most: 17},
		{args: "quarantine list", most: 2},
		{args: "ingest", most: 2},
		{args: "export " + name, most: 7},
	} {
		t.Run(c.args, func(t *testing.T) {
			one := costCase{args: strings.Fields(c.args), later: time.Hour}
			if c.edit {
				one.prepare = drift
			}
			if got := r.costs(t, one).git; got > c.most {
				t.Errorf("%g git processes, want at most %g", got, c.most)
			}
		})
	}
}

// bound is a line of the bounds for what was measured. Openings and processes are
// exact, so half an opening and two processes are slack enough.
func bound(c costs) string {
	loose := func(f float64) float64 { return math.Ceil(max(0, f) * costSlack) }
	return fmt.Sprintf("%.0f, %.0f, %.1f, %.0f", loose(c.allocations), loose(c.bytes), max(0, c.openings)+0.5, c.git+2)
}

// A costRepository has n attested artifacts. Its last commit is that of all of them.
type costRepository struct {
	dir      string
	n        int
	attested time.Time
}

func newCostRepository(t *testing.T, n int) *costRepository {
	t.Helper()
	r := &costRepository{dir: t.TempDir(), n: n, attested: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)}
	r.git(t, "init", "-q", "-b", "main")
	r.run(t, costCase{args: []string{"init"}})
	r.configure(t)
	r.git(t, "add", "-A")
	r.git(t, "commit", "-q", "-m", "protected")
	r.write(t, "")
	r.run(t, costCase{args: []string{"attest", "--all"}})
	r.git(t, "add", "-A")
	r.git(t, "commit", "-q", "-m", "attested")
	return r
}

// configure has a run without the key denied, and records renewed in the tree: the bounds
// are of both.
func (r *costRepository) configure(t *testing.T) {
	t.Helper()
	name := filepath.Join(r.dir, "codexlock.yaml")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.NewReplacer("keyless: proof", "keyless: deny", "renewals: ref", "renewals: tree").Replace(string(text))
	if err := os.WriteFile(name, []byte(edited), 0o644); err != nil {
		t.Fatal(err)
	}
}

// write writes every artifact, with something appended.
func (r *costRepository) write(t *testing.T, more string) {
	t.Helper()
	for i := range r.n {
		name := filepath.Join(r.dir, "assets", "sources", fmt.Sprint(i%2), fmt.Sprintf("a%04d.txt", i))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(strings.Repeat(fmt.Sprintf("artifact %d\n", i), 20)+more), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func drift(t *testing.T, r *costRepository) { r.write(t, "edited\n") }

func (r *costRepository) git(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t@localhost", "GIT_COMMITTER_NAME=t", "GIT_COMMITTER_EMAIL=t@localhost")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %q: %v\n%s", args, err, out)
	}
}

// run runs a command in this process and holds it to its exit code.
func (r *costRepository) run(t *testing.T, c costCase) {
	t.Helper()
	var stderr bytes.Buffer
	code := cli.Main(t.Context(), host.World{
		Args: append([]string{"codexlock"}, c.args...), Dir: r.dir, Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: &stderr,
		Now: func() time.Time { return r.attested.Add(c.later) }, Random: rand.NewChaCha8([32]byte{}),
		Names: func() []string { return nil },
		Env: func(name string) (string, bool) {
			if name == "VAULTTIME_KEY" && !c.keyless {
				return "a-key-for-counting-0123456789abcdef0123456789", true
			}
			return "", false
		},
	})
	if code != c.code {
		t.Fatalf("%q: exit code %d, want %d\n%s", c.args, code, c.code, &stderr)
	}
}

// costs runs a command and returns what that cost in all.
func (r *costRepository) costs(t *testing.T, c costCase) costs {
	t.Helper()
	r.git(t, "reset", "-q", "--hard")
	if c.prepare != nil {
		c.prepare(t, r)
	}
	processes, openings := countGit(t), countOpenings(t, r.dir)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r.run(t, c)
	runtime.ReadMemStats(&after)
	return costs{float64(after.Mallocs - before.Mallocs), float64(after.TotalAlloc - before.TotalAlloc), openings(), processes()}
}

// countGit has every git process counted from now on: the first git of the PATH is a
// script that notes itself.
func countGit(t *testing.T) func() float64 {
	t.Helper()
	real, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	script := fmt.Sprintf("#!/bin/sh\nprintf . >>'%s'\nexec '%s' \"$@\"\n", log, real)
	if err := os.WriteFile(filepath.Join(dir, "git"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	path := os.Getenv("PATH")
	if err := os.Setenv("PATH", dir+string(filepath.ListSeparator)+path); err != nil {
		t.Fatal(err)
	}
	return func() float64 {
		if err := os.Setenv("PATH", path); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(log)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		return float64(len(text))
	}
}

// countOpenings has the kernel (inotify) count how often a file in the folders of the
// artifacts is opened from now on, whoever opens it.
func countOpenings(t *testing.T, dir string) func() float64 {
	t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		t.Fatal(err)
	}
	events := os.NewFile(uintptr(fd), "inotify")
	folders, err := filepath.Glob(filepath.Join(dir, "assets", "sources", "*"))
	if err != nil || len(folders) == 0 {
		t.Fatalf("no folders to watch, %v", err)
	}
	for _, folder := range folders {
		// Without closings, two openings of the same file are one event.
		if _, err := unix.InotifyAddWatch(fd, folder, unix.IN_OPEN|unix.IN_CLOSE); err != nil {
			t.Fatal(err)
		}
	}
	end := "counted-" + filepath.Base(t.TempDir())
	opened := make(chan float64, 1)
	go func() { opened <- readOpenings(events, end) }()
	return func() float64 {
		last := filepath.Join(folders[0], end)
		if err := os.WriteFile(last, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		defer os.Remove(last)
		n := <-opened
		if err := events.Close(); err != nil {
			t.Fatal(err)
		}
		if n < 0 {
			t.Fatal("events were lost")
		}
		return n
	}
}

// readOpenings counts openings until the file named end is opened. It returns a
// negative number where events were lost.
func readOpenings(events io.Reader, end string) (opened float64) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := events.Read(buffer)
		if err != nil {
			return -1
		}
		for rest := buffer[:n]; len(rest) > 0; {
			mask, size := binary.NativeEndian.Uint32(rest[4:]), binary.NativeEndian.Uint32(rest[12:])
			name := string(bytes.TrimRight(rest[unix.SizeofInotifyEvent:unix.SizeofInotifyEvent+size], "\x00"))
			rest = rest[unix.SizeofInotifyEvent+size:]
			switch {
			case mask&unix.IN_Q_OVERFLOW != 0:
				return -1
			case name == end:
				return opened
			case mask&unix.IN_OPEN != 0:
				opened++
			}
		}
	}
}

// TestLargeFilesAreReadOnce: of a large file, every byte is read once, whichever way it
// comes to be verified and by whichever process. The kernel counts.
func TestLargeFilesAreReadOnce(t *testing.T) {
	const size, slack = 16 << 20, 3 << 20 // what else a run reads: its own files and git's
	r := newCostRepository(t, 1)
	large := filepath.Join(r.dir, "assets", "sources", "0", "large.txt")
	chance := rand.NewChaCha8([32]byte{1})
	for name, write := range map[string]func([]byte){
		"text":   func(b []byte) { copy(b, bytes.Repeat([]byte("the key of the session: token count 5\n"), size/38+1)) },
		"binary": func(b []byte) { _, _ = chance.Read(b) },
	} {
		data := make([]byte, size)
		write(data)
		if err := os.WriteFile(large, data, 0o644); err != nil {
			t.Fatal(err)
		}
		r.run(t, costCase{args: []string{"attest", "assets/sources/0/large.txt"}})
		r.git(t, "add", "-A")
		r.git(t, "commit", "-q", "-m", "a large file")
		for _, c := range []struct {
			args []string
			most int // bytes; git mostly maps what it reads, and then it counts for nothing
		}{
			{[]string{"verify", "--all"}, size},
			{[]string{"verify", "assets/sources/0/large.txt"}, size},
			{[]string{"verify", "--base", "HEAD^1"}, 2 * size}, // once for the id that git would give it
			{[]string{"verify", "--base", "HEAD^1", "--head", "HEAD"}, size},
		} {
			t.Run(name+" "+strings.Join(c.args, " "), func(t *testing.T) {
				before := bytesRead(t)
				r.run(t, costCase{args: c.args})
				if n := bytesRead(t) - before; n < size || n > c.most+slack {
					t.Errorf("%d bytes are read, want %d to %d", n, size, c.most)
				} else {
					t.Logf("%d bytes are read", n)
				}
			})
		}
	}
}

// bytesRead is how much this process and those that it waited for have read.
func bytesRead(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/io")
	if err != nil {
		t.Skipf("the kernel does not count: %v", err)
	}
	var n int
	if _, err := fmt.Sscanf(string(text), "rchar: %d", &n); err != nil {
		t.Fatal(err)
	}
	return n
}
