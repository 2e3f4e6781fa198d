package gate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/changeset"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/keys"
	"github.com/codexlock/codexlock/internal/measure"
	"github.com/codexlock/codexlock/internal/policy"
	"github.com/codexlock/codexlock/internal/preview"
	"github.com/codexlock/codexlock/internal/sandbox"
	"github.com/codexlock/codexlock/internal/schemas"
	"github.com/codexlock/codexlock/internal/suppression"
)

// Serve serves a process that the gate itself started: a test's sandbox, or a preview by
// edited rules. entered is false for any other process.
func Serve(ctx context.Context, w host.World) (code int, entered bool) {
	if code, entered := sandbox.Enter(w.Args); entered {
		return code, true
	}
	if !isPreview(w) {
		return 0, false
	}
	return w.Fail(preview.Serve(ctx, w.Stdin, w.Stdout)), true
}

// isPreview reports whether this process was started to judge by edited rules.
func isPreview(w host.World) bool { return len(w.Args) == 2 && w.Args[1] == preview.Command }

// tests executes an artifact's test where the base commit asks for it.
func tests(w host.World) *measure.Tests {
	return &measure.Tests{Run: sandbox.Run, Random: w.Random, Clock: w.Now, Wall: w.TestWall}
}

// program returns the path of this program, to start another process of it.
func program(w host.World) preview.Program {
	p := preview.Program{Path: w.Self}
	if len(w.Args) > 0 {
		p.Name = w.Args[0]
	}
	return p
}

// preview returns what the change's edits of the gate would change in the whole tree, or nil
// without such edits. It is not part of the verdict: its errors are reported only in the
// preview.
func (g *Gate) preview(ctx context.Context, e Evaluation) *decision.Preview {
	edits := e.Change.GateEdits()
	if len(edits) == 0 || g.options.Selection.Scope == facts.Paths || e.Facts.TrustedBase == facts.TrustedHead {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, preview.MaxTime)
	defer cancel()
	p, err := g.compareGates(ctx, e)
	if err != nil {
		p = decision.Compare(decision.Decision{}, decision.Decision{}, nil, nil)
		p.State, p.Problem, p.Before, p.After = "failed", strings.TrimSpace(err.Error()), "", ""
	}
	p.Edits = edits
	return &p
}

// compareGates judges the head's whole tree twice, as it would be judged after the merge: by
// the base's gate in this process, and by the head's in another one. That process gets
// facts measured here, so it needs no key.
func (g *Gate) compareGates(ctx context.Context, e Evaluation) (decision.Preview, error) {
	o := e.Facts
	whole := measure.Options{ // and no other options: a preview runs no tests
		Options: changeset.Options{
			Repository: o.Repository, Base: o.Head, Head: o.Head, HeadCommit: o.HeadCommit, Staged: o.Staged, SameCommit: true, Scope: facts.All, Config: o.Config, Extras: o.Extras,
		},
		BaseCommit: o.HeadCommit, Keys: o.Keys, Now: o.Now, ValidFor: o.ValidFor, Strict: o.Strict, TrustedBase: o.TrustedBase, Renewals: o.Renewals,
	}
	before, err := measure.Collect(ctx, whole)
	if err != nil {
		return decision.Preview{}, err
	}
	merged := e.Policy
	merged.Suppressions.Proposed = suppression.Proposed{} // merged, it is the base's
	decided, err := e.Engine.Decide(ctx, before, merged)
	if err != nil {
		return decision.Preview{}, err
	}
	rules, err := e.base.sources(ctx, e.Facts.Config)
	if err != nil {
		return decision.Preview{}, err
	}
	edited := baseLoader{gate: g, repository: e.Facts.Repository, base: e.Facts.Head, edited: true}
	if err := edited.loadEdited(ctx, &whole, e.base, e.Facts.Config); err != nil {
		return decision.Preview{}, err
	}
	question, after, err := edited.question(ctx, whole)
	if err != nil {
		return decision.Preview{}, err
	}
	answer, err := program(g.world).Ask(ctx, question, completed{after, e.Engine})
	if err != nil {
		return decision.Preview{}, err
	}
	return decision.Compare(decided, answer.Decision, e.Engine.RuleTexts(rules), answer.Rules), nil
}

