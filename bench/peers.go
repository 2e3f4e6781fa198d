package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// conftestVersion is the release that the Go module proxy served when this was
// written. It brings an older OPA than ours. Our own OPA is pinned in tools/go.mod.
const conftestVersion = "v0.71.1"

// patience is how long a peer may take to be downloaded and compiled. That happens
// once on a machine: the programs stay in the user's cache folder.
const patience = 15 * time.Minute

// The samples on which the slow peers run.
const (
	loopSample  = 50  // artifacts
	factsSample = 300 // documents, made of the facts of a tenth as many artifacts
)

//go:embed loop.sh
var loop string

//go:embed denied.rego
var denied string

// An installation says how to get a program of a peer.
type installation struct {
	name    string
	command func(folder string) *exec.Cmd // puts the program into a folder
}

var (
	conftest = installation{name: "conftest " + conftestVersion, command: func(folder string) *exec.Cmd {
		cmd := exec.Command("go", "install", "github.com/open-policy-agent/conftest@"+conftestVersion)
		cmd.Env = append(os.Environ(), "GOBIN="+folder)
		return cmd
	}}
	opa = installation{name: "opa", command: func(folder string) *exec.Cmd {
		return exec.Command("go", "build", "-C", "tools", "-o", filepath.Join(folder, "opa"), "github.com/open-policy-agent/opa")
	}}
)

// install returns the path of a peer's program, which it builds where the cache does
// not have it.
func (p installation) install() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, "codexlock-bench", strings.ReplaceAll(p.name, " ", "-"))
	program := filepath.Join(folder, strings.Fields(p.name)[0])
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	progress("building %s, once on this machine", p.name)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	built := p.command(folder)
	cmd := exec.CommandContext(ctx, built.Args[0], built.Args[1:]...)
	cmd.Env = built.Env
	out, err := cmd.CombinedOutput()
	if err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		return "", fmt.Errorf("%w: %s", err, lines[len(lines)-1])
	}
	return program, nil
}

// lacks names the first of some programs that is not installed, and how to get it.
func lacks(programs ...string) string {
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			return fmt.Sprintf("%s is not installed (apt-get install %s)", p, p)
		}
	}
	return ""
}

// add adds a peer to a comparison, or that it is missing.
func (c *comparison) add(p command, missing string) {
	if missing != "" {
		c.missing = append(c.missing, p.name+": "+missing)
		return
	}
	c.peers = append(c.peers, p)
}

// shellLoop checks what codexlock checks of a record, artifact by artifact, on a
// sample of n.
func (b *bench) shellLoop(dir string, n int) (command, string) {
	c := command{name: "shell loop of `sha256sum`, `openssl` and `jq`", dir: dir, times: float64(n) / float64(loopSample)}
	missing := lacks("bash", "sha256sum", "openssl", "jq")
	if missing == "" {
		c.args = []string{"bash", "-c", loop, "loop", fmt.Sprint(loopSample)}
		b.note("The shell loop ran on %d artifacts and is scaled to all. It is given the ledger's hashes as a list; it looks at no proof, manifest, test or rule.", loopSample)
	}
	return c, missing
}

// policyPeers are the programs that evaluate the same rules on documents that are
// measured already, for n artifacts.
func (b *bench) policyPeers(dir string, n int) (peers []command, missing []string, err error) {
	evaluators := []struct {
		name string
		from installation
		args func(program, rules string) []string
		exit int
	}{
		{"`conftest test`, given the facts", conftest, func(program, rules string) []string {
			return []string{program, "test", "--all-namespaces", "--quiet", "--policy", rules}
		}, 0},
		{"`opa exec`, given the facts", opa, func(program, rules string) []string {
			return []string{program, "exec", "--bundle", rules, "--decision", "bench/denied"}
		}, 0},
	}
	var documents, rules string
	for _, e := range evaluators {
		program, err := e.from.install()
		if err != nil {
			missing = append(missing, e.name+": "+err.Error())
			continue
		}
		if documents == "" {
			if documents, rules, err = b.facts(dir); err != nil {
				return nil, nil, err
			}
		}
		args := e.args(program, rules)
		first := command{dir: dir, args: append(args[:len(args):len(args)], filepath.Join(documents, "000.json")), exit: e.exit}
		peers = append(peers, command{name: e.name, dir: dir, args: append(args, documents), exit: e.exit,
			times: float64(n) / factsSample, floor: &first})
		b.note("`conftest` and `opa exec` ran on %d documents (the facts of %d artifacts, measured by `codexlock facts` before) and are scaled to all; their start-up counts once. They read and hash nothing.", factsSample, factsSample/10)
	}
	return peers, missing, nil
}

// facts writes the documents and the rules that the evaluators are given: the rules
// about one artifact, without their tests.
func (b *bench) facts(dir string) (documents, rules string, err error) {
	documents, rules = filepath.Join(b.dir, "facts"), filepath.Join(b.dir, "rules")
	if err := os.MkdirAll(documents, 0o755); err != nil {
		return "", "", err
	}
	for i := range factsSample {
		if i%10 == 0 {
			if err := b.do(dir, []string{b.program, "facts", artifactName(i)}); err != nil {
				return "", "", err
			}
		}
		text, err := os.ReadFile(filepath.Join(b.dir, "output"))
		if err != nil {
			return "", "", err
		}
		if err := os.WriteFile(filepath.Join(documents, fmt.Sprintf("%03d.json", i)), text, 0o644); err != nil {
			return "", "", err
		}
	}
	return documents, rules, copyRules("policies", rules)
}

func copyRules(from, to string) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	err := filepath.WalkDir(from, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(name) != ".rego" || strings.HasSuffix(name, "_test.rego") {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil || bytes.Contains(text, []byte("#   subject:")) || strings.Contains(name, "/sample/") {
			return err
		}
		flat := strings.ReplaceAll(filepath.ToSlash(name), "/", "-")
		return os.WriteFile(filepath.Join(to, flat), text, 0o644)
	})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(to, "denied.rego"), []byte(denied), 0o644)
}
