// Package flow follows a shell script in the order in which the shell executes it: which commands
// can be reached, with what is known of their words, of the working directory and of variables,
// and what holds after each if it succeeds and if it fails. set -e, pipefail, conditions, pipes,
// subshells, functions, loops and traps count as Bash counts them. It knows no program, judges
// nothing, and executes nothing.
package flow

import (
	"maps"
	"slices"

	"mvdan.cc/sh/v3/syntax"

	"github.com/codexlock/codexlock/internal/script/shelltext"
	"github.com/codexlock/codexlock/internal/script/words"
)

// The limits of one script: the commands that are followed, the depth of functions and of code in
// strings, and the rounds of a loop whose items are known.
const (
	maxCommands = 5_000
	maxDepth    = 10
	maxItems    = 16
	maxVars     = 500
	maxValue    = 4096
)

// Root stands at the beginning of a path for the folder of the workspace. A working directory that
// is not known begins with [words.Hole].
const Root = "_codexlock_root_"

// An Observer gets each command in the order in which they are executed, and keeps a value
// of its own through the script: what it knows at a point.
type Observer[V any] interface {
	// Command returns what holds after a command if it succeeds, and if it fails.
	Command(c *Command[V], v V) (ok, fail V)
	// Meet returns what holds where two ways come together.
	Meet(a, b V) V
	// Pipe returns what holds after the two sides of a pipe, which run at once. Where pipefail
	// is set the left side succeeded too.
	Pipe(before, left, right V, pipefail bool) V
	// Aside returns what holds after commands whose success nothing waits for: in the
	// background, or in a substitution.
	Aside(before, after V, background bool) V
}

// A Command is a command with what is known of its words.
type Command[V any] struct {
	Offset    int              // where it is in the script
	Args      []words.Argument // the name first
	Offsets   []int            // of the arguments
	Assigns   []Assign         // in front of it, or all that there is
	Redirects []Redirect
	Input     Input[V]
	Dir       string // the working directory
	// Guessed says that a word holds the default of a variable that may be set.
	Guessed bool
	state   *state[V]
	follow  *follower[V]
}

// An Assign gives a variable a value.
type Assign struct {
	Name, Text string
	Exported   bool // in front of a command, or by export
}

// A Redirect is a redirection to or from a file.
type Redirect struct {
	Op     string // such as > or >>
	Target string
	Offset int
}

// An Input is what is known of the standard input of a command.
type Input[V any] struct {
	File   string      // a file that it is read from
	Offset int         // where that, or the text, is in the script
	Text   string      // the text that it is
	Known  bool        // Text is known
	From   *Command[V] // the command that writes it
}

// A Script is a text with what is known before its first command.
type Script struct {
	Text     string
	Dir      string            // the working directory
	Vars     map[string]string // what variables hold
	ErrExit  bool
	PipeFail bool
	// Expression returns the text of an expression of the workflow by its number, see
	// [Mask]; nil where there are none.
	Expression func(n int) (text string, ok bool)
}

// An Error is a script that cannot be followed.
type Error struct {
	Message string
	Offset  int
}

func (e *Error) Error() string { return e.Message }

// An End is what holds when a script ends.
type End[V any] struct {
	OK      V    // where its exit status is 0
	Reached bool // that is possible
	Any     V    // whatever its exit status is
	Dir     string
	// Exceeded says that the limits were reached: the rest was not followed.
	Exceeded bool
}

// Follow follows a script. A text that Bash does not parse is an *Error.
func Follow[V any](s Script, o Observer[V], v V) (end End[V], err error) {
	defer func() {
		if r := recover(); r != nil { // the parser's, on a text that it did not foresee
			err = &Error{Message: "the shell's parser gave up"}
		}
	}()
	text := []byte(s.Text)
	if p := shelltext.Unreadable(text); p != nil {
		return end, &Error{Message: p.Message}
	}
	file, err := shelltext.Parse(text)
	if err != nil {
		message, at := shelltext.Problem(err)
		return end, &Error{Message: message, Offset: at}
	}
	f := &follower[V]{Observer: o, source: s.Text, functions: map[string]*syntax.FuncDecl{}, expression: s.Expression}
	in := &state[V]{v: v, dir: s.Dir, vars: maps.Clone(s.Vars), errexit: s.ErrExit, pipefail: s.PipeFail}
	if in.vars == nil {
		in.vars = map[string]string{}
	}
	all := f.sub(file.Stmts, in, false)
	end.Exceeded = f.exceeded
	end.Any = v
	if all.ok != nil {
		end.OK, end.Reached, end.Any = all.ok.v, true, all.ok.v
	}
	if failed := f.join(all.fail, all.quiet); failed != nil {
		end.Any = failed.v
		if all.ok != nil {
			end.Any = o.Meet(failed.v, all.ok.v)
		}
	}
	return end, nil
}

