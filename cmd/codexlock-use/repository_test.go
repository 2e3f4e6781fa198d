//go:build linux

package main_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/manifest"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

const secret = "a-key-of-these-attacks-0123456789abcdef0123"

// program builds the program once, as a release does.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "codexlock-use-")
	if err != nil {
		return "", err
	}
	if err := os.Chmod(dir, 0o755); err != nil { // for another user
		return "", err
	}
	name := filepath.Join(dir, "codexlock-use")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", name, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return name, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if name, err := program(); err == nil {
		os.RemoveAll(filepath.Dir(name))
	}
	os.Exit(code)
}

// A repository is one with attested artifacts, and a trust file outside of it.
type repository struct {
	t      *testing.T
	root   string
	trust  string
	key    vaulttime.Key
	at     time.Time
	ledger ledger.Ledger
	user   *syscall.Credential // nil: this one
}

func newRepository(t *testing.T) *repository {
	t.Helper()
	key, err := vaulttime.NewKey([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	r := &repository{t: t, root: filepath.Join(t.TempDir(), "repo"), key: key, at: time.Now().Add(-time.Hour)}
	if err := os.Chmod(filepath.Dir(filepath.Dir(r.root)), 0o755); err != nil { // for another user
		t.Fatal(err)
	}
	r.trust = filepath.Join(t.TempDir(), "trust.yaml")
	r.write(r.trust, fmt.Sprintf("version: 1\nrequire_proof: true\nrecords: 2\nkeyless: proof\ntrust_domains:\n  prod:\n    paths: [\"**\"]\n    public_keys: [{id: %q, key: %q}]\n", key.ID(), vaulttime.FormatPublicKey(key.PublicKey())), 0o600)
	r.write(filepath.Join(r.root, ".git/HEAD"), "ref: refs/heads/main\n", 0o644)
	return r
}

func (r *repository) write(name, text string, mode os.FileMode) {
	r.t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		r.t.Fatal(err)
	}
	if err := os.Chmod(name, mode); err != nil {
		r.t.Fatal(err)
	}
}

// name is the absolute name of a path.
func (r *repository) name(path string) string { return filepath.Join(r.root, path) }

// attest writes an artifact with its companions and its ledger entry.
func (r *repository) attest(path, text string, mode os.FileMode) {
	r.t.Helper()
	p := artifact.Path(path)
	r.write(r.name(path), text, mode)
	digest := artifact.HashBytes([]byte(text))
	m := manifest.Manifest{Artifact: path, SHA256: digest, Creator: "tester"}.Encode()
	test := "#!/usr/bin/env bash\nset -euo pipefail\n"
	md, td, at := artifact.HashBytes(m), artifact.HashBytes([]byte(test)), vaulttime.TimeOf(r.at)
	record := vaulttime.Record{SHA256: digest, Timestamp: at, TrustDomain: "prod", TTLHours: 24, Path: &p}
	record.ManifestSHA256, record.TestSHA256, record.AttestedAt = &md, &td, &at
	if err := r.key.Sign(&record); err != nil {
		r.t.Fatal(err)
	}
	r.write(r.name(path+".manifest.json"), string(m), 0o644)
	r.write(r.name(path+".test"), test, 0o755)
	r.write(r.name(path+".vaulttime.json"), string(record.Encode()), 0o644)
	r.ledger.Set(ledger.Entry{Path: path, SHA256: digest, DriftTolerance: ledger.Zero, TrustDomain: "prod", VerifiedAt: at.String()})
	r.write(r.name("Codex-Lock.json"), string(r.ledger.Encode()), 0o644)
}

// A result is how a run ended.
type result struct {
	code           int
	stdout, stderr string
}

// use runs the program in the root with the trust file.
func (r *repository) use(args ...string) result {
	r.t.Helper()
	return r.useWith(nil, append([]string{args[0], "--trust", r.trust}, args[1:]...)...)
}

func (r *repository) useWith(env []string, args ...string) result {
	r.t.Helper()
	name, err := program()
	if err != nil {
		r.t.Fatal(err)
	}
	cmd := exec.Command(name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: r.user}
	cmd.Dir, cmd.Env = r.root, append([]string{"PATH=/usr/bin:/bin", "HOME=/"}, env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	if _, ended := err.(*exec.ExitError); err != nil && !ended {
		r.t.Fatal(err)
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// refused asserts that a run was refused with a code and one line that ends in a rule, and
// printed nothing.
func (got result) refused(t *testing.T, what string, code int, says string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(got.stderr), "\n")
	if got.code != code || got.stdout != "" || !strings.HasPrefix(lines[0], "codexlock: ") || !strings.Contains(lines[0], says) {
		t.Errorf("%s: ended with %d, printed %q and %q, want %d and a line that says %q", what, got.code, got.stdout, got.stderr, code, says)
	}
	for _, line := range lines[1:] {
		if !strings.HasPrefix(line, "codexlock: hint: ") && code == 126 {
			t.Errorf("%s: a refusal has the line %q", what, line)
		}
	}
}

// renew writes a renewed record of an artifact to another folder.
func (r *repository) renew(path, dir string, at time.Time) {
	r.t.Helper()
	text, err := os.ReadFile(r.name(path + ".vaulttime.json"))
	if err != nil {
		r.t.Fatal(err)
	}
	record, _, err := vaulttime.DecodeRecord(text)
	if err != nil {
		r.t.Fatal(err)
	}
	record.Timestamp = vaulttime.TimeOf(at)
	if err := r.key.Sign(&record); err != nil {
		r.t.Fatal(err)
	}
	r.write(filepath.Join(dir, path+".vaulttime.json"), string(record.Encode()), 0o644)
}
