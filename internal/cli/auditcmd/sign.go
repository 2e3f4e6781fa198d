package auditcmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/audit"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/signing"
)

func signCommand(w host.World) *cobra.Command {
	return &cobra.Command{
		Use:   "sign",
		Short: "Sign the log in its current state with the current key",
		Long: `sign writes a new checkpoint for the current log: for a log that was begun without a
key, or whose checkpoint was signed by a key that is revoked now. You confirm the
content of the log by signing it; read it first: codexlock audit query.

sign refuses a log that differs from its checkpoint, whoever signed that. On GitHub it
runs only for push, schedule and workflow_dispatch of the default branch, because on
other events somebody else would choose what is signed.`,
		Example: `  codexlock audit sign   # then commit the log and its checkpoint`,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runSign(cmd.Context(), w) },
	}
}

func runSign(ctx context.Context, w host.World) error {
	if err := signing.MaySign(w.Env, "audit sign"); err != nil {
		return err
	}
	r, err := repo.Open(ctx, w.Dir)
	if err != nil {
		return err
	}
	defer r.Close()
	tree, err := r.WorkTree(ctx)
	if err != nil {
		return err
	}
	g, err := gate.New(w, gate.Options{})
	if err != nil {
		return err
	}
	c, keys, err := g.Configuration(ctx, r, tree)
	if err != nil {
		return err
	}
	c.RequireProof = true // a checkpoint is what this is for
	signer, err := signing.LogSigner(c, keys)
	if err != nil {
		return err
	}
	done, err := signing.LogWriter(r, c, keys, signer).Sign(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.Stdout, "[✓] %s: %d entries signed with key %s\n", audit.Path, done.Lines, signer.KeyID)
	return err
}
