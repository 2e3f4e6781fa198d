package github

import (
	"net/url"
	"path"
	"strings"
)

// IsRepository reports whether a remote's URL is that of a repository on a GitHub
// server, in any form that Git takes: https, ssh, or host:path. server is
// GITHUB_SERVER_URL, repository OWNER/NAME. A file: URL is taken as it is: nobody
// but the owner of the machine can have written it.
func IsRepository(remote, server, repository string) bool {
	if strings.HasPrefix(remote, "file:") {
		return true
	}
	home, err := url.Parse(server)
	if err != nil || home.Hostname() == "" || repository == "" {
		return false
	}
	host, name, ok := remotePlace(remote)
	if !ok || !strings.EqualFold(host, home.Hostname()) {
		return false
	}
	name = strings.TrimSuffix(strings.Trim(name, "/"), ".git")
	want := strings.Trim(path.Join(home.Path, repository), "/")
	return strings.EqualFold(name, want) || strings.EqualFold(name, repository) && isSSH(remote)
}

func isSSH(remote string) bool {
	return strings.HasPrefix(remote, "ssh://") || !strings.Contains(remote, "://")
}

// remotePlace takes the host and the path out of a URL, or of Git's short form
// user@host:path.
func remotePlace(remote string) (host, name string, ok bool) {
	if !strings.Contains(remote, "://") {
		host, name, ok = strings.Cut(remote, ":")
		if at := strings.LastIndex(host, "@"); at >= 0 {
			host = host[at+1:]
		}
		return host, name, ok && !strings.Contains(host, "/")
	}
	u, err := url.Parse(remote)
	if err != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", "", false
	}
	switch u.Scheme {
	case "https", "http", "ssh":
		return u.Hostname(), u.Path, true
	}
	return "", "", false
}
