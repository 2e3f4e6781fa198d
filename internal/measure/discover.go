package measure

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/repo"
)

// discover finds the judged artifacts and the differences around them.
func (c *Collector) discover(ctx context.Context) error {
	set := map[string]bool{}
	find := c.discoverAll
	switch c.o.Scope {
	case facts.Changed:
		find = c.discoverChange
	case facts.All, facts.Paths:
	default:
		return fmt.Errorf("scope is %q, want changed, all or paths", c.o.Scope)
	}
	if err := find(ctx, set); err != nil {
		return err
	}
	if err := c.addMisplaced(ctx, set); err != nil {
		return err
	}
	if err := c.findRenames(ctx); err != nil {
		return err
	}
	c.artifacts = make([]string, 0, len(set))
	for p := range set {
		c.artifacts = append(c.artifacts, p)
	}
	sort.Strings(c.artifacts)
	c.judged = c.artifacts
	if c.o.Shard.Total > 1 {
		c.judged = slices.DeleteFunc(slices.Clone(c.artifacts), func(p string) bool { return !c.o.Shard.Has(p) })
	}
	_, mirrored, err := c.o.Head.Lookup(ctx, artifact.Path(strings.TrimSuffix(artifact.ManifestDir, "/")))
	// A commit's tree lists files only, and looking there costs nothing.
	c.mirrored = mirrored || c.o.inObjects()
	if err == nil {
		_, c.mirrorsIn, err = c.o.Base.Lookup(ctx, artifact.Path(strings.TrimSuffix(artifact.ManifestDir, "/")))
	}
	return err
}

