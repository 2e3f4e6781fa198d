package attest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/script"
	"github.com/codexlock/codexlock/internal/script/artifacttest"
)

// An outcome is what a run of X.test gave.
type outcome struct {
	code           int
	stdout, stderr string
}

// runTest runs an artifact's test from another directory, with an environment
// of nothing but a path and what is given.
func (p place) runTest(name string, env []string, args ...string) outcome {
	p.T.Helper()
	var cmd *exec.Cmd
	var stdout, stderr strings.Builder
	var err error
	// A process that another test starts in the same moment may hold the script
	// open for writing until it has become its own program.
	for range 100 {
		cmd = exec.Command(filepath.Join(p.Root, name), args...)
		cmd.Dir, cmd.Env = p.T.TempDir(), append([]string{"PATH=" + os.Getenv("PATH"), "CDPATH=/tmp:/"}, env...)
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err = cmd.Run(); !errors.Is(err, syscall.ETXTBSY) {
			break
		}
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.T.Fatal(err)
	}
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

func keyed(key string) []string { return []string{"VAULTTIME_KEY=" + key} }

// now are options of today, since X.test has the real clock.
func now(t testing.TB) Options {
	o := options(t)
	o.Now = time.Now()
	return o
}

var hostileNames = []artifact.Path{
	"plain", "a/b/c/deep.bin", "it's", "$HOME", "$(touch pwned)", "`touch pwned`", "a b  c", "-n", "--help", "a=b", "[x]", "~", "!bang", "#hash",
	"semi;colon", "amp&ersand", "%s%n", "@ARTIFACT@", "ünï/ço dé", "日本", "a'$`!b", "{}", "-/-x", "key=${VAULTTIME_KEY}", ".hidden",
}

// TestAttestRefusesNames: what Windows cannot hold is no artifact's name, in any part
// of its path (ZT-6.1); a folder has no companions.
func TestAttestRefusesNames(t *testing.T) {
	for _, name := range []artifact.Path{"CON", "a/nul.txt", "aux/x", `"quoted"`, "*", "?[x]", "pipe|", "<in>out", "a:b", "CODEX-LOCK.JSON", "Assets/Incoming/x", "a\u017f\u017fets/incoming/x"} {
		p := newPlace(t, map[string]string{name.String(): "content"})
		_, err := p.attest(now(t), name)
		var refused *RefusedError
		if !errors.As(err, &refused) {
			t.Errorf("Attest(%q): %v, want a *RefusedError", name, err)
		}
	}
	p := newPlace(t, map[string]string{"tool/a": "content", "tool.test": "content"})
	p.mustAttest(now(t), "tool.test")
}

// TestScriptVerifies runs X.test for real: it passes where all holds, and fails
// on each thing that does not (ZT-11.3), under every name.
func TestScriptVerifies(t *testing.T) {
	for i, name := range slices.Concat(hostileNames, hostileNames) {
		t.Run(name.String(), func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, map[string]string{name.String(): "content"})
			if i >= len(hostileNames) {
				p.addStandardScript()
			}
			o := now(t)
			o.MirrorCompanions = i%5 == 4
			p.mustAttest(o, name)
			test := name.Companion(artifact.Test).String()
			if o.MirrorCompanions {
				test = name.MirroredCompanion(artifact.Test).String()
			}
			got := p.runTest(test, keyed(secret))
			if want := "[✓] " + name.String() + " verified (VaultTime valid, Codex hash match)\n"; got.code != 0 || got.stdout != want || got.stderr != "" {
				t.Fatalf("got %+v, want %q", got, want)
			}
			p.Write(name.String(), "Content")
			if got := p.runTest(test, keyed(secret)); got.code != 1 || !strings.Contains(got.stderr, "[✗] "+name.String()+": sha256 is ") || got.stdout != "" {
				t.Errorf("a flipped byte gave %+v", got)
			}
			if _, err := os.Stat(p.Root + "/pwned"); err == nil {
				t.Error("the name was executed")
			}
		})
	}
}

