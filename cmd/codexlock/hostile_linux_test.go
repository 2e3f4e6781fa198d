package main

import (
	"bytes"
	"crypto/sha1"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// A change of as many files as a tree may have is verified, or refused, within bounds:
// of memory that can be written to (RLIMIT_DATA) and of CPU time (RLIMIT_CPU), which
// no load of the machine changes. The kernel ends what goes over them. make hostile
// runs it in full size: 1 GiB in memory at once, and a quarter more of addresses, since
// what the collector gave back still counts for the kernel. By default it has a tenth of the files, and as much less room.
func TestLargeChange(t *testing.T) {
	folders, kib, seconds := 100, 450<<10, 20 // the trees of base and head are read at once
	goal := []string{"GOMEMLIMIT=100MiB", "GOMAXPROCS=2"}
	if os.Getenv("CODEXLOCK_HOSTILE") == "full" {
		folders, kib, seconds, goal = 998, 5<<18, 60, nil
	}
	h := newHugeRepository(t, folders)
	program, err := exec.LookPath("codexlock") // TestMain puts it there
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"all added", []string{"--base", h.empty, "--head", h.full}, 0, "nothing to verify"},
		{"all removed", []string{"--base", h.full, "--head", h.empty}, 0, "nothing to verify"},
		{"all renamed", []string{"--base", h.full, "--head", h.renamed}, 0, "nothing to verify"},
		{"all of the gate", []string{"--base", h.empty, "--head", h.gate}, 3, "edits over 10000 files of the gate"},
		{"all as it was", []string{"--base", h.full, "--head", h.more}, 0, "nothing to verify"},
		{"everything", []string{"--all", "--head", h.full}, 3, "no artifact found"},
		{"one path", []string{"--head", h.full, "data/before000/f000" + longName}, 0, "nothing to verify"},
		{"all artifacts", []string{"--quiet", "--base", h.empty, "--head", h.artifacts}, 1, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			limited := fmt.Sprintf(`ulimit -t %d && ulimit -d %d && exec "$0" "$@"`, seconds, kib)
			cmd := exec.Command("bash", append([]string{"-c", limited, program, "verify"}, test.args...)...)
			cmd.Dir, cmd.Env = h.dir, slices.Concat(h.env, goal)
			out, _ := cmd.CombinedOutput()
			state := cmd.ProcessState
			t.Logf("%v of CPU time, %d KiB in memory at most", state.UserTime()+state.SystemTime(), state.SysUsage().(*syscall.Rusage).Maxrss)
			if most := state.SysUsage().(*syscall.Rusage).Maxrss; most > 1<<20 {
				t.Errorf("%d KiB were in memory at once, want at most 1 GiB", most)
			}
			if code := state.ExitCode(); code != test.code || !strings.Contains(string(out), test.says) {
				t.Errorf("exit code %d, want %d and %q:\n%.2000s", code, test.code, test.says, out)
			}
		})
	}
}

// A hugeRepository has commits that differ in every file of a huge tree. Their blobs
// are not there: whoever reads one fails.
type hugeRepository struct {
	dir                        string
	env                        []string
	empty, full, renamed, gate string
	more, artifacts            string // as full and a file; as full, all of one blob that is there
}

func newHugeRepository(t *testing.T, folders int) hugeRepository {
	t.Helper()
	h := hugeRepository{dir: t.TempDir()}
	h.env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "HOME="+h.dir)
	for _, role := range []string{"AUTHOR", "COMMITTER"} {
		h.env = append(h.env, "GIT_"+role+"_NAME=Tester", "GIT_"+role+"_EMAIL=tester@localhost", "GIT_"+role+"_DATE=2026-01-01T00:00:00Z")
	}
	h.git(t, "", "init", "--quiet", ".")
	var batch bytes.Buffer
	for d := range folders {
		for f := range 1000 {
			fmt.Fprintf(&batch, "100644 blob %x\tf%03d%s\n", sha1.Sum(fmt.Appendf(nil, "%d/%d", d, f)), f, longName)
		}
		batch.WriteString("\n")
	}
	trees := strings.Fields(h.git(t, batch.String(), "mktree", "--missing", "--batch"))
	// The same names, short, of one blob.
	blob := h.git(t, "a text\n", "hash-object", "-w", "--stdin")
	var folder strings.Builder
	for f := range 1000 {
		fmt.Fprintf(&folder, "100644 blob %s\tf%03d.txt\n", blob, f)
	}
	small := h.git(t, folder.String(), "mktree")
	list := func(folder string, trees []string) string {
		var all strings.Builder
		for i, tree := range trees {
			fmt.Fprintf(&all, "040000 tree %s\t%s%03d\n", tree, folder, i)
		}
		return h.git(t, all.String(), "mktree")
	}
	commit := func(name, tree string, parents ...string) string {
		if name != "" {
			tree = h.git(t, fmt.Sprintf("040000 tree %s\t%s\n", tree, name), "mktree")
		}
		args := []string{"commit-tree", tree, "-m", "a commit"}
		for _, p := range parents {
			args = append(args, "-p", p)
		}
		return h.git(t, "", args...)
	}
	before, after := list("before", trees), list("after", trees)
	root := commit("", h.git(t, "", "mktree"))
	h.full = commit("data", before, root)
	h.renamed = commit("data", after, h.full)
	h.gate = commit("policies", before, root)
	h.more = commit("", h.git(t, fmt.Sprintf("040000 tree %s\tdata\n100644 blob %s\tmore.txt\n", before, blob), "mktree"), h.full)
	sources := h.git(t, fmt.Sprintf("040000 tree %s\tsources\n", list("a", slices.Repeat([]string{small}, folders))), "mktree")
	h.artifacts = commit("assets", sources, root)
	h.empty = commit("", h.git(t, "", "mktree"), h.full)
	h.git(t, "", "update-ref", "HEAD", h.empty)
	return h
}

// longName makes names as long as all the paths of a tree may be.
var longName = strings.Repeat("x", 110)

// git runs git in the repository and returns what it prints.
func (h hugeRepository) git(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env, cmd.Stdin = h.dir, h.env, strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return strings.TrimSpace(string(out))
}
