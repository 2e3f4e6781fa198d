package attest

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// A Draft is what would be written about an artifact. It has no signature: whoever had it
// would have the attestation.
type Draft struct {
	Path     artifact.Path   `json:"path"`
	Entry    json.RawMessage `json:"entry"` // of the ledger
	Manifest json.RawMessage `json:"manifest"`
	Record   json.RawMessage `json:"vaulttime"` // without vaulttime and proof
	Files    []artifact.Path `json:"files"`     // companions that differ from what is there
}

// Plan is Attest without writing anything. The result has drafts.
func Plan(ctx context.Context, root, gitDir string, paths []artifact.Path, resolve func(artifact.Path) (Options, error)) (Result, error) {
	b, err := newBatch(root, gitDir)
	if err != nil {
		return Result{}, err
	}
	b.drafts = true
	if err := b.addAll(ctx, paths, resolve); err != nil {
		return Result{}, err
	}
	return b.result, nil
}

// draft is what was composed, without its signatures.
func (c *composer) draft(r vaulttime.Record) *Draft {
	d := &Draft{Path: c.path, Manifest: c.texts[artifact.Manifest], Files: []artifact.Path{}}
	for _, f := range c.out.files {
		d.Files = append(d.Files, f.Path)
	}
	var listed struct {
		Artifacts []json.RawMessage `json:"artifacts"`
	}
	fields := map[string]json.RawMessage{}
	err := json.Unmarshal((&ledger.Ledger{Artifacts: []ledger.Entry{c.out.entry}}).Encode(), &listed)
	if err == nil {
		err = json.Unmarshal(r.Encode(), &fields)
	}
	if err != nil {
		panic(fmt.Sprintf("it was just encoded: %v", err))
	}
	d.Entry = listed.Artifacts[0]
	delete(fields, "vaulttime")
	delete(fields, vaulttime.ProofField)
	if d.Record, err = json.Marshal(fields); err != nil {
		panic(fmt.Sprintf("it was just decoded: %v", err))
	}
	return d
}