// A state is what holds at a point of a script; nil is a point that is not reached.
type state[V any] struct {
	v                 V
	dir               string
	stack             []string          // of pushd, never changed in place
	vars              map[string]string // never changed in place
	errexit, pipefail bool
}

// with is a state with a variable set; "" with known false is a value that is not known.
func (s *state[V]) with(name, text string, known bool) *state[V] {
	next := *s
	next.vars = maps.Clone(s.vars)
	if known && len(text) <= maxValue && len(next.vars) < maxVars {
		next.vars[name] = text
	} else {
		next.vars[name] = words.Hole
	}
	return &next
}

// An outcome is what holds after a statement: where it succeeds, where it fails, and where it
// fails in a way that set -e does not mind.
type outcome[V any] struct{ ok, fail, quiet *state[V] }

// A frame is a shell, or a function, that can be left early.
type frame[V any] struct {
	function    bool
	zero, other *state[V] // left with exit status 0, or one that is not known; and another one
}

// A follower follows one script.
type follower[V any] struct {
	Observer[V]
	source     string
	base       int  // of code in a string: where it is in the script
	fixed      bool // of code in a string: its places are not those of the script
	functions  map[string]*syntax.FuncDecl
	expression func(int) (string, bool)
	frames     []*frame[V]
	loops      []*frame[V]
	depth      int
	commands   *int
	exceeded   bool
	guessed    bool
	input      Input[V]
	outer      []Redirect // of the blocks around
}

// join is the state where two ways come together.
func (f *follower[V]) join(a, b *state[V]) *state[V] {
	switch {
	case a == nil || a == b:
		return b
	case b == nil:
		return a
	}
	j := &state[V]{v: f.Meet(a.v, b.v), dir: a.dir, errexit: a.errexit && b.errexit, pipefail: a.pipefail && b.pipefail}
	if a.dir != b.dir {
		j.dir = words.Hole
	}
	if slices.Equal(a.stack, b.stack) {
		j.stack = a.stack
	}
	j.vars = make(map[string]string, len(a.vars))
	for name, text := range a.vars {
		if other, ok := b.vars[name]; !ok || other != text {
			text = words.Hole
		}
		j.vars[name] = text
	}
	for name := range b.vars {
		if _, ok := a.vars[name]; !ok {
			j.vars[name] = words.Hole
		}
	}
	return j
}

// sub follows statements in a shell of their own: what they leave of variables and the working
// directory stays there.
func (f *follower[V]) sub(stmts []*syntax.Stmt, in *state[V], ignore bool) outcome[V] {
	inner := &frame[V]{}
	f.frames = append(f.frames, inner)
	loops := f.loops
	f.loops = nil
	o := f.list(stmts, in, ignore)
	f.frames, f.loops = f.frames[:len(f.frames)-1], loops
	o.ok = f.join(o.ok, inner.zero)
	o.fail = f.join(f.join(o.fail, o.quiet), inner.other)
	o.quiet = nil
	restored := func(s *state[V]) *state[V] {
		if s == nil {
			return nil
		}
		next := *in
		next.v = s.v
		return &next
	}
	return outcome[V]{ok: restored(o.ok), fail: restored(o.fail)}
}

// list follows statements. ignore says that set -e has no effect there, because a condition or
// an operator around them looks at their status.
func (f *follower[V]) list(stmts []*syntax.Stmt, in *state[V], ignore bool) outcome[V] {
	o := outcome[V]{ok: in}
	for i, s := range stmts {
		if in == nil {
			return outcome[V]{}
		}
		o = f.stmt(s, in, ignore)
		if o.fail != nil && o.fail.errexit && !ignore {
			if len(f.frames) > 0 {
				shell := f.shell()
				shell.other = f.join(shell.other, o.fail)
			}
			o.fail = nil
		}
		if i < len(stmts)-1 {
			in = f.join(f.join(o.ok, o.fail), o.quiet)
		}
	}
	return o
}

