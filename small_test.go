package codexlock_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/manifest"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// heavy is what a program that reads and verifies records needs nothing of.
var heavy = []string{
	"net", "net/http", "crypto/tls", "crypto/x509", "os/exec", "github.com/santhosh-tekuri/jsonschema/v6", "golang.org/x/text/message", "golang.org/x/text/cases",
	"golang.org/x/text/language", "github.com/open-policy-agent/opa/v1/ast", "mvdan.cc/sh/v3/syntax", "golang.org/x/sys/unix",
}

// TestSmallProgramsStaySmall: what reads and verifies records, and what renders a decision,
// needs no network, no other program, not OPA and not the JSON Schema library. What judges
// needs nothing that measures. Both hold through other packages too.
func TestSmallProgramsStaySmall(t *testing.T) {
	renders := slices.DeleteFunc(slices.Clone(heavy), func(dep string) bool { return dep == "golang.org/x/sys/unix" })
	for root, without := range map[string][]string{
		"internal/artifact":  heavy,
		"internal/schemas":   heavy,
		"internal/vaulttime": heavy,
		"internal/ledger":    heavy,
		"internal/manifest":  heavy,
		"internal/config":    heavy,
		"internal/report":    renders,
		"internal/policy":    {"mvdan.cc/sh/v3/syntax", module + "internal/config", module + "internal/content", module + "internal/measure", module + "internal/repo", module + "internal/sandbox", module + "internal/script"},
	} {
		deps := dependencies(t, "./"+root)
		for _, dep := range without {
			if slices.Contains(deps, dep) {
				t.Errorf("%s needs %s", root, dep)
			}
		}
		if !slices.Contains(deps, module+root) {
			t.Errorf("%s: it is not among its %d dependencies: the test looks at the wrong thing", root, len(deps))
		}
	}
}

func dependencies(t *testing.T, arguments ...string) []string {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list", "-deps"}, arguments...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}

// smallProgram verifies a record by its proof, with the public key that codexlock.yaml lists.
const smallProgram = `package main

import (
	"fmt"
	"os"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/manifest"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

func read(name string) []byte {
	text, err := os.ReadFile(name)
	check(err)
	return text
}

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func main() {
	c, err := config.Parse(config.Paths[0], read("codexlock.yaml"))
	check(err)
	l, _, err := ledger.Decode(read("Codex-Lock.json"))
	check(err)
	m, _, err := manifest.Decode(read("a.manifest.json"))
	check(err)
	record, _, err := vaulttime.DecodeRecord(read("a.vaulttime.json"))
	check(err)
	p, err := artifact.ParsePath("a")
	check(err)
	at, listed := l.Lookup(p.String())
	for _, key := range c.Domains[record.TrustDomain].PublicKeys {
		public, err := vaulttime.ParsePublicKey(key.Key)
		check(err)
		fmt.Println(listed, l.Artifacts[at].SHA256 == record.SHA256, m.SHA256 == record.SHA256, vaulttime.VerifyProof(public, record))
	}
}
`

// maxSmallProgram is how large smallProgram may be. It has 3.4 MB; the rest is for what a
// release of Go adds.
const maxSmallProgram = 4 << 20

// TestSmallProgram builds smallProgram, looks at what it needs and how large it is, and runs
// it on good files and on a record that was changed.
func TestSmallProgram(t *testing.T) {
	dir, main := t.TempDir(), "cmd/small/main.go"
	source, overlay, program := filepath.Join(dir, "main.go"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "small")
	here, err := filepath.Abs(main)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]any{"Replace": map[string]string{here: source}})
	if err != nil {
		t.Fatal(err)
	}
	write(t, source, []byte(smallProgram))
	write(t, overlay, text)
	for _, dep := range dependencies(t, "-overlay", overlay, "./cmd/small") {
		if slices.Contains(heavy, dep) {
			t.Errorf("a program that verifies records needs %s", dep)
		}
	}
	if out, err := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-overlay", overlay, "-o", program, "./cmd/small").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if info, err := os.Stat(program); err != nil || info.Size() > maxSmallProgram {
		t.Errorf("the program has %d bytes, want at most %d (%v)", info.Size(), maxSmallProgram, err)
	}
	record := smallRepository(t, dir)
	for _, c := range []struct{ domain, want string }{{"runtime-core", "true true true true\n"}, {"other", "true true true false\n"}} {
		record.TrustDomain = c.domain
		write(t, filepath.Join(dir, "a.vaulttime.json"), record.Encode())
		run := exec.Command(program)
		run.Dir = dir
		if out, err := run.CombinedOutput(); err != nil || string(out) != c.want {
			t.Errorf("a record of the trust domain %s: %q, %v, want %q", c.domain, out, err, c.want)
		}
	}
}

// smallRepository writes the files that smallProgram reads, but for the record, which it
// returns.
func smallRepository(t *testing.T, dir string) vaulttime.Record {
	t.Helper()
	key, err := vaulttime.NewKey([]byte("a key of a small repository, 0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	at, err := vaulttime.ParseTime("2026-01-01T00:00:00Z")
	if err != nil {
		t.Fatal(err)
	}
	path, digest := artifact.Path("a"), artifact.HashBytes([]byte("a"))
	record := vaulttime.Record{SHA256: digest, Timestamp: at, TrustDomain: "runtime-core", TTLHours: 24, Path: &path, KeyID: key.ID()}
	if err := key.Sign(&record); err != nil {
		t.Fatal(err)
	}
	var l ledger.Ledger
	l.Set(ledger.Entry{Path: "a", SHA256: digest, DriftTolerance: ledger.Zero, TrustDomain: "runtime-core", VerifiedAt: "2026-01-01T00:00:00Z"})
	m := manifest.Manifest{Artifact: "a", SHA256: digest, Creator: "test", GeneratedAt: "2026-01-01T00:00:00Z", Toolchain: &manifest.Tool{Unstated: true}, Inputs: &[]manifest.Reference{}, Outputs: &[]manifest.Reference{}}
	line := "{id: " + key.ID() + ", key: \"" + vaulttime.FormatPublicKey(key.PublicKey()) + "\", created_at: 2026-01-01T00:00:00Z, state: current}"
	write(t, filepath.Join(dir, "Codex-Lock.json"), l.Encode())
	write(t, filepath.Join(dir, "a.manifest.json"), m.Encode())
	write(t, filepath.Join(dir, "codexlock.yaml"), []byte("version: 1\ntrust_domains:\n  runtime-core:\n    paths: [\"a\"]\n    public_keys: ["+line+"]\n  other:\n    paths: [\"b\"]\n    public_keys: ["+line+"]\n"))
	return record
}

func write(t *testing.T, name string, text []byte) {
	t.Helper()
	if err := os.WriteFile(name, text, 0o644); err != nil {
		t.Fatal(err)
	}
}