func TestScriptFailsClosed(t *testing.T) {
	t.Parallel()
	const x = "assets/sources/x"
	for name, c := range map[string]struct {
		do   func(p place)
		env  []string
		want string // in the message
	}{
		"no key":        {env: nil, want: "VAULTTIME_KEY is not set"},
		"empty key":     {env: keyed(""), want: "VAULTTIME_KEY is not set"},
		"wrong key":     {env: keyed(secret + "x"), want: "signature"},
		"expired":       {do: func(p place) { o := now(p.T); o.Now = o.Now.Add(-25 * time.Hour); p.mustAttest(o, x) }, want: "not valid now"},
		"future":        {do: func(p place) { o := now(p.T); o.Now = o.Now.Add(10 * time.Minute); p.mustAttest(o, x) }, want: "not valid now"},
		"no artifact":   {do: func(p place) { p.remove(x) }, want: x + " is not a file"},
		"no manifest":   {do: func(p place) { p.remove(x + ".manifest.json") }, want: "manifest.json is not a file"},
		"no record":     {do: func(p place) { p.remove(x + ".vaulttime.json") }, want: "vaulttime.json is not a file"},
		"no ledger":     {do: func(p place) { p.remove("Codex-Lock.json") }, want: "Codex-Lock.json is not a file"},
		"ledger drift":  {do: func(p place) { p.edit("Codex-Lock.json", digestOf("content"), digestOf("other")) }, want: "Codex-Lock.json records"},
		"entry missing": {do: func(p place) { p.edit("Codex-Lock.json", `"`+x+`"`, `"`+x+`2"`) }, want: "no single entry"},
		"entry twice": {do: func(p place) {
			p.edit("Codex-Lock.json", "\n  ]", ",\n    {\n      \"path\": \""+x+"\",\n      \"sha256\": \""+digestOf("content")+"\",\n      \"drift_tolerance\": 0.0\n    }\n  ]")
		}, want: "no single entry"},
		"manifest drift": {do: func(p place) { p.edit(x+".manifest.json", digestOf("content"), digestOf("other")) }, want: "manifest.json records"},
		"record drift":   {do: func(p place) { p.edit(x+".vaulttime.json", digestOf("content"), digestOf("other")) }, want: "vaulttime.json records"},
		"another's path": {do: func(p place) { p.edit(x+".vaulttime.json", `"`+x+`"`, `"assets/sources/y"`) }, want: "another path"},
		"no ttl":         {do: func(p place) { p.edit(x+".vaulttime.json", `"ttl_hours": 24`, `"ttl_hours": 0`) }, want: "not valid now"},
		"long ttl":       {do: func(p place) { p.edit(x+".vaulttime.json", `"ttl_hours": 24`, `"ttl_hours": 99999999999`) }, want: "not valid now"},
		"a field twice": {do: func(p place) {
			p.edit(x+".vaulttime.json", `  "ttl_hours": 24`, "  \"ttl_hours\": 24,\n  \"ttl_hours\": 24")
		}, want: "no single field"},
		"link": {do: func(p place) {
			p.remove(x)
			p.Write("y", "content")
			if err := os.Symlink("../../y", p.Root+"/"+x); err != nil {
				p.T.Fatal(err)
			}
		}, want: "is not a file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, map[string]string{x: "content"})
			p.mustAttest(now(t), x)
			env := keyed(secret)
			if c.do != nil {
				c.do(p)
			} else {
				env = c.env
			}
			got := p.runTest(x+".test", env)
			if got.code != 1 || !strings.Contains(got.stderr, c.want) || strings.Contains(got.stdout, "✓") {
				t.Errorf("got %+v, want code 1 and %q", got, c.want)
			}
			mac := p.recordedMAC(x)
			if strings.Contains(got.stderr+got.stdout, secret) || mac != "" && strings.Contains(got.stderr+got.stdout, mac) {
				t.Errorf("it prints the key or an HMAC: %+v", got)
			}
		})
	}
}

func digestOf(s string) string { return artifact.HashBytes([]byte(s)).String() }

func (p place) remove(name string) {
	p.T.Helper()
	if err := os.Remove(p.Root + "/" + name); err != nil {
		p.T.Fatal(err)
	}
}

func (p place) edit(name, old, with string) {
	p.T.Helper()
	text := string(p.Read(name))
	if !strings.Contains(text, old) {
		p.T.Fatalf("%s has no %q", name, old)
	}
	p.Write(name, strings.Replace(text, old, with, 1))
}

// recordedMAC is the HMAC of what the artifact should hold, "" with no record.
func (p place) recordedMAC(name string) string {
	data, err := os.ReadFile(p.Root + "/" + name + ".vaulttime.json")
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(data), `"vaulttime": "`)
	return rest[:64]
}

// TestScriptTriesTheArtifact checks the minimal runtime behaviour.
func TestScriptTriesTheArtifact(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text, want string
	}{
		"empty.bin": {"", ""}, "good.sh": {"#!/bin/sh\necho hi\n", ""}, "bad.sh": {"if then\n", "no valid shell script"}, "tool": {"#!/usr/bin/env bash\nfi\n", "no valid shell script"},
		"tool2": {"#!/bin/bash -e\ntrue\n", ""}, "good.json": {`{"a": [1]}`, ""}, "bad.json": {`{"a": `, "no valid JSON"}, "zeros.bin": {"\x00\x00\n#!bash fi", ""}, "one.line": {strings.Repeat("x", 1<<20), ""},
	} {
		p := newPlace(t, map[string]string{name: c.text})
		p.mustAttest(now(t), artifact.Path(name))
		got := p.runTest(name+".test", keyed(secret))
		if c.want == "" && (got.code != 0 || got.stderr != "") || c.want != "" && (got.code != 1 || !strings.Contains(got.stderr, c.want)) {
			t.Errorf("%s: got %+v, want %q", name, got, c.want)
		}
	}
}