// discoverChange finds what differs and the artifacts around it, and those that
// were made from what differs.
func (c *Collector) discoverChange(ctx context.Context, set map[string]bool) error {
	if c.o.SameCommit {
		c.changes = changes{}
		return nil
	}
	// Between commits a comparison costs no reading, so it comes first, and the
	// manifests are only asked where an input of theirs can have changed. In a
	// work tree they say which files have to be read to find out.
	commits := c.o.inObjects()
	for _, step := range []func() error{
		func() error { return c.compareUnless(ctx, !commits, nil) },
		func() (err error) {
			if !commits || c.touchesInputs() {
				c.made, err = c.consumers(ctx)
			}
			return err
		},
		func() error { return c.compareUnless(ctx, commits, c.concerns) },
		func() error { return c.discoverChanged(ctx, set) },
		func() error { return c.discoverStale(ctx, set) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (c *Collector) compareUnless(ctx context.Context, unless bool, only func(string) bool) error {
	if unless {
		return nil
	}
	return c.compare(ctx, only)
}

// touchesInputs reports whether a file was changed or removed that may be an input of an
// artifact. Any name may be: fixtures/golden.test can be an input as well as a companion.
func (c *Collector) touchesInputs() bool {
	return slices.ContainsFunc(c.changes.statuses, func(s repo.Status) bool { return s != repo.Added })
}

// discoverStale finds the artifacts that were made from a changed file: each must be rebuilt, or
// its manifest updated (ZT-11.1).
func (c *Collector) discoverStale(ctx context.Context, set map[string]bool) error {
	for name := range c.changes.all() {
		for _, output := range c.made[name] {
			if err := c.add(ctx, set, output); err != nil {
				return err
			}
		}
	}
	return nil
}

// compare finds the differences between base and head among the files that
// the filter accepts.
func (c *Collector) compare(ctx context.Context, only func(string) bool) error {
	c.changes = changes{}
	if c.o.SameCommit {
		return nil
	}
	for d, err := range c.o.Repository.ChangesWithin(ctx, c.o.Base, c.o.Head, c.within, only) {
		if err != nil {
			return fmt.Errorf("compare base and head: %w", err)
		}
		same, err := c.sameText(ctx, d)
		if err != nil {
			return err
		}
		if !same {
			c.changes.add(d.Path, d.Status)
		}
	}
	return nil
}

// sameText reports whether a file of the gate differs in its line endings only, in a
// work tree in which Git converts them. The gate reads the base's; no edit is in it.
func (c *Collector) sameText(ctx context.Context, d repo.Delta) (bool, error) {
	if c.o.inObjects() || d.Status != repo.Modified || d.Base.Kind != repo.File || d.Head.Kind != repo.File ||
		d.Base.Mode != d.Head.Mode || gateKind(&c.o.Config, d.Path) == "" {
		return false, nil
	}
	var sides [2][]byte
	for i, side := range []struct {
		tree  repo.Tree
		entry repo.Entry
	}{{c.o.Base, d.Base}, {c.o.Head, d.Head}} {
		text, err := side.tree.Read(ctx, side.entry, document.MaxLedgerBytes)
		var large *git.TooLargeError
		if errors.As(err, &large) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("compare %q: %w", d.Path, err)
		}
		sides[i] = withLF(text)
	}
	return bytes.Equal(sides[0], sides[1]), nil
}

// withLF returns a text with the line endings that Git stores.
func withLF(text []byte) []byte { return bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")) }

// concerns is every file that may be an artifact, a companion, or part of the
// gate. In a work tree nothing else is read.
func (c *Collector) concerns(name string) bool {
	if c.concernsGate(name) || c.o.Config.Matches(name) || c.listed(artifact.Path(name)) || len(c.made[name]) > 0 ||
		strings.HasPrefix(name, artifact.ManifestDir) {
		return true
	}
	for _, owner := range artifact.Path(name).Owners() {
		if c.o.Config.Matches(owner.String()) || c.listed(owner) {
			return true
		}
	}
	return false
}

// concernsGate is the gate's own files and the log. Where every artifact is
// judged, its companions are read anyway, and are compared then.
func (c *Collector) concernsGate(name string) bool {
	return gateKind(&c.o.Config, name) != "" || concernsLog(name)
}

// listed reports whether a ledger, the head's or the base's, names the path.
func (c *Collector) listed(p artifact.Path) bool {
	return c.ledger.has(p) || c.base.has(p)
}

// isArtifact decides by name: what the configuration includes or a ledger
// lists, unless it is a companion of another artifact that exists. So a file
// does not stop being an artifact by being called X.test.
func (c *Collector) isArtifact(ctx context.Context, name string) (bool, error) {
	p := artifact.Path(name)
	if p == ledger.Path {
		return false, nil
	}
	if !c.listed(p) && !c.o.Config.Matches(name) {
		return c.isOrphaned(ctx, p)
	}
	if strings.HasSuffix(name, artifact.Test.Suffix()) && c.listed(p) {
		return true, nil // it is judged as an artifact as well: see secondPhase
	}
	for _, owner := range p.Owners() {
		companion, err := c.isArtifact(ctx, owner.String())
		if err != nil {
			return false, err
		}
		if !companion {
			continue
		}
		if exists, err := c.exists(ctx, owner); exists || err != nil {
			return false, err
		}
	}
	return true, nil
}

// isOrphaned reports whether a file below assets/manifests/ is an orphaned companion, which nothing
// else would judge.
func (c *Collector) isOrphaned(ctx context.Context, p artifact.Path) (bool, error) {
	if !strings.HasPrefix(p.String(), artifact.ManifestDir) {
		return false, nil
	}
	if _, there, err := c.o.Head.Lookup(ctx, p); err != nil || !there {
		return false, err
	}
	owner, err := c.companionOf(ctx, p)
	return owner != "", err
}

// exists reports whether an artifact is in the head's tree or ledger. A folder is not an
// artifact and has no companions.
func (c *Collector) exists(ctx context.Context, p artifact.Path) (bool, error) {
	if c.ledger.has(p) {
		return true, nil
	}
	entry, ok, err := c.o.Head.Lookup(ctx, p)
	return ok && entry.Kind != repo.Directory, err
}

// add adds a path to the set if it is an artifact.
func (c *Collector) add(ctx context.Context, set map[string]bool, name string) error {
	is, err := c.isArtifact(ctx, name)
	if is {
		set[name] = true
	}
	return err
}

// discoverChanged finds the artifacts whose bytes, mode, companions or ledger entry differ
// between base and head, or that only one of them has.
func (c *Collector) discoverChanged(ctx context.Context, set map[string]bool) error {
	for name := range c.changes.all() {
		if err := c.add(ctx, set, name); err != nil {
			return err
		}
		for _, owner := range artifact.Path(name).Owners() {
			if err := c.add(ctx, set, owner.String()); err != nil {
				return err
			}
		}
	}
	for _, name := range c.relisted {
		set[name] = true
	}
	return c.dropRemoved(ctx, set)
}

// dropRemoved removes paths that are in neither tree nor ledger of the head and never
// were artifacts of the base: an owner that only a companion's name suggests, and
// a companion that was removed together with its artifact.
func (c *Collector) dropRemoved(ctx context.Context, set map[string]bool) error {
	for name := range set {
		p := artifact.Path(name)
		if c.listed(p) {
			continue
		}
		if status, differs := c.changes.status(name); differs {
			if status == repo.Removed && c.removedOwner(p) {
				delete(set, name)
			}
			continue
		}
		if entry, ok, err := c.o.Head.Lookup(ctx, p); err != nil {
			return err
		} else if !ok || entry.Kind == repo.Directory {
			delete(set, name)
		}
	}
	return nil
}

// removedOwner reports whether a removed file was a companion of an artifact that is
// removed too: the artifact is judged then, and the companion is none.
func (c *Collector) removedOwner(p artifact.Path) bool {
	for _, owner := range p.Owners() {
		status, differs := c.changes.status(owner.String())
		if differs && status == repo.Removed && (c.o.Config.Matches(owner.String()) || c.listed(owner)) {
			return true
		}
	}
	return false
}

// discoverAll finds every artifact of the head, or those of the named paths.
func (c *Collector) discoverAll(ctx context.Context, set map[string]bool) error {
	if err := c.compare(ctx, c.concernsGate); err != nil {
		return err
	}
	for _, name := range c.names {
		if err := c.add(ctx, set, name); err != nil {
			return err
		}
	}
	for p := range c.ledger.paths() {
		if c.within.Holds(p.String()) {
			set[p.String()] = true
		}
	}
	if c.o.Scope == facts.All {
		return nil
	}
	return c.keepNamed(ctx, set)
}

// keepNamed reduces the set to the named artifacts. Named files that are not artifacts are
// skipped (see Skipped), or measured if the options say so.
func (c *Collector) keepNamed(ctx context.Context, set map[string]bool) error {
	keep := map[string]bool{}
	for _, p := range c.o.Paths {
		hit := false
		for name := range set {
			if name == p.String() || strings.HasPrefix(name, p.String()+"/") || p == "." {
				keep[name], hit = true, true
			}
		}
		for _, owner := range p.Owners() {
			if !hit && set[owner.String()] {
				keep[owner.String()], hit = true, true
			}
		}
		if hit {
			continue
		}
		if err := c.keepOther(ctx, keep, p); err != nil {
			return err
		}
	}
	clear(set)
	for name := range keep {
		set[name] = true
	}
	return nil
}

// keepOther decides about a named path at which the head has no artifact: what the
// base has as one was removed, and is judged.
func (c *Collector) keepOther(ctx context.Context, keep map[string]bool, p artifact.Path) error {
	entry, standing, err := c.o.Head.Lookup(ctx, p)
	switch {
	case err != nil:
		return err
	case standing && entry.Kind == repo.Directory:
		return &NoArtifactError{Path: p.String(), Folder: true}
	case standing && c.o.MeasureNamed:
		keep[p.String()] = true
		return nil
	}
	removed, wasThere, err := c.removed(ctx, p)
	switch {
	case err != nil:
		return err
	case removed != "":
		keep[removed] = true
	case standing || wasThere && !c.o.MeasureNamed:
		c.skipped = append(c.skipped, p.String())
	default:
		return &NoArtifactError{Path: p.String()}
	}
	return nil
}

// removed is the artifact of the base that a path names, itself or as a companion,
// and that the head has no more; "" where there is none.
func (c *Collector) removed(ctx context.Context, p artifact.Path) (name string, wasThere bool, err error) {
	candidates := append(p.Owners(), p)
	if c.listed(p) { // a test can be an artifact of its own
		candidates = []artifact.Path{p}
	}
	for _, candidate := range candidates {
		entry, there, err := c.o.Base.Lookup(ctx, candidate)
		if err != nil {
			return "", false, err
		}
		wasThere = there && entry.Kind != repo.Directory
		is, err := c.isArtifact(ctx, candidate.String())
		if err != nil {
			return "", false, err
		}
		if is && (wasThere || c.listed(candidate)) {
			return candidate.String(), wasThere, nil
		}
	}
	return "", wasThere, nil
}

// Skipped returns the named paths that are not artifacts, as given.
func (c *Collector) Skipped() []string { return c.skipped }

// A NoArtifactError is a named path with nothing to verify.
type NoArtifactError struct {
	Path   string
	Folder bool // it is a folder with no artifact in it
}

func (e *NoArtifactError) Error() string {
	if e.Folder {
		return fmt.Sprintf("%q is a folder with no artifact in it", e.Path)
	}
	return fmt.Sprintf("%q is neither a file here nor an entry of %s", e.Path, ledger.Path)
}

// Usage says that the user corrects it.
func (e *NoArtifactError) Usage() bool { return true }

// Hint is the next step.
func (e *NoArtifactError) Hint() string {
	return "a path is seen from the working directory; codexlock verify --all names every artifact"
}

// printable returns a name in valid UTF-8, with a mark in place of invalid bytes.
func printable(name string) string { return strings.ToValidUTF8(name, "\uFFFD") }
