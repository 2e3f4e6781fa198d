package measure

import (
	"context"
	"fmt"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/trees"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// measureMutation states how the artifact's bytes, its manifest and its test stand
// to those of the base: what was merged once changes only with an attestation of
// its own (ZT-6.2).
func (c *Collector) measureMutation(ctx context.Context, s *subject, before trees.Entry, there bool) error {
	b := s.in.Base
	var err error
	if b.Content, err = c.contentChange(ctx, s, before, there); err != nil {
		return err
	}
	if b.Mode, err = c.modeChange(ctx, s, before, there); err != nil {
		return err
	}
	if b.Manifest, err = c.companionChange(ctx, s, artifact.Manifest, &s.manifestFile); err != nil {
		return err
	}
	test := s.testFile
	test.Data = s.test.text
	b.Test, err = c.companionChange(ctx, s, artifact.Test, &test)
	return err
}

// modeChange compares the artifact's mode with the base's. A work tree on a file
// system that keeps no modes has those of the index, as Git itself sees it.
func (c *Collector) modeChange(ctx context.Context, s *subject, before trees.Entry, there bool) (facts.Sameness, error) {
	switch {
	case !there || before.Kind != trees.File || s.file.Kind != trees.File || s.in.Artifact.Kind == "absent":
		return "absent", nil
	case c.o.SameCommit, s.file.Mode == before.Mode:
		return "same", nil
	case !c.o.InObjects():
		keeps, err := c.o.Repository.KeepsModes(ctx)
		if err != nil {
			return "", fmt.Errorf("compare modes with the base: %w", err)
		}
		if !keeps {
			return "same", nil
		}
	}
	return "differs", nil
}

// contentChange compares the artifact's bytes with the base's, the cheapest way
// first.
func (c *Collector) contentChange(ctx context.Context, s *subject, before trees.Entry, there bool) (facts.ContentChange, error) {
	a := s.in.Artifact
	switch {
	case !there || before.Kind != trees.File:
		return "absent", nil
	case a.Kind == "absent":
		return "gone", nil
	case c.o.SameCommit, s.file.OID != "" && s.file.OID == before.OID:
		return "same", nil
	case s.file.OID != "" || a.SHA256 == "":
		return "differs", nil
	case a.SHA256 == s.in.Base.SHA256:
		return "same", nil // what the base's ledger records
	}
	if status, known := c.Changes.Status(s.path.String()); known && status == trees.Modified && s.file.Mode == before.Mode {
		return "differs", nil // in its bytes, or it would not be modified
	}
	id, ok, err := c.o.Repository.ObjectID(ctx, c.o.Head, s.file)
	if err != nil {
		return "", fmt.Errorf("compare with the base: %w", err)
	}
	if ok && id == before.OID {
		return "same", nil
	}
	return "differs", nil
}

// recordOrder is when a record's content was approved, beside the base's: a
// renewal approves nothing.
func recordOrder(before, now *vaulttime.Record) facts.RecordAge {
	if now == nil {
		return "absent"
	}
	switch order := now.ApprovedAt().Compare(before.ApprovedAt().Time); {
	case order > 0:
		return "later"
	case order < 0:
		return "earlier"
	}
	return "same"
}

// referenceChange is how an input or output differs between base and head, ""
// where only the artifacts that were asked for were compared.
func (c *Collector) referenceChange(path string) facts.FileChange {
	if c.o.Scope != facts.Changed {
		return ""
	}
	if status, ok := c.Changes.Status(path); ok {
		return facts.FileChange(status.String())
	}
	return facts.FileChangeUnchanged
}