func TestScriptUsage(t *testing.T) {
	t.Parallel()
	p := newPlace(t, map[string]string{"x": "1"})
	o := now(t)
	o.KeyEnv = "VAULTTIME_KEY_RUNTIME_CORE"
	p.mustAttest(o, "x")
	for _, flag := range []string{"--help", "-h", "--usage"} {
		if got := p.runTest("x.test", nil, flag); got.code != 0 || !strings.HasPrefix(got.stdout, "usage: ") || !strings.Contains(got.stdout, "VAULTTIME_KEY_RUNTIME_CORE") {
			t.Errorf("%s gave %+v", flag, got)
		}
	}
	if got := p.runTest("x.test", nil, "--skip"); got.code != 2 || got.stdout != "" || !strings.HasPrefix(got.stderr, "usage: ") {
		t.Errorf("an unknown flag gave %+v", got)
	}
	if got := p.runTest("x.test", []string{"VAULTTIME_KEY_RUNTIME_CORE=" + secret}); got.code != 0 {
		t.Errorf("the domain's variable gave %+v", got)
	}
	if got := p.runTest("x.test", keyed(secret)); got.code != 1 {
		t.Errorf("another variable gave %+v", got)
	}
}

// TestScriptForm holds X.test against what the standard asks of scripts (ZT-1, ZT-10).
func TestScriptForm(t *testing.T) {
	t.Parallel()
	for i, name := range slices.Concat(hostileNames, hostileNames) {
		p := newPlace(t, map[string]string{name.String(): "1"})
		form, lines := artifacttest.Long, 185
		if i >= len(hostileNames) {
			p.addStandardScript()
			form, lines = artifacttest.Short, 11
		}
		p.mustAttest(now(t), name)
		file := "./" + name.Companion(artifact.Test).String()
		text := string(p.Read(file))
		if !strings.HasPrefix(text, "#!/usr/bin/env bash\n# Written by codexlock attest, ") || !artifacttest.IsOurs([]byte(text)) {
			t.Errorf("%s begins %.200s", name, text)
		}
		if n := strings.Count(text, "\n"); n != lines {
			t.Errorf("%s has %d lines, want %d", name, n, lines)
		}
		for line := range strings.Lines(text) {
			if !strings.HasPrefix(line, "#") {
				if line != "set -euo pipefail\n" {
					t.Errorf("%s: the first command is %s", name, line)
				}
				break
			}
		}
		// What is known of one of ours holds of each (script.Ours).
		want := artifacttest.Ours(form)
		got := script.Parse([]byte(text))
		got.ShellCheck = want.ShellCheck
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
		for _, check := range [][]string{{"bash", "-n", file}, {"dash", "-n", file}, {"shellcheck", "--norc", file}} {
			cmd := exec.Command(check[0], check[1:]...)
			cmd.Dir = p.Root
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", check, err, out)
			}
		}
	}
}

// addStandardScript adds ingest_archive.test.sh as init writes it.
func (p place) addStandardScript() {
	p.T.Helper()
	p.Write(artifacttest.IngestPath.String(), string(artifacttest.Ingest))
	if err := os.Chmod(filepath.Join(p.Root, artifacttest.IngestPath.String()), 0o755); err != nil {
		p.T.Fatal(err)
	}
}

// TestLinesOfManyArtifacts bounds what 500 artifacts add to a repository: tests and ledger
// entries at most 10,000 lines, and with the manifests and records 45 an artifact.
func TestLinesOfManyArtifacts(t *testing.T) {
	t.Parallel()
	const n = 500
	files := map[string]string{}
	var names []artifact.Path
	for i := range n {
		name := artifact.Path(fmt.Sprintf("assets/sources/%d.bin", i))
		files[name.String()], names = fmt.Sprint(i), append(names, name)
	}
	p := newPlace(t, files)
	p.addStandardScript()
	o := now(t)
	o.SignCompanions = true
	p.mustAttest(o, names...)
	lines := func(name string) int { return strings.Count(string(p.Read(name)), "\n") }
	short, all := lines("Codex-Lock.json"), 0
	for _, name := range names {
		short += lines(name.String() + ".test")
		all += lines(name.String()+".manifest.json") + lines(name.String()+".vaulttime.json")
	}
	all += short
	if short > 10_000 || all > 45*n {
		t.Errorf("%d lines of tests and ledger, %d in all; want at most 10,000 and %d", short, all, 45*n)
	}
}

// TestScriptIsWrittenAgain follows a change of the domain's variable.
func TestScriptIsWrittenAgain(t *testing.T) {
	t.Parallel()
	p := newPlace(t, map[string]string{"x": "1"})
	p.mustAttest(now(t), "x")
	o := now(t)
	o.KeyEnv = "ANOTHER"
	p.mustAttest(o, "x")
	if !strings.Contains(string(p.Read("x.test")), "${ANOTHER-}") {
		t.Error("the old test stayed")
	}
}
