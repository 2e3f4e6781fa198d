package audit

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/codexlock/codexlock/internal/kinds"
	"github.com/codexlock/codexlock/internal/schemas"
	"github.com/codexlock/codexlock/internal/txn"
)

// A Writer adds to the log of a work tree.
type Writer struct {
	Root   string // of the work tree
	GitDir string
	// Public returns the key of an id. Entries are added to a log only if its checkpoint
	// is valid.
	Public func(id string) (ed25519.PublicKey, bool)
	Signer *Signer // nil: the log is not signed
}

// An Appended describes appended entries.
type Appended struct {
	From   int64 // index of the first entry in the log, counted from 0
	Lines  int64 // number of lines of the log now
	Signed bool
}

// begin takes the lock, and undoes an append that another process left incomplete.
func (w Writer) begin(ctx context.Context) (p place, release func(), err error) {
	p = placeOf(w.Root, w.GitDir)
	if release, err = p.lock(ctx, txn.Exclusive); err != nil {
		return p, nil, err
	}
	if err := p.recover(); err != nil {
		release()
		return p, nil, fmt.Errorf("undo an interrupted append: %w", err)
	}
	return p, release, nil
}

// Append adds entries at the log's end and signs the new checkpoint, all or nothing. It
// sets their Seq and Prev. When it returns without an error, they are on the disk. Its
// error can be a *RefusedError or a *LockedError.
func (w Writer) Append(ctx context.Context, entries []Entry) (Appended, error) {
	if len(entries) == 0 {
		return Appended{}, nil
	}
	p, release, err := w.begin(ctx)
	if err != nil {
		return Appended{}, err
	}
	defer release()
	before, size, err := w.end(p, false)
	if err != nil {
		return Appended{}, err
	}
	j := journal{Version: 1, Size: size}
	after := before.clone()
	if j.Lines, err = after.write(entries); err != nil {
		return Appended{}, err
	}
	if after.bytes > MaxBytes {
		return Appended{}, &RefusedError{Path.String(), fmt.Sprintf("would have %d bytes, want at most %d", after.bytes, MaxBytes), "a log of this size belongs into a transparency log: see docs/guides/audit.md"}
	}
	if w.Signer != nil {
		if j.Checkpoint, err = w.Signer.checkpoint(after); err != nil {
			return Appended{}, err
		}
	}
	if err := p.commit(j); err != nil {
		return Appended{}, err
	}
	p.saveTail(after)
	return Appended{From: before.tree.size, Lines: after.tree.size, Signed: w.Signer != nil}, nil
}

// Sign signs the current log if it has no checkpoint, or one of a key that is no longer
// trusted: the caller is responsible for its content.
func (w Writer) Sign(ctx context.Context) (Appended, error) {
	p, release, err := w.begin(ctx)
	if err != nil {
		return Appended{}, err
	}
	defer release()
	end, size, err := w.end(p, true)
	if err != nil {
		return Appended{}, err
	}
	if end.tree.size == 0 {
		return Appended{}, &RefusedError{Path.String(), "has no entry to sign", "log a verification: codexlock verify --all --log"}
	}
	j := journal{Version: 1, Size: size}
	if j.Checkpoint, err = w.Signer.checkpoint(end); err != nil {
		return Appended{}, err
	}
	if err := p.commit(j); err != nil {
		return Appended{}, err
	}
	return Appended{From: end.tree.size, Lines: end.tree.size, Signed: true}, nil
}

// write returns the text of the next entries, with Seq and Prev.
func (t *tail) write(entries []Entry) ([]byte, error) {
	var text bytes.Buffer
	for _, e := range entries {
		seq := t.tree.size
		e.Seq, e.Prev = &seq, t.prev
		line, err := Line(e)
		if err != nil {
			return nil, err
		}
		t.add(line)
		text.Write(line)
		text.WriteByte('\n')
	}
	return text.Bytes(), nil
}