// shell is the frame of the innermost shell, not of a function.
func (f *follower[V]) shell() *frame[V] {
	for _, fr := range slices.Backward(f.frames) {
		if !fr.function {
			return fr
		}
	}
	return f.frames[0]
}

// stmt follows one statement.
func (f *follower[V]) stmt(s *syntax.Stmt, in *state[V], ignore bool) outcome[V] {
	if f.commands == nil {
		f.commands = new(int)
	}
	if *f.commands++; *f.commands > maxCommands || f.depth > maxDepth {
		f.exceeded = true
		return outcome[V]{ok: in, fail: in}
	}
	outer := f.input
	redirects, input, in := f.redirects(s, in)
	if input != nil {
		f.input = *input
	}
	defer func() { f.input = outer }()
	if s.Background || s.Coprocess {
		o := f.sub([]*syntax.Stmt{{Cmd: s.Cmd, Negated: s.Negated, Position: s.Position}}, in, true)
		next := *in
		next.v = f.Aside(in.v, f.any(o, in).v, true)
		return outcome[V]{ok: &next}
	}
	o := f.command(s.Cmd, in, ignore || s.Negated, redirects)
	if s.Negated {
		return outcome[V]{ok: f.join(o.fail, o.quiet), quiet: o.ok}
	}
	return o
}

// any is the state after an outcome, whatever it is.
func (f *follower[V]) any(o outcome[V], in *state[V]) *state[V] {
	if all := f.join(f.join(o.ok, o.fail), o.quiet); all != nil {
		return all
	}
	return in
}

// command follows what a statement is.
func (f *follower[V]) command(cmd syntax.Command, in *state[V], ignore bool, redirects []Redirect) outcome[V] {
	if _, simple := cmd.(*syntax.CallExpr); !simple && len(redirects) > 0 {
		outer := f.outer
		f.outer = append(slices.Clone(outer), redirects...)
		defer func() { f.outer = outer }()
	}
	switch cmd := cmd.(type) {
	case nil:
		return outcome[V]{ok: f.report(&Command[V]{Offset: f.base, Redirects: redirects, Dir: in.dir}, in).ok}
	case *syntax.CallExpr:
		return f.call(cmd, in, ignore, redirects)
	case *syntax.DeclClause:
		return f.declare(cmd, in)
	case *syntax.Block:
		return f.list(cmd.Stmts, in, ignore)
	case *syntax.Subshell:
		return f.sub(cmd.Stmts, in, ignore)
	case *syntax.BinaryCmd:
		return f.binary(cmd, in, ignore)
	case *syntax.IfClause:
		return f.branch(cmd, in, ignore)
	case *syntax.WhileClause:
		return f.while(cmd, in, ignore)
	case *syntax.ForClause:
		return f.loop(cmd, in, ignore)
	case *syntax.CaseClause:
		in = f.substitutions(cmd.Word, in)
		o := outcome[V]{ok: in}
		for _, item := range cmd.Items {
			if len(item.Patterns) == 1 && item.Patterns[0].Lit() == "*" && o.ok == in {
				o.ok = nil // one of them matches
			}
		}
		for _, item := range cmd.Items {
			one := f.list(item.Stmts, in, ignore)
			o = outcome[V]{f.join(o.ok, one.ok), f.join(o.fail, one.fail), f.join(o.quiet, one.quiet)}
		}
		return o
	case *syntax.FuncDecl:
		if cmd.Name != nil {
			f.functions[cmd.Name.Value] = cmd
		}
		return outcome[V]{ok: in}
	case *syntax.TimeClause:
		if cmd.Stmt != nil {
			return f.stmt(cmd.Stmt, in, ignore)
		}
	case *syntax.CoprocClause:
		if cmd.Stmt != nil {
			o := f.sub([]*syntax.Stmt{cmd.Stmt}, in, true)
			next := *in
			next.v = f.Aside(in.v, f.any(o, in).v, true)
			in = &next
		}
		return outcome[V]{ok: in}
	case *syntax.TestClause, *syntax.ArithmCmd, *syntax.LetClause:
		in = f.substitutions(cmd, in)
	}
	return outcome[V]{ok: in, fail: in}
}

