package trees

import "fmt"

// A NotAFileError is a path without a regular file.
type NotAFileError struct {
	Path string
	Kind Kind
}

func (e *NotAFileError) Error() string {
	return fmt.Sprintf("%q is a %s, want a regular file", e.Path, e.Kind)
}

// A MalformedTreeError is a commit's tree with an entry that Git does not write, or beyond the
// limits.
type MalformedTreeError struct {
	Tree   string // what was listed: a commit, or the work tree
	Reason string
	Path   string // of the entry that can be written again; "" for none
	// TooLarge says that each entry may be as git writes it, and there is too much of it.
	TooLarge bool
}

func (e *MalformedTreeError) Error() string {
	return fmt.Sprintf("tree of %s %s", e.Tree, e.Reason)
}

// Hint is the command that finds the entry, or writes it again as git does.
func (e *MalformedTreeError) Hint() string {
	if e.TooLarge {
		return "find the folders with the most files: git ls-tree -r --name-only HEAD | cut -d/ -f1-2 | sort | uniq -c | sort -n | tail; then remove files"
	}
	if e.Path == "" {
		return "list the commit's errors: git fsck --strict; then write the commit again without that entry"
	}
	return fmt.Sprintf("write the entry again: git rm -r --cached -- %q && git add -- %q && git commit", e.Path, e.Path)
}

// An UnmergedError is an index with unmerged paths, which cannot be committed.
type UnmergedError struct{ Paths []string }

func (e *UnmergedError) Error() string {
	more := ""
	if n := len(e.Paths) - 1; n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return fmt.Sprintf("the index has the unmerged path %q%s: nothing can be committed, so nothing was verified", e.Paths[0], more)
}

// Hint is the next step.
func (e *UnmergedError) Hint() string {
	return "resolve the conflicts (of the ledger and records: codexlock lock resolve), then git add them"
}
