package attest

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/manifest"
	"github.com/codexlock/codexlock/internal/script"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// A composer makes the companions of one artifact.
type composer struct {
	*batch
	path    artifact.Path
	digest  artifact.Digest
	content content
	o       Options
	now     vaulttime.Time
	known   map[artifact.Companion]companion
	texts   map[artifact.Companion][]byte // of the manifest and the test, as they will stand
}

// A companion is where one stands, or will, and what stands there.
type companion struct {
	at                artifact.Path
	data              []byte
	executable, there bool
	arrives           bool // it came along with its artifact, and is not in its place yet
}

// compose adds the companions to the batch. What it adds was read back by the
// strict decoder first: a record that the gate would refuse is not written.
func (c composer) compose() (vaulttime.Record, error) {
	if err := c.manifest(); err != nil {
		return vaulttime.Record{}, err
	}
	if err := c.test(); err != nil {
		return vaulttime.Record{}, err
	}
	return c.record() // last: it signs the other two
}

// place finds a companion, once.
func (c composer) place(kind artifact.Companion) (companion, error) {
	if found, ok := c.known[kind]; ok {
		return found, nil
	}
	beside, mirrored := c.path.Companion(kind), c.path.MirroredCompanion(kind)
	at := beside
	if c.o.MirrorCompanions {
		at = mirrored
	}
	n := 0
	for _, p := range []artifact.Path{beside, mirrored} {
		_, stands, err := c.work.lstat(p)
		if err != nil {
			return companion{}, err
		}
		if stands {
			at = p
			n++
		}
	}
	if n == 2 {
		return companion{}, &RefusedError{Path: beside.String(), Reason: fmt.Sprintf("stands at %s too; remove one of them", mirrored)}
	}
	if _, err := artifact.ParsePath(at.String()); err != nil {
		return companion{}, err
	}
	source, arrives := at, false
	if came, ok := c.came[kind]; ok {
		source, arrives = came.path(), true
	}
	data, mode, there, err := c.work.read(source, maxCompanionBytes)
	if err != nil {
		return companion{}, err
	}
	if there && HasConflictMarkers(data) {
		return companion{}, conflicted(kind, source)
	}
	c.known[kind] = companion{at, data, mode&0o111 != 0, there, arrives}
	return c.known[kind], nil
}

// conflicted refuses to write over a companion that a merge left with markers: what
// it says of the artifact's making, or its chain, would be lost.
func conflicted(kind artifact.Companion, at artifact.Path) error {
	next := "resolve it: codexlock lock resolve"
	if kind == artifact.Test {
		next = fmt.Sprintf("take one side: git checkout --ours -- %s, or edit it", at)
	}
	return &RefusedError{Path: at.String(), Reason: "holds conflict markers of a merge", Next: next}
}

// put adds a companion, unless it stands there as it should already: who
// renews ten thousand records need not write ten thousand manifests.
func (c composer) put(old companion, executable bool, data []byte) {
	if old.there && !old.arrives && old.executable == executable && bytes.Equal(old.data, data) {
		return
	}
	f := File{Path: old.at, Mode: 0o644, Data: data}
	if executable {
		f.Mode = 0o755
	}
	c.batch.files = append(c.batch.files, f)
}

