package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// The sizes of the fixtures.
const (
	small    = 20_000 // artifacts of half a kilobyte
	signed   = 10_000 // that attest and renew sign
	large    = 512 << 20
	largeRun = 3 // how often what reads gigabytes, or much of a history, is measured
)

// cases are what is measured, in this order. Cases that share a fixture follow each
// other; the last one that needs it removes it.
var cases = []struct {
	name    string
	measure func(*bench) ([]row, error)
}{
	{"version", (*bench).version},
	{"one", (*bench).oneArtifact},
	{"all", (*bench).all},
	{"peers", (*bench).policyEngines},
	{"expired", (*bench).expired},
	{"keyless", (*bench).keyless},
	{"path", (*bench).onePath},
	{"drifted", (*bench).drifted},
	{"change", (*bench).changes},
	{"push", (*bench).push},
	{"attest", (*bench).attest},
	{"renew", (*bench).renew},
	{"use", (*bench).use},
	{"copy", (*bench).copying},
	{"large", (*bench).large},
	{"text", (*bench).text},
	{"notebook", (*bench).notebook},
	{"mixed", (*bench).mixed},
	{"ledger", (*bench).ledger},
	{"false", (*bench).falseEntries},
}

// codexlock is a command of the program under measurement.
func (b *bench) codexlock(what, dir string, args ...string) command {
	return command{name: what, dir: dir, args: append([]string{b.program}, args...)}
}

// verifyAll is the command on which most cases turn.
func (b *bench) verifyAll(what, dir string) command {
	c := b.codexlock(what, dir, "verify", "--all")
	c.prints = "all artifacts trusted and current"
	return c
}

// smallVerified is the repository of many small artifacts and the clean run over it.
func (b *bench) smallVerified() (dir string, n int, clean command, err error) {
	n = b.size(small)
	dir, err = b.small(n)
	return dir, n, b.verifyAll(fmt.Sprintf("`verify --all`, %s small artifacts", count(n)), dir), err
}

func (b *bench) version() ([]row, error) {
	return b.one(comparison{name: "version", ours: b.codexlock("`version`", b.dir, "version"),
		targets: []target{cpuTime(10*time.Millisecond, 5*time.Millisecond)}})
}

func (b *bench) oneArtifact() ([]row, error) {
	dir, err := b.small(1)
	if err != nil {
		return nil, err
	}
	return b.one(comparison{name: "one", ours: b.verifyAll("`verify --all`, 1 artifact", dir),
		targets: []target{cpuTime(60*time.Millisecond, 40*time.Millisecond)}})
}

func (b *bench) all() ([]row, error) {
	dir, n, clean, err := b.smallVerified()
	if err != nil {
		return nil, err
	}
	c := comparison{name: "all", ours: clean,
		peers: []command{
			{name: "`git fsck`", dir: dir, args: []string{"git", "fsck", "--no-progress"}},
			{name: "`sha256sum -c`", dir: dir, args: []string{"sha256sum", "-c", ".git/sums"}},
		},
		targets: []target{
			toPeer("`git fsck`", 1, 0.7), toPeer("`sha256sum -c`", 6, 0),
			cpuEach(n, 100*time.Microsecond), memory(128, 96),
		}}
	return b.one(c)
}

// policyEngines compares the same run with what costs so much that it is measured on
// a sample.
func (b *bench) policyEngines() ([]row, error) {
	dir, n, clean, err := b.smallVerified()
	if err != nil {
		return nil, err
	}
	c := comparison{name: "peers", ours: clean, most: largeRun}
	shell, missing := b.shellLoop(dir, n)
	c.add(shell, missing)
	c.targets = append(c.targets, toPeer(shell.name, 0.01, 0))
	evaluators, lacking, err := b.policyPeers(dir, n)
	if err != nil {
		return nil, err
	}
	c.peers, c.missing = append(c.peers, evaluators...), append(c.missing, lacking...)
	for _, e := range evaluators {
		c.targets = append(c.targets, toPeer(e.name, 0.2, 0))
	}
	return b.one(c)
}

// denied is a command after which every artifact is denied for one reason.
func deniedFor(rule string, c command) command {
	c.exit, c.prints = 1, "["+rule+"]"
	return c
}

// badDay compares a run in which every artifact is denied with the clean one.
func (b *bench) badDay(name, rule, what string, change func(*command) error, targets ...target) ([]row, error) {
	_, n, clean, err := b.smallVerified()
	if err != nil {
		return nil, err
	}
	bad := deniedFor(rule, clean)
	bad.name = fmt.Sprintf("%s, %s small artifacts", what, count(n))
	if err := change(&bad); err != nil {
		return nil, err
	}
	clean.name = "the clean run"
	return b.one(comparison{name: name, ours: bad, peers: []command{clean}, targets: targets})
}

