package wholechange

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

// log measures the log of verifications. If a change is judged and touches neither the log nor
// its checkpoint, they are not read again.
func (m *measurer) log(ctx context.Context, r *facts.Repository) error {
	l := facts.Log{
		Document: facts.Document{Path: audit.Path.String(), State: "absent", Problems: []facts.Problem{}},
		Change:   m.logChange(), History: "absent", Chain: "absent",
		Checkpoint: facts.Checkpoint{
			Document:  facts.Document{Path: audit.CheckpointPath.String(), State: "absent", Problems: []facts.Problem{}},
			Signature: "absent", Covers: "absent", Before: "absent",
		},
	}
	defer func() { r.Log = l }()
	if m.set.Scope == facts.Changed && l.Change == facts.FileChangeUnchanged {
		return nil
	}
	if !m.set.InObjects() { // a work tree: another process may be adding to the log
		release, err := audit.Hold(ctx, m.set.Repository.Root(), m.set.Repository.GitDir())
		if err != nil {
			return err
		}
		defer release()
	}
	before, err := document.Read(ctx, m.set.Base, audit.Path, audit.MaxBytes)
	if err != nil {
		return fmt.Errorf("read the base's %s: %w", audit.Path, err)
	}
	file, err := document.Read(ctx, m.set.Head, audit.Path, audit.MaxBytes)
	if err != nil {
		return fmt.Errorf("read %s: %w", audit.Path, err)
	}
	l.Document = file.Document
	switch {
	case before.State == "absent" && file.State == "absent":
		return nil
	case before.State != "absent" && before.State != "valid":
		l.History = "unread" // its content is unknown, so nothing is known to extend it
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
	return m.checkpoint(ctx, &l, log)
}

// checkpoint measures the signed checkpoint of the log.
func (m *measurer) checkpoint(ctx context.Context, l *facts.Log, log audit.Log) error {
	before, err := document.Read(ctx, m.set.Base, audit.CheckpointPath, document.MaxCompanionBytes)
	if err != nil {
		return fmt.Errorf("read the base's %s: %w", audit.CheckpointPath, err)
	}
	if before.State != "absent" {
		l.Checkpoint.Before = "present"
	}
	file, err := document.Read(ctx, m.set.Head, audit.CheckpointPath, document.MaxCompanionBytes)
	if err != nil {
		return fmt.Errorf("read %s: %w", audit.CheckpointPath, err)
	}
	l.Checkpoint.Document = file.Document
	if file.State != "valid" {
		return nil
	}
	domains, revoked := m.set.Config.LogDomains(), false
	point, err := audit.ReadCheckpoint(file.Data, func(id string) (ed25519.PublicKey, bool) {
		revoked = revoked || slices.ContainsFunc(domains, func(d string) bool { return m.ring.Epoch(d, id) == vaulttime.EpochRevoked })
		return m.ring.PublicAmong(domains, id, bytes.Equal(file.Data, before.Data))
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
	l.Checkpoint.Covers = facts.Match(point.Size == int64(log.Lines) && point.Root == log.Root)
	return nil
}

// logChange returns how the log, or its checkpoint, differs between base and head.
func (m *measurer) logChange() facts.FileChange {
	if status, ok := m.set.Changes.Status(audit.Path.String()); ok {
		return facts.FileChange(status.String())
	}
	if _, ok := m.set.Changes.Status(audit.CheckpointPath.String()); ok {
		return facts.FileChangeModified
	}
	return facts.FileChangeUnchanged
}
