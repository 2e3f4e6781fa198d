package repo

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

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

// index calls do for each entry of the index, in order. An unmerged path comes once
// for each of its stages.
func (r *Repository) index(ctx context.Context, do func(IndexEntry) error) error {
	return r.indexWithin(ctx, nil, do)
}

// indexWithin is index for the entries at some paths.
func (r *Repository) indexWithin(ctx context.Context, w Within, do func(IndexEntry) error) error {
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
	return r.Runner().Stream(ctx, list, "ls-files", append([]string{"-z", "-t", "--stage", "--"}, w.pathspecs()...)...)
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

// A sparse index is what Git does not check out, by path, and the folders in which
// such files would stand.
type sparse struct {
	files   map[string]IndexEntry
	folders map[string]bool
}

func newSparse() *sparse {
	return &sparse{files: map[string]IndexEntry{}, folders: map[string]bool{}}
}

func (s *sparse) add(e IndexEntry) {
	if !e.Skipped || e.Stage != 0 {
		return
	}
	s.files[e.Path] = e
	for dir := path.Dir(e.Path); dir != "." && !s.folders[dir]; dir = path.Dir(dir) {
		s.folders[dir] = true
	}
}

// entry is what stands at a path that is not in the work tree, as the index has it.
func (s *sparse) entry(name string) (Entry, bool) {
	if e, ok := s.files[name]; ok {
		return e.entry(), true
	}
	if s.folders[name] {
		return Entry{Path: name, Kind: Directory, Mode: "040000", Size: -1}, true
	}
	return Entry{}, false
}

// A sparseness is read from the index when it is first asked for, and again whenever
// the work tree is listed.
type sparseness struct {
	mu   sync.Mutex
	read *sparse
}

func (s *sparseness) set(read *sparse) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read = read
}

func (s *sparseness) get(ctx context.Context, r *Repository) (*sparse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.read != nil {
		return s.read, nil
	}
	read := newSparse()
	if !r.mayBeSparse() {
		s.read = read
		return read, nil
	}
	err := r.index(ctx, func(e IndexEntry) error {
		read.add(e)
		return nil
	})
	if err == nil {
		s.read = read
	}
	return read, err
}

// Untracked are those of the paths that the index does not have. A work tree with an
// inclusion knows it from its listing.
func (r *Repository) Untracked(ctx context.Context, t Tree, paths []artifact.Path) ([]artifact.Path, error) {
	w, is := t.(*workTree)
	if !is {
		tracked, err := r.tracked(ctx, paths)
		return slices.DeleteFunc(slices.Clone(paths), func(p artifact.Path) bool { return len(tracked[p]) > 0 }), err
	}
	l, err := w.listed(ctx)
	if err != nil {
		return nil, err
	}
	var untracked []artifact.Path
	for _, p := range paths {
		i, found := slices.BinarySearchFunc(l.names, p.String(), func(at listed, name string) int { return strings.Compare(at.name, name) })
		if !found || !l.names[i].tracked {
			untracked = append(untracked, p)
		}
	}
	return untracked, nil
}

// tracked are the entries that the index has for the paths.
func (r *Repository) tracked(ctx context.Context, paths []artifact.Path) (map[artifact.Path][]IndexEntry, error) {
	wanted := make(map[artifact.Path]bool, len(paths))
	for _, p := range paths {
		wanted[p] = true
	}
	entries := map[artifact.Path][]IndexEntry{}
	err := r.index(ctx, func(e IndexEntry) error {
		if p := artifact.Path(e.Path); wanted[p] {
			entries[p] = append(entries[p], e)
		}
		return nil
	})
	return entries, err
}

// Unmerged are the stages of the paths that a merge left unmerged, in order.
func (r *Repository) Unmerged(ctx context.Context) ([]IndexEntry, error) {
	var entries []IndexEntry
	err := r.index(ctx, func(e IndexEntry) error {
		if e.Stage > 0 {
			entries = append(entries, e)
		}
		return nil
	})
	return entries, err
}

// ReadIndexed is the bytes of a file as the index has it.
func (r *Repository) ReadIndexed(ctx context.Context, e IndexEntry, limit int64) ([]byte, error) {
	return (&commitTree{r: r}).Read(ctx, e.entry(), limit)
}

// entry is what a tree with that entry would have there.
func (e IndexEntry) entry() Entry {
	entry := Entry{Path: e.Path, Kind: Special, Size: -1, OID: e.OID}
	if mode, ok := readMode(e.Mode); ok {
		entry.Kind, entry.Mode = modes[mode].kind, modes[mode].text
	}
	return entry
}

// mayBeSparse reports whether the index can say of a file that Git does not expect it in
// the work tree. An index of version 2, which is what Git writes otherwise, has no room
// for that, unless it refers to another one.
func (r *Repository) mayBeSparse() bool {
	f, err := os.Open(filepath.Join(r.GitDir(), "index"))
	if os.IsNotExist(err) {
		return false
	}
	if err != nil {
		return true
	}
	defer f.Close()
	header := make([]byte, 8)
	if _, err := io.ReadFull(f, header); err != nil || string(header) != "DIRC\x00\x00\x00\x02" {
		return true
	}
	names, err := os.ReadDir(r.GitDir())
	return err != nil || slices.ContainsFunc(names, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), "sharedindex.") })
}
