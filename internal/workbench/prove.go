package workbench

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/ruleset"
)

// The limits of a mutation test: the number of facts that are changed together, and the
// number of evaluations of a rule.
const (
	maxChanges = 4
	maxAsked   = 10_000
)

// A Proof is the result of a rule's mutation test: whether each of its deny and warn can
// fire, and which missing facts it does not report.
type Proof struct {
	Code        string               `json:"code"`
	Subject     string               `json:"subject"`
	Proved      bool                 `json:"proved"`
	Definitions []Definition         `json:"definitions"`
	OnValid     []policy.RuleFinding `json:"on_valid"` // its findings on valid facts: there must be none
	Silent      []string             `json:"silent"`   // facts that it judges but whose absence it does not report
	Faults      []string             `json:"faults"`   // valid facts for which its evaluation fails
	Asked       int                  `json:"asked"`    // number of evaluations
}

// A Definition is one deny or warn, with the changes that make it fire.
type Definition struct {
	Severity decision.Severity `json:"severity"`
	File     string            `json:"file"`
	Line     int               `json:"line"`
	Fires    bool              `json:"fires"`
	Changes  []string          `json:"changes"`
}

// A change is one changed fact.
type change struct {
	path     []string
	from, to ast.Value // nil: absent
	retyped  bool
}

func (c change) String() string {
	to := shown(c.to)
	if c.to == nil {
		to = "gone"
	}
	return fmt.Sprintf("%s: %s → %s", dotted(c.path), shown(c.from), to)
}

// A variant is a document with some facts changed.
type variant struct {
	document ast.Value
	changes  []change
	reads    [][]string // the facts that the rule read
}

func (v variant) changed(c change) variant {
	return variant{document: with(v.document, c.path, c.to), changes: append(slices.Clone(v.changes), c)}
}

// touches reports whether a path is above or below a changed fact.
func (v variant) touches(path []string) bool {
	return slices.ContainsFunc(v.changes, func(c change) bool {
		n := min(len(c.path), len(path))
		return slices.Equal(c.path[:n], path[:n])
	})
}

// A mutationTest evaluates one rule on variants of a valid document.
type mutationTest struct {
	probe     *policy.RuleEvaluator
	form      factSchema
	constants []ast.Value
	proof     *Proof
	fired     []*variant // by definition; nil: not yet
	missed    map[string]bool
	matters   map[string]bool // facts that make the rule fire with another value
	ways      map[uint64]bool // hashes of the evaluation paths so far
}

// Prove changes the facts of a valid document until each deny and each warn of the
// rule has fired, or nothing is left to try.
func Prove(ctx context.Context, p *policy.RuleEvaluator, valid ast.Value) (Proof, error) {
	f, err := factsForm()
	if err != nil {
		return Proof{}, fmt.Errorf("read schemas/facts.json: %w", err)
	}
	proof := Proof{
		Code: p.Code, Subject: p.Subject, Definitions: []Definition{}, OnValid: []policy.RuleFinding{}, Silent: []string{}, Faults: []string{},
	}
	s := &mutationTest{
		probe: p, form: f, constants: p.Constants(), proof: &proof, fired: make([]*variant, len(p.Definitions)),
		missed: map[string]bool{}, matters: map[string]bool{}, ways: map[uint64]bool{},
	}
	found, err := p.Ask(ctx, valid, "the valid sample", nil, true)
	if err != nil {
		return proof, err
	}
	proof.OnValid = append(proof.OnValid, found...)
	if len(found) == 0 {
		if err := s.search(ctx, valid); err != nil {
			return proof, err
		}
		if err := s.dependence(ctx); err != nil {
			return proof, err
		}
	}
	s.conclude()
	return proof, nil
}

// conclude fills in the result.
func (s *mutationTest) conclude() {
	s.proof.Proved = len(s.proof.OnValid) == 0
	for i, d := range s.probe.Definitions {
		one := Definition{Severity: d.Severity, File: d.File, Line: d.Line, Changes: []string{}}
		if v := s.fired[i]; v != nil {
			one.Fires = true
			for _, c := range v.changes {
				one.Changes = append(one.Changes, c.String())
			}
		}
		s.proof.Proved = s.proof.Proved && one.Fires
		s.proof.Definitions = append(s.proof.Definitions, one)
	}
	for path := range s.missed {
		s.proof.Silent = append(s.proof.Silent, path)
	}
	slices.Sort(s.proof.Silent)
	slices.Sort(s.proof.Faults)
	s.proof.Faults = slices.Compact(s.proof.Faults)
}

// search tries single changes, and then further changes of changed documents, always of
// facts that the rule reads. It continues from a document only if its evaluation took a
// new path, because any other would show nothing new. The first round is completed in
// any case.
func (s *mutationTest) search(ctx context.Context, valid ast.Value) error {
	start := variant{document: valid}
	if _, _, err := s.ask(ctx, &start); err != nil {
		return err
	}
	frontier := []variant{start}
	for depth := 1; depth <= maxChanges; depth++ {
		var next []variant
		for _, v := range frontier {
			more, err := s.expand(ctx, v, depth == 1)
			if err != nil {
				return err
			}
			next = append(next, more...)
		}
		frontier = next
	}
	return nil
}

// done reports whether everything fired or a limit is reached.
func (s *mutationTest) done() bool {
	return !slices.Contains(s.fired, nil) || s.proof.Asked > maxAsked
}

