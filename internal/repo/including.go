package repo

// Including is a tree whose Entries have, in a work tree, also what git ignores and
// what it never lists (a FIFO, a device) below the folders, where keep accepts the
// name. A .gitignore is a file that a change brings: it cannot say what is verified.
// "." is the root. The work tree's names are listed once, when they are first asked
// for: the tree belongs to one measurement, and who changes files takes another one.
// Other trees are returned as they are.
func Including(t Tree, folders []string, keep func(name string) bool) Tree {
	switch t := t.(type) {
	case *workTree:
		return &workTree{r: t.r, also: &inclusion{folders: folders, keep: keep}}
	case *overlay:
		o := *t
		o.below = Including(t.below, folders, keep)
		return &o
	}
	return t
}

// An inclusion is what a listing of the work tree has beside what git lists. A
// symlink is never followed; another repository is one name.
type inclusion struct {
	folders []string
	keep    func(name string) bool
}
