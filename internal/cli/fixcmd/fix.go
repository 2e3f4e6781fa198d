// Package fixcmd has the command that makes safe fixes. Without --attest it changes no bytes that
// a record or an entry of the ledger attests, so it needs no key and creates no trust.
package fixcmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/attest"
	"github.com/codexlock/codexlock/internal/attributes"
	"github.com/codexlock/codexlock/internal/cli/auditlog"
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
	"github.com/codexlock/codexlock/internal/shellquote"
	"github.com/codexlock/codexlock/internal/signing"
	"github.com/codexlock/codexlock/internal/trees"
	"github.com/codexlock/codexlock/internal/txn"
)

// New returns the fix command.
func New(w host.World) *cobra.Command {
	f := fixes{world: w}
	cmd := &cobra.Command{
		Use:   "fix",
		Short: "Make safe fixes: ledger order, strict mode, tests, .gitattributes",
		Long: `fix makes these fixes:
  - Codex-Lock.json: the order of its entries and its canonical form
  - the executable bit of an artifact's X.test, and of the ingest_archive.test.sh
    that init wrote
  - lines that init would add to .gitattributes, and lines in the .gitattributes of a
    folder that overrules them
  - set -euo pipefail in a script that lacks it, where the rule script.strict_mode says
    that no command is executed before it
  - the short form of a test that attest wrote in a longer form, if
    ingest_archive.test.sh can verify one artifact

It changes nothing that a record or a ledger entry attests, needs no key and creates no
trust. It makes all of these fixes or none. What it leaves, because the bytes are attested,
it lists. With --attest it then fixes these files too and attests them, all or none; it
needs the key, and changes an artifact only if nothing else is wrong with it.

With --dry-run it prints a patch for git apply, which must run in the top folder of the
work tree. With --dry-run --attest the patch has the attested files too, without new
records: after it, run codexlock attest on the artifacts that it lists. If core.fileMode is
false, Git does not see the executable bit: git add --chmod=+x PATH.`,
		Example: `  codexlock fix --dry-run   print a patch
  codexlock fix && codexlock verify
  codexlock fix --attest    fix attested files too, with the key`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.log.FromEnvironment(cmd); err != nil {
				return err
			}
			return f.run(cmd.Context())
		},
	}
	f.log.Flags(cmd, w)
	cmd.Flags().BoolVar(&f.attest, "attest", false, "fix attested files too, and attest them")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "print a patch, and write nothing")
	return cmd
}

// fixes is one run of the fix command.
type fixes struct {
	world  host.World
	dryRun bool
	attest bool
	log    auditlog.Log

	repository *repo.Repository
	tree       trees.Tree
	config     config.Config
	listed     map[artifact.Path]bool // by the ledger
	changes    []change               // of bytes that nothing attests, added by add
	changed    map[artifact.Path]int  // the index of a file's change
	edits      []edit                 // of bytes that something attests
	left       []string               // what is not fixed, and why
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
	if f.attest {
		if err := signing.MaySign(f.world.Env, "fix --attest"); err != nil {
			return err
		}
	}
	if err := f.write(ctx); err != nil {
		return err
	}
	f.printDone()
	if !f.attest || len(f.edits) == 0 {
		f.printLeft()
		return nil
	}
	return f.attestEdits(ctx)
}

// write makes the changes of bytes that nothing attests: all of them, or none.
func (f *fixes) write(ctx context.Context) error {
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
	if len(files) == 0 {
		return nil
	}
	return w.Commit(ctx, txn.Change{Files: files})
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
	if err := f.attributes(ctx, view, artifacts); err != nil {
		return err
	}
	return f.scripts(ctx, artifacts)
}

// add adds a change, to an earlier one of the same file if there is one.
func (f *fixes) add(c change) {
	i, there := f.changed[c.after.Path]
	if !there {
		if f.changed == nil {
			f.changed = map[artifact.Path]int{}
		}
		f.changed[c.after.Path] = len(f.changes)
		f.changes = append(f.changes, c)
		return
	}
	e := &f.changes[i]
	e.after.Data, e.done = c.after.Data, append(e.done, c.done...)
	e.after.Mode |= c.after.Mode
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
	f.listed = map[artifact.Path]bool{}
	for _, e := range l.Artifacts {
		f.listed[artifact.Path(e.Path)] = true
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
		f.add(change{&before, after, []string{"sorted by path, in canonical form"}})
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
		f.add(change{&before, after, []string{"made executable"}})
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
		f.add(c)
	}
	return nil
}

func (f *fixes) printDone() {
	for _, c := range f.changes {
		f.printLines(c)
	}
	switch {
	case len(f.changes) > 0:
		fmt.Fprintf(f.world.Stdout, "[✓] %s fixed\n", report.Count(len(f.changes), "file"))
		fmt.Fprintln(f.world.Stderr, "codexlock: hint: review it (git diff), git add it, then: codexlock verify")
	case len(f.edits)+len(f.left) == 0:
		fmt.Fprintln(f.world.Stdout, "[✓] nothing to fix")
	}
}

// printLines prints what was fixed in one file.
func (f *fixes) printLines(c change) {
	for _, line := range c.done {
		fmt.Fprintf(f.world.Stdout, "[✓] %s: %s\n", report.Terminal(c.after.Path.String()), report.Terminal(line))
	}
}

// printLeft prints what is not fixed.
func (f *fixes) printLeft() {
	for _, line := range f.left {
		fmt.Fprintf(f.world.Stdout, "[!] %s\n", report.Terminal(line))
	}
	tests := 0
	for _, e := range f.edits {
		if e.short {
			tests++
			continue
		}
		fmt.Fprintf(f.world.Stdout, "[!] %s: not changed, because it is attested: it needs the line %s\n", report.Terminal(e.after.Path.String()), report.Terminal(strings.Join(e.lines, "; ")))
	}
	if tests > 0 {
		fmt.Fprintf(f.world.Stdout, "[!] %s not changed, because records sign them: the form that attest writes now is shorter\n", report.CountAre(tests, "test"))
	}
	if len(f.edits) > 0 {
		fmt.Fprintln(f.world.Stderr, "codexlock: hint: with the key: codexlock fix --attest; without it, as a patch to review: codexlock fix --dry-run --attest")
	}
}

// namedOwners is how many artifacts a note names.
const namedOwners = 20

// printPatch prints the changes as a patch, and nothing else on standard output.
func (f *fixes) printPatch() error {
	owners := map[artifact.Path]bool{}
	if f.attest {
		for _, e := range f.edits {
			f.add(e.change)
			for _, p := range e.owners {
				owners[p] = true
			}
		}
		f.edits = nil
	}
	for _, c := range f.changes {
		if _, err := f.world.Stdout.Write(c.patch()); err != nil {
			return err
		}
	}
	if len(owners) > 0 {
		words := []string{"--changed"}
		if len(owners) <= namedOwners {
			words = nil
			for _, p := range slices.Sorted(maps.Keys(owners)) {
				words = append(words, shellquote.Path(p.String()))
			}
		}
		f.world.Note("the patch changes attested files: review it, and after git apply run: codexlock attest " + strings.Join(words, " "))
	}
	w := f.world
	w.Stdout = w.Stderr
	(&fixes{world: w, edits: f.edits, left: f.left}).printLeft()
	if len(f.changes)+len(f.edits)+len(f.left) == 0 {
		fmt.Fprintln(f.world.Stderr, "codexlock: nothing to fix")
	}
	return nil
}
