package uses

import (
	"path"
	"strings"

	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/script/flow"
	"github.com/codexlock/codexlock/internal/script/words"
	"github.com/codexlock/codexlock/internal/uses/commands"
	"github.com/codexlock/codexlock/internal/yamltree"
)

// A makefile reads one Makefile: the recipes of its rules, and what $(shell) executes. Conditions
// are not evaluated: what any branch says is read.
type makefile struct {
	*reader
	file   string
	text   string
	source *yamltree.Source
	dir    string
	vars   map[string]placed
	prefix byte // of a recipe's lines
	one    bool // .ONESHELL: a recipe is one script
	strict bool // .SHELLFLAGS has -e
	soft   bool // .IGNORE: failures are ignored
	budget int  // of the bytes that variables expand to
}

// A placed is a text with the place of each byte in the file.
type placed struct {
	text string
	at   []int
}

// add appends a text that stands at a place, or all of whose bytes do.
func (p *placed) add(text string, at int, spread bool) {
	for i := range len(text) {
		if spread {
			p.at = append(p.at, at+i)
		} else {
			p.at = append(p.at, at)
		}
	}
	p.text += text
}

// The limits of one Makefile: the depth of variables in variables, and what they expand to.
const (
	maxMakeDepth  = 20
	maxMakeBudget = 4 << 20
)

// A line is a logical line: with the lines that continue it.
type line struct {
	text string // with the newlines of continued lines
	at   int
}

// makefile reads a Makefile.
func (r *reader) makefile(name, text string) {
	m := &makefile{reader: r, file: name, text: text, source: yamltree.NewSource(text), dir: path.Dir(name), vars: map[string]placed{}, prefix: '\t', budget: maxMakeBudget}
	base := path.Base(name)
	if !strings.HasPrefix(strings.ToLower(base), "makefile") && base != "GNUmakefile" {
		// It is included by another one: that of the top folder, or of its own.
		if own := m.dir; own != "." {
			m.read()
			m.vars, m.budget = map[string]placed{}, maxMakeBudget
		}
		m.dir = "."
	}
	m.read()
}

// read reads the file from its first line on.
func (m *makefile) read() {
	lines := m.lines()
	m.variables(lines)
	m.rules(lines)
}

