package measure

import (
	"context"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/repo"
)

// Eligibility returns why a path is an artifact, or why it is not.
func (c *Collector) Eligibility(ctx context.Context, path string) (facts.Eligibility, error) {
	p := artifact.Path(path)
	s := facts.Eligibility{
		Pattern: firstMatch(c.o.Config.Include, path), Excluded: firstMatch(c.o.Config.Exclude, path),
		Listed: c.ledger.has(p), ListedInBase: c.base.has(p),
	}
	var err error
	if s.Artifact, err = c.isArtifact(ctx, path); err != nil || s.Artifact {
		return s, err
	}
	for _, owner := range p.Owners() {
		is, err := c.isArtifact(ctx, owner.String())
		if err != nil {
			return s, err
		}
		if there, err := c.exists(ctx, owner); err != nil {
			return s, err
		} else if is && there {
			s.CompanionOf = owner.String()
		}
	}
	return s, nil
}

func firstMatch(patterns []string, path string) string {
	for _, pattern := range patterns {
		if config.MatchAny([]string{pattern}, path) {
			return pattern
		}
	}
	return ""
}

// Name returns the path of the i-th judged artifact, as in the tree.
func (c *Collector) Name(i int) string { return c.judged[i] }

// Head is the tree that is measured, with its names as they were listed.
func (c *Collector) Head() repo.Tree { return c.o.Head }

// Attested reports whether the ledger lists an artifact of the head with the hash
// that it has, and each of its companions is there.
func (c *Collector) Attested(ctx context.Context, p artifact.Path) (bool, error) {
	if len(c.ledger.entries(p)) != 1 {
		return false, nil
	}
	for _, kind := range artifact.Companions {
		there := false
		for _, at := range p.CompanionPaths(kind) {
			_, ok, err := c.o.Head.Lookup(ctx, at)
			if err != nil {
				return false, err
			}
			there = there || ok
		}
		if !there {
			return false, nil
		}
	}
	entry, ok, err := c.o.Head.Lookup(ctx, p)
	if err != nil || !ok || entry.Kind != repo.File {
		return false, err
	}
	digest, size, head, err := c.o.Head.Hash(ctx, entry, nil)
	if content, _, ok := artifact.ParsePointer(head); ok && size == int64(len(head)) {
		digest = content
	}
	return err == nil && c.attested(p, digest), err
}
