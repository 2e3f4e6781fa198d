//go:build linux

package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// elsewhere executes a shell script in mount and process namespaces of its own, in which $1
// is the program, $2 the trust file and $3 an empty folder outside of the repository. It
// skips the test where that is not allowed.
func (r *repository) elsewhere(script string) string {
	r.t.Helper()
	name, err := program()
	if err != nil {
		r.t.Fatal(err)
	}
	unshare := func(script string) *exec.Cmd {
		cmd := exec.Command("unshare", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-c", script, "sh", name, r.trust, r.t.TempDir())
		cmd.Dir, cmd.Env = r.root, []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/"}
		return cmd
	}
	if out, err := unshare(`mount -t tmpfs none "$3"`).CombinedOutput(); err != nil {
		r.t.Skipf("no namespaces here: %v, %s", err, out)
	}
	out, err := unshare(script).CombinedOutput()
	if err != nil {
		r.t.Fatalf("%v, %s", err, out)
	}
	return string(out)
}

// TestFullDisk: what cannot be written whole is not there at all, and nothing is executed
// without its line in the log.
func TestFullDisk(t *testing.T) {
	r := newRepository(t)
	r.attest("s.sh", hello, 0o755)
	r.attest("large.bin", strings.Repeat("0123456789abcdef", 1<<14), 0o644)
	got := r.elsewhere(`
mount -t tmpfs -o size=64k none "$3"
printf keep > "$3/large.bin"
try() { "$@" 2>&1; echo "[$?]"; }
try "$1" copy --trust "$2" s.sh large.bin "$3"
try "$1" copy --trust "$2" large.bin "$3/new.bin"
ls -A "$3"; cat "$3/large.bin"; echo
try "$1" open --trust "$2" --hold tmpfile:"$3" large.bin -- echo evil {}
try "$1" run --trust "$2" --log-file "$3/log" -- s.sh
head -c 65536 /dev/zero >> "$3/fill" 2> /dev/null
head -c $((4096 - $(stat -c %s "$3/log") - 10)) /dev/zero >> "$3/log" # room for half a line
size=$(stat -c %s "$3/log")
try "$1" run --trust "$2" --log-file "$3/log" -- s.sh
test "$size" = "$(stat -c %s "$3/log")" && echo "as it was"
try "$1" run --trust "$2" --state "$3/state" -- s.sh
"$1" open --trust "$2" s.sh 2>&1 > /dev/full; echo "open [$?]"
`)
	for _, want := range []string{
		"large.bin: write ", "no space left on device; nothing was copied\n[3]\n", "\nlarge.bin\nkeep\n", "hello s.sh \n[0]\n",
		"codexlock: s.sh: add to the log: s.sh: write ", "no space left on device\n[125]\nas it was\n", "codexlock: s.sh: state file ", "no space left on device\n[125]\ncodexlock: ", "no space left on device\nopen [3]\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("it printed\n%s\nwithout %q", got, want)
		}
	}
	if strings.Contains(got, "\nevil") || strings.Count(got, "hello") != 1 || strings.Count(got, "[3]") != 3 || strings.Count(got, "[125]") != 3 {
		t.Errorf("it printed\n%s", got)
	}
}

// TestNoProgramsInMemory: with vm.memfd_noexec, scripts are executed as before; programs are
// where the system allows a program in memory to be asked for, and refused where not.
func TestNoProgramsInMemory(t *testing.T) {
	r := newRepository(t)
	echo, err := os.ReadFile("/bin/echo")
	if err != nil {
		t.Fatal(err)
	}
	r.attest("program", string(echo), 0o755)
	r.attest("helper.sh", "#!/bin/sh\necho \"helper $0\"\n", 0o755)
	r.attest("s.sh", "#!/bin/sh\necho script; exec ./helper.sh\n", 0o755)
	for mode, wants := range map[string][]string{
		"1": {"script\nhelper ./helper.sh\n[0]", "fd\nhelper ./helper.sh\n[0]", "in memory\n[0]", "in a file\n[0]", "#!/bin/sh\n"},
		"2": {
			"script\ncodexlock: helper.sh: is executed by a script that is verified at use, and cannot be handed over: this system allows no program in memory (vm.memfd_noexec) [use.unverified]\ncodexlock: hint: have the script call it so: codexlock run -- helper.sh\n",
			"[126]\nfd\nhelper ./helper.sh\n[0]", "codexlock: program: this system allows no program in memory (vm.memfd_noexec)\ncodexlock: hint: hold it in a file without a name: --hold tmpfile:DIR\n[125]\n", "in a file\n[0]", "#!/bin/sh\n",
		},
	} {
		got := r.elsewhere(strings.ReplaceAll(`
if ! echo MODE > /proc/sys/vm/memfd_noexec; then echo "not here"; exit 0; fi
try() { "$@" 2>&1; echo "[$?]"; }
try "$1" run --trust "$2" --as path -- ./s.sh
echo fd
"$1" run --trust "$2" --as fd -- ./s.sh | tail -n 1; echo "[0]"
try "$1" run --trust "$2" -- ./program in memory
try "$1" run --trust "$2" --hold tmpfile:/var/tmp -- ./program in a file
"$1" open --trust "$2" helper.sh -- head -n 1 {}
`, "MODE", mode))
		if strings.HasPrefix(got, "not here") || strings.Contains(got, "memfd_noexec: ") {
			t.Skip("this system has no vm.memfd_noexec")
		}
		for _, want := range wants {
			if !strings.Contains(got, want) {
				t.Errorf("vm.memfd_noexec=%s: it printed\n%s\nwithout %q", mode, got, want)
			}
		}
	}
}

