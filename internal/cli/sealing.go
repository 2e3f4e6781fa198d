package cli

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/codexlock/codexlock/internal/attest"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/keys"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// An EpochError is a key that may not seal: what it seals would not be believed.
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

// A sealer says with which key and for how long an artifact is attested: by the
// work tree's configuration and the keys of the environment.
type sealer struct {
	config  config.Config
	keys    *vaulttime.Keyring
	now     time.Time
	creator string // where nothing else names one
}

// newSealer finishes what an interrupted run left, and reads the configuration
// of the work tree and the keys.
func newSealer(ctx context.Context, w host.World, r *repo.Repository, g *gate.Gate) (sealer, error) {
	s := sealer{now: g.Now(), creator: repo.User(ctx, w.Dir, w.Env)}
	if _, err := attest.Recover(r.Root(), r.GitDir()); err != nil {
		return s, fmt.Errorf("finish an interrupted attest: %w", err)
	}
	tree, err := r.WorkTree(ctx)
	if err != nil {
		return s, err
	}
	s.config, s.keys, err = g.Configuration(ctx, r, tree)
	return s, err
}

// key is the one that seals for a domain.
func (s sealer) key(domain string) (vaulttime.Key, config.Domain, error) {
	d, known := s.config.Domain(domain)
	if !known {
		return vaulttime.Key{}, d, exit.Usagef("trust domain %q is not in %s", domain, s.config.File)
	}
	key, ok := s.keys.Key(domain)
	if !ok {
		return key, d, exit.AsUsage(keys.Missing(domain, d))
	}
	if reason := key.Weakness(); reason != "" {
		return key, d, &attest.WeakKeyError{Domain: domain, Env: d.KeySource(), Reason: reason}
	}
	if epoch := s.keys.Epoch(domain, key.ID()); epoch != vaulttime.EpochCurrent && epoch != vaulttime.EpochUnlisted {
		return key, d, exit.AsUsage(&EpochError{ID: key.ID(), Source: d.KeySource(), Domain: domain, Epoch: epoch})
	}
	return key, d, nil
}

// anyKey refuses a run that can seal nothing.
func (s sealer) anyKey() error {
	names := facts.DomainNames(s.config)
	for _, name := range names {
		if len(s.keys.Held(name)) > 0 {
			return nil
		}
	}
	if len(names) == 0 {
		return exit.Usagef("%s has no trust domain", s.config.File)
	}
	d, _ := s.config.Domain(names[0])
	return exit.AsUsage(keys.Missing(names[0], d))
}

// options are what is written about an artifact of a domain; no hours are the
// most that it allows.
func (s sealer) options(domain string, hours int64) (attest.Options, error) {
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
		Domain: domain, TTLHours: hours, Key: key, KeyEnv: d.Key.Variable(), Now: s.now, FallbackCreator: s.creator,
		SignCompanions: s.config.SignsCompanions(),
		Accepts:        func(from string) bool { return s.config.Domains == nil || slices.Contains(d.AcceptsFrom, from) },
		VerifyProof:    func(r vaulttime.Record) (valid, known bool) { return s.verifyProof(domain, r) },
	}, nil
}

// verifyProof checks the proof of a record whose chain is gone on with. In
// its own domain the key before the current one is good enough, for there it is
// what is replaced. From another one only a current key's record is taken over:
// who has an old key could make such a record today.
func (s sealer) verifyProof(domain string, r vaulttime.Record) (valid, known bool) {
	switch s.keys.Epoch(r.TrustDomain, r.KeyID) {
	case vaulttime.EpochCurrent, vaulttime.EpochUnlisted:
	case vaulttime.EpochRetiring:
		if r.TrustDomain != domain {
			return false, false
		}
	default:
		return false, false
	}
	return s.keys.VerifyProof(r)
}
