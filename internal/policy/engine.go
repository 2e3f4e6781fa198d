// Package policy compiles Rego in a sandbox, evaluates every rule for every artifact and returns
// a decision. Only this package and internal/workbench import OPA. It fails closed: a rule
// without an answer is an error, never a pass.
package policy

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/evalcache"
	"github.com/codexlock/codexlock/internal/schemas"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

// An Engine is a compiled rule set. It is safe for concurrent use.
type Engine struct {
	rules      []*rule
	compiler   *ast.Compiler
	artifact   *query // every rule about one artifact
	repository *query // every rule about the whole change
	exceptions *query // every rule about suppressions
	source     string
	digest     string

	grace       time.Duration
	evaluations atomic.Int64 // evaluations of all rules for a subject
	partial     atomic.Int64 // evaluations of some of them

	sources   []Source // to compile on demand; nil: compiled
	compiling sync.Once
	late      atomic.Bool // compiled on demand
	fault     error
}

// New compiles the rules of the sources. A package of a later source replaces the embedded
// package of the same name. An error of a rule is a [*PolicyError].
func New(ctx context.Context, sources []Source) (*Engine, error) {
	e, _, faults, err := build(sources)
	if err != nil {
		return nil, err
	}
	if len(faults) > 0 {
		return nil, firstOf(faults)
	}
	e.query()
	return e, nil
}

// query makes the three queries of a decision. They are prepared when they are
// asked for the first time.
func (e *Engine) query() {
	e.artifact = newQuery(about(e.rules, subjectArtifact), &e.evaluations)
	e.repository = newQuery(about(e.rules, subjectRepository), &e.evaluations)
	e.exceptions = newQuery(about(e.rules, subjectExceptions), &e.evaluations)
	e.artifact.cache, e.artifact.repeats = newCache(e.artifact.rules), true
}

// build compiles the modules and collects their errors. It continues after an error unless
// later ones would only be consequences, and returns no engine if the modules do not
// compile.
func build(sources []Source) (*Engine, []*module, []*PolicyError, error) {
	schema, err := inputSchema()
	if err != nil {
		return nil, nil, nil, err
	}
	modules, faults := load(sources)
	if len(faults) > 0 {
		return nil, modules, faults, nil
	}
	rules, faults := discover(modules)
	if len(faults) == 0 {
		if fault := everySourceRules(sources, modules, rules); fault != nil {
			return nil, modules, []*PolicyError{fault}, nil
		}
	}
	e := &Engine{rules: rules, source: sourceNames(sources), digest: digest(sources), grace: grace}
	compiler, more := compile(modules, schema)
	faults = append(faults, more...)
	for _, m := range modules {
		faults = append(faults, knownValues(m.Module, schema)...)
	}
	if len(more) > 0 {
		return nil, modules, faults, nil
	}
	e.compiler = compiler
	return e, modules, append(faults, e.everyReferenceLeads(modules, schema)...), nil
}

// Rules returns the rules, sorted by code.
func (e *Engine) Rules() []decision.Rule {
	rules := make([]decision.Rule, len(e.rules))
	for i, r := range e.rules {
		rules[i] = r.Rule
	}
	return rules
}

func about(rules []*rule, subject string) []*rule {
	var some []*rule
	for _, r := range rules {
		if r.Subject == subject {
			some = append(some, r)
		}
	}
	return some
}

// everySourceRules refuses a source without rules: its directory is probably wrong, and
// that must not pass.
func everySourceRules(sources []Source, modules []*module, rules []*rule) *PolicyError {
	if len(rules) == 0 {
		return &PolicyError{Message: "no rule in " + sourceNames(sources), Next: "a rule set with no rules is never a pass; see that the directory is the right one"}
	}
	known := standardTexts(sources)
	for i := range sources {
		if sources[i].Standard {
			continue
		}
		found := slices.ContainsFunc(sources[i].Modules, func(m Module) bool {
			name, copied := known[string(m.Text)]
			return copied && !strings.HasPrefix(name, "lib/")
		})
		for _, m := range modules {
			found = found || m.source == &sources[i] && !isLib(m.path())
		}
		if !found {
			return &PolicyError{
				Message: fmt.Sprintf("no rule in source %q", sources[i].Name),
				Next:    "a rule set with no rules is never a pass; see that the directory is the right one and that its rules are not below lib",
			}
		}
	}
	return nil
}