// binary follows what two commands make: a list, or a pipe.
func (f *follower[V]) binary(b *syntax.BinaryCmd, in *state[V], ignore bool) outcome[V] {
	switch b.Op {
	case syntax.AndStmt, syntax.OrStmt:
		left := f.stmt(b.X, in, true)
		failed := f.join(left.fail, left.quiet)
		if b.Op == syntax.AndStmt {
			o := outcome[V]{quiet: failed}
			if left.ok != nil {
				right := f.stmt(b.Y, left.ok, ignore)
				o.ok, o.fail, o.quiet = right.ok, right.fail, f.join(o.quiet, right.quiet)
			}
			return o
		}
		o := outcome[V]{ok: left.ok}
		if failed != nil {
			right := f.stmt(b.Y, failed, ignore)
			o.ok, o.fail, o.quiet = f.join(o.ok, right.ok), right.fail, right.quiet
		}
		return o
	}
	left := f.sub([]*syntax.Stmt{b.X}, in, ignore)
	outer := f.input
	f.input = Input[V]{From: f.simple(b.X, in)}
	if text, at, ok := f.written(b.X, in); ok {
		f.input.Text, f.input.Known, f.input.Offset = text, true, at
	}
	right := f.sub([]*syntax.Stmt{b.Y}, in, ignore)
	f.input = outer
	after := func(l, r *state[V], pipefail bool) *state[V] {
		if l == nil || r == nil {
			return nil
		}
		next := *in
		next.v = f.Pipe(in.v, l.v, r.v, pipefail)
		return &next
	}
	o := outcome[V]{}
	leftAny := f.any(left, in)
	if in.pipefail {
		o.ok = after(left.ok, right.ok, true)
	} else {
		o.ok = after(leftAny, right.ok, false)
	}
	o.fail = after(leftAny, f.any(right, in), false)
	return o
}

// branch follows if, elif and else.
func (f *follower[V]) branch(c *syntax.IfClause, in *state[V], ignore bool) outcome[V] {
	if len(c.Cond) == 0 { // else
		return f.list(c.Then, in, ignore)
	}
	cond := f.list(c.Cond, in, true)
	var o outcome[V]
	if cond.ok != nil {
		o = f.list(c.Then, cond.ok, ignore)
	}
	failed := f.join(cond.fail, cond.quiet)
	if failed == nil {
		return o
	}
	other := outcome[V]{ok: failed}
	if c.Else != nil {
		other = f.branch(c.Else, failed, ignore)
	}
	return outcome[V]{f.join(o.ok, other.ok), f.join(o.fail, other.fail), f.join(o.quiet, other.quiet)}
}

// while follows a loop with a condition: once as it begins, and once as it begins again.
func (f *follower[V]) while(c *syntax.WhileClause, in *state[V], ignore bool) outcome[V] {
	inner := &frame[V]{}
	f.loops = append(f.loops, inner)
	defer func() { f.loops = f.loops[:len(f.loops)-1] }()
	var out *state[V]
	for range 2 {
		cond := f.list(c.Cond, in, true)
		begins, ends := cond.ok, f.join(cond.fail, cond.quiet)
		if c.Until {
			begins, ends = ends, begins
		}
		out = f.join(out, ends)
		if begins == nil {
			break
		}
		body := f.list(c.Do, begins, ignore)
		in = f.join(in, f.join(f.any(body, begins), inner.other))
	}
	return outcome[V]{ok: f.join(out, inner.zero)}
}

// loop follows for: once for each item where they are known.
func (f *follower[V]) loop(c *syntax.ForClause, in *state[V], ignore bool) outcome[V] {
	inner := &frame[V]{}
	f.loops = append(f.loops, inner)
	defer func() { f.loops = f.loops[:len(f.loops)-1] }()
	iter, ok := c.Loop.(*syntax.WordIter)
	if !ok {
		body := f.list(c.Do, in, ignore)
		return outcome[V]{ok: f.join(in, f.join(f.any(body, in), inner.zero)), fail: body.fail}
	}
	var items []words.Argument
	in = f.substitutions(iter, in)
	for _, word := range iter.Items {
		items = append(items, f.fields(word, in)...)
	}
	known := len(items) > 0 && len(items) <= maxItems && iter.InPos.IsValid() && !c.Select
	if !known {
		items = []words.Argument{{Code: words.Hole}}
	}
	now := in
	var last outcome[V]
	for _, item := range items {
		if now == nil {
			break
		}
		last = f.list(c.Do, now.with(iter.Name.Value, item.Code, true), ignore)
		now = f.join(f.any(last, now), inner.other)
		known = known && item.Whole()
	}
	o := outcome[V]{ok: f.join(now, inner.zero), fail: last.fail}
	if !known {
		o.ok = f.join(o.ok, in)
	}
	return o
}
