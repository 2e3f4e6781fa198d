package auditcmd

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/audit"
	"github.com/codexlock/codexlock/internal/cli/flags"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

func proveCommand(w host.World) *cobra.Command {
	var check, key string
	var formats []string
	cmd := &cobra.Command{
		Use:   "prove PATH | --check FILE",
		Short: "Prove an artifact's last entry to someone who has only a public key",
		Long: `prove writes a proof that the last entry about an artifact is in the signed log: the
entry, the hashes that lead from it to the tree's root (RFC 6962), and
the signed note over the root. --check checks such a file, with the public key
that --key names or else those of this repository, and needs nothing else.`,
		Example: `  codexlock audit prove assets/sources/model.bin -f json=proof.json
  codexlock audit prove --check proof.json --key ed25519:…`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 && check == "" || len(args) > 0 && check != "" {
				return exit.Usagef("want the path of one artifact, or --check FILE")
			}
			if key != "" && check == "" {
				return exit.Usagef("--key is for --check")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if check != "" {
				return runProofCheck(cmd.Context(), w, check, key)
			}
			return runProve(cmd.Context(), w, args[0], formats)
		},
	}
	cmd.Flags().StringVar(&check, "check", "", "check this proof")
	cmd.Flags().StringVar(&key, "key", "", "the public key to check with, ed25519:…")
	cmd.Flags().StringArrayVarP(&formats, "format", "f", nil, "text or json[=FILE], repeatable (default text)")
	return cmd
}

func runProve(ctx context.Context, w host.World, written string, formats []string) error {
	outputs, err := flags.Outputs(w, formats, flags.ReportFormat)
	if err != nil {
		return err
	}
	for _, o := range outputs {
		if o.Format != "text" && o.Format != "json" {
			return exit.Usagef("--format is %q, want text or json", o.Format)
		}
	}
	b, err := openLog(ctx, w)
	if err != nil {
		return err
	}
	defer b.Close()
	p, err := gate.InRepository(b.repository.Root(), w.Dir, written)
	if err != nil {
		return err
	}
	if !b.Signed {
		return &audit.RefusedError{Path: audit.CheckpointPath.String(), Reason: "is missing: the log is not signed, so no entry can be proved", Next: "log with the key of the log's domain in the environment: codexlock verify --all --log"}
	}
	proof, err := audit.Prove(b.Lines, b.Checkpoint, func(e audit.Entry) bool { return artifact.Path(e.Artifact) == p })
	if errors.Is(err, audit.ErrNoEntry) {
		return fmt.Errorf("%s: %w about it: it was never verified with --log", p, err)
	}
	var bad *audit.LineError
	if errors.As(err, &bad) {
		fmt.Fprintf(w.Stderr, "codexlock: %s: %s\n", audit.Path, report.Terminal(bad.Error()))
		return exit.ErrDenied
	}
	if err != nil {
		return err
	}
	proven, err := proof.Check(b.public)
	if err != nil {
		fmt.Fprintf(w.Stderr, "codexlock: %s: cannot prove entries of this log: %s\ncodexlock: hint: find the error: codexlock audit verify\n", audit.Path, report.Terminal(err.Error()))
		return exit.ErrDenied
	}
	for _, o := range outputs {
		if err := writeProof(w, o, proof, proven); err != nil {
			return err
		}
	}
	return nil
}

func writeProof(w host.World, o flags.Output, p audit.Proof, proven audit.Proven) error {
	fill := func(out io.Writer) error {
		if o.Format == "text" {
			return printProof(out, p, proven)
		}
		text, err := p.Encode()
		if err == nil {
			_, err = report.JSON(out).Write(text)
		}
		return err
	}
	return o.Write(w, fill)
}

func printProof(out io.Writer, p audit.Proof, proven audit.Proven) error {
	e, c := proven.Entry, proven.Checkpoint
	mark, signed := "✓", "signed by key "+report.Terminal(first(c.KeyIDs))
	if c.Signature != audit.Valid {
		mark, signed = "!", "signed, and there is no key to check it with"
	}
	_, err := fmt.Fprintf(out, "[%s] %s: %s at %s, by %s (sha256 %.12s…)\n    entry %d of %d in %s, %s\n", mark,
		report.Terminal(e.Artifact), e.Result, e.VerifiedAt, report.Terminal(e.VerifiedBy), e.SHA256,
		p.Index+1, c.Size, report.Terminal(c.Origin), signed)
	return err
}

func first(s []string) string {
	if len(s) == 0 {
		return "unknown"
	}
	return s[0]
}

// maxProofBytes bounds a proof: an entry, a checkpoint, and room for escapes.
const maxProofBytes = 1 << 20

func runProofCheck(ctx context.Context, w host.World, name, written string) error {
	public, err := proofKeys(ctx, w, written)
	if err != nil {
		return err
	}
	text, err := readBounded(w.Path(name), maxProofBytes)
	if err != nil {
		return exit.Usagef("read proof: %w", err)
	}
	p, err := audit.DecodeProof(text)
	var proven audit.Proven
	if err == nil {
		proven, err = p.Check(public)
	}
	if err == nil && written != "" && proven.Checkpoint.Signature != audit.Valid {
		err = errors.New("the key of --key did not sign its checkpoint")
	}
	if err != nil {
		fmt.Fprintf(w.Stdout, "[✗] %s: proves nothing: %s\n", report.Terminal(name), report.Terminal(err.Error()))
		return exit.ErrDenied
	}
	if err := printProof(w.Stdout, p, proven); err != nil {
		return err
	}
	if proven.Checkpoint.Signature != audit.Valid {
		return fmt.Errorf("%s: none of the keys at hand made its signature", name)
	}
	return nil
}

// proofKeys returns the public keys that check a proof: the key of the flag, whatever id the
// note gives it, or the keys of the repository.
func proofKeys(ctx context.Context, w host.World, written string) (func(id string) (ed25519.PublicKey, bool), error) {
	if written == "" {
		b, err := openLog(ctx, w)
		if err != nil {
			return nil, err
		}
		defer b.Close()
		return b.public, nil
	}
	key, err := vaulttime.ParsePublicKey(written)
	if err != nil {
		return nil, exit.Usagef("--key: %w", err)
	}
	return func(string) (ed25519.PublicKey, bool) { return key, true }, nil
}