func (b *bench) expired() ([]row, error) {
	return b.badDay("expired", "vaulttime.expired", "everything expired", func(c *command) error {
		c.args = append(c.args, "--effective-time", time.Now().UTC().Add(48*time.Hour).Format(time.RFC3339))
		return nil
	}, toPeer("the clean run", 3, 2), memory(128, 96))
}

// keyless measures a run without the key: where the configuration denies that, and
// where it accepts a valid proof.
func (b *bench) keyless() ([]row, error) {
	withoutKey := func(c *command) error { c.env = append(c.env, "VAULTTIME_KEY="); return nil }
	denying, err := b.badDay("keyless", "vaulttime.unverifiable", "no key, denied", func(c *command) error {
		config, err := os.ReadFile(filepath.Join(c.dir, "codexlock.yaml"))
		if err != nil {
			return err
		}
		edited := filepath.Join(b.dir, "keyless.yaml")
		if err := os.WriteFile(edited, []byte(strings.Replace(string(config), "\nkeyless: proof", "\nkeyless: deny", 1)), 0o644); err != nil {
			return err
		}
		c.args = append(c.args, "--config", edited)
		return withoutKey(c)
	}, toPeer("the clean run", 3, 0))
	if err != nil {
		return nil, err
	}
	accepting, err := b.badDay("keyless-proof", "", "no key, proofs accepted", func(c *command) error {
		c.exit, c.prints = 0, "all artifacts trusted and current"
		return withoutKey(c)
	}, toPeer("the clean run", 3, 0))
	return append(denying, accepting...), err
}

func (b *bench) onePath() ([]row, error) {
	dir, n, _, err := b.smallVerified()
	if err != nil {
		return nil, err
	}
	c := b.codexlock(fmt.Sprintf("`verify PATH`, one of %s artifacts", count(n)), dir, "verify", artifactName(n/2))
	c.prints = artifactName(n/2) + " verified"
	return b.one(comparison{name: "path", ours: c, targets: []target{wallTime(150*time.Millisecond, 80*time.Millisecond)}})
}

// drifted appends to every artifact. It is the last case of its fixture.
func (b *bench) drifted() ([]row, error) {
	dir, n, clean, err := b.smallVerified()
	if err != nil {
		return nil, err
	}
	if err := writeArtifacts(dir, upTo(n), 2); err != nil {
		return nil, err
	}
	drifted := deniedFor("lock.drift", clean)
	drifted.name = fmt.Sprintf("every artifact drifted, %s small artifacts", count(n))
	rows, err := b.one(comparison{name: "drifted", ours: drifted, targets: []target{memory(128, 96)},
		peers: []command{{name: "`sha256sum -c`", dir: dir, args: []string{"sha256sum", "-c", ".git/sums"}, exit: 1}}})
	if err != nil {
		return nil, err
	}
	return rows, b.drop(filepath.Base(dir))
}

// changes measures one size of change in repositories of several sizes, in turn, so
// that what grows with the repository is seen.
func (b *bench) changes() ([]row, error) {
	sizes := []int{1_000, 10_000, small, 100_000}
	var rows []row
	for i, size := range sizes {
		n := b.size(size)
		dir, err := b.change(n)
		if err != nil {
			return nil, err
		}
		what := fmt.Sprintf("`verify --base --head`, %d of %s artifacts changed", b.size(changed), count(n))
		c := comparison{name: fmt.Sprintf("change-%d", size), most: largeRun, ours: b.betweenCommits(what, dir)}
		if i > 0 {
			first, err := b.change(b.size(sizes[0]))
			if err != nil {
				return nil, err
			}
			c.peers = []command{b.betweenCommits(fmt.Sprintf("the same of %s", count(b.size(sizes[0]))), first)}
		}
		if size == small {
			c.targets = []target{wallTime(300*time.Millisecond, 200*time.Millisecond)}
		}
		r, err := b.compare(c)
		if err != nil {
			return nil, err
		}
		rows = append(rows, r)
		if i > 0 {
			if err := b.drop(filepath.Base(dir)); err != nil {
				return nil, err
			}
		}
	}
	return rows, b.drop(fmt.Sprintf("change-%d", b.size(sizes[0])))
}

