package keyscmd

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/audit"
	"github.com/codexlock/codexlock/internal/cli/terminal"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/signing"
	"github.com/codexlock/codexlock/internal/trees"
	"github.com/codexlock/codexlock/internal/txn"
)

// A revocation is one run of the keys revoke command.
type revocation struct {
	world  host.World
	gate   *gate.Gate
	id     string
	domain string // "" for all that list the key
	dryRun bool
}

func revokeCommand(w host.World) *cobra.Command {
	v := revocation{world: w}
	cmd := &cobra.Command{
		Use:   "revoke ID",
		Short: "Revoke a key that leaked or is not needed any more",
		Long: `revoke sets the state of a public key in codexlock.yaml to revoked, changes nothing
else in that file, and lists the artifacts whose record the key signed: they have to
be attested again with another key. It takes effect when the change is merged, because
the gate trusts only the keys of the base commit. From then on, nothing that the key
signed is trusted.

ID is the 16 hex characters of the key's id, as keys check and codexlock.yaml show it.
No key is needed to revoke one.`,
		Example: `  codexlock keys revoke 490957580a8d49d7
  codexlock keys revoke 490957580a8d49d7 --dry-run`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return exit.Usagef("keys revoke needs the id of one key; see codexlock.yaml, or: codexlock keys check")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			v.id = args[0]
			if v.gate, err = gate.New(w, gate.Options{}); err != nil {
				return err
			}
			return v.run(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&v.domain, "domain", "", "the trust domain (default: all that list the key)")
	cmd.Flags().BoolVar(&v.dryRun, "dry-run", false, "print what would be done, and write nothing")
	return cmd
}

func (v revocation) run(ctx context.Context) error {
	r, err := gate.Open(ctx, v.world.Dir)
	if err != nil {
		return err
	}
	defer r.Close()
	tree, err := r.WorkTree(ctx)
	if err != nil {
		return err
	}
	c, err := v.gate.ConfigurationIn(ctx, r, tree)
	if err != nil {
		return err
	}
	domains, err := v.domains(c)
	if err != nil {
		return err
	}
	signed, err := v.signed(ctx, r, tree, c, domains)
	if err != nil {
		return err
	}
	log, err := v.signedLog(ctx, tree)
	if err != nil {
		return err
	}
	if err := v.edit(ctx, r, tree, c, domains); err != nil {
		return err
	}
	v.printNext(c, domains, signed, log)
	return nil
}

// domains returns the trust domains that list the key.
func (v revocation) domains(c config.Config) ([]string, error) {
	var found, known []string
	for _, name := range slices.Sorted(maps.Keys(c.Domains)) {
		if v.domain != "" && v.domain != name {
			continue
		}
		for _, p := range c.Domains[name].PublicKeys {
			known = append(known, fmt.Sprintf("%s (%s, %s)", p.ID, name, p.State))
			if p.ID == v.id {
				found = append(found, name)
			}
		}
	}
	if _, ok := c.Domain(v.domain); v.domain != "" && !ok {
		return nil, exit.Usagef("trust domain %q is not in %s", v.domain, c.File)
	}
	if len(found) == 0 {
		where := "a repository without a configuration lists no keys"
		if c.File != "" {
			where = fmt.Sprintf("%s lists no key with this id", c.File)
		}
		if len(known) > 0 {
			where += ", want one of " + strings.Join(known, ", ")
		}
		return nil, exit.Usagef("key %q: %s", v.id, where)
	}
	return found, nil
}

// signed returns the artifacts of the domains whose record names the key.
func (v revocation) signed(ctx context.Context, r *repo.Repository, tree trees.Tree, c config.Config, domains []string) ([]artifact.Path, error) {
	view, err := r.View(ctx, v.world.Env)
	if err != nil {
		return nil, err
	}
	paths, err := signing.NewSelector(v.world.Dir, r, tree, view, c).Candidates(ctx)
	if err != nil {
		return nil, err
	}
	records, err := signing.Records(ctx, tree, paths)
	if err != nil {
		return nil, err
	}
	var signed []artifact.Path
	for _, record := range records {
		if record.Read && record.Record.KeyID == v.id && slices.Contains(domains, record.Record.TrustDomain) {
			signed = append(signed, record.Path)
		}
	}
	return signed, nil
}

// signedLog reports whether the key made the last signature of the audit log.
func (v revocation) signedLog(ctx context.Context, tree trees.Tree) (bool, error) {
	entry, ok, err := tree.Lookup(ctx, audit.CheckpointPath)
	if err != nil || !ok || entry.Kind != trees.File {
		return false, err
	}
	text, err := tree.Read(ctx, entry, document.MaxCompanionBytes)
	if err != nil {
		return false, err
	}
	named := false
	_, _ = audit.ReadCheckpoint(text, func(id string) (ed25519.PublicKey, bool) { // the gate checks whether it is valid
		named = named || id == v.id
		return nil, false
	})
	return named, nil
}

// edit writes the configuration with the key revoked.
func (v revocation) edit(ctx context.Context, r *repo.Repository, tree trees.Tree, c config.Config, domains []string) error {
	entry, ok, err := tree.Lookup(ctx, c.File)
	if err != nil || !ok {
		return errors.Join(err, fmt.Errorf("read %s: %w", c.File, fs.ErrNotExist))
	}
	before, err := tree.Read(ctx, entry, document.MaxCompanionBytes)
	if err != nil {
		return err
	}
	text := before
	for _, name := range domains {
		text, err = config.Revoke(c.File, text, name, v.id)
		if errors.Is(err, config.ErrLayout) {
			return exit.Usagef("%w; set the state of key %s of trust domain %q to revoked by hand", err, v.id, name)
		}
		if err != nil {
			return err
		}
	}
	verb := "would revoke"
	if string(text) == string(before) {
		verb = "has revoked already:"
	} else if !v.dryRun {
		verb = "revokes"
		mode := fs.FileMode(0o644)
		if entry.Mode == "100755" {
			mode = 0o755
		}
		if err := txn.Commit(ctx, r.Root(), r.GitDir(), []txn.File{{Path: c.File, Mode: mode, Data: text}}); err != nil {
			return err
		}
	}
	for _, name := range domains {
		fmt.Fprintf(v.world.Stdout, "[✓] %s %s key %s of trust domain %s\n", c.File, verb, v.id, name)
	}
	return nil
}

// printNext prints the artifacts that the key signed, and the next steps in order.
func (v revocation) printNext(c config.Config, domains []string, signed []artifact.Path, log bool) {
	for _, p := range signed {
		fmt.Fprintf(v.world.Stdout, "[!] %s has to be attested again: key %s signed its record\n", report.Terminal(p.String()), v.id)
	}
	var steps []string
	for _, name := range domains {
		if !slices.ContainsFunc(c.Domains[name].PublicKeys, func(p config.PublicKey) bool { return p.State == "current" && p.ID != v.id }) {
			steps = append(steps, fmt.Sprintf("make the next key of trust domain %s, and add its public half to public_keys in %s: codexlock keys generate --output FILE", name, c.File))
		}
	}
	steps = append(steps, fmt.Sprintf("commit and merge %s: the gate trusts only the keys of the base commit", c.File))
	if len(signed) > 0 {
		steps = append(steps,
			"check every artifact in this list against a source that whoever had the key could not change",
			"attest those that are correct, with the current key: codexlock attest PATH...")
	}
	if log {
		steps = append(steps, "read the audit log, whose last signature is of this key (codexlock audit query), and sign it with the current key: codexlock audit sign; until that is merged, renew and verify --all are denied")
	}
	steps = append(steps, "replace the key where it is kept: secrets of workflows, files, other machines")
	fmt.Fprint(v.world.Stdout, terminal.Steps(steps))
}
