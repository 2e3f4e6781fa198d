package measure

import (
	"context"
	"fmt"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/trees"
)

// measureMisplaced states what stands in the place of a folder. Nothing more is
// measured: whatever it is, it is no artifact.
func (c *Collector) measureMisplaced(ctx context.Context, s *subject, name string) (facts.Measurement, error) {
	entry, _, err := c.o.Head.Lookup(ctx, artifact.Path(name))
	if err != nil {
		return facts.Measurement{}, fmt.Errorf("look up %q: %w", name, err)
	}
	before, there, err := c.o.Base.Lookup(ctx, artifact.Path(name))
	if err != nil {
		return facts.Measurement{}, fmt.Errorf("look up %q in the base: %w", name, err)
	}
	change := trees.Modified
	switch {
	case !there || before.Kind == trees.Directory:
		change = trees.Added
	case c.o.SameCommit:
		change = trees.Unchanged
	default:
		id, ok, err := c.o.Repository.ObjectID(ctx, c.o.Head, entry)
		if err != nil {
			return facts.Measurement{}, fmt.Errorf("compare %q with the base: %w", name, err)
		}
		if ok && id == before.OID && before.Kind == entry.Kind {
			change = trees.Unchanged
		}
	}
	s.in.Artifact = &facts.Artifact{
		Path: document.Printable(name), Change: facts.FileChange(change.String()), Kind: "misplaced", Stands: facts.StandsKind(entry.Kind.String()), Above: document.Printable(c.Misplaced[name]),
	}
	s.in.Checks = c.check(s)
	return facts.Measurement{Input: s.in, Locate: s.docs.Locate}, nil
}
