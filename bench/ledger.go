package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// hostile is how much CPU time the worst input may cost.
const hostile = time.Minute

// ledger verifies a change of one artifact where the ledger lists a million.
func (b *bench) ledger() ([]row, error) {
	n := b.size(1_000_000)
	dir, err := b.fixture("ledger", func(dir string) error {
		if err := b.initialize(dir); err != nil {
			return err
		}
		for version := 1; version <= 2; version++ {
			if err := b.versionWithLedger(dir, version, n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	c := b.betweenCommits(fmt.Sprintf("`verify --base --head`, 1 artifact changed, a ledger of %s entries", count(n)), dir)
	rows, err := b.one(comparison{name: "ledger", ours: c, most: largeRun, targets: []target{memory(1024, 0)}})
	if err != nil {
		return nil, err
	}
	return rows, b.drop("ledger")
}

// versionWithLedger commits one attested artifact in a version, and a ledger with n
// entries more.
func (b *bench) versionWithLedger(dir string, version, n int) error {
	if err := os.RemoveAll(filepath.Join(dir, "Codex-Lock.json")); err != nil {
		return err
	}
	if err := writeArtifacts(dir, []int{0}, version); err != nil {
		return err
	}
	if err := b.do(dir, []string{b.program, "attest", "--all"}); err != nil {
		return err
	}
	if err := lengthen(dir, n); err != nil {
		return err
	}
	return b.do(dir, []string{"git", "-c", "core.compression=1", "add", "-A"}, []string{"git", "commit", "-q", "-m", fmt.Sprintf("version %d", version)})
}

// falseEntries verifies everything where the ledger lists what does not exist.
func (b *bench) falseEntries() ([]row, error) {
	var rows []row
	for _, size := range []int{30_000, 300_000} {
		n := b.size(size)
		name := fmt.Sprintf("false-%d", n)
		dir, err := b.fixture(name, func(dir string) error {
			if err := b.initialize(dir); err != nil {
				return err
			}
			return b.versionWithLedger(dir, 1, n)
		})
		if err != nil {
			return nil, err
		}
		c := b.codexlock(fmt.Sprintf("`verify --all`, %s false ledger entries", count(n)), dir, "verify", "--all")
		c.exit, c.prints = 1, "Codex-Lock.json"
		r, err := b.compare(comparison{name: name, ours: c, most: largeRun, targets: []target{memory(1024, 0), cpuTime(hostile, 0)}})
		if err != nil {
			return nil, err
		}
		rows = append(rows, r)
		if err := b.drop(name); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// lengthen adds n entries for files that do not exist to the ledger of a work tree,
// which keeps the order of its paths. Nothing is held in memory.
func lengthen(dir string, n int) error {
	name := filepath.Join(dir, "Codex-Lock.json")
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	entries, err := ledgerEntries(string(text))
	if err != nil {
		return err
	}
	return writeFile(name, n, func(w io.Writer, n int) error {
		out := bufio.NewWriterSize(w, 1<<16)
		written := ledgerText(entries)
		fmt.Fprint(out, written[:len(written)-len(ledgerEnd)])
		for i := range n {
			fmt.Fprintf(out, ",\n    {\n      \"path\": \"%s/zz/%07d.txt\",\n      \"sha256\": \"%064x\",\n      \"drift_tolerance\": 0.0,\n"+
				"      \"trust_domain\": \"default\",\n      \"verified_at\": \"2026-01-01T00:00:00Z\"\n    }", sources, i, i)
		}
		fmt.Fprint(out, ledgerEnd)
		return out.Flush()
	})
}
