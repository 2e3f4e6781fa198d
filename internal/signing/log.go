package signing

import (
	"context"
	"crypto/ed25519"

	"github.com/codexlock/codexlock/internal/attest"
	"github.com/codexlock/codexlock/internal/audit"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/keys"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// A Log is whether a run adds what it did to the audit log, and in whose name. The zero
// value adds nothing.
type Log struct {
	On   bool
	By   string
	Env  func(string) (string, bool)
	File func(name string) ([]byte, error) // reads a key file
}

// Attested are the log's entries of attestations. They have no level: that is
// for a verification to find.
func (l Log) Attested(done []attest.Attested, at string) []audit.Entry {
	entries := make([]audit.Entry, 0, len(done))
	for _, a := range done {
		entries = append(entries, audit.Entry{
			Artifact: a.Path.String(), SHA256: a.SHA256.String(), VaultTime: a.VaultTime.String(), TrustDomain: a.Domain,
			VerifiedBy: l.By, VerifiedAt: at, Result: audit.Pass,
		})
	}
	return entries
}

// Ready returns why entries cannot be logged, before anything is written.
func (l Log) Ready(ctx context.Context, c config.Config) error {
	if !l.On {
		return nil
	}
	_, _, err := l.signer(ctx, c)
	return err
}

func (l Log) signer(ctx context.Context, c config.Config) (*vaulttime.Keyring, *audit.Signer, error) {
	ring, err := keys.Ring(ctx, c, l.Env, l.File)
	if err != nil {
		return nil, nil, err
	}
	signer, err := LogSigner(c, ring)
	if err == nil && signer != nil {
		err = MaySign(l.Env, "--log with a key")
	}
	return ring, signer, err
}

// Append adds entries to the log of a work tree, signed with the key of the log's domain.
// It does nothing where nothing is logged.
func (l Log) Append(ctx context.Context, r *repo.Repository, c config.Config, entries []audit.Entry) (audit.Appended, error) {
	if !l.On || len(entries) == 0 {
		return audit.Appended{}, nil
	}
	keys, signer, err := l.signer(ctx, c)
	if err != nil {
		return audit.Appended{}, err
	}
	done, err := LogWriter(r, c, keys, signer).Append(ctx, entries)
	if err != nil {
		return done, &unloggedError{err}
	}
	return done, nil
}

// LogWriter writes the log of a work tree. It trusts the keys that the log's domains list.
func LogWriter(r *repo.Repository, c config.Config, keys *vaulttime.Keyring, signer *audit.Signer) audit.Writer {
	return audit.Writer{Root: r.Root(), GitDir: r.GitDir(), Signer: signer, Public: func(id string) (ed25519.PublicKey, bool) {
		return keys.PublicAmong(c.LogDomains(), id, true)
	}}
}

// An unloggedError is a result that could not be added to the log, and so counts
// for nothing: the standard has every verification logged (ZT-8.1).
type unloggedError struct{ err error }

func (e *unloggedError) Error() string { return "add to the audit log: " + e.err.Error() }
func (e *unloggedError) Unwrap() error { return e.err }

// LogSigner signs with the key of the log's domain; nil where this run has none,
// or a weak one, and the configuration does not ask for proofs.
func LogSigner(c config.Config, ring *vaulttime.Keyring) (*audit.Signer, error) {
	names := c.LogDomains()
	if len(names) != 1 {
		return nil, exit.Usagef("%s has %d trust domains and does not say which one's key signs the audit log: want audit: {domain: NAME}", c.File, len(names))
	}
	name := names[0]
	d, _ := c.Domain(name)
	key, ok := ring.Key(name)
	switch {
	case !ok && c.RequireProof:
		return nil, &unloggedError{keys.Missing(name, d)}
	case key.Weakness() != "" && c.RequireProof:
		return nil, &attest.WeakKeyError{Domain: name, Env: d.KeySource(), Reason: key.Weakness()}
	case key.Weakness() != "": // none, or one whose signature is worth nothing
		return nil, nil
	}
	if epoch := ring.Epoch(name, key.ID()); epoch != vaulttime.EpochCurrent && epoch != vaulttime.EpochUnlisted {
		return nil, &unloggedError{&EpochError{ID: key.ID(), Source: d.KeySource(), Domain: name, Epoch: epoch}}
	}
	return &audit.Signer{KeyID: key.ID(), Public: key.PublicKey(), Sign: key.SignNote}, nil
}
