package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestYear lets three people work with a repository that renews in the ref: branches,
// merges, renames, removals, key rotations, a leaked key, lost runs of the renewal job and
// an outage of it. Somebody tampers with trees, with the log and with the ref all the time.
// By default it is some days; make long runs whole years of several seeds, of which
// CODEXLOCK_YEAR_SEED names one.
func TestYear(t *testing.T) {
	plans := []yearPlan{{seed: 1, days: 9, busy: 40, outage: 2, rotations: []int{5}, leak: 7}}
	if os.Getenv("CODEXLOCK_YEAR") == "full" {
		plans = nil
		for seed := range uint64(3) {
			if only := os.Getenv("CODEXLOCK_YEAR_SEED"); only != "" && only != fmt.Sprint(seed+1) {
				continue
			}
			plans = append(plans, yearPlan{seed: seed + 1, days: 365, busy: 60, outage: 100, rotations: []int{60, 150, 240, 330}, leak: 200})
		}
	}
	if len(plans) == 0 {
		t.Fatal("no such seed")
	}
	for _, p := range plans {
		t.Run(fmt.Sprintf("seed %d", p.seed), func(t *testing.T) { newYear(t, p).run() })
	}
}

// A yearPlan is what happens in a simulated year, by day. The rest is drawn from the seed.
type yearPlan struct {
	seed      uint64
	days      int
	busy      int // percent of a person's days with a pull request
	outage    int // the day on which the renewal job stops for 48 hours
	rotations []int
	leak      int
}

// A year is the state of a simulation.
type year struct {
	*clones
	yearPlan
	gone    []string          // keys that leaked
	every   time.Duration     // between two runs of the renewal job, as init writes it
	people  []string          // their clones
	open    []*pullRequest    // not merged yet
	taken   map[string]bool   // artifacts that an open pull request changes
	files   []string          // artifacts on main
	wants   map[string]string // the digests of the artifacts on main, which the log has to name
	logged  map[string]bool   // artifacts and digests that were on main when the audit job ran
	dark    time.Time         // until when main may be red: a key was changed, or the job was dead
	dead    bool              // the job is
	revoked bool              // what signed all records and the log was revoked a moment ago
	next    time.Time         // its next run on a schedule
	lost    int               // runs of it since one that worked
	keyed   time.Time         // when the key changed last
	made    int               // names given
	counts  map[string]int
}

// A pullRequest is a branch of somebody's clone that waits to be merged.
type pullRequest struct {
	person, branch, kind string
	artifacts            []string // that it writes, to be attested again where that took too long
	taken                []string // that nobody else changes meanwhile
	made, due            time.Time
	apply                func() // what it does to the list of files when it is merged
}

const yearTTL = 24 * time.Hour

func newYear(t *testing.T, p yearPlan) *year {
	t.Helper()
	y := &year{
		clones: newClones(t, p.seed, "alice", "bob", "carol", "job", "gate", "mallory"), yearPlan: p,
		taken: map[string]bool{}, wants: map[string]string{}, logged: map[string]bool{}, counts: map[string]int{},
	}
	y.people = []string{"alice", "bob", "carol"}
	for _, name := range []string{"alice", "carol"} { // bob resolves by lock resolve
		y.driver(name)
	}
	y.git("alice", "switch", "-q", "-c", "main")
	y.must("alice", "init")
	text := y.read("alice", "codexlock.yaml")
	if !strings.Contains(text, "\nrenewals: ref") {
		y.write("alice", "codexlock.yaml", strings.Replace(text, "records: 2", "renewals: ref\nrecords: 2", 1))
	}
	y.every = yearInterval(t, y.read("alice", ".github/workflows/renew.yml"))
	y.write("alice", "README.md", "# A repository\n")
	for range 4 {
		y.files = append(y.files, y.newFile("alice"))
	}
	y.must("alice", append([]string{"attest"}, y.files...)...)
	y.git("alice", "add", "-A")
	y.git("alice", "commit", "-q", "-m", "Adopt the gate")
	y.git("alice", "push", "-q", "origin", "main")
	for _, f := range y.files {
		y.wants[f] = y.digest("alice", f)
	}
	return y
}

