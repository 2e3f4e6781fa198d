package incoming

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
	"github.com/codexlock/codexlock/internal/kinds"
	"github.com/codexlock/codexlock/internal/schemas"
	"github.com/codexlock/codexlock/internal/txn"
	"github.com/codexlock/codexlock/internal/vaulttime"
)

// maxDocumentBytes is the limit of the strict decoder for the documents in a quarantine.
const maxDocumentBytes = 1 << 20

// The names of the documents next to the files in a quarantine's folder.
const (
	reasonName  = "reason.json"
	releaseName = "released.json"
)

// The limits of a reason: enough to fix what is wrong, and never more than the strict decoder
// reads back.
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

// A QuarantinedFile is a file of a quarantine's folder, with its earlier path.
type QuarantinedFile struct {
	Name string `json:"name"`
	Path string `json:"path"` // escaped
}

// A Release is released.json: who released the file, why, and to which path.
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

// Quarantined is a file that was moved to quarantine or, without an ID, that was refused and
// stays where it is.
type Quarantined struct {
	ID       string
	Taken    string // the path at which another file stands already, where that is why
	Path     string // where it stood, escaped
	SHA256   artifact.Digest
	Reason   string
	Findings []Finding
}

// Quote escapes a name, so that it is one line of text. strconv.Unquote in double quotes
// returns it.
func Quote(name string) string {
	quoted := strconv.Quote(name)
	return quoted[1 : len(quoted)-1]
}

// A Rejected file is moved to quarantine.
type Rejected struct {
	From       txn.RawPath
	To         artifact.Path // the path that it was meant for
	Companions map[artifact.Companion]txn.RawPath
	By, Reason string
	Findings   []Finding
	Now        time.Time
}

// A Mover moves files of a work tree to quarantine.
type Mover struct {
	Work txn.Tree
	// NewID names a quarantine: no two calls give the same.
	NewID func() (string, error)

	buf []byte // to read into
}

