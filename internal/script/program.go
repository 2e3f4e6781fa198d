package script

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

// A kind is what a word of a command is, as programs.txt names it.
type kind string

// languages are the kinds of words that are code.
var languages = []kind{"awk", "lua", "make", "node", "perl", "php", "python", "ruby", "shell", "tcl"}

// kinds are all that programs.txt may name.
var kinds = append([]kind{
	"alias", "asked", "command", "connect", "copy", "daemon", "gitconfig", "gitname", "gitvalue", "gorun", "host", "httpie", "image",
	"jump", "list", "makefile", "maybe", "module", "mount", "npx", "pair", "parallel", "registry", "remote", "repo", "resolve", "rest",
	"script", "server", "share", "socat", "source", "sshforward", "sshoption", "tarexec", "text", "trap", "until", "url",
}, languages...)

// A program describes how a program, or one of its sub-commands, reads its arguments.
type program struct {
	name        string
	options     map[string]kind            // what the options' values are
	operands    []kind                     // in order
	more        bool                       // whether the last of them stands for all further ones
	flags       map[string]map[string]bool // by role, one of flagRoles
	first       map[string]kind            // options that make the first operand code
	words       map[string]bool            // operands that name nothing
	reaches     string                     // the host that is contacted by default; ?: one that is not known
	reads       kind                       // the language of code on the standard input
	always      bool                       // it is read whatever the arguments are
	styles      map[string]bool
	subcommands map[string]*program
}

// flagRoles are the lines of programs.txt that list options by what they do.
var flagRoles = []string{"attached", "contacts", "ends", "flags", "instead", "last", "local", "quiet", "stdin"}

// environment is what the values of environment variables are.
const environment = "environment"

// programs reads the table once.
var programs = sync.OnceValue(func() map[string]*program {
	table, err := readPrograms(programsText)
	if err != nil {
		panic("script: " + err.Error()) // the table is part of the program and tested
	}
	return table
})

// readPrograms reads a table in the form of programs.txt, by name; sub-commands
// stand in their program. It fails for what it does not know, and for a name that
// is given twice.
func readPrograms(text string) (map[string]*program, error) {
	root := newProgram("")
	var block []*program
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
				if p.operands != nil || len(p.options) > 0 || p.reaches != "" {
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

func newProgram(name string) *program {
	return &program{
		name: name, options: map[string]kind{}, flags: map[string]map[string]bool{}, first: map[string]kind{}, words: map[string]bool{},
		styles: map[string]bool{}, subcommands: map[string]*program{},
	}
}

// add is the sub-command with a name, made where it is new.
func (p *program) add(names []string) *program {
	for _, name := range names {
		next, ok := p.subcommands[name]
		if !ok {
			next = newProgram(strings.TrimSpace(p.name + " " + name))
			p.subcommands[name] = next
		}
		p = next
	}
	return p
}

// set takes in one line of a block.
func (p *program) set(key string, words []string) error {
	if len(words) == 0 {
		return fmt.Errorf("%q names nothing", key)
	}
	switch key {
	case "operands":
		for i, word := range words {
			k, more := strings.CutSuffix(word, "*")
			if !slices.Contains(kinds, kind(k)) || more && i != len(words)-1 {
				return fmt.Errorf("%q is no kind of operand", word)
			}
			p.operands, p.more = append(p.operands, kind(k)), more
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
		p.reaches = words[0]
	case "reads", "always":
		p.reads, p.always = kind(words[0]), key == "always"
		if !slices.Contains(languages, p.reads) {
			return fmt.Errorf("%q is no language", p.reads)
		}
	case "first":
		for _, option := range words[1:] {
			p.first[option] = kind(words[0])
		}
	default:
		return p.setOptions(key, words)
	}
	return nil
}

func (p *program) setOptions(key string, options []string) error {
	if slices.Contains(flagRoles, key) {
		if p.flags[key] == nil {
			p.flags[key] = map[string]bool{}
		}
		for _, option := range options {
			p.flags[key][option] = true
		}
		return nil
	}
	if !slices.Contains(kinds, kind(key)) {
		return fmt.Errorf("%q is no kind of word", key)
	}
	for _, option := range options {
		if _, twice := p.options[option]; twice {
			return fmt.Errorf("%s of %s has two kinds", option, p.name)
		}
		p.options[option] = kind(key)
	}
	return nil
}

// has reports whether an option has a role.
func (p *program) has(role, option string) bool { return p.flags[role][option] }