// yearInterval is how long it is between two runs of a workflow of ours.
func yearInterval(t *testing.T, workflow string) time.Duration {
	t.Helper()
	m := regexp.MustCompile(`cron: '17 \*/(\d+) \* \* \*'`).FindStringSubmatch(workflow)
	if m == nil || !strings.Contains(workflow, "\n  push:\n    branches: [main]\n") {
		t.Fatalf("not the events that the simulation has:\n%s", workflow)
	}
	hours, _ := strconv.Atoi(m[1])
	return time.Duration(hours) * time.Hour
}

func (y *year) run() {
	start := y.now
	y.next = start.Add(y.every)
	for day := range y.days {
		y.dead = y.outage <= day && day < y.outage+2
		morning := start.Add(time.Duration(day) * 24 * time.Hour)
		y.advance(morning.Add(8*time.Hour + 30*time.Minute))
		y.mergeDue()
		switch {
		case slices.Contains(y.rotations, day):
			y.rotate()
		case day == y.leak:
			y.leaks()
		}
		for _, p := range y.people {
			if y.rng.IntN(100) < y.busy {
				y.advance(y.now.Add(time.Duration(1+y.rng.IntN(90)) * time.Minute))
				y.propose(p)
			}
		}
		y.advance(morning.Add(16*time.Hour + 50*time.Minute))
		y.mergeDue()
		y.log()
		y.main(day)
		if day%2 == 1 {
			y.tamper()
		}
		if day%7 == 4 {
			y.tamperRef()
		}
		if y.Failed() {
			y.Fatalf("stopped on day %d", day)
		}
		if day%15 == 14 {
			y.gc()
		}
		if day%30 == 29 {
			y.Logf("day %d: %v", day, y.counts)
		}
	}
	y.audit()
	if n := y.counts["merged docs"]; n == 0 || y.counts["tampered"] == 0 || y.counts["tampered ref"] == 0 || y.counts["lost"] == 0 {
		y.Errorf("something never happened: %v", y.counts)
	}
	y.Logf("%v, %d artifacts in the end", y.counts, len(y.files))
}

// gc packs what the clones hold, as Git does by itself on a day that the simulation does not
// choose. A year of loose objects is slow.
func (y *year) gc() {
	for _, clone := range append(slices.Clone(y.people), "job", "gate", "mallory", "server.git") {
		y.git(clone, "gc", "-q")
	}
}

// advance lets time go by, with the runs of the renewal job that are due meanwhile.
func (y *year) advance(to time.Time) {
	for !y.next.After(to) {
		y.now, y.next = y.next, y.next.Add(y.every)
		y.renewal()
	}
	y.now = to
}

// renewal is one run of the renewal job. Nothing on main may change by it.
func (y *year) renewal() {
	switch {
	case y.dead:
		y.dark = y.now.Add(y.every + time.Hour)
		y.counts["dead"]++
		return
	case y.rng.IntN(10) == 0:
		y.lost++
		y.counts["lost"]++
		return
	}
	y.renew("renew")
}

// renew runs a command of the renewal job in its clone, and again with --expired where
// somebody has to ask for that.
func (y *year) renew(args ...string) {
	y.Helper()
	before := y.git("gate", "ls-remote", "origin", "refs/heads/main")
	y.git("job", "fetch", "-q", "origin")
	y.git("job", "checkout", "-q", "-B", "main", "origin/main")
	code, out := y.codexlock("job", y.env(), args...)
	if y.revoked {
		if code != 1 {
			y.Errorf("%s: renew ended with %d although the key was revoked:\n%s", y.now, code, out)
		}
		return
	}
	if code == 1 && (y.now.Before(y.dark) || y.lost > 0) {
		y.counts["renewed expired"]++
		code, out = y.codexlock("job", y.env(), "renew", "--expired")
	}
	if code != 0 {
		y.Errorf("%s: renew ended with %d:\n%s", y.now, code, out)
		for _, f := range y.files {
			if strings.Contains(out, f) {
				_, why := y.codexlock("job", y.env(), "explain", f)
				y.Errorf("explain %s:\n%s", f, why)
			}
		}
	}
	if status := y.git("job", "status", "--porcelain"); status != "" {
		y.Errorf("renew changed the work tree:\n%s", status)
	}
	if after := y.git("gate", "ls-remote", "origin", "refs/heads/main"); before != after {
		y.Errorf("renew changed main: %s, was %s", after, before)
	}
	y.lost = 0
	y.counts["renewed"]++
}

