package lockcmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/attest"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/exit"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/host"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/manifest"
	"github.com/codexlock/codexlock/internal/repo"
	"github.com/codexlock/codexlock/internal/report"
	"github.com/codexlock/codexlock/internal/script/artifacttest"
	"github.com/codexlock/codexlock/internal/signing"
	"github.com/codexlock/codexlock/internal/trees"
	"github.com/codexlock/codexlock/internal/txn"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// A lockResolution is one run of the lock resolve command.
type lockResolution struct {
	world      host.World
	paths      []string
	repository *repo.Repository
	work       trees.Tree
	stages     map[string][3]*trees.IndexEntry // of unmerged files: base, ours, theirs
	resolved   map[artifact.Path][]byte        // the files to write
}

func resolveCommand(w host.World) *cobra.Command {
	return &cobra.Command{
		Use:   "resolve [PATH...]",
		Short: "Resolve conflict markers in the ledger, in records and in manifests",
		Long: `resolve merges the conflicts that a merge without the driver left between markers: the
ledger entry by entry, records and manifests as a whole, by the three versions that Git's
index has. A companion that one side changed is removed, if the other side renamed or
removed its artifact. If the sides conflict about an
artifact, the artifact in the work tree decides: choose it first. Other conflicts stay
between markers, and the exit code is 1. Without a PATH it resolves every such file with
conflict markers.

It creates no trust: the gate judges the written files like any other file.`,
		Example: `  git checkout --theirs -- assets/sources/model.bin
  codexlock lock resolve && git add -A && codexlock verify`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return lockResolution{world: w, paths: args}.run(cmd.Context())
		},
	}
}

func (l lockResolution) run(ctx context.Context) error {
	r, err := gate.Open(ctx, l.world.Dir)
	if err != nil {
		return err
	}
	defer r.Close()
	l.repository = r
	if l.work, err = r.WorkTree(ctx); err != nil {
		return err
	}
	if err := l.readStages(ctx); err != nil {
		return err
	}
	paths, err := l.marked(ctx)
	if err != nil {
		return err
	}
	var files []txn.File
	left := 0
	l.resolved = map[artifact.Path][]byte{}
	for _, p := range paths {
		f, conflicts, err := l.resolve(ctx, p)
		if err != nil {
			return err
		}
		if len(f.Data) > 0 {
			files = append(files, f)
			l.resolved[p] = f.Data
		}
		left += l.printResult(p, conflicts)
	}
	removed, kept, err := l.leftovers(ctx)
	if err != nil {
		return err
	}
	change := txn.Change{Files: files}
	for _, p := range removed {
		change.Removes = append(change.Removes, txn.RawPath(p))
		fmt.Fprintf(l.world.Stdout, "[✓] %s removed: its artifact was renamed or removed\n", report.Terminal(p.String()))
	}
	for _, p := range kept {
		left += l.printResult(p, []string{"one side removed it and the other side changed it, and its artifact is here"})
	}
	if !change.Empty() {
		if err := txn.CommitChange(ctx, r.Root(), r.GitDir(), change); err != nil {
			return err
		}
	}
	if len(paths)+len(removed)+len(kept) == 0 {
		fmt.Fprintln(l.world.Stdout, "[✓] no conflict markers in the ledger, records or manifests")
	}
	if left > 0 {
		fmt.Fprintln(l.world.Stderr, "codexlock: hint: choose the artifact first (git checkout --ours -- PATH, or --theirs), then run codexlock lock resolve again; or attest it anew: codexlock attest PATH")
		return exit.ErrDenied
	}
	if !change.Empty() {
		fmt.Fprintln(l.world.Stderr, "codexlock: hint: git add the resolved files, then: codexlock verify")
	}
	return nil
}

