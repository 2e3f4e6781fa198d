// Package programs describes how programs read their arguments: which words are hosts, code,
// commands or nothing that matters, as programs.txt has it. It reads the words of a command
// accordingly, and does not look at what they say.
package programs

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// programsText says how programs read their arguments. Its head explains its form.
//
//go:embed programs.txt
var programsText string

// A Kind is what a word of a command is, as programs.txt names it.
type Kind string

// languages are the kinds of words that are code.
var languages = []Kind{"awk", "lua", "make", "node", "perl", "php", "python", "ruby", "shell", "tcl"}

// kinds are all that programs.txt may name.
var kinds = append([]Kind{
	"alias", "asked", "command", "connect", "copy", "daemon", "gitconfig", "gitname", "gitvalue", "gorun", "host", "httpie", "image",
	"jump", "list", "makefile", "maybe", "module", "mount", "npx", "pair", "parallel", "registry", "remote", "repo", "resolve", "rest",
	"script", "server", "share", "socat", "source", "sshforward", "sshoption", "tarexec", "text", "trap", "until", "url",
}, languages...)

// A Program describes how a program, or one of its sub-commands, reads its arguments.
type Program struct {
	Name        string
	options     map[string]Kind            // what the options' values are
	Operands    []Kind                     // in order
	more        bool                       // whether the last of them stands for all further ones
	flags       map[string]map[string]bool // by role, one of flagRoles
	first       map[string]Kind            // options that make the first operand code
	words       map[string]bool            // operands that name nothing
	Reaches     string                     // the host that is contacted by default; ?: one that is not known
	Reads       Kind                       // the language of code on the standard input
	Always      bool                       // it is read whatever the arguments are
	styles      map[string]bool
	subcommands map[string]*Program
}

// flagRoles are the lines of programs.txt that list options by what they do.
var flagRoles = []string{"attached", "contacts", "ends", "flags", "instead", "last", "local", "quiet", "stdin"}

// environment is what the values of environment variables are.
const environment = "environment"

// table reads programs.txt once.
var table = sync.OnceValue(func() map[string]*Program {
	read, err := readPrograms(programsText)
	if err != nil {
		panic("programs: " + err.Error()) // the table is part of the program and tested
	}
	return read
})

// Named is the description of a program; nil where the table has none.
func Named(name string) *Program { return table()[name] }

// Variables are the environment variables that programs read, as the options of one.
func Variables() *Program { return table()[environment] }

// Option is what the value of an option is.
func (p *Program) Option(name string) (k Kind, ok bool) {
	k, ok = p.options[name]
	return k, ok
}

// MayContact reports whether a sub-command that is not known may contact a host.
func (p *Program) MayContact() bool { return !p.styles["offline"] && p.contacts() }

func (p *Program) contacts() bool {
	for _, sub := range p.subcommands {
		if sub.Reaches != "" || sub.contacts() {
			return true
		}
	}
	return false
}

// readPrograms reads a table in the form of programs.txt, by name; sub-commands
// stand in their program. It fails for what it does not know, and for a name that
// is given twice.
func readPrograms(text string) (map[string]*Program, error) {
	root := newProgram("")
	var block []*Program
	for number, line := range strings.Split(text, "\n") {
		fields := strings.Fields(line)
		var err error
		switch {
		case len(fields) == 0 || line[0] == '#':
			continue
		case line[0] != ' ':
			block = nil
			for _, name := range strings.Split(line, ", ") {
				p := root.add(strings.Fields(name))
				if p.Operands != nil || len(p.options) > 0 || p.Reaches != "" {
					err = fmt.Errorf("%q has two blocks", name)
				}
				block = append(block, p)
			}
		case block == nil:
			err = fmt.Errorf("%q stands in no block", fields[0])
		default:
			for _, p := range block {
				if err == nil {
					err = p.set(fields[0], fields[1:])
				}
			}
		}
		if err != nil {
			return nil, fmt.Errorf("programs.txt:%d: %w", number+1, err)
		}
	}
	return root.subcommands, nil
}

func newProgram(name string) *Program {
	return &Program{
		Name: name, options: map[string]Kind{}, flags: map[string]map[string]bool{}, first: map[string]Kind{}, words: map[string]bool{},
		styles: map[string]bool{}, subcommands: map[string]*Program{},
	}
}

// add is the sub-command with a name, made where it is new.
func (p *Program) add(names []string) *Program {
	for _, name := range names {
		next, ok := p.subcommands[name]
		if !ok {
			next = newProgram(strings.TrimSpace(p.Name + " " + name))
			p.subcommands[name] = next
		}
		p = next
	}
	return p
}

// set takes in one line of a block.
func (p *Program) set(key string, words []string) error {
	if len(words) == 0 {
		return fmt.Errorf("%q names nothing", key)
	}
	switch key {
	case "operands":
		for i, word := range words {
			k, more := strings.CutSuffix(word, "*")
			if !slices.Contains(kinds, Kind(k)) || more && i != len(words)-1 {
				return fmt.Errorf("%q is no kind of operand", word)
			}
			p.Operands, p.more = append(p.Operands, Kind(k)), more
		}
	case "words":
		for _, word := range words {
			p.words[word] = true
		}
	case "style":
		for _, word := range words {
			if !slices.Contains([]string{"assigns", "offline", "plus", "single"}, word) {
				return fmt.Errorf("%q is no style", word)
			}
			p.styles[word] = true
		}
	case "reaches":
		p.Reaches = words[0]
	case "reads", "always":
		p.Reads, p.Always = Kind(words[0]), key == "always"
		if !slices.Contains(languages, p.Reads) {
			return fmt.Errorf("%q is no language", p.Reads)
		}
	case "first":
		for _, option := range words[1:] {
			p.first[option] = Kind(words[0])
		}
	default:
		return p.setOptions(key, words)
	}
	return nil
}

func (p *Program) setOptions(key string, options []string) error {
	if slices.Contains(flagRoles, key) {
		if p.flags[key] == nil {
			p.flags[key] = map[string]bool{}
		}
		for _, option := range options {
			p.flags[key][option] = true
		}
		return nil
	}
	if !slices.Contains(kinds, Kind(key)) {
		return fmt.Errorf("%q is no kind of word", key)
	}
	for _, option := range options {
		if _, twice := p.options[option]; twice {
			return fmt.Errorf("%s of %s has two kinds", option, p.Name)
		}
		p.options[option] = Kind(key)
	}
	return nil
}

// has reports whether an option has a role.
func (p *Program) has(role, option string) bool { return p.flags[role][option] }
