package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// A journal records an append before it changes anything. The rename of the checkpoint is
// the commit point: before it, everything is undone, and only the bytes that the journal
// records; after it, the append is complete. For a log without a checkpoint the removal
// of the journal is the commit point.
type journal struct {
	Version    int    `json:"version"`
	Size       int64  `json:"size"` // of the log before; -1: no log
	Lines      []byte `json:"lines"`
	Checkpoint []byte `json:"checkpoint"` // empty: the log is not signed
}

const journalName = "log.journal"

// maxJournalBytes is the largest journal that is read: a whole log of new lines in base64.
const maxJournalBytes = 2 * MaxBytes

func (p place) interrupted() bool {
	_, err := os.Lstat(p.state.at(journalName))
	return !errors.Is(err, fs.ErrNotExist)
}

// commit performs the append of the journal, all or nothing.
func (p place) commit(j journal) error {
	text, err := json.Marshal(j)
	if err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	if err = p.state.replace(journalName, text); err == nil {
		err = p.carryOut(j)
	}
	if err != nil {
		return errors.Join(err, p.undo(j))
	}
	if err := p.tree.sync(); err != nil {
		return err
	}
	return p.state.remove(journalName)
}

func (p place) carryOut(j journal) error {
	if err := p.grow(j); err != nil {
		return err
	}
	if len(j.Checkpoint) == 0 {
		return nil
	}
	if j.Size < 0 { // the checkpoint must not outlive its log
		if err := p.tree.sync(); err != nil {
			return err
		}
	}
	point := CheckpointPath.String()
	if err := p.tree.write(temporary(point), j.Checkpoint, 0o644); err != nil {
		return err
	}
	return p.tree.rename(temporary(point), point) // the commit point
}

// grow appends the lines to the log and reads them back: otherwise only the next reader
// would notice a write that was truncated without an error.
func (p place) grow(j journal) (err error) {
	if err := p.tree.before("open", Path.String()); err != nil {
		return err
	}
	f, info, err := p.tree.open(Path.String(), os.O_RDWR|os.O_CREATE)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	start := max(j.Size, 0)
	if info.Size() != start {
		return &RefusedError{Path.String(), fmt.Sprintf("has %d bytes, had %d a moment ago", info.Size(), start), "something else writes it: want codexlock alone"}
	}
	if _, err := f.Seek(start, io.SeekStart); err != nil {
		return err
	}
	if err := p.tree.fill(f, Path.String(), j.Lines); err != nil {
		return err
	}
	if err := p.tree.flush(f, Path.String()); err != nil {
		return err
	}
	got, err := io.ReadAll(io.NewSectionReader(f, start, int64(len(j.Lines))+1))
	if err == nil && !bytes.Equal(got, j.Lines) {
		err = fmt.Errorf("%s: reads back as something else than was written", Path)
	}
	return err
}

// undo removes the lines of an append that did not commit. It truncates only bytes that the
// journal records. It does not change a log that was replaced meanwhile, as by git
// checkout: that log has its own checkpoint.
func (p place) undo(j journal) error {
	err := p.shrink(j)
	if err == nil {
		err = p.tree.remove(temporary(CheckpointPath.String()))
	}
	if err == nil {
		err = p.state.remove(temporary(journalName))
	}
	if err == nil {
		err = p.state.remove(journalName)
	}
	if err == nil {
		err = p.state.sync()
	}
	return err
}

func (p place) shrink(j journal) (err error) {
	name, start := Path.String(), max(j.Size, 0)
	f, info, err := p.tree.open(name, os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	more := info.Size() - start
	if more < 0 || more == 0 && j.Size >= 0 || more > int64(len(j.Lines)) {
		return nil
	}
	got := make([]byte, more)
	if _, err := f.ReadAt(got, start); err != nil && err != io.EOF {
		return err
	}
	if !bytes.HasPrefix(j.Lines, got) {
		return nil
	}
	if j.Size < 0 {
		return p.tree.remove(name)
	}
	if err := p.tree.before("truncate", name); err != nil {
		return err
	}
	if err := f.Truncate(start); err != nil {
		return err
	}
	return p.tree.flush(f, name)
}

// recover completes or undoes an interrupted append. The caller holds the lock.
func (p place) recover() error {
	text, there, err := p.state.read(journalName, maxJournalBytes)
	if err != nil || !there {
		return err
	}
	var j journal
	if err := json.Unmarshal(text, &j); err != nil || j.Version != 1 {
		return &RefusedError{p.state.at(journalName), "is no journal of this version", "see what it holds; codexlock adds nothing to the log while it is there"}
	}
	if len(j.Checkpoint) > 0 {
		now, _, err := p.tree.read(CheckpointPath.String(), maxCheckpoint)
		if err != nil {
			return err
		}
		if bytes.Equal(now, j.Checkpoint) { // it was committed
			if err := p.tree.sync(); err != nil {
				return err
			}
			return p.state.remove(journalName)
		}
	}
	return p.undo(j)
}
