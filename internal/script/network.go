package script

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/lazyregexp"
	"github.com/codexlock/codexlock/internal/script/hosts"
	"github.com/codexlock/codexlock/internal/script/programs"
	"github.com/codexlock/codexlock/internal/script/words"
)

// A contact collects the hosts that one command contacts and the code that it executes.
type contact struct {
	walker  *walker
	command command
	reading programs.Reading
	name    string   // the program and its sub-command
	hosts   []string // that are contacted; "": one that cannot be determined
	asked   []string // that are contacted where no other one is named
	named   bool     // whether a word names what is contacted in place of the default
	option  string   // the key of git config that the next word is the value of
	ran     bool     // a command or code is among its words
}

// program notes the hosts that a command contacts (ZT-5.3), and judges the commands
// and the code among its words.
func (w *walker) program(c command, r programs.Reading) {
	if r.Ends {
		return
	}
	name := r.Program.Name
	if _, sub, ok := strings.Cut(name, " "); ok && c.name == "git" && sub != "" {
		name = c.name
	}
	k := &contact{walker: w, command: c, reading: r, name: name}
	for _, v := range r.Values {
		k.value(v)
	}
	if p := r.Program; p.Reads != "" && (p.Always || r.Stdin || !r.Code && !k.ran) {
		w.fromInput(c, p.Reads)
	}
	if r.Local {
		return
	}
	contacted := k.hosts
	if !k.named {
		contacted = append(contacted, k.asked...)
	}
	switch p := r.Program; {
	case k.named || len(contacted) > len(k.hosts):
	case r.Contact, r.Unknown && p.MayContact():
		contacted = append(contacted, "")
	case p.Reaches != "":
		contacted = append(contacted, strings.TrimPrefix(p.Reaches, "?"))
	}
	for _, host := range contacted {
		w.access(c.node, name, host)
	}
}

// value judges one word, or the words of a command. What names a host is read by
// hostValue, what is executed by codeValue.
func (k *contact) value(v programs.Value) {
	if !k.hostValue(v.Kind, v.Args[:min(len(v.Args), 1)]) {
		k.codeValue(v)
	}
}

// add notes a host that a word names. One of this machine is none.
func (k *contact) add(host string) {
	k.named = true
	if !hosts.IsLocal(host) {
		k.hosts = append(k.hosts, host)
	}
}

// hostValue notes the hosts that a word of some kind names.
func (k *contact) hostValue(kind programs.Kind, args []words.Argument) bool {
	if len(args) == 0 {
		return false
	}
	a := args[0]
	switch kind {
	case "url", "registry", "httpie":
		k.url(a)
	case "host":
		k.add(hosts.OfAddress(a.Code))
	case "maybe", "gorun", "npx":
		k.maybe(kind, a)
	case "repo", "source":
		k.repository(kind, a)
	case "copy":
		k.copies(a)
	case "asked", "server":
		k.ask(kind, a)
	case "list":
		if a.Code != "/dev/null" {
			k.add("")
		}
	case "image":
		if host, ok := hosts.OfImage(a.Code); ok {
			k.add(host)
		} else {
			k.named = true
		}
	case "resolve", "connect":
		k.colons(a, map[string]int{"resolve": 3, "connect": 4}[string(kind)])
	case "jump":
		for _, one := range strings.Split(a.Code, ",") {
			k.add(hosts.OfAddress(strings.TrimPrefix(one, "ssh://")))
		}
	case "sshforward":
		k.add(hosts.OfAddress(a.Code))
	case "share", "mount":
		k.share(a)
	case "socat":
		k.socat(a)
	default:
		return false
	}
	return true
}

