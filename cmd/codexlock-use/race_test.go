//go:build linux

package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// tries is how often each race is tried: fewer where many tests run, and as many as
// CODEXLOCK_RACES says where the races are the question.
func tries(t *testing.T) int {
	if n, err := strconv.Atoi(os.Getenv("CODEXLOCK_RACES")); err == nil && n > 0 {
		return n
	}
	if testing.Short() {
		t.Skip("races take seconds")
	}
	return 10
}

// A race changes the file again and again while it is used, back and forth.
type race struct {
	name  string
	there func(r *repository) // the evil bytes are there
	back  func(r *repository)
}

const evilText = "#!/bin/sh\necho evil\n"

// races are the ways in which other bytes come under the name of a file.
func races() []race {
	rename := func(from, to string) func(*repository) {
		return func(r *repository) { _ = os.Rename(r.name(from), r.name(to)) }
	}
	swap := func(r *repository, target string) {
		_ = os.Remove(r.name("x"))
		_ = os.Symlink(target, r.name("x"))
		_ = os.Rename(r.name("x"), r.name("d/s.sh"))
	}
	put := func(r *repository, name, text string) { _ = os.WriteFile(r.name(name), []byte(text), 0o755) }
	return []race{
		{"in-place write", func(r *repository) { put(r, "d/s.sh", evilText) }, func(r *repository) { put(r, "d/s.sh", raceText) }},
		{"rename over", func(r *repository) { put(r, "x", evilText); rename("x", "d/s.sh")(r) }, func(r *repository) { put(r, "x", raceText); rename("x", "d/s.sh")(r) }},
		{"symlink swap", func(r *repository) { swap(r, "../evil.sh") }, func(r *repository) { put(r, "y", raceText); rename("y", "d/s.sh")(r) }},
		{"parent renamed", func(r *repository) { rename("d", "d1")(r); rename("evil", "d")(r) }, func(r *repository) { rename("d", "evil")(r); rename("d1", "d")(r) }},
		{"parent becomes a symlink", func(r *repository) { rename("d", "d1")(r); _ = os.Symlink("evil", r.name("d")) }, func(r *repository) { _ = os.Remove(r.name("d")); rename("d1", "d")(r) }},
		{"write through a hard link", func(r *repository) { put(r, "hard", evilText) }, func(r *repository) { put(r, "hard", raceText) }},
		{"root renamed", func(r *repository) { _ = os.Rename(r.root, r.root+"1"); _ = os.Rename(r.root+"2", r.root) }, func(r *repository) { _ = os.Rename(r.root, r.root+"2"); _ = os.Rename(r.root+"1", r.root) }},
	}
}

const raceText = "#!/bin/sh\necho good\n"

// prepared is a repository with everything that the races use.
func prepared(t *testing.T) *repository {
	r := newRepository(t)
	r.attest("d/s.sh", raceText, 0o755)
	r.attest("main.sh", "#!/bin/sh\n\"$1\"\n", 0o755)
	r.write(r.name("evil.sh"), evilText, 0o755)
	other := &repository{t: t, root: r.root + "2", key: r.key, at: r.at}
	other.attest("d/s.sh", raceText, 0o755)
	other.write(other.name("d/s.sh"), evilText, 0o755)
	other.write(other.name(".git/HEAD"), "ref: refs/heads/main\n", 0o644)
	for _, kind := range []string{"", ".manifest.json", ".vaulttime.json", ".test"} {
		text, err := os.ReadFile(r.name("d/s.sh" + kind))
		if err != nil {
			t.Fatal(err)
		}
		if kind == "" {
			text = []byte(evilText)
		}
		r.write(r.name("evil/s.sh"+kind), string(text), 0o755)
	}
	if err := os.Link(r.name("d/s.sh"), r.name("hard")); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestRaces: whoever exchanges the bytes while they are verified never has other bytes
// executed. The plain way, verification and then execution by name, is tried in the same
// run: it loses, so that the races are ones.
func TestRaces(t *testing.T) {
	n := tries(t)
	name, err := program()
	if err != nil {
		t.Fatal(err)
	}
	lost, ran := 0, 0
	for _, race := range races() {
		for _, way := range []string{"fd", "path", "sibling", "open", "plain"} {
			r := prepared(t)
			stop, done := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(done)
				for {
					select {
					case <-stop:
						return
					default:
						race.there(r)
						time.Sleep(time.Duration(len(way)) * 300 * time.Microsecond)
						race.back(r)
						time.Sleep(2 * time.Millisecond)
					}
				}
			}()
			base := []string{"--trust", r.trust, "--root", r.root}
			for range n {
				var cmd *exec.Cmd
				switch way {
				case "fd", "path":
					cmd = exec.Command(name, append(append([]string{"run"}, base...), "--as", way, "--", r.name("d/s.sh"))...)
				case "sibling":
					cmd = exec.Command(name, append(append([]string{"run"}, base...), "--as", "path", "--", r.name("main.sh"), r.name("d/s.sh"))...)
				case "open":
					cmd = exec.Command(name, append(append([]string{"open"}, base...), r.name("d/s.sh"), "--", "/bin/sh", "{}")...)
				case "plain":
					cmd = exec.Command("/bin/sh", "-c", `"$0" open --trust "$1" --root "$2" "$3" > /dev/null 2>&1 && /bin/sh "$3" 2> /dev/null`, name, r.trust, r.root, r.name("d/s.sh"))
				}
				cmd.Dir, cmd.Env = "/", []string{"PATH=/usr/bin:/bin"}
				out, _ := cmd.Output()
				switch got := strings.TrimSpace(string(out)); {
				case got == "evil" && way == "plain":
					lost++
				case got == "evil":
					t.Errorf("%s, %s: other bytes were executed", race.name, way)
				case got == "good" && way != "plain":
					ran++
				}
			}
			close(stop)
			<-done
			_ = os.RemoveAll(filepath.Dir(r.root))
		}
	}
	t.Logf("of %d tries of each of %d races in 4 ways, %d executed the verified bytes; the plain way executed others %d times", n, len(races()), ran, lost)
	if ran == 0 {
		t.Error("nothing was ever executed: the races prove nothing")
	}
	if lost == 0 && n >= 60 {
		t.Error("the plain way was never beaten: the races are none")
	}
}
