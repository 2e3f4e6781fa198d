package policy

import (
	"maps"
	"slices"
	"time"

	"github.com/codexlock/codexlock/internal/facts"
	"github.com/open-policy-agent/opa/v1/ast"
)

// What only this package's tests may see.
var (
	Capabilities = capabilities
	FactsValue   = func(in facts.Input) (ast.Value, error) { return factsValue(&in) }
	ShellQuoted  = shellQuoted
)

// SetGrace shortens how long an evaluation may take to notice its end.
func (e *Engine) SetGrace(d time.Duration) { e.grace = d }

// Allowed are the built-ins of a rule.
func Allowed() []string { return slices.Sorted(maps.Keys(allowed())) }

// Evaluations is how often a query was evaluated.
func (e *Engine) Evaluations() int { return int(e.evaluations.Load()) }

// WithoutPrecedents evaluates every artifact by itself.
func (e *Engine) WithoutPrecedents() { e.artifact.precedents = nil }

// Precedents is how many are kept.
func (e *Engine) Precedents() int { return e.artifact.precedents.kept }
