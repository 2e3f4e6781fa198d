package evalcache

import (
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Load reads the tree of a rule, once: a line is a question with one answer, and the lines below it,
// indented by one space, are the next questions. Without a further question, the rule finds
// nothing.
func (c *Cache) Load(rule int, lines []string) bool {
	t := c.rules[rule]
	if t.root != nil {
		return false
	}
	silent := make([]*ast.Term, t.slots)
	for i := range silent {
		silent[i] = emptySet
	}
	t.root = &node{}
	at := []*node{t.root} // by depth, where the next question is put
	for _, line := range lines {
		text := strings.TrimLeft(line, " ")
		depth := len(line) - len(text) - 1
		q, a, ok := c.shape.ParseAnswer(text)
		if !ok || depth < 0 || depth >= len(at) {
			return false
		}
		for _, leaf := range at[depth+1:] {
			leaf.end(silent)
		}
		n := at[depth]
		if n.question.Fact == nil && n.answers == nil {
			n.question = q
		}
		if n.question != q || n.to(a) != nil {
			return false
		}
		next := &node{}
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
func (n *node) end(answers []*ast.Term) {
	if n.question.Fact == nil {
		n.answers = answers
		n.used.Store(true) // it costs nothing to keep
	}
}

// ParseAnswer reads a question and its answer: the fact's path, with an asterisk
// where all of it is read, the answer's kind, and its text.
func (s *Shape) ParseAnswer(line string) (q Question, a Answer, ok bool) {
	path, rest, _ := strings.Cut(line, " ")
	kind, text, _ := strings.Cut(rest, " ")
	path, q.Whole = strings.CutSuffix(path, "*")
	q.Fact = s.byPath[path]
	if q.Fact == nil || len(kind) != 1 {
		return q, a, false
	}
	if strings.HasPrefix(text, `"`) {
		var err error
		if text, err = strconv.Unquote(text); err != nil {
			return q, a, false
		}
	}
	return q, Answer{kind[0], text}, true
}