// expand changes each fact that the rule reads in a variant, and returns the variants to
// continue from.
func (s *mutationTest) expand(ctx context.Context, v variant, first bool) ([]variant, error) {
	var more []variant
	for _, path := range v.reads {
		if v.touches(path) && !below(v, path) {
			continue
		}
		for _, c := range s.changes(v.document, path) {
			if !first && s.done() {
				return nil, nil
			}
			next := v.changed(c)
			answers, fresh, err := s.ask(ctx, &next)
			if err != nil {
				return nil, err
			}
			if first {
				s.note(c, answers)
			}
			if fresh && !c.retyped {
				more = append(more, next)
			}
		}
	}
	return more, nil
}

// below reports whether a path is inside a fact that was changed as a whole.
func below(v variant, path []string) bool {
	return slices.ContainsFunc(v.changes, func(c change) bool {
		return c.to != nil && len(path) > len(c.path) && slices.Equal(c.path, path[:len(c.path)])
	})
}

// leaves adds the facts inside of facts that were read as a whole.
func (s *mutationTest) leaves(document ast.Value, paths [][]string) [][]string {
	seen := map[string]bool{}
	var all [][]string
	var add func(path []string)
	add = func(path []string) {
		key := dotted(path)
		if seen[key] || len(seen) > maxFacts {
			return
		}
		seen[key] = true
		all = append(all, path)
		switch v := at(document, path).(type) {
		case ast.Object:
			properties, _ := s.form.at(path)["properties"].(map[string]any)
			names := make([]string, 0, len(properties))
			for name := range properties {
				names = append(names, name)
			}
			slices.Sort(names)
			for _, name := range names {
				add(append(slices.Clone(path), name))
			}
		case *ast.Array:
			for i := range v.Len() {
				add(append(slices.Clone(path), fmt.Sprint(i)))
			}
		}
	}
	for _, p := range paths {
		add(p)
	}
	slices.SortFunc(all, slices.Compare)
	return all
}

// changes returns the changes of one fact: every other allowed value, its absence, and a
// value of another type. For a fact in a document that is absent, the document is added.
func (s *mutationTest) changes(document ast.Value, path []string) []change {
	for len(path) > 1 && at(document, path[:len(path)-1]) == nil {
		path = path[:len(path)-1] // what it would be in is absent, and comes first
	}
	now := at(document, path)
	var all []change
	for _, v := range s.form.values(path, now, s.constants) {
		all = append(all, change{path: path, from: now, to: v})
	}
	if now != nil {
		all = append(all, change{path: path, from: now}, change{path: path, from: now, to: retyped(now), retyped: true})
	}
	return all
}

// noAnswer is the number of findings of an evaluation that failed.
const noAnswer = -1

// ask evaluates the rule on a variant, and records the facts that it read and the
// definitions that fired. fresh means that the evaluation took a new path.
func (s *mutationTest) ask(ctx context.Context, v *variant) (answers int, fresh bool, err error) {
	s.proof.Asked++
	w := newCoverageTracer(v.document)
	seen := make([]bool, len(s.fired))
	w.exits = func(r *ast.Rule) {
		for i, d := range s.probe.Definitions {
			seen[i] = seen[i] || d.File == r.Location.File && d.Line == r.Location.Row
		}
	}
	found, err := s.probe.Ask(ctx, v.document, "a changed sample", w, false)
	var fault *ruleset.Error
	switch {
	case policy.IsDeadline(err) || ctx.Err() != nil:
		return 0, false, err
	case errors.As(err, &fault):
		if len(v.changes) == 1 && !v.changes[0].retyped && v.changes[0].to != nil {
			s.proof.Faults = append(s.proof.Faults, v.changes[0].String()+": "+fault.Message)
		}
		return noAnswer, false, nil
	case err != nil:
		return 0, false, err
	}
	for i, d := range s.probe.Definitions {
		said := slices.ContainsFunc(found, func(f policy.RuleFinding) bool { return f.Severity == d.Severity })
		if s.fired[i] == nil && seen[i] && said {
			s.fired[i] = v
		}
	}
	v.reads = s.leaves(v.document, w.reads())
	way := w.way()
	fresh = !s.ways[way]
	s.ways[way] = true
	return len(found), fresh, nil
}

// note records whether the rule found a single change.
func (s *mutationTest) note(c change, answers int) {
	path := dotted(c.path)
	switch {
	case c.to == nil && answers == 0:
		s.missed[path] = true
	case answers > 0 && !c.retyped && c.from != nil && c.to != nil:
		s.matters[path] = true
	}
}

// dependence finds the facts that the rule judges but whose absence it does not report: it
// finds another value but not the absence, or a finding disappears without the fact.
func (s *mutationTest) dependence(ctx context.Context) error {
	for path := range s.missed {
		if !s.matters[path] {
			delete(s.missed, path)
		}
	}
	for _, v := range s.fired {
		if v == nil {
			continue
		}
		for _, path := range v.reads {
			if at(v.document, path) == nil || v.touches(path) || s.optional(path) {
				continue
			}
			without := v.changed(change{path: path, from: at(v.document, path)})
			answers, _, err := s.ask(ctx, &without)
			if err != nil {
				return err
			}
			if answers == 0 {
				s.missed[dotted(path)] = true
			}
		}
	}
	return nil
}

// optional reports whether the schema makes a fact optional: its absence then has a
// meaning.
func (s *mutationTest) optional(path []string) bool {
	if isIndex(path[len(path)-1]) {
		return true
	}
	required, _ := s.form.at(path[:len(path)-1])["required"].([]any)
	return len(path) > 1 && !slices.Contains(required, any(path[len(path)-1]))
}
