package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A tampering changes a tree of mallory's clone. It returns false where the tree does not
// allow it.
type tampering struct {
	name string
	do   func(y *year, f string) bool
}

// tamperings are changes that the gate must deny.
var tamperings = []tampering{
	{"content", func(y *year, f string) bool {
		y.write("mallory", f, y.read("mallory", f)+"evil\n")
		return true
	}},
	{"content with every digest", func(y *year, f string) bool {
		before := y.digest("mallory", f)
		y.write("mallory", f, y.read("mallory", f)+"evil\n")
		after := y.digest("mallory", f)
		for _, name := range []string{"Codex-Lock.json", f + ".manifest.json", f + ".vaulttime.json", f + ".test"} {
			y.write("mallory", name, strings.ReplaceAll(y.read("mallory", name), before, after))
		}
		return true
	}},
	{"manifest", func(y *year, f string) bool { return y.edit(f+".manifest.json", `"creator": "`, `"creator": "not `) }},
	{"test", func(y *year, f string) bool {
		y.write("mallory", f+".test", y.read("mallory", f+".test")+"# more\n")
		return true
	}},
	{"a test that does nothing", func(y *year, f string) bool {
		y.write("mallory", f+".test", "#!/bin/sh\nexit 0\n")
		return true
	}},
	{"record: time to live", func(y *year, f string) bool {
		return y.edit(f+".vaulttime.json", `"ttl_hours": 24`, `"ttl_hours": 23`)
	}},
	{"record: timestamp", func(y *year, f string) bool {
		return y.field(f+".vaulttime.json", "timestamp", y.now.Format("2006-01-02T15:04:05Z"))
	}},
	{"record: attested_at", func(y *year, f string) bool {
		return y.field(f+".vaulttime.json", "attested_at", y.now.Format("2006-01-02T15:04:05Z"))
	}},
	{"record: HMAC", func(y *year, f string) bool {
		return y.field(f+".vaulttime.json", "vaulttime", strings.Repeat("0", 64))
	}},
	{"record: key", func(y *year, f string) bool {
		return y.field(f+".vaulttime.json", "key_id", strings.Repeat("0", 16))
	}},
	{"record: proof removed", func(y *year, f string) bool {
		text := y.read("mallory", f+".vaulttime.json")
		var r map[string]any
		if json.Unmarshal([]byte(text), &r) != nil {
			return false
		}
		delete(r, "proof")
		without, _ := json.Marshal(r)
		y.write("mallory", f+".vaulttime.json", string(without))
		return true
	}},
	{"record of another artifact", func(y *year, f string) bool {
		for _, other := range y.files {
			if other != f {
				y.write("mallory", f+".vaulttime.json", y.read("mallory", other+".vaulttime.json"))
				return true
			}
		}
		return false
	}},
	{"ledger: entry removed", func(y *year, f string) bool {
		text := y.read("mallory", "Codex-Lock.json")
		entry := regexp.MustCompile(`(?s)    \{\s+"path": "` + regexp.QuoteMeta(f) + `".*?\},?\n`)
		y.write("mallory", "Codex-Lock.json", strings.Replace(entry.ReplaceAllString(text, ""), "},\n  ]", "}\n  ]", 1))
		return true
	}},
	{"ledger: tolerance", func(y *year, f string) bool {
		return y.edit("Codex-Lock.json", `"drift_tolerance": 0.0`, `"drift_tolerance": 1.0`)
	}},
	{"ledger: verified_at", func(y *year, f string) bool {
		text := y.read("mallory", "Codex-Lock.json")
		entry := regexp.MustCompile(`(?s)("path": "` + regexp.QuoteMeta(f) + `".*?"verified_at": ")[^"]*`)
		after := entry.ReplaceAllString(text, "${1}"+y.now.Format("2006-01-02T15:04:05Z"))
		y.write("mallory", "Codex-Lock.json", after)
		return after != text // not where it was attested this second
	}},
	{"artifact without its companions", func(y *year, f string) bool { y.git("mallory", "rm", "-q", f); return true }},
	{"companions without the artifact's entry", func(y *year, f string) bool {
		y.git("mallory", "rm", "-q", f+".test", f+".manifest.json")
		return true
	}},
	{"renamed with its files", func(y *year, f string) bool {
		for _, suffix := range []string{"", ".manifest.json", ".vaulttime.json", ".test"} {
			y.git("mallory", "mv", f+suffix, f+".evil"+suffix)
		}
		return y.edit("Codex-Lock.json", `"path": "`+f+`"`, `"path": "`+f+`.evil"`)
	}},
	{"an earlier state of an artifact", func(y *year, f string) bool {
		for _, commit := range strings.Fields(y.git("mallory", "log", "--format=%H", "--", f)) {
			if y.earlier(commit, f) {
				return true
			}
		}
		return false
	}},
	{"an earlier record of the same content", func(y *year, f string) bool {
		name := f + ".vaulttime.json"
		for _, commit := range strings.Fields(y.git("mallory", "log", "--format=%H", "--", name)) {
			same, err := y.try("mallory", "show", commit+":"+f)
			if err != nil || same != strings.TrimSpace(y.read("mallory", f)) {
				continue
			}
			if text := y.git("mallory", "show", commit+":"+name); text != strings.TrimSpace(y.read("mallory", name)) {
				y.write("mallory", name, text+"\n")
				return true
			}
		}
		return false
	}},
	{"a symlink", func(y *year, f string) bool {
		at := filepath.Join(y.root, "mallory", f)
		if err := os.Rename(at, at+".bin"); err != nil {
			y.Fatal(err)
		}
		if err := os.Symlink(filepath.Base(f)+".bin", at); err != nil {
			y.Fatal(err)
		}
		return true
	}},
	{"the log cut off", func(y *year, _ string) bool {
		lines := strings.SplitAfter(y.read("mallory", "MANIFEST.integrity.json"), "\n")
		y.write("mallory", "MANIFEST.integrity.json", strings.Join(lines[:len(lines)-2], ""))
		return true
	}},
	{"a line of the log", func(y *year, _ string) bool { return y.edit("MANIFEST.integrity.json", "PASS", "FAIL") }},
	{"a key of one's own, listed by oneself", func(y *year, f string) bool {
		key := y.newKey()
		id := y.keyID(y.key)
		text := y.read("mallory", "codexlock.yaml")
		_, public := y.codexlock("mallory", map[string]string{"VAULTTIME_KEY": key}, "keys", "public")
		lines := regexp.MustCompile(`- \{id: [^\n]*`).FindString(public)
		line := regexp.MustCompile(`- \{id: "?` + id + `[^\n]*`)
		y.write("mallory", "codexlock.yaml", line.ReplaceAllString(text, lines))
		return y.forge(key, f)
	}},
	{"a leaked key", func(y *year, f string) bool {
		if len(y.gone) == 0 {
			return false
		}
		text := y.read("mallory", "codexlock.yaml")
		y.write("mallory", "codexlock.yaml", strings.ReplaceAll(text, "state: revoked", "state: current"))
		ok := y.forge(y.gone[0], f)
		y.write("mallory", "codexlock.yaml", text)
		return ok
	}},
}

