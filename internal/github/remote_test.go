package github_test

import (
	"testing"

	"github.com/codexlock/codexlock/internal/github"
)

// TestIsRepository: what a fork's checkout names as its origin is not the
// repository that the run is for.
func TestIsRepository(t *testing.T) {
	const server, repository = "https://github.com", "o/r"
	for remote, want := range map[string]bool{
		"https://github.com/o/r": true, "https://github.com/o/r.git": true, "https://github.com/O/R/": true,
		"https://x-access-token:secret@github.com/o/r": true, "git@github.com:o/r.git": true, "ssh://git@github.com/o/r": true,
		"github.com:o/r": true, "file:///srv/r": true,
		"https://github.com/fork/r": false, "https://github.com.evil.example/o/r": false, "https://evil.example/o/r": false,
		"https://github.com@evil.example/o/r": false, "git@evil.example:o/r": false, "git@github.com:fork/r": false,
		"https://github.com/o/r/../../fork/r": false, "https://github.com/o/r?x": false, "https://github.com/o/r#x": false,
		"/srv/r": false, "../r": false, "ext::sh -c true": false, "": false, "https://github.com/o/rr": false, "ftp://github.com/o/r": false,
	} {
		if got := github.IsRepository(remote, server, repository); got != want {
			t.Errorf("%q: got %v, want %v", remote, got, want)
		}
	}
	for _, c := range []struct {
		remote, server, repository string
		want                       bool
	}{
		{"https://ghe.example:8443/o/r", "https://ghe.example:8443", "o/r", true},
		{"https://ghe.example/git/o/r", "https://ghe.example/git", "o/r", true},
		{"https://ghe.example/o/r", "https://ghe.example/git", "o/r", false},
		{"https://github.com/o/r", "", "o/r", false}, {"https://github.com/", "https://github.com", "", false},
	} {
		if got := github.IsRepository(c.remote, c.server, c.repository); got != c.want {
			t.Errorf("%+v: got %v", c, got)
		}
	}
}
