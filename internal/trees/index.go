package trees

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/codexlock/codexlock/internal/artifact"
	"github.com/codexlock/codexlock/internal/git"
)

// An IndexEntry is a path as Git's index has it.
type IndexEntry struct {
	Path string
	Mode string // six octal digits
	OID  string
	// Skipped says that Git does not expect the file in the work tree: it is outside
	// of a sparse checkout, or has the skip-worktree bit.
	Skipped bool
	Stage   int // 0; of an unmerged path 1 (base), 2 (ours), 3 (theirs)
}

// EachIndexEntry calls do for each entry of the index, in order. An unmerged path comes once
// for each of its stages.
func (r *Reader) EachIndexEntry(ctx context.Context, do func(IndexEntry) error) error {
	return r.IndexWithin(ctx, nil, do)
}

// IndexWithin is EachIndexEntry for the entries at some paths.
func (r *Reader) IndexWithin(ctx context.Context, w Within, do func(IndexEntry) error) error {
	var paths, ids texts
	list := func(out io.Reader) error {
		return git.EachRecordBytes(out, func(record []byte) error {
			e, ok := parseIndexEntry(record, &paths, &ids)
			if !ok || !r.ValidID(e.OID) {
				return &MalformedTreeError{Tree: "the index", Reason: fmt.Sprintf("has the entry %q", record)}
			}
			return do(e)
		})
	}
	return r.Runner().Stream(ctx, list, "ls-files", append([]string{"-z", "-t", "--stage", "--"}, w.Pathspecs()...)...)
}

// parseIndexEntry reads "TAG MODE ID STAGE\tPATH", as git ls-files -t --stage
// writes it. The tag S is that of a skipped file.
func parseIndexEntry(record []byte, paths, ids *texts) (IndexEntry, bool) {
	about, name, ok := bytes.Cut(record, []byte("\t"))
	tag, about, _ := bytes.Cut(about, []byte(" "))
	mode, about, _ := bytes.Cut(about, []byte(" "))
	id, stage, _ := bytes.Cut(about, []byte(" "))
	if !ok || len(name) == 0 || len(stage) != 1 || stage[0] < '0' || stage[0] > '3' || len(tag) == 0 || len(mode) == 0 || len(id) == 0 {
		return IndexEntry{}, false
	}
	e := IndexEntry{Path: paths.add(name), OID: ids.add(id), Skipped: string(tag) == "S", Stage: int(stage[0] - '0')}
	if known, ok := readMode(mode); ok && string(mode) == modes[known].text {
		e.Mode = modes[known].text
	} else {
		e.Mode = string(mode)
	}
	return e, true
}

// texts are many small texts in few pieces of memory. Those of one piece stay as long as
// one of them is used, so each sort of text that is kept has texts of its own.
type texts struct{ piece strings.Builder }

// The first piece is small, as most lists are, and no piece is larger than the last size.
const firstPiece, lastPiece = 1 << 10, 64 << 10

func (t *texts) add(text []byte) string {
	if room := t.piece.Cap(); room-t.piece.Len() < len(text) {
		t.piece = strings.Builder{}
		t.piece.Grow(max(min(2*room, lastPiece), firstPiece, len(text)))
	}
	start := t.piece.Len()
	t.piece.Write(text)
	return t.piece.String()[start:]
}

// Tracked are the entries that the index has for the paths.
func (r *Reader) Tracked(ctx context.Context, paths []artifact.Path) (map[artifact.Path][]IndexEntry, error) {
	wanted := make(map[artifact.Path]bool, len(paths))
	for _, p := range paths {
		wanted[p] = true
	}
	entries := map[artifact.Path][]IndexEntry{}
	err := r.EachIndexEntry(ctx, func(e IndexEntry) error {
		if p := artifact.Path(e.Path); wanted[p] {
			entries[p] = append(entries[p], e)
		}
		return nil
	})
	return entries, err
}

// Unmerged are the stages of the paths that a merge left unmerged, in order.
func (r *Reader) Unmerged(ctx context.Context) ([]IndexEntry, error) {
	var entries []IndexEntry
	err := r.EachIndexEntry(ctx, func(e IndexEntry) error {
		if e.Stage > 0 {
			entries = append(entries, e)
		}
		return nil
	})
	return entries, err
}

// ReadIndexed is the bytes of a file as the index has it.
func (r *Reader) ReadIndexed(ctx context.Context, e IndexEntry, limit int64) ([]byte, error) {
	return r.ReadBlob(ctx, e.Entry(), limit)
}

// Entry is what a tree with that entry would have there.
func (e IndexEntry) Entry() Entry {
	entry := Entry{Path: e.Path, Kind: Special, Size: -1, OID: e.OID}
	if mode, ok := readMode(e.Mode); ok {
		entry.Kind, entry.Mode = modes[mode].kind, modes[mode].text
	}
	return entry
}
