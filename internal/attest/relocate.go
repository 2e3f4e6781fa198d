package attest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/manifest"
	"github.com/codexlock/codexlock/internal/script/artifacttest"
	"github.com/codexlock/codexlock/internal/shellquote"
	"github.com/codexlock/codexlock/internal/txn"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// A Rename is a file that gets another path.
type Rename struct{ From, To artifact.Path }

// A Relocation renames artifacts, or removes them, together with their companions, their
// ledger entries, and the inputs of other manifests that name them.
type Relocation struct {
	Renames []Rename        // artifacts
	Others  []Rename        // files that are no artifacts, of a folder that moves
	Removes []artifact.Path // artifacts
	// KeepFiles removes what was attested of the Removes, and not the files.
	KeepFiles bool
	// Folders are removed, with those below them, if nothing is left in them.
	Folders []string
	// Resolve returns the options for attesting a path again, whose record it gets. Those of
	// another trust domain than the record's have Former or NoFormer.
	Resolve func(artifact.Path, vaulttime.Record) (Options, error)
	// DryRun has nothing written.
	DryRun bool
}

// A Relocated lists what Relocate did, or would do.
type Relocated struct {
	Attested []Attested // the renamed artifacts at their new paths, then Reattested
	// Reattested are other artifacts whose manifests name a renamed or removed one as an
	// input.
	Reattested []artifact.Path
	// Left are the trust domains that renamed artifacts were in, by the new path; those that
	// stay in theirs are not listed.
	Left    map[artifact.Path]string
	Removed []artifact.Path
	Kept    []artifact.Path // tests that people wrote, of artifacts whose files are kept
	Change  txn.Change
}

// Relocate renames or removes all artifacts of a Relocation, or none. It approves no
// content: a renamed artifact, its companions and its inputs have to be those that the
// ledger and the record state, and so have those of an artifact that is attested again
// because an input of it moved. A file that is at its new path already, as git mv leaves
// it, stays there and the rest follows. Several refusals are a *Refusals.
func Relocate(ctx context.Context, root, gitDir string, plan Relocation) (Relocated, error) {
	w, err := txn.Begin(ctx, root, gitDir)
	if err != nil {
		return Relocated{}, err
	}
	defer w.End()
	r := relocator{Relocation: plan, names: map[string]string{}}
	if r.batch, err = newBatch(root, gitDir); err != nil {
		return Relocated{}, err
	}
	r.batch.renamed, r.batch.removed = map[artifact.Path]artifact.Path{}, map[artifact.Path]bool{}
	if err := r.plan(ctx); err != nil {
		return Relocated{}, err
	}
	if !plan.DryRun {
		err = w.Commit(ctx, r.result.Change)
	}
	return r.result, err
}

// A relocator plans a relocation.
type relocator struct {
	Relocation
	batch    *batch
	items    []relocated
	names    map[string]string // the old path of each new one, for messages
	change   txn.Change
	removed  map[artifact.Path]bool // paths that the change removes
	refusals Refusals
	result   Relocated
}

// A relocated is an artifact to attest again.
type relocated struct {
	path    artifact.Path // where it is attested
	came    map[artifact.Companion]txn.RawPath
	options Options
}

func (r *relocator) plan(ctx context.Context) error {
	r.removed = map[artifact.Path]bool{}
	steps := []func() error{r.rename, r.remove, r.others, r.dependents}
	for _, step := range steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := step(); err != nil {
			return err
		}
	}
	if err := r.refusals.err(); err != nil {
		return err
	}
	if err := r.compose(ctx); err != nil {
		return err
	}
	text := r.batch.ledger.Encode()
	if _, _, err := ledger.Decode(text); err != nil {
		return fmt.Errorf("write %s: %w", ledger.Path, err)
	}
	r.change.Files = append(r.batch.files, txn.File{Path: ledger.Path, Mode: 0o644, Data: text})
	for _, p := range sortedPaths(r.removed) {
		r.change.Removes = append(r.change.Removes, txn.RawPath(p))
	}
	r.change.Emptied = r.emptied()
	r.result.Change, r.result.Attested = r.change, r.batch.result.Attested
	return nil
}

