package flow

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/codexlock/codexlock/internal/script/shelltext"
	"github.com/codexlock/codexlock/internal/script/words"
)

// place is where a node is in the script.
func (f *follower[V]) place(n syntax.Node) int {
	if f.fixed {
		return f.base
	}
	return f.base + int(n.Pos().Offset())
}

// report has the observer look at a command.
func (f *follower[V]) report(c *Command[V], in *state[V]) outcome[V] {
	c.state, c.follow = in, f
	ok, fail := f.Command(c, in.v)
	then, otherwise := *in, *in
	then.v, otherwise.v = ok, fail
	return outcome[V]{ok: &then, fail: &otherwise}
}

// call follows a simple command.
func (f *follower[V]) call(call *syntax.CallExpr, in *state[V], ignore bool, redirects []Redirect) outcome[V] {
	f.guessed = false
	in = f.substitutions(call, in)
	c := &Command[V]{Offset: f.place(call), Redirects: slices.Concat(redirects, f.outer), Input: f.input, Dir: in.dir}
	for _, a := range call.Assigns {
		if a.Name == nil {
			continue
		}
		text, known := f.assigned(a, in)
		c.Assigns = append(c.Assigns, Assign{Name: a.Name.Value, Text: text, Exported: len(call.Args) > 0})
		if len(call.Args) == 0 {
			in = in.with(a.Name.Value, text, known)
		}
	}
	if len(call.Args) == 0 {
		o := f.report(c, in)
		if !executes(call) {
			o.fail = nil
		}
		return o
	}
	for _, word := range call.Args {
		for _, a := range f.fields(word, in) {
			c.Args, c.Offsets = append(c.Args, a), append(c.Offsets, f.place(word))
		}
	}
	c.Guessed = f.guessed
	for len(c.Args) > 1 && c.Args[0].Code == "" {
		c.Args, c.Offsets = c.Args[1:], c.Offsets[1:]
	}
	if d := f.functions[c.Args[0].Code]; d != nil && d.Body != nil && f.depth < maxDepth {
		return f.function(d, c, in, ignore)
	}
	return f.builtin(c, in, ignore)
}

// executes reports whether a node has a substitution whose status counts.
func executes(n syntax.Node) bool {
	found := false
	syntax.Walk(n, func(n syntax.Node) bool {
		_, is := n.(*syntax.CmdSubst)
		found = found || is
		return !found
	})
	return found
}

// function follows the body of a function where it is called.
func (f *follower[V]) function(d *syntax.FuncDecl, c *Command[V], in *state[V], ignore bool) outcome[V] {
	saved := map[string]string{}
	inner := in
	for i := range 10 {
		name, text := strconv.Itoa(i), words.Hole
		saved[name] = in.vars[name]
		if i > 0 && i < len(c.Args) {
			text = c.Args[i].Code
		}
		inner = inner.with(name, text, true)
	}
	saved["@"] = in.vars["@"]
	list := ""
	for _, a := range c.Args[1:] {
		list += "\x00" + a.Code
	}
	inner = inner.with("@", list, list != "")
	returned := &frame[V]{function: true}
	f.frames = append(f.frames, returned)
	loops := f.loops
	f.loops = nil
	f.depth++
	o := f.stmt(d.Body, inner, ignore)
	f.depth--
	f.frames, f.loops = f.frames[:len(f.frames)-1], loops
	o.ok, o.fail = f.join(o.ok, returned.zero), f.join(o.fail, returned.other)
	for _, s := range []**state[V]{&o.ok, &o.fail, &o.quiet} {
		if *s == nil {
			continue
		}
		for name, text := range saved {
			*s = (*s).with(name, text, text != "")
		}
	}
	return o
}

