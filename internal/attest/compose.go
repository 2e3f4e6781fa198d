package attest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/ledger"
	"github.com/codexlock/codexlock/internal/manifest"
	"github.com/codexlock/codexlock/internal/namefold"
	"github.com/codexlock/codexlock/internal/script/artifacttest"
	"github.com/codexlock/codexlock/internal/shellquote"
	"github.com/codexlock/codexlock/internal/txn"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// saysInputsFrom is how many entries a ledger has before its new entries say whether their
// artifacts have inputs. It takes a moment to read fewer manifests, and a line an entry is
// one more to read in every diff.
const saysInputsFrom = 1000

// A composer makes the companions of one artifact.
type composer struct {
	*batch
	path    artifact.Path
	o       Options
	came    map[artifact.Companion]txn.RawPath
	buf     []byte // to read into
	content content
	digest  artifact.Digest
	inputs  string // whether the manifest names some, as the ledger says it
	now     vaulttime.Time
	known   [len(artifact.Companions)]*companion
	texts   [len(artifact.Companions)][]byte // of the manifest and the test, as they will stand
	out     composed
}

// A companion is the path and the content of a companion.
type companion struct {
	at, source        artifact.Path // its place, and where its bytes are
	data              []byte
	executable, there bool
	arrives           bool              // it came along with its artifact, and is not in its place yet
	record            *vaulttime.Record // that it is; nil where it cannot be read, and for another kind
}

// all makes all files of the artifact.
func (c *composer) all() (err error) {
	if err := c.refuse(c.path); err != nil {
		return err
	}
	if c.o.KeyEnv == "" {
		c.o.KeyEnv = DefaultKeyEnv
	}
	if err := c.o.check(c.path); err != nil {
		return err
	}
	if c.content, err = c.hash(c.path); err != nil {
		return err
	}
	c.digest = c.content.digest
	if c.o.Expect != nil && *c.o.Expect != c.digest {
		return &RefusedError{Path: c.path.String(), Reason: "changed since it was verified"}
	}
	record, err := c.compose()
	if err != nil {
		return fmt.Errorf("attest %s: %w", c.path, err)
	}
	c.out.seen = c.content.seen
	if c.drafts {
		defer func() { c.out.draft = c.draft(record) }()
	}
	c.out.entry = ledger.Entry{
		Path: c.path.String(), SHA256: c.digest, DriftTolerance: ledger.Zero, TrustDomain: c.o.Domain, VerifiedAt: c.now.String(),
	}
	says := c.o.SignCompanions && max(len(c.ledger.Artifacts), len(c.named)) >= saysInputsFrom
	if i, found := c.ledger.Lookup(c.path.String()); found {
		c.out.entry.Extensions = c.ledger.Artifacts[i].Extensions
		says = says || c.ledger.Artifacts[i].Inputs != ""
	}
	if says {
		c.out.entry.Inputs = c.inputs
	}
	c.out.attested = Attested{
		Path: c.path, SHA256: c.digest, VaultTime: record.VaultTime, Domain: c.o.Domain, KeyID: record.KeyID, ExpiresAt: vaulttime.TimeOf(record.ExpiresAt()),
	}
	return nil
}

// compose makes the companions. The strict decoder reads each one back, so that no record is
// written that the gate would refuse.
func (c *composer) compose() (vaulttime.Record, error) {
	if err := c.moment(); err != nil {
		return vaulttime.Record{}, err
	}
	if err := c.manifest(); err != nil {
		return vaulttime.Record{}, err
	}
	if err := c.test(); err != nil {
		return vaulttime.Record{}, err
	}
	return c.record() // last: it signs the other two
}

// place finds a companion, and caches it.
func (c *composer) place(kind artifact.Companion) (companion, error) {
	if found := c.known[kind]; found != nil {
		return *found, nil
	}
	found, err := c.find(kind)
	if err != nil {
		return companion{}, err
	}
	source := found.at
	if came, ok := c.came[kind]; ok {
		source, found.arrives = came.Path(), true
		var mode fs.FileMode
		if found.data, mode, found.there, err = c.work.Read(source, maxCompanionBytes); err != nil {
			return companion{}, err
		}
		found.executable = mode&0o111 != 0
	}
	if found.there && HasConflictMarkers(found.data) {
		return companion{}, conflicted(kind, source)
	}
	found.source = source
	if found.there && kind == artifact.VaultTime {
		if r, _, err := vaulttime.DecodeRecord(found.data); err == nil {
			found.record = &r
		}
	}
	c.known[kind] = &found
	return found, nil
}

