package script

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/script/shelltext"
)

const head = "#!/usr/bin/env bash\nset -euo pipefail\n"

func TestIs(t *testing.T) {
	for _, c := range []struct {
		name, head string
		want       bool
	}{
		{"tool", "#!/usr/bin/env bash\n", true}, {"tool", "#!/bin/sh -e\n", true}, {"tool", "#!/usr/bin/env -S bash -e\n", true},
		{"tool", "#! /bin/dash\n", true}, {"tool", "#!/usr/bin/env FOO=1 zsh\n", true}, {"tool", "#!/usr/bin/env python3\n", false},
		{"a.sh", "echo", true}, {"a.bash", "", true}, {"a.sh", "#!/usr/bin/python3\n", false}, {"a.txt", "echo", false}, {"model.bin", "\x00#!", false},
		{"tool", "#!/usr/bin/perl bash\n", false}, {"tool", "#!", false},
	} {
		if got := Is(c.name, []byte(c.head)); got != c.want {
			t.Errorf("%s, %q: %v, want %v", c.name, c.head, got, c.want)
		}
	}
}

func TestForm(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want string // state shebang strict_mode posix usage
	}{
		"all of it":             {head + "case ${1-} in --help) exit 0 ;; esac\n", "parsed bash first yes handled"},
		"comments first":        {"#!/usr/bin/env bash\n# why\n\nset -euo pipefail\n", "parsed bash first yes absent"},
		"spelled out":           {"#!/usr/bin/env bash\nset -e -u -o pipefail\n", "parsed bash first yes absent"},
		"in words":              {"#!/usr/bin/env bash\nset -o errexit -o nounset -o pipefail\n", "parsed bash first yes absent"},
		"more options":          {"#!/usr/bin/env bash\nset -Eeuxo pipefail\n", "parsed bash first yes absent"},
		"later":                 {"#!/usr/bin/env bash\numask 077\nset -euo pipefail\n", "parsed bash later yes absent"},
		"half":                  {"#!/usr/bin/env bash\nset -eu\n", "parsed bash absent yes absent"},
		"negated":               {"#!/usr/bin/env bash\n! set -euo pipefail\n", "parsed bash later yes absent"},
		"switched off":          {"#!/usr/bin/env bash\nset +euo pipefail\n", "parsed bash absent yes absent"},
		"in a function":         {"#!/usr/bin/env bash\nf() { set -euo pipefail; }\n", "parsed bash absent yes absent"},
		"another path":          {"#!/bin/bash\nset -euo pipefail\n", "parsed other first yes absent"},
		"with an option":        {"#!/usr/bin/env bash -e\n", "parsed other absent yes absent"},
		"none":                  {"set -euo pipefail\n", "parsed absent first yes absent"},
		"usage in a test":       {head + "if [ \"${1-}\" = --usage ]; then exit 0; fi\n", "parsed bash first yes handled"},
		"usage in double":       {head + "[[ ${1-} == --help ]] && exit 0\n", "parsed bash first yes handled"},
		"usage among patterns":  {head + "case $1 in -h | '--help') ;; esac\n", "parsed bash first yes handled"},
		"usage in a message":    {head + "echo try --help\n", "parsed bash first yes absent"},
		"an array":              {head + "a=(1 2)\n", "parsed bash first no absent"},
		"a here string":         {head + "cat <<< x\n", "parsed bash first no absent"},
		"the function keyword":  {head + "function f { :; }\n", "parsed bash first no absent"},
		"unbalanced quotes":     {head + "echo 'a\n", "invalid bash absent absent absent"},
		"an open if":            {head + "if true\n", "invalid bash absent absent absent"},
		"carriage returns":      {"#!/usr/bin/env bash\r\nset -euo pipefail\r\n", "invalid other absent absent absent"},
		"one carriage return":   {head + "echo a\r\n", "invalid bash absent absent absent"},
		"a NUL byte":            {head + "echo \x00\n", "unread bash absent absent absent"},
		"not UTF-8":             {head + "echo \xff\n", "unread bash absent absent absent"},
		"of 10 MB":              {head + strings.Repeat("echo a\n", 10<<20/7), "unread bash absent absent absent"},
		"another interpreter":   {"#!/usr/bin/env python3\nprint(1)\n", "other other absent absent absent"},
		"no interpreter's name": {"#!\n", "other other absent absent absent"},
		"empty":                 {"", "parsed absent absent yes absent"},
	} {
		f := Parse([]byte(c.text))
		got := strings.Join([]string{string(f.State), string(f.Shebang), string(f.StrictMode), string(f.POSIX), string(f.Usage)}, " ")
		if got != c.want {
			t.Errorf("%s: %s, want %s (%+v)", name, got, c.want, f.Problem)
		}
		if (f.Problem != nil) != (f.State == "invalid" || f.State == "unread") || (f.POSIXProblem != nil) != (f.POSIX == "no") {
			t.Errorf("%s: %+v, %+v", name, f.Problem, f.POSIXProblem)
		}
	}
}

