package attest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/schemas"
	"github.com/codexlock/codexlock/internal/txn"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// maxNameBytes is the longest name of a file on the file systems in use.
const maxNameBytes = 255

// What stands beside the files in a quarantine's folder.
const (
	reasonName  = "reason.json"
	releaseName = "released.json"
)

// The most that a reason tells: enough to mend what is wrong, and never more
// than the strict decoder reads back.
const (
	maxReasonFindings = 100
	maxReasonText     = 2000
)

// A Reason is reason.json: what was quarantined, and why (ZT-2.5).
type Reason struct {
	Schema        string            `json:"schema"`
	ID            string            `json:"id"`
	QuarantinedAt string            `json:"quarantined_at"`
	By            string            `json:"by"`   // ingest, verify
	Path          string            `json:"path"` // where it stood, escaped: its name may be no text
	Target        string            `json:"target"`
	SHA256        artifact.Digest   `json:"sha256"`
	Size          int64             `json:"size"`
	Mode          string            `json:"mode"` // that it had
	Reason        string            `json:"reason"`
	Findings      []Finding         `json:"findings"`
	LeftOut       int64             `json:"findings_left_out"`
	Files         []QuarantinedFile `json:"files"`
}

// A QuarantinedFile says which file of a quarantine's folder stood where.
type QuarantinedFile struct {
	Name string `json:"name"`
	Path string `json:"path"` // escaped
}

// A Release is released.json: who let it go again, why, and to where.
type Release struct {
	Schema     string          `json:"schema"`
	ID         string          `json:"id"`
	ReleasedAt string          `json:"released_at"`
	ReleasedBy string          `json:"released_by"`
	Reason     string          `json:"reason"`
	Path       string          `json:"path"`
	SHA256     artifact.Digest `json:"sha256"`
	Domain     string          `json:"trust_domain"`
	KeyID      string          `json:"key_id"`
}

// The versions of these forms.
const (
	reasonSchema  = "codexlock.quarantine/v1"
	releaseSchema = "codexlock.release/v1"
)

// Quarantined is what was moved to quarantine, or, without an ID, was not let in and
// stays where it is.
type Quarantined struct {
	ID       string
	Taken    string // the path at which another file stands already, where that is why
	Path     string // where it stood, escaped
	SHA256   artifact.Digest
	Reason   string
	Findings []Finding
}

// escape writes a name so that it is one line of text; strconv.Unquote in double
// quotes gives it back.
func escape(name string) string {
	quoted := strconv.Quote(name)
	return quoted[1 : len(quoted)-1]
}

// A rejected file is to be quarantined.
type rejected struct {
	from       txn.RawPath
	to         artifact.Path
	companions map[artifact.Companion]txn.RawPath
	by, reason string
	findings   []Finding
	now        time.Time
}

