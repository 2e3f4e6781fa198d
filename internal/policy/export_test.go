package policy

import (
	"maps"
	"slices"
	"time"

	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/ruleset"
	"github.com/open-policy-agent/opa/v1/ast"
)

// What only this package's tests may see.
var (
	Capabilities = ruleset.Capabilities
	FactsValue   = func(in facts.Input) (ast.Value, error) { return factsValue(&in) }
)

// SetGrace shortens how long an evaluation may take to notice its end.
func (e *Engine) SetGrace(d time.Duration) { e.grace = d }

// Allowed are the built-ins of a rule.
func Allowed() []string { return slices.Sorted(maps.Keys(ruleset.Allowed())) }

// Evaluations is how often all rules about a subject were evaluated.
func (e *Engine) Evaluations() int { return int(e.evaluations.Load()) }

// PartialEvaluations is how often some of the rules about a subject were.
func (e *Engine) PartialEvaluations() int { return int(e.partial.Load()) }

// Kept is how many evaluations are kept.
func (e *Engine) Kept() int { return e.artifact.cache.Len() }