// TestOddFiles: what is no regular file of the repository is refused, and not waited for.
func TestOddFiles(t *testing.T) {
	r := newRepository(t)
	r.attest("s.sh", hello, 0o755)
	got := r.elsewhere(`
mount -t tmpfs none "$3"
try() { timeout 10 "$@" 2>&1; echo "[$?]"; }
for f in s.sh s.sh.test s.sh.manifest.json s.sh.vaulttime.json Codex-Lock.json; do
	cp "$f" "$3/kept"; rm "$f"
	for make in "mkfifo $f" "mknod $f c 1 3" "mkdir $f" "ln -s $3/kept $f"; do
		$make; echo "$make"; try "$1" run --trust "$2" -- s.sh; rm -rf "$f"
	done
	cp "$3/kept" "$f"; chmod 755 "$f"
done
try "$1" run --trust "$2" -- s.sh
rm s.sh; mkdir s.sh; mount --bind "$3" s.sh; try "$1" run --trust "$2" -- s.sh/kept
`)
	if n := strings.Count(got, "[126]\n"); n != 21 || strings.Count(got, "hello") != 1 || strings.Count(got, "[0]\n") != 1 {
		t.Errorf("%d of 21 were denied:\n%s", n, got)
	}
	if n := strings.Count(got, "\ncodexlock: s.sh: "); n != 20 {
		t.Errorf("%d of 20 lines begin with the file:\n%s", n, got)
	}
}

// TestCallsThatAreMissing: where no filter can be installed, a script that may look for itself is
// refused under --as auto, one that does not is executed as fd, and --as path is refused. Without openat2 everything is.
func TestCallsThatAreMissing(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("no python3")
	}
	r := newRepository(t)
	r.attest("plain.sh", "#!/bin/sh\necho plain\n", 0o755)
	r.attest("s.sh", hello, 0o755)
	name, err := program()
	if err != nil {
		t.Fatal(err)
	}
	// It installs a filter with which a system call does not exist, as in some containers.
	forbid := filepath.Join(t.TempDir(), "forbid.py")
	r.write(forbid, `import ctypes, os, platform, struct, sys
number = {"seccomp": {"x86_64": 317, "aarch64": 277}[platform.machine()], "openat2": 437}[sys.argv[1]]
code = b"".join(struct.pack("HBBI", *i) for i in [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x00050000 | 38), (0x06, 0, 0, 0x7fff0000)])
buffer = ctypes.create_string_buffer(code)
class Program(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
program = Program(len(code) // 8, ctypes.addressof(buffer))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(program), 0, 0) == 0, os.strerror(ctypes.get_errno())
os.execv(sys.argv[2], sys.argv[2:])
`, 0o755)
	run := func(call string, args ...string) result {
		cmd := exec.Command("python3", append([]string{forbid, call, name, "run", "--trust", r.trust}, args...)...)
		var stdout, stderr strings.Builder
		cmd.Dir, cmd.Stdout, cmd.Stderr = r.root, &stdout, &stderr
		_ = cmd.Run()
		return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
	}
	if got := run("seccomp", "--", "plain.sh"); got.code != 0 || got.stdout != "plain\n" || got.stderr != "" {
		t.Errorf("a script that does without its name: %+v", got)
	}
	run("seccomp", "--", "s.sh").refused(t, "a script that looks for itself", 125, "cannot be executed under its own name, which it may look for: seccomp: function not implemented")
	run("seccomp", "--as", "path", "--", "plain.sh").refused(t, "--as path", 125, "seccomp: function not implemented")
	if got := run("seccomp", "--as", "fd", "--", "s.sh"); got.code != 0 || !strings.HasPrefix(got.stdout, "hello /dev/fd/") {
		t.Errorf("--as fd: %+v", got)
	}
	run("openat2", "--", "plain.sh").refused(t, "no openat2", 125, "plain.sh: this system cannot open a file without following links: openat2: function not implemented")
}