func sortedPaths(set map[artifact.Path]bool) []artifact.Path {
	paths := make([]artifact.Path, 0, len(set))
	for p := range set {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	return paths
}

// refuse collects a refusal, and returns any other error.
func (r *relocator) refuse(err error) error {
	if err == nil || r.refusals.add(err) {
		return nil
	}
	return err
}

// rename plans the renamed artifacts: first where everything is, so that an artifact that
// is made from another one, or is the test of one, finds it.
func (r *relocator) rename() error {
	for _, n := range r.Renames {
		r.batch.renamed[n.From] = n.To
		r.batch.named[n.To] = true
		r.names[n.To.String()] = n.From.String()
	}
	var moved []Rename
	entries := map[string]string{}
	for _, n := range r.Renames {
		err := r.move(n)
		if err == nil {
			moved = append(moved, n)
			entries[n.From.String()] = n.To.String()
		}
		if err := r.refuse(err); err != nil {
			return err
		}
	}
	r.batch.ledger.Relocate(entries)
	for _, n := range moved {
		if err := r.refuse(r.follow(n)); err != nil {
			return err
		}
	}
	return nil
}

// move plans where the file goes.
func (r *relocator) move(n Rename) error {
	_, from, err := r.batch.work.Lstat(n.From)
	if err != nil {
		return err
	}
	_, to, err := r.batch.work.Lstat(n.To)
	if err != nil {
		return err
	}
	switch {
	case from && to:
		return &RefusedError{Path: n.To.String(), Reason: "exists, and nothing is overwritten"}
	case !from && !to:
		return &RefusedError{Path: n.From.String(), Reason: "does not exist"}
	}
	old, standing := r.batch.ledger.All(n.From.String()), r.batch.ledger.All(n.To.String())
	switch {
	case len(old) > 0 && len(standing) > 0:
		return &RefusedError{Path: n.To.String(), Reason: fmt.Sprintf("has an entry in %s, and nothing is overwritten", ledger.Path)}
	case len(old) > 1:
		return &RefusedError{Path: n.From.String(), Reason: fmt.Sprintf("has %d entries in %s, want 1", len(old), ledger.Path)}
	case len(old) == 0 && (from || len(standing) == 0):
		return &RefusedError{Path: n.From.String(), Reason: fmt.Sprintf("is not attested: %s has no entry for it", ledger.Path), Next: "move it with Git: git mv"}
	}
	if from {
		if err := r.moveFile(n); err != nil {
			return err
		}
		r.batch.from[n.To] = txn.RawPath(n.From)
	}
	return nil
}

// moveFile moves a regular file, with a mode that Git knows.
func (r *relocator) moveFile(n Rename) error {
	f, seen, err := r.batch.work.Open(n.From)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	r.change.Moves = append(r.change.Moves, txn.Move{From: txn.RawPath(n.From), To: n.To, Mode: gitMode(seen.Mode), Seen: &seen})
	return nil
}

func gitMode(mode fs.FileMode) fs.FileMode {
	switch {
	case mode&0o111 != 0:
		return 0o755
	case mode&0o222 == 0:
		return 0o444
	}
	return 0o644
}

// follow has the companions follow the file, which is attested for its new path.
func (r *relocator) follow(n Rename) error {
	item := relocated{path: n.To, came: map[artifact.Companion]txn.RawPath{}}
	mirrored := true
	var read [len(artifact.Companions)]artifact.Path
	for _, kind := range artifact.Companions {
		at, isMirrored, err := r.companion(n, kind)
		if err != nil {
			return err
		}
		read[kind] = at
		if at == "" {
			continue
		}
		mirrored = mirrored && isMirrored
		if places := n.To.CompanionPaths(kind); !slices.Contains(places[:], at) {
			item.came[kind] = txn.RawPath(at)
			if _, moves := r.batch.renamed[at]; !moves { // else it is an artifact itself, and moves as one
				r.removed[at] = true
			}
			r.names[n.To.Companion(kind).String()], r.names[n.To.MirroredCompanion(kind).String()] = at.String(), at.String()
		}
	}
	at, err := r.recorded(n.To, n.From, read)
	if err != nil {
		return err
	}
	if item.options, err = r.options(n.To, at); err != nil {
		return err
	}
	item.options.MirrorCompanions = mirrored
	r.items = append(r.items, item)
	return nil
}

// companion finds a companion of a renamed artifact, at its old place or, where Git moved it
// already, at its new one; "" for none.
func (r *relocator) companion(n Rename, kind artifact.Companion) (at artifact.Path, mirrored bool, err error) {
	for _, p := range []artifact.Path{n.From.Companion(kind), n.From.MirroredCompanion(kind), n.To.Companion(kind), n.To.MirroredCompanion(kind)} {
		_, there, err := r.batch.work.Lstat(p)
		if err != nil {
			return "", false, err
		}
		if !there {
			continue
		}
		if at != "" {
			return "", false, &RefusedError{Path: p.String(), Reason: fmt.Sprintf("exists, and so does %s; remove one of them", at)}
		}
		at, mirrored = p, p == n.From.MirroredCompanion(kind) || p == n.To.MirroredCompanion(kind)
	}
	return at, mirrored, nil
}

// recorded reads what is recorded of an artifact, whose companions are read where they are,
// and refuses what does not fit together: relocating approves nothing.
func (r *relocator) recorded(p, was artifact.Path, read [len(artifact.Companions)]artifact.Path) (vaulttime.Record, error) {
	var none vaulttime.Record
	refused := func(at artifact.Path, format string, args ...any) (vaulttime.Record, error) {
		return none, &RefusedError{Path: at.String(), Reason: fmt.Sprintf(format, args...), Next: "find out why: codexlock verify " + shellquote.Quoted(was.String())}
	}
	var texts [len(artifact.Companions)][]byte
	for _, kind := range [...]artifact.Companion{artifact.Manifest, artifact.VaultTime} {
		if read[kind] == "" {
			return refused(was, "is not attested: it has no %s", kind.Suffix())
		}
		var err error
		if texts[kind], _, _, err = r.batch.work.Read(read[kind], maxCompanionBytes); err != nil {
			return none, err
		}
		if HasConflictMarkers(texts[kind]) {
			return none, conflicted(kind, read[kind])
		}
	}
	i, _ := r.batch.ledger.Lookup(p.String())
	entry := r.batch.ledger.Artifacts[i]
	m, _, err := manifest.Decode(texts[artifact.Manifest])
	if err != nil {
		return none, &UnreadableError{Path: read[artifact.Manifest], Err: err}
	}
	if m.SHA256 != entry.SHA256 {
		return refused(read[artifact.Manifest], "has another sha256 than %s", ledger.Path)
	}
	record, _, err := vaulttime.DecodeRecord(texts[artifact.VaultTime])
	at := read[artifact.VaultTime]
	switch {
	case err != nil:
		return none, &UnreadableError{Path: at, Err: err}
	case record.SHA256 != entry.SHA256:
		return refused(at, "has another sha256 than %s", ledger.Path)
	case record.TrustDomain != entry.TrustDomain:
		return refused(at, "is of trust domain %q, and %s says %q", record.TrustDomain, ledger.Path, entry.TrustDomain)
	case record.Path != nil && *record.Path != was && *record.Path != p:
		return refused(at, "is the record of %s", *record.Path)
	}
	return record, nil
}

// options are those for attesting an artifact again, whose record must be proved.
func (r *relocator) options(p artifact.Path, record vaulttime.Record) (Options, error) {
	was := p.String()
	if old, ok := r.names[was]; ok {
		was = old
	}
	o, err := r.Resolve(p, record)
	if err != nil {
		return o, err
	}
	c := composer{o: o}
	if o.Domain != record.TrustDomain {
		if err := leaves(o, p, was, record.TrustDomain); err != nil {
			return o, err
		}
		c.o = *o.Former
	}
	proved := c.o.Key.Valid(record)
	if record.Proof != "" {
		valid, known := c.verifyProof(record)
		proved = valid && known
	}
	if !proved {
		return o, &RefusedError{
			Path: was, Reason: "has a VaultTime record that no key of this run proves",
			Next: fmt.Sprintf("find out who changed it: git log -p -- %s", shellquote.Quoted(artifact.Path(was).Companion(artifact.VaultTime).String())),
		}
	}
	i, _ := r.batch.ledger.Lookup(p.String())
	if o.Former != nil {
		if r.result.Left == nil {
			r.result.Left = map[artifact.Path]string{}
		}
		r.result.Left[p] = record.TrustDomain
	}
	o.Expect, o.Relocation = &r.batch.ledger.Artifacts[i].SHA256, true
	return o, nil
}

// leaves refuses a move into another trust domain for which the chain cannot be extended.
func leaves(o Options, p artifact.Path, was, domain string) error {
	refused := func(reason, next string) error {
		return &RefusedError{
			Path: was, Reason: fmt.Sprintf("goes from trust domain %q to %q, and %s", domain, o.Domain, reason),
			Next: next + fmt.Sprintf("; or begin a new chain: codexlock rm --keep-file %s && git mv %[1]s %s && codexlock attest %[2]s", shellquote.Word(was), shellquote.Word(p.String())),
		}
	}
	switch {
	case o.Accepts == nil || !o.Accepts(domain):
		return refused("it accepts none from there", fmt.Sprintf("add %q to accepts_from of %q in codexlock.yaml, and merge that first", domain, o.Domain))
	case o.Former == nil:
		reason := "the first one's key has to sign a link of the chain"
		if o.NoFormer != nil {
			reason += ": " + o.NoFormer.Error()
		}
		return refused(reason, "run mv where the keys of both are")
	}
	return nil
}

// remove plans what is removed.
func (r *relocator) remove() error {
	for _, p := range r.Removes {
		r.batch.removed[p] = !r.KeepFiles
	}
	for _, p := range r.Removes {
		if err := r.refuse(r.removeOne(p)); err != nil {
			return err
		}
	}
	entries := map[string]string{}
	for _, p := range r.Removes {
		entries[p.String()] = ""
	}
	r.batch.ledger.Relocate(entries)
	return nil
}

func (r *relocator) removeOne(p artifact.Path) error {
	found := len(r.batch.ledger.All(p.String())) > 0
	for _, kind := range artifact.Companions {
		for _, at := range p.CompanionPaths(kind) {
			there, err := r.regular(at)
			if err != nil {
				return err
			}
			found = found || there && kind != artifact.Test
			if !there {
				continue
			}
			if kind == artifact.Test && r.KeepFiles {
				text, _, _, err := r.batch.work.Read(at, maxCompanionBytes)
				if err != nil {
					return err
				}
				if !artifacttest.IsOurs(text) {
					r.result.Kept = append(r.result.Kept, at)
					continue
				}
			}
			r.removed[at] = true
		}
	}
	if !found {
		return &RefusedError{Path: p.String(), Reason: fmt.Sprintf("is not attested: it has neither an entry in %s nor companions", ledger.Path), Next: "remove it with Git: git rm"}
	}
	if !r.KeepFiles {
		there, err := r.regular(p)
		if err != nil {
			return err
		}
		if there {
			r.removed[p] = true
		}
	}
	r.result.Removed = append(r.result.Removed, p)
	return nil
}

// regular reports whether a file is there; anything else there is refused.
func (r *relocator) regular(p artifact.Path) (bool, error) {
	mode, there, err := r.batch.work.Lstat(p)
	if err == nil && there && !mode.IsRegular() {
		err = &RefusedError{Path: p.String(), Reason: fmt.Sprintf("is %s, want a regular file", txn.Kind(mode))}
	}
	return there, err
}

// others plans the files of a folder that are no artifacts.
func (r *relocator) others() error {
	for _, n := range r.Others {
		if _, taken := r.names[n.To.String()]; taken || r.removed[n.From] {
			continue // it is a companion of an artifact that moves
		}
		if err := r.refuse(r.moveFile(n)); err != nil {
			return err
		}
		r.batch.from[n.To], r.batch.renamed[n.From] = txn.RawPath(n.From), n.To
	}
	return nil
}

// dependents finds the other artifacts that were made from a renamed or removed one.
func (r *relocator) dependents() error {
	moved := map[artifact.Path]bool{}
	for _, n := range r.Renames {
		moved[n.To] = true
	}
	for _, e := range r.batch.ledger.Artifacts {
		p := artifact.Path(e.Path)
		if e.Inputs == ledger.NoInputs || moved[p] {
			continue
		}
		if err := r.refuse(r.dependent(p)); err != nil {
			return err
		}
	}
	return nil
}

func (r *relocator) dependent(p artifact.Path) error {
	if _, err := artifact.ParsePath(p.String()); err != nil {
		return nil // no file can have that path
	}
	var read [len(artifact.Companions)]artifact.Path
	for _, kind := range artifact.Companions {
		for _, at := range p.CompanionPaths(kind) {
			_, there, err := r.batch.work.Lstat(at)
			if err != nil {
				return err
			}
			if there {
				read[kind] = at
			}
		}
	}
	if read[artifact.Manifest] == "" {
		return nil
	}
	text, _, _, err := r.batch.work.Read(read[artifact.Manifest], maxCompanionBytes)
	if err != nil || !manifest.MayHaveInputs(text) {
		return err
	}
	m, _, err := manifest.Decode(text)
	if err != nil || m.Inputs == nil || !slices.ContainsFunc(*m.Inputs, r.batch.relocates) {
		return nil // what cannot be read is the gate's to find
	}
	record, err := r.recorded(p, p, read)
	if err != nil {
		return err
	}
	o, err := r.options(p, record)
	if err != nil {
		return err
	}
	r.items = append(r.items, relocated{path: p, options: o})
	r.result.Reattested = append(r.result.Reattested, p)
	return nil
}

// relocates reports whether a reference names a file that is renamed or removed.
func (b *batch) relocates(ref manifest.Reference) bool {
	p := artifact.Path(ref.Path)
	_, renamed := b.renamed[p]
	return renamed || b.removed[p]
}

// relocate has the references of a manifest name files by their new paths, and leaves out
// the removed ones.
func (b *batch) relocate(list *[]manifest.Reference) {
	if list == nil || len(b.renamed)+len(b.removed) == 0 {
		return
	}
	kept := []manifest.Reference{}
	for _, ref := range *list {
		if b.removed[artifact.Path(ref.Path)] {
			continue
		}
		if to, ok := b.renamed[artifact.Path(ref.Path)]; ok {
			ref.Path = to.String()
		}
		kept = append(kept, ref)
	}
	*list = kept
}

// compose makes the files of all artifacts that are attested again.
func (r *relocator) compose(ctx context.Context) error {
	all, err := r.batch.composeAll(ctx, len(r.items), func(i int, buf []byte) composed {
		return r.batch.compose(r.items[i].path, r.items[i].options, r.items[i].came, buf)
	})
	if all == nil {
		return err
	}
	for i := range all {
		if all[i].err != nil {
			if err := r.refuse(r.atOldPath(all[i].err)); err != nil {
				return err
			}
			continue
		}
		r.batch.take(&all[i])
	}
	return errors.Join(r.refusals.err(), err)
}

// atOldPath names the file where the user finds it.
func (r *relocator) atOldPath(err error) error {
	var refused *RefusedError
	if !errors.As(err, &refused) {
		return err
	}
	old, moved := r.names[refused.Path]
	if _, there, statErr := r.batch.work.Lstat(artifact.Path(old)); !moved || statErr != nil || !there {
		return err
	}
	renamed := *refused
	renamed.Path = old
	return &renamed
}

// emptied are the folders that may be removed, inner ones first: those of what goes, at
// or below one of Folders.
func (r *relocator) emptied() []string {
	may := map[string]bool{}
	add := func(name string) {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			for _, folder := range r.Folders {
				for _, top := range []string{folder, path.Dir(artifact.Path(folder + "/x").MirroredCompanion(artifact.Manifest).String())} {
					if dir == top || strings.HasPrefix(dir, top+"/") {
						may[dir] = true
					}
				}
			}
		}
	}
	for _, m := range r.change.Moves {
		add(string(m.From))
	}
	for _, p := range r.change.Removes {
		add(string(p))
	}
	folders := make([]string, 0, len(may))
	for dir := range may {
		folders = append(folders, dir)
	}
	slices.Sort(folders)
	slices.Reverse(folders) // what is below a folder sorts after it
	return folders
}
