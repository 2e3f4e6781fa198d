package repo

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
)

// fork makes a commit of its own on a new branch from a revision.
func (s sandbox) fork(name, from string) Commit {
	s.t.Helper()
	s.git("checkout", "-q", "-b", name, from)
	s.write(name, name)
	return s.commit()
}

func TestMergeBases(t *testing.T) {
	s := newSandbox(t)
	root := s.commit()
	a, b := s.fork("a", "main"), s.fork("b", "main")
	s.git("checkout", "-q", "a")
	s.git("merge", "-q", "-m", "b", "b")
	s.git("branch", "ab")
	s.git("checkout", "-q", "b")
	s.git("merge", "-q", "-m", "a", string(a))
	s.git("checkout", "-q", "--orphan", "other")
	other := s.commit()
	r := s.open()
	commit := func(rev string) Commit {
		t.Helper()
		c, err := r.Commit(t.Context(), rev)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for name, c := range map[string]struct {
		a, b Commit
		want []Commit
	}{
		"the same":       {root, root, []Commit{root}},
		"an ancestor":    {root, a, []Commit{root}},
		"a fork":         {a, b, []Commit{root}},
		"criss-cross":    {commit("ab"), commit("b"), []Commit{a, b}},
		"no history":     {root, other, nil},
		"merged already": {a, commit("ab"), []Commit{a}},
	} {
		got, err := r.MergeBases(t.Context(), c.a, c.b)
		slices.Sort(got)
		slices.Sort(c.want)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, %v, want %v", name, got, err, c.want)
		}
	}
	if _, err := r.MergeBases(t.Context(), root, Commit(strings.Repeat("1", 40))); err == nil {
		t.Error("a commit that is not here has a merge base")
	}
}

// TestMergeBasesInAShallowClone: a history that ends early is not a history
// without a common beginning.
func TestMergeBasesInAShallowClone(t *testing.T) {
	s := newSandbox(t)
	s.commit()
	a := s.fork("a", "main")
	s.git("checkout", "-q", "main")
	s.write("more", "more")
	b := s.commit()
	shallow := newSandbox(t)
	shallow.git("fetch", "-q", "--depth=1", "file://"+s.dir, "a", "main")
	r := shallow.open()
	var missing *MissingHistoryError
	if got, err := r.MergeBases(t.Context(), a, b); !errors.As(err, &missing) || !strings.Contains(missing.Hint(), "fetch-depth: 0") {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestTouching(t *testing.T) {
	s := newSandbox(t)
	s.write("x", "1")
	first := s.commit()
	s.write("y", "1")
	s.commit()
	s.git("checkout", "-q", "-b", "side")
	s.write("x", "2")
	s.commit()
	s.git("checkout", "-q", "main")
	s.git("merge", "-q", "--no-ff", "-m", "merge", "side")
	merge := Commit(s.git("rev-parse", "HEAD"))
	got, err := s.open().Touching(t.Context(), merge, []string{"x", "*"})
	if err != nil || !slices.Equal(got, []Commit{merge, first}) {
		t.Errorf("got %v, %v, want %v", got, err, []Commit{merge, first})
	}
}

// TestAmbiguousRevisions: whoever may push a tag does not choose what the name of
// a branch, or the beginning of a commit's id, means.
func TestAmbiguousRevisions(t *testing.T) {
	s := newSandbox(t)
	base := s.commit()
	evil := s.fork("evil", "main")
	s.git("update-ref", "refs/remotes/origin/main", string(base))
	short := string(base)[:8]
	for _, tag := range []string{"main", "origin/main", short} {
		s.git("tag", tag, string(evil))
	}
	s.git("tag", "-a", "-m", "same", "evil", string(evil))
	s.git("tag", "feed", string(evil))
	r := s.open()
	for rev, want := range map[string]struct {
		commit Commit
		taken  string
	}{
		"main": {base, "refs/heads/main"}, "main~0": {base, "refs/heads/main"}, "main^{commit}": {base, "refs/heads/main"},
		"origin/main": {base, "refs/remotes/origin/main"}, short: {base, string(base)},
		"refs/tags/main": {evil, ""}, "tags/main": {evil, ""}, "evil": {evil, ""}, "feed": {evil, ""}, "HEAD": {evil, ""}, string(base): {base, ""},
	} {
		got, err := r.Commit(t.Context(), rev)
		if err != nil || got != want.commit {
			t.Errorf("%s: got %s, %v, want %s", rev, got, err, want.commit)
		}
		a, is, err := r.Ambiguous(t.Context(), rev)
		if err != nil || is != (want.taken != "") || is && (a.Taken != want.taken || !strings.Contains(a.String(), a.Tag)) {
			t.Errorf("%s: got %+v, %v, %v, want %q", rev, a, is, err, want.taken)
		}
	}
}

func TestRemotes(t *testing.T) {
	s := newSandbox(t)
	r := s.open()
	if origin, any, err := r.Remotes(t.Context()); err != nil || any || len(origin) > 0 {
		t.Errorf("without remotes: %v, %v, %v", origin, any, err)
	}
	s.git("config", "remote.other.url", "https://example.org/o/r")
	if origin, any, err := r.Remotes(t.Context()); err != nil || !any || len(origin) > 0 {
		t.Errorf("without origin: %v, %v, %v", origin, any, err)
	}
	s.git("config", "url.https://evil.example/.insteadOf", "https://github.com/")
	s.git("config", "remote.origin.url", "https://github.com/o/r")
	s.git("config", "--add", "remote.origin.url", "a\nb")
	if origin, any, err := r.Remotes(t.Context()); err != nil || !any || !slices.Equal(origin, []string{"https://github.com/o/r", "a\nb"}) {
		t.Errorf("with origin: %q, %v, %v", origin, any, err)
	}
	if err := os.WriteFile(s.path(".git/config"), []byte("[remote \"origin\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Remotes(t.Context()); err == nil {
		t.Error("a configuration that cannot be read has remotes")
	}
}
