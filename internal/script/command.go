package script

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/codexlock/codexlock/internal/lazyregexp"
	"github.com/codexlock/codexlock/internal/script/hosts"
	"github.com/codexlock/codexlock/internal/script/programs"
	"github.com/codexlock/codexlock/internal/script/words"
)

// A command is a call with the known parts of its words.
type command struct {
	node  syntax.Node
	name  string
	args  []words.Argument
	input input
}

// texts are the arguments' texts.
func (c command) texts() []string {
	texts := make([]string, len(c.args))
	for i, a := range c.args {
		texts[i] = a.Text()
	}
	return texts
}

// has reports whether a short option letter, or a long option, is among the arguments.
func (c command) has(letter byte, long string) bool {
	for _, a := range c.args {
		switch {
		case a.Code == "--":
			return false
		case long != "" && (a.Text() == long || strings.HasPrefix(a.Text(), long+"=")):
			return true
		case len(a.Text()) > 1 && a.Text()[0] == '-' && a.Text()[1] != '-' && strings.IndexByte(a.Text(), letter) > 0:
			return true
		}
	}
	return false
}

// operands are the arguments that are no options.
func (c command) operands() []words.Argument {
	var some []words.Argument
	for i, a := range c.args {
		if a.Code == "--" {
			return append(some, c.args[i+1:]...)
		}
		if !strings.HasPrefix(a.Text(), "-") {
			some = append(some, a)
		}
	}
	return some
}

// call judges a call of the script: what it sets for the command, and the command.
func (w *walker) call(call *syntax.CallExpr) {
	for _, a := range call.Assigns {
		w.environment(call, a, len(call.Args) > 0)
	}
	if len(call.Args) > 0 {
		w.invoke(call, w.words(call.Args), w.input, true)
	}
}

// invoke judges the command that words are. direct says that the shell looks for a
// function of its name first; a program that executes a command does not.
func (w *walker) invoke(n syntax.Node, args []words.Argument, in input, direct bool) {
	for len(args) > 0 && args[0].Code == "" {
		args = args[1:]
	}
	if len(args) == 0 {
		return
	}
	if w.commands++; w.commands > maxCommands {
		w.opaque(n)
		return
	}
	c := command{node: n, name: path.Base(args[0].Text()), args: args[1:], input: in}
	if base := path.Base(args[0].Code); !args[0].Whole() && strings.Contains(args[0].Code, "/") && !strings.Contains(base, words.Hole) {
		c.name = base // a program in a folder that is not known
		w.command(c)
		return
	}
	if !args[0].Whole() {
		w.variable(c, args, direct)
		return
	}
	if direct && w.functions.own(args[0].Code, w.offset(n)) {
		w.verifies(c)
		w.callsFunction(c)
		return
	}
	w.command(c)
}

// maxCommands bounds the commands that are looked for in the words of one: those that
// it executes, and the names that a variable may stand for.
const maxCommands = 200

// offset is where a node stands in the script; in code inside it, at its end.
func (w *walker) offset(n syntax.Node) uint {
	if w.depth > 0 {
		return uint(len(w.text)) + 1
	}
	return n.Pos().Offset()
}

// callsFunction judges a call of one of the script's functions: its body is judged
// where it stands, its arguments where it executes them.
func (w *walker) callsFunction(c command) {
	switch c.input.state {
	case known, unknown:
		w.shared.fed[c.name] = true
	case caller:
		if w.shared.calls[w.within] == nil {
			w.shared.calls[w.within] = map[string]bool{}
		}
		w.shared.calls[w.within][c.name] = true
	}
	if !w.functions.executes[c.name] {
		return
	}
	for i, a := range c.args[:min(len(c.args), 4)] {
		if a.Whole() && programs.Named(path.Base(a.Code)) != nil && !slices.Contains(alsoWords, a.Code) {
			w.invoke(c.node, c.args[i:], c.input, false)
			return
		}
	}
}

// variable judges a command whose name is known only at run time: with each name
// that the script has for it, and without it, as it may be empty, or execute the rest.
func (w *walker) variable(c command, args []words.Argument, direct bool) {
	if holed(args[0]) {
		w.opaque(c.node)
		return
	}
	names := w.candidates(args[0].Word)
	if len(names) > maxCandidates {
		w.opaque(c.node)
		return
	}
	for _, name := range names {
		if len(name) == 0 || !name[0].Whole() {
			continue
		}
		w.invoke(c.node, append(slices.Clone(name), c.args...), c.input, direct)
	}
	rest := c.args
	if len(rest) > 0 && rest[0].Whole() && !slices.Contains(alsoWords, rest[0].Code) && programs.Named(path.Base(rest[0].Code)) != nil {
		w.invoke(c.node, rest, c.input, direct)
		return
	}
	for _, a := range rest {
		if len(names) == 0 && a.Whole() && literalURL.MatchString(a.Code) {
			w.access(c.node, w.source(args[0].Word), hosts.OfURL(a.Code))
		}
	}
}

// alsoWords are names of programs that are as often the words of another program's
// command line.
var alsoWords = []string{
	"ab", "at", "batch", "command", "exec", "fetch", "find", "host", "http", "https", "install", "ip", "kind", "links", "mount", "not", "pkg",
	"port", "run", "script", "source", "stack", "time", "watch",
}

// literalURL is a word that is a URL.
var literalURL = lazyregexp.New(`^(?i:https?|ftps?|sftp|ssh|git|wss?|rsync)://[^\s]+$`)

