package audit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"golang.org/x/sys/unix"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/txn"
)

// logLock is the lock of who writes or reads the log. A writer waits for the others: 50 of
// them with 20 entries each took less than this on a slow disk.
var logLock = txn.Lock{Name: "log.lock", Holder: "writes the audit log", Patience: time.Minute}

func (p place) lock(ctx context.Context, how txn.Sharing) (release func(), err error) {
	return logLock.Take(ctx, p.gitDir, how)
}

// Hold keeps writers away while log and checkpoint of a work tree are read. It first undoes
// the incomplete append of a killed writer. On a read-only file system there is no lock
// and no writer.
func Hold(ctx context.Context, root, gitDir string) (release func(), err error) {
	p := placeOf(root, gitDir)
	if p.interrupted() {
		release, err := p.lock(ctx, txn.Exclusive)
		if err != nil {
			return nil, err
		}
		err = p.recover()
		release()
		if err != nil {
			return nil, err
		}
	}
	release, err = p.lock(ctx, txn.Shared)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EROFS) {
		return func() {}, nil
	}
	return release, err
}

// A place is a work tree, and the folder with the journal, the lock and the cached tail of
// its log.
type place struct {
	tree, state txn.Tree // the work tree, and the Git directory
	gitDir      string
}

func placeOf(root, gitDir string) place {
	return place{txn.NewTree(root), txn.NewTree(gitDir), gitDir}
}

// open opens a file of the work tree. Its error for what is no regular file is a
// *RefusedError.
func (p place) open(name artifact.Path) (*txn.OpenFile, txn.State, error) {
	f, state, err := p.tree.Open(name)
	return f, state, refused(err)
}

// read reads a file of the work tree, if it exists.
func (p place) read(name artifact.Path, limit int64) (data []byte, there bool, err error) {
	data, _, there, err = p.tree.Read(name, limit)
	return data, there, refused(err)
}

// A RefusedError is a log that is not added to as it stands.
type RefusedError struct {
	Path   string
	Reason string // what is wrong with it, lower case, no full stop
	Next   string // the next step
}

func (e *RefusedError) Error() string { return fmt.Sprintf("%s: %s", e.Path, e.Reason) }

// Hint is the next step.
func (e *RefusedError) Hint() string { return e.Next }

// refused makes a refusal of txn one of the log: nothing is wrong with how the command was
// called, somebody changed the log.
func refused(err error) error {
	var no *txn.RefusedError
	if !errors.As(err, &no) {
		return err
	}
	return &RefusedError{no.Path, no.Reason, "see who put it there, and take the file from the last commit: git checkout HEAD -- " + no.Path}
}