// builtin follows what the shell does itself, and has the observer look at everything else.
func (f *follower[V]) builtin(c *Command[V], in *state[V], ignore bool) outcome[V] {
	name, args := c.Args[0].Code, c.Args[1:]
	if (name == "builtin" || name == "command") && len(args) > 0 && !strings.HasPrefix(args[0].Code, "-") && slices.Contains(own, args[0].Code) {
		name, args = args[0].Code, args[1:]
	}
	switch name {
	case "exit", "return":
		return f.leave(name, args, f.report(c, in).ok)
	case "break", "continue":
		if len(f.loops) > 0 {
			l := f.loops[len(f.loops)-1]
			if name == "break" || len(args) > 0 {
				l.zero = f.join(l.zero, in)
			} else {
				l.other = f.join(l.other, in)
			}
			return outcome[V]{}
		}
	case "true", ":":
		o := f.report(c, in)
		return outcome[V]{ok: o.ok}
	case "false":
		o := f.report(c, in)
		return outcome[V]{fail: o.fail}
	case "set", "shopt":
		return outcome[V]{ok: options(name, args, f.report(c, in).ok)}
	case "cd", "pushd", "popd":
		o := f.report(c, in)
		// A script that goes on although cd failed does not mean to: both ways lead there.
		o.ok, o.fail = changeDirectory(name, args, o.ok), changeDirectory(name, args, o.fail)
		return o
	case "exec":
		o := f.report(c, in)
		if len(args) == 0 {
			return o
		}
		shell := f.shell()
		shell.zero, shell.other = f.join(shell.zero, o.ok), f.join(shell.other, o.fail)
		return outcome[V]{}
	case "eval", "source", ".":
		o := f.report(c, in)
		if name == "eval" && !strings.Contains(words.Joined(args), words.Hole) {
			if file, err := shelltext.Parse([]byte(words.Joined(args))); err == nil && f.depth < maxDepth {
				inner := *f
				inner.depth++
				inner.base, inner.fixed = c.Offset, true
				evaluated := inner.list(file.Stmts, o.ok, ignore)
				f.exceeded = f.exceeded || inner.exceeded
				return evaluated
			}
		}
		// Code that is not known may leave the shell, with any status.
		shell := f.shell()
		shell.zero, shell.other = f.join(shell.zero, o.ok), f.join(shell.other, o.ok)
		o.ok = forget(name, args, o.ok)
		return o
	case "read", "mapfile", "readarray", "getopts", "unset", "printf", "let", "wait":
		o := f.report(c, in)
		o.ok = forget(name, args, o.ok)
		return o
	}
	return f.report(c, in)
}

// own are the commands that builtin and command lead to.
var own = []string{"exit", "return", "break", "continue", "true", ":", "false", "set", "shopt", "cd", "pushd", "popd", "exec", "read", "unset", "eval", "source", "."}

// leave follows exit and return. A status that is not known may be 0.
func (f *follower[V]) leave(name string, args []words.Argument, in *state[V]) outcome[V] {
	to := f.shell()
	if name == "return" {
		if !slices.ContainsFunc(f.frames, func(fr *frame[V]) bool { return fr.function }) {
			return outcome[V]{fail: in} // nothing to return from: an error
		}
		to = f.frames[len(f.frames)-1]
	}
	status := ""
	if len(args) > 0 {
		status = args[0].Code
	}
	n, err := strconv.Atoi(status)
	if err == nil && n%256 != 0 {
		to.other = f.join(to.other, in)
	} else {
		to.zero, to.other = f.join(to.zero, in), f.join(to.other, in)
	}
	return outcome[V]{}
}

