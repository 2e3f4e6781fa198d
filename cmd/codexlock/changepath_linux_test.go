package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/cli"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/host"
)

// TestChangeFindsWhatAllFinds holds every way to judge a change to the way that reads
// everything. In a repository without findings random edits are made: what --all then
// finds, the change brought, so each of a commit, what is staged and the work tree has
// the same findings.
func TestChangeFindsWhatAllFinds(t *testing.T) {
	r := newChangeRepository(t)
	random := rand.New(rand.NewPCG(7, 11))
	names := slices.Sorted(maps.Keys(edits))
	for round := range len(names) + 2 {
		var made []string
		for range 1 + random.IntN(3) {
			name := names[random.IntN(len(names))]
			if round < len(names) && len(made) == 0 {
				name = names[round]
			}
			if edits[name](r, random) {
				made = append(made, name)
			}
		}
		work := r.findings(t, "verify")
		r.git(t, "add", "-A")
		staged := r.findings(t, "verify", "--staged")
		r.git(t, "commit", "-q", "--allow-empty", "-m", fmt.Sprint(made))
		change := r.findings(t, "verify", "--base", "HEAD^1", "--head", "HEAD")
		all := r.findings(t, "verify", "--all", "--base", "HEAD^1", "--head", "HEAD")
		for way, got := range map[string][]string{"commits": change, "staged": staged, "work tree": work} {
			for _, f := range got {
				if !slices.Contains(all, f) && !ofChange(f) {
					t.Errorf("%s, after %v: found %s, and --all does not", way, made, f)
				}
			}
			for _, f := range all {
				if !slices.Contains(got, f) && !ofChange(f) {
					t.Errorf("%s, after %v: --all finds %s, and this does not", way, made, f)
				}
			}
		}
		r.git(t, "reset", "-q", "--hard", "base")
		r.git(t, "clean", "-q", "-fdx")
	}
}

// ofChange reports whether a finding depends on what is compared: companions are left
// behind by a rename, which --all does not see, and under assets/manifests/ by an artifact
// that is no more, which a change finds where it touches them.
func ofChange(finding string) bool { return strings.HasPrefix(finding, "layout.companions ") }

// A changeRepository has artifacts with and without inputs, of which some are in the
// inputs of others, and some companions in a tree of their own.
type changeRepository struct{ *costRepository }

const changeArtifacts = 8

func newChangeRepository(t *testing.T) changeRepository {
	r := changeRepository{&costRepository{dir: t.TempDir(), n: changeArtifacts, attested: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)}}
	r.git(t, "init", "-q", "-b", "main")
	r.run(t, costCase{args: []string{"init"}})
	r.put("data/in.csv", "a,b\n")
	r.put("README.md", "text\n")
	r.put("docs/deep/er/page.md", "text\n")
	r.git(t, "add", "-A")
	r.git(t, "commit", "-q", "-m", "protected")
	r.write(t, "")
	for i := range changeArtifacts {
		args := []string{"attest", r.artifact(i)}
		switch i % 4 {
		case 1:
			args = append(args, "--input", "data/in.csv")
		case 2:
			args = append(args, "--input", r.artifact(i-1))
		}
		r.run(t, costCase{args: args})
		for _, ending := range []string{".manifest.json", ".vaulttime.json", ".test"} {
			from, to := r.at(r.artifact(i)+ending), r.at("assets/manifests/"+r.artifact(i)+ending)
			if i%4 != 3 {
				continue
			}
			if err := cmp.Or(os.MkdirAll(filepath.Dir(to), 0o755), os.Rename(from, to)); err != nil {
				t.Fatal(err)
			}
		}
	}
	// Entries say whether their artifacts have inputs, as those of a large ledger do, and
	// the tests that were moved are written anew for their places.
	for i := range changeArtifacts {
		word := "none"
		if i%4 == 1 || i%4 == 2 {
			word = "some"
		}
		entry := regexp.MustCompile(`(?s)("path": "` + regexp.QuoteMeta(r.artifact(i)) + `".*?"verified_at": "[^"]*")`)
		data, err := os.ReadFile(r.at("Codex-Lock.json"))
		if err != nil || !r.put("Codex-Lock.json", string(entry.ReplaceAll(data, []byte("$1,\n      \"inputs\": \""+word+"\"")))) {
			t.Fatal(err)
		}
		r.run(t, costCase{args: []string{"attest", r.artifact(i)}})
	}
	r.git(t, "add", "-A")
	r.git(t, "commit", "-q", "-m", "attested")
	r.git(t, "tag", "base")
	return r
}

func (r changeRepository) artifact(i int) string {
	return fmt.Sprintf("assets/sources/%d/a%04d.txt", i%2, i)
}

func (r changeRepository) at(name string) string {
	return filepath.Join(r.dir, filepath.FromSlash(name))
}

func (r changeRepository) put(name, text string) bool {
	return os.MkdirAll(filepath.Dir(r.at(name)), 0o755) == nil && os.WriteFile(r.at(name), []byte(text), 0o644) == nil
}

// replace edits a file's text; false where there is nothing to edit.
func (r changeRepository) replace(name, old, text string) bool {
	data, err := os.ReadFile(r.at(name))
	return err == nil && strings.Contains(string(data), old) && r.put(name, strings.Replace(string(data), old, text, 1))
}

