package txn

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
)

// A File is a file to write.
type File struct {
	Path artifact.Path `json:"path"`
	Mode fs.FileMode   `json:"mode"` // 0644 or 0755, as Git knows them; 0444 or 0400 where nothing may write
	Data []byte        `json:"data"`

	// Source has the text in place of Data: thousands of rendered tests would be most of
	// an attestation's memory.
	Source Source `json:"-"`
}

// Text is what is to stand in the file.
func (f File) Text() []byte {
	if f.Source != nil {
		return f.Source.Render()
	}
	return f.Data
}

// A Source makes the text of a file, the same one each time.
type Source interface{ Render() []byte }

// A Move is a file to move: its bytes are never read into memory or into the journal.
type Move struct {
	From    RawPath       `json:"from"`
	To      artifact.Path `json:"to"`
	Mode    fs.FileMode   `json:"mode"`    // at its new place
	Replace bool          `json:"replace"` // may replace an existing file
	// Copy says that the bytes are copied and the file is not: the two places are on
	// different file systems, or it has another name too.
	Copy bool `json:"copy,omitempty"`

	Seen *State `json:"-"` // the file whose bytes were looked at; nil after a restart
}

// A RawPath is the path of a file with any name: files with invalid names can still be moved. In JSON it is base64,
// since a name may be no UTF-8.
type RawPath string

// MarshalJSON writes the bytes of the name.
func (p RawPath) MarshalJSON() ([]byte, error) { return json.Marshal([]byte(p)) }

// UnmarshalJSON reads them, and refuses what leads out of the repository.
func (p *RawPath) UnmarshalJSON(text []byte) error {
	var name []byte
	if err := json.Unmarshal(text, &name); err != nil {
		return err
	}
	*p = RawPath(name)
	return p.check()
}

func (p RawPath) check() error {
	for part := range strings.SplitSeq(string(p), "/") {
		if part == "" || part == "." || part == ".." || strings.EqualFold(part, ".git") || strings.Contains(part, "\x00") {
			return &RefusedError{Path: string(p), Reason: "is no path of a file in the repository"}
		}
	}
	return nil
}

// Path is the same name for what reads files.
func (p RawPath) Path() artifact.Path { return artifact.Path(p) }

// A Change is a change of a work tree that is done completely, or not at all.
type Change struct {
	Files   []File
	Moves   []Move
	Removes []RawPath
	// Emptied are folders to remove, inner ones first, if nothing is left in them.
	Emptied []string
}

// Empty reports whether there is nothing to do.
func (c Change) Empty() bool { return len(c.Files)+len(c.Moves)+len(c.Removes) == 0 }

// Where the journal is written, and the name that makes it count.
const (
	journalName = StateDir + "/journal.json"
	journalTemp = StateDir + "/journal.json.tmp"
)

// maxJournalBytes bounds what is read back: 64 MiB of ledger and companions of
// some 100,000 artifacts, in base64.
const maxJournalBytes = 2 << 30

// A journal records all steps of a commit. Its rename is the commit point: before it,
// everything is undone; after it, everything is completed.
type journal struct {
	Version int       `json:"version"`
	Files   []File    `json:"files"`
	Moves   []Move    `json:"moves,omitempty"`
	Removes []RawPath `json:"removes,omitempty"`
	Folders []string  `json:"folders"` // that the commit makes, outermost first
	Emptied []string  `json:"emptied,omitempty"`
}

func (j journal) change() Change {
	return Change{Files: j.Files, Moves: j.Moves, Removes: j.Removes, Emptied: j.Emptied}
}

// A checkedJournal is the file of a journal. The digest distinguishes a complete journal from a
// torn one.
type checkedJournal struct {
	SHA256  artifact.Digest `json:"sha256"`
	Journal json.RawMessage `json:"journal"`
}

// What stands in a journal's file before its digest, and after.
const (
	beforeDigest = `{"sha256":"`
	afterDigest  = `","journal":`
)

