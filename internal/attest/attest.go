// Package attest writes and renews an artifact's companions and its ledger entry. It writes all
// of a set of files or none. It does not verify artifacts, and reads no clock or
// environment.
package attest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/incoming"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/manifest"
	"github.com/codexlock/codexlock/internal/namefold"
	"github.com/codexlock/codexlock/internal/progress"
	"github.com/codexlock/codexlock/internal/script/artifacttest"
	"github.com/codexlock/codexlock/internal/script/shelltext"
	"github.com/codexlock/codexlock/internal/txn"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// Limits of what is read back, those of the strict decoder.
const (
	maxCompanionBytes = 1 << 20
	maxLedgerBytes    = 64 << 20
)

// DefaultKeyEnv is the variable from which X.test reads the key by default, that of the
// standard.
const DefaultKeyEnv = "VAULTTIME_KEY"

// Options are the options for attesting one artifact.
type Options struct {
	Domain   string
	TTLHours int64
	Key      vaulttime.Key
	KeyEnv   string // the environment variable that the domain's key is in, for X.test

	// If set, these replace the values of an earlier manifest.
	Creator   string
	Toolchain manifest.Tool
	Inputs    []artifact.Path
	Outputs   []artifact.Path
	Network   []string // hosts
	// FallbackCreator goes there where neither Creator nor an earlier manifest names one.
	// There is none for the toolchain: to attest an artifact is not to make it.
	FallbackCreator string

	// Accepts reports whether the domain takes artifacts from another one; nil: it
	// takes none. VerifyProof reports whether the proof of a record is valid that Key did
	// not make; known is false where there is no key to check it with.
	Accepts     func(domain string) bool                     `json:"-"`
	VerifyProof func(r vaulttime.Record) (valid, known bool) `json:"-"`

	// SignCompanions has the proof cover the manifest, the test and when the content
	// was approved, as records: 2 says. A record that does so already goes on doing so.
	SignCompanions bool
	// Renewal says that nothing is approved anew: the record keeps its attested_at,
	// and companions that it does not sign as they are now are refused.
	Renewal bool
	// Relocation says that the artifact, or an input of it, has another path, and that
	// nothing else is approved anew: companions that it does not sign and inputs that are
	// not the recorded ones are refused.
	Relocation bool
	// Former are the options of the trust domain that a relocation takes the artifact from,
	// whose key signs the link of the chain. Nil: it stays in its domain, or the key is not
	// at hand, which NoFormer says.
	Former   *Options `json:"-"`
	NoFormer error    `json:"-"`
	// CurrentTest has a renewal write a test of attest in the current form. Otherwise it
	// keeps the form of the test.
	CurrentTest bool

	// RenewsInRef says that renewed records are not in the tree.
	RenewsInRef bool

	// LFS says how a Git LFS pointer is attested; the zero value refuses every one. A
	// renewal takes a pointer that was verified, whatever it says.
	LFS LFS

	Now time.Time
	// Expect is what the artifact's content was verified to be; nil: it was not, and
	// is attested as it stands.
	Expect *artifact.Digest
	// MirrorCompanions puts new companions under assets/manifests/; those that are
	// there already stay where they are.
	MirrorCompanions bool
}

// A Result lists what Attest did.
type Result struct {
	Attested []Attested // sorted as the paths were given
	Drafts   []Draft    // of Plan, in the same order
}

// An Attested artifact has new companions and a new ledger entry.
type Attested struct {
	Path      artifact.Path
	SHA256    artifact.Digest
	VaultTime vaulttime.MAC
	Domain    string
	KeyID     string
	ExpiresAt vaulttime.Time
}

// A WeakKeyError is a key that must not sign, because its signatures could be forged.
type WeakKeyError struct {
	Domain string
	Env    string // the environment variable that it came from
	Reason string // the problem, never the key
}

func (e *WeakKeyError) Error() string {
	return fmt.Sprintf("the key of trust domain %q, from %s, %s; make one with: openssl rand -hex 32", e.Domain, e.Env, e.Reason)
}

// Usage says that the user corrects it.
func (e *WeakKeyError) Usage() bool { return true }

// Hint is the next step.
func (e *WeakKeyError) Hint() string {
	return "make one: codexlock keys generate, or openssl rand -hex 32"
}

// Attest hashes the file of each path in the work tree at root and writes its companions and
// ledger entry: for all paths, or for none. resolve returns the options of a path.
// Duplicate paths are attested once. If several paths are refused, the error is a *Refusals
// with all of them.
func Attest(ctx context.Context, root, gitDir string, paths []artifact.Path, resolve func(artifact.Path) (Options, error)) (Result, error) {
	return AttestWith(ctx, root, gitDir, nil, paths, resolve)
}