// lines splits the file into logical lines.
func (m *makefile) lines() []line {
	var all []line
	for at := 0; at < len(m.text); {
		start := at
		for {
			end := strings.IndexByte(m.text[at:], '\n')
			if end < 0 {
				at = len(m.text)
				break
			}
			at += end + 1
			before := strings.TrimSuffix(m.text[start:at-1], "\r")
			slashes := len(before) - len(strings.TrimRight(before, `\`))
			if slashes%2 == 0 {
				break
			}
		}
		text := strings.TrimRight(m.text[start:at], "\r\n")
		if text == "" || text[0] != '\t' {
			text = withoutComment(text)
		}
		all = append(all, line{text, start})
	}
	return all
}

// withoutComment is a line up to its comment.
func withoutComment(text string) string {
	for i := range len(text) {
		if text[i] == '#' && (i == 0 || text[i-1] != '\\') {
			return strings.TrimRight(text[:i], " \t")
		}
	}
	return text
}

// recipe reports whether a line is one of a recipe.
func (m *makefile) recipe(l line) bool { return l.text != "" && l.text[0] == m.prefix }

// variables reads the assignments.
func (m *makefile) variables(lines []line) {
	for i := 0; i < len(lines); i++ {
		l := lines[i]
		if m.recipe(l) {
			continue
		}
		text := l.text
		trimmed := strings.TrimLeft(text, " ")
		for _, word := range []string{"export ", "override ", "private "} {
			trimmed = strings.TrimPrefix(trimmed, word)
		}
		if name, ok := strings.CutPrefix(trimmed, "define "); ok {
			name = strings.TrimSpace(strings.TrimRight(strings.TrimSpace(name), "=:?+"))
			body := placed{}
			for i++; i < len(lines) && strings.TrimSpace(lines[i].text) != "endef"; i++ {
				if len(body.text) < maxMakeBudget/16 {
					body.add(lines[i].text+"\n", lines[i].at, true)
				}
			}
			m.vars[name] = body
			continue
		}
		name, value, at, op, ok := assignment(trimmed, l.at+len(text)-len(trimmed))
		if !ok {
			continue
		}
		switch {
		case name == ".RECIPEPREFIX":
			m.prefix = '\t'
			if value != "" {
				m.prefix = value[0]
			}
			continue
		case name == ".SHELLFLAGS":
			m.strict = strings.Contains(value, "e")
		}
		p := placed{}
		if old, known := m.vars[name]; known && op == "+=" {
			p = placed{old.text + " ", append(append([]int{}, old.at...), at)}
		} else if known && op == "?=" {
			continue
		}
		if len(p.text)+len(value) < maxMakeBudget/16 {
			p.add(value, at, true)
		}
		if op == "!=" {
			m.script(p, "", commands.State{}, false)
			p = placed{}
			p.add(words.Hole, at, false)
		}
		m.vars[name] = p
	}
}

// assignment splits NAME = VALUE; ok is false for another line.
func assignment(text string, at int) (name, value string, start int, op string, ok bool) {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '=':
			end := i
			op = "="
			for end > 0 && strings.IndexByte(":?+!", text[end-1]) >= 0 {
				end--
			}
			op = text[end : i+1]
			name = strings.TrimSpace(text[:end])
			if name == "" || strings.ContainsAny(name, " \t:#") && !strings.HasPrefix(name, "$") {
				return "", "", 0, "", false
			}
			rest := strings.TrimLeft(text[i+1:], " \t")
			return name, rest, at + len(text) - len(rest), strings.TrimPrefix(op, ":::"), true
		case '#', '\n':
			return "", "", 0, "", false
		case '$':
			if i+1 < len(text) && (text[i+1] == '(' || text[i+1] == '{') {
				i += closing(text[i+1:]) + 1
			}
		case ':':
			if rest := strings.TrimLeft(text[i:], ":"); !strings.HasPrefix(rest, "=") {
				return "", "", 0, "", false // a rule
			}
		}
	}
	return "", "", 0, "", false
}

// closing is the index of the parenthesis that closes the one at the start.
func closing(text string) int {
	open, shut := text[0], byte(')')
	if open == '{' {
		shut = '}'
	}
	depth := 0
	for i := range len(text) {
		switch text[i] {
		case open:
			depth++
		case shut:
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(text) - 1
}

// rules follows the recipes.
func (m *makefile) rules(lines []line) {
	var target string
	var automatic map[string]string
	var recipe []line
	flush := func() {
		if len(recipe) > 0 {
			m.runs(target, automatic, recipe)
		}
		recipe = nil
	}
	inDefine := false
	for _, l := range lines {
		trimmed := strings.TrimSpace(l.text)
		switch {
		case strings.HasPrefix(trimmed, "define "):
			inDefine = true
		case trimmed == "endef":
			inDefine = false
		case inDefine:
		case m.recipe(l):
			if automatic != nil {
				recipe = append(recipe, line{l.text[1:], l.at + 1})
			}
		case trimmed == "" || trimmed[0] == '#' || conditional(trimmed):
		default:
			flush()
			if name, _, _, _, is := assignment(strings.TrimLeft(l.text, " "), l.at); is {
				m.assigned(name, l)
				automatic = nil
				continue
			}
			target, automatic, recipe = m.rule(l)
		}
	}
	flush()
}

// conditional reports whether a line is a condition, which may stand in a recipe.
func conditional(text string) bool {
	word, _, _ := strings.Cut(text, " ")
	switch word {
	case "ifeq", "ifneq", "ifdef", "ifndef", "else", "endif", "-include", "include", "sinclude", "vpath", "export", "unexport":
		return true
	}
	return false
}

// assigned follows what the value of a variable executes.
func (m *makefile) assigned(name string, l line) {
	if strings.Contains(l.text, "shell ") {
		m.expand(l.text, l.at, map[string]string{"@": name}, 0)
	}
}

// rule reads the line of a rule: its target, the automatic variables, and a recipe behind ";".
func (m *makefile) rule(l line) (target string, automatic map[string]string, recipe []line) {
	head, rest, found := cutOutside(l.text, ':')
	if !found {
		m.expand(l.text, l.at, map[string]string{}, 0) // $(shell ...), $(eval ...)
		return "", nil, nil
	}
	rest = strings.TrimLeft(rest, ":")
	expanded := m.expand(strings.TrimSpace(head), l.at, map[string]string{}, 0).text
	target, _, _ = strings.Cut(strings.TrimSpace(expanded), " ")
	if strings.Contains(target, words.Hole) {
		target = strings.TrimSpace(head)
	}
	if target == ".ONESHELL" {
		m.one = true
	}
	if target == ".IGNORE" {
		m.soft = true
	}
	prerequisites, command, inline := cutOutside(rest, ';')
	fields := strings.Fields(m.expand(prerequisites, l.at, map[string]string{}, 0).text)
	automatic = map[string]string{"@": target, "*": words.Hole, "^": strings.Join(fields, " "), "+": strings.Join(fields, " "), "?": strings.Join(fields, " "), "<": words.Hole}
	if len(fields) > 0 {
		automatic["<"] = fields[0]
	}
	if inline {
		recipe = []line{{command, l.at + len(l.text) - len(command)}}
	}
	return target, automatic, recipe
}

// cutOutside is strings.Cut at a byte that is in no variable.
func cutOutside(text string, at byte) (before, after string, found bool) {
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == at:
			return text[:i], text[i+1:], true
		case text[i] == '$' && i+1 < len(text) && (text[i+1] == '(' || text[i+1] == '{'):
			i += closing(text[i+1:]) + 1
		}
	}
	return text, "", false
}

// runs follows a recipe: each line in a shell of its own, and the next one only where it succeeds.
func (m *makefile) runs(target string, automatic map[string]string, recipe []line) {
	v := commands.State{}
	var whole placed
	for _, l := range recipe {
		p := m.expand(l.text, l.at, automatic, 0)
		ignored := m.soft
		for p.text != "" && strings.IndexByte("@-+ \t", p.text[0]) >= 0 {
			ignored = ignored || p.text[0] == '-'
			p = placed{p.text[1:], p.at[1:]}
		}
		if m.one {
			whole.text += p.text + "\n"
			whole.at = append(append(whole.at, p.at...), l.at)
			continue
		}
		v = m.script(p, target, v, ignored)
	}
	if m.one && whole.text != "" {
		m.script(whole, target, v, m.soft)
	}
}

// script follows a script of a recipe.
func (m *makefile) script(p placed, target string, v commands.State, ignored bool) commands.State {
	if strings.TrimSpace(p.text) == "" || len(p.at) == 0 {
		return v
	}
	job := &commands.Job{Artifacts: m.side, VerifyingScript: m.side.trusted, Site: facts.UseSiteMake, ID: target, Roots: []string{""}, Found: m.out}
	sh := &commands.Shell{Job: job, At: commands.Place{File: m.file, Source: m.source, At: func(offset int) int { return p.at[min(max(offset, 0), len(p.at)-1)] }}}
	end, err := flow.Follow[commands.State](flow.Script{Text: p.text, Dir: flow.Join(flow.Root, m.dir), Vars: commands.Interpreters(), ErrExit: m.strict}, sh, v)
	if err != nil {
		line, _ := sh.At.Position(0)
		m.unread(m.file, "a recipe cannot be parsed: "+err.Error(), line, p.text)
		return v.Change("")
	}
	after := end.OK.EndScript()
	if !end.Reached {
		after = end.Any.EndScript()
	}
	if ignored {
		after = commands.Meet(after, end.Any.EndScript())
	}
	return after
}

// expand replaces variables and functions of make.
func (m *makefile) expand(text string, at int, automatic map[string]string, depth int) placed {
	places := make([]int, len(text))
	for i := range places {
		places[i] = at + i
	}
	return m.expandPlaced(placed{text, places}, automatic, depth)
}

func (m *makefile) expandPlaced(in placed, automatic map[string]string, depth int) placed {
	var b strings.Builder
	at := make([]int, 0, len(in.text))
	text := in.text
	for i := 0; i < len(text); i++ {
		if text[i] != '$' || i+1 >= len(text) {
			b.WriteByte(text[i])
			at = append(at, in.at[i])
			continue
		}
		if m.budget--; m.budget < 0 {
			break
		}
		name, length := text[i+1:i+2], 2
		if c := text[i+1]; c == '(' || c == '{' {
			end := closing(text[i+1:])
			name, length = text[i+2:max(i+1+end, i+2)], end+2
		}
		if name == "$" {
			b.WriteByte('$')
			at = append(at, in.at[i])
		} else {
			value := m.value(name, in.at[i], automatic, depth)
			if m.budget -= len(value.text); m.budget < 0 {
				break
			}
			b.WriteString(value.text)
			for range len(value.text) {
				at = append(at, in.at[i])
			}
		}
		i += length - 1
	}
	return placed{b.String(), at}
}

// value is what a variable or a function is.
func (m *makefile) value(name string, at int, automatic map[string]string, depth int) placed {
	var p placed
	name = strings.TrimSpace(name)
	if text, ok := automatic[name]; ok {
		p.add(text, at, false)
		return p
	}
	here := flow.Join(flow.Root, m.dir)
	function, argument, isCall := strings.Cut(name, " ")
	own := path.Dir(m.file)
	switch {
	case name == "CURDIR" || name == "PWD":
		p.add(here, at, false)
		return p
	case name == "MAKE":
		p.add("make", at, false)
		return p
	case name == "SHELL":
		p.add("sh", at, false)
		return p
	case strings.Contains(name, "MAKEFILE_LIST"):
		if strings.Contains(name, "dir ") || strings.Contains(name, "dirname ") {
			p.add(flow.Join(flow.Root, own), at, false)
			if !strings.Contains(name, "realpath") && !strings.Contains(name, "abspath $(dir") && !strings.Contains(name, "patsubst") && !strings.Contains(name, "dirname") && !strings.Contains(name, "shell") {
				p.add("/", at, false)
			}
			return p
		}
		p.add(flow.Join(flow.Root, m.file), at, false)
		return p
	case isCall && depth < maxMakeDepth:
		return m.function(function, argument, at, automatic, depth)
	}
	if v, ok := m.vars[name]; ok && depth < maxMakeDepth {
		if p = m.expandPlaced(v, automatic, depth+1); !strings.Contains(p.text, words.Hole) {
			return p
		}
	}
	if program, ok := commands.Interpreter(name); ok {
		p = placed{}
		p.add(program, at, false)
		return p
	}
	if p.text != "" {
		return p
	}
	p.add(words.Hole, at, false)
	return p
}

// function is what a function of make returns.
func (m *makefile) function(name, argument string, at int, automatic map[string]string, depth int) placed {
	var p placed
	start := at + 2 + len(name) + 1 // behind $(NAME and a blank, in the file itself
	switch name {
	case "shell":
		code := m.expand(argument, start, automatic, depth+1)
		if depth == 0 { // where a variable is, it is read where that is assigned
			m.script(code, automatic["@"], commands.State{}, true)
		}
		switch strings.TrimSpace(code.text) {
		case "pwd":
			p.add(flow.Join(flow.Root, m.dir), at, false)
		case "git rev-parse --show-toplevel":
			p.add(flow.Root, at, false)
		default:
			p.add(words.Hole, at, false)
		}
		return p
	case "abspath", "realpath", "strip", "firstword":
		inner := m.expand(strings.TrimSpace(argument), start, automatic, depth+1)
		text := strings.TrimSpace(inner.text)
		if name != "strip" && name != "firstword" {
			text = flow.Join(flow.Join(flow.Root, m.dir), text)
		}
		p.add(text, at, false)
		return p
	case "call":
		parts := strings.Split(argument, ",")
		numbered := map[string]string{}
		for key, text := range automatic {
			numbered[key] = text
		}
		for i, part := range parts[1:] {
			numbered[string(rune('1'+i%9))] = m.expand(strings.TrimSpace(part), at, automatic, depth+1).text
		}
		if v, ok := m.vars[strings.TrimSpace(parts[0])]; ok {
			return m.expandPlaced(v, numbered, depth+1)
		}
	case "if", "or", "and", "foreach", "info", "warning", "error", "eval":
		m.expand(argument, start, automatic, depth+1) // for what it executes
	}
	p.add(words.Hole, at, false)
	return p
}
