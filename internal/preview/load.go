package preview

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/codexlock/codexlock/internal/ownerschema"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/ruleset"
	"github.com/codexlock/codexlock/internal/schemas"
	"github.com/codexlock/codexlock/policies"
)

// A Gate is an edited gate to load: the owner's rules and schemas.
type Gate struct {
	Sources []ruleset.Source
	Schemas []Schema
}

// A Schema is the text of an owner's additional schema.
type Schema struct {
	Kind schemas.Kind
	Path string
	Text string
}

// A LoadError is the reason why a gate cannot be loaded, with its position.
type LoadError struct {
	File         string `json:"file,omitempty"` // "": not caused by one file
	Line, Column int    // count from 1; 0: the whole file
	Message      string `json:"message"`
}

// Load compiles an edited gate in a separate process, as Ask does, because compiling a rule
// can take any amount of memory. It returns nil for a gate that loads. An error means
// that the gate could not be tested.
func (p Program) Load(ctx context.Context, g Gate) (*LoadError, error) {
	if p.Path == "" {
		return nil, errors.New("load the edited gate: this program cannot start itself once more")
	}
	bounded, cancel := context.WithTimeout(ctx, MaxTime)
	defer cancel()
	a, err := p.run(bounded, func(w io.Writer) error { return json.NewEncoder(w).Encode(question{Load: &g}) })
	var gaveUp *problem
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.As(err, &gaveUp):
		return &LoadError{Message: "the edited gate cannot be loaded: " + gaveUp.words}, nil
	case err != nil:
		return nil, fmt.Errorf("load the edited gate: %w", err)
	}
	return a.Fault, nil
}

// load compiles the gate, in the process.
func load(ctx context.Context, g *Gate) (*LoadError, error) {
	embedded, err := ruleset.Embedded(policies.FS)
	if err != nil {
		return nil, err
	}
	_, err = policy.New(ctx, append([]ruleset.Source{embedded}, g.Sources...))
	var bad *ruleset.Error
	switch {
	case errors.As(err, &bad):
		return &LoadError{File: bad.File, Line: bad.Line, Column: bad.Column, Message: clipped(bad.Message)}, nil
	case err != nil:
		return nil, err
	}
	for _, s := range g.Schemas {
		if _, err := ownerschema.Compile(s.Kind, []byte(s.Text)); err != nil {
			return &LoadError{File: s.Path, Message: clipped(err.Error())}, nil
		}
	}
	return nil, nil
}

// clipped shortens an error message of the edited gate.
func clipped(s string) string {
	words := []rune(s)
	if len(words) > maxProblem {
		words = append(words[:maxProblem], '…')
	}
	return string(words)
}
