// Package fixcmd has the command that makes safe fixes. It changes no bytes that a record or
// an entry of the ledger attests, so it needs no key and creates no trust.
package fixcmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/attest"
	"github.com/codexlock/codexlock/internal/attributes"
	"github.com/codexlock/codexlock/internal/cli/initcmd"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/script/artifacttest"
	"github.com/codexlock/codexlock/internal/signing"
	"github.com/codexlock/codexlock/internal/trees"
	"github.com/codexlock/codexlock/internal/txn"
)

// New returns the fix command.
func New(w host.World) *cobra.Command {
	f := fixes{world: w}
	cmd := &cobra.Command{
		Use:   "fix",
		Short: "Make safe fixes: ledger order, executable tests, .gitattributes",
		Long: `fix changes only what no record or ledger entry attests:
  - Codex-Lock.json: the order of its entries and its canonical form
  - the executable bit of an artifact's X.test, and of the ingest_archive.test.sh
    that init wrote
  - lines that init would add to .gitattributes, and lines in the .gitattributes of a
    folder that overrules them

It makes all of these fixes or none, needs no key and creates no trust: run codexlock
verify afterwards. With --dry-run it prints them as a patch for git apply, which must run
in the top folder of the work tree. If core.fileMode is false, Git does not see the
executable bit: git add --chmod=+x PATH.

Other fixes change attested bytes, so you make them and then attest: tests of an earlier
release are rewritten by codexlock migrate; a script without strict mode gets the line
set -euo pipefail from you, then run codexlock attest PATH.`,
		Example: `  codexlock fix --dry-run   print a patch
  codexlock fix && codexlock verify`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context()) },
	}
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "print a patch, and write nothing")
	return cmd
}

// fixes is one run of the fix command.
type fixes struct {
	world  host.World
	dryRun bool

	repository *repo.Repository
	tree       trees.Tree
	config     config.Config
	changes    []change
}

// A change is a file before and after its fixes.
type change struct {
	before *txn.File // nil for a new file
	after  txn.File
	done   []string // what was fixed, one line each
}

func (f *fixes) run(ctx context.Context) (err error) {
	if f.dryRun {
		f.repository, err = gate.Open(ctx, f.world.Dir)
	} else {
		f.repository, err = repo.Open(ctx, f.world.Dir)
	}
	if err != nil {
		return err
	}
	defer f.repository.Close()
	if f.dryRun {
		if err := f.plan(ctx); err != nil {
			return err
		}
		return f.printPatch()
	}
	// The lock is taken before anything is read: an attest at the same time would be undone.
	w, err := txn.Begin(ctx, f.repository.Root(), f.repository.GitDir())
	if err != nil {
		return err
	}
	defer w.End()
	if err := f.plan(ctx); err != nil {
		return err
	}
	var files []txn.File
	for _, c := range f.changes {
		files = append(files, c.after)
	}
	if len(files) > 0 {
		if err := w.Commit(ctx, txn.Change{Files: files}); err != nil {
			return err
		}
	}
	f.printDone()
	return nil
}

// plan finds all changes, and writes nothing.
func (f *fixes) plan(ctx context.Context) (err error) {
	if f.tree, err = f.repository.WorkTree(ctx); err != nil {
		return err
	}
	g, err := gate.New(f.world, gate.Options{})
	if err != nil {
		return err
	}
	if f.config, err = g.ConfigurationIn(ctx, f.repository, f.tree); err != nil {
		return err
	}
	if err := f.ledger(ctx); err != nil {
		return err
	}
	view, err := f.repository.View(ctx, f.world.Env)
	if err != nil {
		return err
	}
	candidates, err := signing.NewSelector(f.world.Dir, f.repository, f.tree, view, f.config).Candidates(ctx)
	if err != nil {
		return err
	}
	var artifacts []artifact.Path
	for _, p := range candidates {
		if _, err := artifact.ParsePath(p.String()); err != nil { // the gate denies it, whatever its test
			f.world.Note(fmt.Sprintf("skipped: %v", err))
			continue
		}
		artifacts = append(artifacts, p)
	}
	if err := f.executable(ctx, artifacts); err != nil {
		return err
	}
	return f.attributes(ctx, view, artifacts)
}

