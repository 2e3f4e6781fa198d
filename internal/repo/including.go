package repo

// Including is a tree whose Entries have, in a work tree, also what git ignores and
// what it never lists (a FIFO, a device) below the folders, where keep accepts the
// name. A .gitignore is a file that a change brings: it cannot say what is verified.
// "." is the root. The work tree's names are listed once, when they are first asked
// for: the tree belongs to one measurement, and who changes files takes another one.
// Other trees are returned as they are.
//
// A work tree is listed only where it matters: its Names and Entries have no others. What
// is looked up may be anywhere.
func Including(t Tree, folders []string, keep func(name string) bool, w Within) Tree {
	switch t := t.(type) {
	case *workTree:
		if len(w) > maxWithin {
			w = nil
		}
		return &workTree{r: t.r, also: &inclusion{folders: folders, keep: keep}, within: w}
	case *overlay:
		o := *t
		o.below = Including(t.below, folders, keep, w)
		return &o
	}
	return t
}

// maxWithin is how many paths git is asked about by name. With more, asking about all
// costs less.
const maxWithin = 200

// An inclusion is what a listing of the work tree has beside what git lists. A
// symlink is never followed; another repository is one name.
type inclusion struct {
	folders []string
	keep    func(name string) bool
}