// url notes the host of a URL, or of a word that the program takes for one.
func (k *contact) url(a words.Argument) {
	scheme, _, found := strings.Cut(a.Text(), "://")
	switch {
	case found && slices.Contains([]string{"file", "unix", "fd", "npipe"}, strings.ToLower(scheme)):
		k.named = true
	case found:
		k.add(hosts.OfURL(a.Code))
	case strings.HasPrefix(a.Text(), "/"), a.Code == "-", a.Code == "":
		k.named = k.named || a.Text() != ""
	case strings.HasPrefix(a.Text(), ":") && k.reading.Program.Name != "curl":
		k.named = true // a port of this machine
	default:
		k.add(hosts.OfURL("x://" + a.Code))
	}
}

// maybe notes the host of a URL, or of user@host:path; another word is none.
func (k *contact) maybe(kind programs.Kind, a words.Argument) {
	text := a.Text()
	if at := strings.Index(text, "://"); at >= 0 {
		if !strings.HasSuffix(text[:at], "file") && !strings.HasSuffix(text[:at], "unix") {
			k.hosts = append(k.hosts, remote(hosts.OfURL(a.Code))...)
		}
		return
	}
	if host, ok := hosts.OfSCP(a.Code); ok && strings.Contains(text, "@") && kind == "maybe" && strings.Contains(a.Code, ":") {
		k.hosts = append(k.hosts, remote(host)...)
	}
	if kind == "gorun" && strings.Contains(text, "@") {
		k.hosts = append(k.hosts, "proxy.golang.org")
	}
	if kind == "npx" {
		k.ran = true
		k.packageCommand(a)
	}
}

// packageCommand judges npx PROGRAM ARGUMENT... like the program itself, where it is one of the table.
func (k *contact) packageCommand(a words.Argument) {
	args := k.command.args
	at := slices.IndexFunc(args, func(b words.Argument) bool { return b.Code == a.Code })
	if at >= 0 && a.Whole() && programs.Named(a.Code) != nil {
		k.walker.invoke(k.command.node, args[at:], k.command.input, false)
	}
}

// remote is a host as a list, empty for this machine.
func remote(host string) []string {
	if hosts.IsLocal(host) {
		return nil
	}
	return []string{host}
}

// repository notes the host of what a version control system reads from or writes
// to: a URL, a path of this machine, or the name of a remote, whose host is known
// only to the repository's configuration.
func (k *contact) repository(kind programs.Kind, a words.Argument) {
	text := a.Text()
	at := strings.Index(text, "://")
	switch host, scp := hosts.OfSCP(a.Code); {
	case at >= 0 && text[:at] == "file", at < 0 && (strings.HasPrefix(text, "/") || strings.HasPrefix(text, ".") || strings.HasPrefix(text, "~")):
		k.named = true
	case at >= 0:
		k.add(hosts.OfURL(a.Code))
	case scp:
		k.add(host)
	case kind == "source" && a.Whole():
		k.named = true
	default:
		k.add("")
	}
}

// copies notes the host of [user@]host:path; a path of this machine has none. A
// word that begins with what is not known may be either: it is the path unless it
// has a colon, or the program only copies between machines.
func (k *contact) copies(a words.Argument) {
	host, ok := hosts.OfSCP(a.Code)
	switch {
	case strings.Contains(a.Text(), "://"):
		k.add(hosts.OfURL(a.Code))
	case ok:
		k.add(host)
	case !a.Whole() && a.Text() == "" && (strings.Contains(a.Code, ":") || k.reading.Program.Name == "sftp"):
		k.add("")
	case k.reading.Program.Name == "sftp":
		k.add(hosts.OfAddress(a.Code))
	case k.reading.Program.Name == "rsync":
		k.named = true
	}
}

// ask notes the host that a name is looked up for, and @server that is asked.
func (k *contact) ask(kind programs.Kind, a words.Argument) {
	if kind == "server" {
		if server, ok := strings.CutPrefix(a.Code, "@"); ok {
			k.add(hosts.OfAddress(server))
			return
		}
	}
	host := a.Code
	if !a.Whole() {
		host = ""
	}
	if hosts.IsLocal(host) {
		k.named = true
		return
	}
	k.asked = append(k.asked, host)
}

