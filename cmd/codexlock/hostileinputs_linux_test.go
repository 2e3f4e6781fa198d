package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/policy"
)

// Each of the worst inputs is denied within 60 s of CPU time and 1 GiB of memory, the
// programs that codexlock starts included (wait4(2) counts them). CPU time is bounded by
// the kernel and memory is read from it, so no load of the machine changes the answer.
// make hostile runs it with ledgers of 300,000 and of a million entries and a notebook
// of 30 MB; by default there are 1,500, 5,000 and 1.4 MB.
func TestWorstInputs(t *testing.T) {
	entries, most, cells := 1500, 5000, 600
	if os.Getenv("CODEXLOCK_HOSTILE") == "full" {
		entries, most, cells = 300_000, 1_000_000, 13_000
	}
	program, err := exec.LookPath("codexlock") // TestMain puts it there
	if err != nil {
		t.Fatal(err)
	}
	for name, files := range worstInputs(entries, most, cells) {
		t.Run(name, func(t *testing.T) {
			h := newWorstRepository(t, files)
			cmd := exec.Command("bash", "-c", `ulimit -t 60 && exec "$0" "$@"`, program, "verify", "--quiet", "--base", "HEAD^", "--head", "HEAD")
			cmd.Dir, cmd.Env = h.dir, h.env
			out, _ := cmd.CombinedOutput()
			state := cmd.ProcessState
			used, most := state.UserTime()+state.SystemTime(), state.SysUsage().(*syscall.Rusage).Maxrss
			t.Logf("%v of CPU time, %d KiB in memory at most", used, most)
			if used.Seconds() > 60 || most > 1<<20 {
				t.Errorf("%v of CPU time and %d KiB in memory, want at most 60 s and 1 GiB", used, most)
			}
			if code := state.ExitCode(); code != 1 {
				t.Errorf("exit code %d, want 1:\n%.2000s", code, out)
			}
		})
	}
}

// newWorstRepository has some files in the last of two commits.
func newWorstRepository(t *testing.T, files map[string]string) hugeRepository {
	t.Helper()
	h := hugeRepository{dir: t.TempDir()}
	h.env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "HOME="+h.dir)
	h.git(t, "", "init", "--quiet", ".")
	identity := []string{"-c", "user.name=Tester", "-c", "user.email=tester@localhost", "commit", "--quiet", "--allow-empty", "-m", "a commit"}
	h.git(t, "", identity...)
	for path, text := range files {
		at := filepath.Join(h.dir, path)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	h.git(t, "", "add", "--all")
	h.git(t, "", identity...)
	return h
}

// TestWorstInputsWithoutCache: what is decided about the worst inputs is what the rules
// decide of themselves, each evaluated about every artifact.
func TestWorstInputsWithoutCache(t *testing.T) {
	for name, files := range worstInputs(300, 1500, 60) {
		t.Run(name, func(t *testing.T) {
			h := newWorstRepository(t, files)
			g, err := gate.New(host.World{
				Dir: h.dir, Stdout: io.Discard, Stderr: io.Discard, Now: func() time.Time { return time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC) },
				Env: func(string) (string, bool) { return "", false }, Names: func() []string { return nil },
			}, gate.Options{Base: gate.Base{Trusted: gate.Given("HEAD^"), Head: gate.Given("HEAD")}, Selection: gate.Selection{Scope: facts.Changed}})
			if err != nil {
				t.Fatal(err)
			}
			r, err := g.Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			decided := func(prepare func(*policy.Engine)) string {
				e, err := g.Prepare(t.Context(), r)
				if err != nil {
					t.Fatal(err)
				}
				prepare(e.Engine)
				d, err := e.Decide(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if len(d.Findings) == 0 {
					t.Error("nothing is found")
				}
				text, err := json.Marshal(d)
				if err != nil {
					t.Fatal(err)
				}
				return string(text)
			}
			if got, want := decided(func(*policy.Engine) {}), decided((*policy.Engine).WithoutCache); got != want {
				t.Errorf("with what is known it is decided\n%.2000s\nand without\n%.2000s", got, want)
			}
		})
	}
}

// worstInputs are the files of changes that once took minutes or gigabytes.
func worstInputs(entries, most, cells int) map[string]map[string]string {
	var analysis strings.Builder // a flow of data that ShellCheck follows everywhere
	analysis.WriteString("#!/usr/bin/env bash\nset -euo pipefail\n")
	for i := 0; analysis.Len() < 140_000; i++ {
		fmt.Fprintf(&analysis, "if [ \"$a%d\" ]; then a%d=$a%d; else case $b in x) b=$a%d ;; esac; fi\n", i, i+1, i, i)
	}
	secrets := map[string]string{}
	for i := range 10 {
		secrets[fmt.Sprintf("assets/sources/%d.txt", i)] = strings.Repeat("ghp_", 7000)
	}
	cell := `{"cell_type":"code","source":["token = \"ghp_` + strings.Repeat("a", 10) + `\"\n","api_key = load()\n"],"outputs":[{"data":{"image/png":"` + strings.Repeat("iVBORw0KGgoAAAANSUhEUg", 100) + `"}}]},`
	return map[string]map[string]string{
		"a script":       {"assets/sources/worst.sh": analysis.String()},
		"secrets":        secrets,
		"ledger entries": {"Codex-Lock.json": falseLedger(entries)},
		"most entries":   {"Codex-Lock.json": falseLedger(most)},
		"a notebook":     {"assets/sources/n.ipynb": `{"cells":[` + strings.TrimSuffix(strings.Repeat(cell, cells), ",") + `]}`},
	}
}

// falseLedger is a ledger of n artifacts that do not exist.
func falseLedger(n int) string {
	var ledger strings.Builder
	ledger.WriteString(`{"artifacts":[`)
	for i := range n {
		if i > 0 {
			ledger.WriteString(",\n")
		}
		fmt.Fprintf(&ledger, `{"path":"assets/sources/%06d","sha256":"%064d","drift_tolerance":0.0,"trust_domain":"x","verified_at":"2026-01-01T00:00:00Z"}`, i, i)
	}
	ledger.WriteString("]}")
	return ledger.String()
}
