package preview

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/codexlock/codexlock/internal/ownerschema"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/schemas"
	"github.com/codexlock/codexlock/policies"
)

// A Gate is an edited gate that is to be loaded, and nothing else: the owner's
// rules and schemas.
type Gate struct {
	Sources []policy.Source
	Schemas []Schema
}

// A Schema is an owner's additional schema as it was read.
type Schema struct {
	Kind schemas.Kind
	Path string
	Text string
}

// A Fault is why a gate cannot be loaded, and where.
type Fault struct {
	File         string `json:"file,omitempty"` // "": no one file is the reason
	Line, Column int    // count from 1; 0 where the whole file is meant
	Message      string `json:"message"`
}

// Load compiles an edited gate in a process of its own, as Ask does: rules that
// take all memory there is to compile take that process's. It returns nil for a
// gate that loads. An error is about us: nothing is known of the gate.
func (p Program) Load(ctx context.Context, g Gate) (*Fault, error) {
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
		return &Fault{Message: "the edited gate cannot be loaded: " + gaveUp.words}, nil
	case err != nil:
		return nil, fmt.Errorf("load the edited gate: %w", err)
	}
	return a.Fault, nil
}

// load is the process's side.
func load(ctx context.Context, g *Gate) (*Fault, error) {
	embedded, err := policy.Embedded(policies.FS)
	if err != nil {
		return nil, err
	}
	_, err = policy.New(ctx, append([]policy.Source{embedded}, g.Sources...))
	var bad *policy.PolicyError
	switch {
	case errors.As(err, &bad):
		return &Fault{File: bad.File, Line: bad.Line, Column: bad.Column, Message: clipped(bad.Message)}, nil
	case err != nil:
		return nil, err
	}
	for _, s := range g.Schemas {
		if _, err := ownerschema.Compile(s.Kind, []byte(s.Text)); err != nil {
			return &Fault{File: s.Path, Message: clipped(err.Error())}, nil
		}
	}
	return nil, nil
}

// clipped bounds what is repeated of an error that the edited gate makes.
func clipped(s string) string {
	words := []rune(s)
	if len(words) > maxProblem {
		words = append(words[:maxProblem], '…')
	}
	return string(words)
}
