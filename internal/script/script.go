// Package script parses shell scripts into facts: their first lines, the configuration that
// they read, the hosts that they contact. It executes no script and judges nothing.
// Code that a script composes at run time is the fact Opaque. How programs read their
// arguments is in the package programs.
package script

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/script/shelltext"
	"mvdan.cc/sh/v3/syntax"
)

// maxUses is the largest number of uses of one kind per script. Each is a finding, so an omitted
// one changes no verdict.
const maxUses = 20

// maxText is the longest text of a script in a fact.
const maxText = 80

// wanted is the first line of a script (ZT-1.1).
const wanted = "#!/usr/bin/env bash"

// Is reports whether a file is a shell script: by the program that its first line
// names, or where it names none, by its name. head is how it begins.
func Is(name string, head []byte) bool {
	if bytes.HasPrefix(head, []byte("#!")) {
		return isShell(firstLine(head))
	}
	return strings.HasSuffix(name, ".sh") || strings.HasSuffix(name, ".bash")
}

func firstLine(text []byte) string {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return string(line)
}

// isShell reports whether a first line names a shell, directly or through env.
func isShell(line string) bool {
	for _, word := range strings.Fields(strings.TrimPrefix(line, "#!")) {
		program := word[strings.LastIndexByte(word, '/')+1:]
		switch program {
		case "sh", "bash", "dash", "ksh", "zsh", "ash", "mksh":
			return true
		case "env":
			continue
		}
		if !strings.HasPrefix(word, "-") && !strings.Contains(word, "=") {
			return false
		}
	}
	return false
}

// Parse returns the facts about a script. It never fails: a script that it cannot parse is a
// fact.
func Parse(text []byte) (f facts.Script) {
	f = facts.Script{
		State: "parsed", Shebang: "absent", StrictMode: "absent", POSIX: "absent", Usage: "absent",
		Config: []facts.Use{}, Privileges: []facts.Use{}, Repeats: []facts.Use{}, References: []facts.Use{}, Network: []facts.Access{}, Opaque: []facts.Use{},
		Hashes: "no", Signs: "no", Behaves: "no", ShellCheck: facts.ShellCheck{State: "absent", Findings: []facts.ShellCheckComment{}},
	}
	defer func() {
		if p := recover(); p != nil { // an error of the parser, which must not pass
			f.State, f.Problem = "unread", &facts.ScriptProblem{Message: fmt.Sprintf("cannot be parsed: %v", p), Line: 1, Column: 1}
		}
	}()
	if bytes.HasPrefix(text, []byte("#!")) {
		f.Shebang, f.FirstLine = "other", shorten(strings.ToValidUTF8(firstLine(text), "\uFFFD"))
		if firstLine(text) == wanted {
			f.Shebang = "bash"
		}
	}
	if f.Problem = shelltext.Unreadable(text); f.Problem != nil {
		f.State = "unread"
		return f
	}
	if f.Shebang == "other" && !isShell(firstLine(text)) {
		f.State = "other"
		return f
	}
	if i := bytes.Index(text, []byte("\r\n")); i >= 0 {
		line, column := shelltext.Position(text, i)
		f.State, f.Problem = "invalid", &facts.ScriptProblem{Message: "ends in a carriage return, which Bash takes for a part of the line", Line: line, Column: column}
		return f
	}
	file, err := shelltext.Parse(text)
	if err != nil {
		f.State, f.Problem = "invalid", problem(text, err)
		return f
	}
	newWalker(&f, text).file(file)
	if f.Hashes == "yes" && computesHMAC(file) {
		f.Signs = "yes"
	}
	f.POSIX = "yes"
	if _, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(bytes.NewReader(text), ""); err != nil {
		f.POSIX, f.POSIXProblem = "no", problem(text, err)
	}
	return f
}

// problem returns the parser's error with its position.
func problem(text []byte, err error) *facts.ScriptProblem {
	message, at := shelltext.Problem(err)
	line, column := shelltext.Position(text, at)
	return &facts.ScriptProblem{Message: shorten(message), Line: line, Column: column}
}

// shorten keeps the beginning of a text.
func shorten(s string) string {
	if runes := []rune(s); len(runes) > maxText {
		return string(runes[:maxText]) + "…"
	}
	return s
}