// quarantine adds to the change what moves the file, its companions with it, into
// a folder of its own. Names in there are ours, and nothing may be run or written.
func (b *batch) quarantine(c *txn.Change, x rejected, newID func() (string, error)) (Quarantined, error) {
	f, before, err := b.work.Open(x.from.Path())
	if err != nil {
		return Quarantined{}, err
	}
	defer f.Close()
	digest, seen, err := digest(f, before, b.buffer())
	if err != nil {
		return Quarantined{}, err
	}
	random, err := newID()
	if err != nil {
		return Quarantined{}, err
	}
	id := x.now.UTC().Format("20060102T150405Z") + "-" + random
	folder := artifact.Path(QuarantineDir + "/" + id)
	if _, there, err := b.work.Lstat(folder); err != nil {
		return Quarantined{}, err
	} else if there {
		return Quarantined{}, fmt.Errorf("quarantine %s exists already", id)
	}
	r := Reason{
		Schema: reasonSchema, ID: id, QuarantinedAt: vaulttime.FormatTime(x.now), By: x.by, Path: escape(string(x.from)), Target: escape(x.to.String()),
		SHA256: digest, Size: before.Size, Mode: fmt.Sprintf("%04o", before.Mode.Perm()), Reason: shorten(x.reason), Findings: []Finding{},
	}
	for _, f := range x.findings[:min(len(x.findings), maxReasonFindings)] {
		f.Message, f.Fix, f.File = shorten(f.Message), shorten(f.Fix), shorten(f.File)
		r.Findings = append(r.Findings, f)
	}
	r.LeftOut = int64(len(x.findings) - len(r.Findings))
	move := func(from txn.RawPath, name string, seen *txn.State) {
		c.Moves = append(c.Moves, txn.Move{From: from, To: folder + "/" + artifact.Path(name), Mode: 0o400, Seen: seen})
		r.Files = append(r.Files, QuarantinedFile{Name: name, Path: escape(string(from))})
	}
	move(x.from, digest.String()+".bin", &seen)
	for _, kind := range artifact.Companions {
		if from, ok := x.companions[kind]; ok {
			move(from, digest.String()+kind.Suffix(), nil)
		}
	}
	file, err := encode(schemas.Quarantine, folder+"/"+reasonName, r)
	if err != nil {
		return Quarantined{}, err
	}
	c.Files = append(c.Files, file)
	return Quarantined{ID: id, Path: r.Path, SHA256: digest, Reason: x.reason, Findings: x.findings}, nil
}

