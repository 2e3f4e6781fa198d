package measure

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"

	"github.com/codexlock/codexlock/internal/audit"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// measureLog looks at the log of verifications. Where a change is judged and it
// touches neither the log nor its checkpoint, they are not read again.
func (c *Collector) measureLog(ctx context.Context, r *facts.Repository) error {
	l := facts.Log{
		Document: facts.Document{Path: audit.Path.String(), State: "absent", Problems: []facts.Problem{}},
		Change:   c.logChange(), History: "absent", Chain: "absent",
		Checkpoint: facts.Checkpoint{
			Document:  facts.Document{Path: audit.CheckpointPath.String(), State: "absent", Problems: []facts.Problem{}},
			Signature: "absent", Covers: "absent", Before: "absent",
		},
	}
	defer func() { r.Log = l }()
	if c.o.Scope == facts.Changed && l.Change == facts.FileChangeUnchanged {
		return nil
	}
	if !c.o.InObjects() { // a work tree: another process may be adding to the log
		release, err := audit.Hold(ctx, c.o.Repository.Root(), c.o.Repository.GitDir())
		if err != nil {
			return err
		}
		defer release()
	}
	before, err := document.Read(ctx, c.o.Base, audit.Path, audit.MaxBytes)
	if err != nil {
		return fmt.Errorf("read the base's %s: %w", audit.Path, err)
	}
	file, err := document.Read(ctx, c.o.Head, audit.Path, audit.MaxBytes)
	if err != nil {
		return fmt.Errorf("read %s: %w", audit.Path, err)
	}
	l.Document = file.Document
	switch {
	case before.State == "absent" && file.State == "absent":
		return nil
	case before.State != "absent" && before.State != "valid":
		l.History = "unread" // what was in it is not known, so nothing is known to extend it
	case file.State == "valid" && audit.Extends(file.Data, before.Data):
		l.History = "extends"
	default:
		l.History = "rewritten"
	}
	if file.State != "valid" {
		return nil
	}
	log, err := audit.Read(file.Data)
	var bad *audit.LineError
	if errors.As(err, &bad) {
		l.State = "invalid"
		for _, p := range bad.Problems {
			l.Problems = append(l.Problems, facts.Problem{Message: p.Message, Line: bad.Line, Column: max(p.Position.Column, 1)})
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", audit.Path, err)
	}
	l.Lines, l.Chain, l.Break = log.Lines, facts.LogChain(log.Chain), log.Break
	return c.measureCheckpoint(ctx, &l, log)
}

func (c *Collector) measureCheckpoint(ctx context.Context, l *facts.Log, log audit.Log) error {
	before, err := document.Read(ctx, c.o.Base, audit.CheckpointPath, document.MaxCompanionBytes)
	if err != nil {
		return fmt.Errorf("read the base's %s: %w", audit.CheckpointPath, err)
	}
	if before.State != "absent" {
		l.Checkpoint.Before = "present"
	}
	file, err := document.Read(ctx, c.o.Head, audit.CheckpointPath, document.MaxCompanionBytes)
	if err != nil {
		return fmt.Errorf("read %s: %w", audit.CheckpointPath, err)
	}
	l.Checkpoint.Document = file.Document
	if file.State != "valid" {
		return nil
	}
	domains, revoked := c.o.Config.LogDomains(), false
	point, err := audit.ReadCheckpoint(file.Data, func(id string) (ed25519.PublicKey, bool) {
		revoked = revoked || slices.ContainsFunc(domains, func(d string) bool { return c.o.Keys.Epoch(d, id) == vaulttime.EpochRevoked })
		return c.o.Keys.PublicAmong(domains, id, bytes.Equal(file.Data, before.Data))
	})
	if err != nil {
		l.Checkpoint.State = "invalid"
		l.Checkpoint.Problems = []facts.Problem{{Message: err.Error(), Line: 1, Column: 1}}
		return nil
	}
	l.Checkpoint.Signature = facts.LogSignature(point.Signature)
	if l.Checkpoint.Signature == facts.LogSignatureNoKey && revoked {
		l.Checkpoint.Signature = facts.LogSignatureRevoked
	}
	l.Checkpoint.Covers = matches(point.Size == int64(log.Lines) && point.Root == log.Root)
	return nil
}

// logChange is how the log, or its checkpoint, differs between base and head.
func (c *Collector) logChange() facts.FileChange {
	if status, ok := c.Changes.Status(audit.Path.String()); ok {
		return facts.FileChange(status.String())
	}
	if _, ok := c.Changes.Status(audit.CheckpointPath.String()); ok {
		return facts.FileChangeModified
	}
	return facts.FileChangeUnchanged
}
