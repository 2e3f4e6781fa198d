package audit

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"github.com/codexlock/codexlock/internal/txn"
)

// A Snapshot is the log and the checkpoint of a work tree at one moment, without later
// entries.
type Snapshot struct {
	Lines      *io.SectionReader // the log's text
	Checkpoint []byte
	Signed     bool // it has a checkpoint
	file       *txn.OpenFile
}

// Close closes the log.
func (s Snapshot) Close() error { return s.file.Close() }

// Open takes a snapshot. Without a log the error is fs.ErrNotExist.
func Open(ctx context.Context, root, gitDir string) (Snapshot, error) {
	release, err := Hold(ctx, root, gitDir)
	if err != nil {
		return Snapshot{}, err
	}
	defer release()
	p := placeOf(root, gitDir)
	f, seen, err := p.open(Path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = fs.ErrNotExist
		}
		return Snapshot{}, err
	}
	s := Snapshot{Lines: io.NewSectionReader(f, 0, seen.Size), file: f}
	if s.Checkpoint, s.Signed, err = p.read(CheckpointPath, maxCheckpoint); err != nil {
		f.Close()
		return Snapshot{}, err
	}
	return s, nil
}
