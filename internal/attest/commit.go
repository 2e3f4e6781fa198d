package attest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"

	"github.com/codexlock/codexlock/internal/artifact"
)

// A File is what is to stand at a path.
type File struct {
	Path artifact.Path `json:"path"`
	Mode fs.FileMode   `json:"mode"` // 0644 or 0755, as Git knows them
	Data []byte        `json:"data"`
}

// A PendingError is a commit that was decided and did not get all files in
// place. Nothing is lost: Recover, or the next Attest or Commit, finishes it.
type PendingError struct{ Err error }

func (e *PendingError) Error() string {
	return fmt.Sprintf("%v; the write is decided and recorded: run the command again to finish it", e.Err)
}

func (e *PendingError) Unwrap() error { return e.Err }

// Where the journal is written, and the name that makes it count.
const (
	journalName = stateDir + "/journal.json"
	journalTemp = stateDir + "/journal.json.tmp"
)

// maxJournalBytes bounds what is read back: 64 MiB of ledger and companions of
// some 100,000 artifacts, in base64.
const maxJournalBytes = 2 << 30

// A journal is all that a commit does. Renaming it into place decides the
// commit; until then everything is undone, from then on everything is done again.
type journal struct {
	Version int      `json:"version"`
	Files   []File   `json:"files"`
	Folders []string `json:"folders"` // that the commit makes, outermost first
}

// A sealedJournal is its file. The digest tells a whole journal from a torn one.
type sealedJournal struct {
	SHA256  artifact.Digest `json:"sha256"`
	Journal json.RawMessage `json:"journal"`
}

func (j journal) encode() ([]byte, error) {
	body, err := json.Marshal(j)
	if err != nil {
		return nil, fmt.Errorf("write journal: %w", err)
	}
	return json.Marshal(sealedJournal{artifact.HashBytes(body), body})
}

func decodeJournal(data []byte) (journal, error) {
	var sealed sealedJournal
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
	return j, checkFiles(j.Files)
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

func checkFiles(files []File) error {
	seen := make(map[artifact.Path]bool, len(files))
	for _, f := range files {
		if _, err := artifact.ParsePath(f.Path.String()); err != nil {
			return err
		}
		if f.Mode != 0o644 && f.Mode != 0o755 {
			return &RefusedError{f.Path.String(), fmt.Sprintf("mode is %o, want 644 or 755", f.Mode)}
		}
		if seen[f.Path] {
			return &RefusedError{f.Path.String(), "is to be written twice at once"}
		}
		seen[f.Path] = true
	}
	return nil
}

// Commit puts all files in place, or none: after an error, a kill or a power cut
// at any moment the tree is, after Recover, what it was or what it was to become.
// Before it starts it finishes what an earlier run left. It follows no symlink.
func Commit(ctx context.Context, root, gitDir string, files []File) error {
	if len(files) == 0 {
		return nil
	}
	release, err := lock(ctx, gitDir)
	if err != nil {
		return err
	}
	defer release()
	w := writer{work: tree{root}, state: tree{gitDir}}
	if _, err := w.recover(); err != nil {
		return err
	}
	return w.commit(ctx, files)
}

// Pending reports whether a commit was decided and not finished. It says yes
// where that cannot be known.
func Pending(gitDir string) bool {
	_, _, there, err := tree{gitDir}.read(journalName, maxJournalBytes)
	return there || err != nil
}

// Recover finishes a commit that was decided, and removes what an undecided one
// left. It returns the number of files that it put in place.
func Recover(root, gitDir string) (n int, err error) {
	w := writer{work: tree{root}, state: tree{gitDir}}
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
			// It was durable before it got its name, so this is no torn write.
			return 0, fmt.Errorf("read journal %s/%s: %w; look at the repository and remove the file", w.state.root, journalName, err)
		}
		if err := w.stage(context.Background(), j); err != nil {
			return 0, &PendingError{err}
		}
		if err := w.finish(j); err != nil {
			return 0, &PendingError{err}
		}
		n = len(j.Files)
	}
	data, _, there, err = w.state.read(journalTemp, maxJournalBytes)
	if err != nil {
		return n, fmt.Errorf("read journal: %w", err)
	}
	if !there {
		return n, nil
	}
	// A torn one was never synced, and files are staged after that only.
	j, err := decodeJournal(data)
	if err != nil {
		j = journal{}
	}
	return n, w.undo(j)
}

func (w writer) commit(ctx context.Context, files []File) error {
	j, err := w.plan(files)
	if err != nil {
		return err
	}
	data, err := j.encode()
	if err != nil {
		return err
	}
	err = w.state.write(journalTemp, data, 0o644, true)
	if err == nil {
		err = w.stage(ctx, j)
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

// plan refuses what could not be finished once it is decided.
func (w writer) plan(files []File) (journal, error) {
	j := journal{Version: 1, Files: files}
	if err := checkFiles(files); err != nil {
		return j, err
	}
	for _, f := range files {
		if err := w.work.writable(f.Path); err != nil {
			return j, err
		}
		missing, err := w.work.missing(f.Path)
		if err != nil {
			return j, err
		}
		for _, folder := range missing {
			if !slices.Contains(j.Folders, folder) {
				j.Folders = append(j.Folders, folder)
			}
		}
	}
	return j, nil
}

// staged is where a file is written before it gets its name: always the same
// place, so that a later run finds what this one left.
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
		if err := w.work.write(staged(f.Path), f.Data, f.Mode, !together); err != nil {
			return err
		}
	}
	if together {
		return w.work.syncAll(slices.Sorted(maps.Keys(j.parents())))
	}
	return nil
}

// parents are the folders that the files stand in.
func (j journal) parents() map[string]bool {
	folders := map[string]bool{}
	for _, f := range j.Files {
		folders[f.Path.Dir()] = true
	}
	return folders
}

// finish gives all staged files their names and forgets the journal.
func (w writer) finish(j journal) error {
	for _, f := range j.Files {
		if err := w.work.rename(staged(f.Path), f.Path.String()); err != nil {
			return err
		}
	}
	folders := j.parents()
	for _, folder := range j.Folders {
		folders[path.Dir(folder)] = true
	}
	for _, folder := range slices.Sorted(maps.Keys(folders)) {
		if err := w.work.sync(folder); err != nil {
			return err
		}
	}
	if err := w.state.remove(journalName); err != nil {
		return err
	}
	return w.state.sync(stateDir)
}

// undo removes what an undecided commit wrote. It goes on after an error, since
// the less is left the better.
func (w writer) undo(j journal) error {
	var errs []error
	for _, f := range j.Files {
		if err := w.work.remove(staged(f.Path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
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
