package workbench

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/codexlock/codexlock/internal/kinds"
	"github.com/codexlock/codexlock/internal/ruleset"
	"github.com/codexlock/codexlock/internal/schemas"
)

// Valid are facts of which no rule finds anything, by the subject of rules.
type Valid map[string]ast.Value

// Samples are the valid facts that the standard's own tests use.
func Samples(ctx context.Context, embedded ruleset.Source) (Valid, error) {
	return ruleset.Samples(ctx, embedded)
}

// Take replaces the sample of a subject by measured facts.
func (v Valid) Take(from io.Reader) error {
	text, err := io.ReadAll(from)
	if err != nil {
		return err
	}
	if _, err := schemas.Decode(kinds.Facts, text, nil); err != nil {
		return err
	}
	facts, err := ast.ValueFromReader(bytes.NewReader(text))
	if err != nil {
		return err
	}
	for subject := range v {
		if at(facts, []string{subject}) != nil {
			v[subject] = facts
			return nil
		}
	}
	return fmt.Errorf("the facts are of no artifact and of no change")
}
