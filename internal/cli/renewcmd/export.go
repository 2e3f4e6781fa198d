package renewcmd

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/cli/candidates"
	"github.com/codexlock/codexlock/internal/cli/flags"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/keys"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/signing"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// Export returns the export command.
func Export(w host.World) *cobra.Command {
	var o gate.Options
	var format, output string
	cmd := &cobra.Command{
		Use:   "export PATH",
		Short: "Write an artifact's record for other tools, as a signed in-toto statement",
		Long: `export verifies an artifact with the whole gate and writes its VaultTime record as an
in-toto Statement v1 in a DSSE envelope, signed with the Ed25519 key that made the
record's proof. With renewals: ref that is the renewed record, if it counts. codexlock keys
public prints the public half.`,
		Example: `  codexlock export --format in-toto assets/sources/model.bin > model.intoto.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return exit.Usagef("export needs the path of one artifact, such as assets/sources/model.bin")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := flags.Printer(format, map[string]bool{"in-toto": true}); err != nil {
				return err
			}
			o.Selection = gate.Selection{Scope: facts.Paths, Paths: args}
			g, err := gate.New(w, o)
			if err != nil {
				return err
			}
			text, err := export(cmd.Context(), w, g, args[0])
			if err != nil {
				return err
			}
			if output == "" {
				_, err = w.Stdout.Write(text)
				return err
			}
			return w.WriteFile(output, func(f io.Writer) error {
				_, err := f.Write(text)
				return err
			})
		},
	}
	f := cmd.Flags()
	f.StringVarP(&format, "format", "f", "in-toto", "in-toto")
	f.StringVarP(&output, "output", "o", "", "the file to write (default standard output)")
	flags.EffectiveTime(cmd, &o.EffectiveTime, "judge as of this time")
	return cmd
}

// export returns the envelope of the one artifact that the gate verifies.
func export(ctx context.Context, w host.World, g *gate.Gate, written string) ([]byte, error) {
	if err := signing.MaySign(w.Env, "export"); err != nil {
		return nil, err
	}
	r, err := repo.Open(ctx, w.Dir)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	signer, err := signing.New(ctx, w, r, g)
	if err != nil {
		return nil, err
	}
	all, err := candidates.Find(ctx, w.Stderr, r, g)
	if err != nil {
		return nil, err
	}
	if len(all) != 1 {
		return nil, exit.Usagef("%q names %d artifacts, want one", written, len(all))
	}
	s := all[0]
	if reason := s.Refused(); reason != "" {
		fmt.Fprintf(w.Stderr, "codexlock: %s is not exported: %s\n", s.Path, report.Terminal(reason))
		return nil, exit.ErrDenied
	}
	key, ok := signer.Keys.Maker(s.Counts.TrustDomain, s.Counts)
	if !ok {
		d, _ := signer.Config.Domain(s.Counts.TrustDomain)
		return nil, exit.AsUsage(keys.Missing(s.Counts.TrustDomain, d))
	}
	if s.Counts.Proof == "" {
		return nil, exit.Usagef("%s has a record without a proof, which is bound to nothing; attest it again: codexlock attest %s", s.Path, s.Path)
	}
	text, err := key.Envelope(s.Counts)
	if err != nil {
		return nil, fmt.Errorf("export %s: %w", s.Path, err)
	}
	_, err = vaulttime.OpenEnvelope(text, func(id string) (ed25519.PublicKey, bool) { return key.PublicKey(), id == key.ID() })
	if err != nil {
		return nil, errors.Join(errors.New("the envelope that was written does not verify"), err)
	}
	return append(text, '\n'), nil
}