// propose opens a pull request of somebody.
func (y *year) propose(person string) {
	y.made++
	pr := &pullRequest{person: person, branch: fmt.Sprintf("%s-%d", person, y.made), made: y.now, apply: func() {}}
	pr.due = y.now.Add(time.Duration(y.rng.IntN(20)) * time.Hour)
	if y.rng.IntN(6) == 0 {
		pr.due = pr.due.Add(30 * time.Hour) // its records expire meanwhile
	}
	y.git(person, "fetch", "-q", "origin")
	y.git(person, "checkout", "-q", "-B", pr.branch, "origin/main")
	kinds := []string{"docs", "docs", "add", "edit", "edit", "mv", "git mv", "rm"}
	pr.kind = kinds[y.rng.IntN(len(kinds))]
	f, ok := y.free()
	if !ok && pr.kind != "docs" {
		pr.kind = "add"
	}
	switch pr.kind {
	case "docs":
		y.write(person, "docs/"+pr.branch+".md", "A page.\n")
	case "add":
		n := y.newFile(person)
		y.must(person, "attest", n)
		pr.artifacts, pr.apply = []string{n}, func() { y.files = append(y.files, n) }
	case "edit":
		y.write(person, f, y.read(person, f)+"more of "+pr.branch+"\n")
		y.must(person, "attest", "--changed")
		pr.artifacts, pr.taken = []string{f}, []string{f}
	case "mv", "git mv":
		to := fmt.Sprintf("assets/sources/%s/moved.txt", pr.branch)
		if pr.kind == "git mv" {
			y.mkdir(person, filepath.Dir(to))
			y.git(person, "mv", f, to)
		}
		y.must(person, "mv", f, to)
		pr.artifacts, pr.taken = []string{to}, []string{f}
		pr.apply = func() { y.files[slices.Index(y.files, f)] = to; delete(y.wants, f) }
	case "rm":
		y.must(person, "rm", f)
		pr.taken = []string{f}
		pr.apply = func() {
			y.files = slices.DeleteFunc(y.files, func(g string) bool { return g == f })
			delete(y.wants, f)
		}
	}
	for _, f := range pr.taken {
		y.taken[f] = true
	}
	y.git(person, "add", "-A")
	y.git(person, "commit", "-q", "-m", pr.kind+" "+pr.branch)
	y.open = append(y.open, pr)
}

// free is an artifact that no open pull request changes, of those that main can spare.
func (y *year) free() (string, bool) {
	var some []string
	for _, f := range y.files {
		if !y.taken[f] {
			some = append(some, f)
		}
	}
	if len(some) < 3 {
		return "", false
	}
	return some[y.rng.IntN(len(some))], true
}

// mergeDue merges the pull requests whose time has come.
func (y *year) mergeDue() {
	for _, pr := range slices.Clone(y.open) {
		if y.now.Before(pr.due) {
			continue
		}
		y.merge(pr)
		y.open = slices.DeleteFunc(y.open, func(o *pullRequest) bool { return o == pr })
		for _, f := range pr.taken {
			delete(y.taken, f)
		}
	}
}

// merge brings a branch up to date, judges the merge as the gate does, and pushes it. What
// was attested longer ago than its time to live, or with a key that is not the current one
// any more, is attested again first.
func (y *year) merge(pr *pullRequest) {
	y.Helper()
	y.update(pr)
	code, out := y.judge(pr.person, pr.branch)
	if code == 1 && len(pr.artifacts) > 0 && (y.now.Sub(pr.made) >= yearTTL || !y.keyed.Before(pr.made)) {
		y.counts["attested again"]++
		y.must(pr.person, append([]string{"attest"}, pr.artifacts...)...)
		y.git(pr.person, "add", "-A")
		y.git(pr.person, "commit", "-q", "-m", "Attest again")
		code, out = y.judge(pr.person, pr.branch)
	}
	if code != 0 {
		y.Errorf("%s: the pull request %s (%s, of %s) is denied unwanted, exit code %d:\n%s", y.now, pr.branch, pr.kind, pr.made, code, out)
		return
	}
	y.git("gate", "push", "-q", "origin", "HEAD:refs/heads/main")
	pr.apply()
	for _, f := range pr.artifacts {
		y.wants[f] = y.digest("gate", f)
	}
	y.counts["merged "+pr.kind]++
	y.renewal() // the workflow that init writes runs on a push to main
}