// read reads a file of the work tree; its error is fs.ErrNotExist without such a file.
func (f *fixes) read(ctx context.Context, p artifact.Path, limit int64) (txn.File, error) {
	entry, ok, err := f.tree.Lookup(ctx, p)
	switch {
	case err != nil:
		return txn.File{}, err
	case !ok:
		return txn.File{}, fmt.Errorf("read %s: %w", p, fs.ErrNotExist)
	case entry.Kind != trees.File:
		return txn.File{}, exit.Usagef("%s is a %s, want a file", p, entry.Kind)
	}
	file := txn.File{Path: p, Mode: 0o644}
	if entry.Mode == "100755" {
		file.Mode = 0o755
	}
	file.Data, err = f.tree.Read(ctx, entry, limit)
	return file, err
}

// ledger writes the ledger in its canonical form. A ledger that cannot be read is refused.
func (f *fixes) ledger(ctx context.Context) error {
	l, err := attest.ReadLedger(f.repository.Root())
	if err != nil {
		return exit.AsUsage(err)
	}
	before, err := f.read(ctx, ledger.Path, document.MaxLedgerBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	after := before
	if after.Data = l.Encode(); !bytes.Equal(before.Data, after.Data) {
		f.changes = append(f.changes, change{&before, after, []string{"sorted by path, in canonical form"}})
	}
	return nil
}

// executable makes the tests of artifacts executable, and the script of init.
func (f *fixes) executable(ctx context.Context, artifacts []artifact.Path) error {
	tests := []artifact.Path{artifacttest.IngestPath}
	for _, p := range artifacts {
		at := p.CompanionPaths(artifact.Test)
		tests = append(tests, at[:]...)
	}
	for _, p := range tests {
		entry, ok, err := f.tree.Lookup(ctx, p)
		if err != nil {
			return err
		}
		if !ok || entry.Kind != trees.File || entry.Mode == "100755" {
			continue
		}
		before, err := f.read(ctx, p, document.MaxCompanionBytes)
		if err != nil {
			return err
		}
		if known, _ := artifacttest.KnownIngest(artifact.HashBytes(before.Data)); p == artifacttest.IngestPath && !known {
			continue // the owner's own file
		}
		after := before
		after.Mode = 0o755
		f.changes = append(f.changes, change{&before, after, []string{"made executable"}})
	}
	return nil
}

// attributes adds the missing lines to files of attributes.
func (f *fixes) attributes(ctx context.Context, view *repo.View, artifacts []artifact.Path) error {
	files, notes, err := attributes.Missing(ctx, view, f.tree, f.config, initcmd.WorkflowPath, artifacts)
	if err != nil {
		return err
	}
	for _, note := range notes {
		f.world.Note(note)
	}
	for _, a := range files {
		c := change{after: a.File}
		before, err := f.read(ctx, a.File.Path, int64(len(a.File.Data)))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			c.done = []string{"written"}
		case err != nil:
			return err
		default:
			c.before, c.after.Mode = &before, before.Mode
		}
		for _, line := range a.Added {
			c.done = append(c.done, "added "+line)
		}
		f.changes = append(f.changes, c)
	}
	return nil
}

func (f *fixes) printDone() {
	for _, c := range f.changes {
		for _, line := range c.done {
			fmt.Fprintf(f.world.Stdout, "[✓] %s: %s\n", report.Terminal(c.after.Path.String()), report.Terminal(line))
		}
	}
	if len(f.changes) == 0 {
		fmt.Fprintln(f.world.Stdout, "[✓] nothing to fix")
		return
	}
	fmt.Fprintf(f.world.Stdout, "[✓] %s fixed\n", report.Count(len(f.changes), "file"))
	fmt.Fprintln(f.world.Stderr, "codexlock: hint: review it (git diff), git add it, then: codexlock verify")
}

// printPatch prints the changes as a patch, and nothing else on standard output.
func (f *fixes) printPatch() error {
	if len(f.changes) == 0 {
		fmt.Fprintln(f.world.Stderr, "codexlock: nothing to fix")
		return nil
	}
	for _, c := range f.changes {
		if _, err := f.world.Stdout.Write(c.patch()); err != nil {
			return err
		}
	}
	return nil
}
