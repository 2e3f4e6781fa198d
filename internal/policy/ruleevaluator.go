package policy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/ruleset"
)

// An UnknownRuleError is a code that no rule has.
type UnknownRuleError struct {
	Code string
	Near string // the code that was probably meant, "" where none is near
}

func (e *UnknownRuleError) Error() string { return fmt.Sprintf("no rule has the code %q", e.Code) }

// Usage says that the user corrects it.
func (e *UnknownRuleError) Usage() bool { return true }

// Hint is the next step.
func (e *UnknownRuleError) Hint() string {
	if e.Near != "" {
		return fmt.Sprintf("did you mean %s? codexlock policy list names them all", e.Near)
	}
	return "codexlock policy list names them all"
}

// A RuleEvaluator evaluates one rule on any facts. It is for rule owners; its results are
// not verdicts.
type RuleEvaluator struct {
	decision.Rule
	Definitions []Definition
	engine      *Engine
	rule        *ruleset.Rule
	query       *query
	deadline    time.Duration
}

// A Definition is one deny or warn of a rule.
type Definition struct {
	Severity decision.Severity
	File     string
	Line     int
}

// A RuleFinding is one member of a rule's deny or warn.
type RuleFinding struct {
	Severity decision.Severity `json:"severity"`
	Message  string            `json:"message"`
}

// NewRuleEvaluator prepares a rule. A deadline of 0 is DefaultDeadline. Its error is an
// *UnknownRuleError for a code that no rule has.
func (e *Engine) NewRuleEvaluator(ctx context.Context, code string, deadline time.Duration) (*RuleEvaluator, error) {
	i := slices.IndexFunc(e.rules, func(r *ruleset.Rule) bool { return r.Code == code })
	if i < 0 {
		return nil, e.unknown(code)
	}
	r := e.rules[i]
	q := newQuery([]*ruleset.Rule{r}, &e.partial)
	if err := e.prepare(ctx, q); err != nil {
		return nil, err
	}
	if deadline <= 0 {
		deadline = DefaultDeadline
	}
	p := &RuleEvaluator{Rule: r.Rule, engine: e, rule: r, query: q, deadline: deadline}
	for _, m := range e.compiler.Modules {
		if !m.Package.Path.Equal(r.Ref) {
			continue
		}
		for _, def := range m.Rules {
			if s := decision.Severity(ruleset.NameOf(def)); s == decision.Deny || s == decision.Warn {
				p.Definitions = append(p.Definitions, Definition{Severity: s, File: def.Location.File, Line: def.Location.Row})
			}
		}
	}
	return p, nil
}

func (e *Engine) unknown(code string) error {
	fault := &UnknownRuleError{Code: code}
	for _, r := range e.rules {
		if ruleset.Near(r.Code, code) {
			fault.Near = r.Code
		}
	}
	return fault
}

// Ask evaluates the rule about facts of any form. Its error is a [*PolicyError].
// With a tracer every body is tried: none is left out by an index.
func (p *RuleEvaluator) Ask(ctx context.Context, input ast.Value, subject string, tracer topdown.QueryTracer, index bool) ([]RuleFinding, error) {
	s := newStopwatch(p.deadline, p.engine.grace)
	defer context.AfterFunc(ctx, func() { s.stop(false) })()
	type answer struct {
		terms []*ast.Term
		err   error
	}
	done := make(chan answer, 2)
	options := []rego.EvalOption{rego.EvalRuleIndexing(index)}
	if tracer != nil {
		options = append(options, rego.EvalQueryTracer(tracer))
	}
	go func() {
		terms, err := p.engine.evaluate(ctx, p.query, input, s, func() { done <- answer{err: errDeadline} }, options...)
		done <- answer{terms, err}
	}()
	a := <-done
	if a.err != nil {
		return nil, ruleError(p.rule, subject, a.err)
	}
	var all []RuleFinding
	for i, t := range a.terms {
		found, err := ruleset.Members(p.query.slots[i], t)
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			all = append(all, RuleFinding{Severity: f.Severity, Message: f.Message})
		}
	}
	return all, nil
}

// Constants are the strings and numbers that the rule, and the helpers that it
// asks, are written with.
func (p *RuleEvaluator) Constants() []ast.Value {
	seen := map[string]ast.Value{}
	visited := map[*ast.Rule]bool{}
	var visit func(*ast.Rule)
	visit = func(r *ast.Rule) {
		if visited[r] {
			return
		}
		visited[r] = true
		ast.WalkTerms(r, func(t *ast.Term) bool {
			switch v := t.Value.(type) {
			case ast.Ref:
				return true // its parts are names
			case ast.String, ast.Number:
				seen[v.String()] = v
			}
			return false
		})
		for next := range p.engine.compiler.Graph.Dependencies(r) {
			if dependency, ok := next.(*ast.Rule); ok {
				visit(dependency)
			}
		}
	}
	for _, m := range p.engine.compiler.Modules {
		if m.Package.Path.Equal(p.rule.Ref) {
			for _, r := range m.Rules {
				visit(r)
			}
		}
	}
	values := make([]ast.Value, 0, len(seen))
	for _, v := range seen {
		values = append(values, v)
	}
	slices.SortFunc(values, func(a, b ast.Value) int { return strings.Compare(a.String(), b.String()) })
	return values
}

// InputValue is what a rule sees of measured facts.
func InputValue(in *facts.Input) (ast.Value, error) { return factsValue(in) }

// IsDeadline reports whether an error is a rule that did not end in time.
func IsDeadline(err error) bool { return errors.Is(err, errDeadline) }
