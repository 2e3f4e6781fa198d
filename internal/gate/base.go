package gate

import (
	"context"
	"errors"
	"fmt"

	"github.com/codexlock/codexlock/internal/changeset"
	"github.com/codexlock/codexlock/internal/concurrent"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/measure"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/trees"
)

// commits are the commits of one evaluation: the judged one, the one that it is compared
// with, and the trusted one, from which configuration, rules, schemas, keys and baseline
// come. The last two differ if the branch was forked from an earlier commit, which only
// shows what the branch changed.
type commits struct {
	head     git.Commit // "": the work tree
	compared git.Commit // "": nothing, every file is new
	trusted  git.Commit // "": the head itself, in a first push
	every    bool       // there is no single commit to compare with: every artifact is judged
	notes    []string   // notes for readers of the verdict
}

// commits resolves the revisions of a gate. The default head is the work tree; the default
// base is HEAD, or the head's first parent.
func (g *Gate) commits(ctx context.Context, r *repo.Repository) (c commits, err error) {
	base, head := g.options.Base.revision(), g.options.Base.Head.Value
	if head != "" {
		if c.head, err = g.commit(ctx, r, head); err != nil {
			return c, err
		}
	}
	hasBase := !g.options.Base.First
	if g.options.Base.Staged && base == "" {
		unborn, err := r.Unborn(ctx)
		if err != nil || unborn {
			c.notes = append(c.notes, "first commit: there is no earlier commit to trust; what is staged was checked with the embedded rules and its own configuration")
			return c, err
		}
	}
	switch {
	case g.options.Base.First:
	case base != "":
		c.trusted, err = g.commit(ctx, r, base)
	case head == "":
		c.trusted, err = r.Commit(ctx, "HEAD")
	default:
		c.trusted, hasBase, err = r.FirstParent(ctx, c.head)
	}
	switch {
	case err != nil:
		return c, err
	case !hasBase:
		c.notes = append(c.notes, "first push: there is no earlier commit to trust; this one was checked with the embedded rules and its own configuration")
		return c, nil
	}
	c.compared = c.trusted
	if base != "" && g.options.Base.Exact.Value == "" {
		err = c.compare(ctx, r, g)
	}
	return c, err
}

// compare finds the commit that the head is compared with: its merge base with the trusted
// commit. With no merge base, or several, an attacker could choose among them, so nothing
// counts as unchanged.
func (c *commits) compare(ctx context.Context, r *repo.Repository, g *Gate) error {
	tip := c.head
	if tip == "" {
		var err error
		tip, err = r.Commit(ctx, "HEAD")
		var unborn *git.MissingCommitError
		if err != nil && !errors.As(err, &unborn) {
			return err
		}
	}
	var bases []git.Commit
	if tip != "" {
		var err error
		if bases, err = r.MergeBases(ctx, c.trusted, tip); err != nil {
			return err
		}
	}
	name, head := g.options.Base.revision(), g.options.Base.Head.Value
	if head == "" {
		head = "HEAD"
	}
	switch len(bases) {
	case 1:
		c.compared = bases[0]
		if c.compared != c.trusted {
			c.notes = append(c.notes, fmt.Sprintf("%s is not an ancestor of %s: compared with their merge base %.12s, checked with the rules and configuration of %.12s", name, head, c.compared, c.trusted))
		}
	case 0:
		c.every = true
		c.notes = append(c.notes, fmt.Sprintf("%s and %s have no common history: every artifact was checked, and compared with %.12s", name, head, c.trusted))
	default:
		c.every = true
		c.notes = append(c.notes, fmt.Sprintf("%s and %s have %d merge bases: every artifact was checked, and compared with %.12s", name, head, len(bases), c.trusted))
	}
	return nil
}

// commit resolves a revision, and warns if its name is ambiguous.
func (g *Gate) commit(ctx context.Context, r *repo.Repository, rev string) (git.Commit, error) {
	ambiguous, is, err := r.Ambiguous(ctx, rev)
	if err != nil {
		return "", err
	}
	if is {
		g.world.Warn(errors.New(ambiguous.String()))
	}
	return r.Commit(ctx, rev)
}

