package repo

import "github.com/codexlock/codexlock/internal/trees"

// Including is the work tree whose Entries have what is included as well.
func (t *workTree) Including(folders []string, keep func(name string) bool, w trees.Within) trees.Tree {
	if len(w) > maxWithin {
		w = nil
	}
	return &workTree{r: t.r, also: &inclusion{folders: folders, keep: keep}, within: w}
}

// maxWithin is how many paths git is asked about by name. With more, asking about all
// costs less.
const maxWithin = 200

// An inclusion is what a listing of the work tree has in addition to what git lists. A
// symlink is never followed; another repository is one name.
type inclusion struct {
	folders []string
	keep    func(name string) bool
}
