//go:build linux

package main_test

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/useflags"
)

const hello = "#!/usr/bin/env bash\nset -euo pipefail\necho \"hello $0 $*\"\n"

// maxProgramBytes is how large the small program may be.
const maxProgramBytes = 4_000_000

// TestProgramIsSmall: it fits where there is little room, needs none of the libraries of the
// gate, and no dynamic loader runs, which LD_PRELOAD could use.
func TestProgramIsSmall(t *testing.T) {
	name, err := program()
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > maxProgramBytes {
		t.Errorf("it has %d bytes, want at most %d", info.Size(), maxProgramBytes)
	}
	f, err := elf.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
		t.Error("a dynamic loader runs before it")
	}
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	for _, dep := range deps {
		for _, heavy := range []string{"github.com/open-policy-agent/", "github.com/santhosh-tekuri/", "github.com/spf13/", "github.com/codexlock/codexlock/internal/kinds", "net/http", "crypto/tls", "crypto/x509", "os/exec", "mvdan.cc/"} {
			if strings.HasPrefix(dep, heavy) {
				t.Errorf("it needs %s", dep)
			}
		}
	}
	if !slices.Contains(deps, "github.com/codexlock/codexlock/internal/use") {
		t.Errorf("internal/use is not among its %d dependencies: the test looks at the wrong thing", len(deps))
	}
}

func TestRunOpenCopy(t *testing.T) {
	r := newRepository(t)
	r.attest("scripts/hello.sh", hello, 0o755)
	r.attest("scripts/fails.sh", "#!/bin/sh\nexit 7\n", 0o755)
	r.attest("scripts/killed.sh", "#!/bin/sh\nkill -TERM $$\n", 0o755)
	r.attest("model.bin", "weights\x00of a model", 0o644)
	for _, c := range []struct {
		args []string
		code int
		out  string
	}{
		{[]string{"run", "--", "scripts/hello.sh", "--trust", "-x", ""}, 0, "hello scripts/hello.sh --trust -x \n"},
		{[]string{"run", "--as", "path", "--", r.name("scripts/hello.sh")}, 0, "hello " + r.name("scripts/hello.sh") + " \n"},
		{[]string{"run", "scripts/hello.sh"}, 0, "hello scripts/hello.sh \n"},
		{[]string{"run", "--as", "fd", "--", "scripts/fails.sh"}, 7, ""},
		{[]string{"run", "--", "scripts/fails.sh"}, 7, ""},
		{[]string{"run", "--", "scripts/killed.sh"}, 143, ""},
		{[]string{"run", "--hold", "tmpfile:" + t.TempDir(), "--", "scripts/hello.sh"}, 0, "hello scripts/hello.sh \n"},
		{[]string{"open", "model.bin"}, 0, "weights\x00of a model"},
		{[]string{"open", "model.bin", "--", "cat", "{}"}, 0, "weights\x00of a model"},
		{[]string{"open", "--hold", "lease", "model.bin", "--", "cat", "{}"}, 0, "weights\x00of a model"},
		{[]string{"open", "model.bin", "--", "sh", "-c", "exit 9", "{}"}, 9, ""},
	} {
		if got := r.use(c.args...); got.code != c.code || got.stdout != c.out || got.stderr != "" {
			t.Errorf("%q: ended with %d, printed %q and %q, want %d and %q", c.args, got.code, got.stdout, got.stderr, c.code, c.out)
		}
	}
	to := t.TempDir()
	if got := r.use("copy", "--parents", "--companions", "model.bin", "scripts/hello.sh", to); got.code != 0 {
		t.Fatalf("copy: %+v", got)
	}
	for name, mode := range map[string]os.FileMode{"model.bin": 0o444, "model.bin.vaulttime.json": 0o444, "scripts/hello.sh": 0o555, "scripts/hello.sh.test": 0o555} {
		info, err := os.Stat(filepath.Join(to, name))
		if err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v, want mode %o", name, info, err, mode)
		}
	}
}

