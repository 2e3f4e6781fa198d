package renewcmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/attest"
	"github.com/codexlock/codexlock/internal/cli/auditlog"
	"github.com/codexlock/codexlock/internal/cli/candidates"
	"github.com/codexlock/codexlock/internal/cli/flags"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/script/artifacttest"
	"github.com/codexlock/codexlock/internal/signing"
	"github.com/codexlock/codexlock/internal/trees"
	"github.com/codexlock/codexlock/internal/txn"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// A migration is one run of the migrate command.
type migration struct {
	world   host.World
	options gate.Options
	dryRun  bool
	log     auditlog.Log

	repository *repo.Repository
	tree       trees.Tree
	signer     signing.Signer
	files      []txn.File
	done       []string // what was done, one line each
	short      bool     // tests can call ingest_archive.test.sh
}

// Migrate returns the migrate command.
func Migrate(w host.World) *cobra.Command {
	m := migration{world: w, options: gate.Options{Selection: gate.Selection{Scope: facts.All}}}
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Move a repository to the current forms of its files",
		Long: `migrate runs the whole gate on the work tree and then writes everything that an earlier
release wrote in its current form: records: 2 and renewals: ref in codexlock.yaml, as
lines of their own; ingest_archive.test.sh; and, for each artifact, a record whose proof
covers the manifest and the test, and a short test that calls ingest_archive.test.sh.
Records keep the time at which their content was approved. Tests and scripts of your own
stay.

It writes all of it, or nothing: if one artifact is denied, nothing is written. Upgrade
codexlock first wherever it verifies: an earlier release refuses the new fields. A second
run changes nothing.`,
		Example: `  codexlock migrate --dry-run   print what would be written
  codexlock migrate`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := m.log.FromEnvironment(cmd); err != nil {
				return err
			}
			return m.run(cmd.Context())
		},
	}
	m.log.Flags(cmd, w)
	cmd.Flags().BoolVar(&m.dryRun, "dry-run", false, "print what would be written, and write nothing")
	flags.EffectiveTime(cmd, &m.options.EffectiveTime, "judge and date as of this time")
	return cmd
}

func (m migration) run(ctx context.Context) (err error) {
	if err := signing.MaySign(m.world.Env, "migrate"); err != nil {
		return err
	}
	g, err := gate.New(m.world, m.options)
	if err != nil {
		return err
	}
	if m.repository, err = repo.Open(ctx, m.world.Dir); err != nil {
		return err
	}
	defer m.repository.Close()
	if m.signer, err = signing.New(ctx, m.world, m.repository, g); err != nil {
		return err
	}
	if m.signer.Config.File == "" {
		return exit.Usagef("there is no %s to migrate: write one with codexlock init", config.Paths[0])
	}
	if err := m.signer.AnyKey(); err != nil {
		return err
	}
	if err := m.log.Ready(ctx, m.signer.Config); err != nil {
		return err
	}
	all, err := candidates.Find(ctx, m.world.Stdout, m.repository, g)
	if err != nil {
		return err
	}
	if m.tree, err = m.repository.WorkTree(ctx); err != nil {
		return err
	}
	due, err := m.plan(ctx, all)
	if err != nil {
		return err
	}
	if n, _ := candidates.PrintSkipped(m.world, all); n > 0 {
		m.hintSkipped(all)
		return candidates.Conclude(m.world, true, "nothing was migrated: %d of %s not trusted", n, report.CountAre(len(all), "artifact"))
	}
	return m.write(ctx, all, due)
}

// hintSkipped prints what to do where artifacts are not trusted.
func (m *migration) hintSkipped(all []signing.Candidate) {
	next := "renew what has expired, and run this again: codexlock renew --expired"
	for i := range all {
		if all[i].Refused() != "" && !all[i].OnlyExpired() {
			next = "see what to do about each: codexlock verify --all"
		}
	}
	m.hint(next)
}

func (m *migration) hint(next string) {
	fmt.Fprintf(m.world.Stderr, "codexlock: hint: %s\n", next)
}

// plan finds the files and the artifacts that are not in the current form. An artifact that
// this run cannot sign for is refused.
func (m *migration) plan(ctx context.Context, all []signing.Candidate) (due []signing.Candidate, err error) {
	if err := m.configure(ctx); err != nil {
		return nil, err
	}
	if err := m.script(ctx); err != nil {
		return nil, err
	}
	for i := range all {
		is, err := m.isCurrent(ctx, &all[i])
		if err != nil {
			return nil, err
		}
		if !is && all[i].CanSign(m.signer) {
			due = append(due, all[i])
		}
	}
	return due, nil
}

// configure adds the settings of the current forms to the configuration.
func (m *migration) configure(ctx context.Context) error {
	at := m.signer.Config.File
	text, mode, err := m.read(ctx, at)
	if err != nil {
		return err
	}
	edited, changed, err := config.Migrate(at, text)
	if errors.Is(err, config.ErrLayout) {
		return exit.Usagef("%w; put these lines into it, and run it again: records: 2, renewals: ref", err)
	}
	if err != nil || len(changed) == 0 {
		return err
	}
	m.files = append(m.files, txn.File{Path: at, Mode: mode, Data: edited})
	m.done = append(m.done, fmt.Sprintf("%s: %s", at, strings.Join(changed, ", ")))
	return nil
}