// colons notes the third of the parts that colons separate: what curl connects to
// in place of the first.
func (k *contact) colons(a words.Argument, parts int) {
	fields := hosts.SplitColons(a.Code)
	if strings.HasPrefix(a.Code, "-") && parts == 3 {
		return // removes an entry
	}
	if len(fields) < 3 {
		k.add("")
		return
	}
	if fields[2] == "" && parts == 4 {
		return // the same host
	}
	for _, one := range strings.Split(fields[2], ",") {
		k.hosts = append(k.hosts, remote(hosts.OfAddress(one))...)
	}
}

// share notes the host of //host/share and host:path.
func (k *contact) share(a words.Argument) {
	if rest, ok := strings.CutPrefix(a.Code, "//"); ok {
		host, _, _ := strings.Cut(rest, "/")
		k.add(hosts.OfAddress(host))
		return
	}
	if host, ok := hosts.OfSCP(a.Code); ok && !strings.HasPrefix(a.Text(), "/") && !strings.Contains(a.Text(), "=") {
		k.add(host)
	}
}

// socatAddress is an address of socat that names a host in its second part.
var socatAddress = lazyregexp.New(`(?i)^(tcp|tcp4|tcp6|udp|udp4|udp6|openssl|ssl|sctp|sctp4|sctp6|dccp|udplite|socks4|socks4a|socks5|socks5-connect|proxy|dtls|ip|ip4|ip6)([46]?)(-connect|-sendto|-datagram)?:`)

// socat notes the host of an address, and judges the command of EXEC and SYSTEM.
func (k *contact) socat(a words.Argument) {
	keyword, rest, found := strings.Cut(a.Code, ":")
	switch {
	case socatAddress.MatchString(a.Code):
		k.add(hosts.OfAddress(hosts.SplitColons(rest)[0]))
	case found && slices.Contains([]string{"exec", "system", "shell"}, strings.ToLower(keyword)):
		code, _, _ := strings.Cut(rest, ",")
		k.walker.code(k.command, "shell", strings.Trim(code, `'"`), false)
	case !a.Whole() && a.Text() == "":
		k.add("")
	}
}

// environment judges a variable that programs read: a host that they contact, or
// code that they execute. prefix says that it is set for one command alone.
func (w *walker) environment(n syntax.Node, a *syntax.Assign, prefix bool) {
	if a.Name == nil || a.Value == nil {
		return
	}
	w.variableOf(command{node: n, input: w.input}, a.Name.Value, words.Argument{Word: a.Value, Code: w.textOf(a.Value)}, prefix)
}

func (w *walker) variableOf(c command, name string, a words.Argument, prefix bool) {
	k, ok := programs.Variables().Option(name)
	isProxy := strings.HasSuffix(strings.ToLower(name), "_proxy")
	if !ok || !a.Whole() && k == "url" && !(prefix && isProxy) {
		return
	}
	one := &contact{walker: w, command: c, name: name, reading: programs.Reading{Program: programs.Variables()}}
	c.args = []words.Argument{a}
	one.command = c
	one.value(programs.Value{Kind: k, Args: c.args})
	for _, host := range one.hosts {
		w.access(c.node, name, host)
	}
}

// maxHosts bounds how many different accesses are kept of one script. The one
// that is too many has no host, which nothing approves by name.
const maxHosts = 200

func (w *walker) access(n syntax.Node, name, host string) {
	a := facts.Access{Command: shorten(name), Host: strings.ToLower(shorten(host))}
	switch same := func(b facts.Access) bool { return b.Command == a.Command && b.Host == a.Host }; {
	case len(w.facts.Network) > maxHosts || slices.ContainsFunc(w.facts.Network, same):
		return
	case len(w.facts.Network) == maxHosts:
		a.Command, a.Host = "one of very many", ""
	}
	a.Line, a.Column = w.at(n)
	w.facts.Network = append(w.facts.Network, a)
}