// TestProblemsHaveAPlace: lines and columns count from 1, columns in characters.
func TestProblemsHaveAPlace(t *testing.T) {
	for text, want := range map[string]facts.ScriptProblem{
		head + "echo é 'a\n":  {Line: 3, Column: 8},
		head + "a\r\n":        {Line: 3, Column: 2},
		head + "é\x00":        {Line: 3, Column: 2},
		head + "é\xff":        {Line: 3, Column: 2},
		head + "echo é; fi\n": {Line: 3, Column: 9},
	} {
		p := Parse([]byte(text)).Problem
		if p == nil || p.Line != want.Line || p.Column != want.Column || p.Message == "" {
			t.Errorf("%q: %+v, want %d:%d", text, p, want.Line, want.Column)
		}
	}
	long := strings.Repeat("\n", 1<<18) // beyond the parser's own count of lines
	if p := Parse([]byte(long[:shelltext.MaxBytes-10] + "'")).Problem; p == nil || p.Line != shelltext.MaxBytes-9 {
		t.Errorf("%+v", p)
	}
}

// uses are the texts of places.
func uses(list []facts.Use) []string {
	texts := []string{}
	for _, u := range list {
		texts = append(texts, fmt.Sprintf("%d:%d %s", u.Line, u.Column, u.Text))
	}
	return texts
}

func TestUses(t *testing.T) {
	pick := map[string]func(facts.Script) []facts.Use{
		"config":     func(f facts.Script) []facts.Use { return f.Config },
		"privileges": func(f facts.Script) []facts.Use { return f.Privileges },
		"repeats":    func(f facts.Script) []facts.Use { return f.Repeats },
		"references": func(f facts.Script) []facts.Use { return f.References },
	}
	for _, c := range []struct {
		sort, text string
		want       bool
	}{
		{"config", "read -p 'name? ' name", true}, {"config", "read -rp 'name? ' name", true}, {"config", "read -r line < file", false},
		{"config", "read -r line < /dev/tty", true}, {"config", "select x in a b; do :; done", true}, {"config", "for x in a b; do :; done", false},
		{"config", ". /etc/tool.conf", true}, {"config", "source ~/.toolrc", true}, {"config", `. "$HOME/.toolrc"`, true}, {"config", `. "${XDG_CONFIG_HOME}/tool"`, true},
		{"config", `. "$here/lib.sh"`, false}, {"config", ". ./lib.sh", false}, {"config", "source <(curl x)", true}, {"config", "dialog --inputbox x 1 1", true},
		{"config", "bash -c 'read -p x y'", true},

		{"privileges", "sudo ls", true}, {"privileges", "/usr/bin/sudo ls", true}, {"privileges", "env A=1 sudo ls", true}, {"privileges", "echo sudo", false},
		{"privileges", "chmod 4755 x", true}, {"privileges", "chmod 0777 x", true}, {"privileges", "chmod 2755 x", true}, {"privileges", "chmod 0755 x", false}, {"privileges", "chmod 664 x", false},
		{"privileges", "chmod u+s x", true}, {"privileges", "chmod +s x", true}, {"privileges", "chmod o+w x", true}, {"privileges", "chmod a=rw x", true}, {"privileges", "chmod go-w x", false},
		{"privileges", "chmod u+w,o+w x", true}, {"privileges", "chmod u+x x", false}, {"privileges", "chmod -R 777 x", true}, {"privileges", "umask 000", true}, {"privileges", "umask 0", true}, {"privileges", "umask 077", false}, {"privileges", "umask 022", false},
		{"privileges", "chown root:root x", true}, {"privileges", "chown me x", false}, {"privileges", "install -m 4755 a b", true}, {"privileges", "install -m4755 a b", true}, {"privileges", "install -m 0644 a b", false}, {"privileges", "mkdir --mode=777 d", true},
		{"privileges", "xargs sudo rm", true}, {"privileges", "timeout 5 sudo ls", true}, {"privileges", "command -v sudo", false}, {"privileges", "sh -c 'sudo ls'", true},

		{"repeats", "mkdir d", true}, {"repeats", "mkdir -p d", false}, {"repeats", "ln -s a b", true}, {"repeats", "ln -sf a b", false}, {"repeats", "echo x >> log", true},
		{"repeats", "echo x >> /dev/stderr", false}, {"repeats", "mv a b", true}, {"repeats", "rm a", true}, {"repeats", "rm -f a", false}, {"repeats", "rm -rf a", false}, {"repeats", "tee -a log", true}, {"repeats", "useradd u", true}, {"repeats", "cp a b", false},

		{"references", "cp assets/incoming/x y", true}, {"references", "cat ./assets/quarantine/x", true}, {"references", "ls assets/incoming", true}, {"references", "cat myassets/incoming/x", false}, {"references", "cat assets/sources/x", false},
		{"references", `cat "$root/assets/incoming/x"`, false}, {"references", "x=assets/incoming/x", true},
	} {
		got := pick[c.sort](Parse([]byte(head + c.text + "\n")))
		if (len(got) > 0) != c.want {
			t.Errorf("%s: %q gives %v, want any: %v", c.sort, c.text, uses(got), c.want)
		}
		for _, u := range got {
			if u.Line != 3 || u.Column < 1 || u.Text == "" {
				t.Errorf("%q: %+v", c.text, u)
			}
		}
	}
	many := Parse([]byte(head + strings.Repeat("sudo ls\n", 50)))
	if len(many.Privileges) != maxUses {
		t.Errorf("%d places", len(many.Privileges))
	}
}

