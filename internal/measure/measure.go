package measure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"unique"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/config"
	"github.com/codexlock/codexlock/internal/content"
	"github.com/codexlock/codexlock/internal/document"
	"github.com/codexlock/codexlock/internal/facts"
	"github.com/codexlock/codexlock/internal/git"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/manifest"
	"github.com/codexlock/codexlock/internal/schemas"
	"github.com/codexlock/codexlock/internal/trees"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// A subject is one artifact while it is being measured: what is needed to make
// the facts, and never enters them.
type subject struct {
	path     artifact.Path
	in       facts.Input
	digest   artifact.Digest // zero where there are no bytes
	entry    *ledger.Entry
	manifest *manifest.Manifest
	lfs      *manifest.LFS // what the manifest records of a pointer
	inTree   *vaulttime.Record
	record   *vaulttime.Record // by which it is measured: inTree, or a renewed one
	docs     document.Positions

	file                               trees.Entry
	manifestFile, recordFile, testFile document.File // testFile without its bytes, see test
	test                               ownTest
	manifestDigest, testDigest         artifact.Digest // zero where the file cannot be read
	before                             baseRecord

	buffers *buffers // where the bytes of its companions are; nil: each has its own
}

// Artifact measures the i-th artifact under judgement.
func (c *Collector) Artifact(ctx context.Context, i int) (facts.Measurement, error) {
	name := c.Name(i)
	s := c.newSubject()
	if c.Misplaced[name] != "" {
		return c.measureMisplaced(ctx, s, name)
	}
	p, err := artifact.ParsePath(name)
	if err != nil || p.CheckPortable() != nil {
		return c.misnamed(s, name), nil
	}
	s.path = p
	s.buffers = bufferPool.Get().(*buffers)
	m, err := c.measure(ctx, s)
	if err == nil && c.hasSecondPhase(s) {
		m.Second = c.secondPhase(s) // it needs the bytes, which stay where they are
		return m, nil
	}
	s.releaseBuffers()
	return m, err
}

// newSubject is one of which nothing is measured yet.
func (c *Collector) newSubject() *subject {
	return &subject{docs: make(document.Positions, 4), in: facts.Input{EffectiveTime: c.now, Settings: c.settings}}
}

// measure measures an artifact, but for what needs the rules' answers.
func (c *Collector) measure(ctx context.Context, s *subject) (facts.Measurement, error) {
	for _, step := range []func(context.Context, *subject) error{
		c.measureFile, c.measureLedger, c.measureManifest, c.measureRecord, c.measureTest, c.measureBase, c.measureInputs,
	} {
		if err := step(ctx, s); err != nil {
			return facts.Measurement{}, fmt.Errorf("%s: %w", s.path, err)
		}
	}
	c.measureDomain(s)
	if err := c.measureRenewal(ctx, s); err != nil {
		return facts.Measurement{}, fmt.Errorf("%s: %w", s.path, err)
	}
	s.in.Checks = c.check(s)
	m := c.measured(s)
	if s.record != s.inTree {
		m.Instead = c.refuseRenewal(s)
	}
	return m, nil
}

// measured is what was measured of an artifact.
func (c *Collector) measured(s *subject) facts.Measurement {
	m := facts.Measurement{Input: s.in, Locate: s.docs.Locate, Statement: c.statement(s)}
	if s.record != nil {
		m.Signature = s.record.VaultTime.String()
	}
	return m
}

// misnamed is an artifact whose name means different files on different
// systems, names none on Windows, or hides what it is. Nothing more is measured: no companion can
// belong to it.
func (c *Collector) misnamed(s *subject, name string) facts.Measurement {
	change := facts.FileChangeUnchanged
	if status, ok := c.Changes.Status(name); ok {
		change = facts.FileChange(status.String())
	}
	kind := facts.KindMisnamed
	if change == "removed" {
		kind = "absent"
	}
	s.in.Artifact = &facts.Artifact{Path: document.Printable(name), Change: change, Kind: kind}
	s.in.Checks = c.check(s)
	return facts.Measurement{Input: s.in, Locate: s.docs.Locate}
}

