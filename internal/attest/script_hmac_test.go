package attest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
)

// everyByte is a key of all bytes that a variable can hold.
func everyByte() string {
	var key []byte
	for b := 1; b < 256; b++ {
		key = append(key, byte(b))
	}
	return string(key)
}

// hmacKeys are keys that a shell could get wrong: as long as a block of SHA-256 and
// one byte more or less (RFC 2104), every byte, what a shell expands or splits.
var hmacKeys = map[string]string{
	"short": "k", "63 bytes": strings.Repeat("a", 63), "64 bytes": strings.Repeat("b", 64), "65 bytes": strings.Repeat("c", 65),
	"128 bytes": strings.Repeat("d", 128), "long": strings.Repeat("0123456789abcdef", 4000),
	"every byte": everyByte(), "the first 64": everyByte()[:64], "from 64": everyByte()[63:127], "from 128": everyByte()[127:191], "the last": everyByte()[191:],
	"pads": strings.Repeat("6", 32) + strings.Repeat(`\`, 32), "line ends": "key\nof\nlines\n\n", "blanks": "  a key \t ", "escapes": `\0101\x41%s%n\c$(id)` + "`id`",
	"multibyte": "ключ-鍵-🔑-é", "half a character": "\xe9\x8d", "an option": "-n", "control": "\x01\x01\x7f\x02",
}

// TestScriptComputesHMAC holds the script's HMAC against Go's and OpenSSL's, under
// every key and locale (RFC 2104).
func TestScriptComputesHMAC(t *testing.T) {
	t.Run("long", func(t *testing.T) { testScriptComputesHMAC(t, false) })
	t.Run("short", func(t *testing.T) { testScriptComputesHMAC(t, true) })
}

func testScriptComputesHMAC(t *testing.T, short bool) {
	t.Parallel()
	if len(hmacKeys) == 0 {
		t.Fatal("no vectors")
	}
	p := newPlace(t, map[string]string{"x": "content"})
	if short {
		p.addStandardScript()
	}
	p.mustAttest(now(t), "x")
	digest := sha256.Sum256([]byte("content"))
	message := hex.EncodeToString(digest[:])
	before := string(p.Read("x.vaulttime.json"))
	recorded := p.recordedMAC("x")
	for name, key := range hmacKeys {
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte(message))
		want := hex.EncodeToString(mac.Sum(nil))
		cmd := exec.Command("sh", "-c", `printf %s "$message" | openssl dgst -sha256 -hmac "$key" | awk '{print $NF}'`)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "key=" + key, "message=" + message}
		if out, err := cmd.Output(); err != nil || strings.TrimSpace(string(out)) != want {
			t.Errorf("%s: openssl says %s, %v, want %s", name, out, err, want)
		}
		p.Write("x.vaulttime.json", strings.ReplaceAll(before, recorded, want))
		locales := []string{""}
		if strings.Contains(name, "byte") {
			locales = []string{"", "C.UTF-8"}
		}
		for _, locale := range locales {
			got := p.runTest("x.test", append(keyed(key), "LC_ALL="+locale, "LANG="+locale))
			if got.code != 0 {
				t.Errorf("%s, locale %q: %+v", name, locale, got)
			}
		}
		if name != "short" {
			continue
		}
		p.Write("x.vaulttime.json", strings.ReplaceAll(before, recorded, recorded[:63]+"0"))
		if got := p.runTest("x.test", keyed(key)); got.code != 1 || !strings.Contains(got.stderr, "signature") {
			t.Errorf("%s: another HMAC gave %+v", name, got)
		}
	}
}

// spies puts programs in front of every one that the script may start, which note
// their arguments and environment.
func spies(t *testing.T, log string) (path string) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range strings.Fields("awk bash cut date dirname head jq od openssl printf python3 sha256sum shasum tr") {
		real, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		text := fmt.Sprintf("#!/bin/sh\n{ echo '# %s'; for a; do echo \"$a\"; done; /usr/bin/tr '\\0' '\\n' </proc/$$/environ; echo; } >>'%s'\nexec %s \"$@\"\n", name, log, real)
		if name == "bash" { // the script itself is started with the key
			text = fmt.Sprintf("#!/bin/sh\ncase $1 in -n) ;; *) exec %s \"$@\" ;; esac\n", real) + text
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestScriptStartsNothingWithTheKey: no program that the script starts has the key, what
// is made of it, or the HMAC in its arguments or environment, whatever the caller's
// environment marks for export.
func TestScriptStartsNothingWithTheKey(t *testing.T) {
	t.Run("long", func(t *testing.T) { testScriptStartsNothingWithTheKey(t, false) })
	t.Run("short", func(t *testing.T) { testScriptStartsNothingWithTheKey(t, true) })
}

func testScriptStartsNothingWithTheKey(t *testing.T, short bool) {
	t.Parallel()
	p := newPlace(t, map[string]string{"x": "content", "x.sh": "#!/usr/bin/env bash\nset -euo pipefail\n", "x.json": "{}\n"})
	if short {
		p.addStandardScript()
	}
	long := strings.Repeat(secret, 3)
	for _, name := range []string{"x", "x.sh", "x.json"} {
		for _, key := range []string{secret, long} {
			o := now(t)
			o.Key = testKey(t, key)
			p.mustAttest(o, artifact.Path(name))
			log := filepath.Join(t.TempDir(), "log")
			env := []string{
				"PATH=" + spies(t, log) + ":" + os.Getenv("PATH"), "SHELLOPTS=allexport",
				"key=1", "pad=1", "hex=1", "rest=1", "byte=1", "escapes=1", "inner=1", "computed=1",
			}
			if got := p.runTest(name+".test", append(env, keyed(key)...)); got.code != 0 {
				t.Fatalf("%s: %+v", name, got)
			}
			seen, err := os.ReadFile(log)
			if err != nil || bytes.Count(seen, []byte("# sha256sum\n")) < 3 {
				t.Fatalf("the spies saw %v\n%s", err, seen)
			}
			block := []byte(key)
			if len(block) > 64 {
				sum := sha256.Sum256(block)
				block = sum[:]
			}
			inner := sha256.New()
			padded := make([]byte, 64)
			copy(padded, block)
			for i := range padded {
				padded[i] ^= 0x36
			}
			digest := p.Read(name)
			sum := sha256.Sum256(digest)
			inner.Write(padded)
			fmt.Fprintf(inner, "%x", sum)
			for what, text := range map[string]string{
				"the key": key, "the key in hex": hex.EncodeToString([]byte(key)), "its block": hex.EncodeToString(block),
				"the inner digest": hex.EncodeToString(inner.Sum(nil)), "the HMAC": p.recordedMAC(name),
			} {
				if strings.Contains(string(seen), text) {
					t.Errorf("%s: a program that the test starts gets %s", name, what)
				}
			}
		}
	}
}
