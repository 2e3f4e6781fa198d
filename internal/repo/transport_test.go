package repo

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
	remote.write("a", "1")
	remote.commit()
	clone = newSandbox(t)
	clone.git("remote", "add", "origin", "file://"+remote.dir)
	clone.git("fetch", "-q", "origin")
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
	if err != nil || at != "" || string(head) != strings.TrimSpace(remote.git("rev-parse", "HEAD")) {
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
	if got := strings.TrimSpace(remote.git("rev-parse", testRef)); got != string(two) {
		t.Errorf("the remote has %s, want %s", got, two)
	}
	if err := m.Fetch(t.Context(), testRef, "refs/codexlock/fetched"); err != nil {
		t.Error(err)
	}
	// A server that refuses is no race.
	hook := filepath.Join(remote.dir, ".git", "hooks", "update")
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
	s.write("a", "1")
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
	s.git("remote", "add", "only", "/nowhere")
	want("only")
	s.git("remote", "add", "other", "/nowhere")
	want("")
	s.git("remote", "add", "origin", "/nowhere")
	want("origin")
	branch := strings.TrimSpace(s.git("symbolic-ref", "--short", "HEAD"))
	s.git("config", "branch."+branch+".remote", "other")
	want("other")
	s.git("config", "branch."+branch+".remote", ".")
	want("origin")
}

// TestFetchApart: the checkout's configuration and hooks take no part, large files are
// left out, and nothing is left behind.
func TestFetchApart(t *testing.T) {
	remote, clone := remoteAndClone(t)
	c, err := remote.open().SetRef(t.Context(), testRef, "", []Written{{Path: "x", Data: []byte("1")}, {Path: "large", Data: make([]byte, 5000)}}, "m", time.Unix(1700000000, 0))
	if err != nil {
		t.Fatal(err)
	}
	remote.git("config", "uploadpack.allowFilter", "true")
	evil := filepath.Join(t.TempDir(), "evil")
	clone.git("config", "core.sshCommand", "touch "+evil)
	clone.git("config", "url.file:///nowhere.insteadOf", "file://"+remote.dir)
	clone.git("config", "remote.origin.uploadpack", "touch "+evil)
	r := clone.open()
	env := func(name string) (string, bool) {
		if name == "PATH" {
			return os.Getenv("PATH"), true
		}
		return "", false
	}
	f, err := r.FetchApart(t.Context(), Source{URL: "file://" + remote.dir, Token: "a-token", Env: env}, testRef, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if got, ok, err := f.Ref(t.Context(), testRef); got != c || !ok || err != nil {
		t.Errorf("Ref = %v %v %v, want %v", got, ok, err, c)
	}
	tree := mustTree(t, f.Repository, c)
	if data, err := tree.Read(t.Context(), lookup(t, tree, "x"), 100); string(data) != "1" {
		t.Errorf("read %q %v", data, err)
	}
	var absent *MissingObjectError
	if _, err := tree.Read(t.Context(), lookup(t, tree, "large"), 1000); !errors.As(err, &absent) {
		t.Errorf("a file over the limit was fetched: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(f.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is left behind: %v", f.dir, err)
	}
	if _, err := os.Stat(evil); err == nil {
		t.Error("the checkout's configuration ran a program")
	}
	if _, ok, _ := r.Ref(t.Context(), testRef); ok {
		t.Error("the checkout was written to")
	}
	for _, bad := range []string{"ext::sh -c true", "ssh://host/x", "/plain", "-u"} {
		if f, err := r.FetchApart(t.Context(), Source{URL: bad, Env: env}, testRef, 1000); err == nil {
			f.Close()
			t.Errorf("%s was fetched from", bad)
		}
	}
}
