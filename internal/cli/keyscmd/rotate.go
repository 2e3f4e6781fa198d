package keyscmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/attest"
	"github.com/codexlock/codexlock/internal/cli/auditlog"
	"github.com/codexlock/codexlock/internal/cli/candidates"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/keys"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/signing"
	"github.com/codexlock/codexlock/internal/txn"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// A rotation is one run of the keys rotate command.
type rotation struct {
	keyView
	gate   *gate.Gate
	dryRun bool
	signer signing.Signer
	log    auditlog.Log
}

func rotateCommand(w host.World) *cobra.Command {
	t := rotation{keyView: keyView{world: w}}
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Go from one key to the next: list it, then attest again what the old one signed",
		Long: `rotate reads the new key from the domain's variable and the old one from the variable
with the suffix _OLD, and does the next of two steps.

The first step lists the new key in codexlock.yaml as current and the old one as
retiring, and changes nothing else in that file. Merge this change first, because the
gate trusts only the keys of the base commit.

The second step attests everything again that verifies under the old key, and nothing
else: all of it, or nothing. If the domain lists no keys, this is the only step.`,
		Example: `  export VAULTTIME_KEY_OLD=$VAULTTIME_KEY VAULTTIME_KEY=$(codexlock keys generate)
  codexlock keys rotate   # commit and merge codexlock.yaml, then
  codexlock keys rotate`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := t.log.FromEnvironment(cmd); err != nil {
				return err
			}
			return t.run(cmd.Context())
		},
	}
	t.flags(cmd)
	t.log.Flags(cmd, w)
	cmd.Flags().BoolVar(&t.dryRun, "dry-run", false, "print what would be done, and write nothing")
	return cmd
}

func (t rotation) run(ctx context.Context) (err error) {
	if err := signing.MaySign(t.world.Env, "keys rotate"); err != nil {
		return err
	}
	if t.gate, err = t.keyView.gate(gate.Options{Selection: gate.Selection{Scope: facts.All}}); err != nil {
		return err
	}
	r, err := repo.Open(ctx, t.world.Dir)
	if err != nil {
		return err
	}
	defer r.Close()
	if t.signer, err = signing.New(ctx, t.world, r, t.gate); err != nil {
		return err
	}
	t.options.Config, t.options.Keys = t.signer.Config, t.signer.Keys
	if err := t.known(); err != nil {
		return err
	}
	domains, err := t.rotating()
	if err != nil {
		return err
	}
	committed, err := t.committed(ctx, r)
	if err != nil {
		return err
	}
	var unlisted []string
	for _, name := range domains {
		listed, err := t.listed(committed, name)
		if err != nil {
			return err
		}
		if !listed {
			unlisted = append(unlisted, name)
		}
	}
	if len(unlisted) > 0 {
		return t.list(ctx, r, unlisted)
	}
	return t.replace(ctx, r, domains)
}

// rotating returns the domains that have a new key and an old one.
func (t rotation) rotating() ([]string, error) {
	var names []string
	for _, name := range t.domains() {
		key, ok := t.signer.Keys.Key(name)
		held := t.signer.Keys.Held(name)
		switch {
		case ok && len(held) > 1:
			if reason := key.Weakness(); reason != "" {
				d, _ := t.signer.Config.Domain(name)
				return nil, &attest.WeakKeyError{Domain: name, Env: d.KeySource(), Reason: reason}
			}
			names = append(names, name)
		case t.domain != "" || len(t.domains()) == 1:
			d, _ := t.signer.Config.Domain(name)
			if !ok {
				return nil, exit.AsUsage(keys.Missing(name, d))
			}
			return nil, exit.Usagef("no old key for trust domain %q: %s", name, keys.NoOldKey(d))
		}
	}
	if len(names) == 0 {
		return nil, exit.Usagef("no trust domain has an old key next to its new one: set the domain's variable with the suffix %s to the old key", keys.OldSuffix)
	}
	return names, nil
}

// committed returns the keys that the last commit lists.
func (t rotation) committed(ctx context.Context, r *repo.Repository) (*vaulttime.Keyring, error) {
	head, err := r.Commit(ctx, "HEAD")
	if err != nil {
		return nil, err
	}
	tree, err := r.Tree(ctx, head)
	if err != nil {
		return nil, err
	}
	_, keys, err := t.gate.Configuration(ctx, r, tree)
	return keys, err
}

// listed reports whether the last commit lists the new key as current, or lists no keys at all.
// It fails if listing the key would not help: its state is retiring or revoked, or the list is
// not committed yet.
func (t rotation) listed(committed *vaulttime.Keyring, name string) (bool, error) {
	key, _ := t.signer.Keys.Key(name)
	d, _ := t.signer.Config.Domain(name)
	before, now := committed.Epoch(name, key.ID()), t.signer.Keys.Epoch(name, key.ID())
	current := func(e vaulttime.Epoch) bool { return e == vaulttime.EpochCurrent || e == vaulttime.EpochUnlisted }
	switch {
	case current(before) && current(now):
		return true, nil
	case now == vaulttime.EpochCurrent:
		return false, exit.Usagef("key %s of trust domain %q is current in %s, and not yet in the last commit: commit and merge that first, because the gate trusts only the keys of the base commit", key.ID(), name, t.signer.Config.File)
	case now == vaulttime.EpochUnknown:
		return false, nil
	}
	return false, exit.AsUsage(&signing.EpochError{ID: key.ID(), Source: d.KeySource(), Domain: name, Epoch: now})
}