// measureFile finds the file and hashes it: the one pass over its bytes.
func (c *Collector) measureFile(ctx context.Context, s *subject) error {
	a := &facts.Artifact{
		Path: s.path.String(), Change: c.change(s.path), Kind: "absent", Area: areaOf(s.path.String()),
	}
	if other := c.Changes.RenameOf(s.path.String()); a.Change == "removed" {
		a.RenamedTo = other
	} else {
		a.RenamedFrom = other
	}
	s.in.Artifact = a
	file, ok, err := c.o.Head.Open(ctx, s.path)
	if err != nil || !ok {
		return err
	}
	defer file.Close()
	entry := file.Entry
	if entry.Kind == trees.Directory && !c.Ledger.Has(s.path) {
		return nil // a folder that nothing lists: the file that it was was removed
	}
	s.file = entry
	if c.o.Strict && !c.o.InObjects() && entry.Kind == trees.File {
		a.DiskMode = fmt.Sprintf("%04o", entry.Perm)
	}
	a.Kind, a.Mode = facts.Kind(entry.Kind.String()), entry.Mode
	if a.CompanionOf, err = c.CompanionOf(ctx, s.path); err != nil {
		return err
	}
	if entry.Kind != trees.File {
		return nil
	}
	a.Critical = yes(config.MatchAny(c.o.Config.CriticalPaths, a.Path))
	scanner := content.NewScanner(a.Path).Within(c.suspects)
	text := scriptText{name: a.Path}
	if s.buffers != nil {
		text.text = s.buffers.script[:0]
		defer func() { s.buffers.script = text.text[:0:min(cap(text.text), document.MaxBuffer)] }()
	}
	digest, size, head, err := file.Hash(ctx, io.MultiWriter(scanner, &text))
	var large *git.TooLargeError
	if errors.As(err, &large) {
		a.Kind = facts.KindOversized
		return nil
	}
	if err != nil {
		return err
	}
	a.Proof = "content"
	if size == int64(len(head)) && artifact.LikePointer(head) {
		if a.Pointer, err = c.pointers.Problem(ctx, entry, head); err != nil {
			return err
		}
		if a.Pointer != "" {
			a.Kind, a.Proof = "pointer", ""
			return nil
		}
		digest, size, _ = artifact.ParsePointer(head)
		a.Proof = "lfs-oid"
	}
	s.digest, a.SHA256, a.Size = digest, digest.String(), &size
	if a.Proof == "content" {
		found, err := scanner.Facts()
		if err != nil {
			return err
		}
		s.in.Content = &found
	}
	return c.measureOwnScript(ctx, s, head, &text)
}

// change says how the artifact stands to the base, as far as its name and its
// ledger entry tell. Where every artifact is judged, its bytes and companions
// are not read a second time for this: measureBase completes it.
func (c *Collector) change(p artifact.Path) facts.FileChange {
	if status, ok := c.Changes.Status(p.String()); ok {
		return facts.FileChange(status.String())
	}
	for _, kind := range artifact.Companions {
		if len(c.Changes.Paths) == 0 {
			break
		}
		for _, companion := range p.CompanionPaths(kind) {
			if _, ok := c.Changes.Status(companion.String()); ok {
				return facts.FileChangeModified
			}
		}
	}
	if c.EntriesDiffer(p) {
		return facts.FileChangeModified
	}
	return facts.FileChangeUnchanged
}

// neverExisted reports whether neither the base nor the head has a companion: a file
// without one that nobody touched has not changed.
func (c *Collector) neverExisted(ctx context.Context, p artifact.Path, kind artifact.Companion, f document.File) (bool, error) {
	if f.State != "absent" {
		return false, nil
	}
	places, n := c.inBase(p, kind)
	for _, at := range places[:n] {
		if _, there, err := c.o.Base.Lookup(ctx, at); there || err != nil {
			return false, err
		}
	}
	return true, nil
}

// sameInBase reports whether a file that was read stands in the base with the
// same bytes.
func (c *Collector) sameInBase(ctx context.Context, f *document.File) (bool, error) {
	if c.o.SameCommit {
		return true, nil
	}
	before, ok, err := c.o.Base.Lookup(ctx, artifact.Path(f.Path))
	if err != nil || !ok || f.Entry.Kind != trees.File {
		return false, err
	}
	if f.Entry.OID == "" && f.ID == "" {
		f.ID = c.o.Repository.BlobID(f.Data)
	}
	return before.OID == cmp.Or(f.Entry.OID, f.ID), nil
}