// leftovers returns the companions that one side of a merge removed and the other side changed,
// without markers: removed has those whose artifact is gone, as when one side renamed it and
// the other one renewed its record; kept has those whose artifact exists.
func (l lockResolution) leftovers(ctx context.Context) (removed, kept []artifact.Path, err error) {
	named, err := gate.Paths(l.repository, l.world.Dir, l.paths...)
	if err != nil {
		return nil, nil, err
	}
	for _, path := range slices.Sorted(maps.Keys(l.stages)) {
		stages, p := l.stages[path], artifact.Path(path)
		if stages[0] == nil || (stages[1] == nil) == (stages[2] == nil) || len(named) > 0 && !slices.Contains(named, p) {
			continue
		}
		orphan := len(p.Owners()) > 0
		for _, owner := range p.Owners() {
			_, there, err := l.work.Lookup(ctx, owner)
			if err != nil {
				return nil, nil, err
			}
			_, unmerged := l.stages[owner.String()]
			orphan = orphan && !there && !unmerged
		}
		text, err := l.read(ctx, p)
		switch {
		case err != nil:
			return nil, nil, err
		case !isCompanion(p, text): // it is removed already, or not ours to resolve
		case orphan:
			removed = append(removed, p)
		default:
			kept = append(kept, p)
		}
	}
	return removed, kept, nil
}

// isCompanion reports whether a text has the form of a file that attest writes at that path.
func isCompanion(p artifact.Path, text []byte) bool {
	var err error
	switch {
	case strings.HasSuffix(p.String(), artifact.VaultTime.Suffix()):
		_, _, err = vaulttime.DecodeRecord(text)
	case strings.HasSuffix(p.String(), artifact.Manifest.Suffix()):
		_, _, err = manifest.Decode(text)
	default:
		return artifacttest.IsOurs(text)
	}
	return err == nil
}

// printResult prints the result for a file, and returns the number of remaining conflicts.
func (l lockResolution) printResult(p artifact.Path, conflicts []string) int {
	if len(conflicts) == 0 {
		fmt.Fprintf(l.world.Stdout, "[✓] %s resolved\n", report.Terminal(p.String()))
	}
	for _, c := range conflicts {
		fmt.Fprintf(l.world.Stdout, "[✗] %s: %s\n", report.Terminal(p.String()), report.Terminal(c))
	}
	return len(conflicts)
}

func (l *lockResolution) readStages(ctx context.Context) error {
	entries, err := l.repository.Unmerged(ctx)
	l.stages = map[string][3]*trees.IndexEntry{}
	for _, e := range entries {
		sides := l.stages[e.Path]
		sides[e.Stage-1] = &e
		l.stages[e.Path] = sides
	}
	return err
}

