// Package usecmd has what codexlock does for codexlock-use: the help, completion and manual
// pages of run, open and copy, and the answers to what only codexlock knows.
package usecmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/audit"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/kinds"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/renewals"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/schemas"
	"github.com/codexlock/codexlock/internal/signing"
	"github.com/codexlock/codexlock/internal/trees"
	"github.com/codexlock/codexlock/internal/useflags"
)

// maxConfigBytes bounds a configuration, as the strict decoder does.
const maxConfigBytes = 1 << 20

// Commands are run, open and copy, as the help shows them. internal/handover executes them
// before this program starts, so that they are never run here.
func Commands() []*cobra.Command {
	var all []*cobra.Command
	for _, c := range useflags.Commands {
		cmd := &cobra.Command{
			Use: c.Use, Short: c.Short, Long: c.Long, Example: c.Example, DisableFlagsInUseLine: true,
			RunE: func(cmd *cobra.Command, _ []string) error {
				return exit.Usagef("%s is the work of codexlock-use: call codexlock as a program of its own", cmd.CommandPath())
			},
		}
		for _, f := range c.Flags {
			if f.Value == "" {
				cmd.Flags().Bool(f.Name, false, f.Usage)
				continue
			}
			cmd.Flags().Var(shown(f.Value), f.Name, f.Usage)
		}
		all = append(all, cmd)
	}
	return all
}

// shown is the value of a flag as the help calls it. A name in back quotes in the usage would
// be printed twice, as the value and in the text.
type shown string

// String is the default: no value.
func (shown) String() string { return "" }

// Set accepts every value: codexlock-use reads the flags.
func (shown) Set(string) error { return nil }

// Type is the name of the value.
func (s shown) Type() string { return string(s) }

// AtUse answers codexlock-use. Its commands are for that program alone.
func AtUse(w host.World) *cobra.Command {
	cmd := &cobra.Command{Use: "at-use", Hidden: true, Short: "Answer codexlock-use", Long: "at-use answers what codexlock-use asks: it is not for users.", Example: "  codexlock at-use configuration . HEAD"}
	cmd.AddCommand(
		&cobra.Command{
			Use: "configuration ROOT COMMIT", Short: "Print the configuration of a commit", Args: cobra.ExactArgs(2), Example: "  codexlock at-use configuration . HEAD",
			RunE: func(cmd *cobra.Command, args []string) error { return configuration(cmd, w, args[0], args[1]) },
		},
		&cobra.Command{
			Use: "unchanged ROOT COMMIT PATH COMPANION...", Short: "Print the digests of an artifact's files and its ledger entry in a commit", Args: cobra.MinimumNArgs(3), Example: "  codexlock at-use unchanged . HEAD scripts/a.sh scripts/a.sh.vaulttime.json",
			RunE: func(cmd *cobra.Command, args []string) error { return unchanged(cmd, w, args[0], args[1], args[2:]) },
		},
		&cobra.Command{
			Use: "record ROOT PATH", Short: "Print the record of an artifact in the ref", Args: cobra.ExactArgs(2), Example: "  codexlock at-use record . scripts/a.sh",
			RunE: func(cmd *cobra.Command, args []string) error { return record(cmd, w, args[0], args[1]) },
		},
		&cobra.Command{
			Use: "log ROOT", Short: "Add the entry on standard input to the audit log", Args: cobra.ExactArgs(1), Example: "  codexlock at-use log .",
			RunE: func(cmd *cobra.Command, args []string) error { return log(cmd, w, args[0]) },
		},
	)
	return cmd
}

// treeOf returns a commit by a name of it, and its tree.
func treeOf(ctx context.Context, r *repo.Repository, rev string) (git.Commit, trees.Tree, error) {
	commit, err := r.Commit(ctx, rev)
	if err != nil {
		return "", nil, err
	}
	tree, err := r.TreeOnDemand(ctx, commit)
	return commit, tree, err
}

// configuration prints the full id of a commit and the path of its configuration in one
// line, then the configuration.
func configuration(cmd *cobra.Command, w host.World, root, rev string) error {
	ctx := cmd.Context()
	r, err := repo.Open(ctx, root)
	if err != nil {
		return err
	}
	defer r.Close()
	commit, tree, err := treeOf(ctx, r, rev)
	if err != nil {
		return err
	}
	for _, p := range config.Paths {
		entry, ok, err := tree.Lookup(ctx, p)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if entry.Kind != trees.File {
			return fmt.Errorf("%s in commit %s is a %s, want a file", p, commit, entry.Kind)
		}
		text, err := tree.Read(ctx, entry, maxConfigBytes)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w.Stdout, "%s %s\n%s", commit, p, text)
		return err
	}
	_, err = fmt.Fprintf(w.Stdout, "%s \n", commit)
	return err
}

