// Package gittest makes real repositories with plain git, for tests.
package gittest

import (
	"bytes"
	"compress/zlib"
	"encoding/hex"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A Sandbox is a repository in a temporary folder.
type Sandbox struct {
	T   testing.TB
	Dir string
}

// New makes an empty repository whose branch is main; args are more arguments of git init.
func New(t testing.TB, args ...string) Sandbox {
	t.Helper()
	s := Sandbox{t, filepath.Join(t.TempDir(), "work")}
	if err := os.Mkdir(s.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s.Git(append([]string{"init", "-q", "-b", "main"}, args...)...)
	return s
}

// Git runs git as a user would, in a configuration of its own, and returns what it prints
// without the last newline.
func (s Sandbox) Git(args ...string) string {
	s.T.Helper()
	return s.GitInput("", args...)
}

// GitInput is Git with a standard input.
func (s Sandbox) GitInput(stdin string, args ...string) string {
	s.T.Helper()
	cmd := exec.Command("git", append([]string{"-c", "protocol.file.allow=always", "-c", "gc.auto=0", "-c", "safe.directory=*"}, args...)...)
	cmd.Dir = s.Dir
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "LC_ALL=C",
		"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_AUTHOR_DATE=2026-01-02T03:04:05Z",
		"GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.org", "GIT_COMMITTER_DATE=2026-01-02T03:04:05Z")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		s.T.Fatalf("git %q: %v: %s", args, err, stderr.String())
	}
	return strings.TrimSuffix(string(out), "\n")
}

// GitMay runs git, which may fail.
func (s Sandbox) GitMay(args ...string) {
	cmd := exec.Command("git", args...)
	cmd.Dir = s.Dir
	_ = cmd.Run()
}

// Path is the absolute name of a file of the repository.
func (s Sandbox) Path(name string) string { return filepath.Join(s.Dir, name) }

// Write writes a file and makes the folders above it.
func (s Sandbox) Write(name, content string) {
	s.T.Helper()
	if err := os.MkdirAll(filepath.Dir(s.Path(name)), 0o755); err != nil {
		s.T.Fatal(err)
	}
	if err := os.WriteFile(s.Path(name), []byte(content), 0o644); err != nil {
		s.T.Fatal(err)
	}
}

// Commit records all files as they are and returns the commit's id.
func (s Sandbox) Commit() string {
	s.T.Helper()
	s.Git("add", "-A")
	s.Git("commit", "-q", "--allow-empty", "-m", "change")
	return s.Git("rev-parse", "HEAD")
}

// CommitTree returns the id of a commit of a tree.
func (s Sandbox) CommitTree(tree string) string {
	s.T.Helper()
	return s.Git("commit-tree", "-m", "change", tree)
}

// Object writes an object that git would not write itself, and returns its id.
func (s Sandbox) Object(kind, data string) string {
	s.T.Helper()
	return s.GitInput(data, "hash-object", "-t", kind, "--literally", "-w", "--stdin")
}

// Loose is the file in which git keeps an object that is in no pack.
func (s Sandbox) Loose(oid string) string { return s.Path(".git/objects/" + oid[:2] + "/" + oid[2:]) }

// Forge puts other bytes in the place of an object.
func (s Sandbox) Forge(oid string, data []byte) {
	s.T.Helper()
	os.Remove(s.Loose(oid))
	if err := os.WriteFile(s.Loose(oid), data, 0o644); err != nil {
		s.T.Fatal(err)
	}
}

// Deflate compresses a text as a loose object is compressed.
func Deflate(text string) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	io.WriteString(w, text)
	w.Close()
	return b.Bytes()
}

// TreeItem is one entry of a tree object, as its bytes.
func TreeItem(mode, name, oid string) string {
	raw, err := hex.DecodeString(oid)
	if err != nil {
		panic(err)
	}
	return mode + " " + name + "\x00" + string(raw)
}
