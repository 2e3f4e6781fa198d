package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/cli"
	"github.com/codexlock/codexlock/internal/host"
)

// A clones is some clones of a repository, with a clock and a key. Commands of codexlock
// run in this process; git runs them as a merge driver in its own.
type clones struct {
	*testing.T
	root     string
	program  string
	rng      *rand.Rand
	now      time.Time
	key, old string // old is the key before, while it is needed
}

// newClones makes server.git, a bare repository, and clones of it.
func newClones(t *testing.T, seed uint64, names ...string) *clones {
	t.Helper()
	program, err := exec.LookPath("codexlock") // TestMain puts it there
	if err != nil {
		t.Fatal(err)
	}
	c := &clones{T: t, root: t.TempDir(), program: program, rng: rand.New(rand.NewPCG(seed, 12)), now: time.Date(2026, 1, 1, 0, 17, 0, 0, time.UTC)}
	c.key = c.newKey()
	c.git("", "init", "-q", "--bare", "-b", "main", "server.git")
	for _, name := range names {
		c.git("", "clone", "-q", "file://"+filepath.Join(c.root, "server.git"), name)
		c.git(name, "config", "user.name", name)
		c.git(name, "config", "user.email", name+"@localhost")
	}
	return c
}

// driver has a clone merge what attest writes with codexlock.
func (c *clones) driver(clone string) {
	c.git(clone, "config", "merge.codexlock.driver", "codexlock lock merge --marker-size=%L --path=%P %O %A %B")
}

func (c *clones) newKey() string {
	text := sha256.Sum256(fmt.Appendf(nil, "key %d %d", c.rng.Uint64(), c.rng.Uint64()))
	return hex.EncodeToString(text[:])
}

func (c *clones) keyID(key string) string {
	_, out := c.codexlock("job", map[string]string{"VAULTTIME_KEY": key}, "keys", "public")
	m := regexp.MustCompile(`id: "([0-9a-f]{16})"`).FindStringSubmatch(out)
	if m == nil {
		c.Fatalf("no id in %s", out)
	}
	return m[1]
}

func (c *clones) env() map[string]string {
	env := map[string]string{"VAULTTIME_KEY": c.key}
	if c.old != "" {
		env["VAULTTIME_KEY_OLD"] = c.old
	}
	return env
}

// codexlock runs a command in a clone, in this process, and returns its exit code and all
// that it printed.
func (c *clones) codexlock(clone string, env map[string]string, args ...string) (int, string) {
	var out bytes.Buffer
	code := cli.Main(context.Background(), host.World{
		Args: append([]string{"codexlock"}, args...), Dir: filepath.Join(c.root, clone), Self: c.program,
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out,
		Env:   func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		Names: func() []string { return nil }, Now: func() time.Time { return c.now }, Random: seeded{c.rng},
	})
	return code, out.String()
}

// seeded is a randomness that a seed repeats.
type seeded struct{ *rand.Rand }

func (r seeded) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	return len(p), nil
}

func (c *clones) must(clone string, args ...string) {
	c.Helper()
	if code, out := c.codexlock(clone, c.env(), args...); code != 0 {
		c.Fatalf("%s: %s: codexlock %s ended with %d:\n%s", c.now, clone, strings.Join(args, " "), code, out)
	}
}

func (c *clones) git(clone string, args ...string) string {
	c.Helper()
	out, err := c.try(clone, args...)
	if err != nil {
		c.Fatalf("%s: %s: git %s: %v\n%s", c.now, clone, strings.Join(args, " "), err, out)
	}
	return out
}

func (c *clones) try(clone string, args ...string) (string, error) {
	cmd := exec.Command("git", append([]string{"-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "protocol.file.allow=always"}, args...)...)
	cmd.Dir = filepath.Join(c.root, clone)
	date := c.now.Format(time.RFC3339)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_DATE="+date, "GIT_COMMITTER_DATE="+date)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (c *clones) read(clone, name string) string {
	c.Helper()
	text, err := os.ReadFile(filepath.Join(c.root, clone, name))
	if err != nil {
		c.Fatal(err)
	}
	return string(text)
}

func (c *clones) write(clone, name, text string) {
	c.Helper()
	c.mkdir(clone, filepath.Dir(name))
	mode := fs.FileMode(0o644)
	if strings.HasSuffix(name, ".test") {
		mode = 0o755
	}
	if err := os.WriteFile(filepath.Join(c.root, clone, name), []byte(text), mode); err != nil {
		c.Fatal(err)
	}
}

func (c *clones) mkdir(clone, name string) {
	c.Helper()
	if err := os.MkdirAll(filepath.Join(c.root, clone, name), 0o755); err != nil {
		c.Fatal(err)
	}
}

func (c *clones) digest(clone, name string) string {
	c.Helper()
	sum := sha256.Sum256([]byte(c.read(clone, name)))
	return hex.EncodeToString(sum[:])
}
