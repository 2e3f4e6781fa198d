package audit

import (
	"crypto/sha256"
	"encoding/hex"

	"golang.org/x/mod/sumdb/tlog"
)

// A treeHash is a growing Merkle tree: the roots of its perfect subtrees, the largest first (RFC 6962, section 2.1).
type treeHash struct {
	roots []tlog.Hash
	size  int64
}

func (t *treeHash) add(leaf tlog.Hash) {
	for n := t.size; n&1 == 1; n >>= 1 {
		last := len(t.roots) - 1
		leaf = tlog.NodeHash(t.roots[last], leaf)
		t.roots = t.roots[:last]
	}
	t.roots = append(t.roots, leaf)
	t.size++
}

func (t *treeHash) root() tlog.Hash {
	if t.size == 0 {
		return sha256.Sum256(nil)
	}
	root := t.roots[len(t.roots)-1]
	for i := len(t.roots) - 2; i >= 0; i-- {
		root = tlog.NodeHash(t.roots[i], root)
	}
	return root
}

// A tail is the state of a log that is needed to add a line.
type tail struct {
	tree  treeHash
	bytes int64
	prev  string // SHA-256 of the last line, or NoPrev
	first string // SHA-256 of the first line, or ""
}

func newTail() tail { return tail{prev: NoPrev} }

// add adds one line, without its line end.
func (t *tail) add(line []byte) {
	sum := sha256.Sum256(line)
	t.prev = hex.EncodeToString(sum[:])
	if t.first == "" {
		t.first = t.prev
	}
	t.tree.add(tlog.RecordHash(line))
	t.bytes += int64(len(line)) + 1
}

// clone returns a copy that shares nothing that add changes.
func (t tail) clone() tail {
	t.tree.roots = append([]tlog.Hash(nil), t.tree.roots...)
	return t
}
