// Package attest makes and renews what vouches for an artifact: its companions
// and its ledger entry. It is the only package that writes in a repository, and
// it writes all of a set of files or none. It verifies nothing and reads no
// clock or environment.
package attest

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/manifest"
	"github.com/codexlock/codexlock/internal/script"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// Limits of what is read back, those of the strict decoder.
const (
	maxCompanionBytes = 1 << 20
	maxLedgerBytes    = 64 << 20
)

// DefaultKeyEnv is the variable that X.test reads the key from where Options
// name none: the standard's own.
const DefaultKeyEnv = "VAULTTIME_KEY"

// Options are what is said about one artifact.
type Options struct {
	Domain   string
	TTLHours int64
	Key      vaulttime.Key
	KeyEnv   string // the environment variable that the domain's key is in, for X.test

	// What goes into the manifest whatever an earlier one says, where it is set.
	Creator   string
	Toolchain manifest.Tool
	Inputs    []artifact.Path
	// FallbackCreator goes there where neither Creator nor an earlier manifest names one.
	// There is none for the toolchain: to attest an artifact is not to make it.
	FallbackCreator string

	// Accepts reports whether the domain takes artifacts from another one; nil: it
	// takes none. Public finds the key that checks the other domain's proof.
	Accepts func(domain string) bool                             `json:"-"`
	Public  func(domain, keyID string) (ed25519.PublicKey, bool) `json:"-"`

	// SignCompanions has the proof cover the manifest, the test and when the content
	// was approved, as records: 2 says. A record that does so already goes on doing so.
	SignCompanions bool
	// Renewal says that nothing is approved anew: the record keeps its attested_at,
	// and companions that it does not sign as they are now are refused.
	Renewal bool

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

// A Result is what was done.
type Result struct {
	Attested []Attested // sorted as the paths were given
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

// A WeakKeyError is a key that may not seal: what it seals could be forged.
type WeakKeyError struct {
	Domain string
	Env    string // the environment variable that it came from
	Reason string // what is wrong with it, never the key itself
}

func (e *WeakKeyError) Error() string {
	return fmt.Sprintf("the key of trust domain %q, from %s, %s; make one with: openssl rand -hex 32", e.Domain, e.Env, e.Reason)
}

// Attest hashes each path's file in the work tree at root and writes its
// companions and ledger entry: for all paths, or for none. resolve gives the
// options of each. Paths given twice are attested once. Where several paths are
// refused, the error is a *Refusals with all of them.
func Attest(ctx context.Context, root, gitDir string, paths []artifact.Path, resolve func(artifact.Path) (Options, error)) (Result, error) {
	release, err := lock(ctx, gitDir)
	if err != nil {
		return Result{}, err
	}
	defer release()
	w := writer{work: tree{root}, state: tree{gitDir}}
	if _, err := w.recover(); err != nil {
		return Result{}, err
	}
	b, err := newBatch(root, gitDir)
	if err != nil {
		return Result{}, err
	}
	for _, p := range paths {
		b.named[p] = true
	}
	if err := b.addAll(ctx, paths, resolve); err != nil {
		return Result{}, err
	}
	if len(b.result.Attested) == 0 {
		return Result{}, nil
	}
	text := b.ledger.Encode()
	if _, _, err := ledger.Decode(text); err != nil {
		return Result{}, fmt.Errorf("write %s: %w", ledger.Path, err)
	}
	if err := w.commit(ctx, Change{Files: append(b.files, File{ledger.Path, 0o644, text})}); err != nil {
		return Result{}, err
	}
	return b.result, nil
}

// addAll adds every path, and goes on after one that is refused, so that all
// refusals are known at once. An error of resolve is one as well.
func (b *batch) addAll(ctx context.Context, paths []artifact.Path, resolve func(artifact.Path) (Options, error)) error {
	var refusals Refusals
	for _, p := range paths {
		if !b.named[p] {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		o, err := resolve(p)
		if err != nil {
			refusals.always(err)
			continue
		}
		if err := b.add(p, o); err != nil && !refusals.add(err) {
			return err
		}
	}
	return refusals.err()
}

func newBatch(root, gitDir string) (*batch, error) {
	b := &batch{
		work: tree{root}, buf: make([]byte, artifact.BufferSize), named: map[artifact.Path]bool{},
		from: map[artifact.Path]RawPath{}, seen: map[artifact.Path]fs.FileInfo{},
	}
	var err error
	if b.gitDir, err = below(root, gitDir); err != nil {
		return nil, err
	}
	b.ledger, err = readLedger(b.work)
	return b, err
}

// below is gitDir relative to root, "" where it is not inside.
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

func readLedger(work tree) (*ledger.Ledger, error) {
	data, _, there, err := work.read(ledger.Path, maxLedgerBytes)
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

// unreadable refuses to write over a document of ours that cannot be read.
func unreadable(p artifact.Path, data []byte, err error) error {
	if HasConflictMarkers(data) {
		return &RefusedError{Path: p.String(), Reason: "holds conflict markers of a merge", Next: "resolve it: codexlock lock resolve", Err: err}
	}
	return &UnreadableError{Path: p, Err: err}
}

// An UnreadableError is a document of ours that cannot be read, over which nothing is
// written.
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

// HasConflictMarkers reports whether a line of the text begins as Git's conflict
// markers do, all three of them, in their order.
func HasConflictMarkers(text []byte) bool {
	for _, marker := range []string{"<<<<<<<", "=======", ">>>>>>>"} {
		i := bytes.Index(append([]byte("\n"), text...), []byte("\n"+marker))
		if i < 0 {
			return false
		}
		text = text[i:]
	}
	return true
}

// A batch gathers what is to be written.
type batch struct {
	work   tree
	gitDir string // relative to work, "" where it is not inside
	buf    []byte
	ledger *ledger.Ledger
	named  map[artifact.Path]bool // true until attested
	files  []File
	result Result

	// Where the bytes of a path are that is not in its place yet, and which file
	// was hashed there.
	from   map[artifact.Path]RawPath
	seen   map[artifact.Path]fs.FileInfo
	came   map[artifact.Companion]RawPath // the companions of the one that is added now
	inputs []artifact.Path                // what manifests were found to be made from

	// Of the one that is added now.
	lfs     LFS
	renewal bool
}

// A content is what a file was found to hold, or to stand for.
type content struct {
	digest  artifact.Digest
	size    int64 // bytes
	pointer bool  // it is a Git LFS pointer
	hashed  bool  // the digest was taken from the content, and not from a pointer
}

func (b *batch) add(p artifact.Path, o Options) error {
	if err := b.refuse(p); err != nil {
		return err
	}
	if o.KeyEnv == "" {
		o.KeyEnv = DefaultKeyEnv
	}
	if err := o.check(p); err != nil {
		return err
	}
	b.lfs, b.renewal = o.LFS, o.Renewal
	content, err := b.hash(p)
	if err != nil {
		return err
	}
	digest := content.digest
	if o.Expect != nil && *o.Expect != digest {
		return &RefusedError{Path: p.String(), Reason: "changed since it was verified"}
	}
	b.named[p] = false
	c := composer{batch: b, path: p, digest: digest, content: content, o: o, now: vaulttime.TimeOf(o.Now), known: map[artifact.Companion]companion{}, texts: map[artifact.Companion][]byte{}}
	if c.now, err = c.moment(); err != nil {
		return fmt.Errorf("attest %s: %w", p, err)
	}
	record, err := c.compose()
	if err != nil {
		return fmt.Errorf("attest %s: %w", p, err)
	}
	entry := ledger.Entry{
		Path: p.String(), SHA256: digest, DriftTolerance: ledger.Zero, TrustDomain: o.Domain, VerifiedAt: c.now.String(),
	}
	if i, found := b.ledger.Lookup(p.String()); found {
		entry.Extensions = b.ledger.Artifacts[i].Extensions
	}
	b.ledger.Set(entry)
	b.result.Attested = append(b.result.Attested, Attested{
		Path: p, SHA256: digest, VaultTime: record.VaultTime, Domain: o.Domain, KeyID: record.KeyID, ExpiresAt: vaulttime.TimeOf(record.ExpiresAt()),
	})
	return nil
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
var unattestable = []string{"assets/incoming", "assets/quarantine"}

// refuse says why p can be no artifact.
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
	if artifact.Fold(p.String()) == artifact.Fold(ledger.Path.String()) {
		return &RefusedError{Path: p.String(), Reason: "is the ledger, which vouches for artifacts and is none"}
	}
	for _, dir := range unattestable {
		if inside(p, dir) {
			return &RefusedError{Path: p.String(), Reason: fmt.Sprintf("is in %s/, which nothing may use; move it to assets/sources/ first", dir)}
		}
	}
	if b.gitDir != "" && inside(p, b.gitDir) {
		return &RefusedError{Path: p.String(), Reason: "is in the Git directory"}
	}
	if own, err := b.isOwnTest(p); own || err != nil {
		return err
	}
	for _, owner := range p.Owners() {
		mode, there, err := b.work.lstat(owner)
		if err != nil {
			return err
		}
		there = there && !mode.IsDir() // a folder has no companions
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
	f, info, err := b.work.open(p)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	if info.Size() > script.MaxBytes {
		return true, nil
	}
	text, err := io.ReadAll(io.LimitReader(f, script.MaxBytes))
	return !script.IsOurs(text), err
}

// inside reports whether some file system takes p for a path in dir.
func inside(p artifact.Path, dir string) bool {
	return strings.HasPrefix(artifact.Fold(p.String()), artifact.Fold(dir)+"/")
}

// hash reads a file, or what it stands for.
func (b *batch) hash(p artifact.Path) (content, error) {
	at := p
	if from, ok := b.from[p]; ok {
		at = from.path()
	}
	f, before, err := b.work.open(at)
	if errors.Is(err, fs.ErrNotExist) {
		return content{}, &RefusedError{Path: p.String(), Reason: "is not there"}
	}
	if err != nil {
		return content{}, err
	}
	defer f.Close()
	if before.Size() < artifact.MaxPointerBytes {
		head := make([]byte, artifact.MaxPointerBytes)
		n, _ := f.ReadAt(head, 0)
		if artifact.LikePointer(head[:n]) {
			b.seen[p] = before
			return b.pointed(p, head[:n])
		}
	}
	digest, after, err := b.digest(f, before)
	if err != nil {
		return content{}, err
	}
	b.seen[p] = after
	return content{digest: digest, size: before.Size(), hashed: true}, nil
}

// digest hashes an open file, which must not change meanwhile.
func (b *batch) digest(f *os.File, before fs.FileInfo) (artifact.Digest, fs.FileInfo, error) {
	digest, n, err := artifact.Hash(f, b.buf)
	if err != nil {
		return artifact.Digest{}, nil, fmt.Errorf("hash %s: %w", f.Name(), err)
	}
	after, err := f.Stat()
	if err != nil {
		return artifact.Digest{}, nil, fmt.Errorf("hash %s: %w", f.Name(), err)
	}
	if n != before.Size() || !sameFile(before, after) {
		return artifact.Digest{}, nil, &RefusedError{Path: f.Name(), Reason: "changed while it was read; attest it once it is finished", Unsettled: true}
	}
	return digest, after, nil
}
