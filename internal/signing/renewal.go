package signing

import (
	"context"
	"errors"
	"slices"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/attest"
	"github.com/codexlock/codexlock/internal/concurrent"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/keys"
	"github.com/codexlock/codexlock/internal/renewals"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/trees"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// headRef names the default branch's commit of the remote, once it was fetched.
const headRef = "refs/codexlock/head"

// An OffBranch renews records in the ref: those of the default branch as the remote has it
// or, without a remote, of the commit that is checked out.
type OffBranch struct {
	Signer
	Head   git.Commit
	Tree   trees.Tree // of Head
	Writer renewals.Writer

	repository *repo.Repository
}

// NewOffBranch finds the remote and the commit to verify, reads configuration and keys there,
// and brings the local ref up to date.
func NewOffBranch(ctx context.Context, w host.World, r *repo.Repository, g *gate.Gate) (*OffBranch, error) {
	o := &OffBranch{repository: r, Signer: Signer{Now: g.Now(), Creator: git.Creator(ctx, w.Dir, w.Env)}}
	o.Writer = renewals.Writer{Repository: r, Now: g.Now(), Standing: o.standing}
	remote, ok, err := r.Remote(ctx, environment(w))
	if err != nil {
		return nil, err
	}
	if ok {
		o.Writer.Remote = &remote
		o.Head, err = defaultBranch(ctx, r, remote)
	}
	if err == nil && o.Head == "" {
		o.Head, err = r.Commit(ctx, "HEAD")
	}
	if err != nil {
		return nil, err
	}
	if o.Tree, err = r.Tree(ctx, o.Head); err != nil {
		return nil, err
	}
	if o.Config, o.Keys, err = g.Configuration(ctx, r, o.Tree); err != nil {
		return nil, err
	}
	if !o.Config.RenewsInRef() {
		return nil, exit.AsUsage(&unmergedError{o.Head})
	}
	return o, o.Writer.Sync(ctx)
}

// standing is what a record's proof is worth. One of a key that may not sign now counts for
// nobody: it must not stay in the place of a record that does because it is dated later.
func (o *OffBranch) standing(r vaulttime.Record) renewals.Standing {
	worth := o.ofKey(r)
	if worth == renewals.Refused {
		return worth
	}
	switch valid, known := o.Keys.VerifyProof(r); {
	case !known:
		return renewals.Unknown
	case !valid:
		return renewals.Refused
	}
	return worth
}

// ofKey is what a record's proof is worth if it holds.
func (o *OffBranch) ofKey(r vaulttime.Record) renewals.Standing {
	switch o.Keys.Epoch(r.TrustDomain, r.KeyID) {
	case vaulttime.EpochCurrent, vaulttime.EpochUnlisted:
		return renewals.Proved
	case vaulttime.EpochRetiring:
		return renewals.Retiring
	}
	return renewals.Refused
}

// An unmergedError is a default branch whose configuration does not say renewals: ref yet.
type unmergedError struct{ head git.Commit }

func (e *unmergedError) Error() string {
	return "the configuration in the work tree says renewals: ref, and that of the default branch (" + e.head.String()[:12] + ") does not: nobody would read the ref"
}

// Hint is the next step.
func (e *unmergedError) Hint() string { return "merge the configuration first" }

// environment is what git gets to reach the remote: all but the keys.
func environment(w host.World) []string {
	names := w.Names()
	secrets := keys.Secrets(w.Env, w.KeyFile, names)
	var pairs []string
	for _, name := range names {
		if value, ok := w.Env(name); ok && !slices.Contains(secrets, value) {
			pairs = append(pairs, name+"="+value)
		}
	}
	return pairs
}

// defaultBranch is the commit that the remote's HEAD names, fetched where it is not here; ""
// for an empty remote.
func defaultBranch(ctx context.Context, r *repo.Repository, remote git.Remote) (git.Commit, error) {
	head, _, err := remote.Refs(ctx, renewals.Ref)
	if err != nil || head == "" {
		return "", err
	}
	var missing *git.MissingCommitError
	if _, err := r.Commit(ctx, head.String()); !errors.As(err, &missing) {
		return head, err
	}
	if err := remote.Fetch(ctx, "HEAD", headRef); err != nil {
		return "", err
	}
	return r.Commit(ctx, headRef)
}

// Candidates are the artifacts of the commit, as a gate judged it, that may be renewed.
func (o *OffBranch) Candidates(ctx context.Context, g *gate.Gate) ([]Candidate, error) {
	return Candidates(ctx, o.repository, o.Tree, g)
}

// readRenewed sets Counts of what was judged by a renewed record.
func readRenewed(ctx context.Context, r *repo.Repository, all []Candidate) error {
	if !slices.ContainsFunc(all, func(c Candidate) bool { return c.renewed }) {
		return nil
	}
	store, err := renewals.Open(ctx, r, true)
	if err != nil {
		return err
	}
	return concurrent.Each(len(all), func(i int) error {
		if !all[i].renewed {
			return nil
		}
		found, err := store.Record(ctx, all[i].Path)
		if err == nil && found.State == renewals.Readable {
			all[i].Counts = found.Record
		}
		return err
	})
}

// Renew makes new records of what was verified, and writes them to the ref.
func (o *OffBranch) Renew(ctx context.Context, due []Candidate) ([]attest.Attested, renewals.Written, error) {
	entries := make([]renewals.Entry, len(due))
	done := make([]attest.Attested, len(due))
	err := concurrent.Each(len(due), func(i int) error {
		r, err := o.renewed(ctx, &due[i])
		if err != nil {
			return err
		}
		made := o.ofKey(r)
		entries[i] = renewals.Entry{Record: r, Text: r.Encode(), Made: &made}
		done[i] = attest.Attested{
			Path: due[i].Path, SHA256: r.SHA256, VaultTime: r.VaultTime, Domain: r.TrustDomain, KeyID: r.KeyID, ExpiresAt: vaulttime.TimeOf(r.ExpiresAt()),
		}
		return nil
	})
	if err != nil {
		return nil, renewals.Written{}, err
	}
	written, err := o.Writer.Write(ctx, func(all map[artifact.Path]renewals.Entry) {
		for i, e := range entries {
			p := due[i].Path
			if stands, ok := all[p]; !ok || !o.Writer.Better(stands, e) {
				all[p] = e
			}
		}
	})
	return done, written, err
}

// renewed is a candidate's record, signed again: everything that the record in the tree says
// stays, but for the time.
func (o *OffBranch) renewed(ctx context.Context, c *Candidate) (vaulttime.Record, error) {
	options, err := o.Options(c.Record.TrustDomain, c.Record.TTLHours)
	if err != nil {
		return vaulttime.Record{}, err
	}
	r := c.Record
	approved := r.ApprovedAt()
	r.Path, r.Timestamp, r.AttestedAt, r.Extensions = &c.Path, vaulttime.TimeOf(o.Now), &approved, ""
	for kind, signed := range map[artifact.Companion]**artifact.Digest{artifact.Manifest: &r.ManifestSHA256, artifact.Test: &r.TestSHA256} {
		if *signed != nil {
			continue
		}
		digest, err := o.digest(ctx, c.Path, kind)
		if err != nil {
			return vaulttime.Record{}, err
		}
		*signed = &digest
	}
	return r, options.Key.Sign(&r)
}

// digest is that of a companion in the tree.
func (o *OffBranch) digest(ctx context.Context, p artifact.Path, kind artifact.Companion) (artifact.Digest, error) {
	for _, at := range p.CompanionPaths(kind) {
		entry, ok, err := o.Tree.Lookup(ctx, at)
		if err != nil {
			return artifact.Digest{}, err
		}
		if ok && entry.Kind == trees.File {
			text, err := o.Tree.Read(ctx, entry, document.MaxCompanionBytes)
			return artifact.HashBytes(text), err
		}
	}
	return artifact.Digest{}, &attest.RefusedError{Path: p.String(), Reason: "has no " + kind.Suffix() + " that a renewed record could sign", Next: "attest it: codexlock attest " + p.String()}
}

// Prune drops the records of artifacts that the commit does not have.
func (o *OffBranch) Prune(ctx context.Context) (dropped []artifact.Path, done renewals.Written, err error) {
	var failed error
	done, err = o.Writer.Write(ctx, func(all map[artifact.Path]renewals.Entry) {
		dropped = nil
		for p := range all {
			entry, ok, err := o.Tree.Lookup(ctx, p)
			failed = errors.Join(failed, err)
			if err == nil && (!ok || entry.Kind != trees.File) {
				dropped = append(dropped, p)
				delete(all, p)
			}
		}
	})
	slices.Sort(dropped)
	return dropped, done, errors.Join(err, failed)
}
