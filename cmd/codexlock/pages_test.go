package main

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// withRule are the rules that necessarily find something too where a page's
// rule does: one edit, several proofs that are absent. Any other rule's page
// makes its rule find something alone.
var withRule = map[string][]string{
	"audit.rewritten":      {"audit.signature"},                    // a log made by hand has no checkpoint
	"chain.broken":         {"chain.signature", "vaulttime.proof"}, // who signed, signed the whole chain
	"layout.consumed":      {"manifest.unsigned"},                  // the record signs the manifest that names an input
	"lock.drift":           {"manifest.hash", "vaulttime.hash"},    // all three record the artifact's hash
	"lock.unsafe_path":     {"lock.entry_missing"},                 // the entry names another file now
	"manifest.hash":        {"manifest.unsigned"},                  // the record signs the manifest
	"manifest.provenance":  {"manifest.unsigned"},
	"test.verifies":        {"test.unsigned"},                          // the record signs the test
	"trust.weak_key":       {"trust.unlisted_key"},                     // another key is not listed
	"trust.unknown_domain": {"vaulttime.unverifiable"},                 // and has no key
	"use.weakened":         {"gate.self_change"},                       // a workflow with codexlock is part of the gate
	"vaulttime.future":     {"lock.verified_at"},                       // attested at the same time
	"vaulttime.hash":       {"vaulttime.proof", "vaulttime.signature"}, // both sign the hash
	"vaulttime.missing":    {"vaulttime.proof"},                        // the base commit's record had one
	"vaulttime.signature":  {"trust.unlisted_key"},                     // and is not listed
	"vaulttime.ttl":        {"vaulttime.proof"},                        // which signs ttl_hours
}

const (
	printsBegin = "<!-- prints:begin -->\n```text\n"
	printsEnd   = "```\n<!-- prints:end -->\n"
)

var (
	shell = regexp.MustCompile("(?s)```sh\n(.*?)```\n")
	rule  = regexp.MustCompile(`^\[[✗!~]\] .* \[([a-z0-9_.]+)\]$`)
	also  = regexp.MustCompile(`^      also: .* \[([a-z0-9_.]+)\], at .*$`) // of the same cause
)

// TestPages does what each rule's page says, in the example repository that
// policies/README.md makes: the rule finds what the page prints, and then
// passes. So every rule can fire, and its page's next step works.
func TestPages(t *testing.T) {
	pages, err := filepath.Glob("../../policies/*/*/*.rego")
	if err != nil {
		t.Fatal(err)
	}
	example := exampleRepository(t)
	seen := map[string]bool{}
	for _, file := range pages {
		dir := filepath.Dir(file)
		area := filepath.Base(filepath.Dir(dir))
		code := area + "." + filepath.Base(dir)
		if area == "lib" || seen[code] {
			continue
		}
		seen[code] = true
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			checkPage(t, code, filepath.Join(dir, "README.md"), example)
		})
	}
	for code := range withRule {
		if !seen[code] {
			t.Errorf("%s is no rule", code)
		}
	}
	if len(seen) < 30 {
		t.Errorf("%d rules have a page, want all of them", len(seen))
	}
}

// checkPage runs one page in a copy of the example repository.
func checkPage(t *testing.T, code, file, example string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	fails, passes := block(t, page, "## Fails\n"), block(t, page, "## Passes\n")
	dir := t.TempDir()
	if out, err := exec.Command("cp", "-a", example+"/.", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	lines := strings.Split(strings.TrimSpace(fails), "\n")
	last := len(lines) - 1
	lines[last] = "code=0\n" + lines[last] + " > ../printed || code=$?\necho $code > ../code"
	script := strings.Join(lines, "\n") + "\n" + passes
	if out, err := bash(dir, "cd example\n"+script).CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s\n%s", file, err, script, out)
	}
	printed := read(t, filepath.Join(dir, "printed"))
	found, prints := findings(printed, code)
	want, exit := "1\n", read(t, filepath.Join(dir, "code"))
	if strings.HasPrefix(prints, "[!]") {
		want = "0\n"
	}
	if exit != want {
		t.Errorf("%s: exit code %swant %sof\n%s", file, exit, want, printed)
	}
	all := append([]string{code}, withRule[code]...)
	slices.Sort(all)
	if !slices.Equal(found, all) {
		t.Errorf("%s: found %v, want %v:\n%s", file, found, all, printed)
	}
	begin, end := strings.Index(page, printsBegin), strings.Index(page, printsEnd)
	if begin < 0 || end < begin {
		t.Fatalf("%s has no block between %q and %q", file, printsBegin, printsEnd)
	}
	begin += len(printsBegin)
	if page[begin:end] == prints {
		return
	}
	if os.Getenv("CODEXLOCK_UPDATE") != "" && prints != "" {
		if err := os.WriteFile(file, []byte(page[:begin]+prints+page[end:]), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("%s prints\n%s\nwant\n%s\n(CODEXLOCK_UPDATE=1 go test ./cmd/codexlock -run TestPages writes it anew)", file, page[begin:end], prints)
}

// findings are the rules that found something, and the lines of one of them.
func findings(printed, code string) (rules []string, prints string) {
	ours := false
	for line := range strings.Lines(printed) {
		if m := rule.FindStringSubmatch(strings.TrimSuffix(line, "\n")); m != nil {
			rules = append(rules, m[1])
			ours = m[1] == code
		} else if m := also.FindStringSubmatch(strings.TrimSuffix(line, "\n")); m != nil {
			rules = append(rules, m[1])
		} else if !strings.HasPrefix(line, "      ") {
			ours = false
		}
		if ours {
			prints += line
		}
	}
	slices.Sort(rules)
	return slices.Compact(rules), prints
}

// exampleRepository does what policies/README.md says, and keeps what the
// shell exports for the pages.
func exampleRepository(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	script := block(t, read(t, "../../policies/README.md"), "## The example repository\n")
	if out, err := bash(dir, script+"\nexport -p | grep -E ' (VAULTTIME_KEY|CODEXLOCK_[A-Z_]+)=' > ../environment").CombinedOutput(); err != nil {
		t.Fatalf("policies/README.md: %v\n%s", err, out)
	}
	return dir
}

// bash is a script to run as a reader would, with nothing of the machine's own
// configuration.
func bash(dir, script string) *exec.Cmd {
	cmd := exec.Command("bash", "-euo", "pipefail", "-c", "test ! -f environment || . ./environment\n"+script)
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir, "USER=tester", "LC_ALL=C.UTF-8",
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
	}
	for _, who := range []string{"AUTHOR", "COMMITTER"} {
		cmd.Env = append(cmd.Env, fmt.Sprintf("GIT_%s_NAME=Tester", who), fmt.Sprintf("GIT_%s_EMAIL=tester@localhost", who))
	}
	return cmd
}

// block is the first shell block after a heading.
func block(t *testing.T, page, heading string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, heading)
	m := shell.FindStringSubmatch(rest)
	if !ok || m == nil {
		t.Fatalf("no shell block after %q", cmp.Or(strings.TrimSpace(heading), "the top"))
	}
	return m[1]
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