// tamper tries some of them; each has its turn.
func (y *year) tamper() {
	y.git("mallory", "fetch", "-q", "origin")
	y.fetchRef("mallory")
	for range 3 {
		n := y.counts["turn"]
		y.counts["turn"]++
		y.tamperBy(tamperings[n%len(tamperings)], y.files[y.rng.IntN(len(y.files))])
	}
}

func (y *year) tamperBy(with tampering, f string) {
	y.git("mallory", "checkout", "-q", "-f", "-B", "evil", "origin/main")
	y.git("mallory", "clean", "-qfdx")
	if !with.do(y, f) {
		return
	}
	y.git("mallory", "add", "-A")
	if _, err := y.try("mallory", "diff", "--cached", "--quiet"); err == nil {
		y.Errorf("tampering %q of %s changes nothing", with.name, f)
		return
	}
	y.git("mallory", "commit", "-q", "-m", with.name)
	if code, out := y.codexlock("mallory", y.someKey(), "verify", "--base", "origin/main", "--head", "evil", "-q"); code != 1 {
		y.Errorf("%s: tampering with %s (%s) ends with %d, want 1:\n%s\n%s", y.now, f, with.name, code, y.git("mallory", "show", "--format="), out)
	}
	y.counts["tampered"]++
}

// forge changes an artifact and attests it with a key.
func (y *year) forge(key, f string) bool {
	y.write("mallory", f, y.read("mallory", f)+"forged\n")
	code, _ := y.codexlock("mallory", map[string]string{"VAULTTIME_KEY": key}, "attest", f)
	return code == 0
}

// earlier brings back an artifact with all of its files as a commit had them, if that is
// other content.
func (y *year) earlier(commit, f string) bool {
	old, err := y.try("mallory", "show", commit+":"+f)
	if err != nil || old == strings.TrimSpace(y.read("mallory", f)) {
		return false
	}
	entry := regexp.MustCompile(`(?s)\{\s+"path": "` + regexp.QuoteMeta(f) + `".*?\}`)
	was := entry.FindString(y.git("mallory", "show", commit+":Codex-Lock.json"))
	if was == "" {
		return false
	}
	y.git("mallory", "checkout", "-q", commit, "--", f, f+".manifest.json", f+".vaulttime.json", f+".test")
	y.write("mallory", "Codex-Lock.json", entry.ReplaceAllLiteralString(y.read("mallory", "Codex-Lock.json"), was))
	return true
}

