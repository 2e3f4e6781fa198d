package audit

import (
	"encoding/json"
	"errors"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/codexlock/codexlock/internal/txn"
)

// A tailCache is the end of the log after the last append, so that the next append need not
// read the whole log. It is valid only while size, time and inode of the file are
// unchanged, as in Git's index; its tree is compared with the signed root in any case.
type tailCache struct {
	Bytes   int64       `json:"bytes"`
	Changed int64       `json:"changed"` // nanoseconds
	Inode   uint64      `json:"inode"`
	Lines   int64       `json:"lines"`
	Prev    string      `json:"prev"`
	First   string      `json:"first"`
	Roots   []tlog.Hash `json:"roots"`
}

const tailCacheName = txn.StateDir + "/log.end"

// maxTailCacheBytes bounds the file: 64 roots, and a reserve.
const maxTailCacheBytes = 16 << 10

var errForgotten = errors.New("nothing is remembered of this log")

// saveTail caches the log's end. Errors are ignored: the next append reads the log.
func (p place) saveTail(t tail) {
	f, seen, err := p.open(Path)
	if err != nil {
		return
	}
	defer f.Close()
	text, err := json.Marshal(tailCache{t.bytes, seen.MTime, seen.Inode(), t.tree.size, t.prev, t.first, t.tree.roots})
	if err != nil || seen.Size != t.bytes {
		return
	}
	_ = p.state.Cache(tailCacheName, text)
}

// loadTail returns the cached end of an unchanged log.
func (p place) loadTail(log txn.State) (tail, error) {
	text, _, there, err := p.state.Read(tailCacheName, maxTailCacheBytes)
	if err != nil || !there {
		return tail{}, errForgotten
	}
	var m tailCache
	if err := json.Unmarshal(text, &m); err != nil {
		return tail{}, errForgotten
	}
	if m.Bytes != log.Size || m.Changed != log.MTime || m.Inode != log.Inode() || len(m.Roots) != bits.OnesCount64(uint64(m.Lines)) {
		return tail{}, errForgotten
	}
	return tail{tree: treeHash{m.Roots, m.Lines}, bytes: m.Bytes, prev: m.Prev, first: m.First}, nil
}