// script replaces ingest_archive.test.sh where an earlier init wrote it, and adds it where it
// is missing. One that is an artifact belongs to its owner.
func (m *migration) script(ctx context.Context) error {
	text, mode, err := m.read(ctx, artifacttest.IngestPath)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	missing := err != nil
	known, verifiesOne := artifacttest.KnownIngest(artifact.HashBytes(text))
	listed, err := m.lists(ctx, artifacttest.IngestPath)
	if err != nil {
		return err
	}
	current := artifact.HashBytes(text) == artifact.HashBytes(artifacttest.Ingest)
	switch {
	case listed || !missing && !known:
		m.short = verifiesOne
		if !verifiesOne {
			m.world.Note(fmt.Sprintf("%s is your own, so tests stay as they are; to have short ones, replace it: codexlock init", artifacttest.IngestPath))
		}
		return nil
	case missing, !current, mode != 0o755:
		m.files = append(m.files, txn.File{Path: artifacttest.IngestPath, Mode: 0o755, Data: artifacttest.Ingest})
		m.done = append(m.done, fmt.Sprintf("%s: the current version", artifacttest.IngestPath))
	}
	m.short = true
	return nil
}

// read reads a file of the work tree; its error is fs.ErrNotExist without such a file.
func (m *migration) read(ctx context.Context, p artifact.Path) (text []byte, mode fs.FileMode, err error) {
	entry, ok, err := m.tree.Lookup(ctx, p)
	switch {
	case err != nil:
		return nil, 0, err
	case !ok:
		return nil, 0, fmt.Errorf("read %s: %w", p, fs.ErrNotExist)
	case entry.Kind != trees.File:
		return nil, 0, exit.Usagef("%s is a %s, want a file", p, entry.Kind)
	}
	mode = 0o644
	if entry.Mode == "100755" {
		mode = 0o755
	}
	text, err = m.tree.Read(ctx, entry, document.MaxCompanionBytes)
	return text, mode, err
}

// lists reports whether the ledger lists a path.
func (m *migration) lists(ctx context.Context, p artifact.Path) (bool, error) {
	domains, err := signing.RecordedDomains(ctx, m.tree)
	_, ok := domains[p.String()]
	return ok, err
}

// isCurrent reports whether an artifact's record signs its companions, and its test has the
// current form or was written by the owner.
func (m *migration) isCurrent(ctx context.Context, c *signing.Candidate) (bool, error) {
	signed := c.Record.Signed
	if signed.ManifestSHA256 == nil || signed.TestSHA256 == nil || signed.AttestedAt == nil {
		return false, nil
	}
	if !m.short || c.Path == artifacttest.IngestPath {
		return true, nil
	}
	for _, at := range c.Path.CompanionPaths(artifact.Test) {
		text, _, err := m.read(ctx, at)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		return !artifacttest.IsOurs(text) || artifacttest.Delegates(text, at, c.Path), err
	}
	return false, nil
}

// write writes all files in one transaction, or prints what it would write.
func (m migration) write(ctx context.Context, all, due []signing.Candidate) error {
	verb, done := "migrated", attest.Result{}
	if m.dryRun {
		verb = "to migrate"
		for _, c := range due {
			done.Attested = append(done.Attested, attest.Attested{Path: c.Path, Domain: c.Record.TrustDomain})
		}
	} else {
		var err error
		if done, err = signing.Migrate(ctx, m.repository, m.signer, due, m.files); err != nil {
			return err
		}
	}
	out := bufio.NewWriter(m.world.Stdout)
	for _, line := range m.done {
		fmt.Fprintf(out, "[✓] %s\n", line)
	}
	for _, d := range done.Attested {
		fmt.Fprintf(out, "[✓] %s %s (trust domain %s)\n", report.Terminal(d.Path.String()), verb, d.Domain)
	}
	_ = out.Flush()
	if !m.dryRun {
		if err := m.log.Add(ctx, m.repository, m.signer.Config, m.log.Attested(done.Attested, vaulttime.FormatTime(m.signer.Now))); err != nil {
			return err
		}
	}
	if err := candidates.Conclude(m.world, false, "%d of %s and %s %s", len(due), report.Count(len(all), "artifact"), report.Count(len(m.files), "file"), verb); err != nil || len(m.done)+len(due) == 0 {
		return err
	}
	if m.dryRun {
		m.hint("write it: codexlock migrate")
		return nil
	}
	m.hint(fmt.Sprintf("review it with git diff, and commit all of it together with %s: git add -A && git commit -m 'migrate to the current forms'", ledger.Path))
	m.hint("merge it only where every gate runs this release: an earlier one refuses the new fields; then check the workflows, since renewals go to a ref now: codexlock doctor")
	return nil
}
