//go:build !linux

package repo

import "sync/atomic"

// A top is the top folder of a work tree. Every name is opened by walking there.
type top struct {
	root   string
	opened atomic.Int64 // what was opened beneath it; counted for tests
}

func newTop(root string) *top { return &top{root: root} }

func (t *top) close() {}

// open opens what stands at name for reading, through no symlink, not even one that
// stays inside. It does not block on a FIFO.
func (t *top) open(name string) (opened, error) {
	t.opened.Add(1)
	return openWalking(t.root, name)
}

// lstat is what stands at name; a symlink on the way, but not at its end, is
// errSymlink.
func (t *top) lstat(name string) (status, error) {
	t.opened.Add(1)
	return lstatWalking(t.root, name)
}

// list reads a folder, "." the root, in no order and up to limit names. It follows no symlink.
func (t *top) list(name string, limit int) (names []string, git bool, err error) {
	t.opened.Add(1)
	return listWalking(t.root, name, limit)
}
