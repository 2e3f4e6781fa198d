// Package policy evaluates every rule for every artifact, in OPA, and returns a decision. It
// compiles no rule (internal/ruleset) and measures nothing (internal/measure). It fails closed:
// a rule without an answer is an error, never a pass.
package policy

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/evalcache"
	"github.com/codexlock/codexlock/internal/ruleset"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

// An Engine is a compiled rule set. It is safe for concurrent use.
type Engine struct {
	rules      []*ruleset.Rule
	compiler   *ast.Compiler
	artifact   *query // every rule about one artifact
	repository *query // every rule about the whole change
	exceptions *query // every rule about suppressions
	source     string
	digest     string

	grace       time.Duration
	evaluations atomic.Int64 // evaluations of all rules for a subject
	partial     atomic.Int64 // evaluations of some of them

	sources   []ruleset.Source // to compile on demand; nil: compiled
	compiling sync.Once
	late      atomic.Bool // compiled on demand
	fault     error
}

// New compiles the rules of the sources. A package of a later source replaces the embedded
// package of the same name. An error of a rule is a [*ruleset.Error].
func New(ctx context.Context, sources []ruleset.Source) (*Engine, error) {
	set, err := ruleset.Compile(sources)
	if err != nil {
		return nil, err
	}
	e := &Engine{rules: set.Rules, compiler: set.Compiler, source: set.Source, digest: set.Digest, grace: grace}
	e.query()
	return e, nil
}

// query makes the three queries of a decision. They are prepared when they are
// asked for the first time.
func (e *Engine) query() {
	e.artifact = newQuery(rulesAbout(e.rules, ruleset.SubjectArtifact), &e.evaluations)
	e.repository = newQuery(rulesAbout(e.rules, ruleset.SubjectRepository), &e.evaluations)
	e.exceptions = newQuery(rulesAbout(e.rules, ruleset.SubjectExceptions), &e.evaluations)
	e.artifact.cache, e.artifact.repeats = newCache(e.artifact.rules), true
}

// Rules returns the rules, sorted by code.
func (e *Engine) Rules() []decision.Rule {
	rules := make([]decision.Rule, len(e.rules))
	for i, r := range e.rules {
		rules[i] = r.Rule
	}
	return rules
}

// RuleTexts returns a digest of the text of each rule, by code.
func (e *Engine) RuleTexts(sources []ruleset.Source) map[string]string {
	return ruleset.Texts(sources, e.rules)
}

// rulesAbout returns the rules about a subject.
func rulesAbout(rules []*ruleset.Rule, subject string) []*ruleset.Rule {
	var some []*ruleset.Rule
	for _, r := range rules {
		if r.Subject == subject {
			some = append(some, r)
		}
	}
	return some
}

// A query evaluates some rules together.
type query struct {
	rules   []*ruleset.Rule
	slots   []ruleset.Slot
	cache   *evalcache.Cache // nil: no answers are cached
	repeats bool             // it is used for many subjects, so caching helps
	parts   queryParts
	counted *atomic.Int64 // evaluations

	once     sync.Once
	prepared rego.PreparedEvalQuery
	err      error
}

func newQuery(rules []*ruleset.Rule, counted *atomic.Int64) *query {
	q := &query{rules: rules, counted: counted}
	for _, r := range rules {
		for _, s := range []decision.Severity{decision.Deny, decision.Warn} {
			if r.Sets[s] != nil {
				q.slots = append(q.slots, ruleset.Slot{Rule: r, Severity: s})
			}
		}
	}
	return q
}

// prepare compiles one question to all of a query's rules: an array of their sets.
// A set that has no answer leaves the whole array without one, so none can be
// missed.
func (e *Engine) prepare(ctx context.Context, q *query) error {
	q.once.Do(func() {
		compiler, err := e.compiled()
		if err != nil {
			q.err = err
			return
		}
		refs := make([]*ast.Term, len(q.slots))
		for i, s := range q.slots {
			refs[i] = ast.NewTerm(s.Rule.Ref.Append(ast.StringTerm(string(s.Severity))))
		}
		q.prepared, q.err = rego.New(
			rego.ParsedQuery(ast.NewBody(ast.NewExpr(ast.ArrayTerm(refs...)))),
			rego.Compiler(compiler),
			rego.Capabilities(ruleset.Capabilities()),
			rego.StrictBuiltinErrors(true),
			rego.GenerateJSON(func(t *ast.Term, _ *rego.EvalContext) (any, error) { return t, nil }),
		).PrepareForEval(context.WithoutCancel(ctx))
		if q.err != nil {
			q.err = ruleset.FirstOf(ruleset.CompileErrors(q.err))
		}
	})
	return q.err
}
