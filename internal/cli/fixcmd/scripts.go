package fixcmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/decision"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/gate"
	"github.com/codexlock/codexlock/internal/manifest"
	"github.com/codexlock/codexlock/internal/script/artifacttest"
	"github.com/codexlock/codexlock/internal/script/shelltext"
	"github.com/codexlock/codexlock/internal/signing"
	"github.com/codexlock/codexlock/internal/trees"
	"github.com/codexlock/codexlock/internal/txn"
)

// An edit is a change of a script or of a test.
type edit struct {
	change
	owners []artifact.Path // what has to be attested after it
	lines  []string        // that are inserted
	short  bool            // it is the short form of a test that attest wrote
}

// scripts finds the edits of scripts and tests. Those of bytes that nothing attests become
// changes.
func (f *fixes) scripts(ctx context.Context, artifacts []artifact.Path) error {
	inserted, err := f.insertions(ctx)
	if err != nil {
		return err
	}
	short, err := f.shortTests(ctx, artifacts)
	if err != nil {
		return err
	}
	all := append(inserted, short...)
	if len(all) == 0 {
		return nil
	}
	users, err := f.users(ctx, artifacts)
	if err != nil {
		return err
	}
	for _, e := range all {
		p := e.after.Path
		if by, used := users[p]; used && by != p {
			f.left = append(f.left, fmt.Sprintf("%s: not changed: the manifest of %s has its SHA-256; change it, and attest both", p, by))
			continue
		}
		if e.owners, err = f.owners(ctx, p); err != nil {
			return err
		}
		if len(e.owners) == 0 {
			f.add(e.change)
			continue
		}
		f.edits = append(f.edits, e)
	}
	return nil
}

// insertions asks the rules which lines fix their findings, and returns the edits that insert
// them, one for each file. A finding that is excepted stays as its owner accepted it.
func (f *fixes) insertions(ctx context.Context) (edits []edit, err error) {
	found, err := f.findings(ctx)
	if err != nil {
		return nil, err
	}
	byFile := map[artifact.Path][]decision.Finding{}
	for _, d := range found {
		p := artifact.Path(d.File)
		tests := artifact.Path(d.Artifact).CompanionPaths(artifact.Test)
		own := d.Artifact != "" && (d.File == d.Artifact || slices.Contains(tests[:], p))
		same := func(o decision.Finding) bool { return o.Line == d.Line && o.Insert == d.Insert }
		if own && d.Insert != "" && !d.Excepted && !slices.ContainsFunc(byFile[p], same) {
			byFile[p] = append(byFile[p], d)
		}
	}
	for p, all := range byFile {
		before, err := f.read(ctx, p, shelltext.MaxBytes)
		if err != nil {
			return nil, err
		}
		e := edit{change: change{before: &before, after: before}}
		if artifact.Path(all[0].Artifact) != p { // a test; another fix makes it executable
			e.after.Mode = 0o755
		}
		slices.SortStableFunc(all, func(a, b decision.Finding) int { return b.Line - a.Line })
		for _, d := range all {
			text, ok := insertLine(e.after.Data, d.Line, d.Insert)
			if !ok {
				f.left = append(f.left, fmt.Sprintf("%s: not changed: its lines end in CR LF; it needs the line %s", p, d.Insert))
				continue
			}
			e.after.Data = text
			e.lines = append(e.lines, d.Insert)
			e.done = append(e.done, fmt.Sprintf("added %s before line %d", d.Insert, d.Line))
		}
		if len(e.lines) > 0 {
			edits = append(edits, e)
		}
	}
	slices.SortFunc(edits, func(a, b edit) int { return bytes.Compare([]byte(a.after.Path), []byte(b.after.Path)) })
	return edits, nil
}

// findings are what the rules find in the work tree.
func (f *fixes) findings(ctx context.Context) ([]decision.Finding, error) {
	unborn, err := f.repository.Unborn(ctx)
	if err != nil {
		return nil, err
	}
	quiet := f.world
	quiet.Stderr = io.Discard // its notes are about a verdict, which fix does not give
	g, err := gate.New(quiet, gate.Options{Base: gate.Base{First: unborn}, Selection: gate.Selection{Scope: facts.All}})
	if err != nil {
		return nil, err
	}
	judged, err := g.Run(ctx)
	var none *gate.NothingEvaluatedError
	if errors.As(err, &none) {
		return nil, nil
	}
	return judged.Findings, err
}