// Line formats an entry as one line, without its line end. It fails for an entry that a
// reader would refuse.
func Line(e Entry) ([]byte, error) {
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		return nil, fmt.Errorf("log %q: %w", e.Artifact, err)
	}
	text := bytes.TrimSuffix(line.Bytes(), []byte("\n"))
	if _, err := schemas.Decode(kinds.Integrity, text, nil); err != nil {
		return nil, fmt.Errorf("log %q: %w", e.Artifact, err)
	}
	if len(text) >= maxLine {
		return nil, fmt.Errorf("log %q: the line has %d bytes, want less than %d", e.Artifact, len(text), maxLine)
	}
	return text, nil
}

// end verifies the log and its signature, and returns its end and its size, or -1 if there
// is no log. With anew, the log is about to be signed again: any signature will do.
func (w Writer) end(p place, anew bool) (tail, int64, error) {
	point, signed, err := p.read(CheckpointPath, maxCheckpoint)
	if err != nil {
		return tail{}, 0, err
	}
	f, seen, err := p.open(Path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && signed:
		return tail{}, 0, &RefusedError{Path.String(), "is missing, but its checkpoint exists", "take both from the last commit: git checkout HEAD -- " + Path.String() + " " + CheckpointPath.String()}
	case errors.Is(err, fs.ErrNotExist):
		return newTail(), -1, nil
	case err != nil:
		return tail{}, 0, err
	}
	defer f.Close()
	t, err := p.loadTail(seen)
	if err != nil || !signed || anew {
		if t, err = readEnd(io.NewSectionReader(f, 0, seen.Size)); err != nil {
			return tail{}, 0, err
		}
	}
	if err := w.holds(t, point, signed, anew); err != nil {
		return tail{}, 0, err
	}
	return t, seen.Size, nil
}

// restore is the hint for a log that does not verify.
const restore = "find out what changed it: codexlock audit verify; then take log and checkpoint from the last commit that verifies"

// readEnd reads the whole log.
func readEnd(f io.Reader) (tail, error) {
	log, err := Walk(f, nil)
	var bad *LineError
	switch {
	case errors.As(err, &bad):
		return tail{}, &RefusedError{Path.String(), bad.Error(), restore}
	case err != nil:
		return tail{}, fmt.Errorf("read %s: %w", Path, err)
	case log.Chain == Broken:
		return tail{}, &RefusedError{Path.String(), fmt.Sprintf("line %d does not follow the one before it", log.Break), restore}
	case log.Chain == Unchained:
		return tail{}, &RefusedError{Path.String(), "was made by hand: its lines have no seq and prev, so nothing can follow them", "keep it under another name, and let codexlock begin one"}
	}
	return log.tail, nil
}

// holds compares the log's end with its checkpoint. Nothing is added to a log that differs
// from the signed one, and no signed log is continued without a signature.
func (w Writer) holds(t tail, point []byte, signed, anew bool) error {
	if !signed {
		return nil
	}
	name := CheckpointPath.String()
	c, err := ReadCheckpoint(point, w.Public)
	switch {
	case err != nil:
		return &RefusedError{name, err.Error(), restore}
	case w.Signer == nil:
		return &RefusedError{name, "the log is signed, and this run has no key to sign what it would add", "set the key of the domain that signs the log in the environment"}
	case c.Signature == NoKey && !anew:
		return &RefusedError{name, "no key to check its signature", "add the public key of the domain that signs the log to codexlock.yaml: codexlock keys public; or sign the log in its current state with the current key: codexlock audit sign"}
	case c.Signature == Invalid:
		return &RefusedError{name, "its signature does not hold", restore}
	case c.Size != t.tree.size || c.Root != t.tree.root():
		return &RefusedError{name, fmt.Sprintf("is of a log of %d lines, %s has %d, or another root", c.Size, Path, t.tree.size), restore}
	}
	return nil
}
