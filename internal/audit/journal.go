package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/codexlock/codexlock/internal/txn"
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

const journalName = txn.StateDir + "/log.journal"

// maxJournalBytes is the largest journal that is read: a whole log of new lines in base64.
const maxJournalBytes = 2 * MaxBytes

func (p place) interrupted() bool {
	_, there, err := p.state.Lstat(journalName)
	return there || err != nil
}

// commit performs the append of the journal, all or nothing.
func (p place) commit(j journal) error {
	text, err := json.Marshal(j)
	if err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	if err = p.state.Replace(journalName, text, 0o644); err == nil {
		err = p.carryOut(j)
	}
	if err != nil {
		return errors.Join(err, p.undo(j))
	}
	if err := p.tree.Sync("."); err != nil {
		return err
	}
	return p.state.Remove(journalName)
}

func (p place) carryOut(j journal) error {
	if err := p.grow(j); err != nil {
		return err
	}
	if len(j.Checkpoint) == 0 {
		return nil
	}
	if j.Size < 0 { // the checkpoint must not outlive its log
		if err := p.tree.Sync("."); err != nil {
			return err
		}
	}
	if err := p.tree.Stage(CheckpointPath, j.Checkpoint, 0o644); err != nil {
		return err
	}
	return p.tree.Rename(txn.Staged(CheckpointPath), CheckpointPath.String()) // the commit point
}

// grow appends the lines to the log and reads them back: otherwise only the next reader
// would notice a write that was truncated without an error.
func (p place) grow(j journal) (err error) {
	f, seen, err := p.tree.OpenToChange(Path, true)
	if err != nil {
		return refused(err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	start := max(j.Size, 0)
	if seen.Size != start {
		return &RefusedError{Path.String(), fmt.Sprintf("has %d bytes, had %d a moment ago", seen.Size, start), "something else writes it: want codexlock alone"}
	}
	if err := f.WriteAt(j.Lines, start); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
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
		err = p.tree.Remove(txn.Staged(CheckpointPath))
	}
	if err == nil {
		err = p.state.Remove(txn.Staged(journalName))
	}
	if err == nil {
		err = p.state.Remove(journalName)
	}
	if err == nil {
		err = p.state.Sync(txn.StateDir)
	}
	return err
}

func (p place) shrink(j journal) (err error) {
	start := max(j.Size, 0)
	f, seen, err := p.tree.OpenToChange(Path, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return refused(err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	more := seen.Size - start
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
		return p.tree.Remove(Path.String())
	}
	if err := f.Truncate(start); err != nil {
		return err
	}
	return f.Sync()
}

// recover completes or undoes an interrupted append. The caller holds the lock.
func (p place) recover() error {
	text, _, there, err := p.state.Read(journalName, maxJournalBytes)
	if err != nil || !there {
		return err
	}
	var j journal
	if err := json.Unmarshal(text, &j); err != nil || j.Version != 1 {
		return &RefusedError{filepath.Join(p.gitDir, journalName), "is no journal of this version", "see what it holds; codexlock adds nothing to the log while it is there"}
	}
	if len(j.Checkpoint) > 0 {
		now, _, err := p.read(CheckpointPath, maxCheckpoint)
		if err != nil {
			return err
		}
		if bytes.Equal(now, j.Checkpoint) { // it was committed
			if err := p.tree.Sync("."); err != nil {
				return err
			}
			return p.state.Remove(journalName)
		}
	}
	return p.undo(j)
}
