// Package auditcmd has the commands of the audit log: codexlock audit …. They read flags, call
// internal/audit and print the results.
package auditcmd

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/audit"
	"github.com/codexlock/codexlock/internal/cli/flags"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/trees"
)

// New returns the audit command.
func New(w host.World) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Verify, query and sign the log of verifications, and prove its entries",
		Long: `audit reads MANIFEST.integrity.json, the append-only log that --log of other
commands adds to, and MANIFEST.integrity.checkpoint, the signed note over it.`,
		Example: `  codexlock audit verify
  codexlock audit query --result FAIL`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, command := range []func(host.World) *cobra.Command{verifyCommand, queryCommand, proveCommand, signCommand} {
		cmd.AddCommand(command(w))
	}
	return cmd
}

// A NoLogError is a repository without an audit log.
type NoLogError struct{}

func (e *NoLogError) Error() string {
	return string(audit.Path) + " does not exist: nothing was logged"
}

// Hint is the next step.
func (e *NoLogError) Hint() string { return "log a verification: codexlock verify --all --log" }

// An openedLog is the log of a work tree, opened for reading, with the keys that check it.
type openedLog struct {
	audit.Snapshot
	repository *repo.Repository
	base       trees.Tree // HEAD, or the work tree where there is no commit
	committed  bool
	public     func(id string) (ed25519.PublicKey, bool)
	signed     bool // the configuration asks for proofs, and so for a checkpoint
}

func (b openedLog) Close() error { return errors.Join(b.Snapshot.Close(), b.repository.Close()) }

// openLog opens the log. It is checked with the keys of HEAD's configuration and of this run.
func openLog(ctx context.Context, w host.World) (openedLog, error) {
	r, err := repo.Open(ctx, w.Dir)
	if err != nil {
		return openedLog{}, err
	}
	b := openedLog{repository: r}
	if err := b.fill(ctx, w); err != nil {
		r.Close()
		return openedLog{}, err
	}
	return b, nil
}

func (b *openedLog) fill(ctx context.Context, w host.World) error {
	r := b.repository
	head, err := r.Commit(ctx, "HEAD")
	var none *git.NoCommitsError
	switch {
	case errors.As(err, &none):
		b.base, err = r.WorkTree(ctx)
	case err == nil:
		b.committed = true
		b.base, err = r.Tree(ctx, head)
	}
	if err != nil {
		return err
	}
	g, err := gate.New(w, gate.Options{})
	if err != nil {
		return err
	}
	c, keys, err := g.Configuration(ctx, r, b.base)
	if err == nil && b.committed {
		err = g.NoteOtherOnDisk(ctx, r, b.base, head)
	}
	if err != nil {
		return err
	}
	b.signed = c.RequireProof
	b.public = func(id string) (ed25519.PublicKey, bool) { return keys.PublicAmong(c.LogDomains(), id, true) }
	b.Snapshot, err = audit.Open(ctx, r.Root(), r.GitDir())
	if errors.Is(err, fs.ErrNotExist) {
		return &NoLogError{}
	}
	return err
}

// verify checks the log against its checkpoint, the checkpoint of HEAD, and the checkpoints that
// flags name.
func (b *openedLog) verify(ctx context.Context, anchors []audit.Anchor) (audit.Verification, error) {
	if b.committed {
		entry, there, err := b.base.Lookup(ctx, audit.CheckpointPath)
		if err != nil {
			return audit.Verification{}, err
		}
		if there && entry.Kind == trees.File {
			text, err := b.base.Read(ctx, entry, maxAnchorBytes)
			if err != nil {
				return audit.Verification{}, fmt.Errorf("read HEAD's %s: %w", audit.CheckpointPath, err)
			}
			anchors = append([]audit.Anchor{{Name: "HEAD:" + audit.CheckpointPath.String(), Text: text, Trusted: true}}, anchors...)
		}
	}
	return audit.Verify(b.Lines, b.Checkpoint, b.Signed, anchors, b.public)
}

// maxAnchorBytes bounds a checkpoint: a note of three lines and some signatures.
const maxAnchorBytes = 64 << 10

func verifyCommand(w host.World) *cobra.Command {
	var anchors []string
	var format string
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Verify the whole log: chain, root, signature",
		Long: `verify reads every line of the log and checks that each line matches its schema and
names the one before it, that the checkpoint is signed by the key of the log's domain
and covers exactly these lines, and that the log extends HEAD's checkpoint.

It cannot detect that log and checkpoint were both reset to an earlier signed state.
To detect that, keep a checkpoint out of reach of the log's writer, and pass it with
--anchor.`,
		Example: `  codexlock audit verify
  codexlock audit verify --anchor /mnt/vault/2026-10.checkpoint`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			print, err := flags.Printer(format, map[string]func(io.Writer, audit.Verification, bool) error{"text": printText, "json": printJSON})
			if err != nil {
				return err
			}
			kept, err := readAnchors(w, anchors)
			if err != nil {
				return err
			}
			return runVerify(cmd.Context(), w, kept, print)
		},
	}
	cmd.Flags().StringArrayVar(&anchors, "anchor", nil, "an earlier checkpoint that was kept elsewhere, repeatable")
	cmd.Flags().StringVarP(&format, "format", "f", "text", "text, json")
	return cmd
}

