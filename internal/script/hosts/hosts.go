// Package hosts finds the name of the host in a word: of a URL, of [user@]host:port, of
// [user@]host:path, of an image. A name that is known only when the script runs is empty. It
// looks up none, and does not know which words name a host.
package hosts

import (
	"net"
	"net/url"
	"strings"

	"github.com/codexlock/codexlock/internal/lazyregexp"
	"github.com/codexlock/codexlock/internal/script/words"
)

// OfURL is the host of a URL; "" where it is known only at run time.
func OfURL(code string) string {
	_, rest, _ := strings.Cut(code, "://")
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		rest = rest[:end]
	}
	if strings.Contains(rest, words.Hole) {
		return ""
	}
	u, err := url.Parse("x://" + rest)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// OfAddress is the host of [user@]host[:port], and of a URL.
func OfAddress(code string) string {
	if strings.Contains(code, "://") {
		return OfURL(code)
	}
	name, _, _ := strings.Cut(code, "/")
	name = name[strings.LastIndexByte(name, '@')+1:]
	if host, _, err := net.SplitHostPort(name); err == nil && !strings.Contains(host, words.Hole) {
		return host
	}
	if name = strings.Trim(name, "[]"); strings.Contains(name, words.Hole) {
		return ""
	}
	return name
}

// OfSCP is the host in [user@]host:path.
func OfSCP(code string) (host string, ok bool) {
	name, _, found := strings.Cut(code, ":")
	if !found || name == "" || strings.HasPrefix(name, "-") || strings.ContainsAny(name, "/= ") || strings.HasPrefix(code, words.Hole) {
		return "", false
	}
	if strings.Contains(name, words.Hole) {
		return "", true
	}
	return name[strings.LastIndexByte(name, '@')+1:], true
}

// imageTransport is what an image that no registry has begins with.
var imageTransport = lazyregexp.New(`^(dir|oci|oci-archive|docker-archive|docker-daemon|containers-storage|sif|ostree):`)

// OfImage is the registry that the name of an image has; none where it is an image
// of this machine.
func OfImage(code string) (host string, ok bool) {
	if imageTransport.MatchString(code) {
		return "", false
	}
	name := strings.TrimPrefix(code, "docker://")
	registry, _, found := strings.Cut(name, "/")
	if strings.Contains(registry, words.Hole) {
		return "", true
	}
	if found && (strings.ContainsAny(registry, ".:") || registry == "localhost") {
		return OfAddress(registry), true
	}
	return "docker.io", true
}

// IsLocal reports whether a host is this machine.
func IsLocal(host string) bool {
	host = strings.ToLower(strings.Trim(host, "[]"))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") || host == "localhost.localdomain" || host == "ip6-localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && (ip.IsLoopback() || ip.IsUnspecified())
}

// SplitColons splits at colons outside brackets.
func SplitColons(text string) []string {
	var fields []string
	depth, start := 0, 0
	for i := range len(text) {
		switch text[i] {
		case '[':
			depth++
		case ']':
			depth--
		case ':':
			if depth == 0 {
				fields, start = append(fields, text[start:i]), i+1
			}
		}
	}
	return append(fields, text[start:])
}
