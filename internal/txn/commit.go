package txn

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"

	"github.com/codexlock/codexlock/internal/artifact"
)

// A PendingError is a commit that passed its commit point but did not put all files in place.
// Recover, or the next Attest or Commit, completes it.
type PendingError struct{ Err error }

func (e *PendingError) Error() string {
	return fmt.Sprintf("%v; the write is decided and recorded: run the command again to finish it", e.Err)
}

func (e *PendingError) Unwrap() error { return e.Err }

// Commit puts all files in place, or none: after an error, a kill or a power cut at any moment,
// the tree is, after Recover, in the old or in the new state. It first completes an earlier
// commit. It follows no symlink.
func Commit(ctx context.Context, root, gitDir string, files []File) error {
	if len(files) == 0 {
		return nil
	}
	return CommitChange(ctx, root, gitDir, Change{Files: files})
}

// CommitChange is Commit for files that are moved and removed too.
func CommitChange(ctx context.Context, root, gitDir string, c Change) error {
	w, err := Begin(ctx, root, gitDir)
	if err != nil {
		return err
	}
	defer w.End()
	return w.Commit(ctx, c)
}

// Pending reports whether a commit is incomplete, or may be.
func Pending(gitDir string) bool {
	_, _, there, err := Tree{root: gitDir}.Read(journalName, maxJournalBytes)
	return there || err != nil
}

// Recover completes a commit that passed its commit point, and removes the files of one that
// did not. It returns the number of files that it put in place.
func Recover(root, gitDir string) (n int, err error) {
	w := writer{work: Tree{root: root}, state: Tree{root: gitDir}}
	idle, err := w.idle()
	if idle || err != nil {
		return 0, err
	}
	release, err := workTree.Take(context.Background(), gitDir, Exclusive)
	if err != nil {
		return 0, err
	}
	defer release()
	return w.recover()
}

// A Writer is the one writer in a work tree: it has the lock. What it reads stays as it is
// until End, as far as this program is concerned.
type Writer struct {
	writer
	release func()
}

// Begin waits for the lock, and finishes what an earlier run left. The error of a run that
// has the lock for too long is a *LockedError.
func Begin(ctx context.Context, root, gitDir string) (*Writer, error) {
	release, err := workTree.Take(ctx, gitDir, Exclusive)
	if err != nil {
		return nil, err
	}
	w := writer{work: Tree{root: root}, state: Tree{root: gitDir}}
	if _, err := w.recover(); err != nil {
		release()
		return nil, err
	}
	return &Writer{w, release}, nil
}

// Commit makes the whole change, or nothing of it.
func (w *Writer) Commit(ctx context.Context, c Change) error { return w.commit(ctx, c) }

// End lets go of the lock.
func (w *Writer) End() { w.release() }

// A writer writes below work, with its journal below state.
type writer struct{ work, state Tree }

// idle reports, without the lock, that no journal is there.
func (w writer) idle() (bool, error) {
	for _, name := range []artifact.Path{journalName, journalTemp} {
		f, _, err := w.state.Open(name)
		if err == nil {
			f.Close()
			return false, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
	}
	return true, nil
}

func (w writer) recover() (n int, err error) {
	data, _, there, err := w.state.Read(journalName, maxJournalBytes)
	if err != nil {
		return 0, fmt.Errorf("read journal: %w", err)
	}
	if there {
		j, err := decodeJournal(data)
		if err != nil {
			// The journal was durable before its rename, so this is not a torn write.
			return 0, fmt.Errorf("read journal %s/%s: %w; look at the repository and remove the file", w.state.root, journalName, err)
		}
		w, release := w.hold()
		defer release()
		if err := w.stage(context.Background(), j); err != nil {
			return 0, &PendingError{err}
		}
		if err := w.finish(j); err != nil {
			return 0, &PendingError{err}
		}
		n = len(j.Files) + len(j.Moves) + len(j.Removes)
	}
	data, _, there, err = w.state.Read(journalTemp, maxJournalBytes)
	if err != nil {
		return n, fmt.Errorf("read journal: %w", err)
	}
	if !there {
		return n, nil
	}
	// A torn journal was never synced, and files are staged only after the sync.
	j, err := decodeJournal(data)
	if err != nil {
		j = journal{}
	}
	return n, w.undo(j)
}

// hold returns the writer with the folders of the work tree kept open until release.
func (w writer) hold() (held writer, release func()) {
	work, release := w.work.Hold(true)
	return writer{work: work, state: w.state}, release
}

func (w writer) commit(ctx context.Context, c Change) error {
	w, release := w.hold()
	defer release()
	j, err := w.plan(c)
	if err != nil {
		return err
	}
	if err := w.settle(ctx, j.Moves); err != nil {
		return err
	}
	err = w.writeJournal(j)
	if err == nil {
		err = w.stage(ctx, j)
	}
	if err == nil {
		err = w.work.Recheck()
	}
	if err == nil {
		err = w.state.Rename(journalTemp, journalName) // the commit point
	}
	if err != nil {
		return errors.Join(err, w.undo(j))
	}
	if err := w.state.Sync(StateDir); err != nil {
		return &PendingError{err}
	}
	if err := w.finish(j); err != nil {
		return &PendingError{err}
	}
	return nil
}

// writeJournal writes the journal under its temporary name. Without its digest it is torn.
func (w writer) writeJournal(j journal) error {
	return w.state.fill(journalTemp, 0o644, true, func(f *OpenFile) error {
		if err := before("write", journalTemp); err != nil {
			return err
		}
		digest, err := j.write(f)
		if err != nil {
			return fmt.Errorf("write journal: %w", err)
		}
		return f.WriteAt([]byte(digest), int64(len(beforeDigest)))
	})
}

// plan refuses a change that could not be completed after the commit point.
func (w writer) plan(c Change) (journal, error) {
	j := journal{Version: 1, Files: c.Files, Removes: c.Removes, Emptied: c.Emptied}
	if err := c.check(); err != nil {
		return j, err
	}
	var err error
	if j.Moves, err = w.planMoves(c.Moves); err != nil {
		return j, err
	}
	for _, p := range c.Removes {
		if err := w.work.writable(p.Path()); err != nil {
			return j, err
		}
	}
	made := map[string]bool{}
	for _, p := range c.targets() {
		if err := w.work.writable(p); err != nil {
			return j, err
		}
		missing, err := w.work.missing(p)
		if err != nil {
			return j, err
		}
		for _, folder := range missing {
			if !made[folder] {
				made[folder] = true
				j.Folders = append(j.Folders, folder)
			}
		}
	}
	return j, nil
}

// targets returns the paths that the change writes.
func (c Change) targets() []artifact.Path {
	paths := make([]artifact.Path, 0, len(c.Files)+len(c.Moves))
	for _, f := range c.Files {
		paths = append(paths, f.Path)
	}
	for _, m := range c.Moves {
		paths = append(paths, m.To)
	}
	return paths
}

// Staged returns the temporary path of a file. It is always the same, so that a later run finds
// it.
func Staged(p artifact.Path) string {
	return path.Join(p.Dir(), "."+p.Base()+".codexlock-tmp")
}

func (w writer) stage(ctx context.Context, j journal) error {
	for _, folder := range j.Folders {
		if err := w.work.mkdir(folder, 0o755); err != nil {
			return err
		}
	}
	together := len(j.Files) >= Hooks.AtOnce
	for _, f := range j.Files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := w.work.write(Staged(f.Path), f.Text(), f.Mode, !together); err != nil {
			return err
		}
	}
	if together {
		if err := w.work.syncAll(slices.Sorted(maps.Keys(j.parents()))); err != nil {
			return err
		}
	}
	return w.stageMoves(ctx, j.Moves)
}

