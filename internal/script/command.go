package script

import (
	"bytes"
	"path"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// A command is a call with its words as far as they are known.
type command struct {
	node syntax.Node
	name string
	args []argument
}

// An argument is a word of a command.
type argument struct {
	word  *syntax.Word
	text  string // up to what is known only at run time
	whole bool
}

// texts are the arguments' texts.
func (c command) texts() []string {
	texts := make([]string, len(c.args))
	for i, a := range c.args {
		texts[i] = a.text
	}
	return texts
}

// has reports whether a short option letter, or a long option, is among the arguments.
func (c command) has(letter byte, long string) bool {
	for _, a := range c.args {
		switch {
		case a.text == "--":
			return false
		case long != "" && (a.text == long || strings.HasPrefix(a.text, long+"=")):
			return true
		case len(a.text) > 1 && a.text[0] == '-' && a.text[1] != '-' && strings.IndexByte(a.text, letter) > 0:
			return true
		}
	}
	return false
}

// operands are the arguments that are no options.
func (c command) operands() []argument {
	var some []argument
	for i, a := range c.args {
		if a.text == "--" {
			return append(some, c.args[i+1:]...)
		}
		if !strings.HasPrefix(a.text, "-") || !a.whole && a.text == "" {
			some = append(some, a)
		}
	}
	return some
}

// wrappers run the command that follows them.
var wrappers = []string{
	"builtin", "chronic", "command", "doas", "env", "exec", "ionice", "nice", "nohup", "setsid", "stdbuf", "sudo", "time", "timeout", "xargs",
}

// call looks at a command, and at the one inside it where it is a wrapper.
func (w *walker) call(call *syntax.CallExpr) {
	if len(call.Args) == 0 {
		return
	}
	c := command{node: call}
	for _, word := range call.Args {
		text, whole := literal(word)
		c.args = append(c.args, argument{word, text, whole})
	}
	for len(c.args) > 0 {
		c.name, c.args = path.Base(c.args[0].text), c.args[1:]
		w.command(c)
		if !slices.Contains(wrappers, c.name) || c.name == "command" && c.has('v', "") {
			return
		}
		c.args = wrapped(c)
	}
}

// valued are the options of wrappers that take the next word.
var valued = map[string]string{
	"env": "uCS", "exec": "a", "ionice": "cnp", "nice": "n", "stdbuf": "ioe", "sudo": "ugpCDhRTt", "doas": "uC", "timeout": "sk", "time": "fo",
	"xargs": "aEdILnPs",
}

// wrapped are the words of the command that a wrapper runs: after its options,
// the variables that it sets, and a duration.
func wrapped(c command) []argument {
	for i := 0; i < len(c.args); i++ {
		first := c.args[i].text
		switch {
		case len(first) == 2 && first[0] == '-' && strings.IndexByte(valued[c.name], first[1]) >= 0:
			i++
		case strings.HasPrefix(first, "-"), strings.Contains(first, "=") && (c.name == "env" || c.name == "sudo"):
		case c.name == "timeout" && first != "" && first[0] >= '0' && first[0] <= '9':
		default:
			return c.args[i:]
		}
	}
	return nil
}

// command fills in what one command says.
func (w *walker) command(c command) {
	w.configuration(c)
	w.privilege(c)
	w.repeat(c)
	w.network(c)
	w.verifies(c)
	switch c.name {
	case "[", "test", "[[":
		for _, a := range c.args {
			w.answersHelp(a.word)
		}
	case "bash", "sh", "dash", "eval":
		w.inner(c)
	}
}

// inner looks into a script that is the argument of a shell.
func (w *walker) inner(c command) {
	operands := c.operands()
	if w.depth >= maxDepth || len(operands) == 0 || !operands[0].whole || c.name != "eval" && !c.has('c', "") {
		return
	}
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(bytes.NewReader([]byte(operands[0].text)), "")
	if err != nil {
		return
	}
	deeper := *w
	if w.depth == 0 {
		deeper.base = int(operands[0].word.Pos().Offset())
	}
	deeper.depth++
	deeper.file(file)
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
func (w *walker) isOutside(a argument) bool {
	if strings.HasPrefix(a.text, "/") || strings.HasPrefix(a.text, "~") {
		return true
	}
	written := strings.TrimLeft(w.source(a.word), `"`)
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
		found = len(operands) > 0 && isWide(operands[0].text)
	case "umask":
		found = len(c.args) > 0 && isOpenMask(c.args[0].text)
	case "chown", "chgrp":
		operands := c.operands()
		if len(operands) > 0 {
			owner, group, _ := strings.Cut(operands[0].text, ":")
			found = owner == "root" || owner == "0" || group == "root" || group == "0"
		}
	case "install", "mkdir", "mkfifo", "mknod":
		for i, a := range c.args {
			mode, ok := cutAny(a.text, "--mode=", "-m")
			if ok && mode == "" && i+1 < len(c.args) {
				mode = c.args[i+1].text
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

// repeat notes what a second run does not leave as the first did (ZT-1.3).
func (w *walker) repeat(c command) {
	why := ""
	switch c.name {
	case "mkdir":
		if !c.has('p', "--parents") {
			why = "fails where the folder is there already, want mkdir -p"
		}
	case "ln":
		if !c.has('f', "--force") {
			why = "fails where the link is there already, want ln -f"
		}
	case "mv":
		why = "fails when what it moves is gone"
	case "rm", "rmdir", "unlink":
		if !c.has('f', "--force") {
			why = "fails where nothing is there, want rm -f"
		}
	case "tee":
		if c.has('a', "--append") {
			why = "appends once more"
		}
	case "useradd", "adduser", "groupadd", "addgroup", "mkfifo", "mknod":
		why = "fails when it is done already"
	}
	if why != "" {
		w.use(&w.facts.Repeats, c.node, w.source(c.node)+" "+why)
	}
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
	if c.name != "" && !w.functions[c.name] && !slices.Contains(plain, c.name) {
		w.facts.Behaves = "yes"
	}
}