// list does the first step: it adds the new keys to codexlock.yaml.
func (t rotation) list(ctx context.Context, r *repo.Repository, domains []string) error {
	at := t.signer.Config.File
	tree, err := r.WorkTree(ctx)
	if err != nil {
		return err
	}
	entry, ok, err := tree.Lookup(ctx, at)
	if err != nil || !ok {
		return errors.Join(err, fmt.Errorf("read %s: %w", at, fs.ErrNotExist))
	}
	text, err := tree.Read(ctx, entry, document.MaxCompanionBytes)
	if err != nil {
		return err
	}
	for _, name := range domains {
		key, _ := t.signer.Keys.Key(name)
		next := config.PublicKey{ID: key.ID(), Key: vaulttime.FormatPublicKey(key.PublicKey()), CreatedAt: t.options.Now, State: "current"}
		text, err = config.Rotate(at, text, name, next)
		if errors.Is(err, config.ErrLayout) {
			return exit.Usagef("%w; put this line into public_keys of trust domain %q, set the state of the others to retiring, and run it again: %s", err, name, next.Line())
		}
		if err != nil {
			return err
		}
	}
	verb := "would list"
	if !t.dryRun {
		verb = "lists"
		mode := fs.FileMode(0o644)
		if entry.Mode == "100755" {
			mode = 0o755
		}
		if err := txn.Commit(ctx, r.Root(), r.GitDir(), []txn.File{{Path: at, Mode: mode, Data: text}}); err != nil {
			return err
		}
	}
	for _, name := range domains {
		key, _ := t.signer.Keys.Key(name)
		fmt.Fprintf(t.world.Stdout, "[✓] %s %s key %s of trust domain %s as current, and the one before it as retiring\n", at, verb, key.ID(), name)
	}
	between := ""
	if t.signer.Config.RenewsInRef() { // where records of a retiring key do not count
		between = "codexlock renew (the renewal workflow does that, with both keys) and "
	}
	fmt.Fprintf(t.world.Stderr, "codexlock: hint: step 1 of 2: commit and merge %s, then run %scodexlock keys rotate again to attest anew\n", at, between)
	return nil
}

// replace does the second step: it attests again what the old keys signed.
func (t rotation) replace(ctx context.Context, r *repo.Repository, domains []string) error {
	all, err := candidates.Find(ctx, t.world.Stdout, r, t.gate)
	if err != nil {
		return err
	}
	var due []signing.Candidate
	was := map[string]string{}
	others := 0
	for i := range all {
		s := &all[i]
		id, old := t.old(s.Record, domains)
		if s.HandsOver {
			s.Denied = nil
		}
		switch {
		case s.Refused() != "":
		case old && s.CanSign(t.signer):
			due = append(due, *s)
			was[s.Path.String()] = id
		case !old:
			others++
		}
	}
	if err := t.attest(ctx, r, due, was); err != nil {
		return err
	}
	skipped, failed := candidates.PrintSkipped(t.world, all)
	verb := "attested with the new key"
	if t.dryRun {
		verb = "to attest with the new key"
	}
	return candidates.Conclude(t.world, failed, "%d of %s %s, %d not of an old key, %d skipped", len(due), report.Count(len(all), "artifact"), verb, others, skipped)
}

// old reports whether a record was signed with an old key of one of the domains, and returns
// the key's id.
func (t rotation) old(record vaulttime.Record, domains []string) (id string, old bool) {
	name := record.TrustDomain
	if t.signer.Config.Domains != nil && !slices.Contains(domains, name) || t.domain != "" && name != t.domain {
		return "", false
	}
	key, ok := t.signer.Keys.Maker(name, record)
	now, _ := t.signer.Keys.Key(name)
	return key.ID(), ok && key.ID() != now.ID()
}

func (t rotation) attest(ctx context.Context, r *repo.Repository, due []signing.Candidate, was map[string]string) error {
	if t.dryRun {
		for _, s := range due {
			fmt.Fprintf(t.world.Stdout, "[✓] %s would be attested with the new key (trust domain %s, now of key %s)\n",
				report.Terminal(s.Path.String()), s.Record.TrustDomain, was[s.Path.String()])
		}
		return nil
	}
	if err := t.log.Ready(ctx, t.signer.Config); err != nil {
		return err
	}
	done, err := signing.Reattest(ctx, r, t.signer, due)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(t.world.Stdout)
	for _, d := range done.Attested {
		fmt.Fprintf(out, "[✓] %s attested with key %s (trust domain %s, was of key %s, valid until %s)\n",
			report.Terminal(d.Path.String()), d.KeyID, d.Domain, was[d.Path.String()], d.ExpiresAt)
	}
	_ = out.Flush()
	if len(done.Attested) > 0 {
		fmt.Fprintln(t.world.Stderr, "codexlock: hint: commit them; once no record is of the old key, set its state to revoked and drop the old variable")
	}
	return t.log.Add(ctx, r, t.signer.Config, t.log.Attested(done.Attested, vaulttime.FormatTime(t.options.Now)))
}
