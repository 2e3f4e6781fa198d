package gate

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"

	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/keys"
	"github.com/codexlock/codexlock/internal/preview"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/ruleset"
	"github.com/codexlock/codexlock/internal/suppression"
	"github.com/codexlock/codexlock/internal/trees"
)

// checkEdited returns a function that loads the edited gate and reports why it cannot be
// used: once merged, no change would pass, not even the one that reverts it. The edited gate
// judges nothing here.
func (g *Gate) checkEdited(r *repo.Repository) func(context.Context, trees.Tree) ([]facts.GateProblem, error) {
	return func(ctx context.Context, head trees.Tree) ([]facts.GateProblem, error) {
		err := baseLoader{gate: g, repository: r, base: head, edited: true, lenient: true}.load(ctx)
		if err == nil {
			return nil, nil
		}
		p, ok := problemOf(err)
		if !ok {
			return nil, err
		}
		p.Path = cmp.Or(p.Path, config.Paths[0].String())
		return []facts.GateProblem{p}, nil
	}
}

// load loads the gate of a tree, and keeps nothing of it.
func (l baseLoader) load(ctx context.Context) error {
	c, err := l.config(ctx)
	if err != nil {
		return err
	}
	return l.loadConfigured(ctx, c)
}

// loadConfigured loads all that a configuration names, and keeps nothing of it.
func (l baseLoader) loadConfigured(ctx context.Context, c config.Config) error {
	if err := keys.Check(c, l.gate.world.Env); err != nil {
		return err
	}
	edited := preview.Gate{}
	sources, err := l.sources(ctx, c)
	if err != nil {
		return err
	}
	for _, source := range sources {
		if !source.Standard {
			edited.Sources = append(edited.Sources, source)
		}
	}
	texts, err := l.schemaTexts(ctx, c)
	if err != nil {
		return err
	}
	for _, t := range texts {
		edited.Schemas = append(edited.Schemas, preview.Schema{Kind: t.kind, Path: t.path.String(), Text: t.text})
	}
	options, err := l.policyOptions(ctx, c)
	if err != nil {
		return err
	}
	if err := checkBaseline(options.Suppressions.Baseline); err != nil {
		return err
	}
	if len(edited.Sources)+len(edited.Schemas) == 0 {
		return nil
	}
	fault, err := program(l.gate.world).Load(ctx, edited)
	if err == nil && fault != nil {
		err = &loadError{*fault}
	}
	return err
}

// checkBaseline returns the error of a baseline that exists but cannot be read.
func checkBaseline(b suppression.Baseline) error {
	switch {
	case b.State == "irregular":
		return &loadError{preview.LoadError{File: b.Path, Message: "is not a regular file, want a baseline"}}
	case b.State == "invalid" && len(b.Problems) > 0:
		p := b.Problems[0]
		return &loadError{preview.LoadError{File: b.Path, Line: p.Line, Column: p.Column, Message: p.Message}}
	case b.State == "invalid":
		return &loadError{preview.LoadError{File: b.Path, Message: "is no baseline"}}
	}
	return nil
}

// A loadError is an error from the process that loads an edited gate.
type loadError struct{ preview.LoadError }

func (e *loadError) Error() string { return e.Message }

// problemOf returns the file and position of a loading error. ok is false for an error of
// the program itself.
func problemOf(err error) (p facts.GateProblem, ok bool) {
	var bad *config.Error
	var rule *ruleset.Error
	var fault *loadError
	var file *fileError
	var large *git.TooLargeError
	switch {
	case errors.As(err, &bad):
		p = facts.GateProblem{Path: bad.File, Line: bad.Line, Column: bad.Column, Message: bad.Message}
	case errors.As(err, &rule):
		p = facts.GateProblem{Path: rule.File, Line: rule.Line, Column: rule.Column, Message: rule.Message}
	case errors.As(err, &fault):
		p = facts.GateProblem{Path: fault.File, Line: fault.Line, Column: fault.Column, Message: fault.Message}
	case errors.As(err, &file):
		p = facts.GateProblem{Path: file.name, Message: file.Error()}
	case errors.As(err, &large):
		p = facts.GateProblem{Path: large.Path, Message: large.Error()}
	case exit.IsUsage(err):
		p = facts.GateProblem{Message: err.Error()}
	default:
		return p, false
	}
	p.Path = filepath.ToSlash(p.Path)
	p.Line, p.Column = max(p.Line, 1), max(p.Column, 1)
	p.Message = cmp.Or(p.Message, "cannot be used")
	return p, true
}