// absent stands for the digest of a file that a commit does not have.
const absent = "-"

// unchanged prints what a commit has of an artifact: a line with the SHA-256 and the path of
// each file, the artifact first, and a ledger with its entries alone. The digest of a Git LFS
// pointer is that of its content.
func unchanged(cmd *cobra.Command, w host.World, root, rev string, names []string) error {
	ctx := cmd.Context()
	r, err := repo.Open(ctx, root)
	if err != nil {
		return err
	}
	defer r.Close()
	_, tree, err := treeOf(ctx, r, rev)
	if err != nil {
		return err
	}
	for _, name := range names {
		digest, err := digestIn(ctx, tree, name)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w.Stdout, "%s %s\n", digest, name); err != nil {
			return err
		}
	}
	entries, err := entriesIn(ctx, tree, names[0])
	if err != nil {
		return err
	}
	l := ledger.Ledger{Artifacts: entries}
	_, err = w.Stdout.Write(l.Encode())
	return err
}

// digestIn returns the SHA-256 of a file of a tree, or absent.
func digestIn(ctx context.Context, tree trees.Tree, name string) (string, error) {
	p, err := artifact.ParsePath(name)
	if err != nil {
		return "", err
	}
	entry, ok, err := tree.Lookup(ctx, p)
	if err != nil || !ok || entry.Kind != trees.File {
		return absent, err
	}
	digest, _, head, err := tree.Hash(ctx, entry, nil)
	if content, _, pointer := artifact.ParsePointer(head); err == nil && pointer {
		digest = content
	}
	return digest.String(), err
}

// entriesIn returns the entries of a path in the ledger of a tree, none without a ledger.
func entriesIn(ctx context.Context, tree trees.Tree, name string) ([]ledger.Entry, error) {
	entry, ok, err := tree.Lookup(ctx, ledger.Path)
	if err != nil || !ok || entry.Kind != trees.File {
		return nil, err
	}
	data, err := tree.Read(ctx, entry, ledger.MaxBytes)
	if err != nil {
		return nil, err
	}
	file, _, err := ledger.Read(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ledger.Path, err)
	}
	var entries []ledger.Entry
	for _, i := range file.All(name) {
		entries = append(entries, file.Entry(i))
	}
	return entries, nil
}

// record prints the record of an artifact that the ref has, and nothing where it has none
// that can be read.
func record(cmd *cobra.Command, w host.World, root, path string) error {
	ctx := cmd.Context()
	p, err := artifact.ParsePath(path)
	if err != nil {
		return err
	}
	r, err := repo.Open(ctx, root)
	if err != nil {
		return err
	}
	defer r.Close()
	store, err := renewals.Open(ctx, r, false)
	if err != nil {
		return err
	}
	found, err := store.Record(ctx, p)
	if err != nil || found.State != renewals.Readable {
		return err
	}
	_, err = w.Stdout.Write(found.Record.Encode())
	return err
}

// log adds an entry to the log of a repository. The first line of the standard input is the
// entry, the rest the trusted configuration.
func log(cmd *cobra.Command, w host.World, root string) error {
	ctx := cmd.Context()
	data, err := io.ReadAll(io.LimitReader(w.Stdin, 2*maxConfigBytes))
	if err != nil {
		return err
	}
	line, text, ok := bytes.Cut(data, []byte("\n"))
	if !ok {
		return errors.New("no entry on standard input")
	}
	var e audit.Entry
	if _, err := schemas.Decode(kinds.Integrity, line, &e); err != nil {
		return err
	}
	c := config.Default()
	if len(bytes.TrimSpace(text)) > 0 {
		if c, err = config.Parse(config.Paths[0], slices.Clone(text)); err != nil {
			return err
		}
	}
	r, err := repo.Open(ctx, root)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = signing.Log{On: true, By: e.VerifiedBy, Env: w.Env, File: w.KeyFile}.Append(ctx, r, c, []audit.Entry{e})
	return err
}