func readAnchors(w host.World, names []string) ([]audit.Anchor, error) {
	var anchors []audit.Anchor
	for _, name := range names {
		text, err := readBounded(w.Path(name), maxAnchorBytes)
		if err != nil {
			return nil, exit.Usagef("read anchor: %w", err)
		}
		anchors = append(anchors, audit.Anchor{Name: name, Text: text})
	}
	return anchors, nil
}

// readBounded reads a file that the user names.
func readBounded(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("%s has over %d bytes", name, limit)
	}
	return text, err
}

func runVerify(ctx context.Context, w host.World, anchors []audit.Anchor, print func(io.Writer, audit.Verification, bool) error) error {
	b, err := openLog(ctx, w)
	if err != nil {
		return err
	}
	defer b.Close()
	v, err := b.verify(ctx, anchors)
	if err != nil {
		return err
	}
	if !b.Signed && b.Snapshot.Lines.Size() > 0 && b.signed {
		v.Problems = append(v.Problems, audit.Problem{File: audit.CheckpointPath.String(), Message: "checkpoint is missing, want a signed note over the log"})
	}
	if err := print(w.Stdout, v, b.Signed); err != nil {
		return err
	}
	switch {
	case len(v.Problems) > 0:
		fmt.Fprintln(w.Stderr, "codexlock: hint: find the change: git log -p -- "+audit.Path.String()+"; keep both states as evidence, and restore the last one that verifies")
		return exit.ErrDenied
	case len(v.Unchecked) > 0:
		return &UncheckedLogError{}
	}
	return nil
}

// An UncheckedLogError is a log whose signature could not be checked.
type UncheckedLogError struct{}

func (e *UncheckedLogError) Error() string {
	return "the log could not be verified: no key to check its signature"
}

// Hint is the next step.
func (e *UncheckedLogError) Hint() string {
	return "set the key of the log's domain in the environment, or list its public key in codexlock.yaml"
}

// printText prints which statements are proved, as text.
func printText(out io.Writer, v audit.Verification, signed bool) error {
	text := ""
	say := func(mark, format string, args ...any) {
		text += "[" + mark + "] " + fmt.Sprintf(format, args...) + "\n"
	}
	for _, f := range v.Problems {
		say("✗", "%s: %s", report.Terminal(place(f)), report.Terminal(f.Message))
	}
	for _, a := range v.Denies {
		text += "    " + report.Terminal(a.Name) + " says:\n"
		for line := range strings.Lines(string(a.Text)) {
			text += "      | " + report.Terminal(strings.TrimSuffix(line, "\n")) + "\n"
		}
	}
	for _, f := range v.Unchecked {
		say("!", "%s: could not verify: %s", report.Terminal(place(f)), report.Terminal(f.Message))
	}
	if len(v.Problems) == 0 {
		chain := "each names the one before it"
		if v.Log.Chain == audit.Unchained {
			chain = "made by hand: none names the one before it"
		}
		say("✓", "%d entries, %s", v.Log.Lines, chain)
		switch {
		case !signed:
			say("!", "not signed: nothing proves who wrote it")
		case v.Checkpoint != nil && v.Checkpoint.Signature == audit.Valid:
			say("✓", "signed by key %s over root %s", report.Terminal(v.Checkpoint.KeyIDs[0]), v.Checkpoint.Root)
		}
		for _, a := range v.Extends {
			say("✓", "grown from %s, %d entries", report.Terminal(a.Name), a.Size())
		}
		if len(v.Unchecked) == 0 {
			text += "    proved: nothing between its entries was changed, removed, added or moved\n" +
				"    not proved: that nothing was cut off at its end since; compare with a checkpoint kept elsewhere: --anchor FILE\n"
		}
	}
	_, err := io.WriteString(out, text)
	return err
}

func place(f audit.Problem) string {
	if f.Line > 0 {
		return fmt.Sprintf("%s:%d", f.File, f.Line)
	}
	return f.File
}

// printJSON prints them as JSON.
func printJSON(out io.Writer, v audit.Verification, _ bool) error {
	conclusion := "success"
	switch {
	case len(v.Problems) > 0:
		conclusion = "failure"
	case len(v.Unchecked) > 0:
		conclusion = "unverified"
	}
	doc := struct {
		Schema     string          `json:"schema"`
		Conclusion string          `json:"conclusion"`
		Entries    int             `json:"entries"`
		Chain      string          `json:"chain,omitempty"`
		Root       string          `json:"root,omitempty"`
		Origin     string          `json:"origin,omitempty"`
		Signature  string          `json:"signature"`
		KeyIDs     []string        `json:"key_ids"`
		Extends    []string        `json:"extends"`
		Faults     []audit.Problem `json:"faults"`
		Unproved   []audit.Problem `json:"unproved"`
	}{
		Schema: "codexlock.audit/v1", Conclusion: conclusion, Entries: v.Log.Lines, Chain: v.Log.Chain, Signature: "absent",
		KeyIDs: []string{}, Extends: []string{}, Faults: append([]audit.Problem{}, v.Problems...), Unproved: append([]audit.Problem{}, v.Unchecked...),
	}
	if v.Log.Chain != "" {
		doc.Root = v.Log.Root.String()
	}
	if c := v.Checkpoint; c != nil {
		doc.Origin, doc.Signature, doc.KeyIDs = c.Origin, c.Signature, append(doc.KeyIDs, c.KeyIDs...)
	}
	for _, a := range v.Extends {
		doc.Extends = append(doc.Extends, a.Name)
	}
	enc := json.NewEncoder(report.JSON(out))
	enc.SetIndent("", "  ")
	return enc.Encode(doc)
}