func TestNetwork(t *testing.T) {
	for text, want := range map[string]string{
		"curl https://example.org/x":                   "curl example.org",
		"curl -fsSL -o x 'https://Example.org:8443/x'": "curl example.org",
		"curl --url=https://example.org":               "curl example.org",
		`curl "https://example.org/$path"`:             "curl example.org",
		`curl "https://$host/x"`:                       "curl ",
		`curl "https://example.org$path"`:              "curl ",
		"curl example.org":                             "curl example.org",
		"/usr/bin/wget http://u:p@example.org/":        "wget example.org",
		"git clone https://example.org/r.git":          "git example.org",
		"git clone git@example.org:r.git":              "git example.org",
		"git push":                                     "git ",
		"git status":                                   "",
		"ssh -i key -p 22 user@example.org ls":         "ssh example.org",
		"ssh $host":                                    "ssh ",
		"scp x user@example.org:y":                     "scp example.org",
		"rsync -a a/ b/":                               "",
		"rsync -a a/ example.org::b":                   "rsync example.org",
		"nc example.org 80":                            "nc example.org",
		"exec 3<>/dev/tcp/example.org/80":              "/dev/tcp/example.org/80 example.org",
		"openssl s_client -connect example.org:443":    "openssl s_client example.org",
		"openssl dgst -sha256 x":                       "",
		"pip install x":                                "pip install pypi.org",
		"pip list":                                     "",
		"apt-get install -y x":                         "apt-get install ",
		"npm ci":                                       "npm ci registry.npmjs.org",
		"go mod download":                              "go mod download proxy.golang.org",
		"go mod tidy":                                  "",
		"go build ./...":                               "",
		"docker pull ghcr.io/a/b":                      "docker pull ghcr.io",
		"docker pull alpine":                           "docker pull docker.io",
		"docker ps":                                    "",
		"kubectl get pods":                             "kubectl ",
		"sudo curl https://example.org/":               "curl example.org",
		"bash -c 'curl https://example.org/'":          "curl example.org",
		"eval 'curl https://example.org/'":             "curl example.org",
		"x=$(curl https://example.org/)":               "curl example.org",
		"f() { wget -q https://example.org/; }":        "wget example.org",
		"echo curl https://example.org/":               "",
		"xargs -n 1 curl":                              "curl ",
		"cat x | ssh example.org 'cat > y'":            "ssh example.org",
		"curl https://[2001:db8::1]/x":                 "curl 2001:db8::1",
	} {
		var got []string
		for _, a := range Parse([]byte(head + text + "\n")).Network {
			got = append(got, a.Command+" "+a.Host)
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%q reaches %q, want %q", text, got, want)
		}
	}
	var many strings.Builder
	many.WriteString(head)
	for i := range maxHosts + 50 {
		fmt.Fprintf(&many, "curl https://h%d.example.org/\n", i)
	}
	got := Parse([]byte(many.String())).Network
	if len(got) != maxHosts+1 || got[maxHosts].Host != "" {
		t.Errorf("%d hosts are told, and then %+v", len(got), got[len(got)-1])
	}
}