// TestCopyIsAllOrNothing: one artifact that is denied, or a name that cannot be given, and
// the folder is as it was.
func TestCopyIsAllOrNothing(t *testing.T) {
	r := newRepository(t)
	r.attest("a.bin", "a", 0o644)
	r.attest("b.bin", "b", 0o644)
	to := t.TempDir()
	r.write(filepath.Join(to, "a.bin"), "old", 0o644)
	same := func(what string) {
		t.Helper()
		entries, err := os.ReadDir(to)
		text, _ := os.ReadFile(filepath.Join(to, "a.bin"))
		if err != nil || len(entries) > 2 || string(text) != "old" {
			t.Errorf("%s: there are %v with %q, %v", what, entries, text, err)
		}
	}
	if err := os.Mkdir(filepath.Join(to, "b.bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	r.use("copy", "a.bin", "b.bin", to).refused(t, "a folder has the name", 3, "is a folder")
	same("a folder has the name")
	if err := os.Remove(filepath.Join(to, "b.bin")); err != nil {
		t.Fatal(err)
	}
	r.write(r.name("b.bin"), "evil", 0o644)
	r.use("copy", "a.bin", "b.bin", to).refused(t, "one is denied", 1, "[lock.drift]")
	same("one is denied")
	r.use("copy", "a.bin", "b.bin", filepath.Join(to, "none")).refused(t, "no folder", 3, "no such folder")
	r.attest("sub/a.bin", "a", 0o644)
	r.use("copy", "a.bin", "sub/a.bin", to).refused(t, "one name twice", 3, "two files")
	same("one name twice")
}

// TestAttacks: each is a refusal of one line, and nothing is executed.
func TestAttacks(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(r *repository)
		args   []string
		code   int
		says   string
	}{
		{"changed bytes", func(r *repository) { r.write(r.name("s.sh"), "#!/bin/sh\necho evil\n", 0o755) }, nil, 126, "[lock.drift]"},
		{"a foreign record", func(r *repository) { move(r, "other.sh.vaulttime.json", "s.sh.vaulttime.json") }, nil, 126, "[vaulttime.hash]"},
		{"the same bytes of another path", func(r *repository) {
			r.attest("twin.sh", hello, 0o755)
			move(r, "twin.sh.vaulttime.json", "s.sh.vaulttime.json")
		}, nil, 126, "[vaulttime.proof]"},
		{"a rewritten date", func(r *repository) { rewrite(r, "s.sh.vaulttime.json", `"ttl_hours": 24`, `"ttl_hours": 23`) }, nil, 126, "[vaulttime.proof]"},
		{"a longer life", func(r *repository) { rewrite(r, "s.sh.vaulttime.json", `"ttl_hours": 24`, `"ttl_hours": 240`) }, nil, 126, "[vaulttime.ttl]"},
		{"a cut record", func(r *repository) { os.Truncate(r.name("s.sh.vaulttime.json"), 100) }, nil, 126, "[vaulttime.schema]"},
		{"no record", func(r *repository) { os.Remove(r.name("s.sh.vaulttime.json")) }, nil, 126, "[vaulttime.missing]"},
		{"no manifest", func(r *repository) { os.Remove(r.name("s.sh.manifest.json")) }, nil, 126, "[manifest.missing]"},
		{"an edited manifest", func(r *repository) { rewrite(r, "s.sh.manifest.json", "tester", "evil") }, nil, 126, "[manifest.unsigned]"},
		{"an edited test", func(r *repository) { rewrite(r, "s.sh.test", "set -euo pipefail", "exit 0") }, nil, 126, "[test.unsigned]"},
		{"two records", func(r *repository) {
			text, _ := os.ReadFile(r.name("s.sh.vaulttime.json"))
			r.write(r.name("assets/manifests/s.sh.vaulttime.json"), string(text), 0o644)
		}, nil, 126, "[vaulttime.missing]"},
		{"an edited ledger", func(r *repository) { rewrite(r, "Codex-Lock.json", `"drift_tolerance": 0.0`, `"drift_tolerance": 1.0`) }, nil, 126, "[lock.tolerance]"},
		{"a doubled ledger entry", func(r *repository) {
			r.ledger.Artifacts = append(r.ledger.Artifacts, r.ledger.Artifacts[0], r.ledger.Artifacts[1])
			r.write(r.name("Codex-Lock.json"), string(r.ledger.Encode()), 0o644)
		}, nil, 126, "[lock.duplicate]"},
		{"a ledger cut off", func(r *repository) { os.Truncate(r.name("Codex-Lock.json"), 200) }, nil, 126, "[lock.schema]"},
		{"no ledger", func(r *repository) { os.Remove(r.name("Codex-Lock.json")) }, nil, 126, "[lock.missing]"},
		{"no entry", func(r *repository) {
			r.ledger.Remove("s.sh")
			r.write(r.name("Codex-Lock.json"), string(r.ledger.Encode()), 0o644)
		}, nil, 126, "[lock.entry_missing]"},
		{"a symbolic link", func(r *repository) { os.Rename(r.name("s.sh"), r.name("x")); os.Symlink("x", r.name("s.sh")) }, nil, 126, "[layout.irregular]"},
		{"a linked folder", func(r *repository) {
			r.attest("sub/s.sh", hello, 0o755)
			os.Rename(r.name("sub"), r.name("real"))
			os.Symlink("real", r.name("sub"))
		}, []string{"run", "--", "sub/s.sh"}, 126, "[layout.irregular]"},
		{"a FIFO", func(r *repository) { os.Remove(r.name("s.sh")); syscall.Mkfifo(r.name("s.sh"), 0o755) }, nil, 126, "[layout.irregular]"},
		{"a folder", nil, []string{"run", "--", "."}, 126, "[lock.unsafe_path]"},
		{"a device", nil, []string{"run", "--", "/dev/null"}, 126, "[lock.unsafe_path]"},
		{"outside", nil, []string{"run", "--", "../x"}, 126, "[lock.unsafe_path]"},
		{"setuid", func(r *repository) { syscall.Chmod(r.name("s.sh"), 0o4755) }, nil, 126, "[script.privilege]"},
		{"no such file", nil, []string{"run", "--", "none.sh"}, 127, "none.sh: no such file"},
		{"no first line", func(r *repository) { r.attest("s.sh", "echo x\n", 0o755) }, nil, 126, "[script.shebang]"},
		{"no such interpreter", func(r *repository) { r.attest("s.sh", "#!/usr/bin/env nosuchinterpreter\n", 0o755) }, nil, 127, "nosuchinterpreter is not found"},
		{"an interpreter in the repository", func(r *repository) {
			bash, _ := os.ReadFile("/bin/bash")
			r.write(r.name("bin/bash"), string(bash), 0o755)
			r.attest("s.sh", "#!"+r.name("bin/bash")+"\necho evil\n", 0o755)
		}, nil, 126, "is in the repository"},
		{"an interpreter that others can write", func(r *repository) {
			dir := r.t.TempDir()
			bash, _ := os.ReadFile("/bin/bash")
			r.write(filepath.Join(dir, "bash"), string(bash), 0o777)
			r.attest("s.sh", "#!"+filepath.Join(dir, "bash")+"\necho evil\n", 0o755)
		}, nil, 126, "others can write"},
		{"an exchanged interpreter", func(r *repository) {
			text, _ := os.ReadFile(r.trust)
			r.write(r.trust, string(text)+"interpreters: {bash: {path: /bin/bash, sha256: \""+strings.Repeat("0", 64)+"\"}}\n", 0o600)
		}, nil, 126, "pinned is 000000000000…"},
		{"a trust file that others can write", func(r *repository) { os.Chmod(r.trust, 0o666) }, nil, 125, "others can write"},
		{"a broken trust file", func(r *repository) { r.write(r.trust, "version: 1\ntrust_domains: [x]\n", 0o600) }, nil, 125, "trust_domains"},
		{"no trust file", func(r *repository) { os.Remove(r.trust) }, nil, 125, "trust file"},
		{"an unwritable log", nil, []string{"run", "--log-file", "/proc/none/log", "--", "s.sh"}, 125, "add to the log"},
		{"an unknown flag", nil, []string{"run", "--bad", "--", "s.sh"}, 125, "codexlock run has no flag --bad"},
		{"a flag of the script before --", nil, []string{"run", "s.sh", "--bad"}, 125, "codexlock run has no flag --bad"},
		{"a flag without its value", nil, []string{"open", "s.sh", "--root"}, 2, "--root needs a value"},
		{"an empty value", nil, []string{"run", "--root=", "--", "s.sh"}, 125, "codexlock: --root is empty, want a value"},
		{"a switch with a value", nil, []string{"run", "--gate=x", "--", "s.sh"}, 125, "codexlock: --gate is \"x\", want true or false"},
		{"a flag twice", nil, []string{"run", "--as", "fd", "--as", "path", "--", "s.sh"}, 125, "codexlock: --as is given twice, want it once"},
		{"no name of a flag", nil, []string{"run", "--=x", "--", "s.sh"}, 125, "codexlock: \"--=x\" is no flag, want --NAME or --NAME=VALUE"},
		{"a flag with one dash", nil, []string{"run", "-root", "x", "--", "s.sh"}, 125, "codexlock: \"-root\" is no flag, want --NAME or --NAME=VALUE"},
		{"a flag as the script", nil, []string{"run", "--", "--trust"}, 127, "no such file"},
		{"arguments without --", nil, []string{"run", "s.sh", "x"}, 125, "want --"},
		{"a planted root", func(r *repository) {
			r.write(r.name("sub/Codex-Lock.json"), "{\"artifacts\": []}\n", 0o644)
			r.write(r.name("sub/evil.sh"), hello, 0o755)
		}, []string{"run", "--", "sub/evil.sh"}, 126, "[vaulttime.missing]"},
		{"a protected file as the command", nil, []string{"open", "s.sh", "--", "./other.sh", "{}"}, 126, "[use.unverified]"},
		{"no such command", nil, []string{"open", "s.sh", "--", "nosuchcommand", "{}"}, 127, "no such command"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRepository(t)
			r.attest("s.sh", hello, 0o755)
			r.attest("other.sh", hello+"# other\n", 0o755)
			if c.change != nil {
				c.change(r)
			}
			args := c.args
			if args == nil {
				args = []string{"run", "--", "s.sh"}
			}
			r.use(args...).refused(t, c.name, c.code, c.says)
		})
	}
}

