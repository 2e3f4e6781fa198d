package programs

import (
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/script/words"
)

// A Reading is the result of reading a program's arguments.
type Reading struct {
	Program *Program
	Values  []Value
	Ends    bool   // it prints something and does nothing
	Local   bool   // it contacts nothing
	Unknown bool   // which sub-command it is, is known only at run time
	Contact bool   // an option says that it contacts some host
	Stdin   bool   // an option says that its code is on the standard input
	Code    bool   // its code is among the arguments
	first   Kind   // what an option says that the first operand is
	Replace string // of xargs: what each line of the standard input is put in place of
}

// A Value is one argument, or the words of a command, that a program reads in a certain way.
type Value struct {
	Kind Kind
	Args []words.Argument
}

// rests are the kinds of operands that take all further words as they are.
var rests = []Kind{"command", "remote", "parallel", "rest"}

// Read reads arguments as the program does: its options, then those of its sub-command. An
// option that is not in the table takes no value.
func (p *Program) Read(args []words.Argument) Reading {
	r := Reading{Program: p}
	for p = r.Program; ; p = r.Program {
		rest := r.options(p, args)
		if rest == nil || r.Program == p {
			return r
		}
		args = rest
	}
}

// options reads the options and operands of one program up to its sub-command,
// whose words it returns.
func (r *Reading) options(p *Program, args []words.Argument) []words.Argument {
	operands, onlyOperands, strange, settled := 0, false, false, len(p.subcommands) == 0
	for i := 0; i >= 0 && i < len(args); {
		a := args[i]
		sub, isSub := p.subcommands[a.Text()]
		switch {
		case !onlyOperands && a.Code == "--":
			onlyOperands = true
			i++
		case !onlyOperands && p.isOption(a):
			var known bool
			known, i = r.option(p, args, i)
			strange = strange || !known
		case !settled && isSub && a.Whole():
			r.Program = sub
			return args[i+1:]
		case !settled && strange && a.Text() != "": // it may be the value of an option that is not known
			i++
		default:
			r.Unknown = r.Unknown || !settled && a.Text() == ""
			settled = true
			i = r.operand(p, args, i, &operands)
		}
	}
	return nil
}

// isOption reports whether a word is an option.
func (p *Program) isOption(a words.Argument) bool {
	text := a.Text()
	return len(text) > 1 && (text[0] == '-' || text[0] == '+' && p.styles["plus"])
}

// option reads the option at i, and is the index after it and its values.
func (r *Reading) option(p *Program, args []words.Argument, i int) (known bool, next int) {
	a := args[i]
	text := a.Text()
	if strings.HasPrefix(text, "--") || p.styles["single"] {
		return r.long(p, args, i)
	}
	if text[0] == '+' && len(p.options) > 0 && p.options[text[:2]] == "" {
		return true, i + 1 // as +short of dig
	}
	for j := 1; j < len(text); j++ {
		option := text[:1] + text[j:j+1]
		k, takes := p.options[option]
		known = r.flag(p, option) || known || takes
		switch {
		case !takes && !isLetter(text[j]):
			return known, i + 1 // a value of an option that is not in the table
		case p.has("attached", option):
			return true, i + 1
		case !takes:
			continue
		case k == "rest":
			r.Values = append(r.Values, Value{k, args[i+1:]})
			return true, len(args)
		case j+1 < len(text) || !a.Whole():
			return true, r.value(p, option, k, args, i+1, a.After(j+1))
		case i+1 < len(args):
			return true, r.value(p, option, k, args, i+2, args[i+1])
		}
	}
	return known, i + 1
}

func isLetter(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// long reads --name, --name=value, and with one dash where all options have one.
func (r *Reading) long(p *Program, args []words.Argument, i int) (known bool, next int) {
	a := args[i]
	name, _, attached := strings.Cut(a.Text(), "=")
	k, takes := p.options[name]
	known = r.flag(p, name) || takes
	if !known && strings.HasPrefix(name, "--") && len(name) > 3 {
		k, takes = p.abbreviated(name)
		known = takes
	}
	switch {
	case name == "--help" && !takes, name == "--version" && !takes:
		r.Ends = true
	case k == "until":
		end := i + 1
		for end < len(args) && args[end].Code != ";" && args[end].Code != "+" {
			end++
		}
		r.Values = append(r.Values, Value{k, args[i+1 : end]})
		return true, end
	case k == "rest":
		r.Values = append(r.Values, Value{k, args[i+1:]})
		return true, len(args)
	case attached && takes:
		return true, r.value(p, name, k, args, i+1, a.After(len(name)+1))
	case takes && i+1 < len(args):
		return true, r.value(p, name, k, args, i+2, args[i+1])
	}
	return known, i + 1
}

// abbreviated is the kind of a long option that is not written out, as getopt_long
// accepts it. Those whose values say nothing are left out: to swallow a word that
// the program does not would hide it.
func (p *Program) abbreviated(name string) (k Kind, ok bool) {
	for option, k := range p.options {
		if k != "text" && strings.HasPrefix(option, name) && !p.has("local", option) {
			return k, true
		}
	}
	return "", false
}

// flag notes what an option does, and reports whether the table has it.
func (r *Reading) flag(p *Program, option string) bool {
	known := false
	for role, options := range p.flags {
		if !options[option] {
			continue
		}
		known = true
		switch role {
		case "ends":
			r.Ends = true
		case "local":
			r.Local = true
		case "contacts":
			r.Contact = true
		case "stdin":
			r.Stdin = true
		case "flags":
		case "quiet":
			r.Code = true
		case "instead":
			r.first = "text"
		}
	}
	if k, ok := p.first[option]; ok {
		r.first, known = k, true
	}
	return known
}

// value notes the value of an option, and is the index of the next word.
func (r *Reading) value(p *Program, option string, k Kind, args []words.Argument, next int, a words.Argument) int {
	v := Value{k, []words.Argument{a}}
	if k == "pair" {
		return min(next+1, len(args))
	}
	if k == "module" || k == "daemon" {
		v.Args = append(v.Args, args[next:]...)
	}
	if p.Name == "xargs" && option == "-I" {
		r.Replace = a.Text()
	}
	r.note(v)
	if p.has("last", option) {
		return len(args)
	}
	return next
}

// note keeps a value.
func (r *Reading) note(v Value) {
	r.Code = r.Code || slices.Contains(languages, v.Kind)
	r.Values = append(r.Values, v)
}

// operand reads the operand at i, and is the index of the next word; negative where
// it takes all further ones.
func (r *Reading) operand(p *Program, args []words.Argument, i int, count *int) int {
	a := args[i]
	if a.Whole() && (p.words[a.Code] || p.words[strings.ToUpper(a.Code)]) {
		return i + 1
	}
	if p.styles["assigns"] && strings.Contains(a.Text(), "=") {
		r.Values = append(r.Values, Value{"assign", []words.Argument{a}})
		return i + 1
	}
	k := Kind("text")
	switch n := *count; {
	case n < len(p.Operands):
		k = p.Operands[n]
	case p.more:
		k = p.Operands[len(p.Operands)-1]
	}
	if *count == 0 && r.first != "" {
		k = r.first
	}
	*count++
	if r.Code && k == "script" { // the code is in an option: these are its arguments
		k = "text"
	}
	if slices.Contains(rests, k) {
		r.note(Value{k, args[i:]})
		return -1
	}
	r.note(Value{k, []words.Argument{a}})
	if k == "script" || r.first != "" && *count == 1 && slices.Contains(languages, k) {
		return -1 // all further words are the code's arguments
	}
	return i + 1
}