// A completed change is measured to the end here, since the process that judges it has
// only its facts: by the base's rules.
type completed struct {
	facts.Change
	engine *policy.Engine
}

// Artifact measures the i-th artifact.
func (c completed) Artifact(ctx context.Context, i int) (facts.Measurement, error) {
	m, err := c.Change.Artifact(ctx, i)
	if err != nil {
		return m, err
	}
	return c.engine.Complete(ctx, m, 0)
}

// loadEdited reads the edited configuration, and with it what measuring needs. Of the
// environment it reads only variables whose name begins with VAULTTIME_KEY or that the base
// lists, because an edit could name any secret.
func (l baseLoader) loadEdited(ctx context.Context, whole *measure.Options, earlier baseLoader, base config.Config) error {
	var err error
	if whole.Config, err = l.config(ctx); err != nil {
		return fmt.Errorf("the edited configuration cannot be used: %w", err)
	}
	if level := l.gate.options.Settings.MinimumLevel.Value; level != "" {
		if whole.Config.MinimumLevel, err = artifact.ParseLevel(level); err != nil {
			return err
		}
	}
	if whole.Keys, err = keys.Ring(ctx, whole.Config, keys.Within(base, l.gate.world.Env), l.gate.world.KeyFile); err != nil {
		return err
	}
	were, err := earlier.schemaTexts(ctx, base)
	if err != nil {
		return err
	}
	are, err := l.schemaTexts(ctx, whole.Config)
	if err == nil && !slices.Equal(were, are) {
		whole.Extras, err = l.editedForms(ctx, *whole, are)
	}
	return err
}

// editedForms validates the tree's documents with the edited schemas: it records them while
// the tree is measured without the schemas, and then validates all at once.
func (l baseLoader) editedForms(ctx context.Context, whole measure.Options, edited []schemaText) (map[schemas.Kind][]document.OwnerSchema, error) {
	documents := preview.SchemaCheck{Schemas: map[schemas.Kind][]string{}, Documents: map[schemas.Kind][]string{}}
	recorders := map[schemas.Kind]*preview.Recorder{}
	forms := map[schemas.Kind][]document.OwnerSchema{}
	for _, t := range edited {
		if recorders[t.kind] == nil {
			recorders[t.kind] = &preview.Recorder{}
			forms[t.kind] = []document.OwnerSchema{recorders[t.kind]}
		}
		documents.Schemas[t.kind] = append(documents.Schemas[t.kind], t.text)
	}
	whole.Extras = forms
	change, err := measure.Collect(ctx, whole)
	if err != nil {
		return nil, err
	}
	for i := range change.Len() {
		if _, err := change.Artifact(ctx, i); err != nil {
			return nil, err
		}
	}
	for kind, r := range recorders {
		documents.Documents[kind] = r.Texts()
	}
	found, err := program(l.gate.world).CheckSchemas(ctx, documents)
	if err != nil {
		return nil, err
	}
	for kind, r := range recorders {
		r.Learn(found[kind])
	}
	return forms, nil
}

// question is the edited gate, and the tree as it is measured for it.
func (l baseLoader) question(ctx context.Context, whole measure.Options) (preview.Question, *measure.Collector, error) {
	var q preview.Question
	sources, err := l.sources(ctx, whole.Config)
	if err != nil {
		return q, nil, fmt.Errorf("the edited policies cannot be read: %w", err)
	}
	for _, source := range sources {
		if !source.Standard {
			q.Sources = append(q.Sources, source)
		}
	}
	if q.Options, err = l.policyOptions(ctx, whole.Config); err != nil {
		return q, nil, err
	}
	after, err := measure.Collect(ctx, whole)
	return q, after, err
}
