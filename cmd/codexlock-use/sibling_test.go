//go:build linux

package main_test

import (
	"os"
	"strings"
	"testing"
)

// TestExecutedSiblings: a protected file that a script executes is executed from verified
// bytes, under its own name, by whatever program and from whatever folder; changed, it is not.
func TestExecutedSiblings(t *testing.T) {
	const helper = "#!/usr/bin/env bash\nset -euo pipefail\n. \"$(dirname \"$0\")\"/lib.sh\necho \"helper $0 $*\"\n"
	r := newRepository(t)
	r.attest("scripts/lib.sh", "echo lib\n", 0o644)
	r.attest("scripts/second.py", "#!/usr/bin/env python3\nimport sys\nprint('python', *sys.argv)\n", 0o755)
	echo, err := os.ReadFile("/bin/echo")
	if err != nil {
		t.Fatal(err)
	}
	r.attest("scripts/program", string(echo), 0o755)
	for _, c := range []struct{ name, text, want string }{
		{"bash", "#!/bin/bash\n\"$(dirname \"$0\")\"/helper.sh a 'b c'\n", "lib\nhelper scripts/helper.sh a b c\n"},
		{"bash, exec", "#!/bin/bash\nexec \"$(dirname \"$0\")\"/helper.sh a\n", "lib\nhelper " + r.name("scripts/helper.sh") + " a\n"},
		{"sh, which shares its memory", "#!/bin/sh\nscripts/helper.sh a\nscripts/helper.sh b\n", "lib\nhelper scripts/helper.sh a\nlib\nhelper scripts/helper.sh b\n"},
		{"an absolute name", "#!/bin/bash\n\"$PWD\"/scripts/helper.sh\n", "lib\nhelper " + r.name("scripts/helper.sh") + " \n"},
		{"from its own folder", "#!/bin/bash\ncd \"$(dirname \"$0\")\" && ./helper.sh\n", "lib\nhelper ./helper.sh \n"},
		{"from PATH", "#!/bin/bash\nPATH=$PWD/scripts:$PATH; helper.sh x\n", "lib\nhelper " + r.name("scripts/helper.sh") + " x\n"},
		{"a link", "#!/bin/bash\nln -sf \"$PWD/scripts/second.py\" \"$1/linked-name\"; \"$1/linked-name\" x | sed 's/.*linked/linked/'\n", "linked-name x\n"},
		{"env, timeout and xargs", "#!/bin/bash\nenv X=1 timeout 20 scripts/helper.sh a; echo b c | xargs scripts/helper.sh\n", "lib\nhelper scripts/helper.sh a\nlib\nhelper scripts/helper.sh b c\n"},
		{"find", "#!/bin/bash\nfind scripts -name helper.sh -exec {} \\;\n", "lib\nhelper scripts/helper.sh \n"},
		{"Python", "#!/usr/bin/python3\nimport subprocess\nfor i in '12':\n    subprocess.run(['scripts/helper.sh', i], check=True)\nsubprocess.run('scripts/helper.sh 3', shell=True)\n", "lib\nhelper scripts/helper.sh 1\nlib\nhelper scripts/helper.sh 2\nlib\nhelper scripts/helper.sh 3\n"},
		{"a name that is executed again", "#!/usr/bin/python3\nimport ctypes, os\nlibc = ctypes.CDLL(None)\nname = ctypes.create_string_buffer(b'scripts/helper.sh')\nfor i in (b'1', b'2', b'3'):\n    pid = ctypes.c_int()\n    argv = (ctypes.c_char_p * 3)(b'x', i, None)\n    assert libc.posix_spawn(ctypes.byref(pid), name, None, None, argv, (ctypes.c_char_p * 1)(None)) == 0\n    os.waitpid(pid.value, 0)\n", "lib\nhelper scripts/helper.sh 1\nlib\nhelper scripts/helper.sh 2\nlib\nhelper scripts/helper.sh 3\n"},
		{"a name that several execute at once", "#!/usr/bin/python3\nimport ctypes, os\nfrom concurrent.futures import ThreadPoolExecutor\nlibc = ctypes.CDLL(None)\nname = ctypes.create_string_buffer(b'scripts/second.py')\ndef run(i):\n    pid = ctypes.c_int()\n    argv = (ctypes.c_char_p * 3)(b'x', b'%d' % i, None)\n    assert libc.posix_spawn(ctypes.byref(pid), name, None, None, argv, (ctypes.c_char_p * 1)(None)) == 0\n    assert os.waitpid(pid.value, 0)[1] == 0\n    return i\nwith ThreadPoolExecutor(8) as pool:\n    ran = list(pool.map(run, range(40)))\nprint(sum(ran), flush=True)\n", "many"},
		{"another interpreter", "#!/bin/bash\nscripts/second.py x y\n", "python scripts/second.py x y\n"},
		{"a program", "#!/bin/bash\nscripts/program -n x y\n", "x y"},
		{"in a pipe, in the background", "#!/bin/bash\nscripts/helper.sh | cat; scripts/helper.sh & wait\n", strings.Repeat("lib\nhelper scripts/helper.sh \n", 2)},
		{"itself", "#!/bin/bash\n[ \"${1:-}\" != again ] || { echo again \"$0\"; exit 3; }\nexec \"$0\" again\n", "again " + r.name("scripts/main.sh") + "\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := os.Stat("/usr/bin/python3"); err != nil && strings.Contains(c.text+c.want, "python") {
				t.Skip("no Python")
			}
			r.attest("scripts/helper.sh", helper, 0o755)
			r.attest("scripts/main.sh", c.text, 0o755)
			got := r.use("run", "--as", "path", "--", "scripts/main.sh", t.TempDir())
			if c.want == "many" {
				if n := strings.Count(got.stdout, "python scripts/second.py "); n != 40 || !strings.HasSuffix(got.stdout, "780\n") || got.stderr != "" {
					t.Errorf("%d of 40 were executed, and it printed %q", n, got.stderr)
				}
				return
			}
			if got.stdout != c.want || got.stderr != "" || got.code != 0 && got.code != 3 {
				t.Errorf("ended with %d, printed %q and %q, want %q", got.code, got.stdout, got.stderr, c.want)
			}
			if !strings.Contains(c.text, "helper.sh") {
				return
			}
			r.write(r.name("scripts/helper.sh"), "#!/bin/sh\necho evil\n", 0o755)
			got = r.use("run", "--as", "path", "--", "scripts/main.sh", t.TempDir())
			if strings.Contains(got.stdout, "evil") || !strings.Contains(got.stderr, "codexlock: scripts/helper.sh: sha256 is ") {
				t.Errorf("with other bytes it ended with %d, printed %q and %q", got.code, got.stdout, got.stderr)
			}
		})
	}
}

