package script

import (
	"net"
	"net/url"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// registries are the hosts that package managers reach where nothing else is
// said, and the sub-commands that do. No host: it depends on the machine.
var registries = map[string]struct {
	host     string
	commands []string
}{
	"apk":       {"", []string{"add", "update", "upgrade", "fetch"}},
	"apt":       {"", []string{"install", "update", "upgrade", "download", "full-upgrade"}},
	"apt-get":   {"", []string{"install", "update", "upgrade", "download", "dist-upgrade"}},
	"brew":      {"", []string{"install", "update", "upgrade"}},
	"bundle":    {"rubygems.org", []string{"install", "update"}},
	"cargo":     {"crates.io", []string{"install", "fetch", "publish", "update"}},
	"dnf":       {"", []string{"install", "update", "upgrade", "download"}},
	"docker":    {"docker.io", []string{"pull", "push", "run", "login", "build"}},
	"gem":       {"rubygems.org", []string{"install", "update", "push"}},
	"go":        {"proxy.golang.org", []string{"get", "install", "mod"}},
	"npm":       {"registry.npmjs.org", []string{"install", "ci", "i", "publish", "update"}},
	"npx":       {"registry.npmjs.org", nil},
	"pip":       {"pypi.org", []string{"install", "download"}},
	"pip3":      {"pypi.org", []string{"install", "download"}},
	"pipx":      {"pypi.org", []string{"install", "run", "upgrade"}},
	"pnpm":      {"registry.npmjs.org", []string{"install", "i", "add", "publish", "update"}},
	"podman":    {"docker.io", []string{"pull", "push", "run", "login", "build"}},
	"yarn":      {"registry.yarnpkg.com", []string{"install", "add", "publish", "upgrade"}},
	"yum":       {"", []string{"install", "update", "upgrade"}},
	"zypper":    {"", []string{"install", "update", "refresh"}},
	"aws":       {"", nil},
	"az":        {"", nil},
	"gcloud":    {"", nil},
	"gh":        {"github.com", nil},
	"gsutil":    {"storage.googleapis.com", nil},
	"helm":      {"", []string{"install", "upgrade", "pull", "push", "repo", "dependency"}},
	"kubectl":   {"", nil},
	"terraform": {"registry.terraform.io", []string{"init", "apply", "plan", "destroy", "get"}},
	"vault":     {"", nil},
}

// withValue are the options of ssh and its kin that take the next word.
const withValue = "BbcDEeFIiJLlmOopQRSWwP"

// network notes the hosts that a command reaches (ZT-5.3).
func (w *walker) network(c command) {
	switch c.name {
	case "curl", "wget", "http", "https", "aria2c", "lynx":
		w.urls(c, true)
	case "nc", "ncat", "netcat", "telnet", "ftp", "tftp", "ssh", "sftp", "mosh", "ping", "dig", "nslookup", "host", "whois", "socat":
		w.access(c.node, c.name, destination(c))
	case "scp", "rsync":
		w.copies(c)
	case "git":
		if operands := c.operands(); len(operands) > 0 && slices.Contains([]string{
			"clone", "fetch", "pull", "push", "ls-remote", "submodule",
		}, operands[0].text) {
			w.urls(c, true)
		}
	case "openssl":
		if operands := c.operands(); len(operands) > 0 && operands[0].text == "s_client" {
			w.access(c.node, "openssl s_client", afterOption(c, "-connect"))
		}
	default:
		w.registry(c)
	}
}

// urls notes the host of every URL among the arguments; where there is none and
// the command reaches some host in any case, that it cannot be told.
func (w *walker) urls(c command, always bool) {
	found := false
	for _, a := range c.args {
		if host, ok := hostOf(a); ok {
			w.access(c.node, c.name, host)
			found = true
		}
	}
	if !found && always {
		w.access(c.node, c.name, "")
	}
}

// hostOf is the host of a URL, or of user@host:path; "" where it is known only
// at run time.
func hostOf(a argument) (host string, ok bool) {
	at := strings.Index(a.text, "://")
	if at < 0 {
		return scpHost(a)
	}
	rest := a.text[at+3:]
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		rest = rest[:end]
	} else if !a.whole {
		return "", true
	}
	u, err := url.Parse("x://" + rest)
	if err != nil {
		return "", true
	}
	return u.Hostname(), true
}

// scpHost is the host in user@host:path.
func scpHost(a argument) (host string, ok bool) {
	name, _, found := strings.Cut(a.text, ":")
	if !found || strings.HasPrefix(name, "-") || strings.Contains(name, "/") || strings.Contains(name, "=") || name == "" {
		return "", false
	}
	return name[strings.LastIndexByte(name, '@')+1:], true
}

// copies notes the hosts that scp and rsync copy from or to; between paths of
// this machine there is none.
func (w *walker) copies(c command) {
	for _, a := range c.operands() {
		if host, ok := hostOf(a); ok {
			w.access(c.node, c.name, host)
		} else if !a.whole {
			w.access(c.node, c.name, "")
		}
	}
}

// destination is the first operand of ssh and its kin, without its user.
func destination(c command) string {
	for i := 0; i < len(c.args); i++ {
		a := c.args[i]
		switch {
		case strings.HasPrefix(a.text, "-"):
			if len(a.text) == 2 && strings.IndexByte(withValue, a.text[1]) >= 0 {
				i++
			}
		case !a.whole:
			return ""
		default:
			if host, ok := hostOf(a); ok {
				return host
			}
			return a.text[strings.LastIndexByte(a.text, '@')+1:]
		}
	}
	return ""
}

// afterOption is the host in the argument of an option.
func afterOption(c command, option string) string {
	for i, a := range c.args {
		if a.text == option && i+1 < len(c.args) && c.args[i+1].whole {
			host, _, _ := strings.Cut(c.args[i+1].text, ":")
			return host
		}
	}
	return ""
}

// registry notes what a package manager or a service's own program reaches.
func (w *walker) registry(c command) {
	r, known := registries[c.name]
	if !known {
		return
	}
	operands := c.operands()
	if r.commands != nil && (len(operands) == 0 || !slices.Contains(r.commands, operands[0].text)) {
		return
	}
	if c.name == "go" && operands[0].text == "mod" && (len(operands) < 2 || operands[1].text != "download") {
		return
	}
	host := r.host
	if c.name == "docker" || c.name == "podman" {
		host = imageHost(operands[1:], host)
	}
	name := c.name
	if r.commands != nil {
		name += " " + operands[0].text
	}
	w.access(c.node, name, host)
}

// imageHost is the registry that the last image among the operands names.
func imageHost(operands []argument, fallback string) string {
	for _, a := range operands {
		registry, _, found := strings.Cut(a.text, "/")
		if found && (strings.ContainsAny(registry, ".:") || registry == "localhost") {
			if host, _, err := net.SplitHostPort(registry); err == nil {
				return host
			}
			return registry
		}
		if !a.whole {
			return ""
		}
	}
	return fallback
}

// maxHosts bounds how many different accesses are told of one script. The one
// that is too many has no host, which nothing approves by name.
const maxHosts = 200

func (w *walker) access(n syntax.Node, name, host string) {
	line, column := w.at(n)
	a := Access{Command: shorten(name), Host: strings.ToLower(shorten(host)), Line: line, Column: column}
	switch same := func(b Access) bool { return b.Command == a.Command && b.Host == a.Host }; {
	case len(w.facts.Network) > maxHosts || slices.ContainsFunc(w.facts.Network, same):
		return
	case len(w.facts.Network) == maxHosts:
		a.Command, a.Host = "one of very many", ""
	}
	w.facts.Network = append(w.facts.Network, a)
}