// A comparison has the trees of an evaluation: those that are measured, and the trusted one.
type comparison struct {
	options measure.Options
	trusted trees.Tree
	commit  git.Commit // of trusted; "" if the head itself is trusted
	notes   []string
}

// compare finds the commits and opens their trees, both at the same time.
func (g *Gate) compare(ctx context.Context, r *repo.Repository) (comparison, error) {
	layout, selection := g.options.Settings.Layout.Value, g.options.Selection
	t := comparison{options: measure.Options{
		Options: changeset.Options{
			Repository: r, Scope: selection.Scope, Shard: selection.Shard, Base: r.EmptyTree(), MeasureNamed: selection.MeasureNamed, Staged: g.options.Base.Staged,
		},
		Now: g.now, ValidFor: g.options.Settings.ValidFor, Strict: layout == "strict", TrustedBase: facts.TrustedCommit,
	}}
	o := &t.options
	switch {
	case layout != "" && layout != "git" && !o.Strict:
		return t, exit.Usagef("--layout is %q, want git or strict", layout)
	case o.Strict && g.options.Base.Head.Value != "":
		return t, exit.Usagef("--layout strict looks at the modes on the disk, and --head reads commits only: use either of them, not both")
	case o.Strict && g.options.Base.Staged:
		return t, exit.Usagef("--layout strict looks at the modes on the disk, and --staged does not read the disk: use either of them, not both")
	}
	var err error
	if o.Paths, err = Paths(r, g.world.Dir, selection.Paths...); err != nil {
		return t, err
	}
	c, err := g.commits(ctx, r)
	if err != nil {
		return t, err
	}
	t.commit, o.LoadEdited = c.trusted, g.checkEdited(r)
	t.notes, o.HeadCommit, o.BaseCommit = c.notes, c.head.String(), c.compared.String()
	o.SameCommit = c.head != "" && c.head == c.compared
	if c.every && o.Scope == facts.Changed {
		o.Scope = facts.All
	}
	head := concurrent.Start(func() (trees.Tree, error) { return g.judged(ctx, r, c.head) })
	var base trees.Tree
	var baseErr error
	if c.trusted != "" && c.compared != c.head {
		base, baseErr = g.tree(ctx, r, c.compared)
	}
	if o.Head, err = head(); err != nil {
		return t, err
	}
	if c.trusted == "" {
		o.TrustedBase, t.trusted = facts.TrustedHead, o.Head
		return t, nil
	}
	if o.Base = o.Head; c.compared != c.head {
		if o.Base = base; baseErr != nil {
			return t, baseErr
		}
	}
	if t.trusted = o.Base; c.trusted != c.compared {
		o.TrustedCommit = c.trusted.String()
		t.trusted, err = g.tree(ctx, r, c.trusted)
	}
	return t, err
}

// judged returns the judged tree: of a commit, the staged files, or the work tree.
func (g *Gate) judged(ctx context.Context, r *repo.Repository, head git.Commit) (trees.Tree, error) {
	if !g.options.Base.Staged {
		return g.tree(ctx, r, head)
	}
	// For a commit of only some changes, Git uses another index, and names it to hooks in
	// GIT_INDEX_FILE.
	index, _ := g.world.Env("GIT_INDEX_FILE")
	if index != "" {
		index = g.world.Path(index)
	}
	return r.IndexTree(ctx, index)
}

// tree returns the tree of a commit, or the work tree if c is "". The whole tree is read if every
// artifact is judged, else only what is asked for.
func (g *Gate) tree(ctx context.Context, r *repo.Repository, c git.Commit) (trees.Tree, error) {
	switch {
	case c == "":
		return r.WorkTree(ctx)
	case g.options.Selection.Scope == facts.All:
		return r.Tree(ctx, c)
	}
	return r.TreeOnDemand(ctx, c)
}
