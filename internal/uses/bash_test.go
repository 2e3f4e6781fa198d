//go:build unix

package uses

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/facts"
)

// A scriptMaker writes scripts of everything that decides whether a command is executed.
type scriptMaker struct {
	r *rand.Rand
	// functions are those that may be called here: none calls itself, which would never end.
	functions []string
}

func (m scriptMaker) pick(texts ...string) string { return texts[m.r.IntN(len(texts))] }

// simple is a command; maybe succeeds or fails as it likes.
func (m scriptMaker) simple() string {
	if len(m.functions) > 0 && m.r.IntN(8) == 0 {
		return m.pick(m.functions...)
	}
	return m.pick("codexlock verify --all", "codexlock verify --all", "codexlock verify scripts/x.sh", "./scripts/x.sh", "maybe", "maybe", "true", "false", "set +e", "set -e",
		"set -o pipefail", "set +o pipefail", "exit 0", "exit 1", "return 0", "return 1", "cd scripts", "cd ..", "eval 'codexlock verify --all'", "trap 'exit 0' EXIT", "break", ": > scripts/x.sh.log")
}

// command is a command of some depth.
func (m scriptMaker) command(depth int) string {
	if depth == 0 {
		return m.simple()
	}
	inner := func() string { return m.command(depth - 1) }
	switch m.r.IntN(16) {
	case 0:
		return inner() + " && " + inner()
	case 1:
		return inner() + " || " + inner()
	case 2:
		return "! " + m.simple()
	case 3:
		return "( " + m.list(depth-1) + " )"
	case 4:
		return "{ " + m.list(depth-1) + "; }"
	case 5:
		return "if " + m.list(depth-1) + "; then " + m.list(depth-1) + "; fi"
	case 6:
		return "if " + m.list(depth-1) + "; then " + m.list(depth-1) + "; else " + m.list(depth-1) + "; fi"
	case 7:
		return m.simple() + " | " + m.simple()
	case 8:
		return "for i in 1 2; do " + m.list(depth-1) + "; done"
	case 9:
		return "while maybe; do " + m.list(depth-1) + "; break; done"
	case 10:
		return "case $((RANDOM % 2)) in 0) " + m.list(depth-1) + ";; " + m.pick("1", "*") + ") " + m.list(depth-1) + ";; esac"
	case 11:
		return "x=$(" + m.list(depth-1) + ")"
	case 12:
		return "until " + m.simple() + "; do " + m.list(depth-1) + "; break; done"
	case 13:
		return "bash -c '" + strings.ReplaceAll(m.list(depth-1), "'", "") + "'"
	}
	return m.simple()
}

func (m scriptMaker) list(depth int) string {
	parts := make([]string, 1+m.r.IntN(3))
	for i := range parts {
		parts[i] = m.command(depth)
	}
	return strings.Join(parts, "; ")
}

// script defines two functions, does something, and uses the artifact.
func (m scriptMaker) script() string {
	text := "g() { " + m.list(0) + "; }\n"
	m.functions = []string{"g"}
	text += "f() { " + m.list(1) + "; }\n"
	m.functions = []string{"f", "g"}
	for range 1 + m.r.IntN(3) {
		text += m.command(2) + "\n"
	}
	return text + "cd \"$GITHUB_WORKSPACE\"\n./scripts/x.sh last\n"
}

// TestWhatIsVerifiedIsNotExecuted: where an artifact counts as verified earlier, Bash does not
// execute it when the verification fails. The scripts are made at random, and executed with a
// codexlock that denies everything; CODEXLOCK_SEED=N makes others.
func TestWhatIsVerifiedIsNotExecuted(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash")
	}
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write("bin/codexlock", "#!/bin/sh\nexit 1\n")
	write("bin/maybe", "#!/bin/sh\n[ $(( $(od -An -N1 -tu1 /dev/urandom) % 2 )) = 0 ]\n")
	write("work/scripts/x.sh", "#!/bin/sh\n[ \"$1\" != last ] || : > ../used\n")
	rounds, found := 40, 0
	if testing.Short() {
		rounds = 20
	}
	first, _ := strconv.ParseUint(os.Getenv("CODEXLOCK_SEED"), 10, 32) // to try others
	for seed := range uint64(rounds * 40) {
		m := scriptMaker{r: rand.New(rand.NewPCG(seed, first))}
		script := m.script()
		flags := m.pick("-e", "-eo pipefail", "")
		shell := map[string]string{"-e": "bash -e {0}", "-eo pipefail": "bash -eo pipefail {0}", "": "bash {0}"}[flags]
		text := inSteps("      - shell: " + shell + "\n        run: |\n          " + strings.ReplaceAll(strings.TrimSpace(script), "\n", "\n          ") + "\n")
		r := usesOf(t, map[string]string{workflow: text})
		verified := false
		for _, u := range r.out.Uses {
			if u.Line == 9+strings.Count(strings.TrimSpace(script), "\n") && u.Verified == facts.VerificationEarlier {
				verified = true
			}
		}
		if !verified {
			continue
		}
		if found++; found > rounds {
			break
		}
		for range 3 {
			os.Remove(filepath.Join(dir, "used"))
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second) // a loop may have no end
			cmd := exec.CommandContext(ctx, bash, append(strings.Fields(flags), "-c", script)...)
			cmd.Dir = filepath.Join(dir, "work")
			cmd.Env = []string{"PATH=" + filepath.Join(dir, "bin") + ":/usr/bin:/bin", "GITHUB_WORKSPACE=" + cmd.Dir}
			cmd.WaitDelay = time.Second
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // it leaves no process behind
			cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
			_ = cmd.Run()
			cancel()
			if cmd.Process != nil {
				_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			}
			if _, err := os.Stat(filepath.Join(dir, "used")); err == nil {
				t.Fatalf("seed %d: bash %s executed an artifact that counts as verified, though the verification failed:\n%s", seed, flags, script)
			}
		}
	}
	if found < rounds/2 {
		t.Errorf("%d scripts with a verified use, want at least %d", found, rounds/2)
	}
}