// sourceNames are the names of the owners' sources, each once, or else the
// standard's own: that one always judges, beside the others.
func sourceNames(sources []Source) string {
	var names []string
	seen := map[string]bool{}
	owned := slices.ContainsFunc(sources, func(s Source) bool { return !s.Standard })
	for _, s := range sources {
		if !seen[s.Name] && !(owned && s.Standard) {
			names = append(names, s.Name)
		}
		seen[s.Name] = true
	}
	return strings.Join(names, ", ")
}

// inputSchema is schemas/facts.json as OPA's type checker takes it: without the
// two keys that are addresses, which it would look up.
var inputSchema = sync.OnceValues(func() (any, error) {
	var schema map[string]any
	if err := json.Unmarshal(schemas.Source(schemas.Facts), &schema); err != nil {
		return nil, fmt.Errorf("read schemas/facts.json: %w", err)
	}
	delete(schema, "$schema")
	delete(schema, "$id")
	return schema, nil
})

// compile checks the modules against each other and against the form of input.
// Schemas that a module names in an annotation are not asked: every module has
// the one type of input, which none can loosen.
func compile(modules []*module, schema any) (*ast.Compiler, []*PolicyError) {
	c := newCompiler(schema)
	parsed := make(map[string]*ast.Module, len(modules))
	for _, m := range modules {
		parsed[m.name] = m.Module
	}
	c.Compile(parsed)
	if c.Failed() {
		return nil, compileErrors(c.Errors)
	}
	return c, nil
}

// newCompiler returns the compiler of every module, with the allowed built-ins: the sandbox.
func newCompiler(schema any) *ast.Compiler {
	set := ast.NewSchemaSet()
	set.Put(ast.SchemaRootRef, schema)
	set.Put(ast.SchemaRootRef.Append(ast.StringTerm("facts")), schema)
	return ast.NewCompiler().WithCapabilities(capabilities()).WithStrict(true).WithSchemas(set).SetErrorLimit(0)
}

// A slot is the position of one set in a query's answer.
type slot struct {
	rule     *rule
	severity decision.Severity
}

// A query evaluates some rules together.
type query struct {
	rules   []*rule
	slots   []slot
	cache   *evalcache.Cache // nil: no answers are cached
	repeats bool             // it is used for many subjects, so caching helps
	parts   queryParts
	counted *atomic.Int64 // evaluations

	once     sync.Once
	prepared rego.PreparedEvalQuery
	err      error
}

func newQuery(rules []*rule, counted *atomic.Int64) *query {
	q := &query{rules: rules, counted: counted}
	for _, r := range rules {
		for _, s := range []decision.Severity{decision.Deny, decision.Warn} {
			if r.sets[s] != nil {
				q.slots = append(q.slots, slot{rule: r, severity: s})
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
			refs[i] = ast.NewTerm(s.rule.ref.Append(ast.StringTerm(string(s.severity))))
		}
		q.prepared, q.err = rego.New(
			rego.ParsedQuery(ast.NewBody(ast.NewExpr(ast.ArrayTerm(refs...)))),
			rego.Compiler(compiler),
			rego.Capabilities(capabilities()),
			rego.StrictBuiltinErrors(true),
			rego.GenerateJSON(func(t *ast.Term, _ *rego.EvalContext) (any, error) { return t, nil }),
		).PrepareForEval(context.WithoutCancel(ctx))
		if q.err != nil {
			q.err = firstOf(compileErrors(q.err))
		}
	})
	return q.err
}
