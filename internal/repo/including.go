package repo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Including is a tree whose Entries have, in a work tree, also what git ignores and
// what it never lists (a FIFO, a device) below the folders, where keep accepts the
// name. A .gitignore is a file that a change brings: it cannot say what is verified.
// "." is the root. Other trees are returned as they are.
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

// An inclusion is what a listing of the work tree has beside what git lists.
type inclusion struct {
	folders []string
	keep    func(name string) bool
}

// add adds the included names to those that git lists. A symlink is never followed;
// another repository is one name.
func (n *inclusion) add(ctx context.Context, t *workTree, names []string, l *limits) ([]string, error) {
	if n == nil {
		return names, nil
	}
	w := inclusionWalk{inclusion: n, t: t, names: names, l: l}
	for _, folder := range n.folders {
		if w.seen(folder) {
			continue
		}
		if folder != "." {
			// What stands there and is no folder is not followed: git lists it, or
			// it is found as what stands in the place of a folder.
			e, ok, err := t.lookup(ctx, folder)
			if err != nil {
				return nil, err
			}
			if !ok || e.Kind != Directory {
				continue
			}
		}
		w.done = append(w.done, folder)
		if err := w.walk(ctx, folder); err != nil {
			return nil, err
		}
	}
	return w.names, nil
}

type inclusionWalk struct {
	*inclusion
	t     *workTree
	names []string
	l     *limits
	done  []string // the folders that were walked
}

// seen reports whether a folder is in one that was walked.
func (w *inclusionWalk) seen(folder string) bool {
	return slices.ContainsFunc(w.done, func(dir string) bool { return folder == dir || dir == "." || strings.HasPrefix(folder, dir+"/") })
}

func (w *inclusionWalk) walk(ctx context.Context, dir string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	children, err := os.ReadDir(filepath.Join(w.t.r.root, filepath.FromSlash(dir)))
	if errors.Is(err, os.ErrNotExist) {
		return nil // removed meanwhile
	}
	if err != nil {
		return fmt.Errorf("list %q: %w", dir, err)
	}
	for _, child := range children {
		name := child.Name()
		if dir != "." {
			name = dir + "/" + name
		}
		if name == ".git" {
			continue
		}
		if child.IsDir() && !w.isRepository(name) {
			if err := w.walk(ctx, name); err != nil {
				return err
			}
			continue
		}
		if !w.keep(name) {
			continue
		}
		if err := w.l.count(name); err != nil {
			return err
		}
		w.names = append(w.names, name)
	}
	return nil
}

func (w *inclusionWalk) isRepository(name string) bool {
	_, err := lstatBeneath(w.t.r.root, name+"/.git")
	return err == nil
}
