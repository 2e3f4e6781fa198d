package policy

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/codexlock/codexlock/internal/schemas"
)

// answersText has the METADATA of the embedded rules, and the facts for which each is known to
// find nothing. A test generates it again and compares.
//
//go:generate go test -count=1 -run ^TestAnswerTable$ -args -update
//go:embed answers.txt
var answersText string

// answersFormat is the version of the table's format, its first line.
const answersFormat = "codexlock known answers 1"

// Open is [New] for evaluating artifacts. If there are only the embedded rules, it compiles
// them on the first subject for which the table has no answer. For work on rules, use New.
func Open(ctx context.Context, sources []Source) (*Engine, error) {
	if len(sources) == 1 && sources[0].Standard {
		if e := openKnown(sources, answersText); e != nil {
			return e, nil
		}
	}
	return New(ctx, sources)
}

// openKnown returns an engine that has compiled nothing; nil if the table is for other rules,
// for another schema of facts or in another format.
func openKnown(sources []Source, table string) *Engine {
	e := &Engine{sources: sources, source: sourceNames(sources), digest: digest(sources), grace: grace}
	lines := strings.Split(strings.TrimSuffix(table, "\n"), "\n")
	if head := answersHead(e.digest); len(lines) < len(head) || strings.Join(lines[:len(head)], "\n") != strings.Join(head, "\n") {
		return nil
	}
	t := tableReader{lines: lines[3:]}
	rules, ok := t.rules()
	if !ok {
		return nil
	}
	e.rules = rules
	e.query()
	for _, q := range []*query{e.artifact, e.repository, e.exceptions} {
		if q.cache == nil {
			q.cache = newEvaluationCache(q.rules)
		}
	}
	if !t.answers(e) {
		return nil
	}
	return e
}

// answersHead are the first lines of the table of these rules: its form, and the
// digests of the rules and of the schema of facts.
func answersHead(rules string) []string {
	sum := sha256.Sum256(schemas.Source(schemas.Facts))
	return []string{answersFormat, "rules " + rules, "facts sha256:" + hex.EncodeToString(sum[:])}
}

// A knownRule is a rule in the table.
type knownRule struct {
	Rule
	File string `json:"file"`
	Deny string `json:"deny,omitempty"` // line:column of its first deny
	Warn string `json:"warn,omitempty"`
}

// rule is the rule itself.
func (k *knownRule) rule() (*rule, bool) {
	r := &rule{Rule: k.Rule, file: k.File, ref: ast.DefaultRootRef.Copy(), sets: map[Severity]*ast.Location{}, standard: true}
	for _, part := range strings.Split(standardPrefix+k.Code, ".") {
		r.ref = append(r.ref, ast.StringTerm(part))
	}
	for severity, at := range map[Severity]string{Deny: k.Deny, Warn: k.Warn} {
		if at == "" {
			continue
		}
		row, column, _ := strings.Cut(at, ":")
		l := &ast.Location{File: k.File}
		var err error
		if l.Row, err = strconv.Atoi(row); err != nil {
			return nil, false
		}
		if l.Col, err = strconv.Atoi(column); err != nil {
			return nil, false
		}
		r.sets[severity] = l
	}
	if r.EffectiveOn != "" {
		at, err := time.Parse(time.RFC3339, r.EffectiveOn)
		if err != nil {
			return nil, false
		}
		r.effectiveOn = at
	}
	return r, len(r.sets) > 0
}

// A tableReader reads the table line by line.
type tableReader struct {
	lines []string
}

// rules reads the lines of rules, one JSON object each.
func (t *tableReader) rules() ([]*rule, bool) {
	var rules []*rule
	for len(t.lines) > 0 && strings.HasPrefix(t.lines[0], "{") {
		var known knownRule
		if err := json.Unmarshal([]byte(t.lines[0]), &known); err != nil {
			return nil, false
		}
		r, ok := known.rule()
		if !ok {
			return nil, false
		}
		rules = append(rules, r)
		t.lines = t.lines[1:]
	}
	return rules, len(rules) > 0
}

// answers reads the trees of all rules into the caches.
func (t *tableReader) answers(e *Engine) bool {
	trees := map[string]*cacheTree{}
	for _, q := range []*query{e.artifact, e.repository, e.exceptions} {
		for i, r := range q.rules {
			trees[r.Code] = q.cache.rules[i]
		}
	}
	for len(t.lines) > 0 {
		code, ok := strings.CutPrefix(t.lines[0], "rule ")
		if tree := trees[code]; !ok || tree == nil || tree.root != nil {
			return false
		}
		n := 1
		for n < len(t.lines) && strings.HasPrefix(t.lines[n], " ") {
			n++
		}
		if !readTree(trees[code], t.lines[1:n]) {
			return false
		}
		t.lines = t.lines[n:]
	}
	return true
}

// readTree reads a tree: a line is a question with one answer, and the lines below it,
// indented by one space, are the next questions. Without a further question, the rule finds
// nothing.
func readTree(tree *cacheTree, lines []string) bool {
	silent := make([]*ast.Term, tree.slots)
	for i := range silent {
		silent[i] = emptySet
	}
	tree.root = &cacheNode{}
	at := []*cacheNode{tree.root} // by depth, where the next question is put
	for _, line := range lines {
		text := strings.TrimLeft(line, " ")
		depth := len(line) - len(text) - 1
		q, a, ok := parseAnswer(text)
		if !ok || depth < 0 || depth >= len(at) {
			return false
		}
		for _, leaf := range at[depth+1:] {
			leaf.end(silent)
		}
		n := at[depth]
		if n.question.fact == nil && n.answers == nil {
			n.question = q
		}
		if n.question != q || n.to(a) != nil {
			return false
		}
		next := &cacheNode{}
		n.lead(a, next)
		at = append(at[:depth+1], next)
	}
	for _, leaf := range at {
		leaf.end(silent)
	}
	return len(lines) > 0
}

var emptySet = ast.SetTerm()

// end makes a node without a question a leaf.
func (n *cacheNode) end(answers []*ast.Term) {
	if n.question.fact == nil {
		n.answers = answers
		n.used.Store(true) // it costs nothing to keep
	}
}

// parseAnswer reads a question and its answer: the fact's path, with an asterisk
// where all of it is read, the answer's kind, and its text.
func parseAnswer(line string) (q question, a answer, ok bool) {
	path, rest, _ := strings.Cut(line, " ")
	kind, text, _ := strings.Cut(rest, " ")
	path, q.whole = strings.CutSuffix(path, "*")
	q.fact = inputFacts().byPath[path]
	if q.fact == nil || len(kind) != 1 {
		return q, a, false
	}
	if strings.HasPrefix(text, `"`) {
		var err error
		if text, err = strconv.Unquote(text); err != nil {
			return q, a, false
		}
	}
	return q, answer{kind[0], text}, true
}

// compiled compiles the rules of an engine that was opened without.
func (e *Engine) compiled() (*ast.Compiler, error) {
	e.compiling.Do(func() {
		if e.compiler != nil {
			return
		}
		modules, faults := load(e.sources)
		schema, err := inputSchema()
		switch {
		case err != nil:
			e.fault = err
			return
		case len(faults) > 0:
			e.fault = firstOf(faults)
			return
		}
		compiler, faults := compile(modules, schema)
		if len(faults) > 0 {
			e.fault = firstOf(faults)
			return
		}
		e.compiler = compiler
		e.late.Store(true)
	})
	return e.compiler, e.fault
}

// Compiled reports whether the rules are compiled: always after [New], and after [Open] once
// the table had no answer.
func (e *Engine) Compiled() bool { return e.sources == nil || e.late.Load() }