// insertLine inserts a line before line n, counted from 1. ok is false if the text has no such
// line, or its lines do not end as the inserted one would.
func insertLine(text []byte, n int, line string) (edited []byte, ok bool) {
	lines := bytes.SplitAfter(text, []byte("\n"))
	if n < 1 || n > len(lines) || bytes.ContainsRune(text, '\r') {
		return nil, false
	}
	return bytes.Join(slices.Insert(lines, n-1, []byte(line+"\n")), nil), true
}

// shortTests returns the edits that give tests of attest their short form. The script that
// they call must be one that an init wrote, or the tests stay as they are.
func (f *fixes) shortTests(ctx context.Context, artifacts []artifact.Path) (edits []edit, err error) {
	script, there, err := f.companion(ctx, []artifact.Path{artifacttest.IngestPath})
	if err != nil || !there {
		return nil, err
	}
	if _, verifies := artifacttest.KnownIngest(artifact.HashBytes(script.Data)); !verifies {
		return nil, nil
	}
	for _, p := range artifacts {
		t := artifacttest.Test{Artifact: p, Manifest: p.Companion(artifact.Manifest), Record: p.Companion(artifact.VaultTime)}
		paths := p.CompanionPaths(artifact.Test)
		before, there, err := f.companion(ctx, paths[:])
		if err != nil {
			return nil, err
		}
		if !there || f.listed[before.Path] || !artifacttest.IsOurs(before.Data) {
			continue
		}
		t.At = before.Path
		for kind, at := range map[artifact.Companion]*artifact.Path{artifact.Manifest: &t.Manifest, artifact.VaultTime: &t.Record} {
			paths := p.CompanionPaths(kind)
			if file, there, err := f.companion(ctx, paths[:]); err != nil {
				return nil, err
			} else if there {
				*at = file.Path
			}
		}
		if text, ok := t.Shortened(before.Data); ok {
			after := before
			after.Data = text
			edits = append(edits, edit{change: change{&before, after, []string{"written in the short form"}}, short: true})
		}
	}
	return edits, nil
}

// owners returns the artifacts that have to be attested after an edit of a file: the file
// itself if the ledger lists it, and the artifact whose record signs it as a test. A renewed
// record in the ref always signs it.
func (f *fixes) owners(ctx context.Context, p artifact.Path) (owners []artifact.Path, err error) {
	if f.listed[p] {
		owners = append(owners, p)
	}
	for _, of := range p.Owners() {
		if !f.listed[of] {
			continue
		}
		records, err := signing.Records(ctx, f.tree, []artifact.Path{of})
		if err != nil {
			return nil, err
		}
		if r := records[0]; !r.Read || r.Record.TestSHA256 != nil || f.config.RenewsInRef() {
			owners = append(owners, of)
		}
	}
	return owners, nil
}

// users returns the files whose SHA-256 is in the manifest of an artifact, as an input or an
// output, and that artifact.
func (f *fixes) users(ctx context.Context, artifacts []artifact.Path) (map[artifact.Path]artifact.Path, error) {
	users := map[artifact.Path]artifact.Path{}
	for _, p := range artifacts {
		paths := p.CompanionPaths(artifact.Manifest)
		file, there, err := f.companion(ctx, paths[:])
		if err != nil {
			return nil, err
		}
		m, _, err := manifest.Decode(file.Data)
		if !there || err != nil { // the gate denies its artifact
			continue
		}
		for _, references := range []*[]manifest.Reference{m.Inputs, m.Outputs} {
			if references == nil {
				continue
			}
			for _, r := range *references {
				if at := artifact.Path(r.Path); !r.Plain && (users[at] == "" || users[at] == at) {
					users[at] = p
				}
			}
		}
	}
	return users, nil
}

// companion reads the first of some paths that is a file.
func (f *fixes) companion(ctx context.Context, paths []artifact.Path) (file txn.File, there bool, err error) {
	for _, p := range paths {
		entry, ok, err := f.tree.Lookup(ctx, p)
		if err != nil {
			return file, false, err
		}
		if ok && entry.Kind == trees.File {
			file, err = f.read(ctx, p, document.MaxCompanionBytes)
			return file, err == nil, err
		}
	}
	return file, false, nil
}
