// Package signing is shared by the commands that sign: it finds the key that signs for a trust
// domain, the artifacts that may be attested again, and the files that a commit would omit
// or change, and it writes the audit log. It reads no flags and prints nothing.
package signing

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/codexlock/codexlock/internal/attest"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/keys"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/txn"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// An EpochError is a key that may not sign: what it signs would not be trusted.
type EpochError struct {
	ID, Source, Domain string
	Epoch              vaulttime.Epoch
}

func (e *EpochError) Error() string {
	words := "is none that codexlock.yaml lists for trust domain %q"
	if e.Epoch != vaulttime.EpochUnknown {
		words = "is a " + string(e.Epoch) + " one of trust domain %q"
	}
	return fmt.Sprintf("the key in %s, %s, "+words+", so its signatures are not trusted", e.Source, e.ID, e.Domain)
}

// Hint is the next step.
func (e *EpochError) Hint() string {
	return "take the current key, or make this one current: codexlock keys rotate"
}

// A Signer says with which key and for how long an artifact is attested.
type Signer struct {
	Config  config.Config // the work tree's
	Keys    *vaulttime.Keyring
	Now     time.Time
	Creator string // where nothing else names one
}

// New finishes what an interrupted run left, and reads the configuration
// of the work tree and the keys.
func New(ctx context.Context, w host.World, r *repo.Repository, g *gate.Gate) (Signer, error) {
	s := Signer{Now: g.Now(), Creator: git.Creator(ctx, w.Dir, w.Env)}
	if _, err := txn.Recover(r.Root(), r.GitDir()); err != nil {
		return s, fmt.Errorf("finish an interrupted attest: %w", err)
	}
	tree, err := r.WorkTree(ctx)
	if err != nil {
		return s, err
	}
	if s.Config, s.Keys, err = g.Configuration(ctx, r, tree); err != nil {
		return s, err
	}
	return s, refuseTrackedKeys(ctx, w, r, s.Config)
}

// key is the one that signs for a domain.
func (s Signer) key(domain string) (vaulttime.Key, config.Domain, error) {
	d, known := s.Config.Domain(domain)
	if !known {
		return vaulttime.Key{}, d, exit.Usagef("trust domain %q is not in %s", domain, s.Config.File)
	}
	key, ok := s.Keys.Key(domain)
	if !ok {
		return key, d, exit.AsUsage(keys.Missing(domain, d))
	}
	if reason := key.Weakness(); reason != "" {
		return key, d, &attest.WeakKeyError{Domain: domain, Env: d.KeySource(), Reason: reason}
	}
	if epoch := s.Keys.Epoch(domain, key.ID()); epoch != vaulttime.EpochCurrent && epoch != vaulttime.EpochUnlisted {
		return key, d, exit.AsUsage(&EpochError{ID: key.ID(), Source: d.KeySource(), Domain: domain, Epoch: epoch})
	}
	return key, d, nil
}

// AnyKey refuses a run that can sign nothing.
func (s Signer) AnyKey() error {
	names := s.Config.DomainNames()
	for _, name := range names {
		if len(s.Keys.Held(name)) > 0 {
			return nil
		}
	}
	if len(names) == 0 {
		return exit.Usagef("%s has no trust domain", s.Config.File)
	}
	d, _ := s.Config.Domain(names[0])
	return exit.AsUsage(keys.Missing(names[0], d))
}

// Options are what is written about an artifact of a domain; no hours are the
// most that it allows.
func (s Signer) Options(domain string, hours int64) (attest.Options, error) {
	key, d, err := s.key(domain)
	if err != nil {
		return attest.Options{}, err
	}
	if hours == 0 {
		hours = d.MaxTTLHours
	}
	if hours < 1 || hours > d.MaxTTLHours {
		return attest.Options{}, exit.Usagef("--ttl-hours is %d, want 1 to %d, the maximum of trust domain %q", hours, d.MaxTTLHours, domain)
	}
	return attest.Options{
		Domain: domain, TTLHours: hours, Key: key, KeyEnv: d.Key.Variable(), Now: s.Now, FallbackCreator: s.Creator,
		SignCompanions: s.Config.SignsCompanions(), RenewsInRef: s.Config.RenewsInRef(),
		Accepts:     func(from string) bool { return s.Config.Domains == nil || slices.Contains(d.AcceptsFrom, from) },
		VerifyProof: func(r vaulttime.Record) (valid, known bool) { return s.verifyProof(domain, r) },
	}, nil
}

// verifyProof checks the proof of a record whose chain is continued. In
// its own domain the key before the current one is good enough, for there it is
// what is replaced. From another one only a current key's record is taken over:
// who has an old key could make such a record today.
func (s Signer) verifyProof(domain string, r vaulttime.Record) (valid, known bool) {
	switch s.Keys.Epoch(r.TrustDomain, r.KeyID) {
	case vaulttime.EpochCurrent, vaulttime.EpochUnlisted:
	case vaulttime.EpochRetiring:
		if r.TrustDomain != domain {
			return false, false
		}
	default:
		return false, false
	}
	return s.Keys.VerifyProof(r)
}
