package trees

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
	if t, is := t.(interface {
		Including(folders []string, keep func(name string) bool, w Within) Tree
	}); is {
		return t.Including(folders, keep, w)
	}
	return t
}

// Including is the overlay of the tree below with what is included.
func (o *overlay) Including(folders []string, keep func(name string) bool, w Within) Tree {
	over := *o
	over.below = Including(o.below, folders, keep, w)
	return &over
}