// betweenCommits verifies what the last commit changed.
func (b *bench) betweenCommits(what, dir string) command {
	c := b.codexlock(what, dir, "verify", "--base", "HEAD^1", "--head", "HEAD")
	c.prints = "all artifacts trusted and current"
	return c
}

// attest signs new artifacts in a folder that has none of their companions.
func (b *bench) attest() ([]row, error) {
	n := b.size(signed)
	dir, err := b.fixture("new", func(dir string) error {
		if err := b.initialize(dir); err != nil {
			return err
		}
		return writeArtifacts(dir, upTo(n), 1)
	})
	if err != nil {
		return nil, err
	}
	c := b.codexlock(fmt.Sprintf("`attest --all`, %s new artifacts", count(n)), dir, "attest", "--all")
	c.before = func() error {
		return b.do(dir, []string{"git", "checkout", "-q", "--", "."}, []string{"sh", "-c",
			`find assets -type f '(' -name '*.manifest.json' -o -name '*.vaulttime.json' -o -name '*.test' ')' -delete`})
	}
	rows, err := b.one(comparison{name: "attest", ours: c, most: largeRun})
	if err != nil {
		return nil, err
	}
	return rows, b.drop("new")
}

// renew renews every record, run after run.
func (b *bench) renew() ([]row, error) {
	n := b.size(signed)
	dir, err := b.small(n)
	if err != nil {
		return nil, err
	}
	c := b.codexlock(fmt.Sprintf("`renew` of %s artifacts", count(n)), dir, "renew", "--within", "48h")
	c.prints = fmt.Sprintf("%d of %d artifacts renewed", n, n)
	c.before = func() error { time.Sleep(1100 * time.Millisecond); return nil } // a record of this second cannot get better
	rows, err := b.one(comparison{name: "renew", ours: c, most: largeRun,
		targets: []target{wallTime(3500*time.Millisecond, 2*time.Second), memory(128, 96)}})
	if err != nil {
		return nil, err
	}
	return rows, b.drop(filepath.Base(dir))
}

// hashing is the peer of what reads much: openssl, one process a core.
func hashing(dir string) command {
	return command{name: "`xargs -P2 openssl dgst -sha256`", dir: dir,
		args: []string{"sh", "-c", "ls " + sources + "/big* | grep -E '[0-9]\\.(txt|ipynb)$' | xargs -n 1 -P 2 openssl dgst -sha256"}}
}

func (b *bench) large() ([]row, error) {
	dir, err := b.files("large", ".txt", 8, b.size(large), randomBytes)
	if err != nil {
		return nil, err
	}
	peer := hashing(dir)
	rows, err := b.one(comparison{name: "large", most: largeRun, peers: []command{peer},
		ours:    b.verifyAll(fmt.Sprintf("`verify --all`, 8 files of %d MiB", b.size(large)>>20), dir),
		targets: []target{toPeer(peer.name, 1.05, 1), memory(128, 96)}})
	if err != nil {
		return nil, err
	}
	return rows, b.drop("large")
}

func (b *bench) text() ([]row, error) {
	return b.suspicious("text", ".txt", suspiciousText, func(c command, size int) command {
		c.name = fmt.Sprintf("`verify --all`, 2 texts of %d MiB full of \"key\" and \"token\"", size>>20)
		return c
	}, toPeer(hashing("").name, 2, 0), memory(128, 96))
}

func (b *bench) notebook() ([]row, error) {
	return b.suspicious("notebook", ".ipynb", suspiciousNotebook, func(c command, size int) command {
		c.name = fmt.Sprintf("`verify --all`, 2 notebooks of %d MiB with such words", size>>20)
		return c
	}, toPeer(hashing("").name, 2, 0), memory(128, 96))
}

// mixed is what most large texts are: logs and code, in which some lines assign something.
func (b *bench) mixed() ([]row, error) {
	return b.suspicious("mixed", ".txt", mixedText, func(c command, size int) command {
		c.name = fmt.Sprintf("`verify --all`, 2 texts of %d MiB of logs and code", size>>20)
		return c
	}, memory(128, 96))
}

// suspicious measures two artifacts that are full of words that begin a credential.
func (b *bench) suspicious(name, ending string, write func(io.Writer, int) error, as func(command, int) command, targets ...target) ([]row, error) {
	size := b.size(128 << 20)
	dir, err := b.files(name, ending, 2, size, write)
	if err != nil {
		return nil, err
	}
	rows, err := b.one(comparison{name: name, peers: []command{hashing(dir)}, ours: as(b.verifyAll("", dir), size), targets: targets})
	if err != nil {
		return nil, err
	}
	return rows, b.drop(name)
}

// count writes a number with commas.
func count(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