// find returns the path of a companion, existing or new, and its content.
func (c *composer) find(kind artifact.Companion) (companion, error) {
	beside, mirrored := c.path.Companion(kind), c.path.MirroredCompanion(kind)
	data, mode, stands, unread := c.work.Read(beside, maxCompanionBytes)
	if unread != nil { // something may stand there all the same
		var err error
		if _, stands, err = c.work.Lstat(beside); err != nil {
			return companion{}, err
		}
	}
	_, other, err := c.work.Lstat(mirrored)
	if err != nil {
		return companion{}, err
	}
	found := companion{at: beside}
	switch {
	case stands && other:
		return found, &RefusedError{Path: beside.String(), Reason: fmt.Sprintf("exists at %s too; remove one of them", mirrored)}
	case other || !stands && c.o.MirrorCompanions:
		found.at = mirrored
	}
	if _, err := artifact.ParsePath(found.at.String()); err != nil {
		return companion{}, err
	}
	_, arrives := c.came[kind]
	switch {
	case arrives: // what stands there is replaced
		return found, nil
	case other:
		data, mode, stands, unread = c.work.Read(mirrored, maxCompanionBytes)
	}
	if f, ok := c.edited[found.at]; ok && unread == nil {
		data, mode = f.Data, f.Mode
	}
	found.data, found.executable, found.there = data, mode&0o111 != 0, stands
	return found, unread
}

// conflicted refuses to overwrite a companion with conflict markers: its provenance or its
// chain would be lost.
func conflicted(kind artifact.Companion, at artifact.Path) error {
	next := "resolve it: codexlock lock resolve"
	if kind == artifact.Test {
		next = fmt.Sprintf("take one side: git checkout --ours -- %s, or edit it", at)
	}
	return &RefusedError{Path: at.String(), Reason: "holds conflict markers of a merge", Next: next}
}

// put adds a companion, unless it is already correct or is moved as an artifact of its own: renewing ten thousand records need not
// write ten thousand manifests.
func (c *composer) put(old companion, executable bool, data []byte) {
	if _, moves := c.from[old.at]; moves || old.holds(executable, data) {
		return
	}
	f := txn.File{Path: old.at, Mode: 0o644, Data: data}
	if executable {
		f.Mode = 0o755
	}
	c.out.files = append(c.out.files, f)
}

// holds reports whether the companion has exactly this content at its path.
func (c companion) holds(executable bool, data []byte) bool {
	return c.there && !c.arrives && c.executable == executable && bytes.Equal(c.data, data)
}