// TestSiblingsThatAreRefused: what cannot be executed from verified bytes is refused in one
// line, with the way round it.
func TestSiblingsThatAreRefused(t *testing.T) {
	r := newRepository(t)
	r.attest("a.sh", "#!/bin/sh\necho sibling\n", 0o755)
	r.attest("plain-file.sh", "#!/bin/sh\necho sibling\n", 0o644)
	r.attest("no-interpreter.sh", "#!/usr/bin/env nosuchinterpreter\n", 0o755)
	r.attest("no-first-line.sh", "echo \"text $0\"\n", 0o755)
	for _, c := range []struct {
		call, stdout, stderr string
		code                 int
	}{
		{"./a.sh", "", "codexlock: a.sh: is executed by a script that is verified at use, and cannot be handed over: its name \"./a.sh\" is shorter than \"/dev/fd/3\" [use.unverified]\ncodexlock: hint: have the script call it by a longer name, such as \"$PWD/a.sh\"; or so: codexlock run -- a.sh\n", 126},
		{"\"$PWD\"/a.sh", "sibling\n", "", 0},
		{"./plain-file.sh", "", "", 126},
		{"./no-interpreter.sh", "", "codexlock: no-interpreter.sh: its interpreter nosuchinterpreter is not found\n", 126},
		{"./no-first-line.sh", "text ./no-first-line.sh\n", "", 0},
	} {
		r.attest("main.sh", "#!/bin/bash\n"+c.call+"\n", 0o755)
		got := r.use("run", "--as", "path", "--", "main.sh")
		if got.code != c.code || got.stdout != c.stdout || !strings.HasPrefix(got.stderr, c.stderr) {
			t.Errorf("%s: ended with %d, printed %q and %q, want %d, %q and %q", c.call, got.code, got.stdout, got.stderr, c.code, c.stdout, c.stderr)
		}
	}
}
