package gate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/measure"
)

// recover judges the one change that can pass while the trusted commit
// cannot be used: one that edits the file which is at fault, and whose own gate
// loads. It is judged by the nearest ancestor, along first parents, that has a
// configuration and loads. For every other change cause stays the error.
func (e Evaluation) recover(ctx context.Context, t comparison, cause error) (Evaluation, error) {
	problem, ok := problemOf(cause)
	g, r, trusted := e.base.gate, e.Facts.Repository, t.commit
	if !ok || problem.Path == "" || trusted == "" || g.options.Sources.Config.Value != "" && g.readsDisk() || len(g.options.Sources.Policies) > 0 {
		return e, cause
	}
	if _, there, err := t.trusted.Lookup(ctx, artifact.Path(problem.Path)); err != nil || !there {
		return e, cmp.Or(err, cause) // a rule of a bundle, or of ours
	}
	unusable := &unusableBaseError{commit: trusted, file: problem.Path, err: cause, commits: !g.ReadsWorkTree()}
	edits, err := touches(ctx, t.options, problem.Path)
	if err != nil {
		return e, err
	}
	if !edits {
		return e, unusable
	}
	if problems, err := g.checkEdited(r)(ctx, t.options.Head); err != nil {
		return e, err
	} else if len(problems) > 0 {
		p := problems[0]
		unusable.still = fmt.Sprintf("%s:%d:%d: %s", p.Path, p.Line, p.Column, p.Message)
		return e, unusable
	}
	paths := []string{problem.Path}
	for _, p := range config.Paths {
		paths = append(paths, p.String())
	}
	edited, err := r.Touching(ctx, trusted, paths)
	if err != nil {
		return e, err
	}
	for _, commit := range edited {
		judge, found, err := e.ancestor(ctx, t, commit)
		if missing := (*git.MissingCommitError)(nil); errors.As(err, &missing) && missing.Shallow {
			unusable.shallow = true
			return e, unusable
		}
		if err != nil || found {
			if found {
				judge.notes = append(judge.notes, fmt.Sprintf("the gate of %.12s cannot be used (%s): this change edits that file, and was checked by the gate of its ancestor %.12s", trusted, problem.Path, judge.Facts.TrustedCommit))
			}
			return judge, err
		}
	}
	return e, unusable
}

// ancestor loads the gate as it was before a commit.
func (e Evaluation) ancestor(ctx context.Context, t comparison, commit git.Commit) (Evaluation, bool, error) {
	r := e.Facts.Repository
	parent, ok, err := r.FirstParent(ctx, commit)
	if err != nil || !ok {
		return e, false, err
	}
	before, err := r.Tree(ctx, parent)
	if err != nil {
		return e, false, err
	}
	judge := Evaluation{Facts: t.options, base: e.base, notes: e.notes}
	judge.base.base = before
	err = judge.load(ctx)
	if _, broken := problemOf(err); err != nil && broken || err == nil && judge.Facts.Config.File == "" {
		return e, false, nil
	}
	judge.Facts.TrustedBase, judge.Facts.TrustedCommit = facts.TrustedAncestor, parent.String()
	return judge, err == nil, err
}

// touches reports whether the change edits a file, or a file below a folder.
func touches(ctx context.Context, o measure.Options, name string) (bool, error) {
	edited := o.Repository.Changes(ctx, o.Base, o.Head, func(p string) bool {
		return p == name || strings.HasPrefix(p, name+"/")
	})
	for _, err := range edited {
		return err == nil, err
	}
	return false, nil
}

// An unusableBaseError is a trusted commit whose gate cannot be loaded, and a
// change that does not repair it.
type unusableBaseError struct {
	commit  git.Commit
	file    string
	err     error
	still   string // the error of the change's own gate, if the change edits the file
	shallow bool   // the change repairs the file, and the clone has no earlier commit to judge it
	commits bool   // commits are judged, not the user's own work tree
}

func (e *unusableBaseError) Error() string {
	if e.shallow {
		return fmt.Sprintf("%v; this change repairs %s, and the earlier commit whose gate would check it is not in this shallow clone", e.err, e.file)
	}
	if e.still != "" {
		return fmt.Sprintf("%v; this change edits %s, and its own gate cannot be used either: %s", e.err, e.file, e.still)
	}
	return e.err.Error()
}

// Unwrap returns the cause if a work tree is judged, where it is an error in the user's
// configuration. If commits are judged it is an error of ours.
func (e *unusableBaseError) Unwrap() error {
	if e.commits {
		return nil
	}
	return e.err
}

// HintOn is the next step on a system that runs jobs.
func (e *unusableBaseError) HintOn(ci string) string {
	if e.shallow {
		return git.Deepen(ci, 0)
	}
	var own interface{ Hint() string }
	if e.still == "" && errors.As(e.err, &own) && own.Hint() != "" && !e.commits {
		return own.Hint()
	}
	return fmt.Sprintf("repair or revert %s in a change of its own: a change that edits it, and whose own gate loads, is judged by the last commit whose gate loads", e.file)
}