// options follows set and shopt.
func options[V any](name string, args []words.Argument, in *state[V]) *state[V] {
	next := *in
	if name == "shopt" {
		text := words.Joined(args)
		if strings.Contains(text, "-u") || strings.Contains(text, words.Hole) {
			next.errexit = next.errexit && !strings.Contains(text, "errexit") && !strings.Contains(text, words.Hole)
			next.pipefail = next.pipefail && !strings.Contains(text, "pipefail")
		}
		return &next
	}
	for i := 0; i < len(args); i++ {
		text := args[i].Code
		if text == "--" || text == "-" {
			break
		}
		if !args[i].Whole() {
			next.errexit, next.pipefail = false, false
			break
		}
		if text == "" || text[0] != '-' && text[0] != '+' {
			break
		}
		on := text[0] == '-'
		for _, letter := range text[1:] {
			switch letter {
			case 'e':
				next.errexit = on
			case 'n':
				next.errexit = next.errexit && !on // with -n nothing is executed
			case 'o':
				if i++; i < len(args) {
					switch args[i].Code {
					case "errexit":
						next.errexit = on
					case "pipefail":
						next.pipefail = on
					}
				}
			}
		}
	}
	return &next
}

// changeDirectory follows cd.
func changeDirectory[V any](name string, args []words.Argument, in *state[V]) *state[V] {
	next := *in
	args = slices.DeleteFunc(slices.Clone(args), func(a words.Argument) bool {
		return slices.Contains([]string{"-P", "-L", "-e", "--"}, a.Code)
	})
	switch {
	case name == "popd" && len(args) == 0 && len(in.stack) > 0:
		next.dir, next.stack = in.stack[len(in.stack)-1], in.stack[:len(in.stack)-1]
	case name == "popd" || len(args) > 0 && args[0].Code == "-":
		next.dir = words.Hole
	case len(args) == 0:
		next.dir = "~"
	default:
		next.dir = Join(in.dir, args[0].Code)
	}
	if name == "pushd" {
		next.stack = append(slices.Clone(in.stack), in.dir)
	}
	return &next
}

// Join returns a path as it is from a working directory.
func Join(dir, name string) string {
	switch {
	case strings.HasPrefix(name, "/"), strings.HasPrefix(name, "~"), strings.HasPrefix(name, Root), strings.HasPrefix(name, words.Hole), dir == "":
		return clean(name)
	}
	return clean(dir + "/" + name)
}

// clean is path.Clean for a path that may begin with the workspace, and does not leave it unseen.
func clean(name string) string {
	cleaned := path.Clean(name)
	if strings.HasPrefix(name, Root) && !strings.HasPrefix(cleaned, Root) || strings.HasPrefix(name, words.Hole+"/") && !strings.HasPrefix(cleaned, words.Hole) {
		return "/" + words.Hole // above it
	}
	return cleaned
}

// forget follows what sets variables to values that are not known.
func forget[V any](name string, args []words.Argument, in *state[V]) *state[V] {
	switch name {
	case "source", ".", "eval": // any of them
		next := *in
		next.vars = map[string]string{}
		for known := range in.vars {
			if strings.HasPrefix(known, "GITHUB_") || strings.HasPrefix(known, "RUNNER_") {
				next.vars[known] = in.vars[known]
			}
		}
		return &next
	case "printf":
		if len(args) < 2 || args[0].Code != "-v" {
			return in
		}
		args = args[1:2]
	}
	next := in
	for _, a := range args {
		if a.Code != "" && a.Code[0] != '-' {
			variable, _, _ := strings.Cut(a.Code, "=")
			variable, _, _ = strings.Cut(variable, "[")
			next = next.with(variable, "", false)
		}
	}
	return next
}

// declare follows export, local and their like.
func (f *follower[V]) declare(d *syntax.DeclClause, in *state[V]) outcome[V] {
	in = f.substitutions(d, in)
	c := &Command[V]{Offset: f.place(d), Dir: in.dir}
	for _, a := range d.Args {
		switch {
		case a.Name != nil && !a.Naked:
			text, known := f.assigned(a, in)
			in = in.with(a.Name.Value, text, known)
			c.Assigns = append(c.Assigns, Assign{Name: a.Name.Value, Text: text, Exported: d.Variant.Value == "export" || d.Variant.Value == "declare"})
		case a.Name != nil && d.Variant.Value == "export":
			if text, ok := in.vars[a.Name.Value]; ok {
				c.Assigns = append(c.Assigns, Assign{Name: a.Name.Value, Text: text, Exported: true})
			}
		case a.Value != nil:
			text := f.text(a.Value, in)
			if name, value, ok := strings.Cut(text, "="); ok {
				in = in.with(name, value, true)
				c.Assigns = append(c.Assigns, Assign{Name: name, Text: value, Exported: true})
			}
		}
	}
	o := f.report(c, in)
	return outcome[V]{ok: o.ok}
}

