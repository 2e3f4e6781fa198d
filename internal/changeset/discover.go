package changeset

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
	"github.com/codexlock/codexlock/internal/trees"
)

// discover finds the judged artifacts and the differences around them.
func (s *Set) discover(ctx context.Context) error {
	set := map[string]bool{}
	find := s.discoverAll
	switch s.Scope {
	case facts.Changed:
		find = s.discoverChange
	case facts.All, facts.Paths:
	default:
		return fmt.Errorf("scope is %q, want changed, all or paths", s.Scope)
	}
	if err := find(ctx, set); err != nil {
		return err
	}
	if err := s.addMisplaced(ctx, set); err != nil {
		return err
	}
	if err := s.findRenames(ctx); err != nil {
		return err
	}
	s.Artifacts = make([]string, 0, len(set))
	for p := range set {
		s.Artifacts = append(s.Artifacts, p)
	}
	sort.Strings(s.Artifacts)
	s.judged = s.Artifacts
	if s.Shard.Total > 1 {
		s.judged = slices.DeleteFunc(slices.Clone(s.Artifacts), func(p string) bool { return !s.Shard.Has(p) })
	}
	_, mirrored, err := s.Head.Lookup(ctx, artifact.Path(strings.TrimSuffix(artifact.ManifestDir, "/")))
	// A commit's tree lists files only, and looking there costs nothing.
	s.Mirrored = mirrored || s.InObjects()
	if err == nil {
		_, s.BaseMirrored, err = s.Base.Lookup(ctx, artifact.Path(strings.TrimSuffix(artifact.ManifestDir, "/")))
	}
	return err
}