// update merges main into a branch. Only what attest writes may be in conflict, and where
// Git asks the merge driver, only for who has none: it does not ask it about a record that one
// side removed.
func (y *year) update(pr *pullRequest) {
	y.Helper()
	y.git(pr.person, "fetch", "-q", "origin")
	y.git(pr.person, "checkout", "-q", pr.branch)
	if out, err := y.try(pr.person, "merge", "-q", "--no-edit", "origin/main"); err != nil {
		if pr.person != "bob" && (strings.Contains(out, "CONFLICT (content)") || !strings.Contains(out, "CONFLICT (modify/delete)")) {
			y.Errorf("%s: %s: a conflict with the merge driver: %s", y.now, pr.branch, out)
		}
		y.counts["resolved"]++
		y.must(pr.person, "lock", "resolve")
		y.git(pr.person, "add", "-A")
		y.git(pr.person, "commit", "-q", "--no-edit")
	}
}

// judge merges a branch of a clone into main in the gate's clone, as a pull request's merge
// commit is made, and verifies it with or without the key, as for a branch or a fork.
func (y *year) judge(clone, branch string) (int, string) {
	y.Helper()
	y.git("gate", "fetch", "-q", "origin", "+refs/heads/*:refs/remotes/origin/*")
	y.fetchRef("gate")
	y.git("gate", "fetch", "-q", filepath.Join(y.root, clone), "+"+branch+":refs/judged")
	y.git("gate", "checkout", "-q", "--detach", "origin/main")
	y.git("gate", "merge", "-q", "--no-ff", "--no-edit", "refs/judged")
	return y.codexlock("gate", y.someKey(), "verify", "--base", "origin/main", "--head", "HEAD", "-q")
}

func (y *year) fetchRef(clone string) {
	_, _ = y.try(clone, "fetch", "-q", "origin", "+refs/codexlock/vaulttime:refs/codexlock/vaulttime") // none on the first day
}

// someKey is the environment of a run with the key or, of a fork, without.
func (y *year) someKey() map[string]string {
	if y.rng.IntN(3) == 0 {
		return nil
	}
	return y.env()
}

// land commits what somebody did on a new branch, judges and merges it at once.
func (y *year) land(person, message string, do func()) {
	y.Helper()
	y.made++
	pr := &pullRequest{person: person, branch: fmt.Sprintf("%s-%d", person, y.made), kind: message, made: y.now, due: y.now, apply: func() {}}
	y.git(person, "fetch", "-q", "origin")
	y.fetchRef(person)
	y.git(person, "checkout", "-q", "-B", pr.branch, "origin/main")
	do()
	y.git(person, "add", "-A")
	y.git(person, "commit", "-q", "-m", message)
	y.merge(pr)
}

// rotate goes to the next key, in the two steps of the guide.
func (y *year) rotate() {
	y.old, y.key = y.key, y.newKey()
	y.dark = y.now.Add(2 * time.Hour)
	y.land("alice", "List the next key", func() { y.must("alice", "keys", "rotate") })
	y.keyed = y.now
	y.renew("renew")
	y.advance(y.now.Add(time.Minute))
	y.land("alice", "Rotate the key", func() { y.must("alice", "keys", "rotate") })
	y.advance(y.now.Add(time.Minute))
	y.log() // so that the new key signs the log, too
	id := y.keyID(y.old)
	y.old = ""
	y.land("alice", "Revoke the old key", func() { y.must("alice", "keys", "revoke", id) })
	y.counts["rotated"]++
}

// leaks has the key in the wrong hands: it is revoked, another one is listed, and all is
// attested again by people who checked it.
func (y *year) leaks() {
	leaked := y.key
	y.gone = append(y.gone, leaked)
	y.old, y.key = leaked, y.newKey()
	y.dark = y.now.Add(2 * time.Hour)
	y.revoked = true
	y.land("bob", "Revoke the leaked key", func() {
		y.must("bob", "keys", "rotate")
		y.must("bob", "keys", "revoke", y.keyID(leaked))
	})
	y.old, y.keyed = "", y.now
	y.land("carol", "A page while main is red", func() { y.write("carol", "docs/leak.md", "A key leaked.\n") })
	y.advance(y.now.Add(time.Minute))
	y.land("bob", "Attest all again", func() {
		y.revoked = false
		y.must("bob", "attest", "--all")
		y.must("bob", "audit", "sign")
	})
	y.counts["leaked"]++
}

