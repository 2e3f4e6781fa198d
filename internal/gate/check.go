package gate

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/trees"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/changeset"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/repo"
)

// A ConfigurationCheck is the result for a configuration on the disk that can be used.
type ConfigurationCheck struct {
	Config    config.Config
	Unmatched []*config.Error   // patterns that match no file, or files of another domain, in the order of the file
	Committed bool              // the gate's files are those of the last commit
	Preview   *decision.Preview // what the edits would change; nil without edits
	NoPreview string            // why there is no preview, "" if there is one or nothing is edited
}

// CheckConfiguration loads the configuration on the disk, with the rules, the schemas and
// the baseline that it names, and compares what it would decide with the last commit's
// gate. Its error for a gate that cannot be used is a *config.Error.
func (g *Gate) CheckConfiguration(ctx context.Context) (ConfigurationCheck, error) {
	var done ConfigurationCheck
	r, err := Open(ctx, g.world.Dir)
	if err != nil {
		return done, err
	}
	defer r.Close()
	tree, err := r.WorkTree(ctx)
	if err != nil {
		return done, err
	}
	if done.Config, err = g.ConfigurationOnDisk(r.Root()); err != nil {
		return done, err
	}
	loader := baseLoader{gate: g, repository: r, base: tree, edited: true}
	if err := loader.loadConfigured(ctx, done.Config); err != nil {
		p, ok := problemOf(err)
		if !ok {
			return done, err
		}
		return done, &config.Error{File: cmp.Or(p.Path, done.Config.File.String(), config.Paths[0].String()), Line: p.Line, Column: p.Column, Message: p.Message}
	}
	if done.Unmatched, err = unmatched(ctx, tree, done.Config); err != nil {
		return done, err
	}
	return done, g.previewConfiguration(ctx, r, &done)
}

// previewConfiguration compares the gate on the disk with the last commit's.
func (g *Gate) previewConfiguration(ctx context.Context, r *repo.Repository, done *ConfigurationCheck) error {
	if g.options.Sources.Config.Value != "" {
		done.NoPreview = "a preview compares the repository's own configuration with the last commit's, and another one is named"
		return nil
	}
	checking := *g
	checking.quiet = true
	e, err := checking.Prepare(ctx, r)
	var none *git.NoCommitsError
	switch {
	case errors.As(err, &none):
		done.NoPreview = "there is no commit to compare with"
		return nil
	case err != nil:
		return fmt.Errorf("compare with the last commit's gate: %w", err)
	}
	done.Committed = len(e.Change.GateEdits()) == 0
	done.Preview = g.preview(ctx, e)
	return nil
}

// A pattern is one of the configuration.
type pattern struct{ pointer, text string }

// patterns returns the patterns that the file states, with their positions.
func patterns(c config.Config) []pattern {
	var all []pattern
	list := func(pointer string, texts []string) {
		for i, text := range texts {
			at := fmt.Sprintf("%s/%d", pointer, i)
			if _, stated := c.Document.Position(at); stated {
				all = append(all, pattern{at, text})
			}
		}
	}
	list("/artifacts/include", c.Include)
	list("/artifacts/exclude", c.Exclude)
	list("/critical_paths", c.CriticalPaths)
	for _, name := range slices.Sorted(maps.Keys(c.Domains)) {
		list("/trust_domains/"+name+"/paths", c.Domains[name].Paths)
	}
	for _, e := range c.Exceptions {
		list(e.Pointer+"/paths", e.Paths)
	}
	return all
}

// unmatched finds the patterns that match no file of the work tree, and the sites of uses that
// have none.
func unmatched(ctx context.Context, work trees.Tree, c config.Config) ([]*config.Error, error) {
	if c.Document == nil {
		return nil, nil
	}
	names, err := trees.Including(work, c.IncludeFolders(), c.Matches, nil).Names(ctx)
	if err != nil {
		return nil, err
	}
	var found []*config.Error
	for _, p := range patterns(c) {
		if !slices.ContainsFunc(names, func(name string) bool { return doublestar.MatchUnvalidated(p.text, name) }) {
			found = append(found, c.Problem(p.pointer, "correct the pattern, or remove it", "pattern %q matches no file", p.text))
		}
	}
	for i, site := range c.UseSites {
		at := fmt.Sprintf("/use/sites/%d", i)
		if _, stated := c.Document.Position(at); stated && !slices.ContainsFunc(names, func(name string) bool { return string(changeset.UseSite(&c, name)) == site }) {
			found = append(found, c.Problem(at, "remove it from use.sites, or keep it for a file that will be added", "no file of the site %q is in this repository", site))
		}
	}
	found = append(found, overlapping(names, c)...)
	slices.SortStableFunc(found, func(a, b *config.Error) int { return cmp.Or(a.Line-b.Line, a.Column-b.Column) })
	return found, nil
}

// overlapping finds the patterns of trust domains whose artifacts another domain gets, which
// comes first by name: one for each pattern, with an example.
func overlapping(names []string, c config.Config) []*config.Error {
	var found []*config.Error
	for _, domain := range slices.Sorted(maps.Keys(c.Domains)) {
		for i, text := range c.Domains[domain].Paths {
			at := fmt.Sprintf("/trust_domains/%s/paths/%d", domain, i)
			if _, stated := c.Document.Position(at); !stated {
				continue
			}
			for _, name := range names {
				p := artifact.Path(name)
				first := c.DomainFor(p)
				if first == domain || !doublestar.MatchUnvalidated(text, name) || slices.ContainsFunc(p.Owners(), func(o artifact.Path) bool { return slices.Contains(names, o.String()) }) {
					continue
				}
				found = append(found, c.Problem(at, fmt.Sprintf("narrow the paths of %q, or attest with --domain %s", first, domain),
					"trust domain %q also has %s, and comes first by name: attest uses that one, not %q", first, name, domain))
				break
			}
		}
	}
	return found
}

// NoteOtherOnDisk prints, in one line, that the configuration on the disk is not that of a
// commit, which is used, because a user who edits it expects an effect. Automatic runs use the
// one of a commit on purpose, and print nothing.
func (g *Gate) NoteOtherOnDisk(ctx context.Context, r *repo.Repository, tree trees.Tree, commit git.Commit) error {
	if commit == "" || g.quiet || g.options.Sources.Config.Value != "" || unattended(g.world.Env) {
		return nil
	}
	work, err := r.WorkTree(ctx)
	if bare := (*git.BareRepositoryError)(nil); errors.As(err, &bare) {
		return nil
	}
	if err != nil {
		return err
	}
	used, text, err := configurationText(ctx, tree)
	if err != nil {
		return err
	}
	edited, other, err := configurationText(ctx, work)
	if err != nil || used == edited && bytes.Equal(text, other) {
		return err
	}
	g.world.Note(fmt.Sprintf("%s on the disk differs from the one of commit %.12s, which is used here; codexlock config check previews it", cmp.Or(edited, used), commit))
	return nil
}

// configurationText is the configuration's file in a tree, and its bytes; "" without one. A
// file that cannot be read as one counts as another one.
func configurationText(ctx context.Context, tree trees.Tree) (artifact.Path, []byte, error) {
	for _, p := range config.Paths {
		entry, there, err := tree.Lookup(ctx, p)
		if err != nil {
			return "", nil, err
		}
		if !there {
			continue
		}
		if entry.Kind != trees.File {
			return p, nil, nil
		}
		text, err := tree.Read(ctx, entry, document.MaxCompanionBytes)
		if large := (*git.TooLargeError)(nil); errors.As(err, &large) {
			return p, nil, nil
		}
		return p, text, err
	}
	return "", nil, nil
}
