package wholechange

import (
	"bytes"
	"context"
	"fmt"
	"sort"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/changeset"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/trees"
)

// gate lists the files of the gate that the change edits. A workflow is part of the gate if it
// mentions Codexlock, before or after.
func (m *measurer) gate(ctx context.Context, r *facts.Repository) error {
	changes := []facts.GateChange{}
	for name, status := range m.set.Changes.All() {
		kind := changeset.GateKind(&m.set.Config, name)
		if kind == "" {
			continue
		}
		if kind == "workflow" {
			runs, err := m.mentionsUs(ctx, name)
			if err != nil {
				return err
			}
			if !runs {
				continue
			}
		}
		if len(changes) == maxGateChanges {
			return &GateChangesError{Most: maxGateChanges}
		}
		changes = append(changes, facts.GateChange{Path: document.Printable(name), Kind: kind, Change: facts.GateFileChange(status.String())})
	}
	sort.Slice(changes, func(i, j int) bool { return changes[i].Path < changes[j].Path })
	r.GateChanges = changes
	return m.edited(ctx, r)
}

// edited measures whether the gate can be used once the change is merged.
func (m *measurer) edited(ctx context.Context, r *facts.Repository) error {
	r.EditedGate, r.GateProblems = "unedited", []facts.GateProblem{}
	if m.o.TrustedBase == facts.TrustedHead || len(m.set.GateEdits()) == 0 {
		return nil
	}
	r.EditedGate = "unchecked"
	if m.o.LoadEdited == nil {
		return nil
	}
	problems, err := m.o.LoadEdited(ctx, m.set.Head)
	if err != nil {
		return fmt.Errorf("load the edited gate: %w", err)
	}
	r.EditedGate = "usable"
	for _, p := range problems {
		p.Path, p.Message = document.Printable(p.Path), document.Printable(p.Message)
		r.EditedGate, r.GateProblems = "unusable", append(r.GateProblems, p)
	}
	return nil
}

// maxGateChanges is the largest number of files of the gate that one change may edit. Each of
// them is reported, so that a person agrees to it; nobody reads more.
const maxGateChanges = 10_000

// A GateChangesError is a change that edits more files of the gate than are judged.
type GateChangesError struct{ Most int }

func (e *GateChangesError) Error() string {
	return fmt.Sprintf("the change edits over %d files of the gate (configuration, policies, schemas, workflows), the most that one change may edit", e.Most)
}

// Hint is the next step.
func (e *GateChangesError) Hint() string {
	return "list the files that differ: git diff --stat BASE HEAD; then split the change"
}

// mentionsUs reports whether a file mentions Codexlock, in the base or in the head.
func (m *measurer) mentionsUs(ctx context.Context, name string) (bool, error) {
	for _, tree := range []trees.Tree{m.set.Base, m.set.Head} {
		entry, there, err := tree.Lookup(ctx, artifact.Path(name))
		if err != nil {
			return false, fmt.Errorf("look up %s: %w", name, err)
		}
		if !there || entry.Kind != trees.File {
			continue
		}
		text, err := tree.Read(ctx, entry, document.MaxCompanionBytes)
		if err != nil {
			return false, fmt.Errorf("read %s: %w", name, err)
		}
		if bytes.Contains(bytes.ToLower(text), []byte("codexlock")) {
			return true, nil
		}
	}
	return false, nil
}