// log is a run of the audit job: it adds what was verified since the last one to the log.
func (y *year) log() {
	y.git("job", "fetch", "-q", "origin")
	y.git("job", "checkout", "-q", "-B", "main", "origin/main")
	y.fetchRef("job")
	args := []string{"verify", "--log", "-q", "--all"}
	if since := y.git("job", "log", "-1", "--format=%H", "--", "MANIFEST.integrity.json"); since != "" {
		if _, err := y.try("job", "diff", "--quiet", since, "--", "codexlock.yaml"); err == nil {
			args = []string{"verify", "--log", "-q", "--base", since}
		}
	}
	if code, out := y.codexlock("job", y.env(), args...); code > 1 {
		y.Errorf("%s: the audit job ended with %d:\n%s", y.now, code, out)
		return
	}
	for f, digest := range y.wants {
		y.logged[f+" "+digest] = true
	}
	y.git("job", "add", "-A")
	if _, err := y.try("job", "diff", "--cached", "--quiet"); err != nil {
		y.git("job", "commit", "-q", "-m", "Log what was verified")
		y.git("job", "push", "-q", "origin", "HEAD:refs/heads/main")
	}
}

// main is green, unless a key was changed or the renewal job was dead a moment ago.
func (y *year) main(day int) {
	if y.now.Before(y.dark) || y.lost > 1 {
		return
	}
	y.git("gate", "fetch", "-q", "origin", "+refs/heads/*:refs/remotes/origin/*")
	y.fetchRef("gate")
	y.git("gate", "checkout", "-q", "--detach", "origin/main")
	code, out := y.codexlock("gate", y.someKey(), "verify", "--all", "--base", "HEAD", "--head", "HEAD", "-q")
	if code != 0 {
		y.Errorf("day %d, %s: main is red, exit code %d:\n%s", day, y.now, code, out)
	}
}

// audit reads the log of the whole year.
func (y *year) audit() {
	y.git("job", "fetch", "-q", "origin")
	y.git("job", "checkout", "-q", "-B", "main", "origin/main")
	y.must("job", "audit", "verify")
	type entry struct {
		Seq                      int
		Artifact, SHA256, Result string
	}
	passed, named := map[string]bool{}, map[string]bool{}
	n := 0
	for _, line := range strings.Split(strings.TrimSpace(y.read("job", "MANIFEST.integrity.json")), "\n") {
		var e entry
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.Seq != n {
			y.Fatalf("line %d of the log: %v, %s", n+1, err, line)
		}
		n++
		named[e.Artifact+" "+e.SHA256] = true
		if e.Result == "PASS" {
			passed[e.Artifact+" "+e.SHA256] = true
		}
	}
	for f, digest := range y.wants {
		if !passed[f+" "+digest] {
			y.Errorf("the log has no entry that %s passed with sha256 %s", f, digest)
		}
	}
	for content := range y.logged {
		if !named[content] {
			y.Errorf("the log has no entry of %s, which the audit job saw", content)
		}
	}
	var there []string
	for _, f := range strings.Split(y.git("job", "ls-files", "assets"), "\n") {
		if strings.HasSuffix(f, ".txt") {
			there = append(there, f)
		}
	}
	slices.Sort(y.files)
	if !slices.Equal(there, y.files) {
		y.Errorf("main has %q, want %q", there, y.files)
	}
	y.counts["log entries"] = n
	if size := y.git("job", "rev-list", "--count", "refs/codexlock/vaulttime"); size != "1" {
		y.Errorf("the ref has a history of %s commits, want 1", size)
	}
}

// newFile writes an artifact that nobody has.
func (y *year) newFile(clone string) string {
	y.made++
	f := fmt.Sprintf("assets/sources/%s-%d.txt", clone, y.made)
	y.write(clone, f, fmt.Sprintf("the content of %s\n", f))
	return f
}
