package script

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/script/hosts"
	"github.com/codexlock/codexlock/internal/script/words"
	"mvdan.cc/sh/v3/syntax"
)

// A walker goes through a script's tree and fills in the facts.
type walker struct {
	facts     *facts.Script
	text      []byte
	lines     []int      // where the lines of the text begin
	functions *functions // that the script defines
	vars      *variables // nil: in code inside a script
	shared    *shared
	depth     int    // of code in a string, as in bash -c
	base      int    // where such a string stands
	input     input  // the standard input where the walk begins
	within    string // the function that is walked through
	guarded   bool   // a condition decides whether the command is executed, or its failure counts
	mentions  *mentions
	resolving int        // variables in variables
	commands  int        // that the words of one call were found to be
	origin    *facts.Use // the command that executes the code which is walked through
}

// A shared value is what the walkers through one script and the code inside it share.
type shared struct {
	code    int                        // how much code inside it was read
	readers map[string][]syntax.Node   // what reads code from the standard input, by function
	calls   map[string]map[string]bool // functions by those that they give their input to
	fed     map[string]bool            // functions whose input is code that cannot be read
}

func newWalker(f *facts.Script, text []byte) *walker {
	return &walker{
		facts: f, text: text, lines: lineStarts(text), functions: &functions{}, vars: &variables{},
		shared: &shared{readers: map[string][]syntax.Node{}, calls: map[string]map[string]bool{}, fed: map[string]bool{}},
	}
}

// A place is a node on the way from the root of a tree.
type place struct {
	node    syntax.Node
	input   input
	within  string
	guarded bool
}

func (w *walker) file(f *syntax.File) {
	if w.depth == 0 {
		w.strictMode(f)
		w.vars.collect(f)
		w.mentions = &mentions{}
		w.mentions.collect(w, f)
	}
	if w.functions.names == nil {
		w.functions.collect(f)
	}
	var path []place
	syntax.Walk(f, func(n syntax.Node) bool {
		if n == nil {
			path = path[:len(path)-1]
			return true
		}
		here := place{node: n, input: w.input, within: w.within}
		if len(path) > 0 {
			above := path[len(path)-1]
			here.input, here.within, here.guarded = above.input, above.within, above.guarded || guards(above.node)
			if d, ok := above.node.(*syntax.FuncDecl); ok && d.Name != nil {
				here.input, here.within = input{state: caller}, d.Name.Value
			}
			if s, ok := n.(*syntax.Stmt); ok {
				here.input = w.inputOf(s, before(s, above.node), here.input)
			}
		}
		path = append(path, here)
		now := *w
		now.input, now.within, now.guarded = here.input, here.within, here.guarded
		if w.depth == 0 {
			now.commands = 0
		}
		now.visit(n)
		return true
	})
	if w.depth == 0 {
		w.readFromCallers()
	}
}

// guards reports whether a condition decides about what stands in a node, or its
// failure is dealt with.
func guards(n syntax.Node) bool {
	switch n := n.(type) {
	case *syntax.IfClause, *syntax.WhileClause, *syntax.CaseClause:
		return true
	case *syntax.BinaryCmd:
		return n.Op == syntax.AndStmt || n.Op == syntax.OrStmt
	case *syntax.Stmt:
		return n.Negated || slices.ContainsFunc(n.Redirs, func(r *syntax.Redirect) bool {
			return r.Word.Lit() == "/dev/null" && (r.Op == syntax.RdrAll || r.N != nil && r.N.Value == "2")
		})
	}
	return false
}

// before is the statement whose output a statement reads, in a pipeline.
func before(s *syntax.Stmt, above syntax.Node) *syntax.Stmt {
	if b, ok := above.(*syntax.BinaryCmd); ok && b.Y == s && (b.Op == syntax.Pipe || b.Op == syntax.PipeAll) {
		return b.X
	}
	return nil
}

func (w *walker) visit(n syntax.Node) {
	switch n := n.(type) {
	case *syntax.CallExpr:
		w.call(n)
	case *syntax.DeclClause:
		for _, a := range n.Args {
			w.environment(n, a, false)
		}
	case *syntax.Redirect:
		w.redirect(n)
	case *syntax.CaseItem:
		for _, p := range n.Patterns {
			w.answersHelp(p)
		}
	case *syntax.TestClause:
		syntax.Walk(n, func(n syntax.Node) bool {
			if word, ok := n.(*syntax.Word); ok {
				w.answersHelp(word)
			}
			if u, ok := n.(*syntax.UnaryTest); ok && looksAtFile(u.Op.String()) {
				w.facts.Behaves = "yes"
			}
			return true
		})
	case *syntax.ForClause:
		if n.Select {
			w.use(&w.facts.Config, n, "select asks at the terminal")
		}
	case *syntax.Word:
		w.reference(n)
	}
}

