// Package lockcmd has the commands that merge the ledger, records and manifests.
package lockcmd

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/manifest"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/schemas"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// MergeDriver is the command that configures Git to merge the ledger by path. Git reads merge
// drivers only from a clone's configuration, never from the repository.
const MergeDriver = `git config merge.codexlock.driver "` + MergeDriverCommand + `"`

// MergeDriverCommand is what Git runs (gitattributes(5)).
const MergeDriverCommand = "codexlock lock merge --marker-size=%L --path=%P %O %A %B"

// maxMarkerSize bounds the length of conflict markers. Git's have 7 characters, and a few more in
// a merge of merges.
const maxMarkerSize = 1000

// New returns the lock command.
func New(w host.World) *cobra.Command {
	cmd := &cobra.Command{
		Use: "lock", Short: "Merge the ledger, Codex-Lock.json, records and manifests", Args: cobra.NoArgs,
		Example: "  codexlock lock resolve   # after git merge left conflict markers",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(mergeCommand(w), resolveCommand(w))
	return cmd
}

func mergeCommand(w host.World) *cobra.Command {
	m := ledgerMerge{world: w}
	cmd := &cobra.Command{
		Use:   "merge BASE OURS THEIRS",
		Short: "Merge two ledgers by path, two records or two manifests: a Git merge driver",
		Long: `merge merges two ledgers with a common base, entry by entry, and writes the result to
OURS, as a Git merge driver must. It takes additions and removals of both sides. If both
sides attested the same content, the later verified_at is taken; if one side changed the
content and the other only renewed it, the change is taken. One artifact with two
contents, or two trust domains, is a conflict: it is written between Git's markers, and
the exit code is 1.

A VaultTime record or a manifest (--path ends in .vaulttime.json or .manifest.json) is
taken as a whole from one side: a side that only renewed it loses to a side that changed
it. If both sides changed it differently, that is a conflict.

codexlock init names the driver in .gitattributes and configures it in the clone where it
runs. Every other clone must configure it once:
  ` + MergeDriver,
		Example: `  codexlock lock merge --path Codex-Lock.json base.json ours.json theirs.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 3 {
				return exit.Usagef("lock merge takes three files, BASE OURS THEIRS, and got %d", len(args))
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

// A ledgerMerge is one run of the lock merge command.
type ledgerMerge struct {
	world              host.World
	base, ours, theirs string
	path               string
	markerSize         int
}

func (m ledgerMerge) run() error {
	if m.markerSize < 1 || m.markerSize > maxMarkerSize {
		return exit.Usagef("--marker-size is %d, want 1 to %d", m.markerSize, maxMarkerSize)
	}
	var texts [3][]byte
	for i, side := range mergeSides {
		var err error
		if texts[i], err = m.read([]string{m.base, m.ours, m.theirs}[i]); err != nil {
			return fmt.Errorf("merge %s: read %s: %w", m.path, side, err)
		}
	}
	merge := mergeLedgers
	switch {
	case strings.HasSuffix(m.path, artifact.VaultTime.Suffix()):
		merge = mergeRecords
	case strings.HasSuffix(m.path, artifact.Manifest.Suffix()):
		merge = mergeManifests
	}
	done, err := merge(m.path, texts, m.markerSize)
	if err != nil {
		return err
	}
	if err := m.world.WriteFile(m.ours, func(f io.Writer) error { _, err := f.Write(done.text); return err }); err != nil {
		return fmt.Errorf("merge %s: %w", m.path, err)
	}
	if len(done.conflicts) == 0 {
		return nil
	}
	for _, c := range done.conflicts {
		fmt.Fprintf(m.world.Stderr, "codexlock: %s: %s\n", report.Terminal(m.path), report.Terminal(c))
	}
	fmt.Fprintln(m.world.Stderr, "codexlock: hint: choose the artifact first (git checkout --ours -- PATH, or --theirs), then: codexlock lock resolve")
	return exit.ErrDenied
}

// mergeSides are the three files of a merge, in Git's order.
var mergeSides = [3]string{"base", "ours", "theirs"}

// A mergeResult is a merged file with its conflicts, one line each.
type mergeResult struct {
	text      []byte
	conflicts []string
}

// mergeLedgers merges ledgers by path.
func mergeLedgers(name string, texts [3][]byte, markerSize int) (mergeResult, error) {
	var sides [3]*ledger.Ledger
	for i, text := range texts {
		if len(text) == 0 && i == 0 { // both sides added the file: Git's base is empty
			sides[i] = &ledger.Ledger{}
			continue
		}
		var err error
		if sides[i], _, err = ledger.Decode(text); err != nil {
			return mergeResult{}, &MergeInputError{Path: name, Side: mergeSides[i], Form: "ledger", Err: err}
		}
	}
	merged := ledger.Merge(sides[0], sides[1], sides[2])
	done := mergeResult{text: merged.Encode(markerSize)}
	for _, c := range merged.Conflicts {
		done.conflicts = append(done.conflicts, c.Path+": "+about(c))
	}
	return done, nil
}

// decodeSides decodes the three versions of a file that is merged. base is nil if there was no
// such file.
func decodeSides[T any](name, form string, texts [3][]byte, decode func([]byte) (T, *schemas.Document, error)) (base *T, sides [3]T, err error) {
	for i, text := range texts {
		if len(text) == 0 && i == 0 {
			continue
		}
		if sides[i], _, err = decode(text); err != nil {
			return nil, sides, &MergeInputError{Path: name, Side: mergeSides[i], Form: form, Err: err}
		}
		if i == 0 {
			base = &sides[0]
		}
	}
	return base, sides, nil
}

// mergeRecords merges the records of one artifact: it takes one side as a whole, or writes both
// between conflict markers.
func mergeRecords(name string, texts [3][]byte, markerSize int) (mergeResult, error) {
	base, sides, err := decodeSides(name, "VaultTime record", texts, vaulttime.DecodeRecord)
	if err != nil {
		return mergeResult{}, err
	}
	if merged, ok := vaulttime.MergeRecords(base, sides[1], sides[2]); ok {
		return mergeResult{text: merged.Encode()}, nil
	}
	side := func(r vaulttime.Record) string {
		return fmt.Sprintf("sha256 %.12s…, trust domain %s", r.SHA256, r.TrustDomain)
	}
	return mergeResult{
		text:      conflict(texts[1], texts[2], markerSize),
		conflicts: []string{fmt.Sprintf("ours has %s; theirs has %s", side(sides[1]), side(sides[2]))},
	}, nil
}

// mergeManifests merges the manifests of one artifact: it takes one side as a whole, or writes
// both between conflict markers.
func mergeManifests(name string, texts [3][]byte, markerSize int) (mergeResult, error) {
	base, sides, err := decodeSides(name, "manifest", texts, manifest.Decode)
	if err != nil {
		return mergeResult{}, err
	}
	if merged, ok := manifest.Merge(base, sides[1], sides[2]); ok {
		for i, text := range texts[1:] { // a record may sign the bytes, which need not be canonical
			if bytes.Equal(merged.Encode(), sides[i+1].Encode()) {
				return mergeResult{text: text}, nil
			}
		}
	}
	said := fmt.Sprintf("ours has sha256 %.12s…; theirs has sha256 %.12s…", sides[1].SHA256, sides[2].SHA256)
	if sides[1].SHA256 == sides[2].SHA256 {
		said = "ours and theirs differ in " + strings.Join(manifest.Differing(sides[1], sides[2]), ", ")
	}
	return mergeResult{text: conflict(texts[1], texts[2], markerSize), conflicts: []string{said}}, nil
}

// conflict writes two texts between Git's markers.
func conflict(ours, theirs []byte, markerSize int) []byte {
	mark := func(c, label string) string { return strings.Repeat(c, markerSize) + label + "\n" }
	return []byte(mark("<", " ours") + string(ours) + mark("=", "") + string(theirs) + mark(">", " theirs"))
}

// A MergeInputError is a side of a merge that is not a valid file of its kind.
type MergeInputError struct {
	Path, Side string
	Form       string // ledger, VaultTime record, manifest
	Err        error
}

func (e *MergeInputError) Error() string {
	return fmt.Sprintf("merge %s: %s is no %s: %v; nothing was merged", e.Path, e.Side, e.Form, e.Err)
}

// Unwrap returns the decoder's error.
func (e *MergeInputError) Unwrap() error { return e.Err }

// Hint is the next step.
func (e *MergeInputError) Hint() string {
	return "fix that side first: git merge --abort, or write the ledger by hand and git add it"
}

func (m ledgerMerge) read(name string) ([]byte, error) {
	f, err := os.Open(m.world.Path(name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, document.MaxLedgerBytes+1))
	if err == nil && len(text) > document.MaxLedgerBytes {
		err = fmt.Errorf("it has over %d bytes", document.MaxLedgerBytes)
	}
	return text, err
}

// about describes the two sides of a conflict.
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