// edits are what a change may do, by name. Each reports whether it did something.
var edits = map[string]func(r changeRepository, random *rand.Rand) bool{
	"drift": func(r changeRepository, random *rand.Rand) bool {
		return r.put(r.artifact(random.IntN(changeArtifacts)), "other\n")
	},
	"input edited":  func(r changeRepository, _ *rand.Rand) bool { return r.put("data/in.csv", "c,d\n") },
	"input removed": func(r changeRepository, _ *rand.Rand) bool { return os.Remove(r.at("data/in.csv")) == nil },
	"no change that counts": func(r changeRepository, _ *rand.Rand) bool {
		return r.put("docs/deep/er/page.md", "more\n")
	},
	"companion removed": func(r changeRepository, random *rand.Rand) bool {
		ending := []string{".manifest.json", ".vaulttime.json", ".test"}[random.IntN(3)]
		return os.Remove(r.at(r.artifact(random.IntN(changeArtifacts))+ending)) == nil
	},
	"artifact removed": func(r changeRepository, random *rand.Rand) bool {
		return os.Remove(r.at(r.artifact(random.IntN(changeArtifacts)))) == nil
	},
	"renamed": func(r changeRepository, random *rand.Rand) bool {
		name := r.artifact(random.IntN(changeArtifacts))
		return os.Rename(r.at(name), r.at(name+"x")) == nil
	},
	"new": func(r changeRepository, _ *rand.Rand) bool { return r.put("assets/sources/new/x.bin", "x") },
	"symlink": func(r changeRepository, random *rand.Rand) bool {
		name := r.at(r.artifact(random.IntN(changeArtifacts)))
		return os.Remove(name) == nil && os.Symlink("elsewhere", name) == nil
	},
	"folder replaced": func(r changeRepository, _ *rand.Rand) bool {
		return os.RemoveAll(r.at("assets/sources/1")) == nil && r.put("assets/sources/1", "file")
	},
	"collision of files": func(r changeRepository, _ *rand.Rand) bool {
		return r.put("assets/sources/0/A0000.txt", "x")
	},
	"collision of folders": func(r changeRepository, _ *rand.Rand) bool { return r.put("Assets/other.bin", "x") },
	"collision above":      func(r changeRepository, _ *rand.Rand) bool { return r.put("assets/Sources/0/y.bin", "x") },
	"manifest edited": func(r changeRepository, random *rand.Rand) bool {
		return r.replace(r.artifact(random.IntN(changeArtifacts))+".manifest.json", `"inputs": [`, `"inputs": [ `)
	},
	"manifest gets inputs": func(r changeRepository, _ *rand.Rand) bool {
		return r.replace(r.artifact(0)+".manifest.json", `"inputs": []`, `"inputs": ["README.md"]`)
	},
	"entry says none": func(r changeRepository, _ *rand.Rand) bool {
		return r.replace("Codex-Lock.json", `"inputs": "some"`, `"inputs": "none"`)
	},
	"entry says nothing": func(r changeRepository, _ *rand.Rand) bool {
		return r.replace("Codex-Lock.json", ",\n      \"inputs\": \"some\"", "")
	},
	"entry edited": func(r changeRepository, _ *rand.Rand) bool {
		return r.replace("Codex-Lock.json", `"trust_domain": "default"`, `"trust_domain": "other"`)
	},
	"entry of another path": func(r changeRepository, _ *rand.Rand) bool {
		return r.replace("Codex-Lock.json", "a0004.txt", "a0404.txt")
	},
	"ledger written otherwise": func(r changeRepository, _ *rand.Rand) bool {
		data, err := os.ReadFile(r.at("Codex-Lock.json"))
		var compact bytes.Buffer
		return err == nil && json.Compact(&compact, data) == nil && r.put("Codex-Lock.json", compact.String())
	},
	"ledger broken": func(r changeRepository, _ *rand.Rand) bool {
		return r.replace("Codex-Lock.json", `"path"`, `"Path"`)
	},
}

// findings runs a command and returns what it found, sorted: the rule, how severe it is,
// and what it is about. Messages may speak of the change, or not.
func (r changeRepository) findings(t *testing.T, args ...string) []string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := cli.Main(t.Context(), host.World{
		Args: append([]string{"codexlock"}, append(args, "-f", "json")...), Dir: r.dir, Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr,
		Now: func() time.Time { return r.attested }, Random: rand.NewChaCha8([32]byte{}),
		Names: func() []string { return nil },
		Env: func(name string) (string, bool) {
			if name == "VAULTTIME_KEY" {
				return "a-key-for-counting-0123456789abcdef0123456789", true
			}
			return "", false
		},
	})
	if code != exit.Trusted && code != exit.Denied {
		t.Fatalf("%q: exit code %d\n%s", args, code, &stderr)
	}
	var report struct {
		Findings []struct{ Rule, Severity, Artifact string }
	}
	if err := json.Unmarshal(stdout.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, f := range report.Findings {
		found = append(found, fmt.Sprintf("%s %s of %s", f.Rule, f.Severity, f.Artifact))
	}
	slices.Sort(found)
	return slices.Compact(found)
}