// assigned is the text that an assignment gives a variable.
func (f *follower[V]) assigned(a *syntax.Assign, in *state[V]) (text string, known bool) {
	switch {
	case a.Index != nil:
		return "", false
	case a.Array != nil:
		list := ""
		if a.Append {
			list = in.vars[a.Name.Value]
			if list != "" && list[0] != 0 {
				list = "\x00" + list
			}
		}
		for _, e := range a.Array.Elems {
			if e.Index != nil || e.Value == nil {
				return "", false
			}
			for _, field := range f.fields(e.Value, in) {
				list += "\x00" + field.Code
			}
		}
		return list, list != ""
	}
	text = f.text(a.Value, in)
	if a.Append {
		text = in.vars[a.Name.Value] + text
	}
	return text, true
}

// redirects are the redirections of a statement, and the standard input that they make.
func (f *follower[V]) redirects(s *syntax.Stmt, in *state[V]) ([]Redirect, *Input[V], *state[V]) {
	var all []Redirect
	var input *Input[V]
	for _, r := range s.Redirs {
		if r.Word != nil {
			in = f.substitutions(r.Word, in)
		}
		stdin := r.N == nil || r.N.Value == "0"
		switch r.Op {
		case syntax.Hdoc, syntax.DashHdoc:
			if stdin && r.Hdoc != nil {
				input = &Input[V]{Text: f.textOf(r.Hdoc.Parts, true, in), Known: true, Offset: f.place(r.Hdoc)}
			}
		case syntax.WordHdoc:
			if stdin {
				input = &Input[V]{Text: f.text(r.Word, in), Known: true, Offset: f.place(r.Word)}
			}
		case syntax.RdrIn, syntax.RdrInOut:
			if stdin {
				input = &Input[V]{File: f.text(r.Word, in), Offset: f.place(r.Word)}
			}
			all = append(all, Redirect{Op: r.Op.String(), Target: f.text(r.Word, in), Offset: f.place(r.Word)})
		case syntax.DplIn, syntax.DplOut:
		default:
			all = append(all, Redirect{Op: r.Op.String(), Target: f.text(r.Word, in), Offset: f.place(r.Word)})
		}
	}
	return all, input, in
}

// simple is the command on the left of a pipe, without looking at it.
func (f *follower[V]) simple(s *syntax.Stmt, in *state[V]) *Command[V] {
	if b, ok := s.Cmd.(*syntax.BinaryCmd); ok && (b.Op == syntax.Pipe || b.Op == syntax.PipeAll) {
		return f.simple(b.Y, in)
	}
	call, ok := s.Cmd.(*syntax.CallExpr)
	if !ok || len(call.Args) == 0 {
		return nil
	}
	c := &Command[V]{Offset: f.place(call), Dir: in.dir}
	for _, word := range call.Args {
		for _, a := range f.fields(word, in) {
			c.Args, c.Offsets = append(c.Args, a), append(c.Offsets, f.place(word))
		}
	}
	for _, r := range s.Redirs {
		if r.Op == syntax.RdrIn && r.Word != nil {
			c.Input = Input[V]{File: f.text(r.Word, in), Offset: f.place(r.Word)}
		}
	}
	return c
}