// command fills in what one command says.
func (w *walker) command(c command) {
	w.configuration(c)
	w.privilege(c)
	w.repeat(c)
	w.verifies(c)
	if c.name == "[" || c.name == "test" || c.name == "[[" {
		for _, a := range c.args {
			w.answersHelp(a.Word)
		}
	}
	if p := programs.Named(c.name); p != nil {
		w.program(c, p.Read(c.args))
	}
}

// configuration notes what comes neither from the environment nor from a flag (ZT-1.2).
func (w *walker) configuration(c command) {
	switch c.name {
	case "read":
		if c.has('p', "") {
			w.use(&w.facts.Config, c.node, w.source(c.node)+" asks at the terminal")
		}
	case "source", ".":
		if len(c.args) > 0 && w.isOutside(c.args[0]) {
			w.use(&w.facts.Config, c.node, w.source(c.node)+" reads a file outside the repository")
		}
	case "dialog", "whiptail", "zenity":
		w.use(&w.facts.Config, c.node, c.name+" asks at the terminal")
	}
}

// isOutside reports whether a path leads out of the repository for certain.
func (w *walker) isOutside(a words.Argument) bool {
	if strings.HasPrefix(a.Text(), "/") || strings.HasPrefix(a.Text(), "~") {
		return true
	}
	written := strings.TrimLeft(w.source(a.Word), `"`)
	for _, home := range []string{"$HOME", "${HOME", "$XDG_", "${XDG_", "<("} {
		if strings.HasPrefix(written, home) {
			return true
		}
	}
	return false
}

// privilege notes rights beyond the caller's, and rights for everybody (ZT-5.1).
func (w *walker) privilege(c command) {
	found := false
	switch c.name {
	case "sudo", "su", "doas", "pkexec", "setcap", "runuser":
		found = true
	case "chmod":
		operands := c.operands()
		// A mode such as -w+s looks like an option, and takes no right away that matters here.
		found = len(operands) > 0 && isWide(operands[0].Text())
	case "umask":
		found = len(c.args) > 0 && isOpenMask(c.args[0].Text())
	case "chown", "chgrp":
		operands := c.operands()
		if len(operands) > 0 {
			owner, group, _ := strings.Cut(operands[0].Text(), ":")
			found = owner == "root" || owner == "0" || group == "root" || group == "0"
		}
	case "install", "mkdir", "mkfifo", "mknod":
		for i, a := range c.args {
			mode, ok := cutAny(a.Text(), "--mode=", "-m")
			if ok && mode == "" && i+1 < len(c.args) {
				mode = c.args[i+1].Text()
			}
			found = found || ok && isWide(mode)
		}
	}
	if found {
		w.use(&w.facts.Privileges, c.node, w.source(c.node))
	}
}

// isWide reports whether a mode sets the user or group id, or lets everybody write.
func isWide(mode string) bool {
	if n, err := strconv.ParseUint(strings.TrimPrefix(mode, "="), 8, 32); err == nil {
		return n&0o6002 != 0
	}
	for _, clause := range strings.Split(mode, ",") {
		at := strings.IndexAny(clause, "+=")
		if at < 0 {
			continue
		}
		who, what := clause[:at], clause[at+1:]
		everybody := strings.ContainsAny(who, "oa")
		if strings.Contains(what, "s") && (who == "" || strings.ContainsAny(who, "uga")) || strings.Contains(what, "w") && everybody {
			return true
		}
	}
	return false
}

// isOpenMask reports whether a umask lets everybody write what is made.
func isOpenMask(mask string) bool {
	n, err := strconv.ParseUint(mask, 8, 32)
	return err == nil && n&0o002 == 0
}

// plain are the commands that compute digests, print or steer, and say nothing
// of how an artifact behaves.
var plain = strings.Fields(`: [ [[ test true false alias awk base64 basename break builtin cat cd chmod codexlock command continue cut
	date declare dirname echo env eval exec exit export false getopts grep hash head let local mktemp od openssl pipefail popd printf
	pushd pwd read readlink readonly realpath return rm sed set sha256 sha256sum shasum gsha256sum shift shopt sort source . tail tee
	test time tr trap type typeset umask uniq unset wait wc xargs xxd`)

// looksAtFile are the tests that ask something of a file beyond its name.
func looksAtFile(operator string) bool {
	return slices.Contains([]string{"-s", "-x", "-r", "-f", "-e"}, operator)
}

// verifies notes the digests and signatures that a script computes, and whether
// it does anything beside (ZT-11.3).
func (w *walker) verifies(c command) {
	args := c.texts()
	switch c.name {
	case "sha256sum", "gsha256sum", "sha256":
		w.facts.Hashes = "yes"
	case "shasum":
		if slices.Contains(args, "256") || slices.Contains(args, "-a256") || slices.Contains(args, "--algorithm=256") {
			w.facts.Hashes = "yes"
		}
	case "openssl":
		if slices.Contains(args, "-sha256") || slices.Contains(args, "sha256") || slices.Contains(args, "SHA256") || slices.Contains(args, "digest:SHA256") {
			w.facts.Hashes = "yes"
		}
		if slices.Contains(args, "-hmac") || slices.Contains(args, "HMAC") || slices.Contains(args, "-macopt") {
			w.facts.Signs = "yes"
		}
	case "codexlock":
		if slices.Contains(args, "verify") {
			w.facts.Hashes, w.facts.Signs = "yes", "yes"
		}
	case "[", "test":
		if slices.ContainsFunc(args, looksAtFile) {
			w.facts.Behaves = "yes"
		}
	}
	if c.name != "" && !w.functions.names[c.name] && !slices.Contains(plain, c.name) {
		w.facts.Behaves = "yes"
	}
}