// edit replaces the first occurrence of a text in a file of mallory's.
func (y *year) edit(name, before, after string) bool {
	y.Helper()
	text := y.read("mallory", name)
	if !strings.Contains(text, before) {
		y.Errorf("%s has no %s:\n%s", name, before, text)
		return false
	}
	y.write("mallory", name, strings.Replace(text, before, after, 1))
	return true
}

// field sets a text of a JSON file of mallory's. It returns false where the file has that
// text already: what was attested this second has the time of now.
func (y *year) field(name, key, value string) bool {
	y.Helper()
	is := regexp.MustCompile(`("` + key + `": )"[^"]*"`)
	before := y.read("mallory", name)
	after := is.ReplaceAllString(before, `${1}"`+value+`"`)
	y.write("mallory", name, after)
	return after != before
}

// refTamperings are states of the ref in which no record counts: whoever writes the ref can
// withhold, and nothing else.
var refTamperings = []struct {
	name string
	do   func(y *year)
}{
	{"of another history", func(y *year) { y.git("mallory", "update-ref", "refs/codexlock/vaulttime", "origin/main") }},
	{"re-dated", func(y *year) {
		y.eachInRef(func(text string) string {
			return regexp.MustCompile(`"timestamp": "[^"]*"`).ReplaceAllString(text, `"timestamp": "`+y.now.Format("2006-01-02T15:04:05Z")+`"`)
		})
	}},
	{"with a longer time to live", func(y *year) {
		y.eachInRef(func(text string) string { return strings.Replace(text, `"ttl_hours": 24`, `"ttl_hours": 9000`, 1) })
	}},
	{"with no JSON", func(y *year) { y.eachInRef(func(text string) string { return text[:len(text)/2] }) }},
	{"with other paths", func(y *year) {
		y.eachInRef(func(text string) string { return strings.Replace(text, `"path": "`, `"path": "x/`, 1) })
	}},
	{"of an earlier week", func(y *year) {
		if before, err := y.try("mallory", "rev-parse", "-q", "--verify", "refs/before"); err == nil {
			y.git("mallory", "update-ref", "refs/codexlock/vaulttime", before)
		} else {
			y.git("mallory", "update-ref", "-d", "refs/codexlock/vaulttime")
		}
	}},
	{"that names a blob", func(y *year) {
		y.git("mallory", "update-ref", "refs/codexlock/vaulttime", y.git("mallory", "rev-parse", "HEAD:README.md"))
	}},
}

// eachInRef writes the ref again with every record changed.
func (y *year) eachInRef(change func(string) string) {
	y.Helper()
	y.git("mallory", "checkout", "-q", "-f", "--detach", "refs/codexlock/vaulttime")
	for _, name := range strings.Split(y.git("mallory", "ls-files"), "\n") {
		y.write("mallory", name, change(y.read("mallory", name)))
	}
	y.git("mallory", "commit", "-q", "-a", "-m", "records")
	y.git("mallory", "update-ref", "refs/codexlock/vaulttime", "HEAD")
	y.git("mallory", "checkout", "-q", "-f", "-B", "evil", "origin/main")
}

// tamperRef tries one of them: the same artifacts have the same findings as without the ref.
func (y *year) tamperRef() {
	y.git("mallory", "fetch", "-q", "origin")
	y.git("mallory", "checkout", "-q", "-f", "-B", "evil", "origin/main")
	if _, err := y.try("mallory", "update-ref", "-d", "refs/codexlock/vaulttime"); err != nil {
		return
	}
	none := y.findings()
	y.fetchRef("mallory")
	with := refTamperings[y.counts["tampered ref"]%len(refTamperings)]
	there, _ := y.try("mallory", "rev-parse", "-q", "--verify", "refs/codexlock/vaulttime")
	with.do(y)
	if got := y.findings(); !slices.Equal(got, none) {
		y.Errorf("%s: a ref %s: findings are\n%s\nwant those without the ref\n%s", y.now, with.name, strings.Join(got, "\n"), strings.Join(none, "\n"))
	}
	y.git("mallory", "update-ref", "-d", "refs/codexlock/vaulttime")
	y.git("mallory", "update-ref", "refs/before", there)
	y.counts["tampered ref"]++
}

// findings are those of main, as mallory's clone judges it.
func (y *year) findings() []string {
	y.Helper()
	_, out := y.codexlock("mallory", y.env(), "verify", "--all", "--base", "HEAD", "--head", "HEAD", "-f", "json")
	var report struct {
		Conclusion string
		Findings   []struct{ Rule, Artifact, Severity string }
	}
	if err := json.Unmarshal([]byte(out[strings.Index(out, "{"):]), &report); err != nil {
		y.Fatalf("%v: %s", err, out)
	}
	all := []string{report.Conclusion}
	for _, f := range report.Findings {
		all = append(all, fmt.Sprint(f.Rule, " ", f.Artifact, " ", f.Severity))
	}
	return all
}
