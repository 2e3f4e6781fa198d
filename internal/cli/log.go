package cli

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/attest"
	"github.com/codexlock/codexlock/internal/audit"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/github"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/keys"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// A logging is whether a command adds what it did to the audit log, and in
// whose name. The zero value adds nothing.
type logging struct {
	on   bool
	by   string
	env  func(string) (string, bool)
	user func(context.Context) string // who runs this
	say  io.Writer                    // what was added is said here
}

// flags are --log and --verified-by.
func (l *logging) flags(cmd *cobra.Command, w host.World) {
	l.env, l.say = w.Env, w.Stderr
	l.user = func(ctx context.Context) string { return repo.User(ctx, w.Dir, w.Env) }
	cmd.Flags().BoolVar(&l.on, "log", false, "add the results to MANIFEST.integrity.json, and sign it")
	cmd.Flags().StringVar(&l.by, "verified-by", "", "who verified, for the log (default the user, or the workflow's run)")
}

// fromEnvironment fills in what no flag said.
func (l *logging) fromEnvironment(cmd *cobra.Command) error {
	if v, ok := l.env("CODEXLOCK_LOG"); ok && v != "" && !cmd.Flags().Changed("log") {
		switch v {
		case "true", "1":
			l.on = true
		case "false", "0":
		default:
			return exit.Usagef("CODEXLOCK_LOG is %q, want true or false", v)
		}
	}
	if v, ok := l.env("CODEXLOCK_VERIFIED_BY"); ok && l.by == "" {
		l.by = v
	}
	if l.by == "" && l.on {
		l.by = github.WithRun(l.user(cmd.Context()), l.env)
	}
	if len(l.by) > maxVerifiedBy {
		return exit.Usagef("--verified-by has %d bytes, want at most %d", len(l.by), maxVerifiedBy)
	}
	return nil
}

// maxVerifiedBy is what schemas/integrity.json allows, in bytes to be safe.
const maxVerifiedBy = 1024

// attested are the log's entries of attestations. They have no level: that is
// for a verification to find.
func (l logging) attested(done []attest.Attested, at string) []audit.Entry {
	entries := make([]audit.Entry, 0, len(done))
	for _, a := range done {
		entries = append(entries, audit.Entry{
			Artifact: a.Path.String(), SHA256: a.SHA256.String(), VaultTime: a.VaultTime.String(), TrustDomain: a.Domain,
			VerifiedBy: l.by, VerifiedAt: at, Result: audit.Pass,
		})
	}
	return entries
}

// ready says, before anything is written that is to be logged, whether it can be.
func (l logging) ready(ctx context.Context, c config.Config) error {
	if !l.on {
		return nil
	}
	_, _, err := l.signer(ctx, c)
	return err
}

func (l logging) signer(ctx context.Context, c config.Config) (*vaulttime.Keyring, *audit.Signer, error) {
	ring, err := keys.Ring(ctx, c, l.env)
	if err != nil {
		return nil, nil, err
	}
	signer, err := logSigner(c, ring)
	if err == nil && signer != nil {
		err = maySign(l.env, "--log with a key")
	}
	return ring, signer, err
}

// append adds entries to the log of a work tree, signed with the key of the
// log's domain.
func (l logging) append(ctx context.Context, r *repo.Repository, c config.Config, entries []audit.Entry) error {
	if !l.on || len(entries) == 0 {
		return nil
	}
	keys, signer, err := l.signer(ctx, c)
	if err != nil {
		return err
	}
	w := audit.Writer{Root: r.Root(), GitDir: r.GitDir(), Signer: signer, Public: func(id string) (ed25519.PublicKey, bool) {
		return keys.PublicAmong(c.LogDomains(), id, true)
	}}
	done, err := w.Append(ctx, entries)
	if err != nil {
		return &unloggedError{err}
	}
	how := "signed"
	if !done.Signed {
		how = "not signed: there is no key for it, or a weak one"
	}
	_, err = fmt.Fprintf(l.say, "codexlock: %s: entry %d to %d of %d, %s\n", audit.Path, done.From+1, done.Lines, done.Lines, how)
	return err
}

// An unloggedError is a result that could not be added to the log, and so counts
// for nothing: the standard has every verification logged (ZT-8.1).
type unloggedError struct{ err error }

func (e *unloggedError) Error() string { return "add to the audit log: " + e.err.Error() }
func (e *unloggedError) Unwrap() error { return e.err }

// logSigner signs with the key of the log's domain; nil where this run has none,
// or a weak one, and the configuration does not ask for proofs.
func logSigner(c config.Config, ring *vaulttime.Keyring) (*audit.Signer, error) {
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