func shorten(text string) string {
	if len(text) > maxReasonText {
		text = text[:maxReasonText] + "…"
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// encode writes a document of ours, read-only, and reads it back first.
func encode(kind schemas.Kind, p artifact.Path, document any) (txn.File, error) {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(document)
	if err == nil {
		_, err = schemas.Decode(kind, text.Bytes(), nil)
	}
	if err != nil {
		return txn.File{}, fmt.Errorf("write %s: %w", p, err)
	}
	return txn.File{Path: p, Mode: 0o400, Data: text.Bytes()}, nil
}

// A Drifted source is one whose bytes are not those that were trusted.
type Drifted struct {
	Path     artifact.Path
	SHA256   artifact.Digest // that it was found to have; zero: it is a pointer to its content
	Findings []Finding
}

// Quarantine moves sources that drifted away, each with its companions, all of
// them or none. Their ledger entries stay: until somebody restores, releases or
// removes the artifact on purpose, the gate has to deny.
func Quarantine(ctx context.Context, root, gitDir string, drifted []Drifted, now time.Time, newID func() (string, error)) ([]Quarantined, error) {
	w, err := txn.Begin(ctx, root, gitDir)
	if err != nil {
		return nil, err
	}
	defer w.End()
	b, err := newBatch(root, gitDir)
	if err != nil {
		return nil, err
	}
	var c txn.Change
	var done []Quarantined
	for _, d := range drifted {
		digest, err := b.raw(d.Path)
		if err == nil && !d.SHA256.IsZero() && digest != d.SHA256 {
			err = &RefusedError{Path: d.Path.String(), Reason: "changed after it was verified; verify it again", Unsettled: true}
		}
		if err != nil {
			return nil, err
		}
		x := rejected{from: txn.RawPath(d.Path), to: d.Path, by: "verify", findings: d.Findings, now: now, companions: map[artifact.Companion]txn.RawPath{}}
		if len(d.Findings) > 0 {
			x.reason = d.Findings[0].Message
		}
		for _, kind := range artifact.Companions {
			for _, p := range []artifact.Path{d.Path.MirroredCompanion(kind), d.Path.Companion(kind)} {
				mode, there, err := b.work.Lstat(p)
				if err != nil {
					return nil, err
				}
				if there && mode.IsRegular() {
					x.companions[kind] = txn.RawPath(p)
				}
			}
		}
		q, err := b.quarantine(&c, x, newID)
		if err != nil {
			return nil, err
		}
		done = append(done, q)
	}
	if c.Empty() {
		return nil, nil
	}
	return done, w.Commit(ctx, c)
}

// buffer is what files are read into that are quarantined, one after the other.
func (b *batch) buffer() []byte {
	if b.buf == nil {
		b.buf = make([]byte, artifact.BufferSize)
	}
	return b.buf
}

// raw is the digest of the bytes at a path, whatever they are.
func (b *batch) raw(p artifact.Path) (artifact.Digest, error) {
	f, before, err := b.work.Open(p)
	if err != nil {
		return artifact.Digest{}, err
	}
	defer f.Close()
	digest, _, err := digest(f, before, b.buffer())
	return digest, err
}

// A QuarantineFolder is one folder of assets/quarantine/ in the work tree.
type QuarantineFolder struct {
	Reason
	Released *Release // nil: it is still held
}

// A DamagedQuarantineError is a quarantine that cannot be told about.
type DamagedQuarantineError struct {
	ID  string
	Err error
}

func (e *DamagedQuarantineError) Error() string {
	return fmt.Sprintf("%s/%s: %v", QuarantineDir, escape(e.ID), e.Err)
}

func (e *DamagedQuarantineError) Unwrap() error { return e.Err }

// Quarantines are all that stand in the work tree, the oldest first. The error
// joins what is wrong with the others.
func Quarantines(root string) ([]QuarantineFolder, error) {
	work := txn.NewTree(root)
	names, err := work.List(QuarantineDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []QuarantineFolder
	var errs []error
	for _, id := range names {
		if slices.Contains(kept, id) {
			continue
		}
		held, err := readQuarantine(work, id)
		if err != nil {
			errs = append(errs, &DamagedQuarantineError{id, err})
			continue
		}
		all = append(all, held)
	}
	return all, errors.Join(errs...)
}

func readQuarantine(work txn.Tree, id string) (QuarantineFolder, error) {
	folder := artifact.Path(QuarantineDir + "/" + id)
	var h QuarantineFolder
	text, _, there, err := work.Read(folder+"/"+reasonName, maxCompanionBytes)
	if err == nil && !there {
		err = errors.New("it has no " + reasonName)
	}
	if err == nil {
		_, err = schemas.Decode(schemas.Quarantine, text, &h.Reason)
	}
	if err == nil && h.ID != id {
		err = fmt.Errorf("its %s is that of %q", reasonName, h.ID)
	}
	if err != nil {
		return h, err
	}
	text, _, there, err = work.Read(folder+"/"+releaseName, maxCompanionBytes)
	if err != nil || !there {
		return h, err
	}
	h.Released = &Release{}
	_, err = schemas.Decode(schemas.Release, text, h.Released)
	return h, err
}

// IncomingFile returns the quarantined file as an incoming one for the path to, or for its
// earlier path. Its companions are not trusted.
func (h QuarantineFolder) IncomingFile(to artifact.Path) (IncomingFile, error) {
	if to == "" {
		name, err := strconv.Unquote(`"` + h.Target + `"`)
		if err != nil {
			return IncomingFile{}, fmt.Errorf("target of quarantine %s: %w", h.ID, err)
		}
		if to, err = artifact.ParsePath(name); err != nil {
			return IncomingFile{}, err
		}
	}
	folder := txn.RawPath(QuarantineDir + "/" + h.ID + "/")
	a := IncomingFile{From: folder + txn.RawPath(h.SHA256.String()+".bin"), To: to, Anew: true, Companions: map[artifact.Companion]txn.RawPath{}}
	for _, kind := range artifact.Companions {
		name := h.SHA256.String() + kind.Suffix()
		if slices.ContainsFunc(h.Files, func(f QuarantinedFile) bool { return f.Name == name }) {
			a.Companions[kind] = folder + txn.RawPath(name)
		}
	}
	return a, nil
}

// File is the record of a release.
func (r Release) File() (txn.File, error) {
	r.Schema = releaseSchema
	return encode(schemas.Release, artifact.Path(QuarantineDir+"/"+r.ID+"/"+releaseName), r)
}