// parents returns the folders of the files.
func (j journal) parents() map[string]bool {
	folders := map[string]bool{}
	for _, f := range j.Files {
		folders[f.Path.Dir()] = true
	}
	return folders
}

// finish renames all staged files, moves and removes files, and removes the journal. It can be
// repeated after an interruption.
func (w writer) finish(j journal) error {
	folders := j.parents()
	for _, f := range j.Files {
		if err := w.work.Rename(Staged(f.Path), f.Path.String()); err != nil {
			return err
		}
	}
	if err := w.finishMoves(j.Moves, folders); err != nil {
		return err
	}
	for _, p := range j.Removes {
		if err := w.work.Remove(string(p)); err != nil {
			return err
		}
		folders[p.Path().Dir()] = true
	}
	for _, folder := range j.Folders {
		folders[path.Dir(folder)] = true
	}
	if err := w.withoutRemoved(j.Emptied, folders); err != nil {
		return err
	}
	if err := w.work.syncFolders(slices.Sorted(maps.Keys(folders))); err != nil {
		return err
	}
	if err := w.work.Recheck(); err != nil {
		return err
	}
	if err := w.removeEmptied(j.Emptied); err != nil {
		return err
	}
	if err := w.state.Remove(journalName); err != nil {
		return err
	}
	return w.state.Sync(StateDir)
}

// withoutRemoved takes the emptied folders out of folders that a run before this one
// removed.
func (w writer) withoutRemoved(emptied []string, folders map[string]bool) error {
	for _, folder := range emptied {
		_, there, err := w.work.Lstat(artifact.Path(folder))
		if err != nil {
			return err
		}
		if !there {
			delete(folders, folder)
		}
	}
	return nil
}

// removeEmptied removes the folders in which nothing is left. Git knows no empty folders,
// so whether a power cut brings one back does not matter.
func (w writer) removeEmptied(folders []string) error {
	plain := Tree{root: w.work.root} // a folder that goes need not stay in its place
	for _, folder := range folders {
		if err := plain.rmdir(folder); err != nil {
			return err
		}
	}
	return nil
}

// syncFolders makes the entries of folders durable, many of them at once.
func (t Tree) syncFolders(folders []string) error {
	if len(folders) >= Hooks.AtOnce {
		return t.syncAll(folders)
	}
	for _, folder := range folders {
		if err := t.Sync(folder); err != nil {
			return err
		}
	}
	return nil
}

// undo removes the files of a commit before its commit point. It continues after an error, to
// remove as much as possible.
func (w writer) undo(j journal) error {
	var errs []error
	names := make([]artifact.Path, 0, len(j.Files))
	for _, f := range j.Files {
		names = append(names, f.Path)
	}
	for _, m := range j.Moves {
		if m.Copy {
			names = append(names, m.To)
		}
	}
	for _, p := range names {
		if err := w.work.Remove(Staged(p)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	for _, folder := range slices.Backward(j.Folders) {
		if err := w.work.rmdir(folder); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	if len(errs) == 0 {
		errs = append(errs, w.state.Remove(journalTemp))
	}
	return errors.Join(errs...)
}
