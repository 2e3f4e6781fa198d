// Command bench measures Codexlock beside what people would use instead, in one
// run on one machine, and prints ratios. Figures are the best of several runs,
// alternating, so that whatever else the machine does hits both.
//
//	go run ./bench            everything (some minutes, 5 GB of disk)
//	go run ./bench -quick     a tenth of everything
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const key = "a-key-for-measuring-0123456789abcdef0123456789"

func main() {
	quick := flag.Bool("quick", false, "a tenth of everything")
	flag.Parse()
	if err := run(*quick); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(quick bool) error {
	dir, err := os.MkdirTemp("", "codexlock-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := bench{bin: filepath.Join(dir, "codexlock"), scale: 1}
	if quick {
		b.scale = 10
	}
	if _, err := b.do(".", "go", "build", "-trimpath", "-o", b.bin, "./cmd/codexlock"); err != nil {
		return err
	}
	fmt.Println("| what | codexlock | peer | ratio | target | peak memory |")
	fmt.Println("|---|---|---|---|---|---|")
	for _, measure := range []func(string) error{b.everything, b.change, b.large} {
		at, err := os.MkdirTemp(dir, "")
		if err != nil {
			return err
		}
		if err := measure(at); err != nil {
			return err
		}
		if err := os.RemoveAll(at); err != nil {
			return err
		}
	}
	return nil
}

type bench struct {
	bin   string
	scale int
}

// A cost is what a command took.
type cost struct {
	wall time.Duration
	peak int64 // bytes
}

func (b bench) do(dir, name string, args ...string) (cost, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "VAULTTIME_KEY="+key, "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_AUTHOR_NAME=b", "GIT_AUTHOR_EMAIL=b@localhost", "GIT_COMMITTER_NAME=b", "GIT_COMMITTER_EMAIL=b@localhost")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	start := time.Now()
	err := cmd.Run()
	c := cost{wall: time.Since(start)}
	if err != nil {
		return c, fmt.Errorf("%s %s: %w\n%.2000s", name, strings.Join(args, " "), err, out.String())
	}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		c.peak = usage.Maxrss << 10
	}
	return c, nil
}

// best runs two commands in turn and keeps the quickest of each.
func (b bench) best(dir string, ours, peer []string) (o, p cost, err error) {
	for i := range 5 {
		for _, side := range []struct {
			args []string
			into *cost
		}{{ours, &o}, {peer, &p}} {
			if len(side.args) == 0 {
				continue
			}
			c, err := b.do(dir, side.args[0], side.args[1:]...)
			if err != nil {
				return o, p, err
			}
			if i == 0 || c.wall < side.into.wall {
				side.into.wall = c.wall
			}
			side.into.peak = max(side.into.peak, c.peak)
		}
	}
	return o, p, nil
}

func row(what string, o, p cost, target string) {
	ratio, peer := "", ""
	if p.wall > 0 {
		ratio, peer = fmt.Sprintf("%.2fx", float64(o.wall)/float64(p.wall)), fmt.Sprintf("%d ms", p.wall.Milliseconds())
	}
	fmt.Printf("| %s | %d ms | %s | %s | %s | %d MiB |\n", what, o.wall.Milliseconds(), peer, ratio, target, o.peak>>20)
}

// repository makes a repository of n small attested artifacts.
func (b bench) repository(dir string, n int) error {
	sources := filepath.Join(dir, "assets", "sources")
	for i := range n {
		folder := filepath.Join(sources, fmt.Sprintf("%03d", i%100))
		if i < 100 {
			if err := os.MkdirAll(folder, 0o755); err != nil {
				return err
			}
		}
		text := strings.Repeat(fmt.Sprintf("artifact %d of the measurement\n", i), 30)
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("a%05d.txt", i)), []byte(text), 0o644); err != nil {
			return err
		}
	}
	for _, args := range [][]string{
		{"git", "init", "-q", "-b", "main"},
		{"sh", "-c", "find assets/sources -type f | sort | xargs sha256sum > ../sums.$$ && mv ../sums.$$ .git/sums"},
		{"sh", "-c", "find assets/sources -type f | sort | xargs -n 5000 " + b.bin + " attest --toolchain bench@1 >/dev/null"},
		{"git", "add", "-A"},
		{"git", "commit", "-q", "-m", "attested"},
	} {
		if _, err := b.do(dir, args[0], args[1:]...); err != nil {
			return err
		}
	}
	return nil
}

func (b bench) everything(dir string) error {
	n := 20_000 / b.scale
	if err := b.repository(dir, n); err != nil {
		return err
	}
	o, p, err := b.best(dir, []string{b.bin, "verify", "--all", "-q"}, []string{"sha256sum", "--quiet", "-c", ".git/sums"})
	row(fmt.Sprintf("verify --all, %d small artifacts, against `sha256sum -c` of the artifacts alone", n), o, p, "<= 2x, 128 MiB")
	return err
}

func (b bench) change(dir string) error {
	n, m := 10_000/b.scale, 500/b.scale
	if err := b.repository(dir, n); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"sh", "-c", fmt.Sprintf("for f in $(find assets/sources -name '*.txt' | sort | head -n %d); do echo more >> $f; done", m)},
		{"sh", "-c", fmt.Sprintf("find assets/sources -name '*.txt' | sort | head -n %d | xargs %s attest >/dev/null", m, b.bin)},
		{"git", "commit", "-q", "-a", "-m", "changed"},
	} {
		if _, err := b.do(dir, args[0], args[1:]...); err != nil {
			return err
		}
	}
	o, _, err := b.best(dir, []string{b.bin, "verify", "--base", "HEAD^1", "--head", "HEAD", "-q"}, nil)
	if err != nil {
		return err
	}
	row(fmt.Sprintf("verify --base --head, %d of %d artifacts changed", m, n), o, cost{}, "<= 300 ms")
	none, _, err := b.best(dir, []string{b.bin, "verify", "--base", "HEAD", "--head", "HEAD", "-q"}, nil)
	if err != nil {
		return err
	}
	row(fmt.Sprintf("the same repository, nothing changed: start-up, rules, ledger of %d", n), none, cost{}, "")
	return nil
}

func (b bench) large(dir string) error {
	sources := filepath.Join(dir, "assets", "sources")
	if err := os.MkdirAll(sources, 0o755); err != nil {
		return err
	}
	megabytes := 512 / b.scale
	for _, args := range [][]string{
		{"git", "init", "-q", "-b", "main"},
		{"git", "commit", "-q", "--allow-empty", "-m", "empty"},
		{"sh", "-c", fmt.Sprintf("for i in 1 2 3 4 5 6 7 8; do head -c %dM /dev/urandom > assets/sources/big$i.bin; done", megabytes)},
		{"sh", "-c", b.bin + " attest --toolchain bench@1 assets/sources/*.bin"},
	} {
		if _, err := b.do(dir, args[0], args[1:]...); err != nil {
			return err
		}
	}
	o, p, err := b.best(dir, []string{b.bin, "verify", "--all", "-q"},
		[]string{"sh", "-c", "ls assets/sources/*.bin | xargs -n 1 -P 2 openssl dgst -sha256"})
	row(fmt.Sprintf("verify --all, 8 files of %d MiB, against `xargs -P2 openssl dgst -sha256`", megabytes), o, p, "<= 0.9x, 64 MiB")
	return err
}
