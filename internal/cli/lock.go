package cli

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/report"
)

// mergeDriver is the one command that makes Git merge the ledger by path. Git
// takes drivers from a clone's own configuration only, never from a repository.
const mergeDriver = `git config merge.codexlock.driver "codexlock lock merge --marker-size=%L --path=%P %O %A %B"`

// maxMarkerSize bounds the conflict markers; Git's are 7 long, and a few longer
// in a merge of merges.
const maxMarkerSize = 1000

func lockCommand(w World) *cobra.Command {
	cmd := &cobra.Command{
		Use: "lock", Short: "Work on the ledger, Codex-Lock.json", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(lockMergeCommand(w))
	return cmd
}

func lockMergeCommand(w World) *cobra.Command {
	m := ledgerMerge{world: w}
	cmd := &cobra.Command{
		Use:   "merge BASE OURS THEIRS",
		Short: "Merge two ledgers by path: a Git merge driver",
		Long: `merge joins what two sides made of a base, entry by entry, and writes the result
to OURS, as Git asks of a merge driver. Additions and removals of both sides come
together. One content that both attested keeps the later verified_at. One artifact
with two contents, or two trust domains, is a conflict: it stands in the file
between Git's markers, and the exit code is 1.

codexlock init names the driver in .gitattributes. Each clone says once what it is:
  ` + mergeDriver,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 3 {
				return usagef("lock merge takes three files, BASE OURS THEIRS, and got %d", len(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			m.base, m.ours, m.theirs = args[0], args[1], args[2]
			return m.run()
		},
	}
	cmd.Flags().StringVar(&m.path, "path", ledger.Path.String(), "the file's name in the repository, for messages (Git's %P)")
	cmd.Flags().IntVar(&m.markerSize, "marker-size", 7, "the length of conflict markers (Git's %L)")
	return cmd
}

// A ledgerMerge is the lock merge command, filled in.
type ledgerMerge struct {
	world              World
	base, ours, theirs string
	path               string
	markerSize         int
}

func (m ledgerMerge) run() error {
	if m.markerSize < 1 || m.markerSize > maxMarkerSize {
		return usagef("--marker-size is %d, want 1 to %d", m.markerSize, maxMarkerSize)
	}
	var sides [3]*ledger.Ledger
	for i, side := range []struct{ name, file string }{{"base", m.base}, {"ours", m.ours}, {"theirs", m.theirs}} {
		text, err := m.read(side.file)
		if err != nil {
			return fmt.Errorf("merge %s: read %s: %w", m.path, side.name, err)
		}
		if len(text) == 0 && side.name == "base" { // both sides made the file: Git's base is empty
			sides[i] = &ledger.Ledger{}
			continue
		}
		if sides[i], _, err = ledger.Decode(text); err != nil {
			return &MergeInputError{Path: m.path, Side: side.name, Err: err}
		}
	}
	merged := ledger.Merge(sides[0], sides[1], sides[2])
	text := merged.Encode(m.markerSize)
	if err := m.world.writeFile(m.ours, func(f io.Writer) error { _, err := f.Write(text); return err }); err != nil {
		return fmt.Errorf("merge %s: %w", m.path, err)
	}
	if len(merged.Conflicts) == 0 {
		return nil
	}
	for _, c := range merged.Conflicts {
		fmt.Fprintf(m.world.Stderr, "codexlock: %s: %s: %s\n", report.Terminal(m.path), report.Terminal(c.Path), report.Terminal(about(c)))
	}
	fmt.Fprintln(m.world.Stderr, "codexlock: hint: choose the artifact first, then its entry between the markers; or remove both entries and attest it again: codexlock attest PATH")
	return errDenied
}

// A MergeInputError is a side of a merge that is no ledger.
type MergeInputError struct {
	Path, Side string
	Err        error
}

func (e *MergeInputError) Error() string {
	return fmt.Sprintf("merge %s: %s is no ledger: %v; nothing was merged", e.Path, e.Side, e.Err)
}

func (e *MergeInputError) Unwrap() error { return e.Err }

func (m ledgerMerge) read(name string) ([]byte, error) {
	f, err := os.Open(join(m.world.Dir, name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, facts.MaxLedgerBytes+1))
	if err == nil && len(text) > facts.MaxLedgerBytes {
		err = fmt.Errorf("it has over %d bytes", facts.MaxLedgerBytes)
	}
	return text, err
}

// about says what the two sides of a conflict want.
func about(c ledger.Conflict) string {
	side := func(entries []ledger.Entry) string {
		switch len(entries) {
		case 0:
			return "no entry"
		case 1:
			return fmt.Sprintf("sha256 %.12s…, trust domain %s", entries[0].SHA256, entries[0].TrustDomain)
		}
		return fmt.Sprintf("%d entries", len(entries))
	}
	return fmt.Sprintf("ours has %s; theirs has %s", side(c.Ours), side(c.Theirs))
}
