package github

import (
	"net/url"
	"path"
	"strings"
)

// IsRepository reports whether the URL of a remote names a repository on a GitHub server,
// in any format of Git: https, ssh, or host:path. server is GITHUB_SERVER_URL, repository
// is OWNER/NAME. A file: URL counts as the repository, because only the owner of the
// machine can configure it.
func IsRepository(remote, server, repository string) bool {
	if strings.HasPrefix(remote, "file:") {
		return true
	}
	home, err := url.Parse(server)
	if err != nil || home.Hostname() == "" || repository == "" {
		return false
	}
	host, name, ok := splitRemote(remote)
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

// splitRemote splits a URL, or Git's short form user@host:path, into host and path.
func splitRemote(remote string) (host, name string, ok bool) {
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