// write writes the journal's file with zeros for its digest, which comes first and is
// known last, and returns the digest. Files go to w one by one: all of them together, in
// base64 and twice, would be more memory than the rest of an attestation needs.
func (j journal) write(w io.Writer) (digest string, err error) {
	out, hash := bufio.NewWriterSize(w, 64<<10), sha256.New()
	if _, err := fmt.Fprintf(out, "%s%064d%s", beforeDigest, 0, afterDigest); err != nil {
		return "", err
	}
	if err := j.encode(io.MultiWriter(out, hash)); err != nil {
		return "", err
	}
	if err := out.WriteByte('}'); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), out.Flush()
}

// encode writes what json.Marshal makes of the journal.
func (j journal) encode(w io.Writer) error {
	rest, err := json.Marshal(journal{Version: j.Version, Moves: j.Moves, Removes: j.Removes, Folders: j.Folders, Emptied: j.Emptied, Files: []File{}})
	if err != nil {
		return err
	}
	head, tail, found := bytes.Cut(rest, []byte(`"files":[`))
	if !found {
		return errors.New("it has no list of files")
	}
	if _, err := fmt.Fprintf(w, `%s"files":[`, head); err != nil {
		return err
	}
	var text []byte
	for i, f := range j.Files {
		text = text[:0]
		if i > 0 {
			text = append(text, ',')
		}
		path, err := json.Marshal(f.Path)
		if err != nil {
			return err
		}
		text = fmt.Appendf(text, `{"path":%s,"mode":%d,"data":"`, path, f.Mode)
		text = base64.StdEncoding.AppendEncode(text, f.Text())
		if _, err := w.Write(append(text, `"}`...)); err != nil {
			return err
		}
	}
	_, err = w.Write(tail)
	return err
}

func decodeJournal(data []byte) (journal, error) {
	var sealed checkedJournal
	var j journal
	if err := decodeStrictly(data, &sealed); err != nil {
		return j, err
	}
	if artifact.HashBytes(sealed.Journal) != sealed.SHA256 {
		return j, errors.New("its digest differs from its content")
	}
	if err := decodeStrictly(sealed.Journal, &j); err != nil {
		return j, err
	}
	if j.Version != 1 {
		return j, fmt.Errorf("its version is %d, want 1", j.Version)
	}
	for _, folder := range j.Folders {
		if _, err := artifact.ParsePath(folder); err != nil {
			return j, err
		}
	}
	return j, j.change().check()
}

func decodeStrictly(data []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if dec.More() {
		return errors.New("something follows it")
	}
	return nil
}

// modes are those that a file may be given.
var modes = []fs.FileMode{0o644, 0o755, 0o444, 0o400}

// check refuses an invalid change, and one with duplicate paths.
func (c Change) check() error {
	seen := make(map[string]bool, len(c.Files)+2*len(c.Moves)+len(c.Removes))
	once := func(name string) error {
		if seen[name] {
			return &RefusedError{Path: name, Reason: "is to be written twice at once"}
		}
		seen[name] = true
		return nil
	}
	target := func(p artifact.Path, mode fs.FileMode) error {
		if _, err := artifact.ParsePath(p.String()); err != nil {
			return err
		}
		if !slices.Contains(modes, mode) {
			return &RefusedError{Path: p.String(), Reason: fmt.Sprintf("mode is %o, want 644, 755, 444 or 400", mode)}
		}
		return once(p.String())
	}
	source := func(p RawPath) error {
		if err := p.check(); err != nil {
			return err
		}
		return once(string(p))
	}
	for _, f := range c.Files {
		if err := target(f.Path, f.Mode); err != nil {
			return err
		}
	}
	for _, m := range c.Moves {
		if err := errors.Join(target(m.To, m.Mode), source(m.From)); err != nil {
			return err
		}
	}
	for _, p := range c.Removes {
		if err := source(p); err != nil {
			return err
		}
	}
	for _, folder := range c.Emptied {
		if _, err := artifact.ParsePath(folder); err != nil {
			return err
		}
	}
	return nil
}