// AttestWith is Attest that writes other files too, in the same commit. If
// ingest_archive.test.sh is one of them, tests call the new one.
func AttestWith(ctx context.Context, root, gitDir string, files []txn.File, paths []artifact.Path, resolve func(artifact.Path) (Options, error)) (Result, error) {
	return attestWith(ctx, root, gitDir, nil, files, paths, resolve)
}

// An Edit is new content for a file that is an artifact, or its test.
type Edit struct {
	Before artifact.Digest // of the content that was verified; a file with other content is refused
	After  txn.File
}

// AttestEdited is Attest of files as they are after edits, which it writes in the same commit:
// no moment has an edited file with the record of the earlier one.
func AttestEdited(ctx context.Context, root, gitDir string, edits []Edit, paths []artifact.Path, resolve func(artifact.Path) (Options, error)) (Result, error) {
	return attestWith(ctx, root, gitDir, edits, nil, paths, resolve)
}

func attestWith(ctx context.Context, root, gitDir string, edits []Edit, files []txn.File, paths []artifact.Path, resolve func(artifact.Path) (Options, error)) (Result, error) {
	w, err := txn.Begin(ctx, root, gitDir)
	if err != nil {
		return Result{}, err
	}
	defer w.End()
	b, err := newBatch(root, gitDir)
	if err != nil {
		return Result{}, err
	}
	for _, f := range files {
		if f.Path == artifacttest.IngestPath {
			_, b.short = artifacttest.KnownIngest(artifact.HashBytes(f.Text()))
		}
	}
	b.files = append(b.files, files...)
	if err := b.edit(edits); err != nil {
		return Result{}, err
	}
	if err := b.addAll(ctx, paths, resolve); err != nil {
		return Result{}, err
	}
	if len(b.result.Attested) == 0 && len(b.files) == 0 {
		return Result{}, nil
	}
	text := b.ledger.Encode()
	if _, _, err := ledger.Decode(text); err != nil {
		return Result{}, fmt.Errorf("write %s: %w", ledger.Path, err)
	}
	if err := w.Commit(ctx, txn.Change{Files: append(b.files, txn.File{Path: ledger.Path, Mode: 0o644, Data: text})}); err != nil {
		return Result{}, err
	}
	return b.result, nil
}

// edit adds edits, whose files must be as they were verified.
func (b *batch) edit(edits []Edit) error {
	var refusals Refusals
	for _, e := range edits {
		text, _, there, err := b.work.Read(e.After.Path, shelltext.MaxBytes)
		switch {
		case err != nil:
			return err
		case !there || artifact.HashBytes(text) != e.Before:
			refusals.always(&RefusedError{Path: e.After.Path.String(), Reason: "changed since it was verified"})
		}
		b.edited[e.After.Path] = e.After
		b.files = append(b.files, e.After)
	}
	return refusals.err()
}

// addAll adds every path, and continues after a refused one, so that all refusals are
// reported. An error of resolve is a refusal too.
func (b *batch) addAll(ctx context.Context, paths []artifact.Path, resolve func(artifact.Path) (Options, error)) error {
	for _, p := range paths {
		b.named[p] = true
	}
	paths = distinct(paths)
	options, unresolved := make([]Options, len(paths)), make([]error, len(paths))
	for i, p := range paths {
		if err := ctx.Err(); err != nil {
			return err
		}
		options[i], unresolved[i] = resolve(p)
	}
	all, err := b.composeAll(ctx, len(paths), func(i int, buf []byte) composed {
		if unresolved[i] != nil {
			return composed{}
		}
		return b.compose(paths[i], options[i], nil, buf)
	})
	if all == nil {
		return err
	}
	var refusals Refusals
	for i := range all {
		switch {
		case unresolved[i] != nil:
			refusals.always(unresolved[i])
		case all[i].err == nil:
			b.take(&all[i])
		case !refusals.add(all[i].err):
			return all[i].err
		}
	}
	if err := refusals.err(); err != nil {
		return err
	}
	return err
}

// distinct returns the paths without duplicates.
func distinct(paths []artifact.Path) []artifact.Path {
	seen, once := make(map[artifact.Path]bool, len(paths)), make([]artifact.Path, 0, len(paths))
	for _, p := range paths {
		if !seen[p] {
			seen[p] = true
			once = append(once, p)
		}
	}
	return once
}

func newBatch(root, gitDir string) (*batch, error) {
	b := &batch{work: txn.NewTree(root), named: map[artifact.Path]bool{}, from: map[artifact.Path]txn.RawPath{}, edited: map[artifact.Path]txn.File{}}
	var err error
	if b.gitDir, err = below(root, gitDir); err != nil {
		return nil, err
	}
	if b.short, err = verifiesOne(b.work); err != nil {
		return nil, err
	}
	b.ledger, err = readLedger(b.work)
	return b, err
}