// discoverChange finds what differs, the artifacts that a difference belongs to, and the
// artifacts that were made from a file that differs.
func (s *Set) discoverChange(ctx context.Context, set map[string]bool) error {
	if s.SameCommit {
		s.Changes = Changes{}
		return nil
	}
	// A comparison of commits reads no file, so it comes first, and the manifests are read only
	// if one of their inputs can have changed. In a work tree the manifests come first: they
	// state which files the comparison has to read.
	commits := s.InObjects()
	for _, step := range []func() error{
		func() error { return s.compareUnless(ctx, !commits, nil) },
		func() (err error) {
			if !commits || s.touchesInputs() {
				s.made, err = s.consumers(ctx)
			}
			return err
		},
		func() error { return s.compareUnless(ctx, commits, s.compares) },
		func() error { return s.discoverChanged(ctx, set) },
		func() error { return s.discoverStale(ctx, set) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// compareUnless is compare, or nothing.
func (s *Set) compareUnless(ctx context.Context, unless bool, only func(string) bool) error {
	if unless {
		return nil
	}
	return s.compare(ctx, only)
}

// touchesInputs reports whether a file was changed or removed that may be an input of an
// artifact. Any name may be: fixtures/golden.test can be an input as well as a companion.
func (s *Set) touchesInputs() bool {
	return slices.ContainsFunc(s.Changes.statuses, func(status trees.Status) bool { return status != trees.Added })
}

// discoverStale finds the artifacts that were made from a changed file: each must be rebuilt, or
// its manifest updated (ZT-11.1).
func (s *Set) discoverStale(ctx context.Context, set map[string]bool) error {
	for name := range s.Changes.All() {
		for _, output := range s.made[name] {
			if err := s.add(ctx, set, output); err != nil {
				return err
			}
		}
	}
	return nil
}

// compare finds the differences between base and head among the files that
// the filter accepts.
func (s *Set) compare(ctx context.Context, only func(string) bool) error {
	s.Changes = Changes{}
	if s.SameCommit {
		return nil
	}
	for d, err := range s.Repository.ChangesWithin(ctx, s.Base, s.Head, s.within, only) {
		if err != nil {
			return fmt.Errorf("compare base and head: %w", err)
		}
		same, err := s.sameText(ctx, d)
		if err != nil {
			return err
		}
		if !same {
			s.Changes.add(d.Path, d.Status)
		}
	}
	return nil
}

// sameText reports whether a file of the gate differs in its line endings only, in a work tree
// in which Git converts them. The gate reads the base's file, so this is not an edit.
func (s *Set) sameText(ctx context.Context, d trees.Delta) (bool, error) {
	if s.InObjects() || d.Status != trees.Modified || d.Base.Kind != trees.File || d.Head.Kind != trees.File ||
		d.Base.Mode != d.Head.Mode || GateKind(&s.Config, d.Path) == "" {
		return false, nil
	}
	var sides [2][]byte
	for i, side := range []struct {
		tree  trees.Tree
		entry trees.Entry
	}{{s.Base, d.Base}, {s.Head, d.Head}} {
		text, err := side.tree.Read(ctx, side.entry, document.MaxLedgerBytes)
		var large *git.TooLargeError
		if errors.As(err, &large) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("compare %q: %w", d.Path, err)
		}
		sides[i] = document.WithLF(text)
	}
	return bytes.Equal(sides[0], sides[1]), nil
}

// compares reports whether a file of a work tree is compared with the base's: it may be
// judged, or artifacts may be used in it. Nothing else is read.
func (s *Set) compares(name string) bool { return s.Concerns(name) || UseSite(&s.Config, name) != "" }

// Concerns reports whether a file may be an artifact, a companion, or part of the gate.
func (s *Set) Concerns(name string) bool {
	if s.concernsGate(name) || s.Config.Matches(name) || s.listed(artifact.Path(name)) || len(s.made[name]) > 0 ||
		strings.HasPrefix(name, artifact.ManifestDir) {
		return true
	}
	for _, owner := range artifact.Path(name).Owners() {
		if s.Config.Matches(owner.String()) || s.listed(owner) {
			return true
		}
	}
	return false
}

// concernsGate reports whether a file is one of the gate's own, or the log. If every artifact is
// judged, companions are read anyway and compared then.
func (s *Set) concernsGate(name string) bool {
	return GateKind(&s.Config, name) != "" || concernsLog(name)
}

// listed reports whether a ledger, the head's or the base's, names the path.
func (s *Set) listed(p artifact.Path) bool {
	return s.Ledger.Has(p) || s.BaseLedger.Has(p)
}

// isArtifact reports whether a name is that of an artifact: the configuration includes it or a
// ledger lists it, and it is not a companion of another artifact that exists. So a file does not
// stop being an artifact because its name is X.test.
func (s *Set) isArtifact(ctx context.Context, name string) (bool, error) {
	p := artifact.Path(name)
	if p == ledger.Path {
		return false, nil
	}
	if !s.listed(p) && !s.Config.Matches(name) {
		return s.isOrphaned(ctx, p)
	}
	if strings.HasSuffix(name, artifact.Test.Suffix()) && s.listed(p) {
		return true, nil // it is judged as an artifact as well: see the second phase of internal/measure
	}
	for _, owner := range p.Owners() {
		companion, err := s.isArtifact(ctx, owner.String())
		if err != nil {
			return false, err
		}
		if !companion {
			continue
		}
		if exists, err := s.exists(ctx, owner); exists || err != nil {
			return false, err
		}
	}
	return true, nil
}

// isOrphaned reports whether a file below assets/manifests/ is an orphaned companion. Nothing
// else would judge it.
func (s *Set) isOrphaned(ctx context.Context, p artifact.Path) (bool, error) {
	if !strings.HasPrefix(p.String(), artifact.ManifestDir) {
		return false, nil
	}
	if _, there, err := s.Head.Lookup(ctx, p); err != nil || !there {
		return false, err
	}
	owner, err := s.CompanionOf(ctx, p)
	return owner != "", err
}

// exists reports whether an artifact is in the head's tree or ledger. A folder is not an
// artifact and has no companions.
func (s *Set) exists(ctx context.Context, p artifact.Path) (bool, error) {
	if s.Ledger.Has(p) {
		return true, nil
	}
	entry, ok, err := s.Head.Lookup(ctx, p)
	return ok && entry.Kind != trees.Directory, err
}

// add adds a path to the set if it is an artifact.
func (s *Set) add(ctx context.Context, set map[string]bool, name string) error {
	is, err := s.isArtifact(ctx, name)
	if is {
		set[name] = true
	}
	return err
}

// discoverChanged finds the artifacts whose bytes, mode, companions or ledger entry differ
// between base and head, or that only one of them has.
func (s *Set) discoverChanged(ctx context.Context, set map[string]bool) error {
	for name := range s.Changes.All() {
		if err := s.add(ctx, set, name); err != nil {
			return err
		}
		for _, owner := range artifact.Path(name).Owners() {
			if err := s.add(ctx, set, owner.String()); err != nil {
				return err
			}
		}
	}
	for _, name := range s.Relisted {
		set[name] = true
	}
	return s.dropRemoved(ctx, set)
}

// dropRemoved removes paths that are in neither tree nor ledger of the head and never
// were artifacts of the base: an owner that only a companion's name suggests, and
// a companion that was removed together with its artifact.
func (s *Set) dropRemoved(ctx context.Context, set map[string]bool) error {
	for name := range set {
		p := artifact.Path(name)
		if s.listed(p) {
			continue
		}
		if status, differs := s.Changes.Status(name); differs {
			if status == trees.Removed && s.removedOwner(p) {
				delete(set, name)
			}
			continue
		}
		if entry, ok, err := s.Head.Lookup(ctx, p); err != nil {
			return err
		} else if !ok || entry.Kind == trees.Directory {
			delete(set, name)
		}
	}
	return nil
}

// removedOwner reports whether a removed file was a companion of an artifact that is removed
// too. Then the artifact is judged, and the companion is not.
func (s *Set) removedOwner(p artifact.Path) bool {
	for _, owner := range p.Owners() {
		status, differs := s.Changes.Status(owner.String())
		if differs && status == trees.Removed && (s.Config.Matches(owner.String()) || s.listed(owner)) {
			return true
		}
	}
	return false
}

// discoverAll finds every artifact of the head, or those of the named paths.
func (s *Set) discoverAll(ctx context.Context, set map[string]bool) error {
	if err := s.compare(ctx, s.concernsGate); err != nil {
		return err
	}
	for _, name := range s.names {
		if err := s.add(ctx, set, name); err != nil {
			return err
		}
	}
	for p := range s.Ledger.Paths() {
		if s.within.Holds(p.String()) {
			set[p.String()] = true
		}
	}
	if s.Scope == facts.All {
		return nil
	}
	return s.keepNamed(ctx, set)
}

// keepNamed reduces the set to the named artifacts. Named files that are not artifacts are
// skipped (see Skipped), or measured if the options say so.
func (s *Set) keepNamed(ctx context.Context, set map[string]bool) error {
	keep := map[string]bool{}
	for _, p := range s.Paths {
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
		if err := s.keepOther(ctx, keep, p); err != nil {
			return err
		}
	}
	clear(set)
	for name := range keep {
		set[name] = true
	}
	return nil
}

// keepOther decides about a named path at which the head has no artifact. An artifact of the
// base was removed, and is judged.
func (s *Set) keepOther(ctx context.Context, keep map[string]bool, p artifact.Path) error {
	entry, standing, err := s.Head.Lookup(ctx, p)
	switch {
	case err != nil:
		return err
	case standing && entry.Kind == trees.Directory:
		return &NoArtifactError{Path: p.String(), Folder: true}
	case standing && s.MeasureNamed:
		keep[p.String()] = true
		return nil
	}
	removed, wasThere, err := s.removed(ctx, p)
	switch {
	case err != nil:
		return err
	case removed != "":
		keep[removed] = true
	case standing || wasThere && !s.MeasureNamed:
		s.skipped = append(s.skipped, p.String())
	default:
		return &NoArtifactError{Path: p.String()}
	}
	return nil
}

// removed returns the artifact of the base that a path names, itself or by a companion, and that
// the head does not have; "" for none. wasThere says that the base has a file there.
func (s *Set) removed(ctx context.Context, p artifact.Path) (name string, wasThere bool, err error) {
	candidates := append(p.Owners(), p)
	if s.listed(p) { // a test can be an artifact of its own
		candidates = []artifact.Path{p}
	}
	for _, candidate := range candidates {
		entry, there, err := s.Base.Lookup(ctx, candidate)
		if err != nil {
			return "", false, err
		}
		wasThere = there && entry.Kind != trees.Directory
		is, err := s.isArtifact(ctx, candidate.String())
		if err != nil {
			return "", false, err
		}
		if is && (wasThere || s.listed(candidate)) {
			return candidate.String(), wasThere, nil
		}
	}
	return "", wasThere, nil
}

// Skipped returns the named paths that are not artifacts, as given.
func (s *Set) Skipped() []string { return s.skipped }

// A NoArtifactError is a named path with nothing to verify.
type NoArtifactError struct {
	Path   string
	Folder bool // it is a folder without artifacts
}

func (e *NoArtifactError) Error() string {
	if e.Folder {
		return fmt.Sprintf("%q is a folder with no artifact in it", e.Path)
	}
	return fmt.Sprintf("%q is neither a file here nor an entry of %s", e.Path, ledger.Path)
}

// Usage reports that the command line has to be corrected.
func (e *NoArtifactError) Usage() bool { return true }

// Hint is the next step.
func (e *NoArtifactError) Hint() string {
	return "a path is seen from the working directory; codexlock verify --all names every artifact"
}
