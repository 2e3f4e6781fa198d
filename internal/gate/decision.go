package gate

import (
	"context"
	"errors"
	"fmt"

	"github.com/codexlock/codexlock/internal/baseline"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/measure"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/schemas"
	"github.com/codexlock/codexlock/internal/suppression"
	"github.com/codexlock/codexlock/internal/trees"
)

// policyOptions are the options of a decision: how it is made, and what suppresses findings.
func (l baseLoader) policyOptions(ctx context.Context, c config.Config) (policy.Options, error) {
	o := policy.Options{Workers: l.gate.options.Settings.Jobs, MinimumLevel: c.MinimumLevel, Now: l.gate.now}
	set := &o.Suppressions
	set.File = c.File.String()
	for _, e := range c.Exceptions {
		rule, err := decision.ParseSelector(e.Rule)
		if err != nil {
			return o, exit.Usagef("%s: exception: %w", c.File, err)
		}
		set.Exceptions = append(set.Exceptions, suppression.Exception{
			Pointer: e.Pointer, Rule: rule, Paths: e.Paths, Reason: e.Reason, Owner: e.Owner, Expires: e.Expires,
		})
	}
	for _, x := range c.Rules {
		set.Settings = append(set.Settings, suppression.Setting{
			Pointer: x.Pointer, Rule: x.Rule, Level: x.Level, Reason: x.Reason, Owner: x.Owner, Expires: x.Expires,
		})
	}
	var err error
	set.Baseline, err = l.baseline(ctx, c)
	return o, err
}

// proposed reads the exceptions, rule settings and baseline of the head, in which
// the change may add entries. A head whose files cannot be read adds nothing here:
// gate.self_change reports those.
func (g *Gate) proposed(ctx context.Context, r *repo.Repository, e measure.Options) (suppression.Proposed, error) {
	if e.SameCommit {
		return suppression.Proposed{}, nil
	}
	edited := baseLoader{gate: g, repository: r, base: e.Head, edited: true}
	c, err := edited.config(ctx)
	if err != nil {
		return suppression.Proposed{}, ctx.Err()
	}
	options, err := edited.policyOptions(ctx, c)
	if err != nil {
		return suppression.Proposed{}, ctx.Err()
	}
	proposed := options.Suppressions
	p := suppression.Proposed{
		File: proposed.File, Exceptions: proposed.Exceptions, Settings: proposed.Settings,
		Baseline: proposed.Baseline.Path, Entries: proposed.Baseline.Entries,
	}
	p.Locate = func(file, pointer string) (int, int, bool) {
		switch {
		case file == p.Baseline && proposed.Baseline.Locate != nil:
			return proposed.Baseline.Locate(file, pointer)
		case file == p.File && c.Document != nil:
			at, ok := c.Document.Position(pointer)
			return at.Line, at.Column, ok
		}
		return 0, 0, false
	}
	return p, nil
}

// baseline reads the base commit's. One that cannot be used covers nothing, and
// is a finding; only a tree that cannot be read is an error.
func (l baseLoader) baseline(ctx context.Context, c config.Config) (suppression.Baseline, error) {
	b := suppression.Baseline{Path: c.Baseline.String(), State: "absent"}
	if b.Path == "" {
		return b, nil
	}
	entry, ok, err := l.base.Lookup(ctx, c.Baseline)
	switch {
	case err != nil:
		return b, fmt.Errorf("read %s: %w", b.Path, err)
	case !ok:
		return b, nil
	case entry.Kind != trees.File:
		b.State = "irregular"
		return b, nil
	}
	text, err := l.base.Read(ctx, entry, document.MaxLedgerBytes)
	if err != nil {
		return b, fmt.Errorf("read %s: %w", b.Path, err)
	}
	entries, doc, err := baseline.Decode(text)
	if doc != nil {
		b.Locate = func(_, pointer string) (int, int, bool) {
			at, ok := doc.Position(pointer)
			return at.Line, at.Column, ok
		}
	}
	var bad *schemas.Error
	switch {
	case errors.As(err, &bad):
		b.State = "invalid"
		b.Problems = problems(bad)
	case err != nil:
		return b, fmt.Errorf("read %s: %w", b.Path, err)
	default:
		b.State, b.Entries = "valid", entries
	}
	return b, nil
}

// problems returns the first problems of a document, so that they do not fill the report.
func problems(e *schemas.Error) []facts.Problem {
	const most = 5
	var first []facts.Problem
	for _, p := range e.Problems[:min(len(e.Problems), most)] {
		first = append(first, facts.Problem{Message: p.Message, Pointer: p.Pointer, Line: max(p.Position.Line, 1), Column: max(p.Position.Column, 1)})
	}
	return first
}