func (c *Collector) measureLedger(_ context.Context, s *subject) error {
	listed := c.Ledger.Entries(s.path)
	l := &facts.Ledger{Document: c.Ledger.Document, Listed: times(len(listed)), Entries: make([]string, 0, len(listed))}
	l.Problems = []facts.Problem{} // they are the whole change's, and told once
	s.in.Ledger = l
	s.docs.Add(l.Path, c.Ledger.Doc)
	for n, i := range listed {
		l.Entries = append(l.Entries, ledger.Pointer(i))
		if n > 0 {
			continue
		}
		e := c.Ledger.Entry(i)
		s.entry = &e
		l.Entry = &facts.Entry{
			Pointer: l.Entries[0], SHA256: s.hex(e.SHA256), DriftTolerance: string(e.DriftTolerance),
			TrustDomain: e.TrustDomain, VerifiedAt: e.VerifiedAt, Inputs: facts.RecordedInputs(e.Inputs),
		}
	}
	return nil
}

// companion reads a companion from where it is: next to its artifact or
// under assets/manifests/. Standing in both places is a state of its own.
func (c *Collector) companion(ctx context.Context, p artifact.Path, kind artifact.Companion, limit int64, r *document.Buffer) (document.File, error) {
	found, err := document.ReadInto(ctx, c.o.Head, p.Companion(kind), limit, r)
	if err != nil || !c.Mirrored {
		return found, err
	}
	at := p.MirroredCompanion(kind)
	if there, err := c.mirrorsFolder(ctx, at.Dir()); err != nil || !there {
		return found, err
	}
	mirrored, err := document.Read(ctx, c.o.Head, at, limit)
	switch {
	case err != nil || mirrored.State == "absent":
		return found, err
	case found.State == "absent":
		return mirrored, nil
	}
	found.State, found.Also, found.Data = "twice", mirrored.Path, nil
	return found, nil
}

// mirrorsFolder reports whether the head has a folder below assets/manifests/, which
// is asked once for all that could be in it.
func (c *Collector) mirrorsFolder(ctx context.Context, folder string) (bool, error) {
	if known, ok := c.mirrors.Load(folder); ok {
		return known.(bool), nil
	}
	_, there, err := c.o.Head.Lookup(ctx, artifact.Path(folder))
	if err == nil {
		c.mirrors.Store(folder, there)
	}
	return there, err
}

func (c *Collector) measureManifest(ctx context.Context, s *subject) error {
	file, err := c.companion(ctx, s.path, artifact.Manifest, document.MaxCompanionBytes, s.buffers.of(artifact.Manifest))
	if err != nil {
		return err
	}
	m := &facts.Manifest{Document: file.Document, Told: []facts.ManifestField{}, Network: []string{}}
	s.in.Manifest, s.manifestFile = m, file
	if m.State != "valid" {
		return nil
	}
	read, doc, err := manifest.Decode(file.Data)
	s.docs.Add(m.Path, doc)
	if err := document.Judge(&m.Document, doc, err, c.o.Extras[schemas.Manifest]); err != nil || m.State != "valid" {
		return err
	}
	s.manifest = &read
	m.Artifact, m.SHA256, m.Creator, m.GeneratedAt = read.Artifact, s.hex(read.SHA256), read.Creator, read.GeneratedAt
	if read.Toolchain != nil && !read.Toolchain.Unstated {
		m.Toolchain = &facts.Tool{Name: read.Toolchain.Name, Version: read.Toolchain.Version}
	}
	m.Network = append(m.Network, read.Network...)
	m.Told = told(read)
	if recorded, ok := read.LFS(); ok {
		s.lfs = &recorded
		m.LFS = &facts.LFS{OID: excerpt(recorded.OID), Size: excerpt(recorded.Size), ContentHashed: yesNoUnknown(recorded.ContentHashed)}
	}
	return nil
}

