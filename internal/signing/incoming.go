package signing

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/incoming"
	"github.com/codexlock/codexlock/internal/measure"
	"github.com/codexlock/codexlock/internal/namefold"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/trees"
	"github.com/codexlock/codexlock/internal/txn"
)

// A Judge asks the gate about a work tree as it would be.
type Judge struct {
	gate.Evaluation
	Repository *repo.Repository
	Work       trees.Tree
}

// Findings are what denies incoming files, by their paths, where a change puts them.
func (j Judge) Findings(ctx context.Context, c txn.Change, paths []artifact.Path) (map[artifact.Path][]incoming.Finding, error) {
	decided, err := j.ask(ctx, j.Repository.Overlay(j.Work, overlaid(c)), paths)
	if err != nil {
		return nil, err
	}
	// A finding on the whole change says by its file what it is about.
	about, alike := map[string]artifact.Path{}, map[string]artifact.Path{}
	for _, p := range paths {
		about[p.String()], alike[namefold.Fold(p.String())] = p, p
		for _, kind := range artifact.Companions {
			about[p.Companion(kind).String()], about[p.MirroredCompanion(kind).String()] = p, p
		}
	}
	found := map[artifact.Path][]incoming.Finding{}
	var whole []decision.Finding
	for _, f := range decided {
		p, ok := about[f.Artifact]
		if f.Artifact == "" {
			if p, ok = about[f.File]; !ok {
				p, ok = alike[namefold.Fold(f.File)]
			}
			if !ok {
				below, err := j.bringFolder(ctx, f.File, paths)
				if err != nil {
					return nil, err
				}
				for _, p := range below {
					found[p] = append(found[p], Finding(f))
				}
				if len(below) == 0 {
					whole = append(whole, f)
				}
			}
		}
		if ok {
			found[p] = append(found[p], Finding(f))
		}
	}
	return found, j.refuseNew(ctx, whole)
}

// bringFolder are the paths that bring a folder which folds to a name and is not in
// the work tree: a finding about two folders that collide is about them.
func (j Judge) bringFolder(ctx context.Context, name string, paths []artifact.Path) ([]artifact.Path, error) {
	var bring []artifact.Path
	parts := strings.Count(name, "/") + 1
	for _, p := range paths {
		if !strings.HasPrefix(namefold.Fold(p.String()), namefold.Fold(name)+"/") {
			continue
		}
		folder := strings.Join(strings.Split(p.String(), "/")[:parts], "/")
		_, there, err := j.Work.Lookup(ctx, artifact.Path(folder))
		if err != nil {
			return nil, err
		}
		if !there {
			bring = append(bring, p)
		}
	}
	return bring, nil
}

// ask is what denies something about the named paths of a tree, or about the
// tree as a whole.
func (j Judge) ask(ctx context.Context, tree trees.Tree, paths []artifact.Path) ([]decision.Finding, error) {
	o := j.Facts
	o.Head, o.Scope, o.Paths = tree, facts.Paths, paths
	change, err := measure.Collect(ctx, o)
	if err != nil {
		return nil, err
	}
	if change.Len() < len(paths) {
		return nil, fmt.Errorf("%d of %d files were judged", change.Len(), len(paths))
	}
	decided, err := j.Engine.Decide(ctx, change, j.Policy)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(decided.Findings, func(f decision.Finding) bool { return f.Severity == decision.Warn || f.Excepted }), nil
}

// refuseNew refuses a change after which the tree as a whole is denied for a
// reason that it is not denied for now, and that no file in particular is to blame
// for. What is wrong with it already is for verify to tell.
func (j Judge) refuseNew(ctx context.Context, whole []decision.Finding) error {
	if len(whole) == 0 {
		return nil
	}
	now, err := j.ask(ctx, j.Work, nil)
	if err != nil {
		return err
	}
	for _, f := range whole {
		if !slices.ContainsFunc(now, func(g decision.Finding) bool { return g.Rule == f.Rule && g.File == f.File && g.Message == f.Message }) {
			return fmt.Errorf("%s: %s [%s]; nothing was moved", f.File, f.Message, f.Rule)
		}
	}
	return nil
}

// Finding is one of the gate's, as a quarantine records it.
func Finding(f decision.Finding) incoming.Finding {
	return incoming.Finding{Rule: f.Rule, Kind: string(f.Kind), Requirement: f.Requirement, File: f.File, Line: f.Line, Column: f.Column, Message: f.Message, Fix: f.Fix}
}

// overlaid is a change as it lies on a tree.
func overlaid(c txn.Change) map[string]trees.Overlaid {
	changes := make(map[string]trees.Overlaid, len(c.Files)+2*len(c.Moves)+len(c.Removes))
	for _, p := range c.Removes {
		changes[string(p)] = trees.Overlaid{Gone: true}
	}
	for _, m := range c.Moves {
		changes[string(m.From)] = trees.Overlaid{Gone: true}
	}
	for _, m := range c.Moves {
		changes[m.To.String()] = trees.Overlaid{From: string(m.From), Perm: m.Mode}
	}
	for _, f := range c.Files {
		changes[f.Path.String()] = trees.Overlaid{Data: f.Text(), Perm: f.Mode}
	}
	return changes
}
