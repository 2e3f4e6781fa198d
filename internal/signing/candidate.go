package signing

import (
	"context"
	"fmt"
	"slices"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/attest"
	"github.com/codexlock/codexlock/internal/concurrent"
	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/trees"
	"github.com/codexlock/codexlock/internal/txn"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// A Candidate is an artifact of a tree, as the gate judged it, that may be attested again.
type Candidate struct {
	Path   artifact.Path
	Change string // since the last commit: unchanged, added, …
	Digest artifact.Digest
	Record vaulttime.Record
	Counts vaulttime.Record // by which it was judged: Record, or a renewed one
	Denied []decision.Finding
	Failed bool // the problem is a failure of this run

	// HandsOver is whether all that is denied is that its record in the tree has expired, while
	// the renewed one is valid, of a key that is retiring since: who may sign now takes it over.
	HandsOver bool

	renewed bool   // it was judged by a renewed record
	problem string // why it cannot be attested here, whatever the gate says; "" where it can
}

// Refused is why it is not attested again, "" where it may be.
func (c *Candidate) Refused() string {
	if len(c.Denied) > 0 {
		return Line(c.Denied[0])
	}
	return c.problem
}

// OnlyExpired reports whether all that is denied is that time went by.
func (c *Candidate) OnlyExpired() bool {
	for _, f := range c.Denied {
		if f.Kind != decision.KindExpiry {
			return false
		}
	}
	return len(c.Denied) > 0
}

// Line is a finding in one line, not escaped.
func Line(f decision.Finding) string { return fmt.Sprintf("%s [%s]", f.Message, f.Rule) }

// A RepositoryDeniedError is a repository that is denied as a whole: then no artifact of it
// is trusted.
type RepositoryDeniedError struct{ Findings []decision.Finding }

func (e *RepositoryDeniedError) Error() string {
	return "nothing was written: the repository as a whole is denied"
}

// Unwrap makes it a denied result.
func (e *RepositoryDeniedError) Unwrap() error { return exit.ErrDenied }

// editsCompanion reports whether a finding says that a companion is not the one that
// the record signs. An exception may allow that; renewing would sign the edit.
func editsCompanion(f decision.Finding) bool {
	return f.Kind == decision.KindManifest || f.Kind == decision.KindTest
}

// Candidates runs the whole gate over a tree, and says of each artifact whether it may be
// attested again: what fails, fails still after that. A denial of the change as a whole is a
// *RepositoryDeniedError.
func Candidates(ctx context.Context, r *repo.Repository, tree trees.Tree, g *gate.Gate) ([]Candidate, error) {
	judged, err := g.Run(ctx)
	if err != nil {
		return nil, err
	}
	denied := map[string][]decision.Finding{}
	for _, f := range judged.Findings {
		if f.Severity == decision.Deny && (!f.Excepted || editsCompanion(f)) {
			denied[f.Artifact] = append(denied[f.Artifact], f)
		}
	}
	if whole := denied[""]; len(whole) > 0 {
		return nil, &RepositoryDeniedError{whole}
	}
	all := make([]Candidate, len(judged.Artifacts))
	err = concurrent.Each(len(all), func(i int) error {
		a := judged.Artifacts[i]
		all[i].Denied = denied[a.Path]
		return all[i].read(ctx, tree, a)
	})
	if err == nil {
		err = readRenewed(ctx, r, all)
	}
	if err != nil {
		return nil, err
	}
	return all, findHandovers(ctx, g, all)
}

// findHandovers sets HandsOver. It measures again, and so only if there can be one.
func findHandovers(ctx context.Context, g *gate.Gate, all []Candidate) error {
	if !slices.ContainsFunc(all, func(c Candidate) bool { return c.OnlyExpired() }) {
		return nil
	}
	states, err := g.RenewalsOfRetiringKeys(ctx)
	for i := range all {
		c := &all[i]
		c.HandsOver = c.OnlyExpired() && states[c.Path.String()].State == facts.RenewalRetiring
	}
	return err
}

// read finds the artifact's record. What cannot be attested in this work tree is
// left, and is no error of the run.
func (c *Candidate) read(ctx context.Context, tree trees.Tree, a decision.Artifact) (err error) {
	c.Path, c.Change, c.renewed = artifact.Path(a.Path), a.Change, a.Renewed
	if a.SHA256 == "" {
		c.problem = "there is no content to attest"
		return nil
	}
	if c.Digest, err = artifact.ParseDigest(a.SHA256); err != nil {
		return err
	}
	record, ok, err := readRecord(ctx, tree, c.Path)
	if ok {
		c.Record, c.Counts = record, record
	} else {
		c.problem = "its VaultTime record could not be read" // an exception may let that through
	}
	return err
}

// readRecord reads an artifact's record, next to it or at the mirrored path. ok is false
// without a record that can be read.
func readRecord(ctx context.Context, tree trees.Tree, of artifact.Path) (record vaulttime.Record, ok bool, err error) {
	for _, p := range of.CompanionPaths(artifact.VaultTime) {
		entry, there, err := tree.Lookup(ctx, p)
		if err != nil {
			return record, false, err
		}
		if !there || entry.Kind != trees.File {
			continue
		}
		text, err := tree.Read(ctx, entry, document.MaxCompanionBytes)
		if err != nil {
			return record, false, err
		}
		if record, _, err = vaulttime.DecodeRecord(text); err == nil {
			return record, true, nil
		}
	}
	return record, false, nil
}

// A Recorded is an artifact with its VaultTime record as it stands in a tree. Nobody
// verified either.
type Recorded struct {
	Path   artifact.Path
	Record vaulttime.Record
	Read   bool // false: there is no record that can be read
}

// Records reads the records of artifacts, in their order.
func Records(ctx context.Context, tree trees.Tree, paths []artifact.Path) ([]Recorded, error) {
	all := make([]Recorded, len(paths))
	return all, concurrent.Each(len(all), func(i int) (err error) {
		all[i].Path = paths[i]
		all[i].Record, all[i].Read, err = readRecord(ctx, tree, paths[i])
		return err
	})
}

// CanSign reports whether this run can attest it; where not, that is why it is refused.
func (c *Candidate) CanSign(s Signer) bool {
	_, err := s.Options(c.Record.TrustDomain, c.Record.TTLHours)
	if err != nil {
		c.problem, c.Failed = err.Error(), true
	}
	return err == nil
}

// Reattest attests what was verified, and just that: all of it or, where one of them
// changed meanwhile, nothing.
func Reattest(ctx context.Context, r *repo.Repository, s Signer, due []Candidate) (attest.Result, error) {
	return reattest(ctx, r, s, due, nil, func(*attest.Options) {})
}

// Migrate is Reattest with records and tests in the current form, and writes other files too.
func Migrate(ctx context.Context, r *repo.Repository, s Signer, due []Candidate, files []txn.File) (attest.Result, error) {
	return reattest(ctx, r, s, due, files, func(o *attest.Options) { o.SignCompanions, o.CurrentTest = true, true })
}

// AttestEdited is Reattest with edits of the artifacts or of their tests, in the same commit. An
// artifact that is edited, or whose test is, is attested anew, as it is after the edits. A test
// that attest wrote gets the current form.
func AttestEdited(ctx context.Context, r *repo.Repository, s Signer, due []Candidate, edits []attest.Edit) (attest.Result, error) {
	edited := map[artifact.Path]artifact.Digest{}
	for _, e := range edits {
		edited[e.After.Path] = artifact.HashBytes(e.After.Data)
	}
	paths, options := s.optionsOf(due, func(c *Candidate, o *attest.Options) {
		o.CurrentTest = true
		for _, at := range c.Path.CompanionPaths(artifact.Test) {
			if _, ok := edited[at]; ok {
				o.Renewal = false
			}
		}
		if digest, ok := edited[c.Path]; ok {
			o.Expect, o.Renewal = &digest, false
		}
	})
	return attest.AttestEdited(ctx, r.Root(), r.GitDir(), edits, paths, options)
}

func reattest(ctx context.Context, r *repo.Repository, s Signer, due []Candidate, files []txn.File, adjust func(*attest.Options)) (attest.Result, error) {
	paths, options := s.optionsOf(due, func(_ *Candidate, o *attest.Options) { adjust(o) })
	return attest.AttestWith(ctx, r.Root(), r.GitDir(), files, paths, options)
}

// optionsOf returns the paths of candidates, and what is written about each: that of a renewal,
// adjusted.
func (s Signer) optionsOf(due []Candidate, adjust func(*Candidate, *attest.Options)) ([]artifact.Path, func(artifact.Path) (attest.Options, error)) {
	byPath := make(map[artifact.Path]*Candidate, len(due))
	paths := make([]artifact.Path, 0, len(due))
	for i := range due {
		byPath[due[i].Path] = &due[i]
		paths = append(paths, due[i].Path)
	}
	return paths, func(p artifact.Path) (attest.Options, error) {
		c := byPath[p]
		o, err := s.Options(c.Record.TrustDomain, c.Record.TTLHours)
		o.Expect, o.Renewal = &c.Digest, true
		adjust(c, &o)
		return o, err
	}
}