func (c *Collector) measureRecord(ctx context.Context, s *subject) error {
	file, err := c.companion(ctx, s.path, artifact.VaultTime, document.MaxCompanionBytes, s.buffers.of(artifact.VaultTime))
	if err != nil {
		return err
	}
	v := &facts.VaultTime{Document: file.Document, Chain: []facts.Link{}}
	s.in.VaultTime, s.recordFile = v, file
	if v.State != "valid" {
		return nil
	}
	r, doc, err := vaulttime.DecodeRecord(file.Data)
	s.docs.Add(v.Path, doc)
	if err := document.Judge(&v.Document, doc, err, c.o.Extras[schemas.VaultTime]); err != nil || v.State != "valid" {
		return err
	}
	s.inTree, s.record = &r, &r
	c.describeRecord(s)
	return nil
}

// describeRecord states what the record says.
func (c *Collector) describeRecord(s *subject) {
	r, v := s.record, s.in.VaultTime
	ttl := r.TTLHours
	v.SHA256, v.Timestamp, v.TrustDomain, v.TTLHours = s.hex(r.SHA256), r.Timestamp.String(), r.TrustDomain, &ttl
	v.ExpiresAt, v.KeyID = vaulttime.FormatTime(r.ExpiresAt()), r.KeyID
	v.Artifact, v.AttestedAt = "", ""
	if r.Path != nil {
		v.Artifact = r.Path.String()
	}
	if r.AttestedAt != nil {
		v.AttestedAt = v.Timestamp
		if !r.AttestedAt.Equal(r.Timestamp.Time) {
			v.AttestedAt = r.AttestedAt.String()
		}
	}
	v.Chain = c.chain(s)
}

// measureDomain names the trust domain: the record's, or the ledger entry's
// where there is no record.
func (c *Collector) measureDomain(s *subject) {
	name := ""
	switch {
	case s.record != nil:
		name = s.record.TrustDomain
	case s.entry != nil:
		name = s.entry.TrustDomain
	default:
		return
	}
	d, known := c.o.Config.Domain(name)
	// The text of the record is not kept for the name, which the decision keeps.
	s.in.Domain = &facts.Domain{Name: unique.Make(name).Value(), State: "known", MaxTTLHours: d.MaxTTLHours, Paths: c.belongs(name, d, s.path.String()), Network: append([]string{}, d.Network...)}
	switch {
	case !known:
		s.in.Domain.State, s.in.Domain.Paths = "unknown", "absent"
	case c.o.Config.Domains == nil:
		s.in.Domain.State = "open"
	}
	if known {
		s.in.Domain.KeyID = c.keys.ID(name)
	}
}

// measureBase states how the artifact stood in the base commit, and completes
// how it changed since.
func (c *Collector) measureBase(ctx context.Context, s *subject) error {
	a, entries := s.in.Artifact, c.BaseLedger.Entries(s.path)
	file, there, err := c.o.Base.Lookup(ctx, s.path)
	if err != nil {
		return err
	}
	if !there && len(entries) == 0 {
		if a.Kind != "absent" {
			a.Change = facts.FileChangeAdded
		}
		return nil
	}
	b := &facts.Base{
		RecordState: "absent", Proof: "absent", ManifestSum: "absent", TestSum: "absent", Attested: "absent",
		Content: "absent", Mode: "absent", Manifest: "absent", Test: "absent", RecordText: "absent", Record: "absent",
	}
	s.in.Base = b
	if len(entries) > 0 {
		e := s.entry
		if c.BaseLedger != c.Ledger || e == nil {
			before := c.BaseLedger.Entry(entries[0])
			e = &before
		}
		b.SHA256, b.VerifiedAt = s.hex(e.SHA256), e.VerifiedAt
	}
	if err := c.measureBaseRecord(ctx, s); err != nil {
		return err
	}
	manifestSame, err := c.sameInBase(ctx, &s.manifestFile)
	if err != nil {
		return err
	}
	if err := c.measureMutation(ctx, s, file, there); err != nil {
		return err
	}
	if a.Change != facts.FileChangeUnchanged || c.o.SameCommit {
		return nil
	}
	recordSame := s.before.placed
	for _, f := range []struct {
		kind artifact.Companion
		file document.File
		same *bool
	}{{artifact.VaultTime, s.recordFile, &recordSame}, {artifact.Manifest, s.manifestFile, &manifestSame}} {
		if !*f.same {
			if *f.same, err = c.neverExisted(ctx, s.path, f.kind, f.file); err != nil {
				return err
			}
		}
	}
	switch {
	case a.Kind == "absent" && there:
		a.Change = facts.FileChangeRemoved
	case !recordSame, !manifestSame, b.Test == "differs", file.Mode != a.Mode, b.SHA256 != "" && b.SHA256 != a.SHA256:
		a.Change = facts.FileChangeModified
	}
	return nil
}

