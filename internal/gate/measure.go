package gate

import (
	"context"
	"fmt"
	"slices"

	"github.com/codexlock/codexlock/internal/concurrent"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/measure"
	"github.com/codexlock/codexlock/internal/renewals"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/shellquote"
)

// Measure measures one artifact without judging it, or the whole change where the scope is
// not paths. A file that is not an artifact is an error, because no rule would judge it.
func (g *Gate) Measure(ctx context.Context) (facts.Measurement, error) {
	none := facts.Measurement{}
	r, err := g.Open(ctx)
	if err != nil {
		return none, err
	}
	defer r.Close()
	c, err := g.compare(ctx, r)
	if err != nil {
		return none, err
	}
	if err := (baseLoader{gate: g, repository: r, base: c.trusted}).loadFacts(ctx, &c.options); err != nil {
		return none, err
	}
	change, err := measure.Collect(ctx, c.options)
	if err != nil {
		return none, err
	}
	if g.options.Selection.Scope != facts.Paths {
		return change.Repository(ctx)
	}
	m, standing, err := MeasureNamed(ctx, change, g.options.Selection.Paths[0])
	if err == nil && !m.Complete() {
		m, err = g.complete(ctx, r, m)
	}
	if err == nil && !standing.Artifact {
		err = &NotArtifactError{m.Input.Artifact.Path, standing}
	}
	return m, err
}

// complete adds what depends on the rules' answers.
func (g *Gate) complete(ctx context.Context, r *repo.Repository, m facts.Measurement) (facts.Measurement, error) {
	e, err := g.PrepareRules(ctx, r)
	if err != nil {
		return m, err
	}
	return e.Engine.Complete(ctx, m, 0)
}

// MeasureNamed measures the one artifact that a path names, or the file, and returns
// which of the two it is.
func MeasureNamed(ctx context.Context, change *measure.Collector, written string) (facts.Measurement, facts.Eligibility, error) {
	if n := change.Len(); n != 1 {
		return facts.Measurement{}, facts.Eligibility{}, exit.Usagef("%q holds %d artifacts, want the path of one", written, n)
	}
	m, err := change.Artifact(ctx, 0)
	if err != nil {
		return m, facts.Eligibility{}, err
	}
	s, err := change.Eligibility(ctx, m.Input.Artifact.Path)
	return m, s, err
}

// A NotArtifactError is a file that is not an artifact.
type NotArtifactError struct {
	Path        string
	Eligibility facts.Eligibility
}

func (e *NotArtifactError) Error() string {
	if e.Eligibility.Excluded != "" {
		return fmt.Sprintf("%q is no artifact: artifacts.exclude says %q, and %s does not list it", e.Path, e.Eligibility.Excluded, ledger.Path)
	}
	return fmt.Sprintf("%q is no artifact: no pattern of artifacts.include matches it, and %s does not list it", e.Path, ledger.Path)
}

// Hint is the next step.
func (e *NotArtifactError) Hint() string {
	return "add it to artifacts.include of codexlock.yaml and commit that, or attest it: codexlock attest " + shellquote.Path(e.Path)
}

// Usage says that the user corrects it.
func (e *NotArtifactError) Usage() bool { return true }

// Renewals says of each artifact under judgement whether its renewed record counts, by its
// path. Nothing is judged. It is empty without a ref, and where the trusted base does not
// say renewals: ref.
func (g *Gate) Renewals(ctx context.Context) (map[string]facts.Renewal, error) {
	return g.renewals(ctx, func(config.Config) bool { return true })
}

// RenewalsOfRetiringKeys is Renewals, and empty where the configuration lists no retiring key.
func (g *Gate) RenewalsOfRetiringKeys(ctx context.Context) (map[string]facts.Renewal, error) {
	again := *g // which said already what there is to say
	again.quiet = true
	return again.renewals(ctx, func(c config.Config) bool {
		for _, d := range c.Domains {
			if slices.ContainsFunc(d.PublicKeys, func(k config.PublicKey) bool { return k.State == "retiring" }) {
				return true
			}
		}
		return false
	})
}

func (g *Gate) renewals(ctx context.Context, wanted func(config.Config) bool) (map[string]facts.Renewal, error) {
	r, err := g.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if _, ok, err := r.Ref(ctx, renewals.Ref); err != nil || !ok {
		return nil, err
	}
	e, err := g.Prepare(ctx, r)
	if err != nil {
		return nil, err
	}
	if !wanted(e.Facts.Config) {
		return nil, nil
	}
	artifacts := make([]facts.Input, e.Change.Len())
	err = concurrent.Each(len(artifacts), func(i int) error {
		m, err := e.Change.Artifact(ctx, i)
		if err == nil {
			m.Second = nil // no test is run for this
			m, err = e.Engine.Complete(ctx, m, 0)
		}
		artifacts[i] = facts.Input{Artifact: m.Input.Artifact, Renewal: m.Input.Renewal}
		return err
	})
	if err != nil {
		return nil, err
	}
	found := map[string]facts.Renewal{}
	for _, in := range artifacts {
		if in.Renewal != nil {
			found[in.Artifact.Path] = *in.Renewal
		}
	}
	return found, nil
}
