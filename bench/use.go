package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// The script that is used, and how the program that verifies it says whom to trust.
const usedScript = sources + "/used.sh"

// useFixture is a repository of n small artifacts with a script among them, attested, and
// a trust file outside of it.
func (b *bench) useFixture(n int) (dir, trust string, err error) {
	if err := b.buildUse(); err != nil {
		return "", "", err
	}
	if dir, err = b.small(n); err != nil {
		return "", "", err
	}
	if err := os.WriteFile(filepath.Join(dir, usedScript), []byte("#!/bin/sh\nset -eu\necho used\n"), 0o755); err != nil {
		return "", "", err
	}
	if err := b.do(dir, []string{b.program, "attest", usedScript}); err != nil {
		return "", "", err
	}
	text, err := os.ReadFile(filepath.Join(dir, "codexlock.yaml"))
	if err != nil {
		return "", "", err
	}
	trust = filepath.Join(b.dir, "trust.yaml")
	return dir, trust, os.WriteFile(trust, text, 0o600)
}

// buildUse compiles codexlock-use as a release does.
func (b *bench) buildUse() error {
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", b.useProgram(), "./cmd/codexlock-use")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build codexlock-use: %w\n%s", err, out)
	}
	return nil
}

func (b *bench) useProgram() string { return filepath.Join(b.dir, "bin", "codexlock-use") }

// used is a command of codexlock-use.
func (b *bench) used(what, dir, trust string, args ...string) command {
	return command{name: what, dir: dir, args: append([]string{b.useProgram(), args[0], "--trust", trust, "--root", dir}, args[1:]...)}
}

// use measures what a verification at the moment of use adds to the use, with a ledger of
// one entry and with a long one.
func (b *bench) use() ([]row, error) {
	var rows []row
	for _, n := range []int{1, b.size(small)} {
		dir, trust, err := b.useFixture(n)
		if err != nil {
			return nil, err
		}
		plain := command{name: "the script alone", dir: dir, args: []string{"./" + usedScript}, prints: "used"}
		limits := []target{wallTime(10*time.Millisecond, 5*time.Millisecond)}
		if n > 1 {
			limits = []target{wallTime(35*time.Millisecond, 20*time.Millisecond)}
		}
		for _, way := range []string{"fd", "path"} {
			if way == "path" { // a second process, and an answer for each file that it opens
				limits = []target{wallTime(20*time.Millisecond, 10*time.Millisecond)}
				if n > 1 {
					limits = []target{wallTime(45*time.Millisecond, 30*time.Millisecond)}
				}
			}
			ours := b.used(fmt.Sprintf("`run --as %s`, a ledger of %s", way, count(n)), dir, trust, "run", "--as", way, "--", usedScript)
			ours.prints = "used"
			found, err := b.one(comparison{name: fmt.Sprintf("use-%s-%d", way, n), ours: ours, peers: []command{plain}, targets: limits})
			if err != nil {
				return nil, err
			}
			rows = append(rows, found...)
		}
		if err := b.drop(filepath.Base(dir)); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// copying measures the copy of a large file against cp, which hashes nothing.
func (b *bench) copying() ([]row, error) {
	if err := b.buildUse(); err != nil {
		return nil, err
	}
	size := b.size(large)
	dir, err := b.files("copied", ".txt", 1, size, randomBytes)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(dir, "codexlock.yaml"))
	if err != nil {
		return nil, err
	}
	trust := filepath.Join(b.dir, "trust.yaml")
	if err := os.WriteFile(trust, text, 0o600); err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(dir, sources, "big*.txt"))
	if err != nil || len(files) != 1 {
		return nil, fmt.Errorf("%d large files, %w", len(files), err)
	}
	to := filepath.Join(b.dir, "copy")
	peer := command{name: "`cp`, `sync` and `openssl dgst -sha256`", dir: dir, args: []string{"sh", "-c", `cp "$0" "$1" && sync "$1" && openssl dgst -sha256 "$1"`, files[0], to}}
	rows, err := b.one(comparison{name: "use-copy", most: largeRun, ours: b.used(fmt.Sprintf("`copy`, a file of %d MiB", size>>20), dir, trust, "copy", files[0], to),
		peers: []command{peer, {name: "`cp`", dir: dir, args: []string{"cp", files[0], to}}}, targets: []target{toPeer(peer.name, 1.2, 1), memory(64, 32)}})
	if err != nil {
		return nil, err
	}
	return rows, errors.Join(os.RemoveAll(to), b.drop("copied"))
}
