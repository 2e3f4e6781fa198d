package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/baseline"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/schemas"
)

// asked are the options of a decision: how it is made, and what lets findings stand.
func (s settings) asked(ctx context.Context, c config.Config) (policy.Options, error) {
	o := policy.Options{Workers: s.gate.jobs, MinimumLevel: c.MinimumLevel, Now: s.gate.now, ExceptionsIn: c.File.String()}
	for _, e := range c.Exceptions {
		rule, err := policy.ParseSelector(e.Rule)
		if err != nil {
			return o, exit.Usagef("%s: exception: %w", c.File, err)
		}
		o.Exceptions = append(o.Exceptions, policy.Exception{
			Pointer: e.Pointer, Rule: rule, Paths: e.Paths, Reason: e.Reason, Owner: e.Owner, Expires: e.Expires,
		})
	}
	for _, x := range c.Rules {
		o.Settings = append(o.Settings, policy.Setting{
			Pointer: x.Pointer, Rule: x.Rule, Level: x.Level, Reason: x.Reason, Owner: x.Owner, Expires: x.Expires,
		})
	}
	var err error
	o.Baseline, err = s.baseline(ctx, c)
	return o, err
}

// proposed reads the exceptions, rule settings and baseline of the head, in which
// the change may add entries. A head whose files cannot be read adds nothing here:
// gate.self_change reports those.
func (g gate) proposed(ctx context.Context, r *repo.Repository, e facts.Options) (policy.Proposed, error) {
	if e.SameCommit {
		return policy.Proposed{}, nil
	}
	edited := settings{gate: g, repository: r, base: e.Head, edited: true}
	c, err := edited.config(ctx)
	if err != nil {
		return policy.Proposed{}, ctx.Err()
	}
	asked, err := edited.asked(ctx, c)
	if err != nil {
		return policy.Proposed{}, ctx.Err()
	}
	p := policy.Proposed{
		File: asked.ExceptionsIn, Exceptions: asked.Exceptions, Settings: asked.Settings,
		Baseline: asked.Baseline.Path, Entries: asked.Baseline.Entries,
	}
	p.Locate = func(file, pointer string) (int, int, bool) {
		switch {
		case file == p.Baseline && asked.Baseline.Locate != nil:
			return asked.Baseline.Locate(file, pointer)
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
func (s settings) baseline(ctx context.Context, c config.Config) (policy.Baseline, error) {
	b := policy.Baseline{Path: c.Baseline.String(), State: "absent"}
	if b.Path == "" {
		return b, nil
	}
	entry, ok, err := s.base.Lookup(ctx, c.Baseline)
	switch {
	case err != nil:
		return b, fmt.Errorf("read %s: %w", b.Path, err)
	case !ok:
		return b, nil
	case entry.Kind != repo.File:
		b.State = "irregular"
		return b, nil
	}
	text, err := s.base.Read(ctx, entry, facts.MaxLedgerBytes)
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

// problems are the first ones of a document that is not what it should be: a
// report is of no use that holds nothing else.
func problems(e *schemas.Error) []facts.Problem {
	const most = 5
	var told []facts.Problem
	for _, p := range e.Problems[:min(len(e.Problems), most)] {
		told = append(told, facts.Problem{Message: p.Message, Pointer: p.Pointer, Line: max(p.Position.Line, 1), Column: max(p.Position.Column, 1)})
	}
	return told
}

// An adoption is what a baseline is to be made of.
type adoption struct {
	root       string        // of the repository
	configured artifact.Path // "" where the configuration names no baseline
	entries    []baseline.Entry
	recorded   int // findings that the entries cover: several of one statement have one entry
	left       int // denials that no baseline can cover
}

// adopt writes a baseline to the file that was written on the command line, or to
// the configuration's. It stands in the work tree then, and counts once it is in
// the base commit.
func adopt(w host.World, written string) func(adoption) error {
	return func(a adoption) error {
		name := cmp.Or(a.configured, baseline.Path)
		file := filepath.Join(a.root, name.String())
		if written = strings.TrimSpace(written); written != "" {
			file = w.Path(written)
		}
		text, err := baseline.Encode(a.entries)
		if err != nil {
			return err
		}
		if err := w.WriteFile(file, func(f io.Writer) error { _, err := f.Write(text); return err }); err != nil {
			return fmt.Errorf("write the baseline: %w", err)
		}
		say := func(format string, args ...any) {
			fmt.Fprintf(w.Stderr, "codexlock: %s\n", report.Terminal(fmt.Sprintf(format, args...)))
		}
		say("recorded %d of %d findings in %s (entries: %d)", a.recorded, a.recorded+a.left, filepath.Base(file), len(a.entries))
		if a.left > 0 {
			say("%d cannot be in a baseline and are still denied: findings about the whole change or about a missing file, and of rules that are never excepted", a.left)
		}
		if a.configured == "" {
			say("hint: name it in codexlock.yaml, and commit both: baseline: %s", name)
		}
		return nil
	}
}
