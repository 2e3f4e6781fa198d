package trees

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/codexlock/codexlock/internal/git"
)

// IndexTree is what a commit of Git's index would hold, as `git diff --cached` sees it:
// a file that was only announced with `git add --intent-to-add` is not in it. file names
// another index than the repository's own, as Git does in GIT_INDEX_FILE while it
// commits; "" is the repository's own. Where a merge left paths unmerged, the error is an
// *UnmergedError.
func (r *Reader) IndexTree(ctx context.Context, file string) (Tree, error) {
	if r.Bare() {
		return nil, &git.BareRepositoryError{GitDir: r.GitDir()}
	}
	b := indexBuilder{walker: walker{r: r, Limits: Limits{Of: "the index"}}}
	err := r.Runner().WithIndex(file).Stream(ctx, func(out io.Reader) error {
		return git.EachRecord(out, b.record)
	}, "diff-index", "--cached", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-relative",
		"--ignore-submodules=none", "--ita-invisible-in-index", r.emptyTreeID())
	switch {
	case err != nil:
		return nil, fmt.Errorf("list the index: %w", err)
	case b.about != "":
		return nil, fmt.Errorf("list the index: %w", b.malformed("ends with the entry %q", b.about))
	case len(b.unmerged) > 0:
		return nil, &UnmergedError{Paths: b.unmerged}
	}
	t := &commitTree{r: r, files: b.files.done(), folders: b.folders.done(), malformed: b.first}
	if err := t.checkUnique(&b.Limits); err != nil {
		return nil, fmt.Errorf("list the index: %w", err)
	}
	return t, nil
}

// emptyTreeID is the id of the tree with nothing in it, which git knows by itself.
func (r *Reader) emptyTreeID() string {
	return hex.EncodeToString(r.HashObject("tree", 0).Sum(nil))
}

// An indexBuilder makes a tree of what git diff-index says: for each path the record
// ":MODE MODE ID ID STATUS" and the path itself.
type indexBuilder struct {
	walker
	about    string // the record before a path
	last     string // the path before
	unmerged []string
}

func (b *indexBuilder) record(record string) error {
	if b.about == "" {
		b.about = record
		return nil
	}
	fields := strings.Fields(b.about)
	b.about = ""
	if len(fields) != 5 || !b.r.ValidID(fields[3]) || record == "" {
		return b.malformed("has the entry %q at %q", fields, record)
	}
	if fields[4] == "U" {
		b.unmerged = append(b.unmerged, record)
		return nil
	}
	mode, known := readMode(fields[1])
	if !known || modes[mode].kind == Directory {
		return b.malformed("has an entry with the mode %q at %q", fields[1], record)
	}
	if err := b.addFolders(record); err != nil {
		return err
	}
	b.last = record
	id, err := hex.DecodeString(fields[3])
	if err != nil {
		return err
	}
	path := b.files.add("", []byte(record), id, mode)
	b.note([]byte(fields[1]), mode, path[strings.LastIndexByte(path, '/')+1:], path)
	return b.Count(path)
}

// addFolders adds the folders above a path that the path before is not in.
func (b *indexBuilder) addFolders(path string) error {
	for i := range len(path) {
		if path[i] != '/' || strings.HasPrefix(b.last, path[:i+1]) {
			continue
		}
		folder := b.folders.add("", []byte(path[:i]), nil, directoryMode)
		b.note([]byte(modes[directoryMode].text[1:]), directoryMode, folder[strings.LastIndexByte(folder, '/')+1:], folder)
		if err := b.Count(folder); err != nil {
			return err
		}
	}
	return nil
}

// directoryMode is the mode of a folder, in the table modes.
const directoryMode = 4
