// Package trees reads the trees that git has: of commits, whole or on demand, and of the
// index; a tree with changes on it that were not made yet; and what changed between two trees.
// It reads the objects through internal/git. Of files on the disk it knows only how a file
// that was opened is read. It judges nothing and writes nothing.
package trees

import "github.com/codexlock/codexlock/internal/git"

// A Reader reads the trees of a repository. Its methods are safe for concurrent use.
type Reader struct {
	*git.Repository
	folders folders
}

// NewReader is a reader of an open repository.
func NewReader(r *git.Repository) *Reader { return &Reader{Repository: r} }
