package git

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// A Source is another repository, which is fetched from apart: no configuration, hook or
// credential of a clone or of a user takes part.
type Source struct {
	// URL is where it is. Its scheme is the only transport that is allowed, and a redirect
	// is not followed.
	URL string
	// Token is sent to that URL as the password, and passed in git's environment; "": none
	// is. It is never sent to a file: URL.
	Token string
	// Env looks up the variables that say how a host on the network is reached.
	Env func(string) (string, bool)
}

// reaching are the variables that say how a host on the network is reached and known.
var reaching = []string{"PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"}

// start makes a repository in a folder and returns the git that fetches into it.
func (s Source) start(ctx context.Context, r *Repository, dir string) (*Runner, error) {
	parsed, err := url.Parse(s.URL)
	if err != nil || parsed.Scheme != "https" && parsed.Scheme != "http" && parsed.Scheme != "file" {
		return nil, fmt.Errorf("fetch: the URL is %q, want one of https", s.URL)
	}
	if parsed.Scheme == "http" && s.Token != "" && !isLoopback(parsed.Hostname()) {
		return nil, fmt.Errorf("fetch: the URL is %q, want https: the token would be sent in the open", s.URL)
	}
	git := &Runner{path: r.git.path, dir: dir}
	if _, err := git.output(ctx, "init", "-q", "--template=", "--object-format="+r.format.name, "-b", "main", dir); err != nil {
		return nil, err
	}
	git.place = []string{"--git-dir=" + filepath.Join(dir, ".git")}
	git.transport = true
	git.user = []string{
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_ATTR_NOSYSTEM=1", "HOME=" + dir, "LC_ALL=C",
		"GIT_ALLOW_PROTOCOL=" + parsed.Scheme, "GIT_TERMINAL_PROMPT=0",
	}
	for _, name := range reaching {
		if v, ok := s.Env(name); ok {
			git.user = append(git.user, name+"="+v)
		}
	}
	settings := [][2]string{{"http.followRedirects", "false"}, {"credential.helper", ""}}
	if s.Token != "" && parsed.Scheme != "file" {
		header := "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("x-access-token:"+s.Token))
		settings = append(settings, [2]string{"http." + s.URL + ".extraHeader", header})
	}
	git.user = append(git.user, fmt.Sprintf("GIT_CONFIG_COUNT=%d", len(settings)))
	for i, s := range settings {
		git.user = append(git.user, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", i, s[0]), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", i, s[1]))
	}
	return git, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// RemoteRef asks a source what one of its refs names, by its full name. ok is false where
// it has no such ref. Nothing is fetched.
func (r *Repository) RemoteRef(ctx context.Context, from Source, ref string) (c Commit, ok bool, err error) {
	dir, err := os.MkdirTemp("", "codexlock-")
	if err != nil {
		return "", false, err
	}
	defer os.RemoveAll(dir)
	git, err := from.start(ctx, r, dir)
	if err != nil {
		return "", false, err
	}
	out, err := git.output(ctx, "ls-remote", "--quiet", "--", from.URL, ref)
	if err != nil {
		return "", false, err
	}
	for line := range strings.Lines(string(out)) { // a name also matches what ends with it
		if id, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t"); name == ref {
			if !r.format.valid(id) {
				return "", false, fmt.Errorf("read %s of %s: git answers %q", ref, from.URL, id)
			}
			return Commit(id), true, nil
		}
	}
	return "", false, nil
}

// fetch fetches with options and refspecs, without tags and without starting anything else.
func (s Source) fetch(ctx context.Context, git *Runner, options []string, refspecs ...string) error {
	args := append([]string{"--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules"}, options...)
	_, err := git.output(ctx, "fetch", append(append(args, "--", s.URL), refspecs...)...)
	return err
}

// A Fetched is a repository of its own, in a temporary folder, that holds one fetched ref.
// Close removes it.
type Fetched struct {
	*Repository
	dir string
}

// FetchApart fetches one ref of a source, one commit deep, into a temporary repository.
// Nothing is written to this one. Blobs of more than limit bytes are left out where the
// other side can do that.
func (r *Repository) FetchApart(ctx context.Context, from Source, ref string, limit int64) (f Fetched, err error) {
	if f.dir, err = os.MkdirTemp("", "codexlock-"); err != nil {
		return Fetched{}, err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(f.dir)
		}
	}()
	git, err := from.start(ctx, r, f.dir)
	if err != nil {
		return Fetched{}, err
	}
	if err := from.fetch(ctx, git, []string{"--depth=1", fmt.Sprintf("--filter=blob:limit=%d", limit+1)}, "+"+ref+":"+ref); err != nil {
		return Fetched{}, err
	}
	f.Repository, err = Open(ctx, f.dir)
	return f, err
}

// Close ends the use of the repository and removes it.
func (f Fetched) Close() error {
	return errors.Join(f.Repository.Close(), os.RemoveAll(f.dir))
}