// TestNextSteps: the hint of a refusal is about what was refused.
func TestNextSteps(t *testing.T) {
	r := newRepository(t)
	r.attest("s.sh", hello, 0o755)
	next := func(want string, args ...string) {
		t.Helper()
		if got := r.use(args...); !strings.Contains(got.stderr, "\ncodexlock: hint: "+want) {
			t.Errorf("%q: printed %q, want the hint %q", args, got.stderr, want)
		}
	}
	next("see codexlock run --help\n", "run", "--bad", "--", "s.sh")
	next("write -- before the arguments of what is executed: codexlock run [flags] -- PATH [ARG...]\n", "run", "s.sh", "--bad")
	next("see codexlock copy --help\n", "copy", "s.sh", "--bad", "x")
	if err := os.Chmod(r.name("s.sh"), 0o755|os.ModeSetuid); err != nil {
		t.Fatal(err)
	}
	next("find out who set the bits, and remove them: chmod ug-s s.sh\n", "run", "--", "s.sh")
	if err := os.Chmod(r.name("s.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	rewrite(r, "s.sh.test", "set -euo", "set -eu")
	next("find out who changed it: git log -p -- s.sh.test; do not attest s.sh until you know\n", "run", "--", "s.sh")
	r.attest("s.sh", hello, 0o755)
	if err := os.Chmod(r.trust, 0o666); err != nil {
		t.Fatal(err)
	}
	next("take the permission away: chmod go-w "+r.trust+"\n", "run", "--", "s.sh")
	if err := os.Remove(r.trust); err != nil {
		t.Fatal(err)
	}
	next("name whom to trust: --trust FILE", "run", "--", "s.sh")
}

func move(r *repository, from, to string) {
	if err := os.Rename(r.name(from), r.name(to)); err != nil {
		r.t.Fatal(err)
	}
}

func rewrite(r *repository, path, old, replacement string) {
	text, err := os.ReadFile(r.name(path))
	if err != nil || !strings.Contains(string(text), old) {
		r.t.Fatalf("%s has no %q, %v", path, old, err)
	}
	info, _ := os.Stat(r.name(path))
	r.write(r.name(path), strings.ReplaceAll(string(text), old, replacement), info.Mode().Perm())
}

// TestSiblings: what a script sources is verified as it is opened, by whatever name and
// from whatever folder; what is not protected is left alone.
func TestSiblings(t *testing.T) {
	script := `#!/usr/bin/env bash
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd /
for name in "$here/lib.sh" "$here/../scripts/./lib.sh" /proc/self/cwd/"${here#/}"/lib.sh; do . "$name"; done
cd "$here" && . ./lib.sh && . lib.sh
ln -sf "$here/lib.sh" "$1/link" && . "$1/link"
exec 9< lib.sh && . /dev/fd/9
cat plain.txt
`
	r := newRepository(t)
	r.attest("scripts/main.sh", script, 0o755)
	r.attest("scripts/lib.sh", "echo lib\n", 0o644)
	r.write(r.name("scripts/plain.txt"), "plain\n", 0o644)
	good := r.use("run", "--as", "path", "--", "scripts/main.sh", t.TempDir())
	if want := strings.Repeat("lib\n", 7) + "plain\n"; good.code != 0 || good.stdout != want {
		t.Fatalf("it printed %q and %q (%d), want %q", good.stdout, good.stderr, good.code, want)
	}
	r.write(r.name("scripts/lib.sh"), "echo evil\n", 0o644)
	for _, open := range []string{`. "$here/lib.sh"`, `cd "$here"; . lib.sh`, `ln -sf "$here/lib.sh" "$1/l"; . "$1/l"`, `cd /proc/self; . cwd/../"${here#/}"/lib.sh || cd "$here/.." && . scripts/lib.sh`, `cat < "$here/lib.sh"`, `cp "$here/lib.sh" "$1/copied"; . "$1/copied"`, `"$here/lib.sh"`, `python3 -c 'import sys; print(open(sys.argv[1]).read())' "$here/lib.sh"`} {
		r.attest("scripts/main.sh", "#!/usr/bin/env bash\nhere=$(cd \"$(dirname \"$0\")\" && pwd)\n"+open+"\n", 0o755)
		r.write(r.name("scripts/lib.sh"), "echo evil\n", 0o755)
		if got := r.use("run", "--as", "path", "--", "scripts/main.sh", t.TempDir()); strings.Contains(got.stdout, "evil") || !strings.Contains(got.stderr, "codexlock: scripts/lib.sh: ") {
			t.Errorf("%s: it printed %q and %q", open, got.stdout, got.stderr)
		}
	}
}

// TestTestThatIsAnArtifact: a test that differs from the one that the record signs counts
// where it is attested itself, with these bytes.
func TestTestThatIsAnArtifact(t *testing.T) {
	r := newRepository(t)
	r.attest("s.sh", hello, 0o755)
	r.attest("s.sh.test", "#!/bin/sh\nexit 0\n", 0o755)
	if got := r.use("run", "--", "s.sh"); got.code != 0 {
		t.Errorf("with an attested test: %+v", got)
	}
	r.write(r.name("s.sh.test"), "#!/bin/sh\nexit 1\n", 0o755)
	r.use("run", "--", "s.sh").refused(t, "the attested test is changed", 126, "[test.unsigned]")
	r.attest("s.sh.test", "#!/bin/sh\nexit 0\n", 0o755)
	r.ledger.Remove("s.sh.test")
	r.write(r.name("Codex-Lock.json"), string(r.ledger.Encode()), 0o644)
	r.use("run", "--", "s.sh").refused(t, "the attested test is not in the ledger", 126, "[test.unsigned]")
}

// TestKeysAndLoadersStayOut: the child has no key and no variable that loads code, and
// LD_PRELOAD does nothing to the verifier.
func TestKeysAndLoadersStayOut(t *testing.T) {
	r := newRepository(t)
	r.attest("s.sh", "#!/bin/bash\nenv\n", 0o755)
	evil := filepath.Join(t.TempDir(), "evil.sh")
	r.write(evil, "echo evil\n", 0o755)
	for _, way := range []string{"fd", "path"} {
		got := r.useWith([]string{"VAULTTIME_KEY=" + secret, "VAULTTIME_KEY_PROD=" + secret, "LD_PRELOAD=/nonexistent/evil.so", "BASH_ENV=" + evil, "PATH=" + r.root + ":.:/usr/bin:/bin", "KEPT=1"},
			"run", "--trust", r.trust, "--as", way, "--", "s.sh")
		for _, bad := range []string{secret, "evil", "VAULTTIME", "LD_PRELOAD", r.root + ":"} {
			if strings.Contains(got.stdout+got.stderr, bad) {
				t.Errorf("--as %s: it printed %q, with %q", way, got.stdout+got.stderr, bad)
			}
		}
		if got.code != 0 || !strings.Contains(got.stdout, "KEPT=1\n") {
			t.Errorf("--as %s: %+v", way, got)
		}
	}
	committed := r.useWith([]string{"CODEXLOCK_CONFIG=" + r.trust, "CODEXLOCK_BASE=HEAD"}, "run", "--", "s.sh")
	committed.refused(t, "without a key or a trust file", 125, "whom to trust")
}

// TestStateAndRecords: an older artifact is denied where a newer one was used, and a fresher
// record makes an expired one good.
func TestStateAndRecords(t *testing.T) {
	r := newRepository(t)
	state := filepath.Join(t.TempDir(), "state")
	log := filepath.Join(t.TempDir(), "log")
	old := r.at
	r.attest("s.sh", hello+"# new\n", 0o755)
	for range 2 {
		if got := r.use("run", "--state", state, "--log-file", log, "--", "s.sh"); got.code != 0 {
			t.Fatalf("%+v", got)
		}
	}
	r.at = old.Add(-time.Minute)
	r.attest("s.sh", hello+"# old\n", 0o755)
	r.use("run", "--state", state, "--log-file", log, "--", "s.sh").refused(t, "rollback", 126, "[vaulttime.rollback]")
	text, _ := os.ReadFile(log)
	if n := strings.Count(string(text), `"result":"PASS"`); n != 2 || strings.Count(string(text), `"result":"FAIL"`) != 1 || strings.Count(string(text), `"use":"run"`) != 3 {
		t.Errorf("the log is %s", text)
	}
	r.use("run", "--state", r.name("state"), "--", "s.sh").refused(t, "a state file in the repository", 125, "inside the repository")
	r.write(state, "nonsense\n", 0o600)
	r.use("run", "--state", state, "--", "s.sh").refused(t, "a broken state file", 125, "state file")

	r.at = old.Add(-48 * 60 * time.Minute)
	r.attest("s.sh", hello, 0o755)
	r.use("run", "--", "s.sh").refused(t, "expired", 126, "[vaulttime.expired]")
	records := t.TempDir()
	r.renew("s.sh", records, old)
	if got := r.use("run", "--records", records, "--", "s.sh"); got.code != 0 {
		t.Errorf("with a fresher record: %+v", got)
	}
	r.write(filepath.Join(records, "s.sh.vaulttime.json"), "{}", 0o644)
	r.use("run", "--records", records, "--", "s.sh").refused(t, "a broken fresher record", 126, "[vaulttime.expired]")
}

// TestAnotherUser: without root, --as path works by no_new_privs; where a script may need
// privileges, auto takes fd. What root alone may read is refused.
func TestAnotherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can become another user")
	}
	r := newRepository(t)
	r.attest("s.sh", "#!/bin/sh\n. ./lib.sh\n", 0o755)
	r.attest("lib.sh", "echo lib; grep NoNewPrivs /proc/self/status\n", 0o644)
	r.attest("sudo.sh", "#!/bin/sh\nsudo -n true || true; grep NoNewPrivs /proc/self/status\n", 0o755)
	r.attest("main.sh", "#!/bin/sh\n./sibling.sh\n", 0o755)
	r.attest("sibling.sh", "#!/bin/sh\necho \"sibling $0\"\n", 0o755)
	for _, c := range []struct{ way, script, want string }{
		{"path", "main.sh", "sibling ./sibling.sh\n"},
		{"path", "s.sh", "lib\nNoNewPrivs:\t1\n"}, {"auto", "s.sh", "lib\nNoNewPrivs:\t1\n"}, {"fd", "s.sh", "lib\nNoNewPrivs:\t0\n"}, {"auto", "sudo.sh", "NoNewPrivs:\t0\n"},
	} {
		if err := os.Chmod(r.trust, 0o644); err != nil {
			t.Fatal(err)
		}
		r.user = &syscall.Credential{Uid: 65534, Gid: 65534}
		if got := r.use("run", "--as", c.way, "--", c.script); got.code != 0 || got.stdout != c.want {
			t.Errorf("--as %s %s: ended with %d, printed %q and %q, want %q", c.way, c.script, got.code, got.stdout, got.stderr, c.want)
		}
	}
	if err := os.Chmod(r.trust, 0o600); err != nil {
		t.Fatal(err)
	}
	r.use("run", "--", "s.sh").refused(t, "a trust file that cannot be read", 125, "permission denied")
}