// measureBaseRecord states what the base's record says, and how the head's stands to it.
func (c *Collector) measureBaseRecord(ctx context.Context, s *subject) (err error) {
	if s.before, err = c.readBaseRecord(ctx, s); err != nil {
		return err
	}
	b, before := s.in.Base, s.before
	b.RecordState, b.RecordText = before.state, before.text
	b.Proof = before.has(vaulttime.ProofField, func(r *vaulttime.Record) bool { return r.Proof != "" })
	b.ManifestSum = before.has(vaulttime.ManifestSHA256Field, func(r *vaulttime.Record) bool { return r.ManifestSHA256 != nil })
	b.TestSum = before.has(vaulttime.TestSHA256Field, func(r *vaulttime.Record) bool { return r.TestSHA256 != nil })
	b.Attested = before.has(vaulttime.AttestedAtField, func(r *vaulttime.Record) bool { return r.AttestedAt != nil })
	if before.record == nil {
		return nil
	}
	b.Timestamp, b.TrustDomain = before.record.Timestamp.String(), before.record.TrustDomain
	if before.record.AttestedAt != nil {
		b.AttestedAt = before.record.AttestedAt.String()
	}
	b.Record = recordOrder(before.record, s.record)
	return nil
}

// measureInputs compares a manifest's inputs and outputs with the head's tree.
func (c *Collector) measureInputs(ctx context.Context, s *subject) error {
	if s.manifest == nil {
		return nil
	}
	for _, list := range []struct {
		name    string
		written *[]manifest.Reference
		fact    **[]facts.Reference
	}{{"inputs", s.manifest.Inputs, &s.in.Manifest.Inputs}, {"outputs", s.manifest.Outputs, &s.in.Manifest.Outputs}} {
		if list.written == nil {
			continue
		}
		refs := make([]facts.Reference, 0, len(*list.written))
		for i, w := range *list.written {
			state, err := c.inputs.state(ctx, c.o.Head, w)
			if err != nil {
				return fmt.Errorf("%s %s: %w", list.name, w.Path, err)
			}
			ref := facts.Reference{Pointer: fmt.Sprintf("/%s/%d", list.name, i), Path: w.Path, State: state, Change: c.referenceChange(w.Path)}
			if !w.Plain {
				ref.SHA256 = w.SHA256.String()
			}
			refs = append(refs, ref)
		}
		*list.fact = &refs
	}
	return nil
}

// digests remembers what inputs hash to: one input often serves many artifacts.
type digests struct{ known sync.Map }

func (d *digests) state(ctx context.Context, tree trees.Tree, w manifest.Reference) (facts.ReferenceState, error) {
	p, err := artifact.ParsePath(w.Path)
	if err != nil {
		return "unsafe", nil
	}
	known, ok := d.known.Load(p)
	if !ok {
		digest, err := inputDigest(ctx, tree, p)
		if err != nil {
			return "", err
		}
		known, _ = d.known.LoadOrStore(p, digest)
	}
	switch digest := known.(artifact.Digest); {
	case digest.IsZero():
		return "missing", nil
	case w.Plain:
		return "unrecorded", nil
	case digest == w.SHA256:
		return "match", nil
	}
	return "differs", nil
}

// inputDigest is what an input hashes to, and the zero digest where there is no file.
func inputDigest(ctx context.Context, tree trees.Tree, p artifact.Path) (artifact.Digest, error) {
	file, there, err := tree.Open(ctx, p)
	if err != nil || !there {
		return artifact.Digest{}, err
	}
	defer file.Close()
	if file.Kind != trees.File {
		return artifact.Digest{}, nil
	}
	digest, size, head, err := file.Hash(ctx, nil)
	if large := (*git.TooLargeError)(nil); err != nil && !errors.As(err, &large) {
		return artifact.Digest{}, err
	}
	if content, _, ok := artifact.ParsePointer(head); ok && size == int64(len(head)) {
		digest = content
	}
	return digest, nil
}
