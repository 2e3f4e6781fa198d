package workbench

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/codexlock/codexlock/internal/policy"
)

// The bounds of a proof: how many facts are changed at once, and how often a rule
// is asked.
const (
	maxChanges = 4
	maxAsked   = 10_000
)

// A Proof is what changing the facts of a valid subject shows of a rule: that each
// of its deny and warn can fire, and without which facts it is silent.
type Proof struct {
	Code        string        `json:"code"`
	Subject     string        `json:"subject"`
	Proved      bool          `json:"proved"`
	Definitions []Definition  `json:"definitions"`
	OnValid     []policy.Said `json:"on_valid"` // what it finds where nothing is amiss: it must find nothing
	Silent      []string      `json:"silent"`   // facts whose absence it passes, though it judges by them
	Faults      []string      `json:"faults"`   // facts of the right form that it does not answer about
	Asked       int           `json:"asked"`    // how often it was asked
}

// A Definition is one deny or warn, and the changes that make it fire.
type Definition struct {
	Severity policy.Severity `json:"severity"`
	File     string          `json:"file"`
	Line     int             `json:"line"`
	Fires    bool            `json:"fires"`
	Changes  []string        `json:"changes"`
}

// A change is one fact made into another one.
type change struct {
	path     []string
	from, to ast.Value // nil: not there
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
	reads    [][]string // the facts that the rule read there
}

func (v variant) changed(c change) variant {
	return variant{document: with(v.document, c.path, c.to), changes: append(slices.Clone(v.changes), c)}
}

// touches reports whether a path leads to a changed fact, or from one.
func (v variant) touches(path []string) bool {
	return slices.ContainsFunc(v.changes, func(c change) bool {
		n := min(len(c.path), len(path))
		return slices.Equal(c.path[:n], path[:n])
	})
}

// A prover asks one rule about variants of a valid document.
type prover struct {
	probe     *policy.Probe
	form      form
	constants []ast.Value
	proof     *Proof
	fired     []*variant // by definition; nil: not yet
	missed    map[string]bool
	matters   map[string]bool // facts of which another value fires
	ways      map[uint64]bool // how evaluations went
}

// Prove changes the facts of a valid document until each deny and each warn of the
// rule has fired, or nothing is left to try.
func Prove(ctx context.Context, p *policy.Probe, valid ast.Value) (Proof, error) {
	f, err := factsForm()
	if err != nil {
		return Proof{}, fmt.Errorf("read schemas/facts.json: %w", err)
	}
	proof := Proof{
		Code: p.Code, Subject: p.Subject, Definitions: []Definition{}, OnValid: []policy.Said{}, Silent: []string{}, Faults: []string{},
	}
	s := &prover{
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

// conclude puts together what was seen.
func (s *prover) conclude() {
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

// search tries one change after the other, and then changes to what was changed,
// always of facts that the rule reads there. It goes on from a document only where
// the evaluation went a way that none went before: another one would show nothing
// new. The first round is tried to its end.
func (s *prover) search(ctx context.Context, valid ast.Value) error {
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

// done reports whether there is nothing left to search for, or too much.
func (s *prover) done() bool {
	return !slices.Contains(s.fired, nil) || s.proof.Asked > maxAsked
}

// expand changes each fact that the rule reads in a variant, and gives those
// variants from which to go on.
func (s *prover) expand(ctx context.Context, v variant, first bool) ([]variant, error) {
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

// below reports whether a path leads into a fact that was changed as a whole: what
// is inside is as new.
func below(v variant, path []string) bool {
	return slices.ContainsFunc(v.changes, func(c change) bool {
		return c.to != nil && len(path) > len(c.path) && slices.Equal(c.path, path[:len(c.path)])
	})
}

// leaves adds to facts that were read as a whole what is inside them.
func (s *prover) leaves(document ast.Value, paths [][]string) [][]string {
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

// changes are what is made of one fact: every other value that it may have, its
// absence, and a value of another type.
func (s *prover) changes(document ast.Value, path []string) []change {
	now := at(document, path)
	if now == nil && len(path) > 1 && at(document, path[:len(path)-1]) == nil {
		return nil // what would hold it is not there
	}
	var all []change
	for _, v := range s.form.values(path, now, s.constants) {
		all = append(all, change{path: path, from: now, to: v})
	}
	if now != nil {
		all = append(all, change{path: path, from: now}, change{path: path, from: now, to: retyped(now), retyped: true})
	}
	return all
}

// noAnswer stands for how much a rule found where it did not answer.
const noAnswer = -1

// ask asks about a variant and notes which facts the rule read and which of its
// definitions fired. fresh says that the evaluation went a way of its own.
func (s *prover) ask(ctx context.Context, v *variant) (answers int, fresh bool, err error) {
	s.proof.Asked++
	w := newWitness(v.document)
	seen := make([]bool, len(s.fired))
	w.exits = func(r *ast.Rule) {
		for i, d := range s.probe.Definitions {
			seen[i] = seen[i] || d.File == r.Location.File && d.Line == r.Location.Row
		}
	}
	found, err := s.probe.Ask(ctx, v.document, "a changed sample", w, false)
	var fault *policy.PolicyError
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
		said := slices.ContainsFunc(found, func(f policy.Said) bool { return f.Severity == d.Severity })
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

// note remembers of a single change whether the rule found it.
func (s *prover) note(c change, answers int) {
	path := dotted(c.path)
	switch {
	case c.to == nil && answers == 0:
		s.missed[path] = true
	case answers > 0 && !c.retyped && c.from != nil && c.to != nil:
		s.matters[path] = true
	}
}

// dependence finds the facts by which the rule judges and whose absence it passes:
// another value of it is found and its absence is not; or what was found is found
// no more without it.
func (s *prover) dependence(ctx context.Context) error {
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

// optional reports whether the form lets a fact be absent: its absence then has a
// meaning of its own.
func (s *prover) optional(path []string) bool {
	if isIndex(path[len(path)-1]) {
		return true
	}
	required, _ := s.form.at(path[:len(path)-1])["required"].([]any)
	return len(path) > 1 && !slices.Contains(required, any(path[len(path)-1]))
}
