package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/codexlock/codexlock/internal/cli"
	"github.com/codexlock/codexlock/internal/host"
)

// progressLine is what a terminal shows while a file is read.
var progressLine = regexp.MustCompile(`\r\x1b\[K((?:attest|verify): \d+ of \d+), ([1-9]\d*) MiB read, \d+s left`)

// moving reports whether bytes were counted while no step was completed.
func moving(text string) bool {
	shown := map[string]string{}
	for _, m := range progressLine.FindAllStringSubmatch(text, -1) {
		if before, ok := shown[m[1]]; ok && before != m[2] {
			return true
		}
		shown[m[1]] = m[2]
	}
	return false
}

// TestProgressOfLargeFiles: each command that reads artifacts shows on a terminal how much of a
// large file is read, and shows it nowhere else.
func TestProgressOfLargeFiles(t *testing.T) {
	r := newCostRepository(t, 1)
	for _, name := range []string{"assets/sources/large", "assets/incoming/large"} {
		writeLarge(t, filepath.Join(r.dir, name))
	}
	var later atomic.Int64
	run := func(term string, terminal bool, args ...string) string {
		t.Helper()
		primary, secondary := openTerminal(t)
		var plain bytes.Buffer
		var stderr io.Writer = &plain
		if terminal {
			stderr = secondary
		}
		shown := make(chan string)
		go func() {
			text, _ := io.ReadAll(primary) // ends with an error when the other side is closed
			shown <- string(text)
		}()
		code := cli.Main(t.Context(), host.World{
			Args: append([]string{"codexlock"}, args...), Dir: r.dir, Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: stderr,
			// A slow disk: every time somebody asks, time has passed.
			Now:    func() time.Time { return r.attested.Add(time.Duration(later.Add(int64(300 * time.Millisecond)))) },
			Random: rand.NewChaCha8([32]byte{}), Names: func() []string { return nil },
			Env: func(name string) (string, bool) {
				value, known := map[string]string{"VAULTTIME_KEY": "a-key-for-counting-0123456789abcdef0123456789", "TERM": term}[name]
				return value, known
			},
		})
		if err := secondary.Close(); err != nil {
			t.Fatal(err)
		}
		text := <-shown + plain.String()
		if code != 0 {
			t.Fatalf("%q: exit code %d\n%s", args, code, text)
		}
		return text
	}
	for _, args := range [][]string{
		{"attest", "--all"}, {"verify", "--all"}, {"renew", "--within", "48h"}, {"ingest"}, {"verify", "--all", "--head", "HEAD", "--base-exact", "HEAD"},
	} {
		if text := run("xterm", true, args...); !moving(text) || strings.Contains(lastLine(text), "read") {
			t.Errorf("%q shows on a terminal, where no line of it may be left:\n%q", args, text)
		}
		r.git(t, "add", "-A")
		r.git(t, "commit", "-q", "--allow-empty", "-m", fmt.Sprint(args))
	}
	for _, c := range []struct {
		term     string
		terminal bool
		args     []string
	}{
		{"dumb", true, []string{"verify", "--all"}}, {"xterm", false, []string{"verify", "--all"}}, {"xterm", true, []string{"verify", "--all", "-q"}},
		{"xterm", true, []string{"verify", "--all", "-qfjson"}},
	} {
		if text := run(c.term, c.terminal, c.args...); strings.Contains(text, "\x1b[K") || strings.Contains(text, "read") {
			t.Errorf("%q, terminal %t, TERM=%s: it shows %q", c.args, c.terminal, c.term, text)
		}
	}
}

// lastLine is what a terminal shows at the end: what follows the last erased line.
func lastLine(text string) string { return text[strings.LastIndex(text, "\x1b[K")+1:] }

// writeLarge writes 16 MiB that are no text.
func writeLarge(t *testing.T, name string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, make([]byte, 16<<20), 0o644); err != nil {
		t.Fatal(err)
	}
}

// openTerminal returns both sides of a pseudo-terminal (pts(4)).
func openTerminal(t *testing.T) (primary, secondary *os.File) {
	t.Helper()
	primary, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals: %v", err)
	}
	t.Cleanup(func() { _ = primary.Close() })
	fd := int(primary.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80})
	}
	if err != nil {
		t.Fatal(err)
	}
	if secondary, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	return primary, secondary
}
