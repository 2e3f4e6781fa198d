package changeset

import (
	"context"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/trees"
)

// Eligibility returns why a path is an artifact, or why it is not.
func (s *Set) Eligibility(ctx context.Context, path string) (facts.Eligibility, error) {
	p := artifact.Path(path)
	e := facts.Eligibility{
		Pattern: firstMatch(s.Config.Include, path), Excluded: firstMatch(s.Config.Exclude, path),
		Listed: s.Ledger.Has(p), ListedInBase: s.BaseLedger.Has(p),
	}
	var err error
	if e.Artifact, err = s.isArtifact(ctx, path); err != nil || e.Artifact {
		return e, err
	}
	for _, owner := range p.Owners() {
		is, err := s.isArtifact(ctx, owner.String())
		if err != nil {
			return e, err
		}
		if there, err := s.exists(ctx, owner); err != nil {
			return e, err
		} else if is && there {
			e.CompanionOf = owner.String()
		}
	}
	return e, nil
}

// firstMatch returns the first pattern that matches a path; "" if none does.
func firstMatch(patterns []string, path string) string {
	for _, pattern := range patterns {
		if config.MatchAny([]string{pattern}, path) {
			return pattern
		}
	}
	return ""
}

// Name returns the path of the i-th judged artifact, as the tree has it.
func (s *Set) Name(i int) string { return s.judged[i] }

// Attested reports whether the ledger lists an artifact of the head with its present hash, and
// each of its companions exists.
func (s *Set) Attested(ctx context.Context, p artifact.Path) (bool, error) {
	if len(s.Ledger.Entries(p)) != 1 {
		return false, nil
	}
	for _, kind := range artifact.Companions {
		there := false
		for _, at := range p.CompanionPaths(kind) {
			_, ok, err := s.Head.Lookup(ctx, at)
			if err != nil {
				return false, err
			}
			there = there || ok
		}
		if !there {
			return false, nil
		}
	}
	entry, ok, err := s.Head.Lookup(ctx, p)
	if err != nil || !ok || entry.Kind != trees.File {
		return false, err
	}
	digest, size, head, err := s.Head.Hash(ctx, entry, nil)
	if content, _, ok := artifact.ParsePointer(head); ok && size == int64(len(head)) {
		digest = content
	}
	return err == nil && s.ListsContent(p, digest), err
}

// ListsContent reports whether the head's ledger has an entry for a path with a digest.
func (s *Set) ListsContent(p artifact.Path, d artifact.Digest) bool {
	for _, i := range s.Ledger.Entries(p) {
		if s.Ledger.Entry(i).SHA256 == d {
			return true
		}
	}
	return false
}
