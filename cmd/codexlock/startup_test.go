package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// maxInit is how many bytes one package of ours may allocate while it is initialised:
// every command pays for it. Tables and regular expressions wait until they are used.
const maxInit = 16 << 10

// An initialised package is one line of GODEBUG=inittrace=1 (package runtime).
type initialised struct {
	name  string
	bytes int
}

var initLine = regexp.MustCompile(`(?m)^init (\S+) @\S+ ms, \S+ ms clock, (\d+) bytes, \d+ allocs$`)

// initialisedBy runs a command and returns what its processes initialised, in order.
func initialisedBy(t *testing.T, args ...string) []initialised {
	t.Helper()
	cmd := exec.Command("codexlock", args...)
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("codexlock %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	var all []initialised
	for _, m := range initLine.FindAllStringSubmatch(stderr.String(), -1) {
		n, err := strconv.Atoi(m[2])
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, initialised{m[1], n})
	}
	if len(all) < 10 {
		t.Fatalf("only %d packages were initialised: the trace has another form\n%s", len(all), stderr.String())
	}
	return all
}

func TestOurPackagesStartWithLittle(t *testing.T) {
	ours := 0
	for _, p := range initialisedBy(t, "--help") {
		if !strings.HasPrefix(p.name, "github.com/codexlock/codexlock/internal/") {
			continue
		}
		ours++
		if p.bytes > maxInit {
			t.Errorf("%s allocates %d bytes while it is initialised, want at most %d: use sync.OnceValue or internal/lazyregexp", p.name, p.bytes, maxInit)
		}
	}
	if ours < 10 {
		t.Errorf("only %d packages of ours were initialised", ours)
	}
}

// maxGit is how many git processes the verification of one artifact may start: each
// takes 2 to 4 ms.
const maxGit = 5

// TestGitProcessesOfOneArtifact counts them with a git that writes down each call.
func TestGitProcessesOfOneArtifact(t *testing.T) {
	git, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	dir, bin := t.TempDir(), t.TempDir()
	calls := filepath.Join(t.TempDir(), "calls")
	script := "#!/bin/sh\nprintf '%s\\n' \"$*\" >> '" + calls + "'\nexec '" + git + "' \"$@\"\n"
	if err := os.WriteFile(filepath.Join(bin, "git"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	name := "assets/sources/a.txt"
	if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte("an artifact\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	run := func(path string, args ...string) {
		t.Helper()
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+path, "VAULTTIME_KEY=a-key-of-this-test-0123456789abcdef", "GIT_CONFIG_GLOBAL="+os.DevNull)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	path := os.Getenv("PATH")
	run(path, "git", "init", "-q")
	run(path, "codexlock", "attest", name)
	run(path, "git", "add", "-A")
	run(path, "git", "-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "-qm", "all")
	run(bin+string(os.PathListSeparator)+path, "codexlock", "verify", name)
	text, err := os.ReadFile(calls)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "\n"); n > maxGit {
		t.Errorf("%d git processes, want at most %d:\n%s", n, maxGit, text)
	}
}

// heavy are packages that cost the most to start: rules and their libraries.
var heavy = []string{
	"github.com/open-policy-agent/opa/v1/ast", "github.com/open-policy-agent/opa/v1/topdown", "github.com/santhosh-tekuri/jsonschema/v6",
	"github.com/codexlock/codexlock/internal/policy",
}

// TestVersionStartsNothing: it ends before the heavy packages are initialised, in one
// process.
func TestVersionStartsNothing(t *testing.T) {
	processes := 0
	for _, p := range initialisedBy(t, "version") {
		if p.name == "os" {
			processes++
		}
		if slices.Contains(heavy, p.name) {
			t.Errorf("%s is initialised", p.name)
		}
	}
	if processes != 1 {
		t.Errorf("%d processes, want 1", processes)
	}
}

// TestSupervisorStartsBeforeTheHeavyPackages: they are initialised once, by the worker.
func TestSupervisorStartsBeforeTheHeavyPackages(t *testing.T) {
	processes, started := 0, map[string]int{}
	for _, p := range initialisedBy(t, "keys", "generate") {
		if p.name == "os" {
			processes++
		}
		started[p.name]++
	}
	if processes != 2 {
		t.Errorf("%d processes, want the supervisor and its worker", processes)
	}
	for _, name := range heavy {
		if started[name] != 1 {
			t.Errorf("%s is initialised %d times, want once", name, started[name])
		}
	}
}

// TestHelpStartsOneProcess: help needs no worker.
func TestHelpStartsOneProcess(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"verify", "--help"}, {"help"}} {
		processes := 0
		for _, p := range initialisedBy(t, args...) {
			if p.name == "os" {
				processes++
			}
		}
		if processes != 1 {
			t.Errorf("%s: %d processes, want 1", strings.Join(args, " "), processes)
		}
	}
}
