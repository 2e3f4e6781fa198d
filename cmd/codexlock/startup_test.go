package main

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
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