// verifiesOne reports whether ingest_archive.test.sh is a version that an init wrote and
// that verifies one artifact, so that tests can call it.
func verifiesOne(work txn.Tree) (bool, error) {
	text, mode, there, err := work.Read(artifacttest.IngestPath, shelltext.MaxBytes)
	var refused *txn.RefusedError
	if errors.As(err, &refused) { // a link, for example: rules report it
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read %s: %w", artifacttest.IngestPath, err)
	}
	_, verifies := artifacttest.KnownIngest(artifact.HashBytes(text))
	return there && verifies && mode&0o111 != 0, nil
}

// below returns gitDir relative to root, or "" if it is outside.
func below(root, gitDir string) (string, error) {
	var real [2]string
	for i, dir := range []string{root, gitDir} {
		resolved, err := filepath.EvalSymlinks(dir)
		if err != nil {
			return "", err
		}
		if real[i], err = filepath.Abs(resolved); err != nil {
			return "", err
		}
	}
	rel, err := filepath.Rel(real[0], real[1])
	if err != nil || rel == ".." || strings.HasPrefix(rel, "../") {
		return "", nil
	}
	return filepath.ToSlash(rel), nil
}

// ReadLedger reads the ledger of the work tree at root; one that does not exist is empty. A
// ledger with conflict markers, or that cannot be read, is an error with a hint.
func ReadLedger(root string) (*ledger.Ledger, error) { return readLedger(txn.NewTree(root)) }

func readLedger(work txn.Tree) (*ledger.Ledger, error) {
	data, _, there, err := work.Read(ledger.Path, maxLedgerBytes)
	if err != nil {
		return nil, fmt.Errorf("read ledger: %w", err)
	}
	if !there {
		return &ledger.Ledger{}, nil
	}
	l, _, err := ledger.Decode(data)
	if err != nil {
		return nil, unreadable(ledger.Path, data, err)
	}
	return l, nil
}

// unreadable refuses to overwrite a document that cannot be read.
func unreadable(p artifact.Path, data []byte, err error) error {
	if HasConflictMarkers(data) {
		return &RefusedError{Path: p.String(), Reason: "holds conflict markers of a merge", Next: "resolve it: codexlock lock resolve", Err: err}
	}
	return &UnreadableError{Path: p, Err: err}
}

// An UnreadableError is a document that cannot be read and is therefore not overwritten.
type UnreadableError struct {
	Path artifact.Path
	Err  error
}

func (e *UnreadableError) Error() string {
	return fmt.Sprintf("read %s: %v; nothing was written", e.Path, e.Err)
}

func (e *UnreadableError) Unwrap() error { return e.Err }

// Hint is the next step.
func (e *UnreadableError) Hint() string {
	return fmt.Sprintf("fix that line, or restore the file: git checkout HEAD -- %s", e.Path)
}

// HasConflictMarkers reports whether lines of the text begin with Git's three conflict
// markers, in order.
func HasConflictMarkers(text []byte) bool {
	for _, marker := range []string{"\n<<<<<<<", "\n=======", "\n>>>>>>>"} {
		if bytes.HasPrefix(text, []byte(marker[1:])) {
			continue // each search goes on from the marker before
		}
		i := bytes.Index(text, []byte(marker))
		if i < 0 {
			return false
		}
		text = text[i:]
	}
	return true
}

// A batch collects the files to write. It does not change while artifacts are composed, which
// several goroutines do.
type batch struct {
	work   txn.Tree
	gitDir string // relative to work, "" where it is not inside
	short  bool   // tests may be short: the script that they call is there
	ledger *ledger.Ledger
	named  map[artifact.Path]bool        // all that are composed together
	from   map[artifact.Path]txn.RawPath // where the bytes of a path are that is not in its place yet
	edited map[artifact.Path]txn.File    // files that get other content in the same commit
	// What a manifest's references are called from now on, and those that go.
	renamed map[artifact.Path]artifact.Path
	removed map[artifact.Path]bool
	files   []txn.File
	result  Result
	drafts  bool            // drafts are kept
	count   *progress.Count // of what is composed at the moment
}

// A composed has the files to write for one artifact.
type composed struct {
	files    []txn.File
	entry    ledger.Entry
	attested Attested
	inputs   []artifact.Path // what its manifest was found to be made from
	seen     txn.State       // the file that was hashed
	draft    *Draft          // where drafts are kept
	err      error           // why there is nothing to write
}

