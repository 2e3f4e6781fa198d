package facts

import (
	"context"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/config"
)

// A Standing is why a path is an artifact, or why it is none.
type Standing struct {
	Artifact     bool   `json:"artifact"`
	Pattern      string `json:"pattern,omitempty"`  // of artifacts.include, the first that matches
	Excluded     string `json:"excluded,omitempty"` // of artifacts.exclude, the first that matches
	Listed       bool   `json:"listed"`             // in the head's ledger
	ListedInBase bool   `json:"listed_in_base"`
	CompanionOf  string `json:"companion_of,omitempty"` // the artifact that it belongs to, and is none itself
}

// Standing says why a path is an artifact, or is none.
func (c *Collector) Standing(ctx context.Context, path string) (Standing, error) {
	p := artifact.Path(path)
	s := Standing{
		Pattern: firstMatch(c.o.Config.Include, path), Excluded: firstMatch(c.o.Config.Exclude, path),
		Listed: len(c.ledger.byPath[p]) > 0, ListedInBase: len(c.base.byPath[p]) > 0,
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
