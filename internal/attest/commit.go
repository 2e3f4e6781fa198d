package attest

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
	release, err := lock(ctx, gitDir)
	if err != nil {
		return err
	}
	defer release()
	w := writer{work: tree{root: root}, state: tree{root: gitDir}}
	if _, err := w.recover(); err != nil {
		return err
	}
	return w.commit(ctx, c)
}

// Pending reports whether a commit is incomplete, or may be.
func Pending(gitDir string) bool {
	_, _, there, err := tree{root: gitDir}.read(journalName, maxJournalBytes)
	return there || err != nil
}

// Recover completes a commit that passed its commit point, and removes the files of one that
// did not. It returns the number of files that it put in place.
func Recover(root, gitDir string) (n int, err error) {
	w := writer{work: tree{root: root}, state: tree{root: gitDir}}
	idle, err := w.idle()
	if idle || err != nil {
		return 0, err
	}
	release, err := lock(context.Background(), gitDir)
	if err != nil {
		return 0, err
	}
	defer release()
	return w.recover()
}

// A writer writes below work, with its journal below state. It holds the lock.
type writer struct{ work, state tree }

// idle reports, without the lock, that no journal is there.
func (w writer) idle() (bool, error) {
	for _, name := range []artifact.Path{journalName, journalTemp} {
		f, _, err := w.state.open(name)
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
	data, _, there, err := w.state.read(journalName, maxJournalBytes)
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
	data, _, there, err = w.state.read(journalTemp, maxJournalBytes)
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
	work, release := w.work.hold(true)
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
		err = w.work.recheck()
	}
	if err == nil {
		err = w.state.rename(journalTemp, journalName) // the commit point
	}
	if err != nil {
		return errors.Join(err, w.undo(j))
	}
	if err := w.state.sync(stateDir); err != nil {
		return &PendingError{err}
	}
	if err := w.finish(j); err != nil {
		return &PendingError{err}
	}
	return nil
}

// writeJournal writes the journal under its temporary name. Without its digest it is torn.
func (w writer) writeJournal(j journal) error {
	return w.state.fill(journalTemp, 0o644, true, func(f *file) error {
		if err := step("write", journalTemp); err != nil {
			return &fs.PathError{Op: "write", Path: journalTemp, Err: err}
		}
		digest, err := j.write(f)
		if err != nil {
			return fmt.Errorf("write journal: %w", err)
		}
		if err := step("write", journalTemp); err != nil {
			return &fs.PathError{Op: "write", Path: journalTemp, Err: err}
		}
		return f.writeAt([]byte(digest), int64(len(beforeDigest)))
	})
}

// plan refuses a change that could not be completed after the commit point.
func (w writer) plan(c Change) (journal, error) {
	j := journal{Version: 1, Files: c.Files, Removes: c.Removes}
	if err := c.check(); err != nil {
		return j, err
	}
	var err error
	if j.Moves, err = w.planMoves(c.Moves); err != nil {
		return j, err
	}
	for _, p := range c.Removes {
		if err := w.work.writable(p.path()); err != nil {
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

// staged returns the temporary path of a file. It is always the same, so that a later run finds
// it.
func staged(p artifact.Path) string {
	return path.Join(p.Dir(), "."+p.Base()+".codexlock-tmp")
}

func (w writer) stage(ctx context.Context, j journal) error {
	for _, folder := range j.Folders {
		if err := w.work.mkdir(folder); err != nil {
			return err
		}
	}
	together := len(j.Files) >= atOnce
	for _, f := range j.Files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := w.work.write(staged(f.Path), f.Text(), f.Mode, !together); err != nil {
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
		if err := w.work.rename(staged(f.Path), f.Path.String()); err != nil {
			return err
		}
	}
	if err := w.finishMoves(j.Moves, folders); err != nil {
		return err
	}
	for _, p := range j.Removes {
		if err := w.work.remove(string(p)); err != nil {
			return err
		}
		folders[p.path().Dir()] = true
	}
	for _, folder := range j.Folders {
		folders[path.Dir(folder)] = true
	}
	if err := w.work.syncFolders(slices.Sorted(maps.Keys(folders))); err != nil {
		return err
	}
	if err := w.work.recheck(); err != nil {
		return err
	}
	if err := w.state.remove(journalName); err != nil {
		return err
	}
	return w.state.sync(stateDir)
}

// syncFolders makes the entries of folders durable, many of them at once.
func (t tree) syncFolders(folders []string) error {
	if len(folders) >= atOnce {
		return t.syncAll(folders)
	}
	for _, folder := range folders {
		if err := t.sync(folder); err != nil {
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
		if err := w.work.remove(staged(p)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	for _, folder := range slices.Backward(j.Folders) {
		if err := w.work.rmdir(folder); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	if len(errs) == 0 {
		errs = append(errs, w.state.remove(journalTemp))
	}
	return errors.Join(errs...)
}
