package script

import (
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/script/words"
)

// A reading is the result of reading a program's arguments.
type reading struct {
	program *program
	values  []value
	ends    bool   // it prints something and does nothing
	local   bool   // it contacts nothing
	unknown bool   // which sub-command it is, is known only at run time
	contact bool   // an option says that it contacts some host
	stdin   bool   // an option says that its code is on the standard input
	code    bool   // its code is among the arguments
	first   kind   // what an option says that the first operand is
	replace string // of xargs: what each line of the standard input is put in place of
}

// A value is one argument, or the words of a command, that a program reads in a certain way.
type value struct {
	kind kind
	args []words.Argument
}

// rests are the kinds of operands that take all further words as they are.
var rests = []kind{"command", "remote", "parallel", "rest"}

// read reads arguments as the program does: its options, then those of its sub-command. An
// option that is not in the table takes no value.
func (p *program) read(args []words.Argument) reading {
	r := reading{program: p}
	for p = r.program; ; p = r.program {
		rest := r.options(p, args)
		if rest == nil || r.program == p {
			return r
		}
		args = rest
	}
}

// options reads the options and operands of one program up to its sub-command,
// whose words it returns.
func (r *reading) options(p *program, args []words.Argument) []words.Argument {
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
			r.program = sub
			return args[i+1:]
		case !settled && strange && a.Text() != "": // it may be the value of an option that is not known
			i++
		default:
			r.unknown = r.unknown || !settled && a.Text() == ""
			settled = true
			i = r.operand(p, args, i, &operands)
		}
	}
	return nil
}

// isOption reports whether a word is an option.
func (p *program) isOption(a words.Argument) bool {
	text := a.Text()
	return len(text) > 1 && (text[0] == '-' || text[0] == '+' && p.styles["plus"])
}

// option reads the option at i, and is the index after it and its values.
func (r *reading) option(p *program, args []words.Argument, i int) (known bool, next int) {
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
			r.values = append(r.values, value{k, args[i+1:]})
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
func (r *reading) long(p *program, args []words.Argument, i int) (known bool, next int) {
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
		r.ends = true
	case k == "until":
		end := i + 1
		for end < len(args) && args[end].Code != ";" && args[end].Code != "+" {
			end++
		}
		r.values = append(r.values, value{k, args[i+1 : end]})
		return true, end
	case k == "rest":
		r.values = append(r.values, value{k, args[i+1:]})
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
func (p *program) abbreviated(name string) (k kind, ok bool) {
	for option, k := range p.options {
		if k != "text" && strings.HasPrefix(option, name) && !p.has("local", option) {
			return k, true
		}
	}
	return "", false
}

// flag notes what an option does, and reports whether the table has it.
func (r *reading) flag(p *program, option string) bool {
	known := false
	for role, options := range p.flags {
		if !options[option] {
			continue
		}
		known = true
		switch role {
		case "ends":
			r.ends = true
		case "local":
			r.local = true
		case "contacts":
			r.contact = true
		case "stdin":
			r.stdin = true
		case "flags":
		case "quiet":
			r.code = true
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
func (r *reading) value(p *program, option string, k kind, args []words.Argument, next int, a words.Argument) int {
	v := value{k, []words.Argument{a}}
	if k == "pair" {
		return min(next+1, len(args))
	}
	if k == "module" || k == "daemon" {
		v.args = append(v.args, args[next:]...)
	}
	if p.name == "xargs" && option == "-I" {
		r.replace = a.Text()
	}
	r.note(v)
	if p.has("last", option) {
		return len(args)
	}
	return next
}

// note keeps a value.
func (r *reading) note(v value) {
	r.code = r.code || slices.Contains(languages, v.kind)
	r.values = append(r.values, v)
}

// operand reads the operand at i, and is the index of the next word; negative where
// it takes all further ones.
func (r *reading) operand(p *program, args []words.Argument, i int, count *int) int {
	a := args[i]
	if a.Whole() && (p.words[a.Code] || p.words[strings.ToUpper(a.Code)]) {
		return i + 1
	}
	if p.styles["assigns"] && strings.Contains(a.Text(), "=") {
		r.values = append(r.values, value{"assign", []words.Argument{a}})
		return i + 1
	}
	k := kind("text")
	switch n := *count; {
	case n < len(p.operands):
		k = p.operands[n]
	case p.more:
		k = p.operands[len(p.operands)-1]
	}
	if *count == 0 && r.first != "" {
		k = r.first
	}
	*count++
	if r.code && k == "script" { // the code is in an option: these are its arguments
		k = "text"
	}
	if slices.Contains(rests, k) {
		r.note(value{k, args[i:]})
		return -1
	}
	r.note(value{k, []words.Argument{a}})
	if k == "script" || r.first != "" && *count == 1 && slices.Contains(languages, k) {
		return -1 // all further words are the code's arguments
	}
	return i + 1
}
