package repo

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/codexlock/codexlock/internal/git"
)

// TestFetchApart: the checkout's configuration and hooks take no part, large files are
// left out, and nothing is left behind.
func TestFetchApart(t *testing.T) {
	remote, clone := newSandbox(t), newSandbox(t)
	clone.Git("remote", "add", "origin", "file://"+remote.Dir)
	c, err := remote.open().SetRef(t.Context(), "refs/codexlock/vaulttime", "", []git.Written{{Path: "x", Data: []byte("1")}, {Path: "large", Data: make([]byte, 5000)}}, "m", time.Unix(1700000000, 0))
	if err != nil {
		t.Fatal(err)
	}
	remote.Git("config", "uploadpack.allowFilter", "true")
	evil := filepath.Join(t.TempDir(), "evil")
	clone.Git("config", "core.sshCommand", "touch "+evil)
	clone.Git("config", "url.file:///nowhere.insteadOf", "file://"+remote.Dir)
	clone.Git("config", "remote.origin.uploadpack", "touch "+evil)
	r := clone.open()
	env := func(name string) (string, bool) {
		if name == "PATH" {
			return os.Getenv("PATH"), true
		}
		return "", false
	}
	f, err := r.FetchApart(t.Context(), git.Source{URL: "file://" + remote.Dir, Token: "a-token", Env: env}, "refs/codexlock/vaulttime", 1000)
	if err != nil {
		t.Fatal(err)
	}
	if got, ok, err := f.Ref(t.Context(), "refs/codexlock/vaulttime"); got != c || !ok || err != nil {
		t.Errorf("Ref = %v %v %v, want %v", got, ok, err, c)
	}
	tree := mustTree(t, f.Repository, c)
	if data, err := tree.Read(t.Context(), lookup(t, tree, "x"), 100); string(data) != "1" {
		t.Errorf("read %q %v", data, err)
	}
	var absent *git.MissingObjectError
	if _, err := tree.Read(t.Context(), lookup(t, tree, "large"), 1000); !errors.As(err, &absent) {
		t.Errorf("a file over the limit was fetched: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Dir(f.GitDir())); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is left behind: %v", filepath.Dir(f.GitDir()), err)
	}
	if _, err := os.Stat(evil); err == nil {
		t.Error("the checkout's configuration ran a program")
	}
	if _, ok, _ := r.Ref(t.Context(), "refs/codexlock/vaulttime"); ok {
		t.Error("the checkout was written to")
	}
	for _, bad := range []string{"ext::sh -c true", "ssh://host/x", "/plain", "-u"} {
		if f, err := r.FetchApart(t.Context(), git.Source{URL: bad, Env: env}, "refs/codexlock/vaulttime", 1000); err == nil {
			f.Close()
			t.Errorf("%s was fetched from", bad)
		}
	}
	if _, err := r.FetchApart(t.Context(), git.Source{URL: "http://192.0.2.1/o/r", Token: "a-token", Env: env}, "refs/codexlock/vaulttime", 1000); err == nil || !strings.Contains(err.Error(), "in the open") {
		t.Errorf("a token over http: %v", err)
	}
}

// TestRemoteRef asks for a ref by its full name: another one that ends with it is not it.
func TestRemoteRef(t *testing.T) {
	remote := newSandbox(t)
	remote.Write("a", "1")
	at := remote.commit()
	remote.Write("a", "2")
	other := remote.commit()
	remote.Git("update-ref", "refs/heads/release", string(at))
	remote.Git("update-ref", "refs/heads/x/refs/heads/release", string(other))
	r, from := newSandbox(t).open(), git.Source{URL: "file://" + remote.Dir, Env: testEnv}
	if c, ok, err := r.RemoteRef(t.Context(), from, "refs/heads/release"); c != at || !ok || err != nil {
		t.Errorf("got %v %v %v, want %v", c, ok, err, at)
	}
	if c, ok, err := r.RemoteRef(t.Context(), from, "refs/heads/absent"); ok || err != nil {
		t.Errorf("a ref that is not there: %v %v %v", c, ok, err)
	}
	from.URL += "/absent"
	if c, ok, err := r.RemoteRef(t.Context(), from, "refs/heads/release"); err == nil {
		t.Errorf("no such repository: %v %v", c, ok)
	}
}