// readFromCallers notes what executes the standard input of a function that is
// called where this is code that cannot be read.
func (w *walker) readFromCallers() {
	for changed := true; changed; {
		changed = false
		for from, to := range w.shared.calls {
			for name := range to {
				if w.shared.fed[from] && !w.shared.fed[name] {
					w.shared.fed[name], changed = true, true
				}
			}
		}
	}
	for _, d := range w.functions.bodies {
		if w.shared.fed[d.Name.Value] {
			for _, n := range w.shared.readers[d.Name.Value] {
				w.opaque(n)
			}
			delete(w.shared.readers, d.Name.Value)
		}
	}
}

// strictMode looks for set -euo pipefail among the commands of the top level.
func (w *walker) strictMode(f *syntax.File) {
	if len(f.Stmts) > 0 {
		w.facts.FirstCommand, _ = w.at(f.Stmts[0])
	}
	for i, s := range f.Stmts {
		call, ok := s.Cmd.(*syntax.CallExpr)
		if !ok || len(call.Args) == 0 || call.Args[0].Lit() != "set" || !isStrict(call.Args[1:]) {
			continue
		}
		w.facts.StrictMode = "later"
		if i == 0 && !s.Negated && !s.Background {
			w.facts.StrictMode = "first"
		}
		return
	}
}

// isStrict reports whether the arguments of set switch on errexit, nounset and
// pipefail, however they are spelled.
func isStrict(args []*syntax.Word) bool {
	on := map[string]bool{}
	for i := 0; i < len(args); i++ {
		flags, ok := strings.CutPrefix(args[i].Lit(), "-")
		if !ok || flags == "" {
			return false
		}
		for _, flag := range flags {
			switch flag {
			case 'e':
				on["errexit"] = true
			case 'u':
				on["nounset"] = true
			case 'o':
				if i++; i >= len(args) {
					return false
				}
				on[args[i].Lit()] = true
			}
		}
	}
	return on["errexit"] && on["nounset"] && on["pipefail"]
}

// use notes a place, as long as there are not too many.
func (w *walker) use(list *[]facts.Use, n syntax.Node, text string) {
	if len(*list) < maxUses {
		line, column := w.at(n)
		*list = append(*list, facts.Use{Text: shorten(text), Line: line, Column: column})
	}
}

// lineStarts are where the lines of a text begin.
func lineStarts(text []byte) []int {
	starts := []int{0}
	for i, c := range text {
		if c == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// at is the line and the column of a node; of one inside a string, where that stands.
func (w *walker) at(n syntax.Node) (line, column int) {
	offset := w.base
	if w.depth == 0 {
		offset = min(int(n.Pos().Offset()), len(w.text))
	}
	line, found := slices.BinarySearch(w.lines, offset)
	if found {
		line++
	}
	return line, utf8.RuneCount(w.text[w.lines[line-1]:offset]) + 1
}

// source is a node as it was written.
func (w *walker) source(n syntax.Node) string {
	from, to := int(n.Pos().Offset()), int(n.End().Offset())
	if w.depth > 0 || from < 0 || to > len(w.text) || from > to {
		var b strings.Builder
		if err := syntax.NewPrinter(syntax.SingleLine(true)).Print(&b, n); err != nil {
			return ""
		}
		return b.String()
	}
	return strings.Join(strings.Fields(string(w.text[from:to])), " ")
}

// answersHelp notes a pattern or an operand that is --help or --usage.
func (w *walker) answersHelp(word *syntax.Word) {
	if text, ok := words.Literal(word); ok && (text == "--help" || text == "--usage") {
		w.facts.Usage = "handled"
	}
}

// unverified are the folders that nothing may consume (ZT-6.3).
var unverified = []string{"assets/incoming/", "assets/quarantine/"}

func (w *walker) reference(word *syntax.Word) {
	text, _ := words.Literal(word)
	for _, dir := range unverified {
		if i := strings.Index(text+"/", dir); i == 0 || i > 0 && (text[i-1] == '/' || text[i-1] == '=' || text[i-1] == ' ') {
			w.use(&w.facts.References, word, text)
		}
	}
}

func (w *walker) redirect(r *syntax.Redirect) {
	target, _ := words.Literal(r.Word)
	if rest, ok := cutAny(w.textOf(r.Word), "/dev/tcp/", "/dev/udp/"); ok {
		host, _, complete := strings.Cut(rest, "/")
		if !complete || strings.Contains(host, words.Hole) {
			host = ""
		}
		if !hosts.IsLocal(host) {
			w.access(r, target, host)
		}
	}
	switch r.Op {
	case syntax.AppOut, syntax.AppAll:
		if w.depth == 0 && !w.guarded && w.appends(words.Argument{Word: r.Word, Code: w.textOf(r.Word)}, r) {
			w.use(&w.facts.Repeats, r, w.source(r)+" appends once more")
		}
	case syntax.RdrIn:
		if target == "/dev/tty" {
			w.use(&w.facts.Config, r, w.source(r)+" asks at the terminal")
		}
	}
}

func cutAny(s string, prefixes ...string) (rest string, ok bool) {
	for _, p := range prefixes {
		if rest, ok := strings.CutPrefix(s, p); ok {
			return rest, true
		}
	}
	return s, false
}
