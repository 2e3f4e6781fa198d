package script

import (
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/script/hosts"
	"github.com/codexlock/codexlock/internal/script/programs"
	"github.com/codexlock/codexlock/internal/script/words"
)

// codeValue judges the command or the code that a word, or several, are.
func (k *contact) codeValue(v programs.Value) {
	if len(v.Args) == 0 {
		return
	}
	w, c, a := k.walker, k.command, v.Args[0]
	c.args = v.Args
	switch v.Kind {
	case "text":
	case "assign":
		name, _, _ := strings.Cut(a.Code, "=")
		w.variableOf(c, name, a.After(len(name)+1), true)
	case "command", "rest", "until", "module":
		k.ran = true
		k.execute(v)
	case "daemon":
		k.ran = true
		if at := slices.IndexFunc(v.Args, func(a words.Argument) bool { return a.Code == "--" }); at >= 0 {
			w.invoke(c.node, append([]words.Argument{a}, v.Args[at+1:]...), c.input, false)
		} else {
			w.invoke(c.node, v.Args[:1], c.input, false)
		}
	case "remote":
		k.ran = true
		w.code(c, "shell", words.Joined(v.Args), c.name == "eval")
	case "parallel":
		k.parallel(v.Args)
	case "script":
		k.ran = true
		w.runsFile(c, a, k.reading.Program.Reads)
	case "makefile":
		w.runsMakefile(c, a)
	case "trap":
		if a.Code != "" && a.Code != "-" && strings.Trim(a.Code, "0123456789") != "" && len(k.reading.Values) > 1 {
			w.code(c, "shell", a.Code, true)
		}
	case "alias":
		if _, code, ok := strings.Cut(a.Code, "="); ok && w.parses(code) {
			w.code(c, "shell", code, true)
		}
	case "tarexec":
		if code, ok := strings.CutPrefix(a.Code, "exec="); ok {
			w.code(c, "shell", code, false)
		}
	case "sshoption":
		k.sshOption(a)
	case "gitconfig":
		name, value, _ := strings.Cut(a.Code, "=")
		k.gitOption(name, a.With(value))
	case "gitname":
		k.option = a.Code
	case "gitvalue":
		k.gitOption(k.option, a)
	default:
		w.code(c, v.Kind, a.Code, false)
	}
}

// execute judges the command that words are, as the program passes it on.
func (k *contact) execute(v programs.Value) {
	w, c, args := k.walker, k.command, v.Args
	switch {
	case len(args) > 0 && args[0].Code == "--":
		args = args[1:]
	case v.Kind == "module" && programs.Named(args[0].Code) == nil:
		return // a module that is not known to contact anything
	}
	if len(args) > 1 && args[0].Code == "-c" { // flock and others hand code to a shell
		c.args = args[1:]
		w.code(c, "shell", args[1].Code, false)
		return
	}
	if p := k.reading.Program; len(p.Operands) > 1 && p.Name != "timeout" && p.Name != "flock" { // in a container or elsewhere
		copied := *w
		copied.guarded, w = true, &copied
	}
	in := c.input
	if strings.HasSuffix(k.reading.Program.Name, "xargs") {
		in = input{state: file}
		args = slices.Clone(args)
		if r := k.reading.Replace; r != "" {
			for i := range args {
				args[i].Code = strings.ReplaceAll(args[i].Code, r, words.Hole)
			}
		} else {
			args = append(args, args[len(args)-1].With(words.Hole))
		}
	}
	if v.Kind == "until" || v.Kind == "rest" {
		args = slices.Clone(args)
		for i := range args {
			args[i].Code = strings.ReplaceAll(args[i].Code, "{}", words.Hole)
		}
		if len(args) > 0 && args[0].Code == words.Hole {
			return // it executes the file that it found
		}
	}
	w.invoke(c.node, args, in, slices.Contains([]string{"time", "coproc"}, k.reading.Program.Name))
}

// parallel judges the command of GNU parallel: up to ::: a template, of which
// nothing means that whole commands are among the words after it, or in the input.
func (k *contact) parallel(args []words.Argument) {
	w, c := k.walker, k.command
	k.ran = true
	at := slices.IndexFunc(args, func(a words.Argument) bool { return strings.HasPrefix(a.Code, ":::") })
	template, inputs := args, []words.Argument{{Code: words.Hole}}
	if at >= 0 {
		template, inputs = args[:at], args[at+1:]
	}
	for _, in := range inputs[:min(len(inputs), maxCandidates)] {
		text := words.Joined(template)
		switch {
		case strings.Contains(text, "{}"):
			text = strings.ReplaceAll(text, "{}", in.Code)
		default:
			text += " " + in.Code
		}
		w.code(c, "shell", strings.TrimSpace(text), false)
	}
}

// sshOption judges an option of ssh_config: a host, or a command.
func (k *contact) sshOption(a words.Argument) {
	at := strings.IndexAny(a.Code, "= \t")
	if at < 0 {
		return
	}
	name, value := strings.ToLower(a.Code[:at]), strings.Trim(a.Code[at+1:], "= \t")
	switch name {
	case "proxycommand", "localcommand", "remotecommand", "knownhostscommand":
		if value != "none" {
			k.walker.code(k.command, "shell", value, false)
		}
	case "proxyjump":
		if value != "none" {
			k.hostValue("jump", []words.Argument{a.With(value)})
		}
	case "hostname":
		k.add(hosts.OfAddress(value))
	}
}

// gitCommands are the settings of git config whose value is a command.
var gitCommands = []string{
	"core.sshcommand", "core.gitproxy", "core.pager", "core.editor", "core.fsmonitor", "core.askpass", "diff.external", "sequence.editor",
	"uploadpack.packobjectshook", "gpg.program",
}

// gitOption judges a setting of git config: a host, a command, or an alias.
func (k *contact) gitOption(name string, a words.Argument) {
	w, c, lower := k.walker, k.command, strings.ToLower(name)
	code, isCommand := strings.CutPrefix(a.Code, "!")
	switch {
	case isCommand && (strings.HasPrefix(lower, "alias.") || strings.HasPrefix(lower, "credential.") || strings.HasSuffix(lower, ".update")):
		w.code(c, "shell", code, false)
	case strings.HasPrefix(lower, "alias.") && a.Whole():
		w.invoke(c.node, append([]words.Argument{a.With("git")}, a.Fields()...), c.input, false)
	case slices.Contains(gitCommands, lower) && a.Code != "" && a.Code != "true" && a.Code != "false":
		w.code(c, "shell", a.Code, false)
	case strings.HasPrefix(lower, "http.") && strings.HasSuffix(lower, "proxy") && a.Code != "",
		strings.HasPrefix(lower, "remote.") && strings.HasSuffix(lower, "url"):
		k.hosts = append(k.hosts, remote(hosts.OfURL("x://"+strings.TrimPrefix(a.Code[strings.Index(a.Code, "://")+1:], "//")))...)
	case strings.HasPrefix(lower, "url.") && strings.HasSuffix(lower, "insteadof"):
		k.maybe("maybe", a.With(name[len("url."):]))
	}
}
