package release_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestPackages makes the packages of archives with a small program, twice, and looks into
// them.
func TestPackages(t *testing.T) {
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		t.Skip("dpkg-deb is missing: this machine is no Debian")
	}
	bin := t.TempDir()
	must(t, "../tools/nfpm", nil, "go", "build", "-trimpath", "-o", bin+"/", "tool")
	env := []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "SOURCE_DATE_EPOCH=1700000000"}
	first, second := t.TempDir(), t.TempDir()
	for _, dir := range []string{first, second} {
		archives(t, dir, "v1.2.3-rc.1")
		must(t, "", env, script(t, "packages.sh"), "v1.2.3-rc.1", dir)
	}
	must(t, "", nil, "diff", "-r", first, second)
	must(t, first, nil, "sha256sum", "--check", "--strict", "SHA256SUMS")

	t.Run("formula", func(t *testing.T) {
		text, err := os.ReadFile(filepath.Join(first, "codexlock.rb"))
		if err != nil {
			t.Fatal(err)
		}
		sums, err := os.ReadFile(filepath.Join(first, "SHA256SUMS"))
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(`releases/download/v1\.2\.3-rc\.1/(\S+)"\n +sha256 "([0-9a-f]{64})"`).FindAllStringSubmatch(string(text), -1)
		if len(found) != 4 || !strings.Contains(string(text), `version "1.2.3-rc.1"`) {
			t.Fatalf("the formula has %d archives, want 4:\n%s", len(found), text)
		}
		for _, m := range found {
			if !strings.Contains(string(sums), m[2]+"  "+m[1]+"\n") {
				t.Errorf("%s has not the sum %s", m[1], m[2])
			}
		}
		if opened, ended := len(regexp.MustCompile(`(?m) do$|^class |^ +def `).FindAllString(string(text), -1)), strings.Count(string(text), "end\n"); opened != ended {
			t.Errorf("%d blocks are opened and %d ended:\n%s", opened, ended, text)
		}
	})

	for _, arch := range []string{"amd64", "arm64"} {
		t.Run("deb "+arch, func(t *testing.T) {
			deb := filepath.Join(first, "codexlock-v1.2.3-rc.1-linux-"+arch+".deb")
			for field, want := range map[string]string{"Package": "codexlock", "Version": "1.2.3~rc.1", "Architecture": arch, "Depends": "git", "Recommends": "openssl, shellcheck"} {
				if got := must(t, "", nil, "dpkg-deb", "--field", deb, field); got != want {
					t.Errorf("%s is %q, want %q", field, got, want)
				}
			}
			root := t.TempDir()
			must(t, "", nil, "dpkg-deb", "--extract", deb, root)
			if got := must(t, "", nil, filepath.Join(root, "usr/bin/codexlock"), "version"); got != "for linux "+arch {
				t.Errorf("its program prints %q", got)
			}
			list := must(t, "", nil, "dpkg-deb", "--contents", deb)
			for _, want := range []string{
				`-rwxr-xr-x root/root +\d+ 2023-11-14 \d\d:\d\d \./usr/bin/codexlock\n`, `-rwxr-xr-x root/root .* \./usr/bin/codexlock-use\n`, `-rw-r--r-- root/root .* \./usr/share/man/man1/codexlock\.1\.gz\n`,
				`\./usr/share/bash-completion/completions/codexlock\n`, `\./usr/share/zsh/vendor-completions/_codexlock\n`, `\./usr/share/fish/vendor_completions\.d/codexlock\.fish\n`, `\./usr/share/doc/codexlock/copyright`,
			} {
				if !regexp.MustCompile(want).MatchString(list + "\n") {
					t.Errorf("the package has no %s:\n%s", want, list)
				}
			}
		})
		t.Run("rpm "+arch, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(first, "codexlock-v1.2.3-rc.1-linux-"+arch+".rpm"))
			if err != nil {
				t.Fatal(err)
			}
			// The lead: magic, the type (0: a binary package), and the name (rpm's file format).
			want := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[arch]
			if len(text) < 96 || !bytes.HasPrefix(text, []byte{0xed, 0xab, 0xee, 0xdb}) || binary.BigEndian.Uint16(text[6:]) != 0 ||
				!bytes.HasPrefix(text[10:], []byte("codexlock-1.2.3")) || !bytes.Contains(text, []byte(want)) {
				t.Errorf("it is no package for %s: %q", want, text[:min(96, len(text))])
			}
		})
	}

	// A release without one of its archives has no formula.
	if err := os.Remove(filepath.Join(second, "codexlock-v1.2.3-rc.1-darwin-arm64.tar.gz")); err != nil {
		t.Fatal(err)
	}
	must(t, second, nil, "sed", "-i", "/darwin-arm64/d", "SHA256SUMS")
	if out, err := run(t, "", env, script(t, "packages.sh"), "v1.2.3-rc.1", second); err == nil {
		t.Errorf("an archive is missing, and it printed %q", out)
	}
}

// archives writes what binaries.sh does, with a program that is a few lines of shell.
func archives(t *testing.T, dir, version string) {
	t.Helper()
	for _, platform := range []string{"linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64"} {
		name := "codexlock-" + version + "-" + platform
		program := "#!/bin/sh\ncase $1 in man) echo .TH > \"$2/codexlock.1\" ;; completion) echo \"for $2\" ;; version) echo 'for " + strings.ReplaceAll(platform, "-", " ") + "' ;; esac\n"
		for file, mode := range map[string]os.FileMode{"codexlock": 0o755, "codexlock-use": 0o755, "LICENSE": 0o644} {
			file = filepath.Join(dir, name, file)
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(program), mode); err != nil {
				t.Fatal(err)
			}
		}
		must(t, dir, nil, "tar", "--sort=name", "--mtime=@1700000000", "--owner=0", "--group=0", "-I", "gzip -n", "-cf", name+".tar.gz", name)
		must(t, dir, nil, "rm", "-r", name)
	}
	must(t, dir, nil, "bash", "-c", "sha256sum *.tar.gz > SHA256SUMS")
}