func (c *composer) manifest() error {
	old, err := c.place(artifact.Manifest)
	if err != nil {
		return err
	}
	var m manifest.Manifest
	there := old.there
	if there {
		// A manifest that cannot be decoded has nothing to keep; Git still has it.
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
	if len(c.o.Network) > 0 {
		m.Network = c.o.Network
	}
	if m.Network == nil {
		m.Network = []string{}
	}
	c.inputs = ledger.NoInputs
	if m.Inputs != nil && len(*m.Inputs) > 0 {
		c.inputs = ledger.SomeInputs
	}
	text := m.Encode()
	if !there || !bytes.Equal(text, old.data) {
		if _, _, err := manifest.Decode(text); err != nil {
			return fmt.Errorf("write %s: %w", old.at, err)
		}
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

// references updates the digests of a manifest's inputs, and the artifact's own among its
// outputs.
func (c *composer) references(m *manifest.Manifest) error {
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
	c.relocate(&inputs)
	for i := range inputs {
		if inputs[i].Plain && (c.o.Renewal || c.o.Relocation) {
			continue // nothing new is approved
		}
		p, err := artifact.ParsePath(inputs[i].Path)
		if err != nil {
			return fmt.Errorf("input of the manifest: %w", err)
		}
		for _, dir := range unattestable {
			if namefold.Inside(p.String(), dir) {
				return &RefusedError{Path: p.String(), Reason: fmt.Sprintf("is an input in %s/, which nothing may use", dir)}
			}
		}
		c.out.inputs = append(c.out.inputs, p)
		input, err := c.hash(p)
		if err != nil {
			return fmt.Errorf("input of the manifest: %w", err)
		}
		if c.o.Relocation && inputs[i].SHA256 != input.digest {
			return &RefusedError{Path: c.path.String(), Reason: fmt.Sprintf("was made from %s, which is not the recorded file now", p), Next: fmt.Sprintf("look at it, then make the artifact again or attest it: codexlock attest %s", shellquote.Quoted(c.path.String()))}
		}
		inputs[i].SHA256 = input.digest
		inputs[i].Plain = false
	}
	outputs := []manifest.Reference{}
	if m.Outputs != nil {
		outputs = *m.Outputs
	}
	c.relocate(&outputs)
	if len(c.o.Outputs) > 0 {
		var err error
		if outputs, err = c.outputs(); err != nil {
			return err
		}
	}
	for i, output := range outputs {
		if output.Path == c.path.String() && !(output.Plain && (c.o.Renewal || c.o.Relocation)) {
			outputs[i] = manifest.Reference{Path: output.Path, SHA256: c.digest}
			continue
		}
		if output.Plain && !c.o.Renewal && !c.o.Relocation {
			outputs[i] = c.recordOutput(output)
		}
	}
	m.Inputs, m.Outputs = &inputs, &outputs
	return nil
}

// outputs are the outputs that were asked for, each of which must be there.
func (c *composer) outputs() ([]manifest.Reference, error) {
	var outputs []manifest.Reference
	for _, p := range c.o.Outputs {
		output, err := c.hash(p)
		if err != nil {
			return nil, fmt.Errorf("output of the manifest: %w", err)
		}
		outputs = append(outputs, manifest.Reference{Path: p.String(), SHA256: output.digest})
	}
	return outputs, nil
}

// recordOutput records the hash of an output that is written as a plain path. One that
// is not there, or is no file that can be hashed, stays as it is: outputs are often
// kept elsewhere.
func (c *composer) recordOutput(output manifest.Reference) manifest.Reference {
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

func (c *composer) record() (vaulttime.Record, error) {
	standing, err := c.place(artifact.VaultTime)
	if err != nil {
		return vaulttime.Record{}, err
	}
	r := vaulttime.Record{
		SHA256: c.digest, Timestamp: c.now, TrustDomain: c.o.Domain, TTLHours: c.o.TTLHours, Path: &c.path,
	}
	if old := standing.record; old != nil {
		if r.Chain, err = c.chain(*old); err != nil {
			return vaulttime.Record{}, err
		}
	}
	if r.Signed, err = c.signed(standing); err != nil {
		return vaulttime.Record{}, err
	}
	if err := c.o.Key.Sign(&r); err != nil {
		return vaulttime.Record{}, err
	}
	text := r.Encode()
	if err := readsBack(r, text); err != nil {
		return vaulttime.Record{}, fmt.Errorf("write %s: %w", standing.at, err)
	}
	c.put(standing, false, text)
	return r, nil
}

// readsBack checks that the strict decoder reads the signed record from a text: with the same
// payload and the same proof.
func readsBack(sealed vaulttime.Record, text []byte) error {
	read, _, err := vaulttime.DecodeRecord(text)
	if err != nil {
		return err
	}
	want, err := sealed.Payload()
	if err != nil {
		return err
	}
	got, err := read.Payload()
	if err != nil || !bytes.Equal(got, want) || read.Proof != sealed.Proof {
		return errors.Join(errors.New("the record that was sealed is read as another one"), err)
	}
	return nil
}

// signed are the digests of the companions and when the content was approved, as
// the new record states them: where that was asked for, and where the record that it
// replaces does, or may, since it cannot be read.
func (c *composer) signed(standing companion) (vaulttime.Signed, error) {
	old, readable := standing.record, standing.record != nil
	if (c.o.Renewal || c.o.Relocation) && readable {
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

// unchanged refuses to renew a record whose companions changed: a renewal would approve an edit
// that nobody attested.
func (c *composer) unchanged(old vaulttime.Signed) error {
	for _, kind := range [...]artifact.Companion{artifact.Manifest, artifact.Test} {
		digest := old.ManifestSHA256
		if kind == artifact.Test {
			digest = old.TestSHA256
		}
		if digest == nil {
			continue
		}
		stands, err := c.place(kind)
		if err != nil {
			return err
		}
		if !stands.there || artifact.HashBytes(stands.data) != *digest {
			return &RefusedError{Path: stands.source.String(), Reason: "is not the file that the VaultTime record signs; find out who changed it, then restore it or attest the correct one"}
		}
	}
	return nil
}

// moment sets the time of the attestation: now, but not before an earlier record, whose clock
// may have been ahead, and after a record of other content, even within one second (ZT-6.2).
func (c *composer) moment() error {
	c.now = vaulttime.TimeOf(c.o.Now)
	standing, err := c.place(artifact.VaultTime)
	if err != nil {
		return err
	}
	old := standing.record
	if old == nil || old.Timestamp.Before(c.now.Time) {
		return nil
	}
	next := old.Timestamp.Time
	if old.SHA256 != c.digest {
		next = next.Add(time.Second)
	}
	if !next.After(c.now.Add(vaulttime.MaxFuture)) {
		c.now = vaulttime.TimeOf(next)
	} // else it was dated into the future, and is found to go back
	return nil
}

// chain returns the old record's chain, which a new record of the same content continues; a
// change of domain adds the old record. It takes over only links that verify: signing an
// unverified chain would mean trusting it.
func (c *composer) chain(old vaulttime.Record) ([]vaulttime.Link, error) {
	switch {
	case old.TrustDomain == c.o.Domain:
	case c.o.Former != nil:
		return c.handOver(old)
	default:
		return c.extend(old)
	}
	if len(old.Chain) == 0 || old.SHA256 != c.digest || old.Path == nil || *old.Path != c.path {
		return nil, nil
	}
	if valid, known := c.verifyProof(old); !valid || !known {
		return nil, nil
	}
	return old.Chain, nil
}

// verifyProof checks a record's proof with the signing key, or with that of another epoch or
// domain.
func (c *composer) verifyProof(r vaulttime.Record) (valid, known bool) {
	switch {
	case r.TrustDomain == c.o.Domain && r.KeyID == c.o.Key.ID():
		return c.o.Key.VerifyProof(r), true
	case c.o.VerifyProof == nil:
		return false, false
	}
	return c.o.VerifyProof(r)
}

// extend returns the chain of an artifact from another domain. It fails if the other record is
// not valid: the artifact's history would be lost silently.
func (c *composer) extend(old vaulttime.Record) ([]vaulttime.Link, error) {
	refused := func(format string, args ...any) error {
		return &RefusedError{Path: c.path.String(), Reason: fmt.Sprintf("has a record of trust domain %q, ", old.TrustDomain) + fmt.Sprintf(format, args...)}
	}
	if c.o.Accepts == nil || !c.o.Accepts(old.TrustDomain) {
		return nil, refused("and %q accepts none from there; add it to accepts_from in codexlock.yaml of the base commit first", c.o.Domain)
	}
	link, bound := old.Link()
	valid, known := c.verifyProof(old)
	switch {
	case old.SHA256 != c.digest:
		return nil, refused("which is of other content; attest it there first, or remove the record to begin anew")
	case !bound:
		return nil, refused("which has no proof that could be a link of the chain; attest it there first, or remove the record to begin anew")
	case *old.Path != c.path:
		return nil, refused("which is of %s; attest it there first, or remove the record to begin anew", *old.Path)
	case !known:
		return nil, refused("and there is no key to check its proof with")
	case !valid:
		return nil, refused("whose proof does not hold")
	case old.TimeState(c.now.Time) != vaulttime.Current:
		next := "codexlock renew"
		if c.o.RenewsInRef { // where the record in the tree stays as it was attested
			next += fmt.Sprintf(" --expired && codexlock renewals materialize %s", shellquote.Path(c.path.String()))
		}
		return nil, refused("which is not valid now; renew it there first: %s", next)
	}
	for _, l := range old.Chain {
		if l.TrustDomain == c.o.Domain {
			return nil, refused("and came through %q before; remove the record to begin anew", c.o.Domain)
		}
	}
	return append(old.Chain[:len(old.Chain):len(old.Chain)], link), nil
}

// handOver returns the chain of an artifact that gets a path in another domain. The record at
// the old path cannot be its link, because a link states the path that the artifact has. So the
// former domain signs one for the new path.
func (c *composer) handOver(old vaulttime.Record) ([]vaulttime.Link, error) {
	r := vaulttime.Record{SHA256: c.digest, Timestamp: c.now, TrustDomain: old.TrustDomain, TTLHours: c.o.Former.TTLHours, Path: &c.path}
	if err := c.o.Former.Key.Sign(&r); err != nil {
		return nil, err
	}
	link, _ := r.Link()
	return []vaulttime.Link{link}, nil
}

// test adds X.test if it is missing or one that attest wrote. A handwritten test is only made
// executable.
func (c *composer) test() error {
	standing, err := c.place(artifact.Test)
	if err != nil {
		return err
	}
	if standing.there && !artifacttest.IsOurs(standing.data) {
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
	test := artifacttest.Test{At: standing.at, Artifact: c.path, Manifest: manifest.at, Record: record.at, KeyEnv: c.o.KeyEnv}
	test.Form = c.testForm(standing, test)
	text := test.Render()
	c.texts[artifact.Test] = text
	if !standing.holds(true, text) {
		c.out.files = append(c.out.files, txn.File{Path: standing.at, Mode: 0o755, Source: &test})
	}
	return nil
}

// testForm is the form in which a test is written: the short one where the script that it
// calls is there. A renewal approves nothing, so it keeps the form of the test.
func (c *composer) testForm(standing companion, test artifacttest.Test) artifacttest.Form {
	if c.o.Renewal && !c.o.CurrentTest && standing.there {
		if form, ok := test.Wrote(standing.data); ok {
			return form
		}
	}
	if c.short && c.path != artifacttest.IngestPath { // which would verify itself
		return artifacttest.Short
	}
	return artifacttest.Long
}
