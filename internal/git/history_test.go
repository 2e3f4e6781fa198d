package git

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
)

// fork makes a commit of its own on a new branch from a revision.
func (s sandbox) fork(name, from string) Commit {
	s.T.Helper()
	s.Git("checkout", "-q", "-b", name, from)
	s.Write(name, name)
	return s.commit()
}

func TestMergeBases(t *testing.T) {
	s := newSandbox(t)
	root := s.commit()
	a, b := s.fork("a", "main"), s.fork("b", "main")
	s.Git("checkout", "-q", "a")
	s.Git("merge", "-q", "-m", "b", "b")
	s.Git("branch", "ab")
	s.Git("checkout", "-q", "b")
	s.Git("merge", "-q", "-m", "a", string(a))
	s.Git("checkout", "-q", "--orphan", "other")
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
	s.Git("checkout", "-q", "main")
	s.Write("more", "more")
	b := s.commit()
	shallow := newSandbox(t)
	shallow.Git("fetch", "-q", "--depth=1", "file://"+s.Dir, "a", "main")
	r := shallow.open()
	var missing *MissingHistoryError
	if got, err := r.MergeBases(t.Context(), a, b); !errors.As(err, &missing) || !strings.Contains(missing.HintOn("GitHub Actions"), "fetch-depth: 0") {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestTouching(t *testing.T) {
	s := newSandbox(t)
	s.Write("x", "1")
	first := s.commit()
	s.Write("y", "1")
	s.commit()
	s.Git("checkout", "-q", "-b", "side")
	s.Write("x", "2")
	s.commit()
	s.Git("checkout", "-q", "main")
	s.Git("merge", "-q", "--no-ff", "-m", "merge", "side")
	merge := Commit(s.Git("rev-parse", "HEAD"))
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
	s.Git("update-ref", "refs/remotes/origin/main", string(base))
	short := string(base)[:8]
	for _, tag := range []string{"main", "origin/main", short} {
		s.Git("tag", tag, string(evil))
	}
	s.Git("tag", "-a", "-m", "same", "evil", string(evil))
	s.Git("tag", "feed", string(evil))
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
	s.Git("config", "remote.other.url", "https://example.org/o/r")
	if origin, any, err := r.Remotes(t.Context()); err != nil || !any || len(origin) > 0 {
		t.Errorf("without origin: %v, %v, %v", origin, any, err)
	}
	s.Git("config", "url.https://evil.example/.insteadOf", "https://github.com/")
	s.Git("config", "remote.origin.url", "https://github.com/o/r")
	s.Git("config", "--add", "remote.origin.url", "a\nb")
	if origin, any, err := r.Remotes(t.Context()); err != nil || !any || !slices.Equal(origin, []string{"https://github.com/o/r", "a\nb"}) {
		t.Errorf("with origin: %q, %v, %v", origin, any, err)
	}
	if err := os.WriteFile(s.Path(".git/config"), []byte("[remote \"origin\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Remotes(t.Context()); err == nil {
		t.Error("a configuration that cannot be read has remotes")
	}
}