func TestVerifies(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "no no no",
		"sha256sum x":                     "yes no no",
		"shasum -a 256 x":                 "yes no no",
		"shasum x":                        "no no no",
		"openssl dgst -sha256 x":          "yes no no",
		"openssl dgst -sha256 -hmac k":    "yes yes no",
		"openssl mac -digest SHA256 HMAC": "yes yes no",
		"codexlock verify x":              "yes yes no",
		"sha256sum x; echo $((0x$b ^ 0x36)) $((0x$b ^ 0x5C))": "yes yes no",
		"sha256sum x; echo 0x36":                              "yes no no",
		"echo 0x36 0x5c":                                      "no no no",
		"[ -s x ]":                                            "no no yes",
		"test -x x":                                           "no no yes",
		"[[ -r x ]]":                                          "no no yes",
		"[ a = b ]":                                           "no no no",
		"./x --version":                                       "no no yes",
		"python3 -m json.tool x":                              "no no yes",
		"f() { echo; }; f":                                    "no no no",
		"printf x | awk '{print}' | grep y":                   "no no no",
		"echo sha256sum openssl -hmac [ -s x":                 "no no no",
	} {
		f := Parse([]byte(head + text + "\n"))
		if got := strings.Join([]string{string(f.Hashes), string(f.Signs), string(f.Behaves)}, " "); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// TestDepthIsBounded: what makes the parser call itself needs a bounded stack,
// where one that overflows would end the program.
func TestDepthIsBounded(t *testing.T) {
	n := 0
	for _, unit := range []string{
		"$(", "(", "{ ", "`", "if ", "$((", "((-", "! ", "while ", "[[ ( ", "${a:-", "\"$(", "a && ", "a | ", "case x in ", "<<a ", "f() ",
		"a=( ", "if a; then b; elif ", "[[ ! ", "a[", "<(", "time ", "- ", "~", "a;", "a||", "a[$((", "@(", "i\\\nf ", "coproc ",
	} {
		times := shelltext.MaxBytes/len(unit) - 10
		if k := shelltext.Openers([]byte(unit)); k > 0 {
			times = min(times, shelltext.MaxOpeners/k)
		}
		for _, before := range []string{"", "echo ", "echo $((", "[[ "} {
			Parse([]byte(before + strings.Repeat(unit, times)))
			n++
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if n == 0 || m.StackSys > 256<<20 {
		t.Errorf("%d scripts needed %d MiB of stack", n, m.StackSys>>20)
	}
	if f := Parse([]byte(strings.Repeat("$(", shelltext.MaxOpeners+1))); f.State != "unread" {
		t.Errorf("%s", f.State)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		head, "#!/bin/sh\n", "echo $((", "curl \"https://$h/\"", "case x in --help) esac", "chmod u+s,o=w x", "bash -c 'bash -c \"sudo x\"'", "\r\n", "'", "$(", "ssh -p",
		"exec 3<>/dev/tcp/a/1", "docker run", "go", "git", "timeout", "env", "xargs -I{}", "umask", "chmod", "install -m",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got := Parse(text)
		again := Parse(text)
		if !reflect.DeepEqual(got, again) {
			t.Errorf("%q: %+v, then %+v", text, got, again)
		}
		if got.Problem != nil && (got.Problem.Line < 1 || got.Problem.Column < 1) {
			t.Errorf("%q: %+v", text, got.Problem)
		}
	})
}
