package script

import (
	"path"
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/script/programs"
	"github.com/codexlock/codexlock/internal/script/shelltext"
	"github.com/codexlock/codexlock/internal/script/words"
	"mvdan.cc/sh/v3/syntax"
)

// The limits of code inside a script: its depth in other code, and its size. Code beyond them
// is opaque.
const (
	maxDepth = 8
	maxCode  = 4 * shelltext.MaxBytes
)

// An input is what the standard input of a command is.
type input struct {
	state inputState
	code  string // where it is known
}

type inputState int

const (
	inherited inputState = iota // the script's own: a terminal, or what its caller gives
	file
	known   // a text
	unknown // what another command writes
	caller  // in a function: its caller's
)

// opaque records code that cannot be read, at the position of the command that executes it.
func (w *walker) opaque(n syntax.Node) {
	use := w.origin
	if w.depth == 0 {
		line, column := w.at(n)
		use = &facts.Use{Text: shorten(w.source(n)), Line: line, Column: column}
	}
	if last := len(w.facts.Opaque) - 1; len(w.facts.Opaque) < maxUses && (last < 0 || w.facts.Opaque[last] != *use) {
		w.facts.Opaque = append(w.facts.Opaque, *use)
	}
}

// code reads code in a language as it reads the script itself. same means that the shell that
// executes the script executes it.
func (w *walker) code(c command, lang programs.Kind, text string, same bool) {
	if lang != "shell" {
		w.foreign(c, lang, text)
		return
	}
	w.shared.code += len(text)
	if w.depth >= maxDepth || w.shared.code > maxCode || shelltext.Openers([]byte(text)) > shelltext.MaxOpeners || strings.Contains(text, "\x00") {
		w.opaque(c.node)
		return
	}
	parsed, err := shelltext.Parse([]byte(text))
	if err != nil {
		w.opaque(c.node)
		return
	}
	deeper := *w
	if w.depth == 0 {
		line, column := w.at(c.node)
		deeper.base, deeper.origin = int(c.place().Pos().Offset()), &facts.Use{Text: shorten(w.source(c.node)), Line: line, Column: column}
	}
	deeper.depth++
	deeper.vars = nil
	if !same {
		deeper.functions = &functions{}
	}
	deeper.input = c.input
	deeper.file(parsed)
}

// parses reports whether a text is whole code: an alias may be a part of a command.
func (w *walker) parses(text string) bool {
	if len(text) > shelltext.MaxBytes || shelltext.Openers([]byte(text)) > shelltext.MaxOpeners {
		return true
	}
	_, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), "")
	return err == nil
}

// place is the node that stands for a command's code: its last word with a hole or
// quotes, or the command itself.
func (c command) place() syntax.Node {
	for _, a := range c.args {
		if a.Word != nil && len(a.Word.Parts) > 0 && a.Word.Lit() == "" {
			return a.Word
		}
	}
	return c.node
}

// holed reports whether the name of a command in code is known only at run time: then it can be
// any code. A path with a variable at its beginning is the name of a file.
func holed(a words.Argument) bool {
	if a.Word == nil || len(a.Word.Parts) == 0 {
		return false
	}
	part := a.Word.Parts[0]
	if quoted, ok := part.(*syntax.DblQuoted); ok && len(quoted.Parts) > 0 {
		part = quoted.Parts[0]
	}
	text := ""
	switch part := part.(type) {
	case *syntax.Lit:
		text = part.Value
	case *syntax.SglQuoted:
		text = part.Value
	}
	rest, ok := strings.CutPrefix(text, words.Hole)
	return ok && !strings.HasPrefix(rest, "/")
}

// fromInput judges the code that a command reads from its standard input.
func (w *walker) fromInput(c command, lang programs.Kind) {
	switch c.input.state {
	case known:
		w.code(c, lang, c.input.code, false)
	case unknown:
		w.opaque(c.node)
	case caller:
		w.shared.readers[w.within] = append(w.shared.readers[w.within], c.node)
	}
}

// standardInput are the names of the standard input as a file.
var standardInput = []string{"-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"}

// runsFile judges a file of code that a command is given.
func (w *walker) runsFile(c command, a words.Argument, lang programs.Kind) {
	switch {
	case slices.Contains(standardInput, a.Code):
		w.fromInput(c, lang)
	case isProcess(a.Word), strings.HasPrefix(a.Text(), "/dev/fd/"), strings.HasPrefix(a.Text(), "/proc/self/fd/"):
		w.opaque(c.node)
	}
}

// isProcess reports whether a word is what a process writes, as <(command).
func isProcess(word *syntax.Word) bool {
	if word == nil || len(word.Parts) == 0 {
		return false
	}
	_, ok := word.Parts[0].(*syntax.ProcSubst)
	return ok
}

// makefiles are the names that make reads of itself.
var makefiles = []string{"Makefile", "makefile", "GNUmakefile"}

// runsMakefile judges a file of rules: only one that make reads anyway is known to a
// reader of the repository as such.
func (w *walker) runsMakefile(c command, a words.Argument) {
	switch {
	case slices.Contains(standardInput, a.Code):
		w.fromInput(c, "make")
	case !a.Whole(), strings.HasPrefix(a.Text(), "/"), !slices.Contains(makefiles, path.Base(a.Text())):
		w.opaque(c.node)
	}
}

// inputOf is the standard input of a statement: that of what it stands in, unless
// it has a redirection or is behind a pipe.
func (w *walker) inputOf(s *syntax.Stmt, before *syntax.Stmt, outer input) input {
	in := outer
	if before != nil {
		in = w.piped(before)
	}
	for _, r := range s.Redirs {
		if r.N != nil && r.N.Value != "0" {
			continue
		}
		switch r.Op {
		case syntax.Hdoc, syntax.DashHdoc:
			in = input{known, w.textOf(r.Hdoc)}
		case syntax.WordHdoc:
			in = input{known, w.textOf(r.Word)}
		case syntax.RdrIn, syntax.RdrInOut:
			in = input{state: file}
			if text := w.textOf(r.Word); isProcess(r.Word) || strings.HasPrefix(text, "/dev/fd/") || strings.HasPrefix(text, "/dev/tcp/") {
				in.state = unknown
			}
		case syntax.DplIn:
			if target := w.textOf(r.Word); target != "0" && target != "-" {
				in = input{state: unknown}
			}
		}
	}
	return in
}

// piped is what a statement writes, where that is a text.
func (w *walker) piped(s *syntax.Stmt) input {
	call, ok := s.Cmd.(*syntax.CallExpr)
	if !ok || len(call.Args) == 0 {
		return input{state: unknown}
	}
	args := w.words(call.Args)
	name, args := args[0].Code, args[1:]
	text := words.Joined(args)
	plain := !strings.Contains(text, words.Hole) && !strings.Contains(text, `\`)
	switch {
	case name == "cat" && len(args) == 0 && len(s.Redirs) == 1 && s.Redirs[0].Hdoc != nil:
		return input{known, w.textOf(s.Redirs[0].Hdoc)}
	case name == "echo" && plain && !strings.HasPrefix(text, "-"), name == "printf" && plain && len(args) == 1 && !strings.Contains(text, "%"):
		return input{known, text}
	case name == "printf" && len(args) == 2 && slices.Contains([]string{"%s", `%s\n`}, args[0].Code) && args[1].Whole():
		return input{known, args[1].Code}
	}
	return input{state: unknown}
}