// compose makes the files to write for p; came are its companions that are not at their paths
// yet. It changes neither files nor the batch.
func (b *batch) compose(p artifact.Path, o Options, came map[artifact.Companion]txn.RawPath, buf []byte) composed {
	c := composer{batch: b, path: p, o: o, came: came, buf: buf}
	if err := c.all(); err != nil {
		return composed{err: err}
	}
	return c.out
}

// take adds what was composed to the batch.
func (b *batch) take(c *composed) {
	b.files = append(b.files, c.files...)
	b.ledger.Set(c.entry)
	b.result.Attested = append(b.result.Attested, c.attested)
	if c.draft != nil {
		b.result.Drafts = append(b.result.Drafts, *c.draft)
	}
}

// check refuses options that would make a worthless record.
func (o Options) check(p artifact.Path) error {
	if o.Key.Len() == 0 {
		return fmt.Errorf("attest %s: trust domain %q: %w", p, o.Domain, vaulttime.ErrNoKey)
	}
	if reason := o.Key.Weakness(); reason != "" {
		return &WeakKeyError{Domain: o.Domain, Env: o.KeyEnv, Reason: reason}
	}
	if o.TTLHours < 1 || o.TTLHours > vaulttime.MaxTTLHours {
		return fmt.Errorf("attest %s: time to live is %d hours, want 1 to %d", p, o.TTLHours, vaulttime.MaxTTLHours)
	}
	if _, err := vaulttime.ParseTime(vaulttime.FormatTime(o.Now)); err != nil {
		return fmt.Errorf("attest %s: %w", p, err)
	}
	if !isVariable(o.KeyEnv) {
		return fmt.Errorf("attest %s: %q is no name of an environment variable", p, o.KeyEnv)
	}
	return nil
}

func isVariable(name string) bool {
	for i, r := range name {
		letter := r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return name != ""
}

// unattestable are the folders whose files nothing may trust (ZT-6.3).
var unattestable = []string{incoming.Dir, incoming.QuarantineDir}

// at is where the bytes of a path are.
func (b *batch) at(p artifact.Path) artifact.Path {
	if from, ok := b.from[p]; ok {
		return from.Path()
	}
	return p
}

// refuse returns why p cannot be an artifact, or nil.
func (b *batch) refuse(p artifact.Path) error {
	if _, err := artifact.ParsePath(p.String()); err != nil {
		return err
	}
	if err := p.CheckPortable(); err != nil {
		var bad *artifact.UnportableError
		if errors.As(err, &bad) {
			return &RefusedError{Path: p.String(), Reason: bad.Reason + "; rename it: git mv OLD NEW"}
		}
		return err
	}
	if namefold.Fold(p.String()) == namefold.Fold(ledger.Path.String()) {
		return &RefusedError{Path: p.String(), Reason: "is the ledger, which is not an artifact"}
	}
	for _, dir := range unattestable {
		if namefold.Inside(p.String(), dir) {
			return &RefusedError{Path: p.String(), Reason: fmt.Sprintf("is in %s/, which nothing may use; move it to assets/sources/ first", dir)}
		}
	}
	if b.gitDir != "" && namefold.Inside(p.String(), b.gitDir) {
		return &RefusedError{Path: p.String(), Reason: "is in the Git directory"}
	}
	if own, err := b.isOwnTest(p); own || err != nil {
		return err
	}
	for _, owner := range p.Owners() {
		mode, there, err := b.work.Lstat(owner)
		if err != nil {
			return err
		}
		there = there && !mode.IsDir() && b.renamed[owner] == "" && !b.removed[owner] // a folder has no companions
		_, entered := b.ledger.Lookup(owner.String())
		if _, named := b.named[owner]; there || entered || named {
			return &RefusedError{Path: p.String(), Reason: fmt.Sprintf("is a companion of %s; attest that instead", owner)}
		}
	}
	return nil
}

// isOwnTest reports whether p is a test that somebody wrote, of an artifact that is
// attested: only when it is attested too may it be executed, so it can be an artifact
// itself. Named together with the other, it was rather swept along; one that the
// ledger lists already is renewed with it.
func (b *batch) isOwnTest(p artifact.Path) (bool, error) {
	owner, isTest := strings.CutSuffix(p.String(), artifact.Test.Suffix())
	_, entered := b.ledger.Lookup(p.String())
	_, ownerEntered := b.ledger.Lookup(owner)
	_, ownerNamed := b.named[artifact.Path(owner)]
	if !isTest || !(entered || (ownerEntered && !ownerNamed)) {
		return false, nil
	}
	f, seen, err := b.work.Open(b.at(p))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	if seen.Size > shelltext.MaxBytes {
		return true, nil
	}
	text, err := f.ReadAll(seen.Size, shelltext.MaxBytes)
	return !artifacttest.IsOurs(text), err
}