func (c composer) manifest() error {
	old, err := c.place(artifact.Manifest)
	if err != nil {
		return err
	}
	var m manifest.Manifest
	there := old.there
	if there {
		// One that does not decode tells nothing to keep; Git has it still.
		m, _, err = manifest.Decode(old.data)
		there = err == nil
	}
	if !there || m.SHA256 != c.digest || m.GeneratedAt == "" {
		m.GeneratedAt = c.now.String()
	}
	m.Artifact, m.SHA256 = c.path.String(), c.digest
	m.Creator = first(c.o.Creator, m.Creator, c.o.FallbackCreator)
	if m.Toolchain == nil {
		m.Toolchain = &manifest.Tool{Unstated: true}
	}
	if c.o.Toolchain != (manifest.Tool{}) {
		m.Toolchain = &c.o.Toolchain
	}
	if err := c.references(&m); err != nil {
		return err
	}
	if err := c.recordLFS(&m); err != nil {
		return err
	}
	if m.Network == nil {
		m.Network = []string{}
	}
	text := m.Encode()
	if _, _, err := manifest.Decode(text); err != nil {
		return fmt.Errorf("write %s: %w", old.at, err)
	}
	c.texts[artifact.Manifest] = text
	c.put(old, false, text)
	return nil
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// references brings the digests of a manifest's inputs up to date, and of its
// outputs the artifact's own.
func (c composer) references(m *manifest.Manifest) error {
	inputs := []manifest.Reference{}
	if m.Inputs != nil {
		inputs = *m.Inputs
	}
	if len(c.o.Inputs) > 0 {
		inputs = make([]manifest.Reference, 0, len(c.o.Inputs))
		for _, p := range c.o.Inputs {
			inputs = append(inputs, manifest.Reference{Path: p.String()})
		}
	}
	for i := range inputs {
		if inputs[i].Plain && c.o.Renewal {
			continue // a renewal approves nothing, and so records nothing new
		}
		p, err := artifact.ParsePath(inputs[i].Path)
		if err != nil {
			return fmt.Errorf("input of the manifest: %w", err)
		}
		for _, dir := range unattestable {
			if inside(p, dir) {
				return &RefusedError{Path: p.String(), Reason: fmt.Sprintf("is an input in %s/, which nothing may use", dir)}
			}
		}
		c.batch.inputs = append(c.batch.inputs, p)
		input, err := c.hash(p)
		if err != nil {
			return fmt.Errorf("input of the manifest: %w", err)
		}
		inputs[i].SHA256 = input.digest
		inputs[i].Plain = false
	}
	outputs := []manifest.Reference{}
	if m.Outputs != nil {
		outputs = *m.Outputs
	}
	for i, output := range outputs {
		if output.Path == c.path.String() && !(output.Plain && c.o.Renewal) {
			outputs[i] = manifest.Reference{Path: output.Path, SHA256: c.digest}
			continue
		}
		if output.Plain && !c.o.Renewal {
			outputs[i] = c.recordOutput(output)
		}
	}
	m.Inputs, m.Outputs = &inputs, &outputs
	return nil
}

// recordOutput records the hash of an output that is written as a plain path. One that
// is not there, or is no file that can be hashed, stays as it is: outputs are often
// kept elsewhere.
func (c composer) recordOutput(output manifest.Reference) manifest.Reference {
	p, err := artifact.ParsePath(output.Path)
	if err != nil {
		return output
	}
	found, err := c.hash(p)
	if err != nil {
		return output
	}
	return manifest.Reference{Path: output.Path, SHA256: found.digest}
}

func (c composer) record() (vaulttime.Record, error) {
	standing, err := c.place(artifact.VaultTime)
	if err != nil {
		return vaulttime.Record{}, err
	}
	r := vaulttime.Record{
		SHA256: c.digest, Timestamp: c.now, TrustDomain: c.o.Domain, TTLHours: c.o.TTLHours, Path: &c.path,
	}
	if old, ok := standing.record(); ok {
		if r.Chain, err = c.chain(old); err != nil {
			return vaulttime.Record{}, err
		}
	}
	if r.Signed, err = c.signed(standing); err != nil {
		return vaulttime.Record{}, err
	}
	if err := c.o.Key.Seal(&r); err != nil {
		return vaulttime.Record{}, err
	}
	text := r.Encode()
	read, _, err := vaulttime.DecodeRecord(text)
	if err != nil {
		return vaulttime.Record{}, fmt.Errorf("write %s: %w", standing.at, err)
	}
	if !c.o.Key.Valid(read) || !vaulttime.VerifyProof(c.o.Key.PublicKey(), read) {
		return vaulttime.Record{}, errors.New("the record that was sealed does not verify")
	}
	c.put(standing, false, text)
	return r, nil
}

// signed are the digests of the companions and when the content was approved, as
// the new record states them: where that was asked for, and where the record that it
// replaces does, or may, since it cannot be read.
func (c composer) signed(standing companion) (vaulttime.Signed, error) {
	old, readable := standing.record()
	if c.o.Renewal && readable {
		if err := c.unchanged(old.Signed); err != nil {
			return vaulttime.Signed{}, err
		}
	}
	had := readable && old.Any()
	if standing.there && !readable {
		for _, field := range []string{vaulttime.ManifestSHA256Field, vaulttime.TestSHA256Field, vaulttime.AttestedAtField} {
			had = had || vaulttime.MayHave(standing.data, field)
		}
	}
	if !c.o.SignCompanions && !had {
		return vaulttime.Signed{}, nil
	}
	manifest, test := artifact.HashBytes(c.texts[artifact.Manifest]), artifact.HashBytes(c.texts[artifact.Test])
	at := c.now
	if c.o.Renewal && readable {
		at = old.ApprovedAt()
	}
	return vaulttime.Signed{ManifestSHA256: &manifest, TestSHA256: &test, AttestedAt: &at}, nil
}

// unchanged refuses to renew a record whose companions are not those that it signs:
// a renewal would approve an edit that nobody attested.
func (c composer) unchanged(old vaulttime.Signed) error {
	for kind, digest := range map[artifact.Companion]*artifact.Digest{artifact.Manifest: old.ManifestSHA256, artifact.Test: old.TestSHA256} {
		if digest == nil {
			continue
		}
		stands, err := c.place(kind)
		if err != nil {
			return err
		}
		if !stands.there || artifact.HashBytes(stands.data) != *digest {
			return &RefusedError{Path: stands.at.String(), Reason: "is not the file that the VaultTime record signs; find out who changed it, and restore it or attest what is right"}
		}
	}
	return nil
}

// record is what a VaultTime record says that can be read.
func (c companion) record() (r vaulttime.Record, ok bool) {
	if !c.there {
		return r, false
	}
	r, _, err := vaulttime.DecodeRecord(c.data)
	return r, err == nil
}

// moment is when the artifact is attested: now, but not before an earlier record,
// whose clock may have been ahead, and later than one of other content, of which a
// clock of whole seconds may not know (ZT-6.2).
func (c composer) moment() (vaulttime.Time, error) {
	standing, err := c.place(artifact.VaultTime)
	if err != nil {
		return c.now, err
	}
	old, ok := standing.record()
	if !ok || old.Timestamp.Before(c.now.Time) {
		return c.now, nil
	}
	next := old.Timestamp.Time
	if old.SHA256 != c.digest {
		next = next.Add(time.Second)
	}
	if !next.After(c.now.Add(vaulttime.MaxFuture)) {
		return vaulttime.TimeOf(next), nil
	}
	return c.now, nil // it was dated into the future, and is found to go back
}

// chain is the old record's journey, which a new record of the same content goes
// on with; a change of domain adds the old record to it. Only what verifies is
// taken over: to sign a stranger's chain would be to believe it.
func (c composer) chain(old vaulttime.Record) ([]vaulttime.Link, error) {
	if old.TrustDomain != c.o.Domain {
		return c.extend(old)
	}
	if old.SHA256 != c.digest || old.Path == nil || *old.Path != c.path {
		return nil, nil
	}
	public, ok := c.public(old)
	if !ok || !vaulttime.VerifyProof(public, old) {
		return nil, nil
	}
	return old.Chain, nil
}

// public finds what checks a record's proof: the sealing key's own public half,
// or that of another epoch or domain.
func (c composer) public(r vaulttime.Record) (ed25519.PublicKey, bool) {
	if r.TrustDomain == c.o.Domain && r.KeyID == c.o.Key.ID() {
		return c.o.Key.PublicKey(), true
	}
	if c.o.Public == nil {
		return nil, false
	}
	return c.o.Public(r.TrustDomain, r.KeyID)
}

// extend is the chain of an artifact that comes from another domain. Where the
// other one's record does not hold, the artifact is not taken over: its history
// would be lost without a word.
func (c composer) extend(old vaulttime.Record) ([]vaulttime.Link, error) {
	refused := func(format string, args ...any) error {
		return &RefusedError{Path: c.path.String(), Reason: fmt.Sprintf("has a record of trust domain %q, ", old.TrustDomain) + fmt.Sprintf(format, args...)}
	}
	if c.o.Accepts == nil || !c.o.Accepts(old.TrustDomain) {
		return nil, refused("and %q accepts none from there; add it to accepts_from in codexlock.yaml of the base commit first", c.o.Domain)
	}
	link, bound := old.Link()
	public, known := c.public(old)
	switch {
	case old.SHA256 != c.digest:
		return nil, refused("which is of other content; attest it there first, or remove the record to begin anew")
	case !bound:
		return nil, refused("which has no proof that could be a link of the chain; attest it there first, or remove the record to begin anew")
	case *old.Path != c.path:
		return nil, refused("which is of %s; attest it there first, or remove the record to begin anew", *old.Path)
	case !known:
		return nil, refused("and there is no key to check its proof with")
	case !vaulttime.VerifyProof(public, old):
		return nil, refused("whose proof does not hold")
	case old.TimeState(c.now.Time) != vaulttime.Current:
		return nil, refused("which is not valid now; renew it there first: codexlock renew")
	}
	for _, l := range old.Chain {
		if l.TrustDomain == c.o.Domain {
			return nil, refused("and came through %q before; remove the record to begin anew", c.o.Domain)
		}
	}
	return append(old.Chain[:len(old.Chain):len(old.Chain)], link), nil
}

// test adds X.test: a new one where there is none or ours stands there. A user's
// own is left as it is, but made executable.
func (c composer) test() error {
	standing, err := c.place(artifact.Test)
	if err != nil {
		return err
	}
	if standing.there && !script.IsOurs(standing.data) {
		c.texts[artifact.Test] = standing.data
		c.put(standing, true, standing.data)
		return nil
	}
	manifest, err := c.place(artifact.Manifest)
	if err != nil {
		return err
	}
	record, err := c.place(artifact.VaultTime)
	if err != nil {
		return err
	}
	text := script.Test{At: standing.at, Artifact: c.path, Manifest: manifest.at, Record: record.at, KeyEnv: c.o.KeyEnv}.Render()
	c.texts[artifact.Test] = text
	c.put(standing, true, text)
	return nil
}