// TestNestedRun: a run inside of a run has no watcher of its own, and verifies all the same.
func TestNestedRun(t *testing.T) {
	name, err := program()
	if err != nil {
		t.Fatal(err)
	}
	r := newRepository(t)
	inner := name + " run --trust " + r.trust + " "
	r.attest("outer.sh", "#!/bin/sh\n"+inner+"-- inner.sh\n", 0o755)
	r.attest("inner.sh", "#!/bin/sh\necho inner\n", 0o755)
	if got := r.use("run", "--as", "path", "--", "outer.sh"); got.code != 0 || got.stdout != "inner\n" {
		t.Errorf("%+v", got)
	}
	r.attest("inner.sh", "#!/bin/sh\necho inner $0\n", 0o755)
	r.use("run", "--as", "path", "--", "outer.sh").refused(t, "a nested script that looks for itself", 125, "cannot be executed under its own name")
	r.attest("outer.sh", "#!/bin/sh\n"+inner+"--as path -- inner.sh\n", 0o755)
	r.use("run", "--as", "path", "--", "outer.sh").refused(t, "a nested --as path", 125, "watched already")
	r.write(r.name("inner.sh"), "#!/bin/sh\necho evil\n", 0o755)
	r.attest("outer.sh", "#!/bin/sh\n"+inner+"--as fd -- inner.sh\n", 0o755)
	if got := r.use("run", "--as", "path", "--", "outer.sh"); got.stdout != "" || !strings.Contains(got.stderr, "[lock.drift]") {
		t.Errorf("%+v", got)
	}
}