// Add adds to a change what moves a rejected file, with its companions, to a folder of its own.
// Its names there are those of its digest, and nobody may run or write it.
func (m *Mover) Add(c *txn.Change, x Rejected) (Quarantined, error) {
	digest, seen, err := m.hash(x.From.Path())
	if err != nil {
		return Quarantined{}, err
	}
	random, err := m.NewID()
	if err != nil {
		return Quarantined{}, err
	}
	id := x.Now.UTC().Format("20060102T150405Z") + "-" + random
	folder := artifact.Path(QuarantineDir + "/" + id)
	if _, there, err := m.Work.Lstat(folder); err != nil {
		return Quarantined{}, err
	} else if there {
		return Quarantined{}, fmt.Errorf("quarantine %s exists already", id)
	}
	r := Reason{
		ID: id, QuarantinedAt: vaulttime.FormatTime(x.Now), By: x.By, Path: Quote(string(x.From)), Target: Quote(x.To.String()),
		SHA256: digest, Size: seen.Size, Mode: fmt.Sprintf("%04o", seen.Mode.Perm()), Reason: shorten(x.Reason), Findings: []Finding{},
	}
	for _, f := range x.Findings[:min(len(x.Findings), maxReasonFindings)] {
		f.Message, f.Fix, f.File = shorten(f.Message), shorten(f.Fix), shorten(f.File)
		r.Findings = append(r.Findings, f)
	}
	r.LeftOut = int64(len(x.Findings) - len(r.Findings))
	move := func(from txn.RawPath, name string, seen *txn.State) {
		c.Moves = append(c.Moves, txn.Move{From: from, To: folder + "/" + artifact.Path(name), Mode: 0o400, Seen: seen})
		r.Files = append(r.Files, QuarantinedFile{Name: name, Path: Quote(string(from))})
	}
	move(x.From, digest.String()+".bin", &seen)
	for _, kind := range artifact.Companions {
		if from, ok := x.Companions[kind]; ok {
			move(from, digest.String()+kind.Suffix(), nil)
		}
	}
	file, err := r.File()
	if err != nil {
		return Quarantined{}, err
	}
	c.Files = append(c.Files, file)
	return Quarantined{ID: id, Path: r.Path, SHA256: digest, Reason: x.Reason, Findings: x.Findings}, nil
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
	m := Mover{Work: txn.NewTree(root), NewID: newID}
	var c txn.Change
	var done []Quarantined
	for _, d := range drifted {
		digest, _, err := m.hash(txn.RawPath(d.Path).Path())
		if err == nil && !d.SHA256.IsZero() && digest != d.SHA256 {
			err = &txn.RefusedError{Path: d.Path.String(), Reason: "changed after it was verified; verify it again", Unsettled: true}
		}
		if err != nil {
			return nil, err
		}
		x := Rejected{From: txn.RawPath(d.Path), To: d.Path, By: "verify", Findings: d.Findings, Now: now, Companions: map[artifact.Companion]txn.RawPath{}}
		if len(d.Findings) > 0 {
			x.Reason = d.Findings[0].Message
		}
		for _, kind := range artifact.Companions {
			for _, p := range []artifact.Path{d.Path.MirroredCompanion(kind), d.Path.Companion(kind)} {
				mode, there, err := m.Work.Lstat(p)
				if err != nil {
					return nil, err
				}
				if there && mode.IsRegular() {
					x.Companions[kind] = txn.RawPath(p)
				}
			}
		}
		q, err := m.Add(&c, x)
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

// hash returns the digest of the bytes at a path, whatever they are.
func (m *Mover) hash(p artifact.Path) (artifact.Digest, txn.State, error) {
	f, before, err := m.Work.Open(p)
	if err != nil {
		return artifact.Digest{}, txn.State{}, err
	}
	defer f.Close()
	if m.buf == nil {
		m.buf = make([]byte, artifact.BufferSize)
	}
	return f.Digest(before, m.buf, nil)
}

// A Folder is one folder of assets/quarantine/ in the work tree.
type Folder struct {
	Reason
	Released *Release // nil: it is still held
}

// A DamagedQuarantineError is a quarantine whose documents cannot be read.
type DamagedQuarantineError struct {
	ID  string
	Err error
}

func (e *DamagedQuarantineError) Error() string {
	return fmt.Sprintf("%s/%s: %v", QuarantineDir, Quote(e.ID), e.Err)
}

func (e *DamagedQuarantineError) Unwrap() error { return e.Err }

// Quarantines returns the quarantines of the work tree, the oldest first. The error joins the
// errors of those that cannot be read.
func Quarantines(root string) ([]Folder, error) {
	work := txn.NewTree(root)
	names, err := work.List(QuarantineDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []Folder
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

func readQuarantine(work txn.Tree, id string) (Folder, error) {
	folder := artifact.Path(QuarantineDir + "/" + id)
	var h Folder
	text, _, there, err := work.Read(folder+"/"+reasonName, maxDocumentBytes)
	if err == nil && !there {
		err = errors.New("it has no " + reasonName)
	}
	if err == nil {
		_, err = schemas.Decode(kinds.Quarantine, text, &h.Reason)
	}
	if err == nil && h.ID != id {
		err = fmt.Errorf("its %s is that of %q", reasonName, h.ID)
	}
	if err != nil {
		return h, err
	}
	text, _, there, err = work.Read(folder+"/"+releaseName, maxDocumentBytes)
	if err != nil || !there {
		return h, err
	}
	h.Released = &Release{}
	_, err = schemas.Decode(kinds.Release, text, h.Released)
	return h, err
}

// IncomingFile returns the quarantined file as an incoming one for the path to, or for its
// earlier path. Its companions are not trusted.
func (h Folder) IncomingFile(to artifact.Path) (File, error) {
	if to == "" {
		name, err := strconv.Unquote(`"` + h.Target + `"`)
		if err != nil {
			return File{}, fmt.Errorf("target of quarantine %s: %w", h.ID, err)
		}
		if to, err = artifact.ParsePath(name); err != nil {
			return File{}, err
		}
	}
	folder := txn.RawPath(QuarantineDir + "/" + h.ID + "/")
	a := File{From: folder + txn.RawPath(h.SHA256.String()+".bin"), To: to, Anew: true, Companions: map[artifact.Companion]txn.RawPath{}}
	for _, kind := range artifact.Companions {
		name := h.SHA256.String() + kind.Suffix()
		if slices.ContainsFunc(h.Files, func(f QuarantinedFile) bool { return f.Name == name }) {
			a.Companions[kind] = folder + txn.RawPath(name)
		}
	}
	return a, nil
}

// File returns reason.json.
func (r Reason) File() (txn.File, error) {
	r.Schema = reasonSchema
	return encode(kinds.Quarantine, artifact.Path(QuarantineDir+"/"+r.ID+"/"+reasonName), r)
}

// File returns released.json.
func (r Release) File() (txn.File, error) {
	r.Schema = releaseSchema
	return encode(kinds.Release, artifact.Path(QuarantineDir+"/"+r.ID+"/"+releaseName), r)
}
