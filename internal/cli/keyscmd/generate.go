package keyscmd

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/shellquote"
	"github.com/codexlock/codexlock/internal/signing"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// generatedKeyBytes is the length of a key that keys generate makes: as long as
// the HMAC, so that neither is the weaker one (RFC 2104, section 3).
const generatedKeyBytes = 32

func generateCommand(w host.World) *cobra.Command {
	var effective, output string
	cmd := &cobra.Command{
		Use:   "generate",
		Short: "Make a key and print it, this once, or write it to a file",
		Long: `generate makes a key of 32 random bytes and prints it to standard output, as 64 hex
characters and nothing else; with --output it writes it to a new file that only its
owner may read, and prints nothing there. The public half goes to standard error, as a
line for public_keys in codexlock.yaml. An existing file is refused: it may be the
only copy of a key.`,
		Example: `  codexlock keys generate --output ~/.codexlock-key
  codexlock keys generate | gh secret set VAULTTIME_KEY`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			now, err := gate.EffectiveTime(w, effective)
			if err != nil {
				return err
			}
			text, key, err := Generate(w)
			if err != nil {
				return err
			}
			if output == "" {
				if _, err := fmt.Fprintln(w.Stdout, text); err != nil {
					return fmt.Errorf("print the key: %w", err)
				}
				_, err = fmt.Fprintf(w.Stderr, "codexlock: keep the key where secrets are kept; its public half, for public_keys in codexlock.yaml:\n%s\n", PublicLine(key, now))
				return err
			}
			if err := w.WriteKeyFile(output, text); err != nil {
				return err
			}
			w.Note(fmt.Sprintf("wrote a key to %s, which only you may read; keep a copy where secrets are kept", output))
			if err := warnOfUntracked(cmd.Context(), w, output); err != nil {
				return err
			}
			w.Note("hint: to use it: export VAULTTIME_KEY_FILE=" + shellquote.Word(w.Path(output)))
			_, err = fmt.Fprintf(w.Stderr, "codexlock: its public half, for public_keys in codexlock.yaml:\n%s\n", PublicLine(key, now))
			return err
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "the file to write the key to, with mode 0600; it must not exist (default standard output)")
	cmd.Flags().StringVar(&effective, "effective-time", "", "the public half's created_at, YYYY-MM-DDTHH:MM:SSZ (default now)")
	return cmd
}

// Generate makes a key. It also returns its text, as a variable or a file holds it.
func Generate(w host.World) (text string, key vaulttime.Key, err error) {
	secret := make([]byte, generatedKeyBytes)
	if _, err := io.ReadFull(w.Random, secret); err != nil {
		return "", key, fmt.Errorf("make a key: %w", err)
	}
	text = hex.EncodeToString(secret)
	key, err = vaulttime.NewKey([]byte(text))
	return text, key, err
}

// PublicLine returns the public half of a new key as an item of public_keys.
func PublicLine(key vaulttime.Key, now time.Time) string {
	return config.PublicKey{ID: key.ID(), Key: vaulttime.FormatPublicKey(key.PublicKey()), CreatedAt: now, State: "current"}.Line()
}

// warnOfUntracked warns if the next git add would add a key file. Outside a repository it does
// nothing.
func warnOfUntracked(ctx context.Context, w host.World, name string) error {
	r, err := repo.Open(ctx, w.Dir)
	var none *git.NotARepositoryError
	if errors.As(err, &none) {
		return nil
	}
	if err != nil {
		return err
	}
	defer r.Close()
	state, err := signing.StateOfKeyFile(ctx, w, r, name)
	if err != nil || state == signing.KeyFileApart {
		return err
	}
	w.Note(fmt.Sprintf("warning: %s is in the work tree and not ignored, so that a commit could publish the key", name))
	w.Note("hint: move it out of the repository, or ignore it in this clone: echo '/NAME' >> .git/info/exclude")
	return nil
}