// TestGuide: the YAML of the guide can be read, and each command of it is one.
func TestGuide(t *testing.T) {
	text, err := os.ReadFile("../../docs/guides/use.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := 0
	for _, m := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		blocks++
		var v any
		if err := yaml.Unmarshal([]byte(m[1]), &v); err != nil {
			t.Errorf("%v in\n%s", err, m[1])
		}
		if strings.HasPrefix(m[1], "version: 1\n") {
			if _, err := config.Parse("trust.yaml", []byte(m[1])); err != nil {
				t.Errorf("the trust file: %v", err)
			}
		}
	}
	flags := 0
	for _, m := range regexp.MustCompile(`codexlock(?:-use)? (run|open|copy) ([^\n`+"`"+`]*)`).FindAllStringSubmatch(string(text), -1) {
		c, _ := useflags.Find(m[1])
		before, _, _ := strings.Cut(" "+m[2]+" ", " -- ")
		for _, word := range strings.Fields(before) {
			name, isFlag := strings.CutPrefix(word, "--")
			if !isFlag {
				continue
			}
			flags++
			if !slices.ContainsFunc(c.Flags, func(f useflags.Flag) bool { return f.Name == name }) {
				t.Errorf("%s has no flag --%s", c.Name, name)
			}
		}
	}
	if blocks < 3 || flags < 8 {
		t.Errorf("%d blocks and %d flags: the test looks for the wrong things", blocks, flags)
	}
}
