package git

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const testRef = "refs/codexlock/vaulttime"

// environment is that of a user with a git configuration of their own in home.
func environment(home string) []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "GIT_CONFIG_NOSYSTEM=1"}
}

func remoteAndClone(t *testing.T) (remote, clone sandbox) {
	t.Helper()
	remote = newSandbox(t)
	remote.Write("a", "1")
	remote.commit()
	clone = newSandbox(t)
	clone.Git("remote", "add", "origin", "file://"+remote.Dir)
	clone.Git("fetch", "-q", "origin")
	return remote, clone
}

// TestPush: a push wins only where the remote's ref is what it was, and says otherwise
// that somebody else was first.
func TestPush(t *testing.T) {
	remote, clone := remoteAndClone(t)
	r := clone.open()
	m, ok, err := r.Remote(t.Context(), environment(t.TempDir()))
	if err != nil || !ok || m.Name != "origin" {
		t.Fatalf("Remote = %+v %v %v", m, ok, err)
	}
	head, at, err := m.Refs(t.Context(), testRef)
	if err != nil || at != "" || string(head) != strings.TrimSpace(remote.Git("rev-parse", "HEAD")) {
		t.Fatalf("Refs = %q %q %v", head, at, err)
	}
	set := func(old Commit, text string) Commit {
		c, err := r.SetRef(t.Context(), testRef, old, []Written{{Path: "x", Data: []byte(text)}}, "m", time.Unix(1700000000, 0))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	one := set("", "1")
	if err := m.Push(t.Context(), testRef, "", one); err != nil {
		t.Fatal(err)
	}
	two := set(one, "2")
	var moved *RefMovedError
	if err := m.Push(t.Context(), testRef, "", two); !errors.As(err, &moved) {
		t.Errorf("a push over another's: %v", err)
	}
	if err := m.Push(t.Context(), testRef, one, two); err != nil {
		t.Error(err)
	}
	if got := strings.TrimSpace(remote.Git("rev-parse", testRef)); got != string(two) {
		t.Errorf("the remote has %s, want %s", got, two)
	}
	if err := m.Fetch(t.Context(), testRef, "refs/codexlock/fetched"); err != nil {
		t.Error(err)
	}
	// A server that refuses is no race.
	hook := filepath.Join(remote.Dir, ".git", "hooks", "update")
	if err := os.MkdirAll(filepath.Dir(hook), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(hook, []byte("#!/bin/sh\necho forbidden >&2\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	var failed *RemoteError
	if err := m.Push(t.Context(), testRef, two, set(two, "3")); !errors.As(err, &failed) || errors.As(err, &moved) {
		t.Errorf("a push that the server refuses: %v", err)
	}
}

// TestRemote: the branch's remote, else origin, else the only one.
func TestRemote(t *testing.T) {
	s := newSandbox(t)
	s.Write("a", "1")
	s.commit()
	r := s.open()
	want := func(name string) {
		t.Helper()
		m, ok, err := r.Remote(t.Context(), nil)
		if err != nil || ok != (name != "") || m.Name != name {
			t.Errorf("Remote = %q %v %v, want %q", m.Name, ok, err, name)
		}
	}
	want("")
	s.Git("remote", "add", "only", "/nowhere")
	want("only")
	s.Git("remote", "add", "other", "/nowhere")
	want("")
	s.Git("remote", "add", "origin", "/nowhere")
	want("origin")
	branch := strings.TrimSpace(s.Git("symbolic-ref", "--short", "HEAD"))
	s.Git("config", "branch."+branch+".remote", "other")
	want("other")
	s.Git("config", "branch."+branch+".remote", ".")
	want("origin")
}
