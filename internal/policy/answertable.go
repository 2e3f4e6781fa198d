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

	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/evalcache"
	"github.com/codexlock/codexlock/internal/kinds"
	"github.com/codexlock/codexlock/internal/ruleset"
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
func Open(ctx context.Context, sources []ruleset.Source) (*Engine, error) {
	if len(sources) == 1 && sources[0].Standard {
		if e := openKnown(sources, answersText); e != nil {
			return e, nil
		}
	}
	return New(ctx, sources)
}

// openKnown returns an engine that has compiled nothing; nil if the table is for other rules,
// for another schema of facts or in another format.
func openKnown(sources []ruleset.Source, table string) *Engine {
	e := &Engine{sources: sources, source: ruleset.SourceNames(sources), digest: ruleset.Digest(sources), grace: grace}
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
			q.cache = newCache(q.rules)
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
	sum := sha256.Sum256(schemas.Source(kinds.Facts))
	return []string{answersFormat, "rules " + rules, "facts sha256:" + hex.EncodeToString(sum[:])}
}

// A knownRule is a rule in the table.
type knownRule struct {
	decision.Rule
	File string `json:"file"`
	Deny string `json:"deny,omitempty"` // line:column of its first deny
	Warn string `json:"warn,omitempty"`
}

// rule is the rule itself.
func (k *knownRule) rule() (*ruleset.Rule, bool) {
	r := &ruleset.Rule{Rule: k.Rule, File: k.File, Ref: ast.DefaultRootRef.Copy(), Sets: map[decision.Severity]*ast.Location{}, Standard: true}
	for _, part := range strings.Split(ruleset.StandardPrefix+k.Code, ".") {
		r.Ref = append(r.Ref, ast.StringTerm(part))
	}
	for severity, at := range map[decision.Severity]string{decision.Deny: k.Deny, decision.Warn: k.Warn} {
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
		r.Sets[severity] = l
	}
	if r.EffectiveOn != "" {
		at, err := time.Parse(time.RFC3339, r.EffectiveOn)
		if err != nil {
			return nil, false
		}
		r.EffectiveAt = at
	}
	return r, len(r.Sets) > 0
}

// A tableReader reads the table line by line.
type tableReader struct {
	lines []string
}

// rules reads the lines of rules, one JSON object each.
func (t *tableReader) rules() ([]*ruleset.Rule, bool) {
	var rules []*ruleset.Rule
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
	type place struct {
		cache *evalcache.Cache
		rule  int
	}
	places := map[string]place{}
	for _, q := range []*query{e.artifact, e.repository, e.exceptions} {
		for i, r := range q.rules {
			places[r.Code] = place{q.cache, i}
		}
	}
	for len(t.lines) > 0 {
		code, ok := strings.CutPrefix(t.lines[0], "rule ")
		at := places[code]
		if !ok || at.cache == nil {
			return false
		}
		n := 1
		for n < len(t.lines) && strings.HasPrefix(t.lines[n], " ") {
			n++
		}
		if !at.cache.Load(at.rule, t.lines[1:n]) {
			return false
		}
		t.lines = t.lines[n:]
	}
	return true
}

// compiled compiles the rules of an engine that was opened without.
func (e *Engine) compiled() (*ast.Compiler, error) {
	e.compiling.Do(func() {
		if e.compiler != nil {
			return
		}
		e.compiler, e.fault = ruleset.CompileModules(e.sources)
		e.late.Store(e.fault == nil)
	})
	return e.compiler, e.fault
}

// Compiled reports whether the rules are compiled: always after [New], and after [Open] once
// the table had no answer.
func (e *Engine) Compiled() bool { return e.sources == nil || e.late.Load() }