// written is what a statement writes, where that is a text.
func (f *follower[V]) written(s *syntax.Stmt, in *state[V]) (text string, at int, ok bool) {
	call, is := s.Cmd.(*syntax.CallExpr)
	if !is || len(call.Args) == 0 {
		return "", 0, false
	}
	switch call.Args[0].Lit() {
	case "cat":
		if len(call.Args) == 1 && len(s.Redirs) == 1 && s.Redirs[0].Hdoc != nil {
			return f.textOf(s.Redirs[0].Hdoc.Parts, true, in), f.place(s.Redirs[0].Hdoc), true
		}
	case "echo":
		if len(call.Args) == 2 {
			return f.text(call.Args[1], in), f.place(call.Args[1]), true
		}
	}
	return "", 0, false
}

// Run follows code that a command has another shell execute, as bash -c does. at is the index of
// the argument with the code, or -1 where it is the standard input;
// errexit says that the shell is started with -e.
func (c *Command[V]) Run(code string, at int, errexit bool, v V) (ok, fail V) {
	f := c.follow
	in := *c.state
	in.v = v
	if f.depth >= maxDepth || shelltext.Unreadable([]byte(code)) != nil {
		f.exceeded = true
		return v, v
	}
	file, err := shelltext.Parse([]byte(code))
	if err != nil {
		return v, v
	}
	inner := *f
	inner.depth++
	inner.base, inner.fixed = c.Offset, true
	offset := c.Input.Offset
	if at >= 0 && at < len(c.Offsets) {
		offset = c.Offsets[at]
	}
	if rest := f.source[min(max(offset, 0), len(f.source)):]; !f.fixed || offset > 0 {
		if i := strings.Index(rest[:min(len(rest), len(code)+8)], code); i >= 0 {
			inner.base, inner.fixed = offset+i, false
		} else {
			inner.base = offset
		}
	}
	inner.functions, inner.frames, inner.loops, inner.outer = map[string]*syntax.FuncDecl{}, nil, nil, nil
	in.errexit, in.pipefail = errexit, false
	o := inner.sub(file.Stmts, &in, false)
	f.exceeded = f.exceeded || inner.exceeded
	ok, fail = v, v
	failed := f.join(o.fail, o.quiet)
	switch {
	case o.ok != nil && failed != nil:
		ok, fail = o.ok.v, failed.v
	case o.ok != nil:
		ok, fail = o.ok.v, o.ok.v
	case failed != nil:
		ok, fail = failed.v, failed.v
	}
	return ok, fail
}

// Function returns the text of a function that the script has defined so far.
func (c *Command[V]) Function(name string) (text string, ok bool) {
	d := c.follow.functions[name]
	if d == nil || d.Body == nil {
		return "", false
	}
	var b strings.Builder
	if err := syntax.NewPrinter().Print(&b, d.Body); err != nil {
		return "", false
	}
	return b.String(), true
}

// Variable returns what a variable holds at a command.
func (c *Command[V]) Variable(name string) (text string, ok bool) {
	text, ok = c.state.vars[name]
	return text, ok
}

// With returns a command with other words, which begin at the i-th of this one.
func (c *Command[V]) With(args []words.Argument, i int) *Command[V] {
	next := *c
	next.Args = args
	next.Offsets = make([]int, len(args))
	for j := range args {
		next.Offsets[j] = c.Offset
		if i+j >= 0 && i+j < len(c.Offsets) {
			next.Offsets[j] = c.Offsets[i+j]
		}
	}
	return &next
}

// Seen returns a command whose code another observer gets.
func (c *Command[V]) Seen(o Observer[V]) *Command[V] {
	next := *c
	follow := *c.follow
	follow.Observer = o
	next.follow = &follow
	return &next
}

// In returns a command as it is in another working directory.
func (c *Command[V]) In(dir string) *Command[V] {
	next := *c
	next.Dir = dir
	inner := *c.state
	inner.dir = dir
	next.state = &inner
	return &next
}