// marked returns the files with conflict markers: of the named files, or of all files.
func (l lockResolution) marked(ctx context.Context) ([]artifact.Path, error) {
	named, err := gate.Paths(l.repository, l.world.Dir, l.paths...)
	if err != nil {
		return nil, err
	}
	for _, p := range named {
		if !signing.Resolvable(p) {
			return nil, exit.Usagef("%s is neither %s nor a record or manifest: resolve it with Git", p, ledger.Path)
		}
	}
	if len(l.paths) == 0 {
		for entry, err := range l.work.Entries(ctx) {
			if err != nil {
				return nil, err
			}
			if p, err := artifact.ParsePath(entry.Path); err == nil && entry.Kind == trees.File && signing.Resolvable(p) {
				named = append(named, p)
			}
		}
	}
	var found []artifact.Path
	for _, p := range named {
		text, err := l.read(ctx, p)
		if err != nil {
			return nil, err
		}
		if attest.HasConflictMarkers(text) {
			found = append(found, p)
		}
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}

// read reads a file of the work tree; a missing file is empty.
func (l lockResolution) read(ctx context.Context, p artifact.Path) ([]byte, error) {
	entry, ok, err := l.work.Lookup(ctx, p)
	if err != nil || !ok || entry.Kind != trees.File {
		return nil, err
	}
	limit := int64(document.MaxCompanionBytes)
	if p == ledger.Path {
		limit = document.MaxLedgerBytes
	}
	text, err := l.work.Read(ctx, entry, limit)
	if large := (*git.TooLargeError)(nil); errors.As(err, &large) {
		return nil, nil
	}
	return text, err
}

// sides returns base, ours and theirs of a file: from the index, or else from the markers, which
// have a base only in the style diff3.
func (l lockResolution) sides(ctx context.Context, p artifact.Path) (texts [3][]byte, baseKnown bool, err error) {
	stages := l.stages[p.String()]
	if stages[1] != nil && stages[2] != nil {
		for i, e := range stages {
			if e == nil {
				continue
			}
			if texts[i], err = l.repository.ReadIndexed(ctx, *e, document.MaxLedgerBytes); err != nil {
				return texts, false, err
			}
		}
		return texts, true, nil
	}
	text, err := l.read(ctx, p)
	if err != nil {
		return texts, false, err
	}
	texts, baseKnown = splitMarkers(text)
	return texts, baseKnown, nil
}

// splitMarkers reads base, ours and theirs from a text with Git's markers. baseKnown reports
// whether every conflict has its base.
func splitMarkers(text []byte) (sides [3][]byte, baseKnown bool) {
	baseKnown = true
	const all = -1
	at, based := all, false
	for line := range bytes.Lines(text) {
		switch {
		case at == all && isMarker(line, '<'):
			at, based = 1, false
			continue
		case at == 1 && isMarker(line, '|'):
			at, based = 0, true
			continue
		case (at == 1 || at == 0) && isMarker(line, '='):
			at, baseKnown = 2, baseKnown && based
			continue
		case at == 2 && isMarker(line, '>'):
			at = all
			continue
		}
		for i := range sides {
			if at == all || at == i {
				sides[i] = append(sides[i], line...)
			}
		}
	}
	return sides, baseKnown
}

// isMarker reports whether a line is a conflict marker of Git: seven or more of a character,
// and then nothing or a label.
func isMarker(line []byte, c byte) bool {
	rest := bytes.TrimLeft(line, string(c))
	return len(line)-len(rest) >= 7 && (len(bytes.TrimSpace(rest)) == 0 || rest[0] == ' ')
}

// resolve returns a file to write, and its remaining conflicts.
func (l lockResolution) resolve(ctx context.Context, p artifact.Path) (txn.File, []string, error) {
	f := txn.File{Path: p, Mode: 0o644}
	texts, baseKnown, err := l.sides(ctx, p)
	if err != nil {
		return f, nil, err
	}
	var done mergeResult
	switch {
	case p == ledger.Path:
		done, err = l.resolveLedger(ctx, texts, baseKnown)
	case strings.HasSuffix(p.String(), artifact.VaultTime.Suffix()):
		done, err = l.resolveRecord(ctx, p, texts, baseKnown)
	default:
		done, err = l.resolveManifest(ctx, p, texts, baseKnown)
	}
	var input *MergeInputError
	if errors.As(err, &input) {
		return f, []string{input.Error()}, nil
	}
	if len(done.conflicts) == 0 || p == ledger.Path {
		f.Data = done.text
	}
	return f, done.conflicts, err
}

func (l lockResolution) resolveLedger(ctx context.Context, texts [3][]byte, baseKnown bool) (mergeResult, error) {
	var sides [3]*ledger.Ledger
	for i, text := range texts {
		sides[i] = &ledger.Ledger{}
		if i == 0 && (!baseKnown || len(text) == 0) {
			continue
		}
		var err error
		if sides[i], _, err = ledger.Decode(text); err != nil {
			return mergeResult{}, &MergeInputError{Path: ledger.Path.String(), Side: mergeSides[i], Form: "ledger", Err: err}
		}
	}
	merged := ledger.MergeWithoutBase(sides[1], sides[2])
	if baseKnown {
		merged = ledger.Merge(sides[0], sides[1], sides[2])
	}
	var err error
	merged = merged.Resolve(func(c ledger.Conflict) ([]ledger.Entry, bool) {
		if err != nil {
			return nil, false
		}
		var entries []ledger.Entry
		var sure bool
		entries, sure, err = l.choose(ctx, c)
		return entries, sure
	})
	done := mergeResult{text: merged.Encode(7)}
	for _, c := range merged.Conflicts {
		done.conflicts = append(done.conflicts, c.Path+": "+about(c))
	}
	return done, err
}

// choose takes the side of a conflict that has the hash of the artifact in the work tree.
func (l lockResolution) choose(ctx context.Context, c ledger.Conflict) ([]ledger.Entry, bool, error) {
	digest, there, err := l.digest(ctx, artifact.Path(c.Path))
	if err != nil {
		return nil, false, err
	}
	var fits [][]ledger.Entry
	for _, side := range [][]ledger.Entry{c.Ours, c.Theirs} {
		if len(side) == 0 && !there || len(side) == 1 && there && side[0].SHA256 == digest {
			fits = append(fits, side)
		}
	}
	if len(fits) != 1 {
		return nil, false, nil
	}
	return fits[0], true, nil
}

// digest returns the digest of an artifact in the work tree; there is false if it is missing.
func (l lockResolution) digest(ctx context.Context, p artifact.Path) (d artifact.Digest, there bool, err error) {
	entry, there, err := l.work.Lookup(ctx, p)
	if err != nil || !there {
		return d, there, err
	}
	if entry.Kind != trees.File {
		return d, true, nil
	}
	d, _, _, err = l.work.Hash(ctx, entry, nil)
	return d, true, err
}

func (l lockResolution) resolveRecord(ctx context.Context, p artifact.Path, texts [3][]byte, baseKnown bool) (mergeResult, error) {
	if !baseKnown {
		texts[0] = nil
	}
	done, err := mergeRecords(p.String(), texts, 7)
	if err != nil || len(done.conflicts) == 0 {
		return done, err
	}
	return l.chooseWhole(ctx, p, texts, done, func(owner artifact.Path, digest artifact.Digest, text []byte) (bool, error) {
		r, _, err := vaulttime.DecodeRecord(text)
		if err != nil || r.SHA256 != digest || r.ManifestSHA256 == nil {
			return err == nil && r.SHA256 == digest, nil
		}
		signed, err := l.companion(ctx, owner, artifact.Manifest)
		return attest.HasConflictMarkers(signed) || artifact.HashBytes(signed) == *r.ManifestSHA256, err
	})
}

func (l lockResolution) resolveManifest(ctx context.Context, p artifact.Path, texts [3][]byte, baseKnown bool) (mergeResult, error) {
	if !baseKnown {
		texts[0] = nil
	}
	done, err := mergeManifests(p.String(), texts, 7)
	if err != nil || len(done.conflicts) == 0 {
		return done, err
	}
	return l.chooseWhole(ctx, p, texts, done, func(owner artifact.Path, digest artifact.Digest, text []byte) (bool, error) {
		m, _, err := manifest.Decode(text)
		if err != nil || m.SHA256 != digest {
			return false, nil
		}
		record, err := l.companion(ctx, owner, artifact.VaultTime)
		if err != nil {
			return false, err
		}
		r, _, err := vaulttime.DecodeRecord(record)
		return err != nil || r.ManifestSHA256 == nil || artifact.HashBytes(text) == *r.ManifestSHA256, nil
	})
}

// companion returns the text of an artifact's companion after this run; nil for none.
func (l lockResolution) companion(ctx context.Context, owner artifact.Path, kind artifact.Companion) ([]byte, error) {
	for _, p := range owner.CompanionPaths(kind) {
		if text, ok := l.resolved[p]; ok {
			return text, nil
		}
		text, err := l.read(ctx, p)
		if err != nil || text != nil {
			return text, err
		}
	}
	return nil, nil
}

// chooseWhole takes the one side that matches the artifact in the work tree and the companions
// without a conflict. If no side matches, or both do, the result is undecided.
func (l lockResolution) chooseWhole(ctx context.Context, p artifact.Path, texts [3][]byte, undecided mergeResult, fits func(owner artifact.Path, digest artifact.Digest, text []byte) (bool, error)) (mergeResult, error) {
	for _, owner := range p.Owners() {
		digest, there, err := l.digest(ctx, owner)
		if err != nil {
			return undecided, err
		}
		if !there {
			continue
		}
		var chosen [][]byte
		for _, text := range texts[1:] {
			fit, err := fits(owner, digest, text)
			if err != nil {
				return undecided, err
			}
			if fit {
				chosen = append(chosen, text)
			}
		}
		if len(chosen) == 1 || len(chosen) == 2 && bytes.Equal(chosen[0], chosen[1]) {
			return mergeResult{text: chosen[0]}, nil
		}
	}
	return undecided, nil
}
